"""TLS of the capture port: what is served, what is refused, and the renewal."""

import http.client
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest
from doors import TOKEN, Authority, Doors, From, batch, free_port, gzipped, post
from sluicetest import binary, eventually, scaled

V2_LOCAL = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def files(tmp_path, authority):
    """The pair that the daemon is told of."""
    return replace(authority.pair(), tmp_path)


@pytest.fixture
def sluice(files):
    with Doors(tls=files) as s:
        s.project(token=TOKEN)
        yield s


@pytest.fixture
def hasty(files):
    """One that gives requests, and with them handshakes, little time."""
    with Doors(tls=files, settings={"capture.body_timeout_ms": 1500}) as s:
        s.project(token=TOKEN)
        yield s


def replace(pair, folder):
    """Puts a pair in place as renewal tools do: a new file, renamed."""
    targets = []
    for source, name in zip(pair, ("events.crt", "events.key"), strict=True):
        fresh = folder / f"{name}.new"
        shutil.copyfile(source, fresh)
        os.chmod(fresh, 0o600)
        os.replace(fresh, folder / name)
        targets.append(folder / name)
    return tuple(targets)


def serial(client):
    return int(client.sock.getpeercert()["serialNumber"], 16)


def fresh_serial(sluice, authority):
    client = From(sluice.tls_port, context=authority.context())
    client.connect()
    try:
        return serial(client)
    finally:
        client.close()


def test_requests_over_tls(sluice, authority):
    client = From(sluice.tls_port, context=authority.context())
    for i in range(5):
        assert post(client, batch("kept", 10))[0] == 200
        assert post(client, *gzipped(batch("packed", 10)))[0] == 200
        assert post(client, batch("large", 20, "x" * (i * 20_000)))[0] == 200
    # In pieces of every size around a TLS record's.
    body = batch("pieces", 1, "y" * 70_000)
    client.putrequest("POST", "/batch/")
    client.putheader("Content-Length", str(len(body)))
    client.endheaders()
    for at in range(0, len(body), 16_383):
        client.send(body[at : at + 16_383])
    answer = client.getresponse()
    assert answer.status == 200 and answer.read()
    assert post(client, b"x" * (21 << 20))[0] == 413
    assert post(client, batch("kept"))[0] == 200
    client.close()
    # Far over the bound: answered at once, and closed.
    client.putrequest("POST", "/batch/")
    client.putheader("Content-Length", str(1 << 32))
    client.endheaders()
    assert client.getresponse().status == 413
    client.close()
    # The plain port is there too.
    assert post(From(sluice.plain_port), batch("plain"))[0] == 200
    found = {who: len(all_) for who, all_ in sluice.messages().items()}
    assert found == {
        "kept": 51,
        "packed": 50,
        "large": 100,
        "pieces": 1,
        "plain": 1,
    }


def test_versions_and_alpn(sluice, authority):
    def shake(lowest, highest, alpn=None):
        context = authority.context()
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = lowest, highest
        if alpn:
            context.set_alpn_protocols(alpn)
        with (
            socket.create_connection(("127.0.0.1", sluice.tls_port), 10) as s,
            context.wrap_socket(s, server_hostname="localhost") as t,
        ):
            return t.version(), t.cipher()[0], t.selected_alpn_protocol()

    v = ssl.TLSVersion
    assert shake(v.TLSv1_3, v.TLSv1_3)[0] == "TLSv1.3"
    version, cipher, _ = shake(v.TLSv1_2, v.TLSv1_2)
    assert version == "TLSv1.2" and cipher.startswith("ECDHE")
    assert shake(v.TLSv1_2, v.TLSv1_3, ["h2", "http/1.1"])[2] == "http/1.1"
    with pytest.raises((ssl.SSLError, ConnectionError)):
        shake(v.TLSv1, v.TLSv1_1)
    stranger = ssl.create_default_context()
    with pytest.raises(ssl.SSLCertVerificationError):
        From(sluice.tls_port, context=stranger).connect()


def cpu_s(sluice):
    with open(f"/proc/{sluice.process.pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_slow_handshakes(hasty, authority):
    """They cost no work while they wait, are cut off, and hold up nobody."""
    # http-7
    sluice = hasty
    n = scaled(2000, 700)
    ok, late, crowded = (
        f'sluice_tls_handshakes_total{{result="{r}"}}'
        for r in ("ok", "late", "crowded")
    )
    hello = ssl.MemoryBIO()
    half = authority.context().wrap_bio(ssl.MemoryBIO(), hello)
    with pytest.raises(ssl.SSLWantReadError):
        half.do_handshake()
    first = hello.read()
    served = From(sluice.tls_port, context=authority.context())
    assert post(served, batch("before"))[0] == 200
    before = cpu_s(sluice)
    begin = time.monotonic()
    slow = []
    for i in range(n):
        s = socket.create_connection(("127.0.0.1", sluice.tls_port), 10)
        s.sendall(first[: i % len(first)])
        slow.append(s)
    assert post(served, batch("during"))[0] == 200
    assert post(From(sluice.plain_port), batch("plain"))[0] == 200
    for s in slow:
        s.settimeout(20)
        try:
            while s.recv(4096):
                pass
        except ConnectionError:
            pass
        s.close()
    took = time.monotonic() - begin
    assert took < 15, took
    # Waiting is no spinning: far from one processor's time.
    assert cpu_s(sluice) - before < 0.5 * took + 0.5
    assert post(From(sluice.tls_port, context=authority.context()), batch("a"))
    assert sluice.metric(ok) >= 2
    assert sluice.metric(late) > 0 and sluice.metric(crowded) > 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"capture.tls_cert": ""}, ["capture.tls_cert"]),
        ({"capture.tls_key": ""}, ["capture.tls_key"]),
        ({"capture.tls_listen": "off"}, ["capture.tls_listen is off"]),
        ({"capture.tls_key": "/none.pem"}, ["/none.pem", "No such file"]),
        ({"capture.tls_cert": "KEY"}, ["no PEM chain"]),
        ({"capture.tls_key": "CERT"}, ["no PEM private key"]),
        ({"capture.tls_key": "OTHER"}, ["not that of the certificate"]),
        ({"capture.tls_key": "EMPTY"}, ["empty"]),
    ],
)
def test_a_start_without_a_usable_pair(tmp_path, authority, change, says):
    cert, key = authority.pair()
    (tmp_path / "empty").touch()
    names = {
        "KEY": key,
        "CERT": cert,
        "OTHER": authority.pair()[1],
        "EMPTY": tmp_path / "empty",
    }
    settings = {
        "capture.listen": "127.0.0.1:0",
        "capture.tls_listen": f"127.0.0.1:{free_port()}",
        "capture.tls_cert": cert,
        "capture.tls_key": key,
        "roles": "capture",
    }
    settings |= {k: names.get(v, v) for k, v in change.items()}
    args = [x for k, v in settings.items() for x in ("--set", f"{k}={v}")]
    done = subprocess.run(
        [binary(), "run", "--data", tmp_path / "data", *args],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 1
    for word in says:
        assert word in done.stderr
    assert "BEGIN" not in done.stderr


def test_a_bad_pair_leaves_the_old_one(sluice, authority, files):
    first = fresh_serial(sluice, authority)
    files[1].write_bytes(authority.pair()[1].read_bytes())
    sluice.hup()
    assert "event=tls_certificate_refused" in sluice.log()
    assert "not that of the certificate" in sluice.log()
    assert fresh_serial(sluice, authority) == first
    status = sluice.cli_json("status")["tls"]
    assert "not that of the certificate" in status["error"] and status["warning"]
    files[0].unlink()
    sluice.hup()
    assert fresh_serial(sluice, authority) == first
    # Made whole again, without a word to the daemon.
    refused = sluice.log().count("event=tls_certificate_refused")
    replace(authority.pair(days=10), files[0].parent)
    eventually(
        lambda: fresh_serial(sluice, authority) != first, 15, "the new certificate"
    )
    assert sluice.log().count("event=tls_certificate_refused") <= refused + 1
    status = sluice.cli_json("status")["tls"]
    assert status["error"] == "" and status["days_left"] in (9, 10)
    assert "14 days" in status["warning"]
    assert "14 days" in sluice.cli("status")
    assert "event=tls_key_open" not in sluice.log()
    os.chmod(files[1], 0o644)
    sluice.hup()
    assert "event=tls_key_open" in sluice.log()
    assert "PRIVATE" not in sluice.log()


class Load:
    """Clients that verify, at a steady rate; every answer is looked at."""

    def __init__(self, sluice, authority):
        self.sluice, self.authority = sluice, authority
        self.stop = threading.Event()
        self.faults, self.done, self.serials = [], 0, set()
        self.lock = threading.Lock()
        self.threads = [
            threading.Thread(target=self.run, args=(i, kept))
            for i, kept in enumerate([True, True, False, False])
        ]

    def run(self, i, kept):
        context = self.authority.context()
        client = From(self.sluice.tls_port, context=context)
        while not self.stop.is_set():
            try:
                if client.sock is None:
                    client.connect()
                seen = serial(client)
                status = post(client, batch(f"load {i}"))[0]
                if not kept:
                    client.close()
                with self.lock:
                    self.done += 1
                    self.serials.add(seen)
                    if status != 200:
                        self.faults.append(status)
            except (OSError, http.client.HTTPException) as e:
                with self.lock:
                    self.faults.append(repr(e))
                client.close()
            time.sleep(0.005)
        client.close()

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *exc):
        self.stop.set()
        for t in self.threads:
            t.join(30)


def test_a_certificate_is_replaced_under_load(sluice, authority, files):
    """No request fails, and new connections see the new certificate."""
    # http-8
    times = scaled(10, 2)
    with Load(sluice, authority) as load:
        for i in range(times):
            expected = 1000 + authority.n + 1
            replace(authority.pair(), files[0].parent)
            if i % 2 == 0:
                sluice.hup()
            eventually(
                lambda serial=expected: fresh_serial(sluice, authority) == serial,
                15,
                "the new certificate",
            )
            eventually(
                lambda serial=expected: serial in load.serials, 5, "seen by the load"
            )
    print(f"{load.done} requests, {times} replacements, faults: {load.faults[:5]}")
    assert load.faults == []
    assert len(load.serials) == times + 1 and load.done > 50 * times
    sent = sum(len(m) for who, m in sluice.messages().items())
    assert sent == load.done
    assert sluice.cli_json("status")["tls"]["loads"] >= times + 1


def test_the_proxy_header_comes_before_tls(authority, tmp_path):
    with Doors(
        tls=authority.pair(), settings={"capture.proxy_protocol": "on"}
    ) as sluice:
        sluice.project(token=TOKEN)
        for head, ip in (
            (b"PROXY TCP4 192.0.2.7 127.0.0.1 9 443\r\n", "192.0.2.7"),
            (b"PROXY TCP6 2001:db8::7 ::1 9 443\r\n", "2001:db8::7"),
            (V2_LOCAL, "127.0.0.1"),
        ):
            for piece in (1, 1000):
                client = From(sluice.tls_port)
                client.connect()
                for at in range(0, len(head), piece):
                    client.sock.sendall(head[at : at + piece])
                client.sock = authority.context().wrap_socket(
                    client.sock, server_hostname="localhost"
                )
                assert post(client, batch(ip))[0] == 200
                client.close()
        found = sluice.messages()
        for ip in ("192.0.2.7", "2001:db8::7", "127.0.0.1"):
            assert [m["ip"] for m in found[ip]] == [ip, ip]

"""Connecting: TLS, passwords, time-outs, lists of hosts, a server that restarts."""

import json
import pathlib
import signal
import socket
import subprocess
import time

import pytest
from postgres import Postgres
from sluicetest import Sluice, binary, eventually

HBA = """local all all scram-sha-256
hostssl all all 127.0.0.1/32 scram-sha-256
hostnossl all all 127.0.0.1/32 reject
"""


def openssl(*args):
    subprocess.run(
        ["openssl", *[str(a) for a in args]], check=True, capture_output=True
    )


def make_ca(folder, name):
    key, cert = folder / f"{name}.key", folder / f"{name}.crt"
    openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2),
        *("-subj", f"/CN=Test CA {name}", "-keyout", key, "-out", cert),
    )
    return key, cert


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """(server, certificate of its CA, certificate of another CA)"""
    folder = tmp_path_factory.mktemp("tls")
    ca_key, ca = make_ca(folder, "right")
    _, other = make_ca(folder, "other")
    names = folder / "names"
    names.write_text("subjectAltName=IP:127.0.0.1\n")
    openssl(
        *("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=server"),
        *("-keyout", folder / "s.key", "-out", folder / "s.csr"),
    )
    openssl(
        *("x509", "-req", "-in", folder / "s.csr", "-CA", ca, "-CAkey", ca_key),
        *("-CAcreateserial", "-days", 2, "-extfile", names, "-out", folder / "s.crt"),
    )
    server = Postgres(hba=HBA)
    try:
        server.make()
        key = server.file("server.key", (folder / "s.key").read_text())
        cert = server.file("server.crt", (folder / "s.crt").read_text())
        with open(f"{server.data}/postgresql.auto.conf", "a") as f:
            f.write(f"ssl = on\nssl_key_file = '{key}'\nssl_cert_file = '{cert}'\n")
        server.start()
        yield server, ca, other
    finally:
        server.remove()


def test_tls_is_checked(tls, program):
    server, ca, _ = tls
    done = program("pg_schema", server.url(sslmode="verify-full", sslrootcert=str(ca)))
    assert done.returncode == 0, done.stdout
    assert server.sql("SELECT count(*) FROM sluice.node") == [["0"]]


def test_another_ca_is_refused(tls, program):
    server, _, other = tls
    for mode in ("verify-full", "verify-ca"):
        done = program("pg_schema", server.url(sslmode=mode, sslrootcert=str(other)))
        assert done.returncode == 1
        assert done.stdout.startswith("UNAVAILABLE: Postgres: cannot connect")
        assert "certificate verify failed" in done.stdout
        assert server.PASSWORD not in done.stdout + done.stderr


def test_another_name_is_refused(tls, program):
    server, ca, _ = tls
    url = server.url(host="localhost", sslmode="verify-full", sslrootcert=str(ca))
    done = program("pg_schema", url)
    assert done.returncode == 1 and "does not match" in done.stdout, done.stdout


def test_a_server_that_wants_tls_says_so(tls, program):
    server, _, _ = tls
    done = program("pg_schema", server.url(sslmode="disable"))
    assert done.returncode == 1 and "pg_hba.conf rejects" in done.stdout


def test_status_shows_tls(tls):
    server, ca, _ = tls
    url = server.url(sslmode="verify-full", sslrootcert=str(ca))
    with Sluice(settings={"postgres.url": url, "roles": "capture,admin"}) as s:
        got = s.cli_json("status")["postgres"]
        assert got["state"] == "up" and got["tls"] is True
        assert got["server"] == f"127.0.0.1:{server.port}/postgres"
        assert got["version"].startswith("1") and got["error"] == ""


SECRETS = ["hunter2-and-more", "a%40b%3Ac%2Fd", "%zz-half", "pass word"]


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_in_any_text(server, secret, tmp_path):
    """pg-1: whatever is wrong with the URL or the server."""
    plain = secret.replace("%40", "@").replace("%3A", ":").replace("%2F", "/")
    urls = [
        f"postgresql://sluice:{secret}@127.0.0.1:{server.port}/postgres",
        f"postgresql://sluice:{secret}@127.0.0.1:1/postgres",
        f"postgresql://sluice:{secret}@[::1/postgres",
        f"postgresql://sluice:{secret}@127.0.0.1/x?{secret}=1",
        f"postgresql://sluice:{secret}@127.0.0.1/x?sslmode={secret}",
        f"host=127.0.0.1 port=1 user=sluice password='{secret}",
        f"host=127.0.0.1 port=1 user=sluice {secret} password={secret}",
        f"host=127.0.0.1 port={server.port} user=sluice password='{secret}'",
    ]
    for url in urls:
        file = tmp_path / "secret"
        file.write_text(url + "\n")
        for given in (url, f"file:{file}"):
            done = subprocess.run(
                [binary(), "doctor", "--data", str(tmp_path / "none")],
                env={
                    "SLUICE_POSTGRES_URL": given,
                    "SLUICE_CLICKHOUSE_MODE": "off",
                    "SLUICE_ROLES": "capture,admin",
                },
                capture_output=True,
                text=True,
                check=False,
            )
            out = done.stdout + done.stderr
            assert done.returncode == 1
            assert secret not in out and plain not in out, (url, out)


def test_a_wrong_password_is_told_and_not_shown(server, db, tmp_path):
    url = server.url(db, password="not-the-password-55")
    file = tmp_path / "url"
    file.write_text(url)
    with Sluice(
        settings={"postgres.url": f"file:{file}", "roles": "capture,admin"},
        ready=False,
    ) as s:
        got = eventually(lambda: s.cli_json("status")["postgres"], 10, "status")
        assert got["state"] == "down"
        assert 'password authentication failed for user "sluice"' in got["error"]
        texts = [s.log(), s.cli("config", "show"), json.dumps(got)]
        texts.append(s.cli("config", "show", "--json"))
        texts.append(s.http("admin", "/metrics")[2].decode())
        for text in texts:
            assert "not-the-password" not in text
        assert "sluice_postgres_connects_total" in texts[-1]


def test_the_first_host_that_answers(server, db, program):
    """Each host of a list has its own time: here nobody answers on the first."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        port = silent.getsockname()[1]
        url = (
            f"postgresql://sluice:{server.PASSWORD}@127.0.0.1:{port},"
            f"127.0.0.1:{server.port}/{db}"
        )
        begin = time.monotonic()
        done = program("pg_schema", url)
        assert done.returncode == 0, done.stdout
        assert 4 < time.monotonic() - begin < 15


def test_nobody_answers(program):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        port = silent.getsockname()[1]
        begin = time.monotonic()
        done = program("pg_schema", f"postgresql://u:p@127.0.0.1:{port}/d")
        assert done.stdout.startswith("UNAVAILABLE: ")
        assert "no answer in time" in done.stdout
        assert time.monotonic() - begin < 10


def test_a_stop_while_connecting_is_quick():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(5)
        port = silent.getsockname()[1]
        url = f"postgresql://u:p@127.0.0.1:{port}/d"
        no_answer = {"postgres.url": url, "roles": "capture,admin"}
        with Sluice(settings=no_answer, ready=False) as s:
            begin = time.monotonic()
            s.stop()
            assert time.monotonic() - begin < 3


def test_a_standby_is_not_taken(lone_server, program):
    lone_server.sql("ALTER SYSTEM SET default_transaction_read_only = on")
    lone_server.restart()
    done = program("pg_schema", lone_server.url())
    assert done.returncode == 1 and done.stdout.startswith("UNAVAILABLE: ")
    assert "read-only" in done.stdout


@pytest.mark.parametrize("how", ["stop", "crash"])
def test_a_server_that_restarts(lone_server, how):
    lone_server.create_db("again")
    url = lone_server.url("again")
    with Sluice(settings={"postgres.url": url, "roles": "capture,admin"}) as s:
        s.project("before")
        if how == "stop":
            lone_server.stop(signal.SIGINT)
        else:
            lone_server.kill9()
        state = lambda: s.cli_json("status")["postgres"]["state"]  # noqa: E731
        eventually(lambda: state() == "down", 15, "down")
        lone_server.start()
        eventually(lambda: state() == "up", 15, "up")
        s.project("after")
        assert len(s.cli_lines("project", "list")) == 2


def test_a_frozen_server_is_given_up(lone_server, program):
    """It takes connections and never answers; the statement timeout is ours."""
    lone_server.create_db("frozen")
    pids = lone_server.pids()
    path = pathlib.Path(binary()).parent / "tests" / "postgres" / "pg_schema"
    assert path.exists()
    for pid in pids:
        subprocess.run(["kill", "-STOP", str(pid)], check=False)
    try:
        begin = time.monotonic()
        done = program("pg_schema", lone_server.url("frozen"))
        assert done.returncode == 1 and done.stdout.startswith("UNAVAILABLE: ")
        assert time.monotonic() - begin < 12
    finally:
        for pid in pids:
            subprocess.run(["kill", "-CONT", str(pid)], check=False)

"""A daemon with certificates and a file of settings; proxies in front of it."""

import getpass
import gzip
import http.client
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import tempfile
import uuid

from sluicetest import TOP, Sluice, eventually

TOKEN = "phc_doors_test"
CONFIGS = TOP / "docs" / "proxy"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
    except OSError:
        return False
    return True


class Authority:
    """A root certificate and what it signs, made by openssl."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.n = 0
        self.root = self.folder / "root.pem"
        self.openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt"),
            *("ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=root"),
            *("-keyout", "root.key", "-out", "root.pem", "-days", "2"),
        )

    def openssl(self, *args):
        subprocess.run(
            ["openssl", *args], cwd=self.folder, check=True, capture_output=True
        )

    def pair(self, days=90):
        """(certificate, key) for localhost, as paths; a new serial each time."""
        self.n += 1
        name = f"leaf{self.n}"
        self.openssl(
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-subj", "/CN=localhost", "-keyout", f"{name}.key"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-out", f"{name}.csr"),
        )
        self.openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "root.pem", "-CAkey"),
            *("root.key", "-set_serial", str(1000 + self.n), "-days", str(days)),
            *("-copy_extensions", "copy", "-out", f"{name}.pem"),
        )
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def context(self):
        return ssl.create_default_context(cafile=str(self.root))


class Doors(Sluice):
    """A daemon on ports that stay over a restart, with settings that can change."""

    def __init__(self, tls=None, settings=None, **kw):
        self.plain_port, self.tls_port = free_port(), free_port()
        fixed = {"capture.listen": f"127.0.0.1:{self.plain_port}"}
        if tls is not None:
            fixed["capture.tls_listen"] = f"127.0.0.1:{self.tls_port}"
            fixed["capture.tls_cert"], fixed["capture.tls_key"] = map(str, tls)
        super().__init__(settings={**fixed, **(settings or {})}, **kw)
        self.conf = self.data + ".conf"
        self.write_conf({})

    def write_conf(self, settings):
        with open(self.conf, "w") as f:
            f.writelines(f"{k}={v}\n" for k, v in settings.items())

    def run_command(self):
        return [*super().run_command(), "--config", self.conf]

    def hup(self):
        before = self.log().count("event=reloaded")
        self.process.send_signal(signal.SIGHUP)
        eventually(lambda: self.log().count("event=reloaded") > before, 10, "a reload")

    def metric(self, line):
        """The value of one line of /metrics, its labels included."""
        text = self.http("admin", "/metrics")[2].decode()
        for row in text.splitlines():
            if row.rpartition(" ")[0] == line:
                return float(row.rpartition(" ")[2])
        raise AssertionError(f"no metric {line}")

    def messages(self):
        """distinct id -> messages of the front log, in order."""
        found = {}
        for record in self.records("events_plugin_ingestion"):
            message = record["value"]
            if isinstance(message, str):
                message = json.loads(message)
            found.setdefault(message["distinct_id"], []).append(message)
        return found


class From(http.client.HTTPConnection):
    """A client on one of the loopback addresses."""

    def __init__(self, port, source="127.0.0.1", context=None, to=None, timeout=60):
        self.to = to or ("::1" if ":" in source else "127.0.0.1")
        super().__init__("localhost", port, timeout=timeout)
        self.source, self.context = source, context

    def connect(self):
        self.sock = socket.create_connection(
            (self.to, self.port), self.timeout, (self.source, 0)
        )
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.context is not None:
            self.sock = self.context.wrap_socket(self.sock, server_hostname="localhost")

    def ask(self, method, path, body=None, headers=None):
        """(status, headers, body)"""
        self.request(method, path, body, headers or {})
        answer = self.getresponse()
        return answer.status, answer.headers, answer.read()


def batch(distinct_id, n=1, text="", token=TOKEN):
    events = [
        {
            "event": "door",
            "uuid": str(uuid.uuid4()),
            "distinct_id": distinct_id,
            "properties": {"text": text},
        }
        for _ in range(n)
    ]
    return json.dumps({"api_key": token, "batch": events}).encode()


def post(client, body, headers=None):
    return client.ask(
        "POST",
        "/batch/",
        body,
        {"Content-Type": "application/json", **(headers or {})},
    )


class Proxy:
    """A proxy with a configuration of the docs, its paths and ports replaced."""

    def __init__(self, sluice, config, authority):
        self.sluice, self.config = sluice, config
        self.folder = tempfile.mkdtemp(prefix="sluice-proxy-")
        self.port, self.tls_port = free_port(), free_port()
        cert, key = authority.pair()
        self.replace = {
            "127.0.0.1:8000": f"127.0.0.1:{sluice.plain_port}",
            "127.0.0.1:8443": f"127.0.0.1:{sluice.tls_port}",
        }
        both = pathlib.Path(self.folder, "events.pem")
        both.write_text(cert.read_text() + key.read_text())
        self.edit(cert, key, both)
        self.path = os.path.join(self.folder, config)
        text = self.render((CONFIGS / config).read_text())
        pathlib.Path(self.path).write_text(text)
        self.log = open(os.path.join(self.folder, "log"), "w+")  # noqa: SIM115
        self.process = None

    def render(self, text):
        for old, new in self.replace.items():
            assert old in text or old.startswith("127.0.0.1:8"), (self.config, old)
            text = text.replace(old, new)
        return text

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command(),
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            env={**os.environ, "HOME": self.folder, "XDG_DATA_HOME": self.folder},
        )

        def listens():
            assert self.process.poll() is None, self.said()
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                socket.create_connection(("127.0.0.1", self.tls_port), 1).close()
            except OSError:
                return False
            return True

        try:
            eventually(listens, 10, f"{self.config} listens")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        self.log.close()
        subprocess.run(["rm", "-rf", self.folder], check=True)

    def said(self):
        self.log.seek(0)
        return self.log.read()[-2000:]


class Nginx(Proxy):
    def edit(self, cert, key, both):
        self.replace |= {
            "worker_processes auto;": "worker_processes 1; daemon off; "
            f"user {getpass.getuser()}; "
            f"pid {self.folder}/pid; error_log stderr;",
        }
        if "http" in self.config:
            self.replace |= {
                "listen 443 ssl": f"listen 127.0.0.1:{self.tls_port} ssl",
                "/etc/ssl/events.crt": str(cert),
                "/etc/ssl/events.key": str(key),
                "http {": "http { access_log off; "
                + " ".join(
                    f"{kind}_temp_path {self.folder}/{kind};"
                    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
                ),
            }
        else:
            self.replace["listen 443;"] = f"listen 127.0.0.1:{self.tls_port};"
        self.replace["listen 80;"] = f"listen 127.0.0.1:{self.port};"
        if has_ipv6():
            self.replace["[::]:80"] = f"[::1]:{self.port}"
            self.replace["[::]:443"] = f"[::1]:{self.tls_port}"
        else:
            self.replace["listen [::]:80;"] = ""
            old = "listen [::]:443 ssl http2;" if "http" in self.config else None
            self.replace[old or "listen [::]:443;"] = ""

    def command(self):
        return ["nginx", "-p", self.folder, "-e", "stderr", "-c", self.path]


class Haproxy(Proxy):
    def edit(self, cert, key, both):
        v6 = has_ipv6()
        self.replace["maxconn 4000"] = "maxconn 100"  # what any user may have
        for old, port in ((":80", self.port), (":443", self.tls_port)):
            also = f",[::1]:{port}" if v6 else ""
            self.replace[f"bind {old}\n" if old == ":80" else f"bind {old}"] = (
                f"bind 127.0.0.1:{port}{also}" + ("\n" if old == ":80" else "")
            )
        if "http" in self.config:
            self.replace["/etc/haproxy/events.pem"] = str(both)

    def command(self):
        return ["haproxy", "-db", "-f", self.path]


class Caddy(Proxy):
    def edit(self, cert, key, both):
        self.bind = "bind 127.0.0.1" + (" [::1]" if has_ipv6() else "")
        self.tls = f"tls {cert} {key}"

    def render(self, text):
        """The site twice: TLS has another port than its own, so says the scheme."""
        text = super().render(text)
        site = text[text.index("events.example.com {") :].partition("{")[2]
        return (
            "{\n\tadmin off\n\tauto_https off\n}\n"
            f"http://:{self.port} {{\n\t{self.bind}\n{site}\n"
            f"https://localhost:{self.tls_port} {{\n\t{self.bind}\n"
            f"\t{self.tls}\n{site}"
        )

    def command(self):
        return ["caddy", "run", "--adapter", "caddyfile", "--config", self.path]


def gzipped(body):
    return gzip.compress(body), {"Content-Encoding": "gzip"}

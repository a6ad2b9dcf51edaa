"""Runs the built program on a temporary folder; shared by all Python tests."""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

TOP = pathlib.Path(__file__).resolve().parent.parent
SCALE = float(os.environ.get("SLUICE_SCALE", "0.1"))


def binary():
    path = os.environ.get("SLUICE_BIN")
    if not path:
        build = os.environ.get("SLUICE_BUILD", str(TOP / "build"))
        path = os.path.join(build, "sluice")
    if not os.access(path, os.X_OK):
        raise RuntimeError(f"{path} is not there: build first, or set SLUICE_BIN")
    return path


def scaled(full, least=1):
    """A count of the issue: whole with --full, a tenth in CI."""
    return max(least, round(full * SCALE))


def eventually(condition, timeout_s, what):
    """Waits until condition() is truthy and returns it; fails after timeout_s."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what}")
        time.sleep(0.02)


@contextlib.contextmanager
def tmpfs(path, options):
    """A file system of the test's own, with these options of mount."""
    assert os.geteuid() == 0, "wants root, to mount a file system"
    os.makedirs(path, exist_ok=True)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)], check=True
    )
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def fill(path, leave=0):
    """Takes all space on a file system but so many bytes, while others write."""
    with open(path, "wb", buffering=0) as f:
        size = 0
        for piece in (1 << 20, 4096):
            with contextlib.suppress(OSError):
                while True:
                    os.posix_fallocate(f.fileno(), size, piece)
                    size += piece
        os.ftruncate(f.fileno(), max(0, size - leave))


class CommandFailed(Exception):
    def __init__(self, args, status, out, err):
        super().__init__(f"{args}: status {status}: {err.strip() or out.strip()}")
        self.status, self.out, self.err = status, out, err


class OverSocket(http.client.HTTPConnection):
    """HTTP over the daemon's own socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Sluice:
    """One data folder and the daemon on it. Use as a context manager."""

    def __init__(
        self, clickhouse=False, settings=None, data=None, demo=False, ready=True
    ):
        self.root = None
        if data is None:
            self.root = tempfile.mkdtemp(prefix="sluice-test-")
            data = os.path.join(self.root, "data")
        self.data = str(data)
        self.log_path = self.data.rstrip("/") + ".log"
        self.settings = {
            "capture.listen": "127.0.0.1:0",
            "admin.listen": "127.0.0.1:0",
            "kafka.listen": "127.0.0.1:0",
            "clickhouse.listen": "127.0.0.1:0",
            "clickhouse.mode": "embedded" if clickhouse else "off",
            "spool.ballast_bytes": "1m",
            # Tests count records; those of the canary set another.
            "canary.interval_s": "0",
        }
        self.settings.update(settings or {})
        self.demo = demo
        self.ready = ready
        self.process = None
        self.ports = {}

    def __enter__(self):
        try:
            self.start(ready=self.ready)
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *exc):
        try:
            if self.process is not None:
                self.stop()
        finally:
            self.remove()

    def remove(self):
        if self.process is not None:
            self.kill()
        if self.root:
            shutil.rmtree(self.root, ignore_errors=True)

    def command(self, *args):
        return [binary(), *(str(a) for a in args), "--data", self.data]

    def run_command(self):
        line = self.command("run", *(["--demo"] if self.demo else []))
        for name, value in self.settings.items():
            line += ["--set", f"{name}={value}"]
        return line

    def start(self, ready=True, timeout_s=30):
        ports_file = os.path.join(self.data, "ports.json")
        if os.path.exists(ports_file):
            os.unlink(ports_file)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.run_command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

        def started():
            if self.process.poll() is not None:
                raise AssertionError(
                    f"the daemon ended with {self.process.returncode}: "
                    + self.log()[-2000:]
                )
            try:
                with open(ports_file) as f:
                    return json.load(f)
            except (OSError, ValueError):
                return None

        self.ports = eventually(started, timeout_s, "ports.json")
        if ready:
            eventually(self.is_ready, timeout_s, "ready: " + self.log()[-2000:])

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError("the daemon ended: " + self.log()[-2000:])
        try:
            return self.http("admin", "/_ready")[0] == 200
        except OSError:
            return False

    def stop(self, timeout_s=40):
        """SIGTERM; the exit status must be 0."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout_s)
        self.process = None
        assert status == 0, f"status {status}: " + self.log()[-2000:]

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self.process = None

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def url(self, port, path="/"):
        return f"http://127.0.0.1:{self.ports[port]}{path}"

    def http(self, port, path, body=None, headers=None, method=None, timeout_s=30):
        """(status, headers, body); never raises for an HTTP status."""
        request = urllib.request.Request(
            self.url(port, path), data=body, headers=headers or {}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as e:
            return e.code, e.headers, e.read()

    def api(self, method, path, body=None):
        """A call of the JSON API as the commands make it; its answer's JSON."""
        connection = OverSocket(os.path.join(self.data, "sluice.sock"))
        try:
            connection.request(method, path, body and json.dumps(body))
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        assert answer.status < 300, (path, answer.status, text)
        return json.loads(text)

    def api_items(self, path):
        """All items of a list, page by page."""
        items, cursor = [], None
        while True:
            page = self.api("GET", path + (f"?cursor={cursor}" if cursor else ""))
            items += page["items"]
            cursor = page["next"]
            if cursor is None:
                return items

    def send(self, token, events, **extra):
        """POST /batch/ of these events; must be accepted."""
        body = json.dumps({"api_key": token, "batch": events, **extra}).encode()
        status, _, text = self.http(
            "capture", "/batch/", body, {"Content-Type": "application/json"}
        )
        assert status == 200, (status, text)

    def cli(self, *args, timeout_s=60, input=None):
        """stdout of a command; CommandFailed unless its status is 0."""
        done = subprocess.run(
            self.command(*args),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            input=input,
        )
        if done.returncode != 0:
            raise CommandFailed(args, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def cli_json(self, *args, **kw):
        """A command's --json value."""
        return json.loads(self.cli(*args, "--json", **kw))

    def cli_lines(self, *args, **kw):
        """A command's --json values, one a line."""
        lines = self.cli(*args, "--json", **kw).split("\n")  # U+2028 ends no line
        return [json.loads(x) for x in lines if x]

    def project(self, name="test", token=None, **settings):
        args = ["project", "create", "--name", name]
        if token:
            args += ["--token", token]
        for key, value in settings.items():
            text = value if isinstance(value, str) else json.dumps(value)
            args += ["--set", f"{key}={text}"]
        return self.cli_json(*args)

    def drain(self, timeout_s=60):
        limit = timeout_s + 10
        self.cli("wait", "--drained", "--timeout-s", timeout_s, timeout_s=limit)

    def records(self, topic, partition=None):
        args = ["topic", "read", topic, "--from", "start"]
        if partition is not None:
            args += ["--partition", partition]
        return self.cli_lines(*args, timeout_s=300)

    def sql(self, query):
        """Rows of a query as dictionaries."""
        out = self.cli("sql", "--format", "JSONEachRow", query)
        return [json.loads(x) for x in out.splitlines()]

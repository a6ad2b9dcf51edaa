"""What the daemon tells the service manager, and takes from it."""

import contextlib
import ctypes
import json
import os
import pathlib
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time

import pytest
from sluicetest import Sluice, binary, eventually

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000
FILES = ("config.db", "spool.db", "state.db", "broker.db")


@contextlib.contextmanager
def environment(**values):
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class Manager:
    """The service manager's end of NOTIFY_SOCKET: hears all at once."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + path[1:] if path.startswith("@") else path)
        self.path = path
        self.heard = []  # a dictionary each
        self.n_seen = 0
        self.thread = threading.Thread(target=self.listen)

    def listen(self):
        while text := self.socket.recv(4096):
            lines = text.decode().split("\n")
            self.heard.append(dict(line.split("=", 1) for line in lines))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.socket.shutdown(socket.SHUT_RD)
        self.thread.join()
        self.socket.close()

    def wait_for(self, name, value=None, timeout_s=30):
        """The next message that has this name (and value)."""
        deadline = time.monotonic() + timeout_s
        while True:
            while self.n_seen < len(self.heard):
                message = self.heard[self.n_seen]
                self.n_seen += 1
                if name in message and value in (None, message[name]):
                    return message
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"no {name}={value or ''} in {timeout_s} s: {self.heard[-5:]}"
                )
            time.sleep(0.01)

    def forget(self):
        self.n_seen = len(self.heard)


@contextlib.contextmanager
def managed(path, watchdog_s=None, **more):
    """A daemon that is told of a manager, not yet started."""
    extra = {"NOTIFY_SOCKET": path}
    if watchdog_s:
        extra["WATCHDOG_USEC"] = str(int(watchdog_s * 1e6))
    s = Sluice(**more)
    try:
        with Manager(path) as manager, environment(**extra):
            yield manager, s
    finally:
        s.remove()


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_it_is_ready_when_files_take_writes_and_ports_answer(tmp_path, kind):
    # run-8
    path = str(tmp_path / "notify")
    if kind == "abstract":
        path = f"@sluice-test-{os.getpid()}"
    with managed(path) as (manager, s):
        s.start(ready=False)
        assert manager.wait_for("READY", "1")["STATUS"] == "Takes events"
        assert [m["STATUS"] for m in manager.heard[:2]] == [
            "Starts: folder",
            "Starts: config",
        ]
        assert s.http("capture", "/_liveness")[0] == 200
        for name in FILES:
            with sqlite3.connect(f"{s.data}/{name}") as db:
                assert db.execute("SELECT one FROM probe").fetchall() == [(1,)]
        s.stop()
        first = manager.wait_for("STOPPING", "1")
        assert int(first["EXTEND_TIMEOUT_USEC"]) == 35_000_000
        manager.wait_for("STATUS", "Stops: capture")
        assert int(manager.heard[-1]["EXTEND_TIMEOUT_USEC"]) > 0
        manager.wait_for("STATUS", "Stops: folder")
        assert not any("WATCHDOG" in m for m in manager.heard)


def test_a_start_that_fails_says_why(tmp_path):
    with managed(str(tmp_path / "notify")) as (manager, s):
        s.settings["roles"] = "brewer"
        done = subprocess.run(s.run_command(), capture_output=True, timeout=60)
        assert done.returncode == 1
        assert "'brewer' is none of" in manager.wait_for("STATUS")["STATUS"]
        assert not any("READY" in m for m in manager.heard)


def test_a_reload_says_so_and_says_why_it_failed(tmp_path):
    file = tmp_path / "sluice.conf"
    file.write_text("log.level = info\n")

    class WithFile(Sluice):
        def run_command(self):
            return [*super().run_command(), "--config", str(file)]

    with Manager(str(tmp_path / "notify")) as manager:
        with environment(NOTIFY_SOCKET=manager.path):
            s = WithFile()
            try:
                s.start(ready=False)
                manager.wait_for("READY", "1")
                before = time.clock_gettime(time.CLOCK_MONOTONIC) * 1e6
                s.process.send_signal(signal.SIGHUP)
                reloading = manager.wait_for("RELOADING", "1")
                after = time.clock_gettime(time.CLOCK_MONOTONIC) * 1e6
                assert before - 1 <= int(reloading["MONOTONIC_USEC"]) <= after + 1
                assert manager.wait_for("READY", "1")["STATUS"] == "Takes events"
                file.write_text("log.level = loud\n")
                s.process.send_signal(signal.SIGHUP)
                status = manager.wait_for("READY", "1")["STATUS"]
                assert status.startswith("The settings stay as they were: log.level")
                s.stop()
            finally:
                s.remove()


# --- the watchdog


def thread_named(pid, name):
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text().strip() == name:
            return int(task.name)
    names = [
        (t / "comm").read_text() for t in pathlib.Path(f"/proc/{pid}/task").iterdir()
    ]
    raise AssertionError(f"no thread {name}: {names}")


@contextlib.contextmanager
def standing_still(tid):
    """One thread that does not go on, as SIGSTOP does to a whole process."""
    libc = ctypes.CDLL(None, use_errno=True)

    def ptrace(request):
        assert libc.ptrace(request, tid, None, None) == 0, ctypes.get_errno()

    ptrace(PTRACE_SEIZE)
    ptrace(PTRACE_INTERRUPT)
    os.waitpid(tid, WALL)
    try:
        yield
    finally:
        ptrace(PTRACE_DETACH)


def test_the_watchdog_starves_while_capture_cannot_commit(tmp_path):
    # run-7
    with managed(str(tmp_path / "notify"), watchdog_s=1) as (manager, s):
        s.start(ready=False)
        manager.wait_for("READY", "1")
        for _ in range(3):
            manager.wait_for("WATCHDOG", "1", 1)
        with standing_still(thread_named(s.process.pid, "spool")):
            manager.forget()
            with pytest.raises(AssertionError, match="no WATCHDOG"):
                manager.wait_for("WATCHDOG", timeout_s=1.5)
            # The rest of it lives: only the commit is missing.
            assert s.http("capture", "/_liveness")[0] == 200
        manager.wait_for("WATCHDOG", "1", 5)
        s.stop()
        assert "WATCHDOG_USEC" in manager.wait_for("WATCHDOG_USEC")
        assert manager.wait_for("STATUS", "Stops: folder")["WATCHDOG"] == "1"


def test_the_watchdog_is_fed_while_it_refuses_events_for_a_full_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)], check=True
    )
    try:
        options = {"watchdog_s": 2, "data": disk / "data"}
        with managed(str(tmp_path / "notify"), **options) as (manager, s):
            s.start(ready=False)
            manager.wait_for("READY", "1")
            assert manager.wait_for("WATCHDOG", "1")["STATUS"] == "Takes events"
            with contextlib.suppress(OSError), open(disk / "filler", "wb", 0) as f:
                while True:
                    f.write(b"x" * 65536)
            for _ in range(3):
                manager.wait_for("WATCHDOG", "1", 4)
            assert manager.heard[-1]["STATUS"].startswith("Refuses events: ")
            os.unlink(disk / "filler")
            manager.wait_for("STATUS", "Takes events", 10)
            s.stop()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_watchdog_of_another_process_is_not_ours(tmp_path):
    with managed(str(tmp_path / "notify"), watchdog_s=0.5) as (manager, s):
        with environment(WATCHDOG_PID="1"):
            s.start(ready=False)
        manager.wait_for("READY", "1")
        with pytest.raises(AssertionError, match="no WATCHDOG"):
            manager.wait_for("WATCHDOG", timeout_s=1)
        s.stop()


# --- passed sockets

LAUNCH = r"""
import os, socket, sys
names, command = sys.argv[1].split(","), sys.argv[2:]
kept = []
for i, name in enumerate(names):
    s = socket.socket(socket.AF_UNIX if name == "unix" else socket.AF_INET)
    if name == "unix":
        s.bind("\0sluice-passed-%d" % os.getpid())
    else:
        s.bind(("127.0.0.1", 0))
    if name != "deaf":
        s.listen()
    kept.append(s)
for i, s in enumerate(kept):
    os.dup2(s.fileno(), 100 + i)
for i, s in enumerate(kept):
    os.dup2(100 + i, 3 + i, inheritable=True)
names = [{"unix": "capture", "deaf": "capture"}.get(n, n) for n in names]
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(names)),
                  LISTEN_FDNAMES=":".join(names))
os.execv(command[0], command)
"""


class Passed(Sluice):
    """A daemon that gets its listening sockets from who starts it."""

    def __init__(self, *names, **more):
        super().__init__(**more)
        self.names = names

    def run_command(self):
        names = ",".join(self.names)
        return [sys.executable, "-c", LAUNCH, names, *super().run_command()]


def certificate(folder):
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    files = ["-keyout", str(folder / "key"), "-out", str(folder / "cert")]
    subprocess.run(
        [*command.split(), "-subj", "/CN=localhost", "-days", "2", *files],
        check=True,
        capture_output=True,
    )


def listeners(pid):
    """Ports on which sockets of this process listen."""
    inodes = set()
    for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            inodes.add(os.readlink(fd))
    ports = set()
    for line in pathlib.Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[3] == "0A" and f"socket:[{words[9]}]" in inodes:
            ports.add(int(words[1].split(":")[1], 16))
    return ports


def test_sockets_are_taken_by_name_instead_of_the_settings(tmp_path):
    certificate(tmp_path)
    settings = {
        "capture.listen": "127.0.0.1:1",  # which nobody could open here
        "capture.tls_listen": "off",
        "capture.tls_cert": tmp_path / "cert",
        "capture.tls_key": tmp_path / "key",
    }
    with Passed("admin", "capture", "capture-tls", settings=settings) as s:
        p = s.ports
        assert {p["capture"], p["capture_tls"], p["admin"]} <= listeners(s.process.pid)
        assert s.http("capture", "/_liveness")[0] == 200
        assert s.http("admin", "/_ready")[0] == 200
        context = ssl._create_unverified_context()
        with (
            socket.create_connection(("127.0.0.1", p["capture_tls"])) as plain,
            context.wrap_socket(plain) as tls,
        ):
            tls.sendall(b"GET /_liveness HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert tls.recv(8) == b"HTTP/1.1"
        # A reload does not lose them.
        s.process.send_signal(signal.SIGHUP)
        eventually(lambda: "event=reloaded" in s.log(), 20, "reloaded")
        assert s.http("capture", "/_liveness")[0] == 200
        s.stop()


@pytest.mark.parametrize(
    ("names", "word"),
    [
        (("sluice-capture-80.socket",), 'under the name "sluice-capture-80.socket"'),
        (("capture", "capture"), "two sockets were passed under the name capture"),
        (("unix",), "is no listening TCP socket"),
        (("deaf",), "is no listening TCP socket"),
    ],
)
def test_sockets_that_cannot_be_used_stop_the_start(names, word):
    s = Passed(*names)
    try:
        done = subprocess.run(
            s.run_command(), capture_output=True, text=True, timeout=60
        )
    finally:
        s.remove()
    assert done.returncode == 1
    assert word in done.stderr, done.stderr


def test_sockets_of_another_process_are_left_alone():
    with environment(LISTEN_PID="1", LISTEN_FDS="2", LISTEN_FDNAMES="x:y"):
        with Sluice() as s:
            s.stop()


# --- credentials


def show(name, *args, **env):
    done = subprocess.run(
        [binary(), "config", "show", "--json", *args],
        capture_output=True,
        text=True,
        env={**os.environ, **env},
        timeout=60,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return done, {row["name"]: row["value"] for row in rows}.get(name)


def test_a_credential_is_a_secret_or_a_path(tmp_path):
    (tmp_path / "pg").write_text("postgres://u:hunter2@127.0.0.1:1/x\nsecond line\n")
    env = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    done, value = show("postgres.url", "--set", "postgres.url=credential:pg", **env)
    assert value == "***" and "hunter2" not in done.stdout + done.stderr
    done, value = show(
        "clickhouse.library", "--set", "clickhouse.library=credential:lib", **env
    )
    assert value == f"{tmp_path}/lib"


@pytest.mark.parametrize("name", ["", "../pg", ".hidden", "a/b", "not-there"])
def test_a_credential_that_is_not_there_stops_with_its_name(tmp_path, name):
    done, _ = show(
        "postgres.url",
        "--set",
        f"postgres.url=credential:{name}",
        CREDENTIALS_DIRECTORY=str(tmp_path),
    )
    assert done.returncode == 1
    assert "postgres.url" in done.stderr and name.strip("./") in done.stderr


def test_tls_of_a_daemon_by_credentials(tmp_path):
    certificate(tmp_path)
    settings = {
        "capture.tls_listen": "127.0.0.1:0",
        "capture.tls_cert": "credential:cert",
        "capture.tls_key": "credential:key",
    }
    with environment(CREDENTIALS_DIRECTORY=str(tmp_path)):
        with Sluice(settings=settings) as s:
            assert s.ports["capture_tls"] > 0
            s.stop()

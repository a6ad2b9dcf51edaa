"""The unit files: correct, closed, and what they forbid is not needed."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import pytest
import unit
from sluicetest import Sluice, binary

HERE = pathlib.Path(__file__).resolve().parent
MOST_EXPOSURE = 1.5
# What the daemon asks for and is well without: less priority for work that may
# wait, and a processor of its own.
MAY_BE_DENIED = {"setpriority", "sched_setaffinity"}
# Asked for by root alone, which the service's user is not.
ROOT_ONLY = {"fchown", "capset"}


@pytest.fixture
def units(tmp_path):
    """The unit files as they are installed, in a folder of their own."""
    program = tmp_path / "bin" / "sluice"
    program.parent.mkdir()
    shutil.copy("/bin/true", program)
    text = unit.service_text(str(program.parent))
    # The manual is looked for on this machine, where it is not installed.
    (tmp_path / "sluice.service").write_text(
        re.sub("(?m)^Documentation=.*\n", "", text)
    )
    for socket in unit.PACKAGING.glob("*.socket"):
        text = re.sub("(?m)^Documentation=.*\n", "", socket.read_text())
        (tmp_path / socket.name).write_text(text)
    return tmp_path


def test_systemd_takes_each_unit_without_a_warning(units):
    files = sorted(units.glob("*.s*"))
    assert len(files) == 3
    for file in files:
        done = subprocess.run(
            ["systemd-analyze", "verify", str(file)], capture_output=True, text=True
        )
        ours = [x for x in done.stderr.splitlines() if "sluice" in x]
        assert (done.returncode, ours) == (0, []), file


def test_the_exposure_is_at_most_what_is_promised(units, capsys):
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager"]
        + [f"--threshold={int(MOST_EXPOSURE * 10)}", str(units / "sluice.service")],
        capture_output=True,
        text=True,
    )
    (score,) = re.findall(r"Overall exposure level.*: ([0-9.]+)", done.stdout)
    with capsys.disabled():
        print(f" exposure {score}", end="")
    assert done.returncode == 0 and float(score) <= MOST_EXPOSURE
    # Each thing that is left open is spoken of in the unit.
    text = unit.service_text()
    for line in done.stdout.splitlines():
        if line.startswith("✗"):
            name = re.split(r"[=/:]", line.split()[1])[0]
            assert (
                name == "DeviceAllow"
                or f"- {name}" in text
                or (f"{name}:" in text or f"{name}," in text)
            ), line


def test_the_socket_units_name_what_the_daemon_knows():
    for socket, name in (("80", "capture"), ("443", "capture-tls")):
        text = (unit.PACKAGING / f"sluice-capture-{socket}.socket").read_text()
        assert unit.values(text, "FileDescriptorName") == [name]
        assert unit.values(text, "ListenStream") == [socket]
        assert unit.values(text, "Service") == ["sluice.service"]


def work(s):
    """An event all the way, and a query that is compiled into code."""
    s.cli("wait", "--ready", "--timeout-s", 60)
    project = s.project()
    s.send(project["api_token"], [{"event": "e", "distinct_id": "d"}])
    s.drain()
    assert s.sql("SELECT count() AS n FROM events")[0]["n"] in (1, "1")
    rows = s.sql(
        "SELECT sum(number * 3 + number % 17) AS n FROM numbers(100000) "
        "SETTINGS min_count_to_compile_expression = 0"
    )
    assert int(rows[0]["n"]) > 0


class Boxed(Sluice):
    """A daemon under the unit's sandbox, as far as unit.py sets it."""

    def __init__(self):
        super().__init__(clickhouse=True)
        # Not below a folder of mode 0700: the user is another one.
        self.box = tempfile.mkdtemp(prefix="sluice-box-")
        os.chmod(self.box, 0o755)
        self.root, self.data = self.box, os.path.join(self.box, "data")
        self.log_path = self.data + ".log"
        os.mkdir(self.data, 0o700)
        os.chown(self.data, unit.UID, unit.UID)
        self.service = os.path.join(self.box, "sluice.service")
        pathlib.Path(self.service).write_text(unit.service_text())
        # The program and its library where that user finds them.
        self.program = os.path.join(self.box, "bin")
        os.mkdir(self.program)
        shutil.copy(binary(), self.program)
        self.library = pathlib.Path.home() / ".cache" / "sluice"
        assert (self.library / "libchdb.so").exists()
        self.settings["clickhouse.library"] = unit.LIBRARY + "/libchdb.so"

    def run_command(self):
        command = super().run_command()
        command[0] = unit.PROGRAM + "/sluice"
        command[command.index("--data") + 1] = unit.DATA
        box = [
            str(HERE / "unit.py"),
            self.service,
            self.data,
            str(self.library),
            self.program,
        ]
        return [sys.executable, *box, *command]


def test_it_works_under_the_units_sandbox():
    with Boxed() as s:
        work(s)
        pid = s.process.pid
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        for line in ("Seccomp:\t2", "NoNewPrivs:\t1", "CapBnd:\t0000000000000000"):
            assert line in status, status
        assert f"Uid:\t{unit.UID}\t" in status
        tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
        (child,) = " ".join((t / "children").read_text() for t in tasks).split()
        environment = pathlib.Path(f"/proc/{child}/environ").read_bytes()
        assert b"NOTIFY_SOCKET" not in environment
        # It is a box: what stands outside of the data folder cannot be written.
        root = f"/proc/{pid}/root"
        home = os.path.expanduser("~root")
        for name in ("/etc/x", "/usr/x", f"{home}/x", "/x"):
            with pytest.raises(OSError, match="Read-only file system"):
                open(root + name, "w").close()
        s.stop()
        assert "level=error" not in s.log()


def test_the_call_filter_allows_every_call_of_a_real_run(tmp_path):
    """A call that is refused may go unnoticed: so a run without the filter is
    watched, daemon and ClickHouse."""
    report = tmp_path / "calls"

    class Traced(Sluice):
        def run_command(self):
            watch = ["strace", "-f", "-qq", "-c", "-S", "name", "-o", str(report)]
            return [*watch, *super().run_command()]

        def stop(self):
            pid = int(pathlib.Path(self.data, "lock").read_text())
            os.kill(pid, 15)
            assert self.process.wait(60) == 0
            self.process = None

        def kill(self):
            super().kill()

    with Traced(clickhouse=True) as s:
        work(s)
        s.stop()
    used = {
        line.split()[-1]
        for line in report.read_text().splitlines()
        if re.match(r" *[0-9.]+ +[0-9.]+ ", line) and not line.endswith("total")
    }
    assert {"fdatasync", "accept4", "mprotect", "landlock_restrict_self"} <= used
    allowed = unit.allowed_calls(unit.service_text())
    assert used - allowed - ROOT_ONLY <= MAY_BE_DENIED

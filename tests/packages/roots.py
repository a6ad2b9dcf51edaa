"""Debian 12 in a folder: a fresh copy for each test, entered or booted."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import made

MIRROR = os.environ.get("SLUICE_DEBIAN_MIRROR", "http://deb.debian.org/debian")
MAX_AGE_S = 7 * 86400  # of a base: its lists of packages
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "DEBIAN_FRONTEND": "noninteractive",
    "LC_ALL": "C.UTF-8",
    "HOME": "/root",
}


class Failed(Exception):
    def __init__(self, args, status, out):
        super().__init__(f"{args}: status {status}\n{out[-4000:]}")
        self.status, self.out = status, out


def base(kind):
    """The archive of a root made by debootstrap; `booted` has systemd too,
    `arm64` the lists of packages of that architecture."""
    path = made.CACHE / f"base-{kind}.tar"
    if path.exists() and time.time() - path.stat().st_mtime < MAX_AGE_S:
        return path
    made.CACHE.mkdir(parents=True, exist_ok=True)
    args = ["debootstrap", "--variant=minbase"]
    if kind == "booted":
        args.append("--include=systemd-sysv,dbus")
    with tempfile.TemporaryDirectory(prefix="sluice-base-", dir="/var/tmp") as folder:
        root = pathlib.Path(folder) / "root"
        made.run([*args, "bookworm", root, MIRROR])
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        if kind == "arm64":
            made.run(["chroot", root, "dpkg", "--add-architecture", "arm64"])
            sources = root / "etc/apt/sources.list"
            line = sources.read_text()
            sources.write_text(line + line.replace("deb ", "deb-src ", 1))
            made.run(["chroot", root, "apt-get", "update", "-qq"])
        made.run(["tar", "-C", root, "-cf", f"{path}.new", "."])
        os.rename(f"{path}.new", path)
    return path


class Root:
    """A fresh root; a context manager that leaves nothing behind."""

    def __init__(self, kind):
        self.kind = kind
        self.path = pathlib.Path(
            tempfile.mkdtemp(prefix="sluice-root-", dir="/var/tmp")
        )
        self.held = None  # what keeps the namespaces of a booted root
        self.init = None
        try:
            made.run(["tar", "-C", self.path, "-xf", base(kind)])
            self.path.chmod(0o755)
        except BaseException:
            shutil.rmtree(self.path, ignore_errors=True)
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.halt()
        if os.path.ismount(self.path / "proc"):
            made.run(["umount", "-l", self.path / "proc"])
        shutil.rmtree(self.path, ignore_errors=True)

    def mount(self):
        """/proc, for a root that is not booted."""
        made.run(["mount", "-t", "proc", "proc", self.path / "proc"])

    def enter(self):
        """The command that runs another inside."""
        clean = ["env", "-i", *(f"{k}={v}" for k, v in ENVIRONMENT.items())]
        if self.init is None:
            return ["chroot", str(self.path), *clean]
        return [
            "nsenter",
            "-t",
            str(self.init),
            *"-m -u -i -n -p -r -w".split(),
            *clean,
        ]

    def run(self, *args, ok=(0,), input=None, timeout_s=120):
        """stdout and stderr of a command inside; Failed unless its status is ok."""
        done = subprocess.run(
            [*self.enter(), *map(str, args)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            input=input or "",
            text=True,
            timeout=timeout_s,
        )
        if done.returncode not in ok:
            raise Failed(args, done.returncode, done.stdout)
        return done.stdout

    def start(self, *args, log):
        """A process inside, in the background, with its output in the file log."""
        with open(log, "ab") as out:
            return subprocess.Popen(
                [*self.enter(), *map(str, args)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )

    def bring(self, *paths):
        """Copies files to /pkg; their names inside."""
        (self.path / "pkg").mkdir(exist_ok=True)
        for path in paths:
            shutil.copy(path, self.path / "pkg")
        return [f"/pkg/{pathlib.Path(path).name}" for path in paths]

    def fetch(self, *debs):
        """What apt would download for these, from the archive or the cache."""
        assert self.init is None, "a booted root has no network"
        kept = made.CACHE / "archives"
        kept.mkdir(parents=True, exist_ok=True)
        archives = self.path / "var/cache/apt/archives"
        for deb in kept.glob("*.deb"):
            shutil.copy(deb, archives)
        get = ["apt-get", "install", "-y", "-qq", "--download-only", *debs]
        try:
            self.run(*get, timeout_s=600)
        except Failed:  # the lists are older than what the archive has now
            self.run("apt-get", "update", "-qq", timeout_s=600)
            self.run(*get, timeout_s=600)
        for deb in archives.glob("*.deb"):
            if not (kept / deb.name).exists():
                shutil.copy(deb, kept)

    def apt(self, *args, ok=(0,)):
        return self.run("apt-get", "-y", "-q", *args, ok=ok, timeout_s=300)

    def boot(self):
        """systemd as the first process, in namespaces of its own, loopback only."""
        name = f"sluice-test-{os.getpid()}-{time.monotonic_ns()}"
        (self.path / "etc/machine-id").write_text("")
        log = self.path.with_suffix(".console")
        with open(log, "wb") as out:
            self.held = subprocess.Popen(
                ["systemd-nspawn", "-q", "--register=no", "--keep-unit"]
                + ["--private-network", "--link-journal=no", f"--machine={name}"]
                + ["-D", str(self.path), "-b"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        deadline = time.monotonic() + 180
        while True:
            self.init = self.init or first_process(self.held.pid)
            state = "no first process yet"
            if self.init:
                with contextlib.suppress(Failed):
                    state = self.run(
                        "systemctl", "is-system-running", ok=range(256)
                    ).strip()
            if state in ("running", "degraded"):
                break
            if self.held.poll() is not None or time.monotonic() > deadline:
                said = log.read_text(errors="replace")[-2000:]
                self.halt()
                raise AssertionError(
                    f"systemd does not boot in a container here ({state}): this "
                    "test needs root with the right to make namespaces and mounts\n"
                    + said
                )
            time.sleep(0.05)
        log.unlink()

    def halt(self):
        if self.held is None:
            return
        if self.init is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.init, 9)
        else:
            self.held.kill()
        self.held.wait(30)
        self.held = self.init = None

    def host_run(self, *args, input=None):
        """A program of this machine in the network of the root."""
        enter = [] if self.init is None else ["nsenter", "-t", str(self.init), "-n"]
        return subprocess.run(
            [*enter, *map(str, args)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            input=input,
            check=True,
            timeout=120,
        ).stdout


def first_process(nspawn):
    """The pid of the first process inside, seen from here."""
    for path in pathlib.Path("/proc").glob("[0-9]*/status"):
        try:
            text = path.read_text()
        except OSError:
            continue
        values = dict(x.split(":\t", 1) for x in text.splitlines() if ":\t" in x)
        if (
            values.get("Name") != "systemd"
            or values.get("NSpid", "").split()[-1] != "1"
        ):
            continue
        if len(values["NSpid"].split()) > 1 and descends(int(values["PPid"]), nspawn):
            return int(values["Pid"])
    return None


def descends(pid, ancestor):
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            with open(f"/proc/{pid}/stat") as f:
                pid = int(f.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            return False
    return False

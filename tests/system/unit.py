"""Reads packaging/systemd/sluice.service, and runs a program under much of what
it demands, on a machine where systemd is not the first process.

Of the unit's sandbox this sets: the user without capabilities, no new
privileges, ProtectSystem=strict, ProtectHome, PrivateTmp, SystemCallFilter,
RestrictAddressFamilies, UMask, LimitNOFILE. The data folder is bound to DATA,
the folders of libchdb and of the program to LIBRARY and PROGRAM. Not set: user,
PID and device name spaces.

As a program: unit.py UNIT DATA LIBRARY PROGRAM COMMAND…
"""

import ctypes
import functools
import os
import pathlib
import re
import resource
import subprocess
import sys

UID = 64123  # nobody's
OURS = "/srv"
DATA, LIBRARY, PROGRAM = OURS + "/data", OURS + "/library", OURS + "/bin"
PACKAGING = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "systemd"
CLONE_NEWNS = 0x20000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = (
    1,
    2,
    4,
    32,
    4096,
    16384,
    1 << 18,
)
PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP = 38, 24
ALLOW, ERRNO_EPERM, CMP_EQ = 0x7FFF0000, 0x00050000 | 1, 4
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
libc = ctypes.CDLL(None, use_errno=True)


def service_text(bindir="/usr/bin"):
    return (PACKAGING / "sluice.service.in").read_text().replace("@bindir@", bindir)


def values(text, name):
    """All values of a setting of the unit, in order; an empty one resets."""
    found = []
    for line in text.splitlines():
        if line.startswith(name + "="):
            value = line.partition("=")[2]
            found = [*found, value] if value else []
    return found


@functools.cache
def groups():
    """Sets of system calls by systemd's own list of them."""
    out = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    sets, name = {}, None
    for line in out.splitlines():
        if line.startswith("@"):
            name = line.split()[0]
            sets[name] = set()
        elif name and line.startswith("    ") and "#" not in line:
            sets[name].add(line.strip())
    return sets


def expand(word):
    if not word.startswith("@"):
        return {word}
    calls = set()
    for inner in groups()[word]:
        calls |= expand(inner)
    return calls


def allowed_calls(text):
    allowed = set()
    for value in values(text, "SystemCallFilter"):
        calls = set()
        for word in value.lstrip("~").split():
            calls |= expand(word)
        allowed = allowed - calls if value.startswith("~") else allowed | calls
    return allowed


def must(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), what)


def mount(source, target, kind, flags, data=None):
    must(
        libc.mount(
            source.encode(),
            target.encode(),
            kind and kind.encode(),
            ctypes.c_ulong(flags),
            data and data.encode(),
        ),
        f"mount {target}",
    )


def confine_files(data, library, program):
    must(libc.unshare(CLONE_NEWNS), "unshare")
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("none", OURS, "tmpfs", 0, "mode=0755")
    for source, target in (
        (data, DATA),
        (library, LIBRARY),
        (program, PROGRAM),
    ):
        os.mkdir(target)
        mount(source, target, None, MS_BIND)
    points = []
    with open("/proc/self/mountinfo") as f:
        for line in f:
            point = line.split()[4].encode().decode("unicode_escape")
            if not re.match(r"(/proc|/sys|/dev)(/|$)", point) and point != DATA:
                points.append(point)
    for point in points:
        flags = MS_BIND | MS_REMOUNT | MS_RDONLY
        try:
            mount("none", point, None, flags)
        except OSError:  # of another name space: some flags are locked
            mount("none", point, None, flags | MS_NOSUID | MS_NODEV)
    for hidden in ("/home", "/root"):
        mount("none", hidden, "tmpfs", MS_RDONLY, "mode=0755")
    for temporary in ("/tmp", "/var/tmp"):
        mount("none", temporary, "tmpfs", 0, "mode=1777")


class Compare(ctypes.Structure):
    _fields_ = [
        ("argument", ctypes.c_uint),
        ("how", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    ]


def confine_calls(calls, families):
    lib = ctypes.CDLL("libseccomp.so.2")
    lib.seccomp_init.restype = ctypes.c_void_p
    filter_ = ctypes.c_void_p(lib.seccomp_init(ERRNO_EPERM))
    for name in sorted(calls - {"socket"}):
        number = lib.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            must(lib.seccomp_rule_add(filter_, ALLOW, number, 0), name)
    socket = lib.seccomp_syscall_resolve_name(b"socket")
    for family in families:
        compare = (Compare * 1)(Compare(0, CMP_EQ, FAMILIES[family], 0))
        must(lib.seccomp_rule_add_array(filter_, ALLOW, socket, 1, compare), "socket")
    must(lib.seccomp_load(filter_), "seccomp_load")


def drop_rights(text):
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.setgroups([])
    os.setresgid(UID, UID, UID)
    os.setresuid(UID, UID, UID)
    must(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
    os.umask(int(values(text, "UMask")[-1], 8))
    most = int(values(text, "LimitNOFILE")[-1])
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, most))


def main():
    unit, data, library, program, *command = sys.argv[1:]
    text = pathlib.Path(unit).read_text()
    calls = allowed_calls(text)
    confine_files(data, library, program)
    drop_rights(text)
    confine_calls(
        calls | {"execve"}, values(text, "RestrictAddressFamilies")[0].split()
    )
    os.execv(command[0], command)


if __name__ == "__main__":
    main()

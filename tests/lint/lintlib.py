"""What the checks share: the files of the tree, and the closing line."""

import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
SKIP = {".git", "node_modules", ".venv", "__pycache__", "autom4te.cache", "build"}


def _walk(folder):
    for path in sorted(folder.iterdir()):
        if path.name in SKIP or path.is_symlink():
            continue
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


def files():
    """All files that belong to the project."""
    if (TOP / ".git").exists():
        out = subprocess.run(
            ["git", "-C", str(TOP), "ls-files", "-z", "-co", "--exclude-standard"],
            capture_output=True,
            check=True,
        ).stdout.decode()
        paths = [TOP / name for name in out.split("\0") if name]
        return sorted(p for p in paths if p.is_file() and not p.is_symlink())
    return list(_walk(TOP))


def c_files(*tops, suffixes=(".c", ".h")):
    tops = tops or ("src", "tests")
    return [
        p
        for p in files()
        if p.suffix in suffixes and p.relative_to(TOP).parts[0] in tops
    ]


def name(path):
    return str(path.relative_to(TOP))


def folder(path):
    """src/store/x.c is in store; src/main.c is in the empty folder."""
    parts = path.relative_to(TOP).parts
    return parts[1] if len(parts) > 2 else ""


def shebang(path):
    with path.open("rb") as f:
        line = f.readline(80).decode(errors="replace")
    return line.strip() if line.startswith("#!") else ""


_COMMENT_OR_TEXT = re.compile(
    r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S
)


def strip_c(text, keep_strings=False):
    """C without comments (and texts), lines kept in place."""

    def blank(m):
        t = m.group(0)
        if t[0] in "\"'":
            return t if keep_strings else t[0] + " " * (len(t) - 2) + t[0]
        return "".join("\n" if c == "\n" else " " for c in t)

    return _COMMENT_OR_TEXT.sub(blank, text)


class Report:
    def __init__(self, check):
        self.check = check
        self.passed = 0
        self.failed = 0

    def ok(self, n=1):
        self.passed += n

    def fault(self, where, text):
        self.failed += 1
        print(f"{where}: {text}")

    def warn(self, where, text):
        print(f"{where}: warning: {text}")

    def file(self, path, faults):
        """One file passes or fails; each fault is a line."""
        for line, text in faults:
            print(f"{name(path)}:{line}: {text}")
        if faults:
            self.failed += 1
        else:
            self.passed += 1

    def end(self):
        print(f"{self.check}: {self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed else 0)

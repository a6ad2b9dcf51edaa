"""A daemon whose clock and files misbehave on command: shim.c, preloaded."""

import contextlib
import os
import pathlib
import struct
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SYNC, WRITE = 1, 2


class Shim:
    """Orders to the daemons that are started inside `with shim.loaded():`."""

    def __init__(self, folder):
        self.library = os.path.join(folder, "shim.so")
        self.path = os.path.join(folder, "order")
        cc = os.environ.get("CC", "cc").split()
        subprocess.run(
            [*cc, "-D_GNU_SOURCE", "-O1", "-shared", "-fPIC", "-o", self.library]
            + [str(HERE / "shim.c"), "-ldl"],
            check=True,
        )
        self.clock_offset_s, self.calls, self.errno, self.name = 0, 0, 0, ""
        self.write()

    def write(self):
        """In place: the daemon has the file mapped."""
        order = struct.pack(
            "=qii48s",
            self.clock_offset_s,
            self.calls,
            self.errno,
            self.name.encode(),
        )
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb") as f:
            f.write(order)

    def set_clock(self, offset_s):
        self.clock_offset_s = offset_s
        self.write()

    def fail(self, calls, errno, name):
        """These calls on files whose name ends so fail from now on."""
        self.calls, self.errno, self.name = 0, errno, name
        self.write()
        self.calls = calls
        self.write()

    def heal(self):
        self.calls = 0
        self.write()

    @contextlib.contextmanager
    def loaded(self):
        os.environ["LD_PRELOAD"], os.environ["SLUICE_SHIM"] = self.library, self.path
        try:
            yield
        finally:
            del os.environ["LD_PRELOAD"], os.environ["SLUICE_SHIM"]


@contextlib.contextmanager
def shim():
    with tempfile.TemporaryDirectory(prefix="sluice-shim-") as folder:
        yield Shim(folder)

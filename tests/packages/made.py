"""The packages under test, made once for each commit and kept in a cache."""

import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
PACKAGING = TOP / "packaging"
BUILD = pathlib.Path(os.environ.get("SLUICE_BUILD", TOP / "build"))
CACHE = pathlib.Path(
    os.environ.get("SLUICE_PACKAGES_CACHE", TOP / "build/check/packages")
)
KEPT = 4  # commits in the cache


def run(args, **kw):
    """stdout; on failure an AssertionError with what the command said."""
    done = subprocess.run(
        [str(a) for a in args],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        **kw,
    )
    assert done.returncode == 0, f"{args}: {done.returncode}\n{done.stdout[-6000:]}"
    return done.stdout


def git(*args):
    return run(["git", "-C", TOP, *args]).strip()


def is_clone():
    return (TOP / ".git").exists()


def version_of(commit):
    """What packaging/version says of a commit that is not checked out."""
    base = git("show", f"{commit}:configure.ac").split("AC_INIT([sluice], [")[1]
    date = git("log", "-1", "--date=format-local:%Y%m%d", "--format=%cd", commit)
    count = git("rev-list", "--count", commit)
    short = git("rev-parse", "--short=7", commit)
    return f"{base.split(']')[0]}~git{date}.{count}.{short}"


def environ(**extra):
    return {**os.environ, "TZ": "UTC", **extra}


class Made:
    """One folder of packages: .deb, .dsc, .changes, perhaps .rpm."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def one(self, pattern):
        found = sorted(self.folder.glob(pattern))
        assert len(found) == 1, f"{pattern} in {self.folder}: {found}"
        return found[0]

    @property
    def deb(self):
        return self.one("sluice_*.deb")

    @property
    def version(self):
        return run(["dpkg-deb", "-f", self.deb, "Version"]).strip()


def make_here(out):
    """deb and rpm of the tree as it stands; compiled once for both."""
    with tempfile.TemporaryDirectory(prefix="sluice-made-", dir="/var/tmp") as work:
        work = pathlib.Path(work)
        run(["make", "-s", "-C", BUILD, "dist"])
        archive = next(BUILD.glob("sluice-*.tar.xz"))
        options = f"nocheck parallel={os.cpu_count()}"
        run(
            ["sh", PACKAGING / "make-deb", "sluice", archive, out],
            env=environ(
                DEB_BUILD_OPTIONS=options, SLUICE_DEB_BUILD=str(work / "build")
            ),
        )
        (built,) = [x for x in (work / "build").glob("sluice-*") if x.is_dir()]
        run(
            ["sh", PACKAGING / "make-rpm", "sluice", archive, out],
            env=environ(SLUICE_RPM_BUILT=str(built)),
        )


def make_commit(commit, out):
    """deb of another commit. Not optimised: it is compiled in half the time."""
    with tempfile.TemporaryDirectory(prefix="sluice-made-", dir="/var/tmp") as work:
        work = pathlib.Path(work)
        tree = work / "sluice"
        tree.mkdir()
        archive = subprocess.run(
            ["git", "-C", TOP, "archive", commit], stdout=subprocess.PIPE, check=True
        ).stdout
        subprocess.run(["tar", "-x", "-C", tree], input=archive, check=True)
        run(["autoreconf", "-fi"], cwd=tree)
        shutil.rmtree(tree / "autom4te.cache")
        # The web admin: this tree's, when it is the same or node would be asked.
        if (TOP / "web/dist").exists():
            shutil.copytree(TOP / "web/dist", tree / "web/dist")
        epoch = git("log", "-1", "--format=%ct", commit)
        (tree / ".tarball-version").write_text(f"{version_of(commit)} {epoch}\n")
        path = work / "sluice.tar.xz"
        run(["tar", "-C", work, "-I", "xz -0", "-cf", path, "sluice"])
        options = f"nocheck noopt parallel={os.cpu_count()}"
        run(
            ["sh", tree / "packaging/make-deb", "sluice", path, out],
            env=environ(DEB_BUILD_OPTIONS=options),
        )


def lint(changes):
    """What lintian finds that no override names."""
    done = subprocess.run(
        ["lintian", "--allow-root", "-I", "--pedantic", changes],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode in (0, 1, 2), done.stdout
    return done.stdout


def cached(name, make):
    """CACHE/name, made by make(folder) unless it is there whole."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = CACHE / name
        if not folder.exists():
            unfinished = CACHE / f"{name}.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            make(unfinished)
            unfinished.rename(folder)
        os.utime(folder)
        return Made(folder)


def is_changed():
    """Whether the tree differs from its commit."""
    return bool(git("status", "--porcelain", "--untracked-files=no"))


def forget_old():
    for folder in CACHE.glob("*.unfinished"):
        shutil.rmtree(folder)
    commits = [x for x in CACHE.glob("commit-*") if x.is_dir()]
    for folder in sorted(commits, key=lambda x: x.stat().st_mtime)[:-KEPT]:
        shutil.rmtree(folder)


def this():
    """The packages of the tree as it stands, or those in SLUICE_PACKAGES."""
    if "SLUICE_PACKAGES" in os.environ:
        return Made(os.environ["SLUICE_PACKAGES"])
    if is_clone() and not is_changed():
        made = cached(f"commit-{git('rev-parse', 'HEAD')}-here", make_here)
    else:
        shutil.rmtree(CACHE / "changed", ignore_errors=True)
        made = cached("changed", make_here)
    forget_old()
    return made


def repacked(deb, folder, version, schema_down=0):
    """The same package under another version; as if of an older schema."""
    tree = pathlib.Path(folder) / "tree"
    run(["dpkg-deb", "-R", deb, tree])
    control = tree / "DEBIAN/control"
    text = re.sub(r"(?m)^Version: .*", f"Version: {version}", control.read_text())
    control.write_text(text)
    preinst = tree / "DEBIAN/preinst"
    text, n = re.subn(
        r"(?m)^(\w+\.db) (\d+)$",
        lambda m: f"{m[1]} {int(m[2]) - schema_down}",
        preinst.read_text(),
    )
    assert n == 4, text
    preinst.write_text(text)
    out = pathlib.Path(folder) / f"sluice_{version}_amd64.deb"
    run(["dpkg-deb", "--root-owner-group", "-Zzstd", "-z1", "-b", tree, out])
    shutil.rmtree(tree)
    return out


def previous(folder):
    """The package of the commit before; `folder` is for one that is made of this."""
    if not is_clone() or "SLUICE_PACKAGES" in os.environ:
        return Made(repacked(this().deb, folder, "0.0.1-1").parent)
    commit = git("rev-parse", "HEAD" if is_changed() else "HEAD~1")
    here = CACHE / f"commit-{commit}-here"
    if here.exists():
        return Made(here)
    return cached(f"commit-{commit}", lambda out: make_commit(commit, out))


def clickhouse():
    """sluice-clickhouse, made anew when its recipe or library changes."""
    version = run(
        ["dpkg-parsechangelog", "-l", PACKAGING / "deb-clickhouse/changelog"]
        + ["-S", "Version"]
    ).strip()
    parts = [PACKAGING / "make-deb", PACKAGING / "make-rpm"]
    parts += [PACKAGING / "libchdb.sha512", PACKAGING / "versions"]
    parts += sorted(x for x in (PACKAGING / "deb-clickhouse").rglob("*") if x.is_file())
    parts += [PACKAGING / "rpm/sluice-clickhouse.spec", PACKAGING / "rpm/macros"]
    digest = hashlib.sha256(b"".join(x.read_bytes() for x in parts)).hexdigest()
    name = f"clickhouse-{version}-{digest[:16]}"
    for old in CACHE.glob("clickhouse-*"):
        if old.name != name:
            shutil.rmtree(old)

    def make(out):
        env = environ(SLUICE_ZSTD_LEVEL="3", DEB_BUILD_OPTIONS="nocheck")
        run(["sh", PACKAGING / "make-deb", "clickhouse", out], env=env)
        run(["sh", PACKAGING / "make-rpm", "clickhouse", out], env=env)
        # Half a minute over half a gigabyte: kept with it.
        (out / "lintian").write_text(lint(Made(out).one("*.changes")))

    return cached(name, make)

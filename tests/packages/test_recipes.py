"""What is in the Debian packages, what lintian says, and other architectures."""

import os
import re
import subprocess

import made
from roots import Root

CROSS = "crossbuild-essential-arm64"


def listing(deb):
    """{path: (mode, owner)} of a package."""
    rows = made.run(["dpkg-deb", "-c", deb]).splitlines()
    return {x.split()[5].lstrip("."): tuple(x.split()[:2]) for x in rows}


def field(deb, name):
    return made.run(["dpkg-deb", "-f", deb, name]).strip()


def test_lintian_finds_nothing_else(packages, clickhouse):
    found = made.lint(packages.one("*.changes"))
    assert not found, found
    found = (clickhouse.folder / "lintian").read_text()
    assert not found, found


def test_each_override_has_its_reason():
    for path in sorted(made.PACKAGING.glob("deb*/**/*lintian-overrides")):
        above = ""
        for line in path.read_text().splitlines():
            assert line.startswith("#") or above, f"{path}: no reason for {line}"
            above = line


def test_what_the_packages_hold(packages, clickhouse):
    files = listing(packages.deb)
    root_owned = "root/root"
    for path, mode in (
        ("/usr/bin/sluice", "-rwxr-xr-x"),
        ("/etc/sluice/sluice.conf", "-rw-r-----"),
        ("/lib/systemd/system/sluice.service", "-rw-r--r--"),
        ("/lib/systemd/system/sluice-capture-80.socket", "-rw-r--r--"),
        ("/usr/lib/sysusers.d/sluice.conf", "-rw-r--r--"),
        ("/usr/lib/tmpfiles.d/sluice.conf", "-rw-r--r--"),
        ("/usr/share/man/man1/sluice.1.gz", "-rw-r--r--"),
        ("/usr/share/man/man1/sluice-run.1.gz", "-rw-r--r--"),
        ("/usr/share/man/man5/sluice.conf.5.gz", "-rw-r--r--"),
        ("/usr/share/bash-completion/completions/sluice", "-rw-r--r--"),
        ("/usr/share/zsh/site-functions/_sluice", "-rw-r--r--"),
        ("/usr/share/fish/vendor_completions.d/sluice.fish", "-rw-r--r--"),
        ("/usr/share/doc/sluice/README.md", "-rw-r--r--"),
        ("/usr/share/doc/sluice/docs/install.md", "-rw-r--r--"),
        ("/usr/share/doc/sluice/copyright", "-rw-r--r--"),
        ("/usr/share/doc/sluice/changelog.gz", "-rw-r--r--"),
    ):
        assert files.get(path) == (mode, root_owned), (path, files.get(path))
    conffiles = made.run(["dpkg-deb", "-I", packages.deb, "conffiles"]).split()
    assert conffiles == ["/etc/sluice/sluice.conf"]
    library = clickhouse.one("sluice-clickhouse_*.deb")
    assert listing(library)["/usr/lib/sluice/libchdb.so"] == ("-rw-r--r--", root_owned)
    recommends = field(packages.deb, "Recommends")
    assert f"sluice-clickhouse (= {field(library, 'Version')})" in recommends
    symbols = listing(packages.one("sluice-dbgsym_*.deb"))
    assert any(x.endswith(".debug") for x in symbols)


def test_a_bad_changelog_heading_is_refused():
    args = ["sh", made.PACKAGING / "changelog", "deb", "sluice", "1", "0", "A <a@b.c>"]
    done = subprocess.run(
        args, input="## 1.0.0\n\n- x\n", text=True, capture_output=True
    )
    assert done.returncode != 0 and "no date" in done.stderr


def test_arm64_recipes_resolve(packages):
    """All that a build for arm64 asks for is in Debian, and nothing conflicts."""
    with Root("arm64") as root:
        root.mount()
        names = root.bring(packages.one("*.dsc"), *packages.folder.glob("*.tar.xz"))
        dsc = next(x for x in names if x.endswith(".dsc"))
        out = root.apt("-s", "-a", "arm64", "build-dep", dsc)
        chosen = set(re.findall(r"(?m)^Inst (\S+)", out))
        wanted = {"libmicrohttpd-dev:arm64", "libsodium-dev:arm64", "debhelper"}
        assert wanted <= chosen, wanted - chosen
        assert "gcc-12-aarch64-linux-gnu" in root.apt("-s", "install", CROSS)
        depends = re.findall(r"(?:^|, )(lib[^ ,]+)", field(packages.deb, "Depends"))
        root.apt("-s", "install", *(f"{x}:arm64" for x in depends))


def test_no_library_for_arm64_is_said(folder):
    done = subprocess.run(
        ["sh", made.PACKAGING / "make-deb", "clickhouse", folder],
        env=made.environ(SLUICE_DEB_ARCH="arm64"),
        text=True,
        capture_output=True,
    )
    assert done.returncode == 3
    assert "aarch64 is not served yet" in done.stderr


# Compiles everything a second time.
if os.environ.get("SLUICE_CHECK") == "full":

    def test_the_same_bytes_again(packages, folder):
        archive = packages.one("*.orig.tar.xz")
        renamed = folder / "sluice-again.tar.xz"
        renamed.write_bytes(archive.read_bytes())
        again = made.Made(folder / "out")
        options = f"nocheck parallel={os.cpu_count()}"
        made.run(
            ["sh", made.PACKAGING / "make-deb", "sluice", renamed, again.folder],
            env=made.environ(DEB_BUILD_OPTIONS=options),
        )
        for pattern in ("sluice_*.deb", "sluice-dbgsym_*.deb"):
            assert again.one(pattern).read_bytes() == packages.one(pattern).read_bytes()

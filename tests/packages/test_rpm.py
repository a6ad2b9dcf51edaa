"""The RPM, as far as Debian's rpm can go: linted, installed in a booted root."""

import re

import made
from roots import Root
from site_kit import Site, token_in
from test_systemd import check_ownership, log_of, pid_of, processes, service

RPM = ["rpm", "--force-debian", "--nodeps"]


def libraries(deb):
    """Names of the libraries that the program needs here, from the other package."""
    depends = made.run(["dpkg-deb", "-f", deb, "Depends"])
    return re.findall(r"(?:^|, )(lib[^ ,]+)", depends)


def test_rpmlint_finds_nothing_else(packages, clickhouse):
    for name, rpms in (
        ("sluice", sorted(packages.folder.glob("*.rpm"))),
        ("sluice-clickhouse", sorted(clickhouse.folder.glob("*.rpm"))),
    ):
        filters = made.PACKAGING / f"rpm/{name}.rpmlintrc"
        out = made.run(["rpmlint", "-r", filters, *rpms])
        assert re.search(r" 0 errors, 0 warnings", out), out


def test_what_the_rpm_holds(packages):
    names = {x.name.rsplit("-", 2)[0] for x in packages.folder.glob("*.rpm")}
    assert names == {"sluice", "sluice-debuginfo"}
    rpm = packages.one("sluice-[0-9]*.rpm")
    query = ["rpm", "-qp", "--nosignature"]
    form = "[%{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILENAMES}\n]"
    files = made.run([*query, "--qf", form, rpm])
    for line in (
        "-rwxr-xr-x root:root /usr/bin/sluice",
        "-rw-r----- root:sluice /etc/sluice/sluice.conf",
        "drwx------ sluice:sluice /var/lib/sluice",
        "-rw-r--r-- root:root /usr/lib/systemd/system/sluice.service",
        "-rw-r--r-- root:root /usr/lib/sysusers.d/sluice.conf",
        "-rw-r--r-- root:root /usr/lib/tmpfiles.d/sluice.conf",
        "-rw-r--r-- root:root /usr/share/man/man1/sluice.1.gz",
        "-rw-r--r-- root:root /usr/share/man/man5/sluice.conf.5.gz",
    ):
        assert f"{line}\n" in files, files
    assert made.run([*query, "-c", rpm]).split() == ["/etc/sluice/sluice.conf"]
    assert "- " in made.run([*query, "--changelog", rpm])


def test_scripts_of_the_rpm_with_systemd(packages, folder):
    with Root("booted") as root:
        needed = ["rpm", *libraries(packages.deb)]
        root.fetch(*needed)
        root.apt("install", "--no-install-recommends", *needed)
        (rpm,) = root.bring(packages.one("sluice-[0-9]*.rpm"))
        root.boot()
        said = root.run(*RPM, "-i", rpm)
        check_ownership(root)
        site = Site(root)
        key = site.set_up(token_in(said))
        site.send(key, "from an rpm")
        root.run("sluice", "wait", "--drained", "--timeout-s", 60)
        persons = root.run("sluice", "person", "list", "--project", 1, "--json")
        assert '"ada"' in persons

        # Installed over itself: a running service is started anew, settings stay.
        root.run("sh", "-c", "echo '# mine' >>/etc/sluice/sluice.conf")
        was = pid_of(root)
        assert "/setup#" not in root.run(*RPM, "-U", "--force", rpm)
        assert pid_of(root) not in (0, was)
        root.run("sluice", "wait", "--ready", "--timeout-s", 30)
        assert "# mine" in root.run("cat", "/etc/sluice/sluice.conf")
        assert root.run("sluice", "person", "list", "--project", 1, "--json") == persons

        # One that was stopped stays so.
        root.run("systemctl", "stop", "sluice")
        root.run(*RPM, "-U", "--force", rpm)
        assert service(root, "ActiveState")["ActiveState"] == "inactive"

        # Newer files: refused by the package, and by the program.
        state = root.path / "var/lib/sluice/state.db"
        version = made.run(["sqlite3", state, "PRAGMA user_version"]).strip()
        made.run(["sqlite3", state, "PRAGMA user_version = 99"])
        said = root.run(*RPM, "-U", "--force", rpm, ok=(1,))
        assert "state.db was written by a newer Sluice (schema 99, this" in said
        assert root.run("rpm", "-q", "sluice").startswith("sluice-")
        root.run("systemctl", "start", "sluice", ok=(1,))
        assert "newer Sluice (schema 99" in log_of(root)
        made.run(["sqlite3", state, f"PRAGMA user_version = {version}"])
        root.run("systemctl", "reset-failed", "sluice")

        # Erased: stopped, data and changed settings stay.
        root.run("systemctl", "start", "sluice")
        said = root.run(*RPM, "-e", "sluice")
        assert "The data of Sluice is kept: /var/lib/sluice" in said
        assert "sluice" not in processes(root)
        assert root.run("ls", "/var/lib/sluice/state.db")
        assert "# mine" in root.run("cat", "/etc/sluice/sluice.conf.rpmsave")

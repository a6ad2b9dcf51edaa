"""Installed by apt in a booted Debian 12: start, first event, upgrade, end."""

import re
import time

import made
from roots import Root
from site_kit import Site, token_in

LIMIT_S = 120


def service(root, *properties):
    out = root.run("systemctl", "show", "sluice", "-p", ",".join(properties))
    return dict(x.split("=", 1) for x in out.splitlines())


def pid_of(root):
    return int(service(root, "MainPID")["MainPID"])


def log_of(root):
    return root.run("journalctl", "-u", "sluice", "-o", "cat", "--no-pager")


def check_ownership(root):
    stat = ["stat", "-c", "%U:%G %a"]
    assert root.run(*stat, "/var/lib/sluice").strip() == "sluice:sluice 700"
    assert root.run(*stat, "/etc/sluice/sluice.conf").strip() == "root:sluice 640"
    who = root.run("stat", "-c", "%U", f"/proc/{pid_of(root)}").strip()
    assert who == "sluice"


def processes(root):
    """Names of what runs inside."""
    return set(root.run("sh", "-c", "cat /proc/[0-9]*/comm 2>/dev/null || :").split())


def listeners(root):
    """Addresses of the listening TCP sockets of the root."""
    out = root.host_run("ss", "-H", "-l", "-t", "-n").decode()
    return {line.split()[3] for line in out.splitlines()}


def test_from_packages_to_first_event_and_to_purge(packages, clickhouse, capsys):
    with Root("booted") as root:
        debs = root.bring(packages.deb, clickhouse.one("sluice-clickhouse_*.deb"))
        root.fetch(*debs)
        root.boot()
        begin = time.monotonic()
        said = root.apt("install", *debs)
        installed = time.monotonic()
        site = Site(root)
        key = site.set_up(token_in(said))
        site.send(key, "first event")
        site.await_count("first event", 1)
        took = time.monotonic() - begin
        with capsys.disabled():
            print(
                f"\nfrom apt install to the first event by SQL: {took:.1f} s, "
                f"{installed - begin:.1f} s of them apt; without download"
            )
        assert took <= LIMIT_S
        check_ownership(root)
        assert listeners(root) == {
            "0.0.0.0:8000",
            "127.0.0.1:8001",
            "127.0.0.1:9092",
            "127.0.0.1:8123",
        }

        # A replaced library is taken up by a daemon that runs.
        before = pid_of(root)
        root.run("dpkg-trigger", "--no-await", "sluice-library")
        root.run("dpkg", "--triggers-only", "sluice")
        assert pid_of(root) not in (0, before)

        # remove: stopped, data and settings stay.
        root.run("sh", "-c", "echo '# mine' >>/etc/sluice/sluice.conf")
        root.apt("remove", "sluice")
        assert service(root, "ActiveState")["ActiveState"] in ("inactive", "failed")
        assert "sluice" not in processes(root)
        assert root.run("ls", "/var/lib/sluice/state.db")
        said = root.apt("install", debs[0])
        assert "/setup#" not in said, "it is set up already"
        assert "# mine" in root.run("cat", "/etc/sluice/sluice.conf")
        site.await_count("first event", 1)
        site.sign_in()

        # purge: without an answer the data stays, as it does for "no".
        said = root.apt("purge", "sluice")
        assert "The data of Sluice is kept: /var/lib/sluice" in said
        assert root.run("ls", "/var/lib/sluice/state.db")
        root.run("test", "-e", "/etc/sluice", ok=(1,))
        root.apt("install", debs[0])
        root.run(
            "debconf-set-selections", input="sluice sluice/purge-data boolean true\n"
        )
        root.apt("purge", "sluice")
        root.run("test", "-e", "/var/lib/sluice", ok=(1,))
        assert "sluice" not in root.run(
            "sh", "-c", "ls /etc /usr/bin /lib/systemd/system"
        )


def test_upgrade_from_the_previous_commit(packages, folder, capsys):
    before = made.previous(folder)
    with Root("booted") as root:
        old, new = root.bring(before.deb, packages.deb)
        root.fetch(old)
        root.boot()
        said = root.apt("install", "--no-install-recommends", old)
        site = Site(root)
        key = site.set_up(token_in(said))
        site.send(key, "before")
        root.run("sluice", "wait", "--drained", "--timeout-s", 60)
        persons = root.run("sluice", "person", "list", "--project", 1, "--json")
        assert '"ada"' in persons

        # A running service is drained and started anew; a changed conffile stays.
        root.run("sh", "-c", "echo '# mine' >>/etc/sluice/sluice.conf")
        was = pid_of(root)
        begin = time.monotonic()
        said = root.apt("install", "-o", "DPkg::Options::=--force-confold", new)
        with capsys.disabled():
            print(
                f"\nupgrade {before.version} to {packages.version}: "
                f"{time.monotonic() - begin:.1f} s"
            )
        assert "/setup#" not in said
        assert pid_of(root) not in (0, was)
        root.run("sluice", "wait", "--ready", "--timeout-s", 30)
        assert re.search(r"(?i)drain|stopp", log_of(root)), log_of(root)
        assert "# mine" in root.run("cat", "/etc/sluice/sluice.conf")
        assert root.run("dpkg-query", "-W", "-f", "${Version}", "sluice") == (
            packages.version
        )
        check_ownership(root)
        assert root.run("sluice", "person", "list", "--project", 1, "--json") == persons
        site.sign_in()
        site.send(key, "after")
        root.run("sluice", "wait", "--drained", "--timeout-s", 60)

        # One that was stopped is not started, and stays enabled.
        root.run("systemctl", "stop", "sluice")
        root.apt("install", "--reinstall", new)
        assert service(root, "ActiveState")["ActiveState"] == "inactive"
        assert root.run("systemctl", "is-enabled", "sluice").strip() == "enabled"

        # An older schema is refused before anything changes; the service runs on.
        root.run("systemctl", "start", "sluice")
        was = pid_of(root)
        older = made.repacked(packages.deb, folder, "0.0.1-1", schema_down=1)
        (older,) = root.bring(older)
        said = root.apt("install", "--allow-downgrades", older, ok=(100,))
        assert "was written by a newer Sluice (schema " in said
        assert "Nothing was changed." in said
        assert pid_of(root) == was
        root.run("sluice", "version")
        assert root.run("dpkg-query", "-W", "-f", "${Version} ${Status}", "sluice") == (
            f"{packages.version} install ok installed"
        )

        # What gets past that is refused by the program, which says the same.
        root.run("systemctl", "stop", "sluice")
        state = root.path / "var/lib/sluice/state.db"
        made.run(["sqlite3", state, "PRAGMA user_version = 99"])
        root.run("systemctl", "start", "sluice", ok=(1,))
        assert "state.db was written by a newer Sluice (schema 99" in log_of(root)
        said = root.apt("install", "--reinstall", new, ok=(100,))
        assert "state.db was written by a newer Sluice (schema 99, this" in said

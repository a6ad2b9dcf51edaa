"""Installed by apt in a Debian 12 that has no systemd running: a chroot."""

import json
import re
import time

from roots import Root
from site_kit import Site, token_in

LIMIT_S = 120


def start_as_told(root, said, log):
    """The line that the installation printed, with ports that are free here."""
    told = re.search(r"(?m)^  (setpriv .* sluice run)$", said)
    assert told, said
    free = [f"{x}.listen=127.0.0.1:0" for x in "capture admin kafka clickhouse".split()]
    options = [y for x in free for y in ("--set", x)]
    process = root.start(*told[1].split(), *options, log=log)
    ports = root.path / "var/lib/sluice/ports.json"
    deadline = time.monotonic() + 30
    while not ports.exists():
        assert process.poll() is None and time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)
    return process, json.loads(ports.read_text())


def test_without_systemd(packages, clickhouse, folder, capsys):
    log = folder / "log"
    with Root("plain") as root:
        root.mount()
        debs = root.bring(packages.deb, clickhouse.one("sluice-clickhouse_*.deb"))
        root.fetch(*debs)
        begin = time.monotonic()
        said = root.apt("install", *debs)
        assert "Sluice is installed and was not started." in said
        process, ports = start_as_told(root, said, log)
        try:
            site = Site(root, ports["capture"], ports["admin"])
            link = root.run("sluice", "user", "setup")
            key = site.set_up(token_in(re.sub(r":\d+/setup", ":8001/setup", link)))
            site.send(key, "first event")
            site.await_count("first event", 1)
            took = time.monotonic() - begin
            with capsys.disabled():
                print(f"\nwithout systemd, to the first event by SQL: {took:.1f} s")
            assert took <= LIMIT_S
            stat = root.run("stat", "-c", "%U:%G %a", "/var/lib/sluice")
            assert stat.strip() == "sluice:sluice 700"
        finally:
            process.terminate()
            assert process.wait(40) == 0, log.read_text()[-3000:]
        root.apt("remove", "sluice")
        assert (root.path / "var/lib/sluice/state.db").exists()
        root.run(
            "debconf-set-selections", input="sluice sluice/purge-data boolean false\n"
        )
        said = root.apt("purge", "sluice")
        assert "is kept: /var/lib/sluice" in said
        assert (root.path / "var/lib/sluice/state.db").exists()

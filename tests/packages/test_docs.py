"""Every command of docs/install.md, in its order, in a booted Debian 12."""

import re

import made
from roots import Failed, Root
from site_kit import Site, token_in
from test_systemd import log_of


def blocks():
    text = (made.TOP / "docs/install.md").read_text()
    return re.findall(r"(?ms)^```sh\n(.*?)^```$", text)


def test_commands_of_the_install_page(packages, clickhouse):
    with Root("booted") as root:
        (root.path / "etc/apt/apt.conf.d/yes").write_text('APT::Get::Assume-Yes "1";\n')
        debs = root.bring(packages.deb, clickhouse.one("sluice-clickhouse_*.deb"))
        root.fetch(*debs)
        root.boot()
        said = []
        for block in blocks():
            try:
                said.append(root.run("sh", "-ec", f"cd /pkg\n{block}", timeout_s=300))
            except Failed as e:
                raise AssertionError(f"{e}\n{log_of(root)[-4000:]}") from e
            if block.startswith("sluice user setup"):
                site = Site(root)
                key = site.set_up(token_in(said[-1]))
                site.send(key, "first event")
                site.await_count("first event", 1)
            if block.startswith("systemctl stop") and "start sluice" in block:
                root.run("sluice", "wait", "--ready", "--timeout-s", 60)
                site.sign_in()
                site.await_count("first event", 1)
        assert "/setup#" in said[0]
        assert len(said) == 9
        root.run("test", "-e", "/var/lib/sluice", ok=(1,))

"""What docs/capture.md shows works as it stands there."""

import re
import shlex

import pytest
from sluicetest import TOP, Sluice

TEXT = (TOP / "docs" / "capture.md").read_text()


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", TEXT, re.M | re.S)


@pytest.fixture(scope="module")
def sluice(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs")
    listed = folder / "overflow"
    listed.write_text("phc_busy\n")
    (ini,) = blocks("ini")
    config = folder / "sluice.conf"
    config.write_text(ini.replace("/etc/sluice/overflow", str(listed)))
    with WithConfig(config) as s:
        yield s


class WithConfig(Sluice):
    def __init__(self, config):
        super().__init__()
        self.config = config

    def run_command(self):
        return [*super().run_command(), "--config", str(self.config)]


def read(sluice, topic):
    return [r["key"] for r in sluice.records(topic, 0)]


def test_the_settings_do_what_is_said(sluice):
    for name in ("phc_old", "phc_shop", "phc_busy"):
        sluice.project(name, token=name)
    one = [{"event": "e", "distinct_id": "bot-7"}]
    for name in ("phc_old", "phc_shop", "phc_busy"):
        sluice.send(name, one + [{"event": "e", "distinct_id": "u"}])
    assert read(sluice, "events_plugin_ingestion") == ["phc_shop:u"]
    over = read(sluice, "events_plugin_ingestion_overflow")
    assert over == ["phc_busy:bot-7", "phc_busy:u"]


def test_the_commands_of_the_page_run(sluice):
    project = sluice.project("page")
    (commands,) = blocks("sh")
    for line in commands.splitlines():
        words = shlex.split(line)
        assert words[:4] == ["sluice", "project", "set", "1"]
        sluice.cli("project", "set", project["id"], *words[4:])
    token = project["api_token"]
    names = ("debug", "kept")
    sluice.send(token, [{"event": n, "distinct_id": "u"} for n in names])
    assert read(sluice, "events_plugin_ingestion").count(f"{token}:u") == 1
    limited = sluice.send
    with pytest.raises(AssertionError, match="rate limited"):
        for _ in range(3):
            limited(token, [{"event": "e", "distinct_id": "u"}] * 3000)


def test_the_page_names_what_there_is(sluice):
    settings = {x["name"]: x for x in sluice.cli_lines("config", "show")}
    named = set(re.findall(r"`(capture\.[a-z_]+)`", TEXT))
    assert named <= set(settings)
    paths = re.findall(r"^\| ((?:`/[^`]*`(?:, )?)+) \|", TEXT, re.M)
    for path in re.findall(r"`(/[^`?]*)", " ".join(paths)):
        for form in (path, path.rstrip("/") + "/"):
            status = sluice.http("capture", form, method="PUT")[0]
            assert status == 405, form

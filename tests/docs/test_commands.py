"""Every command in a block marked sh of README.md and docs/ is run here, against a
demo daemon, or by the test that ELSEWHERE names."""

import os
import pathlib
import re
import subprocess
import sys

import pytest
from sluicetest import TOP, Sluice, binary, eventually

KEY = "phc_demo_sluice_local_appliance_key_000000000"
HOST = "https://events.example.com"
UUID = "0198c0de-0000-7000-8000-000000000000"
LIMIT_S = 60

# Blocks that cannot run beside a demo daemon: page, first words of the block, and
# the test that runs these commands, or those that they stand for.
ELSEWHERE = [
    # It installs and builds as the check that runs this test, then runs the demo.
    (
        "README.md",
        "sh packaging/quickstart",
        "tests/cli/test_daemon.py::test_the_demo_prints_what_to_do",
    ),
    ("docs/hacking.md", "autoreconf -fi", "packaging/check::stage_unit"),
    ("docs/hacking.md", "make tests/bench/bench_json", "packaging/check::stage_dist"),
    # In a machine of its own, where they may install, stop and delete.
    (
        "docs/install.md",
        "",
        "tests/packages/test_docs.py::test_commands_of_the_install_page",
    ),
    # With its own project, key and letters.
    (
        "docs/api.md",
        "",
        "tests/api/test_page.py::test_each_block_of_the_page_does_what_it_says",
    ),
    # Packages of other registries, at the pinned versions.
    ("docs/first-steps.md", "npm install", "tests/sdk/test_sdk.py::test_scenario"),
    ("docs/first-steps.md", "pip install", "tests/sdk/test_sdk.py::test_scenario"),
    ("docs/first-steps.md", "go get", "tests/sdk/test_sdk.py::test_scenario"),
    ("docs/first-steps.md", "cargo add", "tests/sdk/test_sdk.py::test_scenario"),
    # systemd is not the first process where tests run.
    (
        "docs/security.md",
        "systemd-analyze security",
        "tests/system/test_unit.py::test_the_exposure_is_at_most_what_is_promised",
    ),
    (
        "docs/security.md",
        "systemctl enable sluice-capture-80.socket",
        "tests/system/test_service.py::"
        "test_sockets_are_taken_by_name_instead_of_the_settings",
    ),
]
# What may be run here at all; a block of anything else belongs to ELSEWHERE.
COMMANDS = {"sluice", "build/sluice", "curl", "${EDITOR:-vi}"}
# Snippets in other languages: the pages whose python blocks are run here, and who
# runs the SDKs of the others.
SNIPPETS = {"js", "go", "rust", "java", "ruby", "php"}
SNIPPET_PAGES = {"docs/sdks.md", "docs/first-steps.md"}


def blocks(language):
    """(page, line, text) of each block of a language."""
    pages = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]
    found = []
    for page in pages:
        text = page.read_text()
        for m in re.finditer(rf"(?ms)^```{language}\n(.*?)^```", text):
            line = text.count("\n", 0, m.start()) + 1
            found.append((str(page.relative_to(TOP)), line, m[1]))
    return found


def elsewhere(page, text):
    for where, words, test in ELSEWHERE:
        if page == where and text.startswith(words):
            return test
    return None


def names(block):
    return f"{block[0]}:{block[1]}"


RUN_HERE = [b for b in blocks("sh") if elsewhere(b[0], b[2]) is None]


class Demo:
    """A daemon with the demo's project and an event of a known uuid."""

    def __init__(self, sluice, folder):
        self.sluice, self.folder = sluice, folder
        tools = folder / "bin"
        tools.mkdir()
        program = tools / "sluice"
        program.write_text(
            f'#!/bin/sh\nexec "{binary()}" "$@" --data "{sluice.data}"\n'
        )
        editor = tools / "editor"
        editor.write_text('#!/bin/sh\nsed -i \'s/"bad"/"good"/\' "$1"\n')
        for tool in (program, editor):
            tool.chmod(0o755)
        (folder / "build").mkdir()
        os.symlink(program, folder / "build" / "sluice")
        self.env = {
            **os.environ,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "EDITOR": str(editor),
        }

    def letter(self):
        """The id of a new dead letter, still pending."""
        before = {x["id"] for x in self.sluice.api_items("/api/v1/dlq")}
        self.sluice.send("phc_nobodys", [{"event": "bad", "distinct_id": "d"}])

        def fresh():
            letters = self.sluice.api_items("/api/v1/dlq")
            return [x["id"] for x in letters if x["id"] not in before]

        return eventually(fresh, 20, "a dead letter")[0]

    def fill_in(self, text):
        url = self.sluice.url("capture", "").rstrip("/")
        text = text.replace(HOST, url).replace("http://127.0.0.1:8000", url)
        text = re.sub(r"phc_KEY|phc_your_key|phc_demo_\w+", KEY, text)
        # A daemon's own folder, named by who runs it.
        return re.sub(r"--data \S+", "", text)

    def run(self, *command):
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            env=self.env,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, (command[-1], done.stdout, done.stderr)
        return done.stdout


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    settings = {"capture.unknown_token": "keep"}
    with Sluice(clickhouse=True, demo=True, settings=settings) as s:
        s.cli("wait", "--ready", "--timeout-s", 60)
        event = {"event": "hello", "distinct_id": "user-1", "uuid": UUID}
        s.send(KEY, [event])
        s.drain()
        yield Demo(s, tmp_path_factory.mktemp("docs"))
        s.stop()


@pytest.mark.parametrize("block", RUN_HERE, ids=names)
def test_commands_run(demo, block):
    for line in re.sub(r"\\\n", " ", block[2]).splitlines():
        assert line.split()[0] in COMMANDS, f"not to be run here: {line}"
    text = demo.fill_in(block[2])
    if "$ID" in text:
        demo.env["ID"] = demo.letter()
    demo.run("bash", "-euo", "pipefail", "-c", text)


@pytest.mark.parametrize("block", blocks("python"), ids=names)
def test_python_runs_and_its_event_arrives(demo, block):
    text = demo.fill_in(block[2])
    # A short program may end before the SDK has sent: the page's reader's do not.
    if "shutdown" not in text:
        text += "client.shutdown()\n"
    before = count(demo)
    demo.run(sys.executable, "-c", text)
    eventually(lambda: count(demo) > before, 30, "its event")


def count(demo):
    return int(demo.sluice.sql("SELECT count() AS n FROM events")[0]["n"])


def test_each_block_is_run_here_or_by_a_test_that_is_there():
    assert len(RUN_HERE) > 10
    for page, words, test in ELSEWHERE:
        assert any(b[0] == page and b[2].startswith(words) for b in blocks("sh")), (
            page,
            words,
        )
        file, _, name = test.partition("::")
        text = pathlib.Path(TOP, file).read_text()
        assert re.search(rf"(?m)^(def )?{name}\(", text), test


def test_snippets_of_other_languages_stand_where_their_sdks_are_tested():
    for language in SNIPPETS:
        found = {page for page, _, _ in blocks(language)}
        assert found <= SNIPPET_PAGES, (language, found)
    # Each SDK that tests/sdk runs has a snippet.
    for word in ("posthog-js", "posthog-node", "posthog-go", "posthog-rs"):
        assert word in (TOP / "docs" / "first-steps.md").read_text()

"""What the program makes from its tables: settings file, manual, completion (cli-4)."""

import json
import pathlib
import re
import subprocess

import pytest
from sluicetest import binary

TIMEOUT_S = 60


def run(*command, **more):
    return subprocess.run(
        command, capture_output=True, text=True, timeout=TIMEOUT_S, **more
    )


def sluice(*args):
    done = run(binary(), *args)
    assert done.returncode == 0, done.stderr
    return done.stdout


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated") / "out"
    sluice("manual", "--out", str(folder))
    return folder


@pytest.fixture(scope="module")
def settings():
    return json_lines(sluice("config", "help", "--json"))


@pytest.fixture(scope="module")
def commands():
    """(name, help page) of each command, from the program's own help."""
    names = []
    for line in sluice("--help").splitlines():
        found = re.match(r"  ([a-z][a-z -]*?)  +\S", line)
        if found and not line.startswith("  -"):
            names.append(found[1])
    assert "topic read" in names and len(names) > 30
    return {name: sluice(*name.split(), "--help") for name in names}


# cli-4
# --- the settings file


def test_the_file_has_every_setting_commented_out_with_its_facts(settings):
    text = sluice("config", "template")
    blocks = dict(
        (m[2], m[1]) for m in re.finditer(r"((?:# .*\n)+)#([a-z0-9_.]+) =.*\n", text)
    )
    assert list(blocks) == [row["name"] for row in settings]
    for row in settings:
        words = " ".join(blocks[row["name"]].replace("\n# ", " ").split())
        assert row["help"] in words, row
        assert f"Type: {row['type']}" in words, row
        assert "Default: " in words and "Applies: at " in words
    for line in text.splitlines():
        assert line == "" or line.startswith("#"), "it changes a setting"
        assert len(line) <= 198


def test_the_file_with_every_setting_uncommented_is_the_defaults(tmp_path, settings):
    text = sluice("config", "template")
    file = tmp_path / "sluice.conf"
    file.write_text(re.sub(r"(?m)^#(?=[a-z0-9_.]+ =)", "", text))
    sluice("config", "check", "--config", str(file))
    empty = tmp_path / "empty.conf"
    empty.write_text("")
    values = [
        {row["name"]: row["value"] for row in json_lines(out)}
        for out in (
            sluice("config", "show", "--json", "--config", str(file)),
            sluice("config", "show", "--json", "--config", str(empty)),
        )
    ]
    assert values[0] == values[1]
    assert list(values[0]) == [row["name"] for row in settings]


# --- the manual


def pages(made):
    found = sorted(made.glob("man1/*.1")) + sorted(made.glob("man5/*.5"))
    assert len(found) > 15
    return found


def test_the_manual_is_clean_by_mandoc(made):
    done = run("mandoc", "-T", "lint", "-W", "warning", *map(str, pages(made)))
    assert (done.returncode, done.stdout) == (0, "")


def test_the_manual_is_clean_by_man(made):
    for page in pages(made):
        done = run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(page))
        assert (done.returncode, done.stderr) == (0, ""), page


def plain(page):
    done = run("mandoc", "-T", "ascii", "-O", "width=200", str(page))
    assert done.returncode == 0
    return " ".join(re.sub(".\b", "", done.stdout).split())


def test_each_command_and_option_is_in_its_page(made, commands):
    for name, text in commands.items():
        page = plain(made / "man1" / f"sluice-{name.split()[0]}.1")
        assert f"sluice {name}" in page
        own, _ = text.split("\nExit status")
        for option in re.findall(r"(?m)^  (--[a-z-]+(?: \S+)?)  ", own):
            assert option in page, (name, option)
    main = plain(made / "man1" / "sluice.1")
    for name in commands:
        assert name in main and f"sluice-{name.split()[0]}(1)" in main


def test_each_setting_is_in_its_page(made, settings):
    page = plain(made / "man5" / "sluice.conf.5")
    for row in settings:
        assert f"{row['name']} {row['help']}" in page, row


def test_a_page_can_be_asked_for_alone(made):
    for argument, file in (
        ("sluice", "man1/sluice.1"),
        ("sluice.conf", "man5/sluice.conf.5"),
        ("dlq", "man1/sluice-dlq.1"),
        ("sluice-dlq", "man1/sluice-dlq.1"),
    ):
        assert sluice("manual", argument) == (made / file).read_text()
    done = run(binary(), "manual", "nothing")
    assert done.returncode == 2 and "no page 'nothing'" in done.stderr


def test_builds_of_one_source_make_the_same_pages(tmp_path):
    out = []
    for name in ("a", "b"):
        folder = tmp_path / name
        done = run(
            binary(),
            "manual",
            "--out",
            str(folder),
            env={"SOURCE_DATE_EPOCH": "1700000000", "TZ": f"UTC{len(out)}"},
        )
        assert done.returncode == 0, done.stderr
        out.append(
            {
                str(p.relative_to(folder)): p.read_text()
                for p in sorted(folder.rglob("*"))
                if p.is_file()
            }
        )
    assert out[0] == out[1]
    assert ".Dd November 14, 2023" in out[0]["man1/sluice.1"]


# --- completion


COMPLETE = r"""
source "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
COMPREPLY=()
_sluice
printf '%s\n' "${COMPREPLY[@]}"
"""


def complete_bash(made, line, cwd=None):
    """What bash offers at the end of the line, split as readline does."""
    words = re.findall(r"[=:]|[^\s=:]+", line)
    if line.endswith((" ", "=", ":")):
        words.append("")
    script = made / "completion" / "sluice.bash"
    done = run("bash", "--norc", "-uc", COMPLETE, "bash", script, *words, cwd=cwd)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return sorted(done.stdout.split())


def complete_fish(made, line, cwd=None):
    script = made / "completion" / "sluice.fish"
    code = f"source {script}; complete -C '{line}'"
    done = run("fish", "--no-config", "-c", code, cwd=cwd)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return sorted({x.split("\t")[0] for x in done.stdout.splitlines()})


COMMON = ["--config", "--data", "--help", "--json", "--set"]


def test_bash_completes_commands_options_and_values(made, commands, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file.txt").write_text("")

    def complete(line):
        return complete_bash(made, line, tmp_path)

    firsts = sorted({name.split()[0] for name in commands})
    assert complete("sluice ") == firsts
    assert complete("sluice pro") == ["project"]
    assert complete("sluice --data /x proj") == ["project"]
    assert complete("sluice topic ") == ["create", "delete", "list", "read"]
    assert complete("sluice --json topic r") == ["read"]
    assert complete("sluice status --") == COMMON
    assert complete("sluice topic read --") == sorted(
        [*COMMON, "--follow", "--from", "--max", "--partition"]
    )
    assert complete("sluice topic read x --fo") == ["--follow"]
    assert complete("sluice run --data fo") == ["folder"]
    assert complete("sluice run --data=fo") == ["folder"]
    assert complete("sluice run --config fi") == ["file.txt"]
    assert complete("sluice completion ") == ["bash", "fish", "zsh"]
    assert complete("sluice config help clickhouse.mo") == ["clickhouse.mode"]


def test_bash_completes_settings_and_their_choices(made):
    assert complete_bash(made, "sluice run --set log.") == ["log.format=", "log.level="]
    levels = ["debug", "error", "info", "warn"]
    assert complete_bash(made, "sluice run --set log.level=") == levels
    assert complete_bash(made, "sluice run --set=log.level=") == levels
    assert complete_bash(made, "sluice run --set log.level=i") == ["info"]
    # A project's --set is not a setting of the daemon, nor is a free text.
    assert complete_bash(made, "sluice project create --set log.") == []
    assert complete_bash(made, "sluice project create --name lo") == []
    assert complete_bash(made, "sluice run --set a.b=127.0.0.1:80 --de") == ["--demo"]


def test_fish_completes_commands_options_and_values(made, commands, tmp_path):
    (tmp_path / "folder").mkdir()

    def complete(line):
        return complete_fish(made, line, tmp_path)

    assert complete("sluice ") == sorted({name.split()[0] for name in commands})
    assert complete("sluice topic ") == ["create", "delete", "list", "read"]
    assert complete("sluice --data /x topic r") == ["read"]
    assert complete("sluice status --") == COMMON
    assert complete("sluice topic read --fo") == ["--follow"]
    assert complete("sluice run --data fo") == ["folder/"]
    assert complete("sluice completion ") == ["bash", "fish", "zsh"]
    assert complete("sluice config help clickhouse.mo") == ["clickhouse.mode"]
    assert "log.level=info" in complete("sluice run --set log.level=")


ZSH = r"""
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1= RPS1= ; autoload -U compinit; compinit -u -d $3; fpath=($1:h \$fpath)"
zpty -w z "autoload -Uz _sluice; compdef _sluice sluice"
zpty -w z "zstyle ':completion:*' list-prompt ''; LISTMAX=0; COLUMNS=200"
zpty -w z "bindkey '^I' list-choices; print RE''ADY"
zpty -r z out '*READY*'
zpty -n -w z "$2"$'\t'
zpty -r z out "*$4*"
print -r -- $out
zpty -d z
"""


def test_zsh_completes_commands_and_options(made, tmp_path):
    script = made / "completion" / "_sluice"

    def offered(line, text):
        """What is shown until the text comes; zsh lists nothing while keys wait."""
        args = [script, line, tmp_path / "dump", text]
        done = run("zsh", "-f", "-c", ZSH, "zsh", *args)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert re.search(r"topic +-- ", offered("sluice t", "-- List the topics"))
    assert re.search(r"read +-- ", offered("sluice topic ", "-- Print the records"))
    assert re.search(r"--follow +-- ", offered("sluice topic read --f", "-- wait"))
    assert "log.level" in offered("sluice run --set log.", "log.level")


def test_the_scripts_pass_their_shells_own_check(made):
    folder: pathlib.Path = made / "completion"
    for command in (
        ("bash", "-n", folder / "sluice.bash"),
        ("zsh", "-n", folder / "_sluice"),
        ("fish", "--no-execute", folder / "sluice.fish"),
    ):
        done = run(*command)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), command


def test_an_unknown_shell_is_refused():
    done = run(binary(), "completion", "tcsh")
    assert done.returncode == 2 and "bash, fish and zsh" in done.stderr

"""Settings: where they come from, what is refused, and what says so."""

import json
import os
import subprocess

import pytest
from sluicetest import binary


def run(*args, env=None):
    return subprocess.run(
        [binary(), *map(str, args)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **(env or {})},
    )


@pytest.mark.parametrize("command", [["config", "check"], ["run"]])
@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("capture.lisen=127.0.0.1:0", ["capture.lisen", "capture.listen", "--set"]),
        ("capture.threads=1000", ["capture.threads", "1000", "64"]),
        ("capture.threads=many", ["capture.threads", "many"]),
        ("spool.max_bytes=1", ["spool.max_bytes", "1048576"]),
        ("capture.unknown_token=maybe", ["maybe", "reject", "keep"]),
        ("roles=capture,brewer", ["roles", "brewer", "broker"]),
        ("capture.listen=nowhere", ["capture.listen", "nowhere"]),
        ("kafka.mode=external", ["kafka.mode", "embedded"]),
        ("log.level", ["log.level"]),
    ],
)
def test_bad_settings_stop_with_one_line(tmp_path, command, setting, says):
    done = run(*command, "--data", tmp_path / "data", "--set", setting)
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert done.stderr.count("\n") == 1 and done.stdout == ""
    for word in says:
        assert word in done.stderr
    assert not (tmp_path / "data").exists()


def test_the_error_names_the_file_and_the_environment(tmp_path):
    file = tmp_path / "sluice.conf"
    file.write_text("[capture]\nthreads = 1000\n")
    done = run("config", "check", "--config", file)
    assert done.returncode == 1 and str(file) in done.stderr
    done = run("config", "check", env={"SLUICE_CAPTURE_THREADS": "1000"})
    assert done.returncode == 1 and "SLUICE_CAPTURE_THREADS" in done.stderr
    done = run("config", "check", "--config", tmp_path / "none.conf")
    assert done.returncode == 1 and "none.conf" in done.stderr


def test_each_setting_says_where_it_comes_from(tmp_path):
    file = tmp_path / "sluice.conf"
    file.write_text("[log]\nlevel = warn\n[kafka]\nlisten = 127.0.0.1:1\n")
    done = run(
        "config",
        "show",
        "--changed",
        "--json",
        "--config",
        file,
        "--set",
        "kafka.listen=127.0.0.1:3",
        env={"SLUICE_KAFKA_LISTEN": "127.0.0.1:2", "SLUICE_ROLES": "capture"},
    )
    shown = {s["name"]: s for s in map(json.loads, done.stdout.splitlines())}
    assert shown["kafka.listen"]["value"] == "127.0.0.1:3"
    assert shown["log.level"]["value"] == "warn"
    assert shown["roles"]["value"] == "capture"
    assert len({s["source"] for s in shown.values()}) == 3
    everything = run("config", "show", "--json").stdout.splitlines()
    assert len(everything) > len(shown)


def test_secrets_are_not_shown(tmp_path):
    done = run("config", "show", "--set", "postgres.url=", "--json")
    assert done.returncode == 0
    done = run("config", "show", "--set", "postgres.url=postgres://u:secret@h/d")
    assert "secret" not in done.stdout + done.stderr


def test_help_explains_every_setting():
    rows = [json.loads(x) for x in run("config", "help", "--json").stdout.splitlines()]
    assert len(rows) > 40
    for row in rows:
        done = run("config", "help", row["name"])
        assert done.returncode == 0 and row["help"] in done.stdout
    done = run("config", "help", "capture.lisen")
    assert done.returncode == 1 and "capture.listen" in done.stderr

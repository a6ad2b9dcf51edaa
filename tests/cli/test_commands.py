"""Every command, its help, its exit status and its JSON."""

import json
import os
import re
import subprocess

import pytest
from sluicetest import CommandFailed, Sluice, binary, eventually

COMMANDS = [
    "run",
    "wait",
    "status",
    "project create",
    "project list",
    "project show",
    "project set",
    "project rotate-token",
    "project delete",
    "user setup",
    "user create",
    "user list",
    "user password",
    "user set-role",
    "user delete",
    "key create",
    "key list",
    "key revoke",
    "person list",
    "person show",
    "person delete",
    "person export",
    "group list",
    "group show",
    "group types",
    "definition events",
    "definition properties",
    "definition event-properties",
    "topic list",
    "topic read",
    "topic create",
    "topic delete",
    "dlq list",
    "dlq show",
    "dlq replay",
    "dlq discard",
    "trace",
    "sql",
    "audit",
    "config check",
    "config show",
    "config set",
    "config unset",
    "config help",
    "config template",
    "completion",
    "manual",
    "openapi",
    "doctor",
    "bench capture",
    "bench ingest",
    "bench freshness",
    "version",
]


def run(*args, **kw):
    return subprocess.run(
        [binary(), *map(str, args)], capture_output=True, text=True, timeout=60, **kw
    )


def one_line(done, status):
    """The error is one line on stderr; nothing is on stdout."""
    # cli-1, cli-2
    assert done.returncode == status, (done.stdout, done.stderr)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def sluice():
    with Sluice() as s:
        yield s


@pytest.fixture(scope="module")
def project(sluice):
    return sluice.project("commands")


def test_help_lists_every_command():
    done = run("--help")
    assert done.returncode == 0
    listed = re.findall(r"^  ([a-z]+(?: [a-z-]+)?) +[A-Z]", done.stdout, re.M)
    assert sorted(listed) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_names_its_options(command):
    done = run(*command.split(), "--help")
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.startswith(f"Usage: sluice {command} ")
    for option in ("--data", "--config", "--set", "--json", "--help"):
        assert option in done.stdout


def test_help_of_a_group_lists_its_commands():
    done = run("topic", "--help")
    assert done.returncode == 0
    assert "topic read" in done.stdout and "project" not in done.stdout


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ([], "say what to do"),
        (["statsu"], "did you mean 'status'"),
        (["topic", "raed"], "unknown command 'topic raed'"),
        (["topic"], "sluice topic --help"),
        (["status", "--jsn"], "did you mean --json"),
        (["status", "more"], "unexpected argument 'more'"),
        (["topic", "read"], "an argument is missing"),
        (["project", "create"], "--name is missing"),
        (["project", "set", "1", "x"], "name=value"),
        (["person", "list"], "--project is missing"),
        (["wait", "--timeout-s", "soon"], "--timeout-s soon"),
        (["wait", "--timeout-s"], "--timeout-s needs a value"),
        (["topic", "read", "x", "--from", "middle"], "--from middle"),
        (["dlq", "replay"], "give either IDs or --all"),
        (["wait", "--ready=yes"], "--ready takes no value"),
    ],
)
def test_wrong_usage_has_status_2_and_says_what(args, says):
    assert says in one_line(run(*args), 2)


@pytest.mark.parametrize(
    "args",
    [
        ["status"],
        ["wait", "--drained", "--timeout-s", "0"],
        ["person", "list", "--project", "1"],
        ["topic", "list"],
        ["topic", "read", "events_plugin_ingestion"],
        ["dlq", "list"],
        ["sql", "SELECT 1"],
        ["project", "delete", "1"],
    ],
)
def test_commands_that_need_a_daemon_say_that_none_runs(args, tmp_path):
    line = one_line(run(*args, "--data", tmp_path), 1)
    if args[0] != "wait":
        assert "no daemon runs on" in line and "sluice run" in line


def test_projects_work_on_the_files_without_a_daemon(tmp_path):
    # cli-3
    data = tmp_path / "data"
    made = json.loads(
        run("project", "create", "--name", "a", "--json", "--data", data).stdout
    )
    assert made["id"] == 1 and made["api_token"].startswith("phc_")
    done = run("project", "set", "1", "anonymize_ips=true", "--json", "--data", data)
    assert json.loads(done.stdout)["anonymize_ips"] is True
    rotated = json.loads(
        run("project", "rotate-token", "1", "--json", "--data", data).stdout
    )
    assert rotated["api_token"] != made["api_token"]
    done = run("project", "list", "--json", "--data", data)
    assert [json.loads(x)["name"] for x in done.stdout.splitlines()] == ["a"]
    assert run("project", "show", "1", "--data", data).returncode == 0
    assert "no project has the id 7" in one_line(
        run("project", "show", "7", "--data", data), 1
    )
    assert os.stat(data).st_mode & 0o777 == 0o700


def test_a_given_token_passes_the_same_check_as_capture(sluice):
    token = "phc_given_000000000000000000000000000000000"
    assert sluice.project("given", token)["api_token"] == token
    for bad in (token, "", "phx_personal", "kurz\u00e4"):
        with pytest.raises(CommandFailed) as e:
            sluice.cli("project", "create", "--name", "x", "--token", bad)
        assert e.value.status == 1


def test_unknown_project_settings_are_refused(sluice, project):
    with pytest.raises(CommandFailed) as e:
        sluice.cli("project", "set", project["id"], "anonymise_ips=true")
    assert "anonymise_ips" in e.value.err
    with pytest.raises(CommandFailed) as e:
        sluice.cli("project", "set", project["id"], "anonymize_ips=perhaps")
    assert "perhaps" in e.value.err or "anonymize_ips" in e.value.err


def test_a_deleted_project_is_gone(sluice):
    made = sluice.project("short-lived")
    assert sluice.cli_json("project", "delete", made["id"])["deleted"] is True
    with pytest.raises(CommandFailed):
        sluice.cli("project", "show", made["id"])


def test_persons_and_groups_are_listed_and_shown(sluice, project):
    sluice.send(
        project["api_token"],
        [
            {
                "event": "$identify",
                "distinct_id": "ann",
                "properties": {"$anon_distinct_id": "anon-1", "$set": {"plan": "pro"}},
            },
            {
                "event": "$groupidentify",
                "distinct_id": "ann",
                "properties": {
                    "$group_type": "company",
                    "$group_key": "acme/1 ä",
                    "$group_set": {"size": 3},
                },
            },
        ],
    )
    sluice.drain()
    on = ["--project", project["id"]]
    (person,) = sluice.cli_lines("person", "list", *on)
    assert sorted(person["distinct_ids"]) == ["ann", "anon-1"]
    assert person["properties"]["plan"] == "pro"
    assert set(person) >= {"uuid", "is_identified", "version", "created_at"}
    by_id = sluice.cli_json("person", "show", *on, "--distinct-id", "ann")
    assert by_id == person
    assert sluice.cli_json("person", "show", person["uuid"], *on) == person
    assert sluice.cli_lines("person", "list", *on, "--distinct-id", "nobody") == []
    with pytest.raises(CommandFailed):
        sluice.cli("person", "show", *on, "--distinct-id", "nobody")
    (group,) = sluice.cli_lines("group", "list", *on)
    assert group["type"] == "company" and group["properties"] == {"size": 3}
    assert sluice.cli_json("group", "show", "company", "acme/1 ä", *on) == group
    assert sluice.cli_lines("group", "types", *on) == [{"index": 0, "type": "company"}]


def test_a_deleted_person_comes_back_above_its_end(sluice):
    made = sluice.project("deletes")
    on = ["--project", made["id"], "--distinct-id", "gone"]
    sent = [{"event": "e", "distinct_id": "gone", "properties": {"$set": {"a": 1}}}]
    sluice.send(made["api_token"], sent)
    sluice.drain()
    uuid = sluice.cli_json("person", "show", *on)["uuid"]
    gone = sluice.cli_json("person", "delete", *on)
    assert gone["deleted"] is True and gone["uuid"] == uuid
    with pytest.raises(CommandFailed):
        sluice.cli("person", "show", *on)
    sluice.send(made["api_token"], sent)
    sluice.drain()
    rows = [json.loads(r["value"]) for r in sluice.records("clickhouse_person")]
    seen = [(r["is_deleted"], r["version"]) for r in rows if r["id"] == uuid]
    assert [deleted for deleted, _ in seen] == [0, 1, 0]
    assert [version for _, version in seen] == sorted({v for _, v in seen})
    assert sluice.cli_json("person", "show", *on)["uuid"] == uuid


def test_long_lists_come_whole(sluice):
    made = sluice.project("many")
    n = 250
    sluice.send(
        made["api_token"], [{"event": "e", "distinct_id": f"id-{i}"} for i in range(n)]
    )
    sluice.drain()
    people = sluice.cli_lines("person", "list", "--project", made["id"])
    assert sorted(p["distinct_ids"][0] for p in people) == sorted(
        f"id-{i}" for i in range(n)
    )


def test_topics_are_made_read_and_deleted(sluice, project):
    assert sluice.cli_json("topic", "create", "mine", "--partitions", "2")["created"]
    names = {t["name"]: t for t in sluice.cli_lines("topic", "list")}
    assert len(names["mine"]["partitions"]) == 2
    assert sluice.records("mine") == []
    with pytest.raises(CommandFailed) as e:
        sluice.cli("topic", "create", "mine")
    assert e.value.status == 1
    assert sluice.cli_json("topic", "delete", "mine")["deleted"] is True
    with pytest.raises(CommandFailed):
        sluice.cli("topic", "read", "mine")
    with pytest.raises(CommandFailed):
        sluice.cli("topic", "delete", "events_plugin_ingestion")


def test_records_are_read_from_offset_to_max(sluice, project):
    sluice.send(
        project["api_token"],
        [{"event": f"e{i}", "distinct_id": "reader"} for i in range(5)],
    )
    topic = "events_plugin_ingestion"
    everything = sluice.records(topic, 0)
    assert [r["offset"] for r in everything] == list(range(len(everything)))
    record = everything[-1]
    assert set(record) == {
        "partition",
        "offset",
        "timestamp_ms",
        "key",
        "headers",
        "value",
    }
    assert record["key"] == project["api_token"] + ":reader"
    assert json.loads(record["value"])["event"] == "e4"
    part = sluice.cli_lines(
        "topic", "read", topic, "--partition", "0", "--from", "2", "--max", "2"
    )
    assert part == everything[2:4]
    assert sluice.cli_lines("topic", "read", topic, "--from", "end") == []
    with pytest.raises(CommandFailed):
        sluice.cli("topic", "read", topic, "--partition", "9")


def test_follow_shows_records_as_they_come(sluice, project):
    line = sluice.command(
        "topic",
        "read",
        "events_plugin_ingestion",
        "--from",
        "end",
        "--follow",
        "--json",
    )
    with subprocess.Popen(
        [*line, "--max", "1"], stdout=subprocess.PIPE, text=True
    ) as reader:
        try:

            def sent():
                sluice.send(
                    project["api_token"], [{"event": "now", "distinct_id": "f"}]
                )
                return reader.poll() is not None

            eventually(sent, 20, "a record that came while following")
            record = json.loads(reader.stdout.read())
            assert json.loads(record["value"])["event"] == "now"
        finally:
            reader.kill()


def test_partitions_are_merged_by_time(sluice):
    # admin-4
    sluice.cli("topic", "create", "merged", "--partitions", "3")
    records = sluice.cli_lines("topic", "read", "clickhouse_ingestion_warnings")
    keys = [(r["timestamp_ms"], r["partition"], r["offset"]) for r in records]
    assert keys == sorted(keys)
    sluice.cli("topic", "delete", "merged")


def test_status_has_all_parts(sluice):
    status = sluice.cli_json("status")
    hops = {h["name"]: h for h in status["hops"]}
    assert {"capture", "ingest", "output", "broker", "clickhouse"} <= set(hops)
    for hop in hops.values():
        assert {"state", "rate", "unit", "lag_records", "lag_s", "error"} <= set(hop)
        off = hop["name"] in ("clickhouse", "postgres")
        assert hop["state"] == ("off" if off else "ok")
    assert status["behind"] == []
    assert status["ready"] is True and status["missing"] == []
    assert status["roles"] == ["capture", "ingest", "broker", "clickhouse", "admin"]
    assert status["disk"]["free_bytes"] > 0
    assert status["children"][0]["state"] == "off"
    assert status["pid"] == sluice.process.pid
    assert {t["name"] for t in status["topics"]} >= {"clickhouse_events_json"}
    assert "HOP" in sluice.cli("status")


def test_sql_says_when_clickhouse_is_off(sluice):
    with pytest.raises(CommandFailed) as e:
        sluice.cli("sql", "SELECT 1")
    assert e.value.status == 1 and "ClickHouse is off" in e.value.err


def test_wait_gives_up_in_time(tmp_path):
    line = one_line(run("wait", "--timeout-s", "0", "--data", tmp_path), 1)
    assert "not ready in time" in line


def test_version_names_libraries():
    version = json.loads(run("version", "--json").stdout)
    assert set(version) == {"version", "features", "libraries"}
    assert version["libraries"]["sqlite"].startswith("3.")
    assert run("version").stdout.startswith(f"sluice {version['version']}\n")


def test_doctor_finds_nothing_wrong(sluice):
    checks = {c["check"]: c for c in sluice.cli_lines("doctor")}
    assert all(c["ok"] for c in checks.values()), checks
    assert set(checks) >= {"settings", "folder", "disk", "clock", "daemon"}
    assert set(checks) >= {"config.db", "spool.db", "state.db", "broker.db"}


def test_the_open_port_serves_metrics_and_readiness_only(sluice):
    # admin-1, admin-2
    status, _, body = sluice.http("admin", "/metrics")
    assert status == 200 and b"capture_events_received_total" in body
    assert sluice.http("admin", "/_ready")[0] == 200
    assert sluice.http("admin", "/")[0] == 200
    for path in ("/api/v1/status", "/api/v1/projects"):
        status, _, body = sluice.http("admin", path)
        assert status == 401
        assert json.loads(body)["error"]["code"] == "unauthorized"
    status, _, body = sluice.http("admin", "/nowhere")
    assert status == 404 and json.loads(body)["error"]["code"] == "not_found"
    evil = {"Host": "evil.example"}
    assert sluice.http("admin", "/_ready", headers=evil)[0] == 403


def test_the_socket_is_for_its_owner_only(sluice):
    assert os.stat(os.path.join(sluice.data, "sluice.sock")).st_mode & 0o777 == 0o600


@pytest.mark.parametrize("more", [[], ["--gzip"], ["--batch", "1"]])
def test_bench_capture_counts_again(more):
    done = run("bench", "capture", "--seconds", "1", "--json", *more)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["events_accepted"] > 0 and result["requests_refused"] == 0
    assert result["records_by_reading"] == result["records_by_watermark"]
    assert result["records_by_reading"] >= result["events_accepted"]
    assert result["disk_syncs_per_s"] > 0 and result["cores"] > 0


def test_bench_ingest_counts_again():
    done = run("bench", "ingest", "--seconds", "1", "--persons", "100", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["events"] >= 20000 and result["events_per_s"] > 0
    assert result["persons_found"] == 100 + result["events"] // 50 * 3


def test_bench_ingest_keeps_its_persons(tmp_path):
    keep = ("--keep", str(tmp_path / "kept"), "--persons", "1000", "--json")
    done = run("bench", "ingest", "--seconds", "1", "--threads", "--compare", *keep)
    assert done.returncode == 0, done.stderr
    first = json.loads(done.stdout)
    assert first["threads_ratio"] > 0 and first["cpus_ratio"] > 0
    assert first["cost_ratio"] > 0
    assert first["build_seconds"] > 0 and "GB" in done.stderr
    done = run("bench", "ingest", "--seconds", "1", *keep)
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    assert again["build_seconds"] == 0
    n_new = again["events"] // 50 * 3
    assert again["persons_found"] == first["persons_found"] + n_new
    done = run("bench", "ingest", "--persons", "1001", *keep[:2])
    assert done.returncode == 1 and "1000 persons" in done.stderr

"""The audit finds no difference where nothing was lost, and each one where it was."""

import json
import os
import random
import shutil
import subprocess
import time
import uuid

import pytest
from batches import again, change
from sluicetest import CommandFailed, Sluice, binary, eventually, scaled

FRONT, OUTPUT = "events_plugin_ingestion", "clickhouse_events_json"
HEATMAP = {
    "$heatmap_data": {"http://a": [{"x": 1, "y": 2, "type": "click"}]},
    "$viewport_width": 100,
    "$viewport_height": 100,
}


def audit(s, *args):
    """The report, whatever the exit status; says whether it was 0."""
    done = subprocess.run(
        s.command("audit", "--json", *args), capture_output=True, text=True, timeout=120
    )
    report = json.loads(done.stdout)
    assert done.returncode == (1 if report["differences"] else 0), done.stderr
    return report


def clean(s, *args):
    report = audit(s, *args)
    assert report["differences"] == []
    return report


def events(n, **properties):
    return [
        {
            "event": "step",
            "distinct_id": f"d{i % 7}",
            "uuid": str(uuid.uuid4()),
            "properties": properties,
        }
        for i in range(n)
    ]


def send_every_ending(s, token):
    s.send(token, events(20))
    s.send(token, events(5, **{"$process_person_profile": False}))
    s.send(token, events(3), historical_migration=True)
    s.send(
        token,
        [{"event": "$$heatmap", "distinct_id": "d1", "properties": HEATMAP}] * 2
        + [{"event": "$$heatmap", "distinct_id": "d1", "properties": {}}]
        + [
            {
                "event": "$$client_ingestion_warning",
                "distinct_id": "d1",
                "properties": {"$$client_ingestion_warning_message": "m"},
            }
        ],
    )
    old = [dict(x, timestamp="2001-01-01T00:00:00Z") for x in events(4)]
    s.send(token, old)


def test_every_ending_is_counted():
    with Sluice() as s:
        first = s.project(drop_events_older_than_seconds=3600)
        second = s.project("second")
        for token in (first["api_token"], second["api_token"]):
            send_every_ending(s, token)
        while_it_goes = clean(s)
        assert while_it_goes["clickhouse"] == "off"
        s.drain()
        report = clean(s, "--recount")
        assert report["unread"] == 0
        hops = report["hops"]
        assert hops["capture"] == hops["front"] == hops["read"] == 72
        assert hops["front_kept"] == 72
        assert hops["warning"] == 2
        assert hops["dropped"] >= 4
        assert hops["output"] == hops["output_kept"]
        ends = ("output", "dropped", "warning", "rows", "letter")
        assert sum(hops.get(x, 0) for x in ends) == 72
        assert {x["project_id"] for x in report["lines"]} == {1, 2}
        s.stop()
        assert clean(s, "--recount")["hops"] == hops


def test_letters_that_are_put_back_are_counted_twice_in_and_once_out():
    settings = {"capture.unknown_token": "keep"}
    with Sluice(settings=settings | {"roles": "capture,admin,broker"}) as s:
        token = s.project()["api_token"]
        s.send(token, events(6))
        s.send("phc_unknown_0000000000000000000000000000000", events(2))
        s.cli("project", "delete", 1)
        clean(s)
        s.stop()
        s.settings["roles"] = "capture,ingest,admin,broker"
        s.start()
        s.drain()
        report = clean(s, "--recount")
        assert report["hops"]["letter"] == 6
        assert any("deleted" in x for x in report["notes"])

        s.project("again", token)
        s.project("found", "phc_unknown_0000000000000000000000000000000")
        assert s.cli_json("dlq", "replay", "--all")["replayed"] == 8
        s.drain()
        hops = clean(s, "--recount")["hops"]
        assert hops["put_back"] == 2
        assert hops["replayed"] == hops["own"] == 6
        assert hops["front"] == 8 and hops["read"] == 14
        assert hops["output"] == 8
        s.stop()
        clean(s, "--recount")


def test_no_difference_after_kills():
    seed = int(os.environ.get("SLUICE_TEST_SEED", random.randrange(10**9)))
    chance = random.Random(seed)
    print("seed", seed)
    with Sluice() as s:
        token = s.project()["api_token"]
        for _ in range(scaled(50, least=5)):
            stop_at = time.monotonic() + chance.uniform(0.05, 0.4)
            while time.monotonic() < stop_at:
                s.send(token, events(chance.randrange(1, 40)))
            s.kill()
            # What a killed daemon left, without one and with the next.
            clean(s, "--recount")
            s.start()
            clean(s)
        s.drain()
        report = clean(s, "--recount")
        assert report["hops"]["output"] == report["hops"]["capture"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder at rest with some events, to be copied."""
    data = tmp_path_factory.mktemp("audit") / "data"
    with Sluice(data=str(data)) as s:
        s.send(s.project()["api_token"], events(30))
        s.drain()
        s.stop()
    return data


@pytest.mark.parametrize(
    "file, topic, hop",
    [("spool.db", FRONT, "front_kept"), ("state.db", OUTPUT, "output_kept")],
)
@pytest.mark.parametrize(
    "what, missing, extra",
    [
        (lambda r: r[:3] + r[4:], 1, 0),
        (again, 0, 1),
        (lambda r: r[:3] + [r[2]] + r[4:], 0, 0),
    ],
    ids=["removed", "doubled", "exchanged"],
)
def test_a_record_changed_by_hand_is_named(
    folder, tmp_path, file, topic, hop, what, missing, extra
):
    data = tmp_path / "data"
    shutil.copytree(folder, data)
    change(data / file, topic, what)
    s = Sluice(data=str(data))
    report = audit(s, "--recount")
    minute = report["lines"][0]["minute"]
    found = report["differences"]
    assert [(x["hop"], x["missing"], x["extra"]) for x in found] == [
        (hop, missing, extra)
    ]
    assert (found[0]["minute"], found[0]["project_id"]) == (minute, 1)
    with pytest.raises(CommandFailed) as e:
        s.cli("audit", "--recount")
    assert e.value.status == 1
    assert f"difference: {hop}: {minute} project 1: " in e.value.out
    # The running program says the same of the same folder.
    with Sluice(data=str(data)) as running:
        running.drain()
        assert audit(running, "--recount")["differences"] == found


def test_a_count_changed_by_hand_names_the_hop(folder, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(folder, data)
    subprocess.run(
        ["sqlite3", data / "state.db", "UPDATE audit SET count = 29 WHERE hop = 12"],
        check=True,
    )
    report = audit(Sluice(data=str(data)))
    assert [x["hop"] for x in report["differences"]] == ["read", "output"]
    assert [x["missing"] for x in report["differences"]] == [1, 0]


def test_times_are_understood(folder, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(folder, data)
    s = Sluice(data=str(data))
    minute = clean(s)["lines"][0]["minute"]
    assert clean(s, "--from", minute)["hops"]["front"] == 30
    assert clean(s, "--to", minute)["hops"] == {}
    assert clean(s, "--from", "2001-02-03", "--to", "2001-02-04")["hops"] == {}
    with pytest.raises(CommandFailed) as e:
        s.cli("audit", "--from", "yesterday")
    assert "2026-01-31T10:20" in e.value.err


def test_an_older_folder_says_what_to_do(folder, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(folder, data)
    subprocess.run(
        ["sqlite3", data / "spool.db", "DROP TABLE audit_since; DROP TABLE audit"],
        check=True,
    )
    with pytest.raises(CommandFailed) as e:
        Sluice(data=str(data)).cli("audit")
    assert "older version" in e.value.err


def test_clickhouse_is_compared():
    with Sluice(clickhouse=True) as s:
        token = s.project()["api_token"]
        s.send(token, events(50))
        twice = events(1)
        s.send(token, twice * 2)
        clean(s)
        s.drain()
        report = clean(s)
        assert report["clickhouse"] == "compared"
        s.sql("OPTIMIZE TABLE posthog.sharded_events FINAL")
        clean(s)
        gone = s.sql(
            "SELECT uuid FROM posthog.sharded_events "
            f"WHERE uuid != '{twice[0]['uuid']}' LIMIT 1"
        )[0]["uuid"]
        s.sql(
            f"ALTER TABLE posthog.sharded_events DELETE WHERE uuid = '{gone}' "
            "SETTINGS mutations_sync = 2"
        )
        report = audit(s)
        (found,) = report["differences"]
        assert (found["hop"], found["missing"], found["extra"]) == ("clickhouse", 1, 0)


def test_events_deleted_with_their_person_are_not_missed():
    with Sluice(clickhouse=True) as s:
        project = s.project()
        s.send(project["api_token"], events(50))
        s.send(project["api_token"], events(1) * 2)
        s.drain()
        args = ("--project", project["id"], "--distinct-id", "d0", "--with-events")
        s.cli("person", "delete", *args)
        rows = "SELECT uuid FROM posthog.sharded_events WHERE distinct_id = 'd0'"
        eventually(lambda: not s.sql(rows), 60, "no row of the person")
        hops = clean(s)["hops"]
        assert hops["erased"] >= 8
        assert hops["erased"] + hops["clickhouse"] == hops["output"]


def test_a_clickhouse_that_was_killed_is_waited_for_or_said_to_be_away():
    with Sluice(clickhouse=True) as s:
        s.send(s.project()["api_token"], events(5))
        s.drain()
        for _ in range(3):
            (child,) = s.cli_json("status")["children"]
            if child["state"] == "ready":
                os.kill(child["pid"], 9)
            assert clean(s)["clickhouse"].split(":")[0] in ("compared", "away")
        eventually(lambda: clean(s)["clickhouse"] == "compared", 60, "back")


def test_the_binary_lists_it():
    out = subprocess.run([binary(), "audit", "--help"], capture_output=True, text=True)
    assert "--recount" in out.stdout

"""person delete: what goes, what stays, what comes back.

Markers stand in properties, which must not be found afterwards; distinct ids
stay as tombstones, and are no markers.
"""

import contextlib
import json
import os
import signal
import sqlite3
import uuid

import pytest
from sluicetest import CommandFailed, Sluice, eventually
from test_privacy import bytes_of_files, tables_with

SMALL, LARGE = "marker-small-7f3a", "marker-large-91c4"


def load_person(data, project, distinct_ids, properties):
    """A person straight into the store, as another tool would."""
    person = uuid.uuid4()
    path = os.path.join(data, "state.db")
    with contextlib.closing(sqlite3.connect(path)) as db:
        row = db.execute(
            "INSERT INTO person (team_id, uuid, created_at, version, is_identified,"
            " is_deleted, properties) VALUES (?, ?, 1, 4, 1, 0, ?)",
            (project, person.bytes, json.dumps(properties)),
        ).lastrowid
        db.executemany(
            "INSERT INTO person_distinct_id (team_id, distinct_id, person_id, seq,"
            " version) VALUES (?, ?, ?, ?, 0)",
            [(project, d, row, i + 1) for i, d in enumerate(distinct_ids)],
        )
        db.commit()
    return str(person)


def files_with(sluice, text):
    return [path for path, data in bytes_of_files(sluice.data) if text.encode() in data]


def delete(sluice, project, *args):
    return sluice.cli_json("person", "delete", "--project", project, *args)


def set_event(distinct_id, marker):
    properties = {"note": marker, "$set": {"name": marker}}
    return {"event": "e", "distinct_id": distinct_id, "properties": properties}


def task_done(sluice, project, *args):
    def done():
        report = delete(sluice, project, *args, "--with-events", "--no-wait")
        return report["clickhouse"]["state"] == "done" and report

    return eventually(done, 60, "the task is done")


@pytest.mark.parametrize("clickhouse", [False, True])
def test_no_byte_of_a_deleted_person_is_in_the_folder(clickhouse):
    # privacy-1
    with Sluice(clickhouse=clickhouse) as s:
        project = s.project()["id"]
        s.stop()
        load_person(s.data, project, ["small"], {"a": SMALL})
        filler = {f"k{i}": "x" * 100 for i in range(200)}
        load_person(s.data, project, ["l1", "l2"], {**filler, "a": LARGE})
        load_person(s.data, project, ["stays"], {"a": "marker-stays"})
        s.start()
        if clickhouse:
            assert s.sql("SELECT 1 AS one") == [{"one": 1}]
        assert files_with(s, SMALL) and files_with(s, LARGE)
        for distinct_id in ("small", "l2"):
            report = delete(s, project, "--distinct-id", distinct_id)
            assert report["deleted"] is True and report["wiped"] is True
        assert sorted(report["distinct_ids"]) == ["l1", "l2"]
        assert files_with(s, SMALL) == [] and files_with(s, LARGE) == []
        assert files_with(s, "marker-stays") != []
        on = ["--project", project]
        for distinct_id in ("small", "l1", "l2"):
            with pytest.raises(CommandFailed, match="no such person"):
                s.cli("person", "show", *on, "--distinct-id", distinct_id)
        s.drain()
        ends = [json.loads(r["value"]) for r in s.records("clickhouse_person")]
        assert [(e["version"], e["is_deleted"], e["properties"]) for e in ends] == [
            (104, 1, "{}"),
            (104, 1, "{}"),
        ]


def test_by_uuid_and_again_it_is_the_same_deletion():
    with Sluice() as s:
        project = s.project()["id"]
        s.stop()
        person = load_person(s.data, project, ["a", "b"], {"a": SMALL})
        s.start()
        first = delete(s, project, "--uuid", person)
        again = delete(s, project, "--uuid", person)
        assert first["clickhouse"]["state"] == "off"
        assert again["clickhouse"]["task"] == first["clickhouse"]["task"]
        assert again["deleted"] is True and again["uuid"] == person
        assert len(s.records("clickhouse_person")) == 1
        with pytest.raises(CommandFailed, match="no such person"):
            delete(s, project, "--distinct-id", "nobody")
        with pytest.raises(CommandFailed, match="either"):
            delete(s, project)


def test_what_remains_is_said_with_its_time():
    with Sluice() as s:
        project = s.project()
        s.send(project["api_token"], [set_event("d", SMALL)])
        s.drain()
        report = delete(s, project["id"], "--distinct-id", "d")
        rows = {r["where"]: r for r in report["remains"]}
        front = rows["spool.db: events_plugin_ingestion, partition 0"]
        output = rows["state.db: clickhouse_events_json, partition 0"]
        asked = report["asked_at"]
        assert front["until"][:8] >= asked[:8] and front["until"] > asked
        assert output["until"] < front["until"]  # 3 days against 7
        assert not [r for r in rows if "dead_letter" in r]
        assert any("backups" in r for r in rows)
        text = s.cli(
            "person", "delete", "--project", project["id"], "--distinct-id", "d"
        )
        assert "is deleted" in text and front["until"] in text


def test_with_events_no_table_has_a_row_and_others_stay():
    # privacy-3
    with Sluice(clickhouse=True) as s:
        project = s.project()
        token = project["api_token"]
        s.send(token, [set_event("anon", SMALL), set_event("other", "marker-stays")])
        s.send(
            token,
            [
                {
                    "event": "$$heatmap",
                    "distinct_id": "anon",
                    "properties": {
                        "$viewport_height": 160,
                        "$viewport_width": 320,
                        "$heatmap_data": {
                            f"https://a.example/{SMALL}": [
                                {"x": 1, "y": 2, "target_fixed": False, "type": "click"}
                            ]
                        },
                    },
                }
            ],
        )
        s.send(
            token,
            [
                {
                    "event": "$identify",
                    "distinct_id": "user",
                    "properties": {
                        "$anon_distinct_id": "anon",
                        "$set": {"mail": SMALL},
                    },
                }
            ],
        )
        s.send(
            token,
            [
                {
                    "event": "$create_alias",
                    "distinct_id": "user",
                    "properties": {"alias": "null", "why": SMALL},
                }
            ],
        )
        s.send(token, [set_event("user", SMALL)])
        s.drain()
        assert {"sharded_events", "person", "sharded_heatmaps"} <= set(
            tables_with(s, SMALL)
        )
        assert "sharded_ingestion_warnings" in tables_with(s, "cannot_merge")
        report = delete(s, project["id"], "--distinct-id", "anon", "--with-events")
        assert report["clickhouse"]["state"] == "done"
        assert report["clickhouse"]["rows"] >= 7
        assert sorted(report["distinct_ids"]) == ["anon", "user"]
        assert tables_with(s, SMALL) == []
        assert tables_with(s, "cannot_merge") == []
        assert set(tables_with(s, "marker-stays")) >= {"sharded_events", "person"}
        assert s.sql("SELECT * FROM system.mutations WHERE NOT is_done") == []
        again = delete(s, project["id"], "--distinct-id", "anon", "--with-events")
        assert again["clickhouse"]["task"] == report["clickhouse"]["task"]
        # The same distinct id comes back, and is seen at once.
        s.send(token, [set_event("user", "marker-again")])
        s.drain()
        person = s.cli_json(
            "person", "show", "--project", project["id"], "--distinct-id", "user"
        )
        assert person["version"] == report_version(s, person["uuid"])
        (row,) = s.sql(
            "SELECT argMax(is_deleted, version) AS gone, argMax(properties, version)"
            f" AS p FROM posthog.person WHERE id = '{person['uuid']}'"
        )
        assert row["gone"] == 0 and "marker-again" in row["p"]
        (n,) = s.sql(
            "SELECT count() AS n FROM posthog.events WHERE distinct_id = 'user'"
        )
        assert int(n["n"]) == 1


def report_version(sluice, person):
    rows = [json.loads(r["value"]) for r in sluice.records("clickhouse_person")]
    gone = [r["version"] for r in rows if r["id"] == person and r["is_deleted"]]
    return (gone[-1] + 1) if gone else 0


def test_a_distinct_id_without_a_person_can_have_events():
    with Sluice(clickhouse=True) as s:
        project = s.project()
        event = {
            "event": "e",
            "distinct_id": "personless",
            "properties": {"note": SMALL, "$process_person_profile": False},
        }
        s.send(project["api_token"], [event])
        s.drain()
        report = delete(
            s, project["id"], "--distinct-id", "personless", "--with-events"
        )
        assert report["deleted"] is False
        assert report["clickhouse"]["rows"] == 1
        assert tables_with(s, SMALL) == []


def test_a_daemon_killed_in_the_middle_goes_on():
    # privacy-2
    with Sluice(clickhouse=True) as s:
        project = s.project()
        s.send(project["api_token"], [set_event("d", SMALL)])
        s.drain()
        (child,) = s.cli_json("status")["children"]
        os.kill(child["pid"], signal.SIGSTOP)
        report = delete(
            s, project["id"], "--distinct-id", "d", "--with-events", "--no-wait"
        )
        assert report["clickhouse"]["state"] != "done"
        s.kill()
        s.start()
        done = task_done(s, project["id"], "--distinct-id", "d")
        assert done["clickhouse"]["task"] == report["clickhouse"]["task"]
        assert tables_with(s, SMALL) == []


def test_events_still_in_the_front_log_go_too():
    with Sluice(clickhouse=True) as s:
        project = s.project()
        token, number = project["api_token"], project["id"]
        s.send(token, [set_event("d", SMALL)])
        s.drain()
        s.stop()
        s.settings["roles"] = "capture,broker,clickhouse,admin"
        s.start()
        for _ in range(10):
            s.send(token, [set_event("d", LARGE)] * 1000)
        s.stop()
        del s.settings["roles"]
        s.start()
        report = delete(s, number, "--distinct-id", "d", "--with-events")
        assert report["clickhouse"]["state"] == "done"
        assert tables_with(s, SMALL) == [] and tables_with(s, LARGE) == []

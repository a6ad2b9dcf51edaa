"""person export: all that is known of one person, and nothing of another."""

import json
import os

import pytest
from sluicetest import CommandFailed, Sluice

N_MANY = 1300  # more than two pages


def event(name, distinct_id, n, **properties):
    return {
        "event": name,
        "distinct_id": distinct_id,
        "uuid": f"00000000-0000-4000-8000-{n:012d}",
        "timestamp": f"2026-01-02T03:{n // 60 % 60:02d}:{n % 60:02d}Z",
        "properties": properties,
    }


def export(sluice, project, *args):
    return json.loads(
        sluice.cli("person", "export", "--project", project, *args, timeout_s=120)
    )


def test_an_export_has_all_of_one_person_and_nothing_of_others(tmp_path):
    with Sluice(clickhouse=True) as s:
        project = s.project()
        token = project["api_token"]
        mine = [
            event("before", "anon", 1, **{"$set": {"a": 1}}),
            event("silent", "user", 2, **{"$process_person_profile": False}),
            event("$identify", "user", 3, **{"$anon_distinct_id": "anon"}),
            event(
                "after", "user", 4, **{"$groups": {"company": "acme"}, "list": [1, 2]}
            ),
        ]
        mine += [event("many", "user", 10 + i) for i in range(N_MANY)]
        for e in mine[:4]:
            s.send(token, [e])
            s.drain()
        s.send(token, mine[4:])
        s.send(token, [event("other", "other", 5000)])
        s.drain()
        file = str(tmp_path / "person.json")
        s.cli(
            *["person", "export", "--project", project["id"]],
            *["--distinct-id", "anon", "--out", file],
        )
        assert os.stat(file).st_mode & 0o777 == 0o600
        assert os.listdir(tmp_path) == ["person.json"]
        with open(file) as f:
            data = json.load(f)
        assert sorted(data["person"]["distinct_ids"]) == ["anon", "user"]
        assert data["person"]["properties"]["a"] == 1
        got = [e["uuid"] for e in data["events"]]
        assert sorted(got) == sorted(e["uuid"] for e in mine)
        times = [e["timestamp"] for e in data["events"]]
        assert times == sorted(times)
        after = next(e for e in data["events"] if e["event"] == "after")
        assert after["properties"]["list"] == [1, 2]
        assert after["person_properties"]["a"] == 1
        assert data["groups"] == [{"group_type_index": 0, "group_key": "acme"}]
        assert data["group_types"] == [{"index": 0, "type": "company"}]
        assert export(s, project["id"], data["uuid"])["events"] == data["events"]
        with pytest.raises(CommandFailed, match=r"person\.json"):
            s.cli(
                *["person", "export", "--project", project["id"]],
                *["--distinct-id", "anon", "--out", file],
            )


def test_an_id_without_a_person_is_exported_with_its_events():
    with Sluice(clickhouse=True) as s:
        project = s.project()
        silent = event("e", "silent", 1, **{"$process_person_profile": False})
        s.send(project["api_token"], [silent])
        s.drain()
        data = export(s, project["id"], "--distinct-id", "silent")
        assert data["person"] is None
        assert [e["uuid"] for e in data["events"]] == [silent["uuid"]]
        nobody = "00000000-0000-4000-8000-000000000000"
        with pytest.raises(CommandFailed, match="no such person"):
            export(s, project["id"], nobody)


def test_without_clickhouse_the_events_are_null():
    with Sluice() as s:
        project = s.project()
        s.send(project["api_token"], [event("e", "d", 1, **{"$set": {"a": 1}})])
        s.drain()
        data = export(s, project["id"], "--distinct-id", "d")
        assert data["events"] is None
        assert data["person"]["properties"]["a"] == 1


@pytest.mark.parametrize(
    "distinct_id", ["o'ne\\il", "') OR 1 = 1 --", '"\\\\', "{T} ä %s"]
)
def test_an_id_of_any_text_means_itself_alone(distinct_id):
    with Sluice(clickhouse=True) as s:
        project = s.project()
        token = project["api_token"]
        s.send(token, [event("e", distinct_id, 1), event("other", "other", 2)])
        s.drain()
        mine = ["--distinct-id", distinct_id]
        data = export(s, project["id"], *mine)
        assert [e["distinct_id"] for e in data["events"]] == [distinct_id]
        on = ["person", "delete", "--project", project["id"], *mine]
        report = s.cli_json(*on, "--with-events")
        assert report["clickhouse"]["state"] == "done"
        left = s.sql("SELECT distinct_id AS d FROM posthog.events")
        assert left == [{"d": "other"}]

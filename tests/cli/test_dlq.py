"""Dead letters: listed, shown, counted, put back."""

import json

import pytest
from sluicetest import CommandFailed, Sluice

TOKEN = "phc_not_yet_known_00000000000000000000000000"
FIELDS = {
    "id",
    "topic",
    "partition",
    "offset",
    "reason",
    "step",
    "error",
    "project_id",
    "at",
    "event",
    "replayed_at",
}


@pytest.fixture
def sluice():
    with Sluice(settings={"capture.unknown_token": "keep"}) as s:
        yield s


def outputs(s):
    return [
        json.loads(r["value"])["event"] for r in s.records("clickhouse_events_json")
    ]


def fails(s, *args):
    with pytest.raises(CommandFailed) as e:
        s.cli(*args)
    return e.value.err


def test_letters_of_an_unknown_key_are_replayed_once_the_project_is_there(sluice):
    sluice.send(
        TOKEN, [{"event": f"lost {i}", "distinct_id": f"d{i}"} for i in range(3)]
    )
    letters = sluice.cli_lines("dlq", "list")
    assert [x["event"] for x in letters] == ["lost 0", "lost 1", "lost 2"]
    first = letters[0]
    assert set(first) >= FIELDS
    assert first["topic"] == "events_dead_letter_queue" and first["partition"] == 0
    assert first["reason"] == "unknown_token" and first["step"] == "capture"
    assert first["replayed_at"] is None and first["project_id"] == 0
    shown = sluice.cli_json("dlq", "show", first["id"])
    assert json.loads(shown["raw_payload"])["event"] == "lost 0"
    (count,) = sluice.cli_lines("dlq", "list", "--by-error")
    assert count == {"step": "capture", "error": first["error"], "count": 3}
    assert "lost 1" in sluice.cli("dlq", "list")

    sluice.project("found", TOKEN)
    assert sluice.cli_json("dlq", "replay", first["id"]) == {"replayed": 1}
    sluice.drain()
    assert outputs(sluice) == ["lost 0"]
    assert sluice.cli_json("dlq", "show", first["id"])["replayed_at"] is not None
    assert "--again" in fails(sluice, "dlq", "replay", first["id"])
    assert (
        sluice.cli_json("dlq", "replay", "--all", "--error", "other")["replayed"] == 0
    )
    assert sluice.cli_json("dlq", "replay", "--all", "--error", first["error"]) == {
        "replayed": 2
    }
    sluice.drain()
    assert outputs(sluice) == ["lost 0", "lost 1", "lost 2"]
    assert sluice.cli_json("dlq", "replay", "--all")["replayed"] == 0


MERGES = [
    ("a", "$identify", {"$anon_distinct_id": "a2"}),
    ("b", "before", {}),
    ("b", "$merge_dangerously", {"alias": "a"}),
]


def test_letters_of_the_app_server_go_to_its_own_partition_once():
    with Sluice(settings={"ingest.merge_limit": "1"}) as s:
        project = s.project()
        s.send(
            project["api_token"],
            [{"event": e, "distinct_id": d, "properties": p} for d, e, p in MERGES],
        )
        s.drain()
        assert outputs(s) == ["$identify", "before"]
        (letter,) = s.cli_lines("dlq", "list")
        assert letter["partition"] == 1 and letter["step"] == "persons"
        assert letter["reason"] == "merge_limit"
        assert letter["error"].endswith("Merge limit exceeded")
        assert letter["project_id"] == project["id"]
        original = json.loads(s.cli_json("dlq", "show", letter["id"])["raw_payload"])
        # The cause is mended.
        s.stop()
        del s.settings["ingest.merge_limit"]
        s.start()
        assert s.cli_json("dlq", "replay", letter["id"]) == {"replayed": 1}
        s.drain()
        (record,) = s.records("events_plugin_ingestion", partition=1)
        assert json.loads(record["value"]) == original
        assert outputs(s) == ["$identify", "before", "$merge_dangerously"]
        assert "--again" in fails(s, "dlq", "replay", letter["id"])
        s.kill()
        s.start()
        s.drain()
        assert outputs(s) == ["$identify", "before", "$merge_dangerously"]
        assert s.cli_json("dlq", "replay", "--again", letter["id"]) == {"replayed": 1}
        s.drain()
        assert len(s.records("events_plugin_ingestion", partition=1)) == 2


def test_an_id_that_is_not_there_is_named(sluice):
    missing = "00000000-0000-4000-8000-000000000000"
    assert missing in fails(sluice, "dlq", "show", missing)
    assert missing in fails(sluice, "dlq", "replay", missing)

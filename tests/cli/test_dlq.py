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


def test_an_id_that_is_not_there_is_named(sluice):
    missing = "00000000-0000-4000-8000-000000000000"
    assert missing in fails(sluice, "dlq", "show", missing)
    assert missing in fails(sluice, "dlq", "replay", missing)

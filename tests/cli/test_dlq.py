"""Dead letters: listed, grouped, shown, edited, put back, discarded, counted."""

import base64
import json
import subprocess
import threading

import pytest
from sluicetest import CommandFailed, Sluice, eventually

TOKEN = "phc_not_yet_known_00000000000000000000000000"
UNKNOWN = "Unknown API key"
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
NOTHING = {"already": 0, "failed": 0}


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


def lose(s, n, first=0, token=TOKEN):
    """Events that become letters of capture, as no project has their key."""
    s.send(
        token,
        [{"event": f"lost {i}", "distinct_id": f"d{i}"} for i in range(first, n)],
    )


def poison(s, project, broken):
    """Events of which the last is more than the app server may merge."""
    s.send(
        project["api_token"],
        [{"event": e, "distinct_id": d, "properties": p} for d, e, p in broken],
    )
    s.drain()


def test_letters_of_an_unknown_key_are_replayed_once_the_project_is_there(sluice):
    lose(sluice, 3)
    letters = sluice.cli_lines("dlq", "list")
    assert [x["event"] for x in letters] == ["lost 0", "lost 1", "lost 2"]
    first = letters[0]
    assert set(first) >= FIELDS
    assert first["topic"] == "events_dead_letter_queue" and first["partition"] == 0
    assert first["reason"] == "unknown_token" and first["step"] == "capture"
    assert first["replayed_at"] is None and first["project_id"] == 0
    assert first["state"] == "pending" and first["attempts"] == 0
    shown = sluice.cli_json("dlq", "show", first["id"])
    assert json.loads(shown["raw_payload"])["event"] == "lost 0"
    assert shown["body"]["event"] == "lost 0" and shown["body"]["distinct_id"] == "d0"
    assert shown["headers"]["dlq_reason"] == "unknown_token"
    assert shown["token"] == TOKEN
    (group,) = sluice.cli_lines("dlq", "list", "--by-error")
    assert group["reason"] == "unknown_token" and group["step"] == "capture"
    assert group["error"] == UNKNOWN and group["count"] == group["pending"] == 3
    assert group["first_at"] <= group["last_at"] and group["project_id"] == 0
    assert group["sample_id"] in {x["id"] for x in letters}
    assert "lost 1" in sluice.cli("dlq", "list")
    assert "alerts" in sluice.cli_json("status")["dead_letters"]
    assert f"3 of them: {UNKNOWN}" in sluice.cli("status")

    sluice.project("found", TOKEN)
    assert sluice.cli_json("dlq", "replay", first["id"]) == {"replayed": 1, **NOTHING}
    sluice.drain()
    assert outputs(sluice) == ["lost 0"]
    assert sluice.cli_json("dlq", "show", first["id"])["replayed_at"] is not None
    assert "--again" in fails(sluice, "dlq", "replay", first["id"])
    assert (
        sluice.cli_json("dlq", "replay", "--all", "--error", "other")["replayed"] == 0
    )
    assert sluice.cli_json("dlq", "replay", "--all", "--error", UNKNOWN) == {
        "replayed": 2,
        **NOTHING,
    }
    sluice.drain()
    assert outputs(sluice) == ["lost 0", "lost 1", "lost 2"]
    assert sluice.cli_json("dlq", "replay", "--all")["replayed"] == 0
    status = sluice.cli_json("status")["dead_letters"]
    assert status["alerts"] == [] and status["replayed"] == 3
    assert "dead letters" not in sluice.cli("status")


MERGES = [
    ("a", "$identify", {"$anon_distinct_id": "a2"}),
    ("b", "before", {}),
    ("b", "$merge_dangerously", {"alias": "a"}),
]


def test_letters_of_the_app_server_go_to_its_own_partition_once():
    with Sluice(settings={"ingest.merge_limit": "1"}) as s:
        project = s.project()
        poison(s, project, MERGES)
        assert outputs(s) == ["$identify", "before"]
        (letter,) = s.cli_lines("dlq", "list")
        assert letter["partition"] == 1 and letter["step"] == "persons"
        assert letter["reason"] == "merge_limit"
        assert letter["error"].endswith("Merge limit exceeded")
        assert letter["project_id"] == project["id"]
        assert letter["source"]["topic"] == "events_plugin_ingestion"
        original = json.loads(s.cli_json("dlq", "show", letter["id"])["raw_payload"])
        # Put back too early it is a letter again, which says where it is from.
        assert s.cli_json("dlq", "replay", "--all")["replayed"] == 1
        s.drain()
        (again,) = s.cli_lines("dlq", "list", "--pending")
        assert again["replay_of"] == letter["id"] and again["attempts"] == 1
        assert s.cli_json("dlq", "replay", "--all")["replayed"] == 1
        s.drain()
        (third,) = s.cli_lines("dlq", "list", "--pending")
        assert third["replay_of"] == again["id"] and third["attempts"] == 2
        (group,) = s.cli_lines("dlq", "list", "--by-error", "--project", project["id"])
        assert (group["count"], group["pending"], group["replayed"]) == (3, 1, 2)
        # The cause is mended.
        s.stop()
        del s.settings["ingest.merge_limit"]
        s.start()
        assert s.cli_json("dlq", "replay", third["id"])["replayed"] == 1
        s.drain()
        records = s.records("events_plugin_ingestion", partition=1)
        assert [json.loads(r["value"]) for r in records] == [original] * 3
        assert outputs(s) == ["$identify", "before", "$merge_dangerously"]
        assert "--again" in fails(s, "dlq", "replay", third["id"])
        s.kill()
        s.start()
        s.drain()
        assert outputs(s) == ["$identify", "before", "$merge_dangerously"]
        again = s.cli_json("dlq", "replay", "--again", third["id"])
        assert again["replayed"] == 1
        s.drain()
        assert len(s.records("events_plugin_ingestion", partition=1)) == 4
        assert s.cli_json("dlq", "show", third["id"])["replays"] == 2


def test_an_id_that_is_not_there_is_named(sluice):
    missing = "00000000-0000-4000-8000-000000000000"
    assert missing in fails(sluice, "dlq", "show", missing)
    assert missing in fails(sluice, "dlq", "replay", missing)
    assert missing in fails(sluice, "dlq", "discard", missing)


def test_an_edited_event_is_replayed_in_place_of_the_letters_own(sluice, tmp_path):
    lose(sluice, 2)
    one, two = sluice.cli_lines("dlq", "list")
    before = sluice.cli_json("dlq", "show", one["id"])
    event = json.loads(sluice.cli("dlq", "show", one["id"], "--body"))
    assert event == before["body"] and event["event"] == "lost 0"
    sluice.project("found", TOKEN)
    file = tmp_path / "event.json"
    edit = ["dlq", "replay", one["id"], "--edit", str(file)]
    for bad, why in (
        ("{", "JSON"),
        ("[]", "object"),
        ('{"distinct_id":"d"}', "name"),
        ('{"event":"e"}', "distinct_id"),
        ('{"event":"e","distinct_id":"d","uuid":"7"}', "uuid"),
        (json.dumps({"event": "e", "distinct_id": "d", "p": "x" * 1100000}), "1000000"),
    ):
        file.write_text(bad)
        assert why in fails(sluice, *edit)
    assert sluice.cli_json("dlq", "show", one["id"])["state"] == "pending"
    event["event"] = "found"
    event["properties"] = {"mended": True}
    file.write_text(json.dumps(event))
    assert sluice.cli_json(*edit) == {"replayed": 1, **NOTHING}
    sluice.drain()
    (row,) = [json.loads(r["value"]) for r in sluice.records("clickhouse_events_json")]
    assert row["event"] == "found" and row["uuid"] == before["event_uuid"]
    assert json.loads(row["properties"])["mended"] is True
    after = sluice.cli_json("dlq", "show", one["id"])
    assert after["edited"] is True and after["raw_payload"] == before["raw_payload"]
    assert after["state"] == "replayed" and after["by"]
    # One letter at a time, and the other one as it is.
    assert "one ID" in fails(sluice, *edit[:2], "--all", "--edit", str(file))
    sluice.cli("dlq", "replay", two["id"])
    assert sluice.cli_json("dlq", "show", two["id"])["edited"] is False


def test_discarded_letters_are_out_of_sight(sluice):
    lose(sluice, 4)
    ids = [x["id"] for x in sluice.cli_lines("dlq", "list")]
    assert sluice.cli_json("dlq", "discard", ids[0]) == {"discarded": 1, **NOTHING}
    assert ids[0] in fails(sluice, "dlq", "discard", ids[0])
    assert [x["id"] for x in sluice.cli_lines("dlq", "list")] == ids[1:]
    (gone,) = sluice.cli_lines("dlq", "list", "--discarded")
    assert gone["id"] == ids[0] and gone["discarded_at"] and gone["by"]
    assert sluice.cli_json("dlq", "show", ids[0])["body"]["event"] == "lost 0"
    sluice.project("found", TOKEN)
    assert sluice.cli_json("dlq", "replay", ids[1])["replayed"] == 1
    assert ids[1] in fails(sluice, "dlq", "discard", ids[1])
    assert sluice.cli_json("dlq", "discard", "--all")["discarded"] == 2
    assert "--again" in fails(sluice, "dlq", "replay", ids[0])
    assert sluice.cli_json("dlq", "replay", "--all", "--again")["replayed"] == 1
    assert sluice.cli_json("dlq", "replay", "--again", ids[0])["replayed"] == 1
    everything = ("dlq", "replay", "--all", "--again", "--discarded")
    assert sluice.cli_json(*everything)["replayed"] == 2
    sluice.drain()
    assert outputs(sluice) == ["lost 1", "lost 1", "lost 0", "lost 2", "lost 3"]
    metrics = sluice.http("admin", "/metrics")[2].decode()
    kind = 'reason="unknown_token",step="capture"'
    eventually(
        lambda: (
            f'sluice_dead_letters{{{kind},state="replayed"}} 4\n'
            in sluice.http("admin", "/metrics")[2].decode()
        ),
        5,
        metrics,
    )


def test_letters_are_filtered_and_paged(sluice):
    project = sluice.project()
    lose(sluice, 5)
    lose(sluice, 7, 5, TOKEN[:-1] + "1")
    lines = sluice.cli_lines("dlq", "list", "--max", "3")
    assert [x["event"] for x in lines] == ["lost 0", "lost 1", "lost 2"]
    page = sluice.api("GET", "/api/v1/dlq?limit=4")
    rest = sluice.cli_lines("dlq", "list", "--cursor", page["next"])
    assert [x["event"] for x in page["items"] + rest] == [f"lost {i}" for i in range(7)]
    assert len(sluice.cli_lines("dlq", "list", "--error", UNKNOWN)) == 7
    assert len(sluice.cli_lines("dlq", "list", "--reason", "unknown_token")) == 7
    for none in (
        ("--error", "other"),
        ("--reason", "step_failed"),
        ("--project", project["id"]),
        ("--replayed",),
        ("--discarded",),
    ):
        assert sluice.cli_lines("dlq", "list", *none) == []
        if len(none) == 2:
            assert sluice.cli_json("dlq", "discard", "--all", *none)["discarded"] == 0
    assert "one of" in fails(sluice, "dlq", "list", "--pending", "--replayed")
    assert "--all" in fails(sluice, "dlq", "replay", "x", "--error", "e")
    groups = sluice.api("GET", "/api/v1/dlq/groups?limit=1")
    assert groups["items"][0]["count"] == 7 and groups["next"] is None


def test_replays_at_once_and_around_a_kill_store_each_event_once(sluice):
    n = 600
    sluice.send(
        TOKEN, [{"event": f"e{i}", "distinct_id": f"d{i % 7}"} for i in range(n)]
    )
    sluice.project("found", TOKEN)
    ids = [x["id"] for x in sluice.cli_lines("dlq", "list")]
    assert len(ids) == n
    answers = []

    def replay(body):
        try:
            answers.append(sluice.api("POST", "/api/v1/dlq/replay", body))
        except (OSError, AssertionError, ValueError):
            pass  # the daemon was killed

    def at_once(bodies):
        threads = [threading.Thread(target=replay, args=(b,)) for b in bodies]
        for t in threads:
            t.start()
        return threads

    for t in at_once([{"ids": ids[:300]}, {"ids": ids[100:300]}, {"ids": ids[:200]}]):
        t.join()
    assert sum(a["replayed"] for a in answers) == 300
    assert sum(a["already"] for a in answers) == 400
    # A kill in the middle of the rest; what was marked was stored.
    threads = at_once([{"all": True}, {"all": True}])
    sluice.kill()
    for t in threads:
        t.join()
    sluice.start()
    for t in at_once([{"all": True}] * 3):
        t.join()
    sluice.drain()
    assert sorted(outputs(sluice)) == sorted(f"e{i}" for i in range(n))
    status = sluice.cli_json("status")["dead_letters"]
    assert (status["pending"], status["replayed"]) == (0, n)


def test_many_letters_in_a_minute_raise_an_alert():
    settings = {"capture.unknown_token": "keep", "dlq.alert_per_min": "5"}
    with Sluice(settings=settings) as s:
        lose(s, 5)
        (pending,) = s.cli_json("status")["dead_letters"]["alerts"]
        assert pending["text"].startswith("5 pending since 20")
        assert "sluice dlq list --by-error" in pending["do"]
        lose(s, 6, 5)
        _, fast = s.cli_json("status")["dead_letters"]["alerts"]
        assert fast["text"].startswith("6 came in the last minute, more than")
        # What was there before is none that came.
        s.stop()
        s.start()
        letters = s.cli_json("status")["dead_letters"]
        assert len(letters["alerts"]) == 1 and letters["per_minute"] == 0
        assert letters["by_project"] == [
            {"project_id": 0, "pending": 6, "replayed": 0, "discarded": 0}
        ]
        (kind,) = letters["by_reason"]
        assert (kind["reason"], kind["step"], kind["pending"]) == (
            "unknown_token",
            "capture",
            6,
        )


def test_bytes_that_are_no_text_are_shown_as_base64():
    with Sluice(settings={"kafka.allow_produce": "events_plugin_ingestion"}) as s:
        project = s.project()
        raw = b"\xff\xfe not JSON"
        kafka = f"127.0.0.1:{s.ports['kafka']}"
        line = ["kcat", "-b", kafka, "-P", "-t", "events_plugin_ingestion", "-p", "0"]
        subprocess.run(line, input=raw, check=True, timeout=30)
        s.drain()
        (letter,) = s.cli_lines("dlq", "list")
        shown = s.cli_json("dlq", "show", letter["id"])
        assert base64.b64decode(shown["raw_payload_base64"]) == raw
        assert shown["body"] is None and shown["step"] == "decode"
        assert project["id"]
        assert "raw_payload" in fails(s, "dlq", "show", letter["id"], "--body")

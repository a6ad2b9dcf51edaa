"""trace: every place where an event was seen, and what changed it."""

import json
import time
import uuid

import pytest
from sluicetest import CommandFailed, Sluice

TOKEN = "phc_not_yet_known_00000000000000000000000000"


def v7():
    """A uuid of version 7 of this moment, as SDKs make them."""
    ms = time.time_ns() // 1_000_000
    value = ms << 80 | 7 << 76 | 2 << 62 | uuid.uuid4().int & (1 << 62) - 1
    return str(uuid.UUID(int=value))


def send(sluice, token, name, distinct_id="d", number=None, **properties):
    number = number or v7()
    event = {"event": name, "distinct_id": distinct_id, "uuid": number}
    sluice.send(token, [{**event, "properties": properties}])
    sluice.drain()
    return number


def kinds(trace):
    return [p["kind"] for p in trace["places"]]


def place(trace, kind):
    (one,) = [p for p in trace["places"] if p["kind"] == kind]
    return one


@pytest.fixture(scope="module")
def sluice():
    with Sluice(settings={"capture.unknown_token": "keep"}) as s:
        yield s


@pytest.fixture(scope="module")
def project(sluice):
    return sluice.project("traces")


def test_an_accepted_event_is_seen_from_capture_to_clickhouse():
    with Sluice(clickhouse=True) as s:
        project = s.project("all")
        token = project["api_token"]
        for i in range(3):
            send(s, token, f"before {i}")
        number = send(
            s,
            token,
            "the one",
            **{"$browser": "Fire", "$groups": {"company": "acme"}, "$elements": []},
        )
        send(s, token, "after")
        trace = s.cli_json("trace", number)
        assert trace["uuid"] == number and trace["is_complete"] is True
        captured, output = place(trace, "capture"), place(trace, "output")
        assert captured["topic"] == "events_plugin_ingestion"
        assert captured["partition"] == 0 and captured["offset"] == 3
        assert captured["project_id"] == project["id"]
        assert captured["key"].endswith(":d") and captured["event"] == "the one"
        assert abs(captured["timestamp_ms"] / 1000 - time.time()) < 120
        assert output["offset"] == 3 and output["person_mode"] == "full"
        assert trace["person"]["id"] == output["person_id"]
        assert trace["person"]["now"] == output["person_id"]
        assert trace["clickhouse"]["rows"] == 1 and trace["clickhouse"]["since"]
        changes = {(c["step"], c["change"], c["member"]) for c in trace["changes"]}
        assert ("normalise", "added", "properties.$set") in changes
        assert ("normalise", "removed", "properties.$elements") in changes
        assert ("persons", "added", "properties.$group_0") in changes
        assert ("persons", "added", "person_id") in changes
        assert not [c for c in changes if c[2] == "properties.$browser"]
        text = s.cli("trace", number)
        assert "events_plugin_ingestion/0/3" in text and "1 row(s)" in text
        # Found by its row's time: the others' records are few, all are looked at.
        assert trace["records_searched"] < 40


def test_a_dropped_event_shows_its_warning(sluice, project):
    number = send(
        sluice,
        project["api_token"],
        "$identify",
        **{"$anon_distinct_id": "a", "$process_person_profile": False},
    )
    trace = sluice.cli_json("trace", number)
    assert kinds(trace) == ["capture", "warning"]
    warning = place(trace, "warning")
    assert warning["type"] == "invalid_event_when_process_person_profile_is_false"
    assert trace["changes"] is None and trace["person"] is None
    assert trace["clickhouse"]["rows"] is None
    assert "off" in trace["clickhouse"]["error"]


def test_a_dead_letter_and_its_replay_are_shown(sluice):
    number = v7()
    sluice.send(TOKEN, [{"event": "lost", "distinct_id": "d", "uuid": number}])
    trace = sluice.cli_json("trace", number)
    assert kinds(trace) == ["letter"]
    letter = place(trace, "letter")
    assert letter["reason"] == "unknown_token" and letter["step"] == "capture"
    assert letter["replayed_at"] is None and letter["error"]
    sluice.project("found", TOKEN)
    sluice.cli("dlq", "replay", letter["id"])
    sluice.drain()
    trace = sluice.cli_json("trace", number)
    assert sorted(kinds(trace)) == ["capture", "letter", "output", "person"]
    assert place(trace, "letter")["replayed_at"] is not None


def test_a_personless_event_shows_its_mode(sluice, project):
    number = send(
        sluice,
        project["api_token"],
        "quiet",
        "nobody",
        **{"$process_person_profile": False},
    )
    trace = sluice.cli_json("trace", number)
    assert trace["person"]["mode"] == "propertyless"
    assert trace["person"]["now"] is None
    assert kinds(trace) == ["output", "capture"]


def test_the_event_of_a_merged_person_shows_who_it_is_now(sluice, project):
    token = project["api_token"]
    number = send(sluice, token, "first", "anon-1")
    made = place(sluice.cli_json("trace", number), "person")
    assert made["version"] == 0
    send(sluice, token, "first", "user-1")
    send(sluice, token, "$identify", "user-1", **{"$anon_distinct_id": "anon-1"})
    trace = sluice.cli_json("trace", number)
    show = ["person", "show", "--project", project["id"], "--distinct-id", "user-1"]
    assert trace["person"]["id"] == made["id"]
    assert trace["person"]["now"] == sluice.cli_json(*show)["uuid"] != made["id"]


def test_a_uuid_of_another_kind_or_time_is_found_too(sluice, project):
    token = project["api_token"]
    for number in (str(uuid.uuid4()), "0fffffff-ffff-7000-8000-000000000001"):
        send(sluice, token, "odd", number=number)
        trace = sluice.cli_json("trace", number.upper())
        assert {"capture", "output"} <= set(kinds(trace))
        full = sluice.cli_json("trace", "--full", number)
        assert {"capture", "output"} <= set(kinds(full))


def test_an_event_that_was_never_seen_is_said_so(sluice):
    with pytest.raises(CommandFailed) as e:
        sluice.cli("trace", v7())
    assert e.value.status == 1 and "no event" in e.value.err
    with pytest.raises(CommandFailed, match="uuid"):
        sluice.cli("trace", "no-uuid")
    with pytest.raises(CommandFailed):
        json.loads(sluice.cli("trace"))

"""An event that cannot be processed, in the middle of a batch.

Guarantees 4 and 5 of docs/guarantees.md: the others are committed at once, the
one becomes a dead letter with its step, its error and its bytes, and ``dlq
replay` puts it through once the cause is gone.
"""

import json
import time
import uuid
from datetime import datetime, timezone

import pytest
from outcome import arm, audit, has_fault_points, store_of
from sluicetest import eventually

STEPS = ["decode", "normalise", "persons", "output", "commit"]
BATCH = 60


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def store(request):
    with store_of(request.param) as store:
        yield store


@pytest.fixture(scope="module")
def sluice(store):
    """One daemon for all cases; each has a project of its own."""
    s, _ = store.begin(**{"ingest.batch_wait_ms": "50"})
    with s:
        yield s


def events(poison):
    """A batch with the poison in its middle; persons before and after it."""
    many = [
        {
            "uuid": str(uuid.uuid4()),
            "event": "fine",
            "distinct_id": f"d{i % 7}",
            "properties": {"$set": {"n": i}},
        }
        for i in range(BATCH)
    ]
    many[BATCH // 2 : BATCH // 2] = poison
    return many


def rows_of(sluice, project):
    found = [json.loads(r["value"]) for r in sluice.records("clickhouse_events_json")]
    return [row for row in found if row["team_id"] == project["id"]]


def send_and_wait(sluice, project, poison):
    """Returns how long the others took from the answer to their rows."""
    many = events(poison)
    bad = {e["uuid"] for e in poison}
    sluice.send(project["api_token"], many)
    sent_at = time.time()

    def others():
        found = rows_of(sluice, project)
        return found if len(found) >= BATCH else None

    found = eventually(others, 10, "rows of the others")
    assert {row["uuid"] for row in found} == {e["uuid"] for e in many} - bad
    order = [row["uuid"] for row in found if row["distinct_id"] == "d3"]
    good = [e for e in many if e["uuid"] not in bad]
    assert order == [e["uuid"] for e in good if e["distinct_id"] == "d3"]
    made = max(created_at(row) for row in found)
    return made - sent_at


def created_at(row):
    text = row["created_at"]
    form = "%Y-%m-%d %H:%M:%S.%f" if "." in text else "%Y-%m-%d %H:%M:%S"
    return datetime.strptime(text, form).replace(tzinfo=timezone.utc).timestamp()


def letter_of(sluice, event):
    def found():
        for letter in sluice.cli_lines("dlq", "list"):
            shown = sluice.cli_json("dlq", "show", letter["id"])
            if json.loads(shown["raw_payload"])["uuid"] == event["uuid"]:
                return letter, shown
        return None

    return eventually(found, 10, "the letter")


def check_letter(sluice, event, reason, step):
    letter, shown = letter_of(sluice, event)
    assert (letter["reason"], letter["step"]) == (reason, step)
    assert letter["error"]
    assert letter["replayed_at"] is None
    # The bytes are those of the front log, which holds the event as text.
    (record,) = [
        r
        for r in sluice.records("events_plugin_ingestion")
        if event["uuid"] in r["value"]
    ]
    assert shown["raw_payload"] == record["value"]
    return letter


def replay(sluice, project, letter, event):
    assert sluice.cli_json("dlq", "replay", letter["id"])["replayed"] == 1

    def there():
        found = [r for r in rows_of(sluice, project) if r["uuid"] == event["uuid"]]
        return found or None

    assert len(eventually(there, 10, "the replayed event")) == 1
    sluice.drain()
    assert len(rows_of(sluice, project)) == BATCH + 1
    shown = sluice.cli_json("dlq", "show", letter["id"])
    assert shown["replayed_at"] is not None


def properties_of(store, sluice, project):
    (found,) = [
        p["properties"]
        for p in store.persons(sluice, project)
        if any("d3" in one for one in p["distinct_ids"])
    ]
    return found


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_fails(store, sluice, step):
    assert has_fault_points(), "wants a program with --enable-fault-points"
    arm(sluice, "")
    project = sluice.project(f"step {step}")
    poison = {
        "uuid": str(uuid.uuid4()),
        "event": "poison",
        "distinct_id": "d3",
        "properties": {"$sluice_fault": step, "$set": {"poison": step}},
    }
    took = send_and_wait(sluice, project, [poison])
    print(f"{step}: the others after {took:.3f} s")
    assert took < 1
    letter = check_letter(sluice, poison, "step_failed", step)
    # What an event did to persons before its output failed stays (spec 1.2).
    before = properties_of(store, sluice, project)
    assert ("poison" in before) == (step == "output")
    arm(sluice, "event:off")
    replay(sluice, project, letter, poison)
    assert properties_of(store, sluice, project)["poison"] == step
    arm(sluice, "")


def test_many_poisons_in_one_batch(sluice):
    assert has_fault_points(), "wants a program with --enable-fault-points"
    arm(sluice, "")
    project = sluice.project("many")
    poison = [
        {
            "uuid": str(uuid.uuid4()),
            "event": "poison",
            "distinct_id": "d3",
            "properties": {"$sluice_fault": step},
        }
        for step in STEPS
    ]
    took = send_and_wait(sluice, project, poison)
    print(f"five: the others after {took:.3f} s")
    for event, step in zip(poison, STEPS, strict=True):
        check_letter(sluice, event, "step_failed", step)


COPIED = ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"]


def test_a_row_that_is_too_large(sluice):
    """A message is within capture's limit, but its row also holds the copies that
    become person properties, and those of a large person: over the topic's
    limit, until the person is smaller."""
    project = sluice.project("large")
    token = project["api_token"]

    def person(properties):
        event = {"event": "person", "distinct_id": "d3", "properties": properties}
        sluice.send(token, [event])
        sluice.drain()

    for name in ("a", "b"):
        person({"$set": {name: "\\" * 155_000}})
    poison = {
        "uuid": str(uuid.uuid4()),
        "event": "poison",
        "distinct_id": "d3",
        "properties": {name: "u" * 150_000 for name in COPIED},
    }
    large = len(rows_of(sluice, project))
    many = events([poison])
    sluice.send(token, many)
    sluice.drain()
    letter = check_letter(sluice, poison, "message_too_large", "output")
    assert len(rows_of(sluice, project)) == large + BATCH
    person({"$unset": ["a", "b"]})
    assert sluice.cli_json("dlq", "replay", letter["id"])["replayed"] == 1
    sluice.drain()
    uuids = [row["uuid"] for row in rows_of(sluice, project)]
    assert uuids.count(poison["uuid"]) == 1


def test_a_merge_over_the_limit(store, sluice):
    """Mended by a limit that lets it through, with a restart."""
    project = sluice.project("merges")
    token = project["api_token"]
    for i in range(4):
        sluice.send(
            token,
            [
                {
                    "event": "$identify",
                    "distinct_id": "many",
                    "properties": {"$anon_distinct_id": f"anon {i}"},
                }
            ],
        )
    sluice.drain()
    n = len(rows_of(sluice, project))
    sluice.stop()
    sluice.settings["ingest.merge_limit"] = "3"
    sluice.start()
    poison = {
        "uuid": str(uuid.uuid4()),
        "event": "$merge_dangerously",
        "distinct_id": "d3",
        "properties": {"alias": "many"},
    }
    many = events([poison])
    sluice.send(token, many)
    sluice.drain()
    assert len(rows_of(sluice, project)) == n + BATCH
    letter = check_letter(sluice, poison, "merge_limit", "persons")
    sluice.stop()
    del sluice.settings["ingest.merge_limit"]
    sluice.start()
    assert sluice.cli_json("dlq", "replay", letter["id"])["replayed"] == 1
    sluice.drain()
    assert len(rows_of(sluice, project)) == n + BATCH + 1
    owners = [
        p
        for p in store.persons(sluice, project)
        if "many" in str(p["distinct_ids"]) or "'d3'" in str(p["distinct_ids"])
    ]
    assert len(owners) == 1


def test_a_project_deleted_after_capture(sluice):
    """Its events are held while it goes; a project with its token takes them."""
    assert has_fault_points(), "wants a program with --enable-fault-points"
    stays, goes = sluice.project("stays"), sluice.project("goes")
    poison = {"uuid": str(uuid.uuid4()), "event": "poison", "distinct_id": "x"}
    many = events([])
    arm(sluice, "pipeline_commit:pause")
    try:
        for _ in range(3):  # one waits, one is decoded already
            sluice.send(stays["api_token"], [{"event": "first", "distinct_id": "x"}])
            time.sleep(0.3)
        sluice.send(stays["api_token"], many[: BATCH // 2])
        sluice.send(goes["api_token"], [poison])
        sluice.send(stays["api_token"], many[BATCH // 2 :])
        sluice.cli("project", "delete", goes["id"])
    finally:
        arm(sluice, "")
    sluice.drain()
    assert len(rows_of(sluice, stays)) == BATCH + 3
    letter = check_letter(sluice, poison, "unknown_token", "decode")
    again = sluice.project("again", token=goes["api_token"])
    assert sluice.cli_json("dlq", "replay", letter["id"])["replayed"] == 1
    sluice.drain()
    assert [row["uuid"] for row in rows_of(sluice, again)] == [poison["uuid"]]


def test_the_audit_counts_letters_too(sluice):
    sluice.drain()
    audit(sluice)

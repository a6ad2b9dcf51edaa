"""Runs cases/ingestion.json (format: spec ingestion.md 10) on the real program, and
cases of our own in the same format (cases/own_ingestion.json).

Every case runs on each store of persons and with batches of 1, 7 and 1000 events.
All cases of such a pair go through one daemon side by side, each in a project of
its own; what belongs to one moment (`at`) is sent for all, then worked on.
"""

import datetime
import json
import pathlib
import re
import time
import uuid

import pytest
from postgres import Postgres
from sluicetest import Sluice

HERE = pathlib.Path(__file__).resolve().parent
CASES = json.loads((HERE / "cases" / "ingestion.json").read_text())
OWN = json.loads((HERE / "cases" / "own_ingestion.json").read_text())
LATER = json.loads((HERE / "later.json").read_text())["ingestion"]
NOW = [c for c in CASES + OWN if c["name"] not in LATER]
NAMESPACE = uuid.UUID("932979b4-65c3-4424-8467-0b66ec27bc22")
UTC = datetime.timezone.utc
TOPICS = {
    "events": ("clickhouse_events_json", 0),
    "persons": ("clickhouse_person", 0),
    "distinct_ids": ("clickhouse_person_distinct_id", 0),
    "warnings": ("clickhouse_ingestion_warnings", 1),
    "capture_warnings": ("clickhouse_ingestion_warnings", 0),
    "heatmaps": ("clickhouse_heatmap_events", 0),
    "letters": ("events_dead_letter_queue", 1),
}
STORES = ["sqlite", "postgres"]
SIZES = [1, 7, 1000]


def iso(seconds):
    at = datetime.datetime.fromtimestamp(seconds, UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def fill_in(value, t0):
    """Replaces {{T0+n}} everywhere."""
    if isinstance(value, dict):
        return {k: fill_in(v, t0) for k, v in value.items()}
    if isinstance(value, list):
        return [fill_in(v, t0) for v in value]
    if isinstance(value, str):
        return re.sub(
            r"\{\{T0([+-]\d+)?\}\}",
            lambda m: iso(t0 + int(m.group(1) or 0)),
            value,
        )
    return value


def instant(text):
    text = text.replace(" ", "T")
    if text.endswith("Z"):
        text = text[:-1] + "+00:00"
    at = datetime.datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def person_uuid(team, distinct_id):
    return str(uuid.uuid5(NAMESPACE, f"{team}:{distinct_id}"))


def requests_of(events):
    """Groups of events that go out together: by at, then by batch."""
    by_at = {}
    for event in events:
        by_at.setdefault(event.get("at", 0), []).append(event)
    for at in sorted(by_at):
        requests = []
        for event in by_at[at]:
            same = event.get("batch") is not None and requests
            if same and requests[-1][-1].get("batch") == event["batch"]:
                requests[-1].append(event)
            else:
                requests.append([event])
        yield requests


def send(sluice, token, request):
    carried = ("at", "batch", "sent_at", "ip")
    batch = [{k: v for k, v in e.items() if k not in carried} for e in request]
    body = {"api_key": token, "batch": batch}
    headers = {"Content-Type": "application/json"}
    if "sent_at" in request[0]:
        body["sent_at"] = request[0]["sent_at"]
    if "ip" in request[0]:
        headers["X-Forwarded-For"] = request[0]["ip"]
    status, _, text = sluice.http(
        "capture", "/batch/", json.dumps(body).encode(), headers
    )
    assert status == 200, text


class Played:
    """One case that was played: its project, when, and what came of it."""

    def __init__(self, sluice, case):
        settings = {
            k: v if isinstance(v, str) else json.dumps(v)
            for k, v in case["project"].items()
        }
        made = sluice.api(
            "POST",
            "/api/v1/projects",
            {"name": case["name"][:60], "settings": settings},
        )
        self.case = case
        self.team, self.token = made["id"], made["api_token"]
        self.t0 = self.t1 = time.time()
        self.moments = list(requests_of(fill_in(case["events"], self.t0)))
        self.rows = {}

    def send_moment(self, sluice, i):
        if i == 0:
            self.t0 = time.time()
            self.moments = list(requests_of(fill_in(self.case["events"], self.t0)))
        for request in self.moments[i]:
            send(sluice, self.token, request)
        self.t1 = time.time()

    def collect(self, sluice, rows):
        self.rows = {
            name: [r for r in of if r["team_id"] == self.team]
            for name, of in rows.items()
        }
        self.rows["warnings"] += self.rows["capture_warnings"]
        path = f"/api/v1/projects/{self.team}/"
        expected = {"persons": "persons", "groups": "groups"}
        expected["group_types"] = "group-types"
        for member, name in expected.items():
            if member in self.case["expect"]:
                self.rows[member + " stored"] = sluice.api_items(path + name)


def play(sluice):
    played = {case["name"]: Played(sluice, case) for case in NOW}
    for i in range(max(len(p.moments) for p in played.values())):
        for p in played.values():
            if i < len(p.moments):
                p.send_moment(sluice, i)
        sluice.drain()
    rows = {
        name: [
            json.loads(r["value"]) for r in sluice.records(topic, partition=partition)
        ]
        for name, (topic, partition) in TOPICS.items()
    }
    for p in played.values():
        p.collect(sluice, rows)
    return played


@pytest.fixture(scope="module", params=STORES)
def store(request):
    """Settings of a daemon on this store, for each use its own."""
    if request.param == "sqlite":
        yield lambda: {}
        return
    with Postgres() as server:

        def fresh():
            name = f"db{time.monotonic_ns()}"
            server.create_db(name)
            return {"postgres.url": server.url(name)}

        yield fresh


@pytest.fixture(scope="module", params=SIZES, ids=lambda n: f"by {n}")
def played(request, store):
    settings = {**store(), "ingest.batch_events": str(request.param)}
    with Sluice(settings=settings) as sluice:
        yield play(sluice)


def exact(got, want, label):
    """Equal as JSON: true is not 1, and $creator_event_uuid only if listed."""
    if "$creator_event_uuid" not in want:
        got = {k: v for k, v in got.items() if k != "$creator_event_uuid"}
    text = json.dumps(got, sort_keys=True)
    assert text == json.dumps(want, sort_keys=True), label


def subset(got, want, label):
    for key, value in want.items():
        assert key in got, f"{label}: {key} is missing in {got}"
        assert json.dumps(got[key], sort_keys=True) == json.dumps(
            value, sort_keys=True
        ), f"{label}: {key}: {got[key]!r}, not {value!r}"


def absent(got, names, label):
    there = [n for n in names if n in got]
    assert not there, f"{label}: {there} should not be in {got}"


def check_person(team, got, want):
    label = f"person of {want['distinct_ids']}"
    assert sorted(got["distinct_ids"]) == sorted(want["distinct_ids"]), label
    if "properties" in want:
        exact(got["properties"], want["properties"], label)
    subset(got["properties"], want.get("properties_subset", {}), label)
    absent(got["properties"], want.get("properties_absent", []), label)
    for name in ("is_identified", "version"):
        if name in want:
            assert got[name] == want[name], f"{label}: {name}"
    if "created_at" in want:
        assert instant(got["created_at"]) == pytest.approx(
            instant(want["created_at"]), abs=0.0005
        ), label
    if "last_seen_at" in want:  # of our own cases
        seen, expected = got.get("last_seen_at"), want["last_seen_at"]
        assert (seen and instant(seen)) == (expected and instant(expected)), label
    if "uuid_of" in want:
        assert got["uuid"] == person_uuid(team, want["uuid_of"]), label


def check_persons(team, got, expect):
    want = expect["persons"]
    if not expect.get("persons_subset"):
        assert len(got) == len(want), got
    for person in want:
        match = [g for g in got if set(g["distinct_ids"]) & set(person["distinct_ids"])]
        assert len(match) == 1, f"persons with {person['distinct_ids']}: {match}"
        check_person(team, match[0], person)


def check_time(row, want, raw, sent, label):
    got = instant(row["timestamp"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", row["timestamp"])
    if raw == "now":
        assert sent[0] - 5 <= got <= sent[1] + 5, label
    elif "{{T0" in raw:
        assert got == pytest.approx(instant(want), abs=3), label
    else:
        assert got == pytest.approx(instant(want), abs=0.0005), label


def check_event(team, row, want, raw, sent):
    label = f"event {want['event']} of {want['distinct_id']}"
    properties = json.loads(row["properties"])
    of_person = json.loads(row["person_properties"])
    assert row["person_id"] == person_uuid(team, want["person_of"]), label
    subset(properties, want.get("properties_subset", {}), label)
    absent(properties, want.get("properties_absent", []), label)
    subset(of_person, want.get("person_properties_subset", {}), label)
    absent(of_person, want.get("person_properties_absent", []), label)
    if "person_properties" in want:
        exact(of_person, want["person_properties"], label)
    for name in ("elements_chain", "person_mode", "person_created_at"):
        if name in want:
            assert row[name] == want[name], f"{label}: {name}"
    if "timestamp" in want:
        check_time(row, want["timestamp"], raw["timestamp"], sent, label)


def check_events(team, rows, expect, raw, sent):
    left = iter(rows)
    for want, raw_want in zip(expect["events"], raw["events"], strict=True):
        for row in left:
            same_id = row["distinct_id"] == want["distinct_id"]
            if same_id and row["event"] == want["event"]:
                check_event(team, row, want, raw_want, sent)
                break
        else:
            names = [(r["event"], r["distinct_id"]) for r in rows]
            pytest.fail(f"no row for {want}; rows: {names}")


def check_distinct_ids(team, rows, want):
    latest = {}
    for row in rows:
        old = latest.get(row["distinct_id"])
        if old is None or row["version"] >= old["version"]:
            latest[row["distinct_id"]] = row
    for item in want:
        row = latest[item["distinct_id"]]
        if "version" in item:
            assert row["version"] == item["version"], item
        if "person_of" in item:
            assert row["person_id"] == person_uuid(team, item["person_of"]), item
        assert row["is_deleted"] == item.get("is_deleted", 0), item


def check_deleted(team, rows, want):
    got = sorted((r["id"], r["version"]) for r in rows if r["is_deleted"] == 1)
    expected = sorted((person_uuid(team, w["person_of"]), w["version"]) for w in want)
    assert got == expected


def check_groups(got, types, expect):
    if "groups" in expect:
        by_key = {(g["type"], g["key"]): g for g in got}
        assert len(by_key) == len(expect["groups"]), got
        for want in expect["groups"]:
            group = by_key[(want["type"], want["key"])]
            exact(group["properties"], want["properties"], f"group {want['key']}")
            if "version" in want:
                assert group["version"] == want["version"], want
    if "group_types" in expect:
        types = sorted(types, key=lambda t: t["index"])
        assert [t["type"] for t in types] == expect["group_types"]
        assert [t["index"] for t in types] == list(range(len(types)))


def check_heatmaps(rows, want):
    assert len(rows) == len(want), rows
    for row, item in zip(rows, want, strict=True):
        subset(row, item, "heatmap")


@pytest.mark.parametrize("case", NOW, ids=[c["name"] for c in NOW])
def test_case(played, case):
    p = played[case["name"]]
    rows, team = p.rows, p.team
    assert not rows["letters"], rows["letters"]
    expect = fill_in(case["expect"], p.t0)
    check_events(team, rows["events"], expect, case["expect"], (p.t0, p.t1))
    assert len(case["events"]) - len(rows["events"]) == expect["dropped"]
    check_persons(team, rows["persons stored"], expect)
    check_distinct_ids(team, rows["distinct_ids"], expect.get("distinct_ids", []))
    if "deleted_persons" in expect:
        check_deleted(team, rows["persons"], expect["deleted_persons"])
    check_groups(rows.get("groups stored"), rows.get("group_types stored"), expect)
    assert sorted({w["type"] for w in rows["warnings"]}) == expect["warnings"]
    if "heatmaps" in expect:
        check_heatmaps(rows["heatmaps"], expect["heatmaps"])


def test_later_cases_are_few_and_known():
    names = {case["name"] for case in CASES}
    assert not names & {case["name"] for case in OWN}
    assert set(LATER) <= names
    assert len(LATER) < len(CASES) / 4

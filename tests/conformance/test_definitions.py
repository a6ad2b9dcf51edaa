"""Event and property definitions (spec ingestion 8.6) on the real program."""

import pytest
from postgres import Postgres
from sluicetest import Sluice

OF_GROUP = {"$group_type": "org", "$group_key": "x", "$group_set": {"seats": 5}}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def daemon(request):
    if request.param == "sqlite":
        with Sluice() as sluice:
            yield sluice
        return
    with Postgres() as server:
        url = server.create_db("definitions")
        with Sluice(settings={"postgres.url": url}) as sluice:
            yield sluice


def event(name, **properties):
    return {"event": name, "distinct_id": "d", "properties": properties}


def lists(daemon, project):
    def of(what):
        rows = daemon.cli_lines("definition", what, "--project", project["id"])
        assert all(rows)
        return rows

    events = {d["name"]: d for d in of("events")}
    properties = {
        (d["type"], d["name"], d["group_type_index"]): d["property_type"]
        for d in of("properties")
    }
    pairs = {(d["event"], d["property"]) for d in of("event-properties")}
    return events, properties, pairs


def test_what_events_define(daemon):
    project = daemon.project("definitions")
    events = [
        event("bought", price=9.5, at="2024-03-05", **{"$set": {"plan": "pro"}}),
        event("bought", price="9.5", extra=None),
        event("$groupidentify", **OF_GROUP),
        event("$$plugin_metrics", a=1),
        event("asked", **{"$process_person_profile": False, "$set": {"no": 1}}),
    ]
    daemon.send(project["api_token"], events)
    daemon.drain()
    events, properties, pairs = lists(daemon, project)
    assert sorted(events) == ["$groupidentify", "asked", "bought"]
    seen = events["bought"]["last_seen_at"]
    assert seen.endswith(":00:00.000Z") and seen <= events["bought"]["created_at"]
    assert properties[("event", "price", None)] == "Numeric"  # the first stays
    assert properties[("event", "at", None)] == "DateTime"
    assert properties[("event", "extra", None)] is None
    assert properties[("person", "plan", None)] == "String"
    assert properties[("group", "seats", 0)] == "Numeric"
    assert not [p for p in properties if p[1] in ("no", "$set", "$group_set", "a")]
    assert ("bought", "price") in pairs and ("bought", "extra") in pairs
    assert ("$groupidentify", "$group_set") not in pairs

    daemon.send(project["api_token"], [event("bought", extra=True)])
    daemon.drain()
    events, properties, _ = lists(daemon, project)
    assert properties[("event", "extra", None)] == "Boolean"


def test_projects_are_apart_and_pages_go_on(daemon):
    one, two = daemon.project("one"), daemon.project("two")
    many = [event(f"e{i}", **{f"p{i}": i}) for i in range(250)]
    daemon.send(one["api_token"], many)
    daemon.send(two["api_token"], [event("only", q=1)])
    daemon.drain()
    events, properties, pairs = lists(daemon, one)
    assert set(events) == {f"e{i}" for i in range(250)}
    assert {(f"e{i}", f"p{i}") for i in range(250)} <= pairs
    events, properties, pairs = lists(daemon, two)
    assert list(events) == ["only"]
    assert ("only", "q") in pairs and ("event", "q", None) in properties


def test_known_ones_cost_no_write_and_survive_a_restart(daemon):
    project = daemon.project("known")
    daemon.send(project["api_token"], [event("again", a=1)])
    daemon.drain()
    before = lists(daemon, project)
    daemon.stop()
    daemon.start()
    daemon.send(project["api_token"], [event("again", a="x")])
    daemon.drain()
    assert lists(daemon, project) == before

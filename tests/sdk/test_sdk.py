"""Unmodified SDKs, end to end, and through two outages of the appliance."""

import gzip
import json

import pytest
from sdks import HERE, SDKS, Driver, build_all
from sluicetest import eventually
from story import play

RECORDED_KEY = "phc_test_token_0000000000000000000000000000000"
EACH = pytest.mark.parametrize("sdk", SDKS, ids=lambda s: s.name)


@pytest.fixture(scope="module")
def story():
    build_all()
    yield from play()


def in_clickhouse(sluice, project, name):
    return sluice.sql(
        "SELECT event, distinct_id, toString(person_id) AS person, properties, "
        "person_properties, elements_chain, toString(uuid) AS uuid "
        f"FROM events WHERE team_id = {project['id']} AND event = '{name}'"
    )


def check_scenario(sluice, project, name):
    """What the scenario must have left in ClickHouse and in the store."""
    viewed = in_clickhouse(sluice, project, "viewed")
    numbers = [json.loads(row["properties"])["i"] for row in viewed]
    assert sorted(numbers) == list(range(5))
    assert {row["distinct_id"] for row in viewed} == {f"{name}-anon"}
    bought = in_clickhouse(sluice, project, "bought")
    assert len(bought) == 1
    assert '"price":12.5' in bought[0]["properties"]
    assert f'"$group_0":"{name}-co"' in bought[0]["properties"]
    user = f"{name}-user"
    people = sluice.cli_lines("person", "list", "--project", project["id"])
    person = next(p for p in people if user in p["distinct_ids"])
    assert set(person["distinct_ids"]) == {
        user,
        f"{name}-anon",
        f"{name}-alias",
    }
    assert person["properties"]["email"] == f"{name}@example.com"
    assert person["properties"]["plan"] == "pro"
    assert person["properties"]["n"] == 3
    assert person["is_identified"] is True
    assert {row["person"] for row in viewed + bought} == {person["uuid"]}
    rows = sluice.sql(
        "SELECT toString(id) AS id FROM person FINAL "
        f"WHERE team_id = {project['id']} AND is_deleted = 0"
    )
    assert person["uuid"] in {row["id"] for row in rows}
    groups = sluice.cli_lines("group", "list", "--project", project["id"])
    assert [(g["type"], g["key"], g["properties"]) for g in groups] == [
        ("company", f"{name}-co", {"size": 7})
    ]


@EACH
def test_scenario(story, sdk):
    check_scenario(story.sluice, story.projects[sdk.name], sdk.name)


@pytest.mark.parametrize("name", ["ruby", "php"])
def test_recorded_scenario(story, name):
    """SDKs of registries that cannot be reached from every machine: the request
    that they made of the scenario, with another key."""
    sluice, project = story.sluice, story.sluice.project(name)
    request = json.loads((HERE / "recorded" / f"{name}.json").read_text())
    body = request["body_text"].replace(RECORDED_KEY, project["api_token"]).encode()
    assert project["api_token"].encode() in body
    if request["gzip"]:
        body = gzip.compress(body)
    for _ in range(2):  # the second time as if the answer had been lost
        status, _, text = sluice.http(
            "capture", request["path"], body, request["headers"], request["method"]
        )
        assert (status, json.loads(text)) == (200, {"status": 1})
    sluice.drain()
    check_scenario(sluice, project, name)


@EACH
def test_it_is_the_pinned_version(story, sdk):
    """What the SDK says of itself at the topic."""
    said = {
        (e["properties"].get("$lib"), e["properties"].get("$lib_version"))
        for e in story.events[sdk.name]
    }
    # The old Java SDK says it where nobody reads it.
    assert said == {(sdk.lib, sdk.version) if sdk.lib else (None, None)}


@EACH
def test_outages(story, sdk, capsys):
    counts = story.tick_counts(sdk.name)
    sent = {n for n, _ in story.ticks}
    lost, doubled = sent - set(counts), [n for n, c in counts.items() if c > 1]
    with capsys.disabled():
        print(
            f"\n{sdk.name}: {len(sent)} events, {story.lost_in(sdk)} lost, "
            f"{len(doubled)} doubled"
        )
    assert not doubled
    assert set(counts) <= sent
    assert not story.missing(sdk), "given up before its time: " + story.logged(sdk)
    if all(o.up - o.down < sdk.keeps(o)[0] for o in story.outages):
        assert not lost, story.logged(sdk)
    if any(o.up - o.down > sdk.keeps(o)[1] + 1 for o in story.outages):
        assert lost, "the table says that this SDK gives up"


@EACH
def test_clickhouse_has_what_the_topic_has(story, sdk):
    project = story.projects[sdk.name]
    counts = story.sluice.sql(
        "SELECT count() AS n, uniqExact(uuid) AS u FROM events FINAL "
        f"WHERE team_id = {project['id']}"
    )[0]
    assert int(counts["n"]) == int(counts["u"])
    assert int(counts["u"]) == len({e["uuid"] for e in story.events[sdk.name]})


def shop(sluice, project, folder):
    """posthog-js on a page with everything that it does by itself; the requests
    that the page made."""
    sdk = next(s for s in SDKS if s.name == "js")
    options = {
        "autocapture": True,
        "capture_pageview": True,
        "capture_pageleave": True,
        "disable_session_recording": False,
        "bootstrap": {"distinctID": "shop-anon"},
    }
    driver = Driver(
        sdk, sluice.url("capture", ""), project["api_token"], folder, options
    )
    try:
        for i in range(3):
            driver.send("capture", event="viewed", properties={"i": i})
        driver.send("flags")
        driver.send("click", selector="#cart")
        driver.send("sleep", ms=4000)
        driver.send("capture", event="leaving", properties={})
        driver.send("leave")
        driver.send("sleep", ms=500)
        driver.send("seen")
        driver.close()
    finally:
        driver.end()
    return json.loads(next(a for a in driver.answers if a != "ok"))


def test_browser_page(story, tmp_path):
    sluice = story.sluice
    project = sluice.project(
        "shop", session_recording_opt_in=True, autocapture_opt_out=False
    )
    requests = shop(sluice, project, tmp_path)
    assert {r["status"] for r in requests} == {200}
    asked = {
        r["url"].split("?")[0].rsplit(":", 1)[1].split("/", 1)[1] for r in requests
    }
    assert {"flags/", "i/v0/e/", "s/"} <= asked
    assert all(r["gzip"] for r in requests if r["method"] == "POST")
    # What was captured when the page went away comes by beacon.
    eventually(lambda: in_clickhouse(sluice, project, "$pageleave"), 20, "the beacon")
    sluice.drain()
    assert len(in_clickhouse(sluice, project, "leaving")) == 1
    assert len(in_clickhouse(sluice, project, "viewed")) == 3
    assert len(in_clickhouse(sluice, project, "$pageview")) == 1
    clicks = in_clickhouse(sluice, project, "$autocapture")
    assert len(clicks) == 1
    assert clicks[0]["elements_chain"].startswith("a.big.btn:")
    assert 'text="Buy now"' in clicks[0]["elements_chain"]
    recorded = [
        json.loads(json.loads(r["value"])["data"])["properties"]
        for r in sluice.records("session_recording_snapshot_item_events")
    ]
    assert {p["distinct_id"] for p in recorded} == {"shop-anon"}
    kinds = {item["type"] for p in recorded for item in p["$snapshot_items"]}
    assert {2, 4} <= kinds  # the whole page, and what it is

"""Persons found by a property, and what is known of one, in both stores."""

import urllib.parse

import pytest
from conftest import Api
from postgres import Postgres
from sluicetest import Sluice

HOSTILE = '<img src=x onerror="alert(1)">\'; DROP TABLE person --'
PERSONS = [
    {"email": "Ann@example.com", "plan": "free", "n": 1, "admin": True},
    {"email": "bob@example.com", "plan": 'it\'s "x" \\', "n": 1.5, "admin": False},
    {"email": "eve@example.org", "plan": None, "n": 12345678901234, HOSTILE: HOSTILE},
    {"a.b": {"c": [1, 2]}, "plan": "FREE", "tags": ["x", "y"]},
]


def events():
    made = [
        {
            "event": "$set",
            "distinct_id": f"u{i}",
            "timestamp": f"2026-11-1{i}T10:00:00Z",
            "properties": {"$set": properties},
        }
        for i, properties in enumerate(PERSONS)
    ]
    made.append(
        {
            "event": "$identify",
            "distinct_id": "u0",
            "timestamp": "2026-11-20T10:00:00Z",
            "properties": {"$anon_distinct_id": "anon-1", "$set": {"plan": "free"}},
        }
    )
    for i, key in enumerate(["acme", "o'neil\\"]):
        made.append(
            {
                "event": "$groupidentify",
                "distinct_id": "u0",
                "properties": {
                    "$group_type": "org",
                    "$group_key": key,
                    "$group_set": {"seats": i},
                },
            }
        )
        for n in range(3):
            made.append(
                {
                    "event": f"paid {n}",
                    "distinct_id": "u1",
                    "timestamp": f"2026-11-2{n}T10:00:00Z",
                    "properties": {"$groups": {"org": key}, "of": key},
                }
            )
    made.append(
        {
            "event": "$groupidentify",
            "distinct_id": "u0",
            "properties": {"$group_type": "team", "$group_key": "acme"},
        }
    )
    return made


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def store(request):
    settings = {}
    if request.param == "postgres":
        server = Postgres()
        server.__enter__()
        request.addfinalizer(lambda: server.__exit__(None, None, None))
        server.create_db("explore")
        settings["postgres.url"] = server.url("explore")
    with Sluice(clickhouse=True, settings=settings) as s:
        project = s.project()
        s.send(project["api_token"], events())
        s.drain()
        yield Api(s), f"/projects/{project['id']}"


def find(store, **query):
    api, path = store
    found, text = [], urllib.parse.urlencode(query)
    answer = api.good("GET", f"{path}/persons?{text}")
    while True:
        found += answer["items"]
        if answer["next"] is None:
            return sorted(p["distinct_ids"][0] for p in found), answer
        answer = api.good("GET", f"{path}/persons?{text}&cursor={answer['next']}")


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"property": "email", "value": "bob@example.com"}, ["u1"]),
        ({"property": "email", "operator": "is", "value": "BOB@example.com"}, []),
        ({"property": "email", "operator": "contains", "value": "ann@"}, ["u0"]),
        (
            {"property": "email", "operator": "contains", "value": "example"},
            ["u0", "u1", "u2"],
        ),
        ({"property": "email", "operator": "is_set"}, ["u0", "u1", "u2"]),
        ({"property": "plan", "operator": "is_set"}, ["u0", "u1", "u2", "u3"]),
        ({"property": "plan", "value": "null"}, ["u2"]),
        ({"property": "plan", "value": 'it\'s "x" \\'}, ["u1"]),
        ({"property": "plan", "value": "free"}, ["u0"]),
        ({"property": "n", "value": "1"}, ["u0"]),
        ({"property": "n", "value": "1.5"}, ["u1"]),
        ({"property": "n", "value": "12345678901234"}, ["u2"]),
        ({"property": "admin", "value": "true"}, ["u0"]),
        ({"property": "admin", "value": "false"}, ["u1"]),
        ({"property": "a.b", "operator": "contains", "value": "[1,"}, ["u3"]),
        ({"property": "tags", "operator": "contains", "value": '"y"'}, ["u3"]),
        ({"property": HOSTILE, "value": HOSTILE}, ["u2"]),
        ({"property": "' OR 1=1 --", "operator": "is_set"}, []),
        ({"property": "email", "operator": "contains", "value": "%"}, []),
        ({"property": "email", "operator": "is_set", "limit": 1}, ["u0", "u1", "u2"]),
    ],
)
def test_persons_are_found_by_a_property(store, query, ids):
    found, answer = find(store, **query)
    assert found == ids
    if "limit" not in query:
        assert answer["scanned"] == 4


def test_bad_searches_say_what_is_wrong(store):
    api, path = store
    for text in [
        "property=",
        "property=a&operator=like",
        "property=a&operator=contains",
    ]:
        assert api("GET", f"{path}/persons?{text}")[0] == 400


def test_the_past_of_a_person(store):
    api, path = store
    answer = api.good("GET", f"{path}/persons/anon-1/history")
    assert [(m["event"], m["distinct_id"], m["other"]) for m in answer["merges"]] == [
        ("$identify", "u0", "anon-1")
    ]
    plan = [p for p in answer["properties"] if p["name"] == "plan"][0]
    assert plan["first_at"].startswith("2026-11-10")
    assert plan["last_at"].startswith("2026-11-20")
    assert plan["events"] == 2
    assert api("GET", f"{path}/persons/nobody/history")[0] == 200
    assert api("GET", f"{path}/persons/x/history?by_uuid=true")[0] in (400, 404)


def test_events_newest_first_page_by_page(store):
    api, path = store
    all_events = api.good("GET", f"{path}/persons/u1/events")["items"]
    got, cursor = [], ""
    while cursor is not None:
        answer = api.good(
            "GET", f"{path}/persons/u1/events?newest=true&limit=2{cursor}"
        )
        got += answer["items"]
        cursor = answer["next"] and "&cursor=" + answer["next"]
    assert got == all_events[::-1] and len(got) == 7


def test_groups_of_a_type_and_their_events(store):
    api, path = store
    groups = api.good("GET", f"{path}/groups?type=org")["items"]
    assert [g["key"] for g in groups] == ["acme", "o'neil\\"]
    assert api.good("GET", f"{path}/groups?type=nothing")["items"] == []
    assert len(api.good("GET", f"{path}/groups")["items"]) == 3
    for key in ["acme", "o'neil\\"]:
        name = urllib.parse.quote(key, safe="")
        answer = api.good("GET", f"{path}/groups/org/{name}/events?newest=true")
        paid = [e for e in answer["items"] if e["event"].startswith("paid")]
        assert [e["event"] for e in paid] == ["paid 2", "paid 1", "paid 0"]
        assert all(e["properties"]["of"] == key for e in paid)
    assert api("GET", f"{path}/groups/nothing/x/events")[0] == 404

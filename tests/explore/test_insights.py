"""Ready-made insights give what the events say, and are the SQL they show."""

import pytest
from conftest import NAMES, QUOTED, seconds

RANGE = {"from": seconds(1), "to": seconds(30)}


@pytest.fixture
def ask(api, project):
    def ask(**body):
        answer = api.good(
            "POST", f"/projects/{project['id']}/insights", {**RANGE, **body}
        )
        again = api.good("POST", "/sql/console", {"query": answer["sql"]})
        assert again["rows"] == answer["rows"], answer["sql"]
        return answer["rows"]

    return ask


def day(n):
    return f"2026-11-{n} 00:00:00"


def test_trends(ask):
    assert ask(kind="trends") == [[day(d), "3"] for d in range(10, 20)]
    assert ask(kind="trends", event="bought", measure="users", interval="week") == [
        ["2026-11-09", "5"],
        ["2026-11-16", "4"],
    ]
    rows = ask(kind="trends", breakdown="event", interval="month")
    assert sorted(rows) == [["2026-11-01", name, "10"] for name in sorted(NAMES)]
    rows = ask(kind="trends", breakdown="property", property="plan", interval="month")
    assert sorted(rows) == [
        ["2026-11-01", "free", "15"],
        ["2026-11-01", QUOTED, "15"],
    ]
    rows = ask(
        kind="trends",
        breakdown="person_property",
        property="email",
        interval="month",
        measure="users",
    )
    assert len(rows) == 5 and all(row[2] == "1" for row in rows)


def test_breakdown_values_beyond_ten_fall_into_one(ask):
    rows = ask(kind="trends", breakdown="property", property="n", interval="month")
    assert len(rows) == 11
    assert [row[2] for row in rows if row[1] == "(other)"] == ["20"]


def test_funnel(ask):
    assert ask(kind="funnel", steps=NAMES) == [
        [1, "signed up", "5"],
        [2, "viewed", "5"],
        [3, "bought", "5"],
    ] or ask(kind="funnel", steps=NAMES) == [
        ["1", "signed up", "5"],
        ["2", "viewed", "5"],
        ["3", "bought", "5"],
    ]
    # In the other order only somebody who comes again gets on.
    rows = ask(kind="funnel", steps=["bought", "signed up"], window_h=24)
    assert [row[2] for row in rows] == ["5", "0"]
    rows = ask(kind="funnel", steps=["bought", "signed up"], window_h=24 * 6)
    assert [row[2] for row in rows] == ["5", "5"]


def test_retention(ask):
    rows = ask(kind="retention", event="signed up")
    assert rows[:2] == [[day(10), "0", "1"], [day(10), "5", "1"]]
    assert len(rows) == 10
    rows = ask(kind="retention", event="signed up", interval="week")
    assert rows == [["2026-11-09", "0", "5"], ["2026-11-09", "1", "4"]]
    rows = ask(kind="retention", event="signed up", return_event="nothing")
    assert [row[1] for row in rows] == ["0"] * 5


def test_top(ask):
    assert ask(kind="top") == [[name, "10", "5"] for name in sorted(NAMES)]
    rows = ask(kind="top", top="properties", event="viewed", limit=1000)
    assert ["plan", "10", "5"] in rows
    assert ask(kind="top", top="values", property="plan", limit=1) == [
        ["free", "15", "5"]
    ]


def test_people_who_were_merged_count_once(api, sluice):
    project = sluice.project(name="merged")
    at = "2026-11-10T10:00:00Z"
    sluice.send(
        project["api_token"],
        [
            {"event": "a", "distinct_id": "x1", "timestamp": at},
            {"event": "a", "distinct_id": "x2", "timestamp": at},
            {
                "event": "$create_alias",
                "distinct_id": "x1",
                "properties": {"alias": "x2"},
                "timestamp": at,
            },
        ],
    )
    sluice.drain()
    answer = api.good(
        "POST",
        f"/projects/{project['id']}/insights",
        {**RANGE, "kind": "trends", "measure": "users", "event": "a"},
    )
    assert [row[1] for row in answer["rows"]] == ["1"]


@pytest.mark.parametrize(
    "text", ["' OR 1=1 --", "\\'); DROP TABLE x", "{p1:String}", "a\n\t\\", "ü€😀", "`"]
)
def test_hostile_names_are_only_names(ask, text):
    for body in [
        {"kind": "trends", "event": text, "breakdown": "property", "property": text},
        {"kind": "trends", "breakdown": "person_property", "property": text},
        {"kind": "funnel", "steps": [text, "bought"]},
        {"kind": "retention", "event": text, "return_event": text},
        {"kind": "top", "top": "values", "property": text, "event": text},
    ]:
        ask(**body)


def test_ill_asked_ones_name_the_field(api, project):
    path = f"/projects/{project['id']}/insights"
    for body, field in [
        ({"kind": "x"}, "kind"),
        ({"kind": "trends", "from": -1}, "from"),
        ({"kind": "trends", "to": 5}, "to"),
        ({"kind": "funnel"}, "steps"),
        ({"kind": "funnel", "steps": ["a"]}, "steps"),
        ({"kind": "top", "top": "values"}, "property"),
        ({"kind": "retention"}, "event"),
    ]:
        status, answer = api("POST", path, {**RANGE, **body})
        assert (status, answer["error"]["field"]) == (400, field), answer
    assert api("POST", "/projects/999/insights", {**RANGE, "kind": "top"})[0] == 404

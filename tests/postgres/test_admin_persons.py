"""What the admin and the commands say of persons in Postgres."""

import pytest
from flow_kit import node
from postgres import Postgres
from sluicetest import CommandFailed, eventually

EVENTS = [
    {
        "event": "$identify",
        "distinct_id": "ann",
        "properties": {"$anon_distinct_id": "x", "$set": {"plan": "pro"}},
    },
    {
        "event": "$groupidentify",
        "distinct_id": "ann",
        "properties": {
            "$group_type": "org",
            "$group_key": "acme",
            "$group_set": {"seats": 3},
        },
    },
    {"event": "paid", "distinct_id": "bob", "properties": {"amount": 7}},
]


def test_persons_groups_and_definitions_are_shown(server, db):
    with node(server.url(db)) as s:
        project = s.project()
        s.send(project["api_token"], EVENTS)
        s.drain()
        path = f"/api/v1/projects/{project['id']}"
        listed = {p["distinct_ids"][0]: p for p in s.api_items(path + "/persons")}
        assert set(listed) == {"ann", "bob"}
        assert listed["ann"]["distinct_ids"] == ["ann", "x"]
        assert listed["ann"]["properties"]["plan"] == "pro"
        assert listed["ann"]["is_identified"] is True
        by_uuid = s.api("GET", f"{path}/persons/{listed['ann']['uuid']}?by_uuid=true")
        assert by_uuid == listed["ann"]
        group = s.api("GET", f"{path}/groups/org/acme")
        assert group["properties"] == {"seats": 3}
        names = {d["name"] for d in s.api_items(path + "/event-definitions")}
        assert names == {"$identify", "$groupidentify", "paid"}
        kinds = {
            (d["name"], d["type"]): d["property_type"]
            for d in s.api_items(path + "/property-definitions")
        }
        assert kinds[("amount", "event")] == "Numeric"
        assert kinds[("plan", "person")] == "String"
        assert kinds[("seats", "group")] == "Numeric"


def test_a_server_that_is_away_is_said():
    with Postgres() as server:
        server.create_db("away")
        with node(server.url("away")) as s:
            project = s.project()
            s.send(project["api_token"], EVENTS)
            s.drain()
            assert shows(s, project)["properties"]["plan"] == "pro"
            server.stop()
            for _ in range(2):  # known to be away by the second at the latest
                with pytest.raises(CommandFailed) as failed:
                    shows(s, project)
                assert failed.value.status == 1
                assert "Postgres" in failed.value.err
                assert server.PASSWORD not in failed.value.err
            server.start()
            eventually(lambda: is_shown(s, project), 60, "the person is shown")


def shows(sluice, project):
    return sluice.cli_json(
        "person", "show", "--distinct-id", "ann", "--project", str(project["id"])
    )


def is_shown(sluice, project):
    try:
        return shows(sluice, project)
    except CommandFailed:
        return None

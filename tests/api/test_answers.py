"""Answers of real data fit the schemas that the document names for them."""

import json
import urllib.parse

import jsonschema_rs
import pytest


@pytest.fixture(scope="module")
def check(world):
    """check(method, path of the document, answer): its body fits the schema."""
    validators = {}

    def validator(name):
        if name not in validators:
            schema = {
                "$ref": f"#/components/schemas/{name}",
                "components": world.document["components"],
            }
            validators[name] = jsonschema_rs.validator_for(schema)
        return validators[name]

    def fits(method, path, answer):
        responses = world.document["paths"][path][method.lower()]["responses"]
        wanted = [s for s in responses if s != "default"][0]
        assert str(answer.status) == wanted, (method, path, answer.status, answer.body)
        [(kind, content)] = responses[wanted]["content"].items()
        assert answer.type == kind, (method, path, answer.type)
        name = content["schema"]["$ref"].split("/")[-1]
        if kind == "application/json":
            validator(name).validate(answer.json())
        return answer

    fits.validator = validator
    return fits


@pytest.fixture(scope="module")
def places(world):
    """What to put for the parameters of paths."""
    event = world.sluice.sql(
        "SELECT uuid, distinct_id FROM posthog.events WHERE event = 'bought' LIMIT 1"
    )[0]
    return {
        "uuid": event["uuid"],
        "distinct_id": event["distinct_id"].replace(" ", "%20"),
        "type": "company",
        "key": "a%2Fb",
        "name": "clickhouse_events_json",
    }


def test_every_get_answers_as_documented(world, check, places):
    session = world.session("admin")
    letters = world.call("GET", "/api/v1/dlq", headers=session).json()["items"]
    kept = {"name": "kept", "query": "SELECT 1", "is_shared": True}
    saved = world.sluice.api("POST", "/api/v1/sql/saved", kept)["id"]
    asked = set()
    for method, path, _ in world.operations():
        if method != "GET":
            continue
        if path in ("/api/v1/erasures/{id}", "/api/v1/trace/{uuid}/changes"):
            continue  # asked below, with what they are about
        if "{letter}" in path:
            if not letters:
                continue
            where = path.replace("{letter}", letters[0]["id"])
        else:
            ids = {**places, "id": "1"}
            where = path
            for name, value in ids.items():
                where = where.replace("{" + name + "}", value)
        if where.endswith("/saved/1"):
            where = f"/api/v1/sql/saved/{saved}"
        if where.endswith("/users/1"):
            where = f"/api/v1/users/{world.users['admin']}"
        check("GET", path, world.call("GET", where, headers=session))
        asked.add(path)
    assert len(asked) > 30


def test_the_longest_parameters_are_read(world):
    """Four bytes a character, three letters a byte: longer than many a server takes."""
    session = world.session("admin")

    def ask(reason, error):
        names = {"reason": "\U0001f600" * reason, "error": "\U0001f600" * error}
        query = urllib.parse.urlencode(names)
        return world.call("GET", f"/api/v1/dlq?{query}", headers=session)

    assert ask(1000, 2000).json()["items"] == []
    for answer in (ask(1001, 2000), ask(1000, 3000)):
        assert answer.status == 400 and answer.code == "invalid"


def test_each_line_of_records_is_a_record(world, check):
    path = "/api/v1/topics/{name}/records"
    answer = world.call(
        "GET",
        path.replace("{name}", "clickhouse_events_json") + "?from=start&max=3",
        headers=world.session("viewer"),
    )
    lines = check("GET", path, answer).body.decode().splitlines()
    assert len(lines) == 3
    for line in lines:
        check.validator("record").validate(json.loads(line))


def test_changes_answer_as_documented(world, check):
    session = world.session("admin")

    def do(method, path, body=None, **ids):
        where = path
        for name, value in ids.items():
            where = where.replace("{" + name + "}", str(value))
        return check(method, path, world.call(method, where, body, session)).json()

    made = do("POST", "/api/v1/projects", {"name": "another"})
    assert made["api_token"].startswith("phc_")
    one = {"id": made["id"]}
    settings = {"settings": {"anonymize_ips": True, "timezone": "Europe/Berlin"}}
    changed = do("PATCH", "/api/v1/projects/{id}", settings, **one)
    assert (changed["anonymize_ips"], changed["timezone"]) == (True, "Europe/Berlin")
    rotated = do("POST", "/api/v1/projects/{id}/rotate-token", **one)
    assert rotated["api_token"] != made["api_token"]
    do("DELETE", "/api/v1/projects/{id}", **one)
    do("POST", "/api/v1/topics", {"name": "made.here", "partitions": 1})
    do("DELETE", "/api/v1/topics/{name}", name="made.here")
    do("POST", "/api/v1/dlq/discard", {"ids": ["nothing"]})
    do("POST", "/api/v1/dlq/replay", {"all": True, "error": "no such"})
    do("POST", "/api/v1/sql", {"query": "SELECT 1"})
    person = "/api/v1/projects/{id}/persons/{distinct_id}"
    gone = do("DELETE", person, id=world.project["id"], distinct_id="user%204")
    if gone["clickhouse"]["task"] > 0:
        do("GET", "/api/v1/erasures/{id}", id=gone["clickhouse"]["task"])


def test_changes_of_an_event_answer_as_documented(world, check, places):
    session = world.session("viewer")
    path = "/api/v1/trace/{uuid}/places"
    cursor, found = None, {}
    while True:
        where = path.replace("{uuid}", places["uuid"])
        if cursor:
            where += f"?cursor={cursor}"
        page = check("GET", path, world.call("GET", where, headers=session)).json()
        found.update({x["kind"]: x for x in page["items"]})
        cursor = page["next"]
        if cursor is None:
            break
    front, output = found["capture"], found["output"]
    path = "/api/v1/trace/{uuid}/changes"
    where = path.replace("{uuid}", places["uuid"]) + (
        f"?topic={front['topic']}&partition={front['partition']}"
        f"&front={front['offset']}&output={output['offset']}"
    )
    check("GET", path, world.call("GET", where, headers=session))

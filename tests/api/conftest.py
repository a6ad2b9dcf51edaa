"""One daemon with users of every role, their sessions and keys, and some data."""

import http.client
import json

import pytest
from sluicetest import Sluice, eventually

PASSWORD = "correct horse battery"


class Answer:
    def __init__(self, response, body):
        self.status, self.headers, self.body = response.status, response.headers, body

    @property
    def type(self):
        return self.headers.get("Content-Type", "")

    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The code of an error of the documented form."""
        error = self.json()["error"]
        assert set(error) <= {"code", "message", "field"}, error
        assert error["message"], error
        return error["code"]


class World:
    """The admin port as browsers and programs see it."""

    def __init__(self, sluice):
        self.sluice = sluice
        self.document = sluice.api("GET", "/api/v1/openapi.json")
        self.users, self.sessions = {}, {}
        for role in ("viewer", "member", "admin"):
            body = {
                "email": f"{role}@example.com",
                "name": role,
                "role": role,
                "password": PASSWORD,
            }
            self.users[role] = sluice.api("POST", "/api/v1/users", body)["id"]
        scopes = [x["name"] for x in sluice.api("GET", "/api/v1/key-scopes")["items"]]
        self.key = self.make_key(scopes)
        # A key for each scope that has all but that one.
        self.keys_without = {
            scope: self.make_key([x for x in scopes if x != scope]) for scope in scopes
        }

    def make_key(self, scopes, role="admin"):
        body = {"user": f"{role}@example.com", "name": "test", "scopes": scopes}
        return self.sluice.api("POST", "/api/v1/keys", body)["key"]

    def call(self, method, path, body=None, headers=None, host=None):
        headers = dict(headers or {})
        if host is not None:
            headers["Host"] = host
        if body is not None:
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        c = http.client.HTTPConnection("127.0.0.1", self.sluice.ports["admin"], 30)
        try:
            c.request(method, path, body, headers)
            response = c.getresponse()
            stream = "event-stream" in response.headers.get("Content-Type", "")
            # A stream has no end: what it begins with is enough.
            return Answer(response, response.read1(100) if stream else response.read())
        finally:
            c.close()

    def sign_in(self, role):
        """Headers of a new session."""
        body = {"email": f"{role}@example.com", "password": PASSWORD}
        answer = self.call("POST", "/api/v1/session", body)
        assert answer.status == 200, answer.body
        cookie = answer.headers["Set-Cookie"].split(";")[0]
        return {"Cookie": cookie, "X-CSRF-Token": answer.json()["csrf_token"]}

    def session(self, role):
        if role not in self.sessions:
            self.sessions[role] = self.sign_in(role)
        return self.sessions[role]

    def with_key(self, key):
        return {"Authorization": f"Bearer {key}"}

    def operations(self):
        """(method, path, operation) of each route."""
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation


def fill(s):
    """A project with persons, groups, a dead letter, topics and a record."""
    project = s.project("shop")
    token = project["api_token"]
    s.send(
        token,
        [
            {
                "event": "bought",
                "distinct_id": f"user {i}",
                "properties": {"$set": {"plan": "pro"}, "price": i},
            }
            for i in range(5)
        ]
        + [
            {
                "event": "$groupidentify",
                "distinct_id": "user 1",
                "properties": {
                    "$group_type": "company",
                    "$group_key": "a/b",
                    "$group_set": {"name": "A"},
                },
            }
        ],
    )
    s.api("POST", "/api/v1/topics", {"name": "own", "partitions": 2})
    s.drain()
    return project


@pytest.fixture(scope="session")
def world():
    with Sluice(clickhouse=True) as s:
        w = World(s)
        w.project = fill(s)
        eventually(
            lambda: s.sql("SELECT uuid FROM posthog.events"), 60, "events in ClickHouse"
        )
        yield w

"""A daemon with ClickHouse and a month of a small project's events."""

import datetime
import http.client
import json
import os
import socket

import pytest
from sluicetest import Sluice

NAMES = ["signed up", "viewed", "bought"]
QUOTED = 'it\'s \\ "x"\n\t{p1:String}'


class Api:
    """The API over the daemon's socket, with statuses."""

    def __init__(self, sluice):
        self.sluice = sluice

    def __call__(self, method, path, body=None):
        connection = http.client.HTTPConnection("localhost", timeout=90)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(os.path.join(self.sluice.data, "sluice.sock"))
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, "/api/v1" + path, text)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def good(self, method, path, body=None):
        status, answer = self(method, path, body)
        assert status == 200, (path, body, answer)
        return answer


def seconds(day):
    at = datetime.datetime(2026, 11, day, tzinfo=datetime.timezone.utc)
    return int(at.timestamp())


def events():
    """Ten days; five people, each twice; three steps each time."""
    all_events = []
    for n in range(30):
        user, day = n // 3 % 5, 10 + n // 3
        all_events.append(
            {
                "event": NAMES[n % 3],
                "distinct_id": f"u{user}",
                "timestamp": f"2026-11-{day}T10:00:{n % 3:02}Z",
                "properties": {
                    "plan": ["free", QUOTED][n % 2],
                    "n": n,
                    "$set": {"email": f"u{user}@example.com"},
                },
            }
        )
    return all_events


@pytest.fixture(scope="session")
def sluice():
    settings = {"console.max_rows": "100", "console.time_s": "20"}
    with Sluice(clickhouse=True, settings=settings) as s:
        yield s


@pytest.fixture(scope="session")
def project(sluice):
    project = sluice.project()
    sluice.send(project["api_token"], events())
    sluice.drain()
    return project


@pytest.fixture(scope="session")
def api(sluice):
    return Api(sluice)

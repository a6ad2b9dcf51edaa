"""The connections of the admin, and the test of a Postgres before it is used:
what each kind of wrong address is told as, and that nothing secret comes back."""

import json
import os
import socket

import pytest
from postgres import Postgres
from sluicetest import OverSocket, Sluice

PASSWORD = "Wrong-of-the-test-9981"


def tried(daemon, **body):
    """(status, answer)"""
    connection = OverSocket(os.path.join(daemon.data, "sluice.sock"))
    try:
        connection.request(
            "POST", "/api/v1/connections/postgres/test", json.dumps(body)
        )
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def server():
    with Postgres() as s:
        s.create_db("fresh")
        s.create_db("posthog", kind="posthog")
        s.sql("CREATE ROLE weak LOGIN PASSWORD 'Weak-of-the-test-1'")
        s.sql("CREATE ROLE locked PASSWORD 'Weak-of-the-test-1'")
        yield s


@pytest.fixture
def daemon():
    with Sluice() as d:
        yield d


def closed_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def test_a_good_one(server, daemon):
    status, got = tried(daemon, url=server.url("fresh"))
    assert status == 200 and got["ok"] and got["reached"], got
    assert got["tables"] == "none" and got["may_create"]
    assert got["version"].startswith(("15.", "16.", "17."))
    assert got["latency_ms"] > 0 and got["connect_ms"] > 0 and not got["tls"]
    assert got["server"] == f"127.0.0.1:{server.port}/fresh"
    assert got["user"] == "sluice" and got["warning"] == ""
    # Nothing was made there.
    assert server.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'sluice'") == [
        ["0"]
    ]
    status, got = tried(daemon, url=server.url("posthog"))
    assert got["ok"] and got["tables"] == "posthog"


def test_each_cause_is_told_apart(server, daemon):
    weak = {"user": "weak", "password": "Weak-of-the-test-1"}
    cases = [
        (server.url("fresh", password=PASSWORD), "password"),
        (server.url("no_such_database"), "database"),
        (server.url("fresh", user="nobody_such", password=PASSWORD), "password"),
        (server.url("fresh", user="locked", password=weak["password"]), "user"),
        (server.url("fresh", sslmode="require"), "tls"),
        (f"postgresql://u:{PASSWORD}@127.0.0.1:{closed_port()}/d", "port"),
        (f"postgresql://u:{PASSWORD}@no-such-host.invalid/d", "host"),
        (server.url("fresh", **weak), "rights"),
    ]
    for url, cause in cases:
        status, got = tried(daemon, url=url)
        assert status == 200, got
        assert (got["ok"], got["cause"]) == (False, cause), got
        assert got["todo"].endswith((".", "word'", "user", "'new'")), got
        assert PASSWORD not in json.dumps(got) and weak["password"] not in str(got)
    assert PASSWORD not in daemon.log()


def test_what_is_refused_before_anything_is_asked(daemon):
    for url in ("", "what is this", "postgresql://u@h/d?passfile=/etc/shadow"):
        status, got = tried(daemon, url=url)
        assert status == 400 and got["error"]["field"] == "url", got
    status, got = tried(daemon)
    assert status == 400 and "no Postgres is set" in got["error"]["message"]
    port = closed_port()
    seen = {tried(daemon, url=f"postgresql://127.0.0.1:{port}/d")[0] for _ in range(12)}
    assert seen == {200, 429}


def test_one_that_hangs_does_not_stop_the_others(daemon):
    """A listener that never answers; meanwhile the API answers."""
    import threading
    import time

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(5)
        url = f"postgresql://127.0.0.1:{s.getsockname()[1]}/d?sslmode=disable"
        got = {}
        thread = threading.Thread(target=lambda: got.update(a=tried(daemon, url=url)))
        begin = time.monotonic()
        thread.start()
        while thread.is_alive():
            assert daemon.api("GET", "/api/v1/projects")["items"] == []
            thread.join(0.2)
        assert time.monotonic() - begin < 12
    assert got["a"][1]["cause"] == "timeout", got


def test_the_state_of_all_three(server):
    with Sluice(settings={"postgres.url": server.create_db("state")}) as daemon:
        got = daemon.api("GET", "/api/v1/connections")
        p, k, c = got["postgres"], got["kafka"], got["clickhouse"]
        assert p["in_use"] and p["state"] == "up" and p["source"] == "--set"
        assert p["server"] == f"127.0.0.1:{server.port}/state" and not p["pending"]
        assert Postgres.PASSWORD not in json.dumps(got)
        assert k["running"] and k["port"] == daemon.ports["kafka"]
        assert k["topics"] > 3 and k["clients"] >= 0
        assert c["mode"] == c["state"] == "off" and c["tables"] is None
        status, tested = tried(daemon)
        assert status == 200 and tested["ok"] and tested["tables"] == "sluice"


def test_persons_here_are_a_warning(server, daemon):
    token = daemon.project()["api_token"]
    event = {"event": "e", "distinct_id": "d", "properties": {"$set": {"a": 1}}}
    daemon.send(token, [event])
    daemon.drain()
    _, got = tried(daemon, url=server.url("fresh"))
    assert got["ok"] and "switch_store" in got["warning"]

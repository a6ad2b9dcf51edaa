"""Postgres goes and comes while events arrive."""

import pytest
from flow_kit import (
    arm,
    assert_each_once,
    assert_versions,
    events,
    needs_fault_points,
    node,
    trouble,
    wait_death,
)
from postgres import Postgres
from sluicetest import eventually


@pytest.fixture
def own():
    with Postgres() as p:
        yield p


@pytest.mark.parametrize("how", ["stop", "kill9"])
def test_postgres_goes_and_comes(own, how):
    own.create_db("d")
    with node(own.url("d")) as s:
        token = s.project()["api_token"]
        many = []
        for _ in range(3):
            more = events(300, 9)
            s.send(token, more)  # on the way when the server goes
            getattr(own, how)()
            many += more
            more = events(300, 9)
            s.send(token, more)  # known key: accepted
            many += more
            eventually(lambda: says_postgres(s), 15, "status names Postgres")
            own.start()
            s.drain()
        assert_each_once(s, many)
        assert_versions(own, "d", many)


def says_postgres(s):
    return "postgres: " in str(trouble(s))


def test_a_start_without_postgres(own):
    own.create_db("d")
    with node(own.url("d")) as s:
        token = s.project()["api_token"]
        s.send(token, events(5, 2))
        s.drain()
        s.stop()
        own.stop()
        s.start(ready=False)
        eventually(lambda: says_postgres(s), 15, "status names Postgres")
        own.start()
        more = events(20, 2)
        eventually(lambda: s.is_ready(), 30, "ready")
        s.send(token, more)
        s.drain()
        assert len(s.records("clickhouse_events_json")) == 25


def test_a_stop_while_postgres_is_away(own):
    own.create_db("d")
    with node(own.url("d")) as s:
        token = s.project()["api_token"]
        many = events(100, 5)
        own.stop()
        s.send(token, many)
        eventually(lambda: says_postgres(s), 15, "status names Postgres")
        s.stop(timeout_s=10)
        own.start()
        s.start()
        s.drain()
        assert_each_once(s, many)


def test_what_is_in_doubt_at_a_start_stays(own):
    """pipeline-9. Killed behind the COMMIT; at the next start and stop Postgres is
    away: the batch stays prepared."""
    own.create_db("d")
    with node(own.url("d")) as s:
        needs_fault_points(s)
        token = s.project()["api_token"]
        many = events(30, 3)
        arm(s, "pipeline_committed:kill")
        s.send(token, many)
        wait_death(s)
        own.stop()
        arm(s, "")
        s.start(ready=False)
        eventually(lambda: says_postgres(s), 15, "status names Postgres")
        s.stop(timeout_s=20)
        own.start()
        s.start()
        s.drain()
        assert "outcome=published" in s.log()
        assert_each_once(s, many)
        assert_versions(own, "d", many)

"""The audit and the canary with persons in Postgres, on both kinds of database."""

import time
import uuid

import pytest
from sluicetest import Sluice, eventually

TABLES = (
    "posthog_person",
    "posthog_persondistinctid",
    "posthog_personlessdistinctid",
    "posthog_eventdefinition",
    "posthog_propertydefinition",
    "posthog_eventproperty",
    "posthog_group",
    "posthog_grouptypemapping",
)


def events(n):
    return [
        {
            "event": "step",
            "distinct_id": f"d{i % 9}",
            "uuid": str(uuid.uuid4()),
            "properties": {"$set": {"n": i}},
        }
        for i in range(n)
    ]


def sent_and_killed(s, token):
    for _ in range(4):
        stop_at = time.monotonic() + 0.3
        while time.monotonic() < stop_at:
            s.send(token, events(20))
        s.kill()
        s.cli("audit", "--recount")
        s.start()
        s.cli("audit", "--recount")


def broken(s, hop):
    text = s.http("admin", "/metrics")[2].decode()
    return f'sluice_canary_broken{{hop="{hop}"}} 1' in text


def test_the_canary_names_the_app_server_while_postgres_is_away(lone_server):
    lone_server.create_db("away", "empty")
    settings = {"postgres.url": lone_server.url("away"), "canary.interval_s": "1"}
    with Sluice(settings=settings) as s:

        def is_through():
            text = s.http("admin", "/metrics")[2].decode()
            return 'sluice_canary_seconds_count{hop="ingest"}' in text

        eventually(is_through, 30, "a canary in the output log")
        lone_server.stop()
        eventually(lambda: broken(s, "ingest"), 60, "the canary is late")
        assert not broken(s, "capture")
        s.cli("audit")
        lone_server.start()
        eventually(lambda: not broken(s, "ingest"), 60, "it comes through again")
        s.cli("audit", "--recount")


@pytest.mark.parametrize("kind", ["empty", "posthog"])
def test_no_difference_and_no_trace_of_the_canary(server, kind):
    name = f"audit_{kind}"
    token = "phc_audit_00000000000000000000000000000000000000"
    server.create_db(name, kind)
    try:
        if kind == "posthog":
            server.create_team(name, 1, token)
        settings = {"postgres.url": server.url(name), "canary.interval_s": "1"}
        with Sluice(settings=settings) as s:
            if kind == "empty":
                token = s.project()["api_token"]
            sent_and_killed(s, token)

            def rows_of_the_canary():
                report = s.cli_json("audit")
                return [
                    x
                    for x in report["lines"]
                    if x["project_id"] == -1 and x["hop"] == "output"
                ]

            eventually(rows_of_the_canary, 30, "a canary in the output log")
            s.settings["canary.interval_s"] = "0"
            s.stop()
            s.start()
            s.drain()
            report = s.cli_json("audit", "--recount")
            assert report["unread"] == 0 and report["notes"] == []
            assert report["hops"]["output"] == report["hops"]["read"]
        for table in TABLES:
            found = server.sql(
                f"SELECT count(*) FROM {table} "
                f"WHERE (to_jsonb({table}) ->> 'team_id')::bigint < 0",
                db=name,
            )
            assert found == [["0"]], table
    finally:
        server.drop_db(name)

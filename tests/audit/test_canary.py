"""The canary walks the whole way, is counted, and names the hop that is broken."""

import re

from sluicetest import Sluice, eventually

EVERY_SECOND = {"canary.interval_s": "1"}


def metric(sluice, name, **labels):
    """A metric's value, None if it is not there."""
    want = ",".join(f'{k}="{v}"' for k, v in labels.items())
    text = sluice.http("admin", "/metrics")[2].decode()
    found = re.search(rf"^{re.escape(f'{name}{{{want}}}')} (\S+)$", text, re.M)
    return float(found[1]) if found else None


def seen(sluice, hop):
    return metric(sluice, "sluice_canary_seconds_count", hop=hop) or 0


def test_it_comes_out_of_the_app_server_and_touches_no_person():
    with Sluice(settings=EVERY_SECOND) as s:
        s.project()
        eventually(lambda: seen(s, "ingest") >= 2, 30, "two canaries in the output")
        rows = s.records("clickhouse_events_json")
        assert len(rows) >= 2
        for row in rows:
            assert row["key"] == "-1:canary"
            assert '"person_mode":"propertyless"' in row["value"]
        assert s.records("clickhouse_person") == []
        assert s.records("clickhouse_person_distinct_id") == []
        assert [p["id"] for p in s.cli_lines("project", "list")] == [1]
        assert metric(s, "sluice_canary_last_seconds", hop="ingest") < 10
        s.cli("config", "check")
        audit = s.cli_json("audit")  # canary-2
        assert audit["hops"]["canary"] >= 2
        assert {x["project_id"] for x in audit["lines"]} == {-1}


def test_nobody_can_send_under_its_key():
    with Sluice() as s:
        body = b'{"api_key":"phx_sluice_canary","event":"e","distinct_id":"d"}'
        status, _, _ = s.http(
            "capture", "/e/", body, {"Content-Type": "application/json"}
        )
        assert status == 401
        assert s.records("events_plugin_ingestion") == []


def test_without_an_app_server_only_the_front_log_is_watched():
    with Sluice(settings=EVERY_SECOND | {"roles": "capture,broker,admin"}) as s:
        eventually(lambda: seen(s, "capture") >= 2, 30, "two canaries sent")
        assert seen(s, "ingest") == 0
        audit = s.cli_json("audit")
        assert audit["differences"] == []
        assert audit["unread"] == audit["hops"]["canary"]


def test_it_is_seen_in_clickhouse_and_counted_there():
    with Sluice(clickhouse=True, settings=EVERY_SECOND) as s:
        eventually(lambda: seen(s, "clickhouse") >= 1, 60, "a canary in ClickHouse")
        s.cli("audit")
        rows = s.sql("SELECT DISTINCT team_id, event FROM posthog.sharded_events")
        assert rows == [{"team_id": -1, "event": "$canary"}]

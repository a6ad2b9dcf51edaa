"""The child under the daemon: rows from the broker, crashes, the library."""

import os
import shutil
import signal
import threading

from host import alive, ask, child, event, produce, ready_child, value
from sluicetest import Sluice, eventually, scaled

PRODUCED = {"kafka.allow_produce": "clickhouse_events_json,clickhouse_person"}


def test_rows_of_the_broker_are_in_the_tables(sluice):
    rows = [event(n, team_id=100) for n in range(1000)]
    produce(sluice, "clickhouse_events_json", rows)
    person = {
        "id": "00000000-0000-0000-0000-000000000007",
        "created_at": "2024-03-05 10:20:30.000",
        "team_id": 100,
        "properties": '{"plan":"pro"}',
        "is_identified": 1,
        "is_deleted": 0,
        "version": 3,
    }
    produce(sluice, "clickhouse_person", [person])
    sluice.drain()
    assert sluice.sql(
        "SELECT count() AS n, uniqExact(uuid) AS u,"
        " sum(JSONExtractInt(properties, 'n')) AS s, any(toString(timestamp)) AS t"
        " FROM events WHERE team_id = 100"
    ) == [{"n": 1000, "u": 1000, "s": 499500, "t": "2024-03-05 10:20:30.123000"}]
    assert sluice.sql(
        "SELECT properties, version FROM person FINAL WHERE team_id = 100"
    ) == [{"properties": '{"plan":"pro"}', "version": 3}]


def test_a_bad_row_is_kept_with_its_error_and_stops_nothing(sluice):
    rows = [event(n, team_id=101) for n in range(3)]
    rows[1]["uuid"] = "not a uuid"
    produce(sluice, "clickhouse_events_json", rows)
    sluice.drain()
    assert value(sluice, "SELECT count() FROM events WHERE team_id = 101") == "2"
    raw = value(
        sluice,
        "SELECT raw FROM kafka_engine_errors WHERE raw LIKE '%not a uuid%'"
        " AND error != '' AND topic = 'clickhouse_events_json'",
    )
    assert "not a uuid" in raw


def test_events_of_many_months_do_not_stop_the_table(sluice):
    rows = [event(n, team_id=102) for n in range(150)]
    for n, row in enumerate(rows):
        row["timestamp"] = f"{2000 + n // 12}-{n % 12 + 1:02d}-01 00:00:00.000"
    produce(sluice, "clickhouse_events_json", rows)
    sluice.drain()
    assert value(sluice, "SELECT count() FROM events WHERE team_id = 102") == "150"


# clickhouse-1 clickhouse-3
def test_no_row_is_lost_when_the_child_is_killed_under_load():
    """kill -9 at five moments while rows come in."""
    kills, batches, size = 5, max(50, scaled(200)), 200
    with Sluice(clickhouse=True, settings=PRODUCED) as s:
        stop = threading.Event()
        made = []

        def load():
            for i in range(batches):
                rows = [event(i * size + n) for n in range(size)]
                produce(s, "clickhouse_events_json", rows)
                made.extend(r["uuid"] for r in rows)
                if stop.is_set():
                    return

        thread = threading.Thread(target=load)
        thread.start()
        try:
            for i in range(kills):
                row = ready_child(s)
                least = i * 300
                eventually(
                    lambda least=least: int(ask_count(s)) >= least, 30, "rows arrive"
                )
                os.kill(row["pid"], signal.SIGKILL)
                again = ready_child(s, other_than=row["pid"])
                assert again["port"] == row["port"]
        finally:
            stop.set()
            thread.join()
        s.drain(120)
        assert child(s)["restarts"] == kills
        counts = s.sql(
            "SELECT (SELECT uniqExact(uuid) FROM events) AS u,"
            " (SELECT count() FROM events FINAL) AS f"
        )
        assert counts == [{"u": len(made), "f": len(made)}]


def ask_count(sluice):
    """Rows so far; 0 while the child is away."""
    try:
        status, _, text = ask(sluice, "SELECT count() FROM posthog.events")
    except OSError:
        return 0
    return int(text) if status == 200 else 0


def test_rows_and_groups_survive_a_restart_on_another_port():
    with Sluice(clickhouse=True, settings=PRODUCED) as s:
        produce(s, "clickhouse_events_json", [event(n) for n in range(500)])
        s.drain()
        first = s.ports["kafka"]
        s.stop()
        s.start()
        assert s.ports["kafka"] != first
        produce(s, "clickhouse_events_json", [event(n) for n in range(500, 700)])
        s.drain()
        assert value(s, "SELECT count() FROM events") == "700"


# clickhouse-2
def test_the_child_ends_with_the_daemon():
    with Sluice(clickhouse=True) as s:
        pid = ready_child(s)["pid"]
        s.kill()
        eventually(lambda: not alive(pid), 20, "the child has ended")
        s.start()
        pid = ready_child(s)["pid"]
        s.stop()
        assert not alive(pid)


# clickhouse-5
def test_without_a_library_the_rest_runs():
    missing = {"clickhouse.library": "/nonexistent/libchdb.so"}
    with Sluice(clickhouse=True, settings=missing) as s:
        row = child(s)
        assert row["state"] == "no_library"
        assert "/nonexistent/libchdb.so" in row["text"]
        project = s.project()
        s.send(project["api_token"], [{"event": "e", "distinct_id": "d"}])
        s.drain()
        assert len(s.records("clickhouse_events_json")) == 1
        assert row["restarts"] == child(s)["restarts"] == 0


# clickhouse-5
def test_another_library_is_refused_until_it_changes(library, tmp_path):
    path = tmp_path / "libchdb.so"
    shutil.copy("/lib/x86_64-linux-gnu/libz.so.1", path)
    with Sluice(clickhouse=True, settings={"clickhouse.library": path}) as s:

        def refused():
            row = child(s)
            return row if row["state"] == "no_library" else None

        row = eventually(refused, 20, "refused")
        assert str(path) in row["text"]
        assert "fetch-libchdb" in row["text"]
        assert row["restarts"] == 0
        path.unlink()
        os.symlink(library, path)
        ready_child(s)


def test_the_port_can_be_off():
    with Sluice(clickhouse=True, settings={"clickhouse.listen": "off"}) as s:
        ready_child(s)
        assert s.sql("SELECT 1 AS a") == [{"a": 1}]

"""status names the hop that is behind within 10 s, with why and what to do."""

import contextlib
import os
import signal
import sqlite3
import time

from sluicetest import Sluice, eventually

NAMED_WITHIN_S = 10


def behind(sluice, hop):
    """The row of a hop in what is behind, or None; status always succeeds."""
    status = sluice.cli_json("status")
    rows = {row["hop"]: row for row in status["behind"]}
    assert set(rows) <= {h["name"] for h in status["hops"]}
    for row in rows.values():
        assert row["why"] and row["do"]
    return rows.get(hop)


def named(sluice, hop, word):
    """The hop is named within the time, with a word in why or what to do."""
    row = eventually(lambda: behind(sluice, hop), NAMED_WITHIN_S, f"{hop} is named")
    assert word in row["why"] + row["do"], row
    text = sluice.cli("status")
    assert f"behind       {hop}: " in text and "what to do   " in text
    return row


def goes_on(sluice, hop):
    eventually(lambda: behind(sluice, hop) is None, 30, f"{hop} goes on")
    (row,) = [h for h in sluice.cli_json("status")["hops"] if h["name"] == hop]
    assert row["state"] == "ok" and row["error"] == ""
    return row


def child(sluice):
    (row,) = sluice.cli_json("status")["children"]
    return row


def test_nothing_is_behind_on_an_idle_daemon():
    with Sluice() as s:
        assert s.cli_json("status")["behind"] == []
        assert "behind" not in s.cli("status")


def test_a_pipeline_that_does_not_move_is_named():
    with Sluice() as s:
        token = s.project()["api_token"]
        path = os.path.join(s.data, "state.db")
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            s.send(token, [{"event": "e", "distinct_id": "d"}])
            named(s, "ingest", "state.db")
            db.execute("ROLLBACK")
        row = goes_on(s, "ingest")
        assert row["last_error"]["text"]
        s.drain()


def test_a_clickhouse_that_hangs_is_named():
    # clickhouse-9
    with Sluice(clickhouse=True) as s:
        pid = child(s)["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            row = named(s, "clickhouse", f"process {pid} does not answer")
            assert "kill" in row["do"]
            assert child(s)["state"] == "hanging"
            assert s.http("admin", "/_ready")[0] == 503
        finally:
            os.kill(pid, signal.SIGCONT)
        row = goes_on(s, "clickhouse")
        assert child(s)["pid"] == pid
        assert "does not answer" in row["last_error"]["text"]
        eventually(s.is_ready, 20, "ready again")


def test_a_clickhouse_that_ends_is_named():
    with Sluice(clickhouse=True) as s:
        token = s.project()["api_token"]
        killed = set()

        def kill_and_look():
            pid = child(s)["pid"]
            if pid and pid not in killed:
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
            return behind(s, "clickhouse")

        began = time.monotonic()
        row = eventually(kill_and_look, NAMED_WITHIN_S, "clickhouse is named")
        assert time.monotonic() - began < NAMED_WITHIN_S
        assert row["why"] and row["do"]
        s.send(token, [{"event": "e", "distinct_id": "d"}])
        row = goes_on(s, "clickhouse")
        assert "signal 9" in row["last_error"]["text"]
        s.drain()

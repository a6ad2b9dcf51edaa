"""status names a Postgres that is stopped or hangs within 10 s."""

import contextlib
import os
import signal

from postgres import Postgres
from sluicetest import Sluice, eventually

NAMED_WITHIN_S = 10


def behind(sluice, hop):
    rows = {row["hop"]: row for row in sluice.cli_json("status")["behind"]}
    return rows.get(hop)


def is_named(sluice, words):
    row = eventually(lambda: behind(sluice, "postgres"), NAMED_WITHIN_S, "postgres")
    assert "postgres.url" in row["do"] and words in row["why"], row
    assert "behind       postgres: " in sluice.cli("status")
    code, _, text = sluice.http("admin", "/_ready")
    assert code == 503 and b"postgres" in text


def goes_on(sluice):
    eventually(lambda: behind(sluice, "postgres") is None, 30, "postgres answers")
    eventually(sluice.is_ready, 30, "ready")


def test_a_postgres_that_is_stopped_or_hangs_is_named():
    with Postgres() as server:
        server.create_db("persons")
        settings = {"postgres.url": server.url("persons")}
        with Sluice(settings=settings) as s:
            assert behind(s, "postgres") is None
            token = s.project()["api_token"]
            server.stop()
            s.send(token, [{"event": "e", "distinct_id": "d"}])
            is_named(s, "")
            row = eventually(lambda: behind(s, "ingest"), NAMED_WITHIN_S, "ingest")
            assert "get Postgres going" in row["do"]
            server.start()
            goes_on(s)
            with stopped(server):
                is_named(s, "silent for")
            goes_on(s)
            assert s.cli_json("status")["hops"][1]["last_error"]["text"]


@contextlib.contextmanager
def stopped(server):
    pids = server.pids()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)

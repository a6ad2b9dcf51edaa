"""Postgres away for ten minutes at 1,000 events a second (a tenth in CI).

Capture answers 200 to known keys, `status` shows the lag, memory stays bounded;
when the server is back all is drained in order while the events go on.
"""

import http.client
import json
import threading
import time
import uuid

from outcome import SEED, check_output, free_port, rows, store_of
from sluicetest import eventually, scaled

RATE = 1000
PER_REQUEST = 20
RSS_MAX_MB = 512


class Steady(threading.Thread):
    """RATE events a second over one connection, each answer looked at."""

    def __init__(self, token, port):
        super().__init__(daemon=True)
        self.token, self.port = token, port
        self.stopping = threading.Event()
        self.sent = {}
        self.acknowledged = set()
        self.answers = {}
        self.sequence = dict.fromkeys((f"d{i}" for i in range(500)), 0)
        self.late_s = 0.0

    def events(self, n):
        batch = []
        for i in range(PER_REQUEST):
            one = f"d{(n * PER_REQUEST + i) % 500}"
            self.sequence[one] += 1
            event = {
                "uuid": str(uuid.uuid4()),
                "event": "step",
                "distinct_id": one,
                "properties": {"seq": self.sequence[one], "pad": "x" * 200},
            }
            if i % 5 == 0:
                event["properties"]["$set"] = {"last": self.sequence[one]}
            self.sent[event["uuid"]] = (one, self.sequence[one])
            batch.append(event)
        return batch

    def run(self):
        client = http.client.HTTPConnection("127.0.0.1", self.port, 20)
        begin, n = time.monotonic(), 0
        while not self.stopping.is_set():
            at = begin + n * PER_REQUEST / RATE
            now = time.monotonic()
            if now < at:
                time.sleep(at - now)
            self.late_s = max(self.late_s, now - at)
            batch = self.events(n)
            body = json.dumps({"api_key": self.token, "batch": batch})
            client.request("POST", "/batch/", body, {"Content-Type": "text/plain"})
            answer = client.getresponse()
            answer.read()
            self.answers[answer.status] = self.answers.get(answer.status, 0) + 1
            if answer.status == 200:
                self.acknowledged.update(e["uuid"] for e in batch)
            n += 1

    def stop(self):
        self.stopping.set()
        self.join(30)
        assert not self.is_alive()


def rss_mb(pid):
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return 0


def lag_of(sluice):
    """Events that the app server has still to read."""
    hops = sluice.cli_json("status")["hops"]
    return next(hop["lag_records"] for hop in hops if hop["name"] == "ingest")


def test_postgres_away():
    away_s = scaled(600, 20)
    print(f"seed {SEED}, away {away_s} s at {RATE} events/s")
    with store_of("postgres") as store:
        port = free_port()
        s, project = store.begin(**{"capture.listen": f"127.0.0.1:{port}"})
        with s:
            load = Steady(project["api_token"], port)
            load.start()
            time.sleep(2)
            store.server.stop()
            most_mb, lag = 0, 0
            until = time.monotonic() + away_s
            while time.monotonic() < until:
                most_mb = max(most_mb, rss_mb(s.process.pid))
                time.sleep(0.5)
            lag = lag_of(s)
            assert set(load.answers) == {200}, load.answers
            assert lag > RATE * away_s * 0.8
            store.server.start()
            began, before = time.monotonic(), len(load.acknowledged)
            eventually(lambda: lag_of(s) < RATE, away_s + 60, "drained")
            took = time.monotonic() - began
            done = lag + len(load.acknowledged) - before
            most_mb = max(most_mb, rss_mb(s.process.pid))
            load.stop()
            rate = done / took
            print(
                f"lag {lag}, drained at {rate:.0f} events/s ({rate / RATE:.1f} x) "
                f"in {took:.1f} s, RSS {most_mb:.0f} MB, {load.answers}, "
                f"generator late by {load.late_s:.2f} s"
            )
            s.drain(60)
            check_output(load, rows(s))
            assert len(store.persons(s, project)) == 500
            assert most_mb < RSS_MAX_MB
            assert rate >= 2 * RATE

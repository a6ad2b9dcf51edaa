"""kill -9 of the daemon with a client that sends again what was not answered.

Guarantee 1 of docs/guarantees.md: each acknowledged event is in the topic of
capture exactly once, however often its request was sent.
"""

import gzip
import http.client
import json
import random
import subprocess
import threading
import time
import uuid
from collections import Counter

from outcome import SEED, free_port
from sluicetest import Sluice, eventually, scaled

TOPICS = ("events_plugin_ingestion", "events_plugin_ingestion_historical")
RETRY_S = 0.01


class Client(threading.Thread):
    """Sends requests one after the other, each until it is answered 200, and now
    and then one more time after that. What it sends follows from the seed."""

    def __init__(self, number, token, port):
        super().__init__(daemon=True)
        self.number = number
        self.token = token
        self.random = random.Random(f"{SEED}-{number}")
        self.port = port
        self.acknowledged = Counter()  # (uuid, name, distinct id) -> requests
        self.open = set()  # of the request that was never answered
        self.resent = 0
        self.refused = Counter()
        self.stopping = threading.Event()
        self.http = None
        self.last = []

    def event(self):
        r = self.random
        one = uuid.UUID(int=r.getrandbits(128), version=4)
        return {
            "uuid": str(one),
            "event": r.choice(("step", "view", "$identify")),
            "distinct_id": f"c{self.number}-{r.randrange(20)}",
            "properties": {"pad": "x" * r.randrange(400)},
        }

    def batch(self):
        """Some requests repeat an event of their own or of the last request, or
        its uuid with another name or distinct id."""
        r = self.random
        events = [self.event() for _ in range(r.randrange(1, 30))]
        if r.random() < 0.005:  # in portions: capture-2
            pads = [{"pad": "y" * r.randrange(20_000)} for _ in range(600)]
            events += [{**self.event(), "properties": p} for p in pads]
        known = events + self.last
        if r.random() < 0.3:
            events.append(r.choice(known))
        if r.random() < 0.2:
            events.append({**r.choice(known), "event": "other"})
        if r.random() < 0.2:
            events.append({**r.choice(known), "distinct_id": f"c{self.number}-o"})
        self.last = events[-5:]
        return events

    def post(self, body, headers):
        """The status, or None if none came."""
        try:
            if self.http is None:
                self.http = http.client.HTTPConnection("127.0.0.1", self.port, 20)
            self.http.request("POST", "/batch/", body, headers)
            answer = self.http.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            self.http = None
            return None

    def request(self):
        r = self.random
        events = self.batch()
        content = {"api_key": self.token, "batch": events}
        if r.random() < 0.1:
            content["historical_migration"] = True
        body = json.dumps(content).encode()
        headers = {"Content-Type": "application/json"}
        if r.random() < 0.5:
            body = gzip.compress(body, 1)
            headers["Content-Encoding"] = "gzip"
        again = r.random() < 0.1
        keys = {(e["uuid"], e["event"], e["distinct_id"]) for e in events}
        self.open |= keys
        while True:
            status = self.post(body, headers)
            if status == 200:
                self.acknowledged.update(keys)
                self.open -= keys
                if not again:
                    return
                again = False
            else:
                self.refused[status] += 1
                assert status in (None, 503), status
                if self.stopping.wait(RETRY_S):
                    return
            self.resent += 1

    def run(self):
        while not self.stopping.is_set():
            self.request()

    def finish(self):
        self.stopping.set()
        self.join(30)
        assert not self.is_alive()


def stored(sluice):
    """How often each event is in the topics; read line by line, as they are many."""
    found = Counter()
    for topic in TOPICS:
        command = sluice.command(
            *("topic", "read", topic, "--partition", 0, "--from", "start", "--json")
        )
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            for line in process.stdout:
                headers = json.loads(line)["headers"]
                key = headers["uuid"], headers["event"], headers["distinct_id"]
                found[key] += 1
        assert process.returncode == 0
    return found


def kill_often(s, r, kills):
    for _ in range(kills):
        time.sleep(r.uniform(0.005, 0.25))
        s.kill()
        s.start(ready=False)


def check(s, clients):
    acknowledged = set().union(*(c.acknowledged for c in clients))
    sent = acknowledged.union(*(c.open for c in clients))
    found = stored(s)
    lost = [k for k in acknowledged if found[k] == 0]
    doubled = [k for k, n in found.items() if n > 1]
    strange = [k for k in found if k not in sent]
    print(
        f"{len(acknowledged)} acknowledged, {sum(c.resent for c in clients)} "
        f"requests sent again, {sum((c.refused for c in clients), Counter())}, "
        f"{len(lost)} lost, {len(doubled)} doubled"
    )
    assert acknowledged
    assert not lost, f"{len(lost)} of {len(acknowledged)} lost, as {lost[0]}"
    assert not doubled, f"{len(doubled)} doubled, as {doubled[0]}"
    assert not strange, f"{len(strange)} were never sent, as {strange[0]}"


def test_resend():
    kills = scaled(1000)
    print(f"seed {SEED}, {kills} kills")
    port = free_port()
    # What is read back at the end must not be deleted before.
    settings = {
        "capture.listen": f"127.0.0.1:{port}",
        "roles": "capture,broker,admin",
        "spool.retention_h": "240",
    }
    with Sluice(settings=settings) as s:
        token = s.project()["api_token"]
        clients = [Client(i, token, port) for i in range(4)]
        for c in clients:
            c.start()
        kill_often(s, random.Random(SEED), kills)
        eventually(s.is_ready, 30, "ready after the last kill")
        time.sleep(0.3)
        for c in clients:
            c.finish()
        assert sum(c.resent for c in clients) > kills / 10
        check(s, clients)
        s.cli("audit", timeout_s=120)

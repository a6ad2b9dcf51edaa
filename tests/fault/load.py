"""A seeded load of events that remembers what was acknowledged."""

import http.client
import json
import random
import threading
import uuid


class Connection(threading.Thread):
    """One keep-alive connection with distinct ids of its own; never resends."""

    def __init__(self, number, token, seed, port, ids=12):
        super().__init__(daemon=True)
        self.number = number
        self.token = token
        self.random = random.Random(f"{seed}-{number}")
        self.port = port  # a function: the daemon's port now
        self.ids = [f"c{number}-{i}" for i in range(ids)]
        self.sequence = dict.fromkeys(self.ids, 0)
        self.acknowledged = set()
        self.sent = {}  # uuid -> (distinct id, sequence)
        self.answers = {}
        self.stopping = threading.Event()
        self.pause_s = 0
        self.http = None

    def uuid(self):
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def event(self):
        r = self.random
        one = r.choice(self.ids)
        self.sequence[one] += 1
        event = {
            "uuid": self.uuid(),
            "event": "step",
            "distinct_id": one,
            "properties": {"seq": self.sequence[one], "pad": "x" * r.randrange(300)},
        }
        kind = r.random()
        if kind < 0.08:
            event["event"] = "$identify"
            event["properties"]["$anon_distinct_id"] = r.choice(self.ids)
        elif kind < 0.12:
            event["event"] = "$create_alias"
            event["properties"]["alias"] = r.choice(self.ids)
        elif kind < 0.4:
            event["properties"]["$set"] = {
                r.choice("abcd"): r.randrange(5),
                "last": self.sequence[one],
            }
        elif kind < 0.5:
            event["properties"]["$set_once"] = {r.choice("abcd"): r.randrange(5)}
        elif kind < 0.55:
            event["properties"]["$unset"] = [r.choice("abcd")]
        self.sent[event["uuid"]] = (one, self.sequence[one])
        return event

    def request(self):
        batch = [self.event() for _ in range(self.random.randrange(1, 12))]
        body = json.dumps({"api_key": self.token, "batch": batch})
        try:
            if self.http is None:
                self.http = http.client.HTTPConnection("127.0.0.1", self.port(), 20)
            self.http.request(
                "POST", "/batch/", body, {"Content-Type": "application/json"}
            )
            status = self.http.getresponse()
            status.read()
            code = status.status
        except (OSError, http.client.HTTPException):
            self.http = None
            code = "broken"
        self.answers[code] = self.answers.get(code, 0) + 1
        if code == 200:
            self.acknowledged.update(e["uuid"] for e in batch)
        if code == "broken" or self.pause_s:
            self.stopping.wait(self.pause_s or 0.01)

    def run(self):
        while not self.stopping.is_set():
            self.request()

    def stop(self):
        self.stopping.set()
        self.join(30)


class Load:
    """pause_s: how long a connection waits after each answer."""

    def __init__(self, token, seed, port, connections=4, pause_s=0):
        self.connections = [
            Connection(i, token, seed, port) for i in range(connections)
        ]
        for c in self.connections:
            c.pause_s = pause_s

    def __enter__(self):
        for c in self.connections:
            c.start()
        return self

    def __exit__(self, *exc):
        self.stop()

    def stop(self):
        for c in self.connections:
            c.stop()

    @property
    def acknowledged(self):
        return set().union(*(c.acknowledged for c in self.connections))

    @property
    def sent(self):
        return {u: s for c in self.connections for u, s in c.sent.items()}

    @property
    def answers(self):
        total = {}
        for c in self.connections:
            for code, n in c.answers.items():
                total[code] = total.get(code, 0) + n
        return total

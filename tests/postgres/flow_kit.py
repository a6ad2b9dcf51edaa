"""Daemons on one Postgres, and what comes out of them; for test_pipeline_*.py."""

import collections
import json
import os
import socket
import threading
import time
import uuid

from sluicetest import Sluice


def node(url, data=None, **settings):
    """A daemon whose persons are in Postgres."""
    fixed = {"postgres.url": url, "ingest.batch_wait_ms": "5"}
    fixed.update(settings)
    return Sluice(settings=fixed, data=data)


def events(n, ids, **properties):
    """n events over so many distinct ids; each sets a property of its own."""
    return [
        {
            "uuid": str(uuid.uuid4()),
            "event": "e",
            "distinct_id": f"u{i % ids}",
            "properties": {"$set": {"last": i, **properties}},
        }
        for i in range(n)
    ]


def uuids(many):
    return {e["uuid"] for e in many}


def rows(sluice, topic="clickhouse_events_json"):
    return [json.loads(r["value"]) for r in sluice.records(topic)]


def assert_each_once(sluice, many):
    """The output has every event of these once, and no other."""
    found = collections.Counter(r["uuid"] for r in rows(sluice))
    assert [u for u, n in found.items() if n > 1] == []
    assert set(found) == uuids(many)


def persons(server, db):
    """distinct id -> (version, properties)"""
    found = server.sql(
        """SELECT d.distinct_id, p.version, p.properties
        FROM posthog_persondistinctid d JOIN posthog_person p ON p.id = d.person_id""",
        db,
    )
    return {row[0]: (int(row[1]), json.loads(row[2])) for row in found}


def assert_versions(server, db, many):
    """Each event has changed its person once; the first made it (version 0)."""
    expected = collections.Counter(e["distinct_id"] for e in many)
    found = {i: version + 1 for i, (version, _) in persons(server, db).items()}
    assert found == dict(expected)


def marker(server, db):
    return [int(row[0]) for row in server.sql("SELECT batch FROM sluice.node", db)]


def trouble(sluice):
    """What status says of the app server."""
    hops = sluice.cli_json("status")["hops"]
    return next(h for h in hops if h["name"] == "ingest")


def metric(sluice, name):
    text = sluice.http("admin", "/metrics")[2].decode()
    for line in text.splitlines():
        if line.startswith(name + " "):
            return float(line.split()[-1])
    raise AssertionError(f"no metric {name}")


def arm(sluice, text):
    """What the fault points do from now on."""
    path = os.path.join(sluice.data, "faults")
    with open(path + ".new", "w") as f:
        f.write(text)
    os.rename(path + ".new", path)


def wait_death(sluice):
    """A fault point killed it."""
    assert sluice.process.wait(30) == -9
    sluice.process = None


def needs_fault_points(sluice):
    features = sluice.cli_json("version")["features"]
    assert "fault-points" in features, "wants a program with --enable-fault-points"


class Proxy:
    """Between a node and the server. cut: None, or what happens to the connection
    that sends COMMIT: "before" it is passed on, or "after", when the server did it
    and the answer is lost."""

    def __init__(self, port):
        self.to = port
        self.cut = None
        self.n_cut = 0
        self.is_open = True
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.is_open = False
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                if not self.is_open:
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                return
            for pair in ((client, server, True), (server, client, False)):
                threading.Thread(target=self.pump, args=pair, daemon=True).start()

    def pump(self, source, sink, is_client):
        try:
            while data := source.recv(65536):
                if is_client and self.cut and b"COMMIT" in data:
                    self.end_commit(data, source, sink)
                    break
                sink.sendall(data)
        except OSError:
            pass
        for s in (source, sink):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def end_commit(self, data, client, server):
        """The answer's way is shut before the server can write it."""
        client.shutdown(socket.SHUT_RDWR)
        how, self.cut = self.cut, None
        self.n_cut += 1
        if how == "after":
            server.sendall(data)
            # Long enough for the commit, whose answer finds nobody.
            time.sleep(0.2)

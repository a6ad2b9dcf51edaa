"""What must be true after a fault: of the output, of persons, of the audit."""

import contextlib
import json
import os
import pathlib
import random
import shutil
import socket
import tempfile
from collections import Counter

from postgres import Postgres
from sluicetest import Sluice, binary

SEED = os.environ.get("SLUICE_TEST_SEED") or str(random.randrange(1 << 32))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def rows(sluice):
    """Rows of the events topic without what belongs to the run. Properties are
    compared as values: Postgres has an order of its own for the names in jsonb."""
    found = [json.loads(r["value"]) for r in sluice.records("clickhouse_events_json")]
    found = [row for row in found if row["team_id"] > 0]  # without the canary
    for row in found:
        row.pop("created_at")
        for field in ("properties", "person_properties"):
            if row.get(field):
                row[field] = json.loads(row[field])
    return found


def check_output(load, found):
    """Each acknowledged event once, those of one distinct id in order."""
    seen = Counter(row["uuid"] for row in found)
    acknowledged, sent = load.acknowledged, load.sent
    assert len(acknowledged) > 0
    lost = [u for u in acknowledged if seen[u] == 0]
    doubled = [u for u, n in seen.items() if n > 1]
    strange = [u for u in seen if u not in sent]
    assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged lost"
    assert not doubled, f"{len(doubled)} doubled"
    assert not strange
    last = {}
    for row in found:
        one, sequence = sent[row["uuid"]]
        assert last.get(one, 0) < sequence, f"order of {one}"
        last[one] = sequence


def same(found, expected):
    """Two lists of objects with uuids; names what differs instead of printing
    thousands."""
    a = {x["uuid"]: x for x in found}
    b = {x["uuid"]: x for x in expected}
    differ = [u for u in a.keys() | b.keys() if a.get(u) != b.get(u)]
    if not differ:
        return
    one, other = a.get(differ[0]), b.get(differ[0])
    if one and other:
        keys = [k for k in one.keys() | other.keys() if one.get(k) != other.get(k)]
        one = {k: one.get(k) for k in keys}
        other = {k: other.get(k) for k in keys}
    raise AssertionError(f"{len(differ)} of {len(a)} differ, as {one} from {other}")


def audit(sluice):
    """`sluice audit` ends with status 0 only if no hop differs from the next."""
    sluice.cli("audit", timeout_s=120)


PERSONS = """SELECT json_build_object('uuid', p.uuid, 'version', p.version,
    'properties', p.properties, 'is_identified', p.is_identified,
    'created_at', p.created_at, 'distinct_ids', (
        SELECT json_agg(json_build_array(d.distinct_id, d.version)
            ORDER BY d.distinct_id)
        FROM posthog_persondistinctid d WHERE d.person_id = p.id))
FROM posthog_person p WHERE p.team_id = {} ORDER BY p.uuid"""


class Store:
    """One of the two stores of persons, for a daemon and for its fresh run."""

    def __init__(self, server=None):
        self.server = server
        self.name = "sqlite" if server is None else "postgres"

    def settings(self, db="sluice", port=None):
        if self.server is None:
            return {}
        url = self.server.url(db, sslmode="disable")
        if port is not None:
            url = url.replace(f":{self.server.port}/", f":{port}/")
        return {"postgres.url": url}

    def persons(self, sluice, project, db="sluice"):
        """All that the store has of them, with versions."""
        if self.server is not None:
            query = PERSONS.format(project["id"])
            return [json.loads(row[0]) for row in self.server.sql(query, db)]
        people = sluice.cli_lines("person", "list", "--project", project["id"])
        for p in people:
            p["distinct_ids"].sort()
        return people

    def begin(self, **more):
        """A daemon's data folder with a project and nothing else, not started.
        The database as it is then becomes the template of fresh runs."""
        if self.server is not None:
            self.server.create_db("sluice")
        settings = {**self.settings(), **more}
        with contextlib.ExitStack() as undo:
            s = Sluice(settings=settings)
            undo.callback(s.remove)
            s.start()
            project = s.project()
            s.stop()
            if self.server is not None:
                self.server.sql("CREATE DATABASE fresh TEMPLATE sluice")
            undo.pop_all()
        return s, project

    def fresh(self, sluice):
        """The same front log and projects, to be worked on from the beginning,
        with the database `fresh`."""
        folder = os.path.join(sluice.root, "fresh")
        os.makedirs(folder, mode=0o700)
        for name in os.listdir(sluice.data):
            if name.startswith(("config.db", "spool.db")):
                shutil.copy(os.path.join(sluice.data, name), os.path.join(folder, name))
        return Sluice(data=folder, settings=self.settings("fresh"))


@contextlib.contextmanager
def store_of(kind):
    if kind == "sqlite":
        yield Store()
        return
    # The operating system lives on, so what the server wrote is there after a
    # kill; with fsync it would first sync thousands of files.
    with Postgres(settings={"fsync": "off"}) as server:
        yield Store(server)


def settle(store, sluice, project, load, drain_s=120, with_audit=True):
    """After the faults: drained, whole, audited and equal to a fresh run. Stops
    the daemon. Returns what was counted."""
    sluice.drain(drain_s)
    found = rows(sluice)
    check_output(load, found)
    people = store.persons(sluice, project)
    assert people
    if with_audit:
        audit(sluice)
    sluice.stop()
    with store.fresh(sluice) as f:
        f.drain(drain_s)
        same(store.persons(f, project, "fresh"), people)
        same(rows(f), found)
    return {
        "acknowledged": len(load.acknowledged),
        "answers": load.answers,
        "persons": len(people),
    }


def has_fault_points():
    """Whether configure --enable-fault-points made the program."""
    return b"SLUICE_FAULT" in pathlib.Path(binary()).read_bytes()


def arm(sluice, text):
    """Replaces the file of armed fault points; empty: none."""
    with tempfile.NamedTemporaryFile("w", dir=sluice.data, delete=False) as f:
        f.write(text)
    os.rename(f.name, os.path.join(sluice.data, "faults"))


def faults_done(sluice):
    """How often each POINT:ACTION was done."""
    try:
        with open(os.path.join(sluice.data, "faults.done")) as f:
            return Counter(line.rsplit(":", 1)[0] for line in f if line.strip())
    except FileNotFoundError:
        return Counter()

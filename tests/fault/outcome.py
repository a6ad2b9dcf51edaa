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
    """Rows of the events topic without what belongs to the run."""
    found = [json.loads(r["value"]) for r in sluice.records("clickhouse_events_json")]
    for row in found:
        row.pop("created_at")
    return found


def by_uuid(found):
    return sorted(found, key=lambda row: row["uuid"])


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


def persons(sluice, project):
    people = sluice.cli_lines("person", "list", "--project", project["id"])
    for p in people:
        p["distinct_ids"].sort()
    return sorted(people, key=lambda p: p["uuid"])


def same_persons(found, expected):
    """Names what differs instead of two lists of thousands."""
    a = {p["uuid"]: p for p in found}
    b = {p["uuid"]: p for p in expected}
    differ = [(a.get(u), b.get(u)) for u in a.keys() | b.keys() if a.get(u) != b.get(u)]
    assert not differ, f"{len(differ)} persons differ, as {differ[:2]}"


def audit(sluice):
    """`sluice audit` ends with status 0 only if no hop differs from the next."""
    sluice.cli("audit", timeout_s=120)


class Store:
    """One of the two stores of persons, for a daemon and for its fresh run."""

    def __init__(self, server=None):
        self.server = server
        self.name = "sqlite" if server is None else "postgres"
        self.n = 0

    def settings(self, db="sluice", port=None):
        if self.server is None:
            return {}
        url = self.server.url(db, sslmode="disable")
        if port is not None:
            url = url.replace(f":{self.server.port}/", f":{port}/")
        return {"postgres.url": url}

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
        """The same front log and projects, worked on from the beginning."""
        db = "fresh"
        if self.server is not None:
            self.n += 1
            db = f"fresh{self.n}"
            self.server.sql(f"CREATE DATABASE {db} TEMPLATE fresh")
        folder = os.path.join(sluice.root, f"fresh{self.n}")
        os.makedirs(folder, mode=0o700)
        for name in os.listdir(sluice.data):
            if name.startswith(("config.db", "spool.db")):
                shutil.copy(os.path.join(sluice.data, name), os.path.join(folder, name))
        return Sluice(data=folder, settings=self.settings(db))


@contextlib.contextmanager
def store_of(kind):
    if kind == "sqlite":
        yield Store()
        return
    with Postgres() as server:
        yield Store(server)


def settle(store, sluice, project, load, drain_s=120, with_audit=True):
    """After the faults: drained, whole, audited and equal to a fresh run. Stops
    the daemon. Returns what was counted."""
    sluice.drain(drain_s)
    found = rows(sluice)
    check_output(load, found)
    people = persons(sluice, project)
    assert people
    if with_audit:
        audit(sluice)
    sluice.stop()
    with store.fresh(sluice) as f:
        f.drain(drain_s)
        same_persons(persons(f, project), people)
        assert by_uuid(rows(f)) == by_uuid(found)
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

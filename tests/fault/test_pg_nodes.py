"""Two daemons on one Postgres, with distinct ids that meet in merges, killed.

There is no one front log to compare with, so the persons are checked against what
any serial order of the events would give.
"""

import json
import random
import time
from collections import defaultdict

from outcome import (
    SEED,
    arm,
    audit,
    check_output,
    free_port,
    has_fault_points,
    rows,
    store_of,
)
from shared_load import KEYS, SharedLoad
from sluicetest import Sluice, eventually, scaled


def values(sluice, topic):
    return [json.loads(r["value"]) for r in sluice.records(topic)]


class Groups:
    """Which distinct ids the merges join."""

    def __init__(self):
        self.parent = {}

    def find(self, one):
        self.parent.setdefault(one, one)
        while self.parent[one] != one:
            one = self.parent[one]
        return one

    def join(self, a, b):
        self.parent[self.find(a)] = self.find(b)


def check_merges(people, merges, done):
    """done: uuids of the events that were processed. What $merge_dangerously
    joined is one person; of the others only if the guard let it."""
    person_of = {one: p for p in people for one in p["distinct_ids"]}
    groups = Groups()
    for uuid, name, one, other in merges:
        if uuid not in done:
            continue
        groups.join(one, other)
        a, b = person_of[one], person_of[other]
        if name == "$merge_dangerously":
            assert a is b, f"{one} and {other} were merged by {uuid}"
        elif a is not b:
            assert b["is_identified"], (uuid, a, b)
    for p in people:
        roots = {groups.find(one) for one in p["distinct_ids"]}
        assert len(roots) == 1, f"{p['distinct_ids']} were never merged"


def check_properties(people, written):
    """written: the rows in the order of each daemon. A value lives until the next
    one of the same distinct id and key, wherever that id is by then."""
    last, once = {}, defaultdict(set)
    for row in written:
        properties = row["properties"]
        for key, value in (properties.get("$set") or {}).items():
            last[row["distinct_id"], key] = value
        for value in (properties.get("$set_once") or {}).values():
            once[row["distinct_id"]].add(value)
    for p in people:
        for key in KEYS:
            may = {last.get((one, key)) for one in p["distinct_ids"]} - {None}
            value = p["properties"].get(key)
            assert value in may if may else value is None, (p, key, may)
        may = set().union(*(once[one] for one in p["distinct_ids"]))
        value = p["properties"].get("once")
        assert value in may if may else value is None, (p, may)


def newest(messages, key):
    """The message of the highest version of each; no version is used twice."""
    found = {}
    for m in messages:
        versions = found.setdefault(key(m), {})
        assert m["version"] not in versions, (versions[m["version"]], m)
        versions[m["version"]] = m
    return {k: v[max(v)] for k, v in found.items()}


def check_messages(store, people, nodes):
    table = {
        r[0]: (int(r[1]), json.loads(r[2]))
        for r in store.server.sql(
            "SELECT uuid, coalesce(version, 0), properties FROM posthog_person",
            "sluice",
        )
    }
    ids = {
        r[0]: (r[1], int(r[2]))
        for r in store.server.sql(
            "SELECT d.distinct_id, p.uuid, coalesce(d.version, 0) FROM"
            " posthog_persondistinctid d JOIN posthog_person p ON p.id = d.person_id",
            "sluice",
        )
    }
    sent = [m for s in nodes for m in values(s, "clickhouse_person")]
    last = newest(sent, lambda m: m["id"])
    for uuid, m in last.items():
        if uuid not in table:
            assert m["is_deleted"] == 1, m
            continue
        assert m["is_deleted"] == 0
        assert (m["version"], json.loads(m["properties"])) == table[uuid]
    assert table.keys() <= last.keys()
    assert table.keys() == {p["uuid"] for p in people}
    sent = [m for s in nodes for m in values(s, "clickhouse_person_distinct_id")]
    last = newest(sent, lambda m: m["distinct_id"])
    assert {k: (m["person_id"], m["version"]) for k, m in last.items()} == ids


def make_nodes(store):
    """Two data folders and ports; the project is made by the first."""
    ports = [free_port(), free_port()]
    listen = [{"capture.listen": f"127.0.0.1:{p}"} for p in ports]
    first, project = store.begin(**listen[0])
    second = Sluice(settings={**store.settings(), **listen[1]})
    return [first, second], ports, project


def kill_loop(nodes, kills, r):
    for i in range(kills):
        s = nodes[r.randrange(2)]
        point = (None, "pipeline_prepared", "pipeline_committed")[i % 3]
        if point is None:
            time.sleep(r.uniform(0.05, 0.8))
        else:
            arm(s, f"{point}:kill:{r.randrange(1, 10)}")
            eventually(lambda s=s: s.process.poll() is not None, 20, point)
        s.kill()
        arm(s, "")
        s.start(ready=False)


def test_two_daemons():
    assert has_fault_points(), "wants a program with --enable-fault-points"
    kills = scaled(100, 6)
    print(f"seed {SEED}, {kills} kills")
    r = random.Random(SEED)
    with store_of("postgres") as store:
        nodes, ports, project = make_nodes(store)
        with nodes[0], nodes[1]:
            gets = [lambda p=p: p for p in ports]
            with SharedLoad(project["api_token"], SEED, gets) as load:
                time.sleep(1)
                kill_loop(nodes, kills, r)
                for s in nodes:
                    eventually(s.is_ready, 60, "ready after the last kill")
                time.sleep(1)
            for s in nodes:
                s.drain(120)
            found = [rows(s) for s in nodes]
            for i, part in enumerate(found):
                check_output(load.of(i, 2), part)
            written = found[0] + found[1]
            people = store.persons(nodes[0], project)
            for p in people:
                p["distinct_ids"] = [one for one, _ in p["distinct_ids"]]
            check_merges(people, load.merges, {row["uuid"] for row in written})
            check_properties(people, written)
            check_messages(store, people, nodes)
            for s in nodes:
                audit(s)
            print(
                f"{len(load.acknowledged)} acknowledged, {len(people)} persons, "
                f"{load.answers}"
            )

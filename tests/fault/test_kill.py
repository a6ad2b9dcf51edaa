"""kill -9 of the daemon and of clickhouse-host under load.

Guarantees 1, 3 and 6 of docs/guarantees.md: what was acknowledged is in the
output exactly once, in order per distinct id, and persons are those of a
fresh run over the front log.
"""

import json
import os
import random
import shutil
import signal
import time
from collections import Counter

from load import Load
from sluicetest import Sluice, eventually, scaled

SEED = os.environ.get("SLUICE_TEST_SEED") or str(random.randrange(1 << 32))


def free_port():
    import socket

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def rows_by_uuid(sluice):
    rows = [json.loads(r["value"]) for r in sluice.records("clickhouse_events_json")]
    for row in rows:
        row.pop("created_at")
    return rows


def check_output(load, rows):
    seen = Counter(row["uuid"] for row in rows)
    acknowledged, sent = load.acknowledged, load.sent
    assert len(acknowledged) > 0
    lost = [u for u in acknowledged if seen[u] == 0]
    doubled = [u for u, n in seen.items() if n > 1]
    strange = [u for u in seen if u not in sent]
    assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged lost"
    assert not doubled, f"{len(doubled)} doubled"
    assert not strange
    last = {}
    for row in rows:
        one, sequence = sent[row["uuid"]]
        assert last.get(one, 0) < sequence, f"order of {one}"
        last[one] = sequence


def persons(sluice, project):
    people = sluice.cli_lines("person", "list", "--project", project["id"])
    for p in people:
        p["distinct_ids"].sort()
    return sorted(people, key=lambda p: p["uuid"])


def fresh_run(sluice, folder):
    """The same front log and projects, worked on from the beginning."""
    os.makedirs(folder, mode=0o700)
    for name in os.listdir(sluice.data):
        if name.startswith(("config.db", "spool.db")):
            shutil.copy(os.path.join(sluice.data, name), os.path.join(folder, name))
    return Sluice(data=folder)


def test_kill_daemon():
    kills = scaled(200)
    print(f"seed {SEED}, {kills} kills")
    r = random.Random(SEED)
    settings = {"capture.listen": f"127.0.0.1:{free_port()}"}
    with Sluice(settings=settings) as s:
        project = s.project()
        port = s.ports["capture"]
        with Load(project["api_token"], SEED, lambda: port) as load:
            for _ in range(kills):
                time.sleep(r.uniform(0.02, 0.6))
                s.kill()
                s.start(ready=False)
            eventually(s.is_ready, 30, "ready after the last kill")
            time.sleep(0.3)
        s.drain(120)
        rows = rows_by_uuid(s)
        print(f"{len(load.acknowledged)} acknowledged, answers {load.answers}")
        check_output(load, rows)
        people = persons(s, project)
        assert people
        s.stop()
        with fresh_run(s, os.path.join(s.root, "fresh")) as f:
            f.drain(120)
            assert persons(f, project) == people
            assert sorted(rows_by_uuid(f), key=lambda x: x["uuid"]) == sorted(
                rows, key=lambda x: x["uuid"]
            )


def clickhouse_pid(sluice):
    for child in sluice.cli_json("status")["children"]:
        if child["name"] == "clickhouse" and child.get("pid"):
            return child["pid"]
    return None


def test_kill_clickhouse():
    kills = scaled(20)
    print(f"seed {SEED}, {kills} kills")
    r = random.Random(SEED)
    with Sluice(clickhouse=True) as s:
        project = s.project()
        port = s.ports["capture"]
        with Load(project["api_token"], SEED, lambda: port) as load:
            for _ in range(kills):
                old = eventually(lambda: clickhouse_pid(s), 30, "a child")
                time.sleep(r.uniform(0.5, 4))
                os.kill(old, signal.SIGKILL)
                eventually(
                    lambda old=old: clickhouse_pid(s) not in (None, old), 30, "restart"
                )
            time.sleep(1)
        s.drain(180)
        counts = s.sql(
            "SELECT count() AS n, uniqExact(uuid) AS u FROM events FINAL "
            f"WHERE team_id = {project['id']}"
        )[0]
        stored = {
            row["uuid"]
            for row in s.sql(
                "SELECT DISTINCT toString(uuid) AS uuid FROM events "
                f"WHERE team_id = {project['id']}"
            )
        }
        print(f"{len(load.acknowledged)} acknowledged, {counts}")
        assert load.acknowledged <= stored <= set(load.sent)
        assert int(counts["n"]) == int(counts["u"]) == len(stored)

"""kill -9 of the daemon and of clickhouse-host under load.

Guarantees 1, 3 and 6 of docs/guarantees.md: what was acknowledged is in the
output exactly once, in order per distinct id, and persons are those of a
fresh run over the front log.
"""

import os
import random
import signal
import time

from load import Load
from outcome import SEED, free_port, settle, store_of
from sluicetest import Sluice, eventually, scaled


def test_kill_daemon():
    kills = scaled(500)
    print(f"seed {SEED}, {kills} kills")
    r = random.Random(SEED)
    with store_of("sqlite") as store:
        port = free_port()
        s, project = store.begin(**{"capture.listen": f"127.0.0.1:{port}"})
        with s, Load(project["api_token"], SEED, lambda: port) as load:
            for _ in range(kills):
                time.sleep(r.uniform(0.02, 0.6))
                s.kill()
                s.start(ready=False)
            eventually(s.is_ready, 30, "ready after the last kill")
            time.sleep(0.3)
            load.stop()
            print(settle(store, s, project, load))


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

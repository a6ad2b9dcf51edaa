"""The daemon and the Postgres server die, and connections are lost in COMMIT.

Guarantees 1, 3 and 6 of docs/guarantees.md with persons in Postgres: whatever
died between the commits of the two stores, each acknowledged event is in the
output once and persons are those of a fresh run over the same front log.
"""

import os
import random
import signal
import time

import pytest
from load import Load
from outcome import (
    SEED,
    arm,
    faults_done,
    free_port,
    has_fault_points,
    settle,
    store_of,
)
from pgproxy import Proxy
from sluicetest import eventually, scaled


@pytest.fixture
def store():
    with store_of("postgres") as store:
        yield store


def begin(store):
    """A daemon whose capture port stays the same over restarts."""
    port = free_port()
    s, project = store.begin(**{"capture.listen": f"127.0.0.1:{port}"})
    return s, project, port


def wait_for_death(sluice, timeout_s):
    """Whether the armed kill came in time."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if sluice.process.poll() is not None:
            return True
        time.sleep(0.005)
    return False


def test_kill_daemon(store):
    """A quarter of the kills each at random, before the commit in Postgres,
    between the two commits, and with a restart of the server beside it."""
    assert has_fault_points(), "wants a program with --enable-fault-points"
    kills = scaled(200, 8)
    print(f"seed {SEED}, {kills} kills")
    r = random.Random(SEED)
    s, project, port = begin(store)
    with s, Load(project["api_token"], SEED, lambda: port, pause_s=0.02) as load:
        for i in range(kills):
            point = (None, "pipeline_committed", "pipeline_prepared")[i % 3]
            if point is not None:
                arm(s, f"{point}:kill:{r.randrange(1, 12)}")
                if not wait_for_death(s, 20):
                    pytest.fail(f"{point} was not passed: {s.log()[-2000:]}")
            else:
                time.sleep(r.uniform(0.02, 0.8))
            if i % 16 == 15:
                store.server.stop()
            s.kill()
            arm(s, "")
            s.start(ready=False)
            if i % 16 == 15:
                time.sleep(r.uniform(0, 0.5))
                store.server.start()
        eventually(s.is_ready, 60, "ready after the last kill")
        time.sleep(0.3)
        load.stop()
        done = faults_done(s)
        print(done, settle(store, s, project, load))
    assert done["pipeline_committed:kill"] >= kills // 4
    assert done["pipeline_prepared:kill"] >= kills // 4


def hang(server, seconds):
    """It answers nothing and closes nothing."""
    pids = server.pids()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def test_kill_postgres(store):
    """The daemon lives on; capture does not notice."""
    times = scaled(100, 8)
    print(f"seed {SEED}, {times} times")
    r = random.Random(SEED)
    s, project, port = begin(store)
    with s, Load(project["api_token"], SEED, lambda: port, pause_s=0.02) as load:
        for i in range(times):
            time.sleep(r.uniform(0.1, 1.2))
            if i % 4 == 0:
                store.server.kill9()
            elif i % 4 == 1:
                hang(store.server, r.uniform(0.2, 2))
                continue
            else:
                store.server.stop(signal.SIGQUIT if i % 4 == 2 else signal.SIGINT)
            if r.random() < 0.3:
                time.sleep(r.uniform(0.1, 1.5))
            store.server.start()
        time.sleep(0.5)
        load.stop()
        assert set(load.answers) == {200}
        print(settle(store, s, project, load))


def test_commit_without_an_answer(store):
    cuts = scaled(50, 9)
    print(f"seed {SEED}, {cuts} cuts")
    r = random.Random(SEED)
    s, project, port = begin(store)
    with Proxy(store.server.port) as proxy:
        s.settings.update(store.settings(port=proxy.port))
        with s, Load(project["api_token"], SEED, lambda: port, pause_s=0.02) as load:
            for i in range(cuts):
                proxy.arm(("before", "after", "race", "late")[i % 4])
                eventually(lambda i=i: proxy.n_cut > i, 60, "a commit to cut")
                if i % 5 == 4:  # again at once
                    continue
                passed = proxy.n_passed + r.randrange(1, 6)
                eventually(lambda n=passed: proxy.n_passed >= n, 60, "commits")
            time.sleep(0.5)
            load.stop()
            assert set(load.answers) == {200}
            print(f"{proxy.n_passed} commits, {proxy.n_cut} cut")
            print(settle(store, s, project, load))

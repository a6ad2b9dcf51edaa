"""Letters that are put back, with kill -9 at every place of it.

Each event is stored once, whether the daemon dies before the commit, after it or
somewhere, and whoever asks again, twice at once, for letters of capture and of
the app server, with persons in either store.
"""

import contextlib
import json
import random
import threading
import uuid
from collections import Counter

import pytest
from outcome import SEED, arm, audit, faults_done, has_fault_points, store_of
from sluicetest import CommandFailed, scaled

LETTERS = 40  # of each kind


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def store(request):
    with store_of(request.param) as store:
        yield store


def outputs(sluice):
    return Counter(
        json.loads(r["value"])["uuid"] for r in sluice.records("clickhouse_events_json")
    )


def make_letters(sluice, project):
    """Events whose key is no project's yet, and events that a step refuses. Returns
    the key and their uuids."""
    token = "phc_" + uuid.uuid4().hex

    def events(name, **properties):
        return [
            {
                "uuid": str(uuid.uuid4()),
                "event": name,
                "distinct_id": f"d{i % 5}",
                "properties": {"$set": {"n": i}, **properties},
            }
            for i in range(LETTERS)
        ]

    kept, poison = events("kept"), events("poison", **{"$sluice_fault": "decode"})
    arm(sluice, "")
    sluice.send(token, kept)
    sluice.send(project["api_token"], poison)
    sluice.drain()
    status = sluice.cli_json("status")["dead_letters"]
    assert status["pending"] == 2 * LETTERS
    return token, {e["uuid"] for e in kept + poison}


def replay(sluice):
    """Two at once; the daemon may die under them."""

    def ask():
        with contextlib.suppress(CommandFailed):
            sluice.cli("dlq", "replay", "--all")

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def test_replays_and_kills_store_each_event_once(store):
    assert has_fault_points(), "wants a program with --enable-fault-points"
    rng = random.Random(SEED)
    print(f"seed {SEED}")
    sluice, project = store.begin(
        **{"capture.unknown_token": "keep", "ingest.batch_wait_ms": "5"}
    )
    wanted = set()
    loops = scaled(20)
    with sluice:
        for i in range(loops):
            token, made = make_letters(sluice, project)
            wanted |= made
            sluice.project(f"found {i}", token)
            # The first partition and the second, inside the commit and behind it.
            for point in ["replay_marked", "replay_committed"] * 2:
                n = rng.randrange(1, LETTERS) if point == "replay_marked" else 1
                arm(sluice, f"event:off {point}:kill:{n}")
                replay(sluice)
                sluice.kill()
                arm(sluice, "event:off")
                sluice.start()
            replay(sluice)
            sluice.drain()
        done = faults_done(sluice)
        print(dict(done))
        assert done["replay_marked:kill"] == done["replay_committed:kill"] == 2 * loops
        seen = outputs(sluice)
        assert set(seen) == wanted and set(seen.values()) == {1}
        status = sluice.cli_json("status")["dead_letters"]
        assert (status["pending"], status["replayed"]) == (0, len(wanted))
        audit(sluice)

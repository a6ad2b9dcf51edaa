"""Thousands of random streams through the real program, each in its project,
against the reference: every row, every message, every stored value.

20,000 of them in full. SLUICE_STREAMS=N sets how many there are,
SLUICE_SEED=N runs one alone, SLUICE_TEST_SEED=N chooses other ones.
"""

import multiprocessing
import os
import time

import pytest
from check import Found, check_stream
from daemon import InPostgres, InSqlite, Run, Stream
from sluicetest import scaled
from streams import make_stream

STREAMS = int(os.environ.get("SLUICE_STREAMS", scaled(20000)))
FIRST = int(os.environ.get("SLUICE_TEST_SEED", "0"))
# Most events of a batch, and the share of the streams that has it.
SIZES = [(1, 0.005), (3, 0.015), (17, 0.1), (250, 0.38), (2000, 0.5)]
MOST_FAILURES = 5
WORKERS = 2
work = {}


def seeds():
    one = os.environ.get("SLUICE_SEED")
    return [int(one)] if one else list(range(FIRST, FIRST + STREAMS))


def shares(streams):
    """[(batch size, its streams)]; a stream alone is run with every size."""
    if len(streams) < len(SIZES) * 10:
        return [(size, streams[i :: len(SIZES)]) for i, (size, _) in enumerate(SIZES)]
    found, at = [], 0
    for size, share in SIZES:
        n = round(len(streams) * share)
        found.append((size, streams[at : at + n]))
        at += n
    found[-1][1].extend(streams[at:])
    return found


def streams_of(seed_list):
    if len(seed_list) == 1:  # to be replayed: once with each batch size
        seed_list = seed_list * len(SIZES)
    return [
        Stream(seed, i + 1, make_stream(seed, clocked=True))
        for i, seed in enumerate(seed_list)
    ]


def compare_some(first):
    failures = []
    for stream in work["streams"][first::WORKERS]:
        try:
            check_stream(stream, work["found"])
        except AssertionError as e:
            failures.append(str(e))
    return failures


def compare(streams, found):
    """What differs; each process has a copy of all by fork."""
    work.update(streams=streams, found=found)
    with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
        failures = pool.map(compare_some, range(WORKERS))
    work.clear()
    return [f for some in failures for f in some]


@pytest.mark.parametrize("store", [InSqlite, InPostgres], ids=lambda s: s.name)
def test_streams(store):
    streams = streams_of(seeds())
    print(f"seeds {streams[0].seed} to {streams[-1].seed}, {len(streams)} streams")
    began = time.monotonic()
    with store() as of:
        run = Run(of, {})
        try:
            run.make_projects(streams)
            for size, some in shares(streams):
                run.send(some, size)
                took_s = time.monotonic() - began
                print(f"size {size}: {len(some)} streams, {took_s:.0f} s")
            found = Found(run.topics(), of.rows(run.sluice))
        finally:
            run.sluice.remove()
    print(f"read after {time.monotonic() - began:.0f} s")
    failures = compare(streams, found)
    print(f"compared after {time.monotonic() - began:.0f} s")
    shown = "\n\n".join(failures[:MOST_FAILURES])
    assert not failures, f"{len(failures)} streams differ:\n{shown}"

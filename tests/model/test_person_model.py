"""Random small streams: src/person and src/persondb against the naive model.

Each stream runs through the C code with several batch sizes, on a store in
memory and on a real state.db; every event's view and the final state must be
the model's. A failure names its seed: SLUICE_SEED=N runs that stream alone,
SLUICE_STREAMS=N sets how many there are.
"""

import datetime
import json
import os
import pathlib
import random
import subprocess
import uuid

import pytest
from person_model import Model

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SLUICE_BUILD", ROOT))
PROGRAM = BUILD / "tests" / "unit" / "person" / "person_stream"
STREAMS = int(os.environ.get("SLUICE_STREAMS", "2000"))
BASE_MS = 1_767_225_600_000  # 2026-01-01
IDS = ["a", "b", "c", "d", "e", "null", "Guest"]
KEYS = ["k1", "k2", "$browser", "$geoip_latitude", "utm_source"]
VALUES = [1, 1.0, 2, "1", "x", None, True, [1, 2], {"p": 1, "q": 2}, {"q": 2, "p": 1}]
MERGES = [("$identify", "$anon_distinct_id"), ("$create_alias", "alias")]
MERGES += [("$merge_dangerously", "alias")]


def iso(ms):
    at = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def some(rng, values, most):
    return rng.sample(values, rng.randint(1, most))


def person_members(rng):
    properties = {}
    if rng.random() < 0.6:
        properties["$set"] = {k: rng.choice(VALUES) for k in some(rng, KEYS, 2)}
    if rng.random() < 0.3:
        properties["$set_once"] = {k: rng.choice(VALUES) for k in some(rng, KEYS, 2)}
    if rng.random() < 0.2:
        properties["$unset"] = some(rng, KEYS, 2)
    return properties


def group_event(rng):
    types = ["org", "team", "site", "t4", "t5", "t6"]
    if rng.random() < 0.5:
        groups = {t: rng.choice(["g1", "g2", 5]) for t in some(rng, types, 2)}
        return "grouped", {"$groups": groups}
    properties = {
        "$group_type": rng.choice(types),
        "$group_key": rng.choice(["g1", 5, ""]),
        "$group_set": rng.choice([None, {}, {"n": 1}, {"n": 1.0}, {"n": 2, "m": [1]}]),
    }
    if rng.random() < 0.1:
        properties["$group_set"] = "no object"
    return "$groupidentify", properties


def one_event(rng, ids):
    kind = rng.random()
    if kind < 0.35:
        name, member = rng.choice(MERGES)
        properties = person_members(rng)
        properties[member] = rng.choice(ids + [None, 7])
        if rng.random() < 0.05:
            del properties[member]
    elif kind < 0.5:
        name, properties = group_event(rng)
    else:
        names = ["e", "e", "e", "$set", "$exception", "survey shown"]
        name, properties = rng.choice(names), person_members(rng)
    flag = rng.random()
    if flag < 0.15:
        properties["$process_person_profile"] = False
    elif flag < 0.2:
        properties["$process_person_profile"] = True
    return name, properties


def make_stream(seed):
    """(settings, steps); a step is an event or a deletion."""
    rng = random.Random(seed)
    ids = rng.sample(IDS, rng.randint(2, len(IDS)))
    settings = {
        "person_opt_out": rng.random() < 0.03,
        "person_update_all": rng.random() < 0.1,
    }
    steps = []
    for _ in range(rng.randint(1, 25)):
        if rng.random() < 0.03:
            steps.append({"delete": rng.choice(ids)})
            continue
        name, properties = one_event(rng, ids)
        ms = BASE_MS + rng.randint(-200_000, 200_000)
        step = {
            "event": name,
            "uuid": str(uuid.UUID(int=rng.getrandbits(128))),
            "distinct_id": rng.choice(ids),
            "properties": properties,
            "timestamp": iso(ms),
            "now": iso(BASE_MS),
        }
        steps.append(step)
    return settings, steps


def batches(seed, size):
    """Lengths of batches: fixed, or random for size 0."""
    rng = random.Random(f"{seed}/{size}")
    while True:
        yield size or rng.randint(1, 8)


def lines_of(seed, settings, steps, size, team_id):
    lines = [json.dumps({"reset": True, "team_id": team_id, **settings})]
    lengths = batches(seed, size)
    left = next(lengths)
    for step in steps:
        # A deletion is a commit of its own.
        if "delete" in step:
            lines += ["", json.dumps(step), ""]
            left = next(lengths)
            continue
        lines.append(json.dumps(step))
        left -= 1
        if left == 0:
            lines.append("")
            left = next(lengths)
    return lines + ["", json.dumps({"final": True})]


def expected_of(settings, steps, team_id):
    model = Model(team_id, settings["person_opt_out"], settings["person_update_all"])
    rows = []
    for step in steps:
        if "delete" in step:
            rows.append({"deleted": model.delete(step["delete"])})
            continue
        at = datetime.datetime.fromisoformat(step["timestamp"][:-1] + "+00:00")
        at_us = round(at.timestamp() * 1000) * 1000
        rows.append(model.apply(step, at_us, BASE_MS * 1000, step["timestamp"]))
    return json.loads(json.dumps(rows)), json.loads(json.dumps(model.final()))


def check_memory(state, want):
    """Each last message says what the row says; versions have only grown."""
    assert state.pop("went_back") is False
    for person in state["persons"]:
        version, properties = person.pop("message")
        assert version == person["version"]
        assert properties == person["properties"]
    return want


def check_store(state, want):
    """What the admin is shown has other shapes."""
    assert state.pop("count") == len(want["persons"])
    assert [t["index"] for t in state["types"]] == list(range(len(state["types"])))
    state["types"] = [t["type"] for t in state["types"]]
    state["groups"] = {f"{g['type']}:{g['key']}": g for g in state["groups"]}
    for group in state["groups"].values():
        del group["type"], group["key"]
    groups = {
        k: {"version": v[0], "properties": v[2]} for k, v in want["groups"].items()
    }
    persons = [
        {**p, "created_at": iso(p["created_at"] // 1000)} for p in want["persons"]
    ]
    return {**want, "groups": groups, "persons": persons}


def strictly(value):
    """So that 1, 1.0 and true differ when compared."""
    return json.dumps(value, sort_keys=True)


def check(seed, size, rows, state, want_rows, want_state, check_state):
    where = f"seed {seed}, batch size {size or 'random'}"
    for i, (row, want) in enumerate(zip(rows, want_rows, strict=True)):
        if "warnings" in row:
            row["warnings"].sort()
        assert strictly(row) == strictly(want), f"{where}, step {i}"
    state["persons"].sort(key=lambda p: p["uuid"])
    want_state = check_state(state, want_state)
    assert strictly(state) == strictly(want_state), where


def run(lines, folder):
    text = "\n".join(lines) + "\n"
    done = subprocess.run(
        [PROGRAM] + ([folder] if folder else []),
        input=text,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def run_streams(seeds, sizes, check_state, folder=None):
    lines, wanted = [], []
    for seed in seeds:
        settings, steps = make_stream(seed)
        for size in sizes:
            # A real store keeps what was there: each run has its project.
            team_id = len(wanted) + 1
            expected = expected_of(settings, steps, team_id)
            lines += lines_of(seed, settings, steps, size, team_id)
            wanted.append((seed, size, *expected))
    answers = run(lines, folder)
    at = 0
    for seed, size, want_rows, want_state in wanted:
        rows = answers[at : at + len(want_rows)]
        state = answers[at + len(want_rows)]
        at += len(want_rows) + 1
        check(seed, size, rows, state, want_rows, want_state, check_state)
    assert at == len(answers)


def seeds_of(n):
    if not PROGRAM.exists():
        pytest.fail(f"{PROGRAM} is missing: make tests/unit/person/person_stream")
    one = os.environ.get("SLUICE_SEED")
    seeds = [int(one)] if one else range(n)
    print(f"seeds {seeds}")
    return seeds


def test_in_memory():
    run_streams(seeds_of(STREAMS), (1, 3, 1000, 0), check_memory)


def test_on_a_real_store(tmp_path):
    # Each batch is a commit with a sync: fewer streams, larger batches.
    run_streams(seeds_of(STREAMS // 10), (4, 1000, 0), check_store, tmp_path)

"""Random small streams: src/person and src/persondb against the naive model.

Each stream runs through the C code with several batch sizes, on a store in
memory and on a real state.db; every event's view and the final state must be
the model's. A failure names its seed: SLUICE_SEED=N runs that stream alone,
SLUICE_STREAMS=N sets how many there are.
"""

import json
import os
import pathlib
import random
import subprocess

import pytest
from person_model import Model
from streams import BASE_MS, as_sent, iso, make_stream

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SLUICE_BUILD", ROOT))
PROGRAM = BUILD / "tests" / "unit" / "person" / "person_stream"
STREAMS = int(os.environ.get("SLUICE_STREAMS", "2000"))


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
        lines.append(json.dumps({**as_sent(step), "now": iso(BASE_MS)}))
        left -= 1
        if left == 0:
            lines.append("")
            left = next(lengths)
    return lines + ["", json.dumps({"final": True})]


def expected_of(settings, steps, team_id):
    model = Model(team_id, settings)
    rows = []
    for step in steps:
        if "delete" in step:
            rows.append({"deleted": model.delete(step["delete"])})
            continue
        ms = step["at_ms"]
        row = model.apply(step, ms * 1000, BASE_MS * 1000, iso(ms))
        rows.append(row or {"dropped": True})
        rows[-1]["warnings"] = sorted(model.warnings)
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
    persons = []
    for person in want["persons"]:
        shown = {**person, "created_at": iso(person["created_at"] // 1000)}
        seen = shown.pop("last_seen_at")
        if seen is not None:
            shown["last_seen_at"] = iso(seen // 1000)
        persons.append(shown)
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
        settings, _, steps = make_stream(seed)
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
    run_streams(seeds_of(STREAMS // 50), (4, 1000, 0), check_store, tmp_path)

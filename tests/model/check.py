"""Compares what the real program made of streams with the reference."""

import collections
import datetime
import json

from event_model import event_time
from person_model import Model
from streams import iso

ALWAYS = {
    "cannot_merge_already_identified",
    "cannot_merge_with_illegal_distinct_id",
    "invalid_event_when_process_person_profile_is_false",
}
UTC = datetime.timezone.utc


def ms_of(text):
    at = datetime.datetime.fromisoformat(text).replace(tzinfo=UTC)
    return round(at.timestamp() * 1000)


def second(us):
    return f"{datetime.datetime.fromtimestamp(us // 1_000_000, UTC):%Y-%m-%d %H:%M:%S}"


def strictly(value):
    """So that 1, 1.0 and true differ when compared."""
    return json.dumps(value, sort_keys=True)


def same(got, want, where):
    got, want = strictly(got), strictly(want)
    assert got == want, f"{where}: {got}\nnot {want}"


def by_team(rows, team=lambda r: r["team_id"]):
    found = collections.defaultdict(list)
    for row in rows:
        found[team(row)].append(row)
    return found


class Found:
    """All that the run left, by project."""

    def __init__(self, topics, rows):
        self.topics = {name: by_team(of) for name, of in topics.items()}
        persons = rows.pop("persons")
        self.rows = {name: by_team(of, lambda r: r[0]) for name, of in rows.items()}
        self.rows["persons"] = by_team(persons, lambda r: r[1])


def check_stream(stream, found):
    """AssertionError names the seed and the first thing that differs."""
    where = f"SLUICE_SEED={stream.seed}"
    model = Model(stream.team_id, stream.settings)
    warnings = check_events(
        stream, found.topics["events"][stream.team_id], model, where
    )
    check_warnings(found.topics["warnings"][stream.team_id], warnings, where)
    same(found.topics["letters"][stream.team_id], [], where)
    want = model.final()
    check_rows({n: r[stream.team_id] for n, r in found.rows.items()}, want, where)
    check_messages({n: r[stream.team_id] for n, r in found.topics.items()}, want, where)


def time_of(step, sent_ms, now_ms):
    """(ms, warnings) of the event by the formula of 4.1."""
    ms, in_future = event_time(now_ms, step["at_ms"], sent_ms, step.get("offset"))
    warnings = []
    if step["at_ms"] is None:
        warnings.append(("ignored_invalid_timestamp", ""))
    if in_future:
        warnings.append(("event_timestamp_in_future", ""))
    return ms, warnings


def check_events(stream, rows, model, where):
    """Every row, in the order of sending; the warnings the events raise."""
    rows, warnings = iter(rows), []
    row = next(rows, None)
    for i, step in enumerate(stream.steps):
        if "delete" in step:
            was_gone = step["delete"] in model.id_tombstone
            done = model.delete(step["delete"])
            if not was_gone:  # asked again, the answer depends on how
                same(step["was_deleted"], done, f"{where}, step {i}")
            continue
        label = f"{where}, step {i}: {step}"
        is_its = row is not None and row["uuid"] == step["uuid"]
        now_ms = ms_of(row["captured_at"]) if is_its else 0
        ms, of_time = time_of(step, stream.sent_ms, now_ms)
        want = model.apply(step, ms * 1000, now_ms * 1000, iso(ms))
        warnings += model.warnings
        assert is_its == (want is not None), f"{label}: has a row: {is_its}"
        if is_its:
            warnings += of_time
            check_row(stream, row, want, ms, label)
            row = next(rows, None)
    assert row is None, f"{where}: one more row: {row}"
    return warnings


def check_row(stream, row, want, ms, label):
    properties = json.loads(row["properties"])
    # Of the request, not of the event.
    assert properties.pop("$ip") == "127.0.0.1", label
    if stream.sent_ms is not None:
        sent = properties.pop("$sent_at").removesuffix("Z")
        assert ms_of(sent) == stream.sent_ms, label
    got = {
        "person_id": row["person_id"],
        "created_at": row["person_created_at"],
        "person_properties": json.loads(row["person_properties"]),
        "mode": row["person_mode"],
        "properties": properties,
        "timestamp": row["timestamp"],
    }
    want = {
        **want,
        "created_at": second(want["created_at"]),
        "timestamp": iso(ms)[:-1].replace("T", " "),
    }
    for name, value in want.items():
        assert strictly(got[name]) == strictly(value), (
            f"{label}\n{name}: {strictly(got[name])}\nnot {strictly(value)}"
        )


def check_warnings(rows, want, where):
    """Each of those that are always sent; of the others one an hour and key,
    which the row does not say."""
    got = collections.Counter(r["type"] for r in rows)
    expected = collections.Counter(n for n, _ in want if n in ALWAYS)
    expected += collections.Counter(n for n, _ in set(want) if n not in ALWAYS)
    assert got == expected, f"{where}: warnings {got}\nnot {expected}"


def check_rows(rows, want, where):
    ids = collections.defaultdict(list)
    for _, distinct_id, person, version in rows["ids"]:
        ids[person].append((distinct_id, version))
    persons = [
        {
            "uuid": uid,
            "distinct_ids": [d for d, _ in ids[key]],
            "properties": json.loads(properties),
            "is_identified": bool(is_identified),
            "version": version,
            "created_at": created_at,
            "last_seen_at": last_seen,
        }
        for (
            key,
            _,
            uid,
            properties,
            is_identified,
            version,
            created_at,
            last_seen,
        ) in rows["persons"]
    ]
    persons.sort(key=lambda p: p["uuid"])
    for person in persons + want["persons"]:  # their order is no promise
        person["distinct_ids"] = sorted(person["distinct_ids"])
    same(persons, want["persons"], where)
    versions = {d: v for pairs in ids.values() for d, v in pairs}
    live = {d: v for d, (_, v, deleted) in want["ids"].items() if not deleted}
    same(versions, live, where)
    personless = {d: bool(m) for _, d, m in rows["personless"]}
    same(personless, want["personless"], where)
    types = {index: name for _, index, name in rows["types"]}
    same(types, dict(enumerate(want["types"])), where)
    groups = {
        f"{types[index]}:{key}": [version, created_at, json.loads(properties)]
        for _, index, key, version, created_at, properties in rows["groups"]
    }
    same(groups, want["groups"], where)


def last_of(rows, key, where):
    """The last message of each key; versions grow strictly."""
    last = {}
    for row in rows:
        name = tuple(row[k] for k in key)
        assert name not in last or row["version"] > last[name]["version"], (
            f"{where}: {name} goes from {last[name]} to {row}"
        )
        last[name] = row
    return last


def check_messages(topics, want, where):
    persons = last_of(topics["persons"], ["id"], where)
    expected = {
        p["uuid"]: {
            "id": p["uuid"],
            "properties": p["properties"],
            "is_identified": int(p["is_identified"]),
            "is_deleted": 0,
            "version": p["version"],
            "created_at": second(p["created_at"]),
            "last_seen_at": p["last_seen_at"] and second(p["last_seen_at"]),
        }
        for p in want["persons"]
    }
    got = {}
    deleted = {}
    for (uid,), row in persons.items():
        if row["is_deleted"]:
            deleted[uid] = row["version"]
            continue
        got[uid] = {k: row.get(k) for k in expected.get(uid, row)}
        got[uid]["properties"] = json.loads(row["properties"])
    same(got, expected, where)
    same(deleted, want["deleted"], where)
    got = {
        d: [None if r["is_deleted"] else r["person_id"], r["version"], r["is_deleted"]]
        for (d,), r in last_of(topics["ids"], ["distinct_id"], where).items()
    }
    same(got, want["ids"], where)
    check_group_messages(topics["groups"], want, where)


def check_group_messages(rows, want, where):
    got = {}
    last = last_of(rows, ["group_type_index", "group_key"], where)
    for (index, key), row in last.items():
        name = f"{want['types'][index]}:{key}"
        got[name] = [
            row["version"],
            row["created_at"],
            json.loads(row["group_properties"]),
        ]
    expected = {k: [v, second(at), p] for k, (v, at, p) in want["groups"].items()}
    same(got, expected, where)

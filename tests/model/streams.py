"""Random small streams of events over a few ids, made from a seed.

A stream has a project of its own: its settings, its events, sometimes the
deletion of a person in between.
"""

import datetime
import random
import uuid

BASE_MS = 1_767_225_600_000  # 2026-01-01
SETTINGS = {
    "person_processing_opt_out": 0.03,
    "person_update_all": 0.1,
    "person_last_seen": 0.2,
    "flag_called_personless": 0.3,
}
IDS = ["a", "b", "c", "d", "e", "null", "Guest", 7, "ü/ \"é'"]
KEYS = [
    "k1",
    "k2",
    "$browser",
    "$initial_browser",
    "$geoip_latitude",
    "$os_name",
    "utm_source",
]
VALUES = [1, 1.0, 2, "1", "x", None, True, [1, 2], {"p": 1, "q": 2}, {"q": 2, "p": 1}]
OWN_KEYS = [
    "$browser",
    "$os",
    "$os_name",
    "$os_version",
    "$current_url",
    "gclid",
    "own",
]
LIBS = ["web", "posthog-python", "posthog-ios"]
MERGES = [("$identify", "$anon_distinct_id"), ("$create_alias", "alias")]
MERGES += [("$merge_dangerously", "alias")]
TYPES = ["org", "team", "site", "t4", "t5", "t6"]
NAMES = ["e", "e", "e", "$set", "$exception", "survey shown", "$feature_flag_called"]


def iso(ms):
    at = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def forms_of(ms):
    """Texts and numbers that mean this instant."""
    at = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc)
    east = at + datetime.timedelta(hours=5, minutes=30)
    fraction = f"{ms % 1000:03d}"
    return [
        f"{at:%Y-%m-%d %H:%M:%S}.{fraction}",
        f"{at:%Y-%m-%dT%H:%M:%S}.{fraction}456+00:00",
        f"{east:%Y-%m-%dT%H:%M:%S}.{fraction}+0530",
        f"{at:%Y-%m-%dt%H:%M:%S}.{fraction}z",
        ms,
        str(ms),
    ]


def some(rng, values, most):
    return rng.sample(values, rng.randint(1, most))


def person_members(rng):
    properties = {}
    if rng.random() < 0.6:
        properties["$set"] = {k: rng.choice(VALUES) for k in some(rng, KEYS, 2)}
    if rng.random() < 0.3:
        properties["$set_once"] = {k: rng.choice(VALUES) for k in some(rng, KEYS, 2)}
    if rng.random() < 0.2:
        names = some(rng, KEYS, 2)
        properties["$unset"] = rng.choice([names, dict.fromkeys(names, 1), [*names, 5]])
    if rng.random() < 0.03:
        properties[rng.choice(["$set", "$set_once", "$unset"])] = "text"
    if rng.random() < 0.25:
        for key in some(rng, OWN_KEYS, 3):
            properties[key] = rng.choice(["x", "y", 1, None])
        properties["$lib"] = rng.choice(LIBS)
    return properties


def group_event(rng):
    if rng.random() < 0.5:
        groups = {t: rng.choice(["g1", "g2", 5]) for t in some(rng, TYPES, 2)}
        if rng.random() < 0.05:
            groups = "no object"
        properties = {"$groups": groups}
        if rng.random() < 0.1:
            properties["$group_1"] = "mine"
        return "grouped", properties
    properties = {
        "$group_type": rng.choice(TYPES),
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
        properties[member] = rng.choice([*ids, None, 8, ["a", "b"]])
        if rng.random() < 0.05:
            del properties[member]
    elif kind < 0.5:
        name, properties = group_event(rng)
    else:
        name, properties = rng.choice(NAMES), person_members(rng)
    flag = rng.random()
    if flag < 0.15:
        properties["$process_person_profile"] = False
    elif flag < 0.2:
        properties["$process_person_profile"] = True
    elif flag < 0.22:
        properties["$process_person_profile"] = rng.choice(["false", 0, None])
    if rng.random() < 0.05:
        properties["$update_person_last_seen_at"] = rng.choice([True, False])
    if rng.random() < 0.02:
        properties["$surveys_activated"] = [1]
    return name, properties


def put_time(rng, step, ms):
    """The time in one of its forms; at_ms is what the form means."""
    step["timestamp"] = iso(ms)
    step["at_ms"] = ms
    if rng.random() < 0.2:
        step["timestamp"] = rng.choice(forms_of(ms))
    elif rng.random() < 0.05:
        step["timestamp"] = "no time"
        step["at_ms"] = None
    if rng.random() < 0.03:
        step["offset"] = rng.choice([0, 1500, -1500, 86_400_000, -90_000_000])


def make_stream(seed, clocked=False):
    """(settings, sent_at in ms or None, steps); a step is an event or a deletion.

    clocked: some times depend on the server's clock.
    """
    rng = random.Random(seed)
    ids = rng.sample(IDS, rng.randint(2, len(IDS)))
    settings = {name: rng.random() < p for name, p in SETTINGS.items()}
    sent_ms = BASE_MS if clocked and rng.random() < 0.1 else None
    steps = []
    for _ in range(rng.randint(1, 25)):
        if rng.random() < 0.03:
            steps.append({"delete": str(rng.choice(ids))})
            continue
        name, properties = one_event(rng, ids)
        step = {
            "event": name,
            "uuid": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
            "distinct_id": rng.choice(ids),
            "properties": properties,
        }
        if rng.random() < 0.1:
            step["$set"] = {k: rng.choice(VALUES) for k in some(rng, KEYS, 2)}
        if rng.random() < 0.05:
            step["$unset"] = [rng.choice(KEYS)]
        ms = BASE_MS + rng.randint(-200_000, 200_000)
        if rng.random() < 0.2:
            ms += rng.randint(-3, 3) * 3_600_000
        if clocked:
            put_time(rng, step, ms)
        else:
            step["timestamp"], step["at_ms"] = iso(ms), ms
        steps.append(step)
    return settings, sent_ms, steps


def as_sent(step):
    """The event without what only the test knows."""
    return {k: v for k, v in step.items() if k != "at_ms"}

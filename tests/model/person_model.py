"""The rules for persons and groups, one event at a time.

A naive reference written from the ingestion spec (sections 5 and 6) and nothing
else: dictionaries, no batches, no suppression of work. The C code in src/person
must give the same result for every stream and every batch size.
"""

import uuid

from event_model import (
    MERGE_EVENTS,
    Event,
    is_truthy,
    js_text,
    names_of_unset,
    objects,
)

NAMESPACE = uuid.UUID("932979b4-65c3-4424-8467-0b66ec27bc22")
DELETE_STEP = 100
REVIVE_STEP = 101
MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
MADE_UP_CREATED_AT_US = 5_000_000

QUIET = {
    "$current_url",
    "$pathname",
    "$referring_domain",
    "$referrer",
    "$screen_height",
    "$screen_width",
    "$viewport_height",
    "$viewport_width",
    "$browser",
    "$browser_version",
    "$device_type",
    "$raw_user_agent",
    "$os",
    "$os_name",
    "$os_version",
} | {
    "$geoip_" + name
    for name in (
        "postal_code time_zone latitude longitude accuracy_radius "
        "subdivision_1_code subdivision_1_name subdivision_2_code "
        "subdivision_2_name subdivision_3_code subdivision_3_name "
        "city_confidence country_confidence postal_code_confidence "
        "subdivision_1_confidence subdivision_2_confidence"
    ).split()
}

ILLEGAL_ANY_CASE = {
    "anonymous",
    "guest",
    "distinctid",
    "distinct_id",
    "id",
    "not_authenticated",
    "email",
    "undefined",
    "true",
    "false",
}
ILLEGAL_EXACT = {"[object Object]", "NaN", "None", "none", "null", "0", "undefined"}

ALWAYS_WRITES = MERGE_EVENTS + ("$set",)


def is_illegal(distinct_id):
    def is_word(text):
        return text.lower() in ILLEGAL_ANY_CASE or text in ILLEGAL_EXACT

    if not distinct_id.strip() or is_word(distinct_id):
        return True
    quoted = len(distinct_id) >= 2 and distinct_id[0] == distinct_id[-1]
    return quoted and distinct_id[0] in "'\"" and is_word(distinct_id[1:-1])


def same_value(a, b):
    """Equal by value: 1 and 1.0 are, true and 1 are not."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return float(a) == float(b)
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same_value, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same_value(a[k], b[k]) for k in a)
    return a == b


class Person:
    def __init__(self, uid, created_at, properties, is_identified, version):
        self.uuid = uid
        self.created_at = created_at
        self.properties = properties
        self.is_identified = is_identified
        self.version = version
        self.last_seen = None
        self.ids = []

    def see(self, hour):
        """True if last_seen_at moved."""
        if hour is None or (self.last_seen is not None and self.last_seen >= hour):
            return False
        self.last_seen = hour
        return True


class Model:
    """One project. settings: those of the project that matter here."""

    def __init__(self, team_id=1, settings=()):
        settings = dict(settings)
        self.team_id = team_id
        self.opted_out = settings.get("person_processing_opt_out", False)
        self.update_all = settings.get("person_update_all", False)
        self.keeps_last_seen = settings.get("person_last_seen", False)
        self.flags_personless = settings.get("flag_called_personless", False)
        self.owner = {}  # distinct id -> Person
        self.id_version = {}
        self.id_tombstone = {}
        self.person_tombstone = {}  # uuid -> version of the row
        self.personless = {}  # distinct id -> is_merged
        self.types = []
        self.groups = {}  # (type, key) -> [version, created_at, properties]
        self.warnings = []

    # Persons

    def uuid_of(self, distinct_id):
        return str(uuid.uuid5(NAMESPACE, f"{self.team_id}:{distinct_id}"))

    def attach(self, person, distinct_id, used_personless):
        version = 1 if used_personless else 0
        if distinct_id in self.id_tombstone:
            version = self.id_tombstone.pop(distinct_id) + REVIVE_STEP
        self.owner[distinct_id] = person
        self.id_version[distinct_id] = version
        person.ids.append(distinct_id)

    def create(self, event, ids, primary, is_identified, personless_ids=()):
        properties = {**event.set_once, **event.set}
        if event.name == "survey shown":
            if "$survey_last_seen_date" not in event.set:
                properties["$survey_last_seen_date"] = event.iso
        properties["$creator_event_uuid"] = event.uuid
        uid = self.uuid_of(primary)
        version = 0
        if uid in self.person_tombstone:
            version = self.person_tombstone.pop(uid) + REVIVE_STEP
        person = Person(uid, event.at, properties, is_identified, version)
        if self.keeps_last_seen:
            person.see(event.at // HOUR_US * HOUR_US)
        for distinct_id in ids:
            self.attach(person, distinct_id, distinct_id in personless_ids)
        return person

    def mark_merged(self, distinct_id):
        """True if the id had a personless row before."""
        had = distinct_id in self.personless
        self.personless[distinct_id] = True
        return had

    def merge(self, event):
        """The event's person and whether it was identified by a merge."""
        into, other = event.distinct_id, event.other
        if other == into:
            return None, False
        for named in (into, other):
            if is_illegal(named):
                self.warn("cannot_merge_with_illegal_distinct_id")
                return None, False
        of_other, of_into = self.owner.get(other), self.owner.get(into)
        if of_other is None and of_into is None:
            p1, p2 = self.mark_merged(into), self.mark_merged(other)
            primary = other if p2 and not p1 else into
            late = (other,) if p1 and p2 else ()
            ids = [into, other]
            return self.create(event, ids, primary, True, late), None
        if of_into is None:
            self.attach(of_other, into, self.mark_merged(into))
            return of_other, True
        if of_other is None:
            self.attach(of_into, other, self.mark_merged(other))
            return of_into, True
        if of_other is of_into:
            return of_into, True
        if of_other.is_identified and event.name != "$merge_dangerously":
            self.warn("cannot_merge_already_identified")
            return of_into, True
        self.merge_people(event, of_other, of_into)
        return of_into, None

    def merge_people(self, event, source, target):
        properties = {**source.properties, **target.properties}
        target.properties = self.updated(event, properties)[0]
        target.created_at = min(source.created_at, target.created_at)
        target.is_identified = True
        target.version = max(source.version, target.version) + 1
        target.see(source.last_seen)
        target.see(self.seen_hour(event))
        for distinct_id in source.ids:
            self.owner[distinct_id] = target
            self.id_version[distinct_id] += 1
            target.ids.append(distinct_id)
        source.ids = []
        self.person_tombstone[source.uuid] = source.version

    def updated(self, event, before):
        """Properties after the event, and whether that is worth a write."""
        after = dict(before)
        write = False
        to_set = dict(event.set)
        if event.name == "survey shown":
            to_set.setdefault("$survey_last_seen_date", event.iso)
        if event.name == "$exception":
            return after, False
        gone = set(names_of_unset(event.unset))
        for key, value in event.set_once.items():
            if key not in before and key not in to_set and key not in gone:
                after[key] = value
                write = True
        for key, value in to_set.items():
            if key in gone:
                continue
            if key not in before:
                after[key] = value
                write = True
            elif not same_value(before[key], value):
                after[key] = value
                if key not in QUIET or self.update_all:
                    write = True
                if event.name in ALWAYS_WRITES:
                    write = True
        for key in gone:
            if key in before:
                del after[key]
                write = True
        return after, write

    def update(self, event, person, identify):
        after, write = self.updated(event, person.properties)
        if person.see(self.seen_hour(event)):
            write = True
        if identify and not person.is_identified:
            person.is_identified = True
            write = True
        if write:
            person.properties = after
            person.version += 1
        return after

    def seen_hour(self, event):
        """The hour that last_seen_at may move to; None: this event says nothing."""
        if not self.keeps_last_seen:
            return None
        if event.properties.get("$update_person_last_seen_at") is False:
            return None
        return event.at // HOUR_US * HOUR_US

    def personful(self, event):
        person = None
        is_identified = False
        if event.other is not None:
            person, is_identified = self.merge(event)
            if person is not None and is_identified is None:
                return person, person.properties
        if person is None:
            person = self.owner.get(event.distinct_id)
        if person is None:
            ids = [event.distinct_id]
            person = self.create(event, ids, event.distinct_id, False)
            return person, person.properties
        return person, self.update(event, person, is_identified)

    def without_person(self, event):
        distinct_id = event.distinct_id
        person = self.owner.get(distinct_id)
        if person is not None:
            late = event.at > person.created_at + MINUTE_US
            mode = "force_upgrade" if late and not self.opted_out else "propertyless"
            return person.uuid, person.created_at, {}, mode
        self.personless.setdefault(distinct_id, False)
        uid = self.uuid_of(distinct_id)
        return uid, MADE_UP_CREATED_AT_US, {}, "propertyless"

    # Groups

    def type_index(self, name):
        if name in self.types:
            return self.types.index(name)
        if len(self.types) == 5:
            self.warn("group_type_limit_reached", name)
            return None
        self.types.append(name)
        return len(self.types) - 1

    def apply_groups(self, event):
        found = {}
        properties = event.properties
        for name, value in objects(properties, "$groups").items():
            index = self.type_index(name)
            if index is not None:
                found[f"$group_{index}"] = value
        if event.name == "$groupidentify":
            self.group_identify(event, properties)
        return found

    def group_identify(self, event, properties):
        name, key = properties.get("$group_type"), properties.get("$group_key")
        if not is_truthy(name) or not is_truthy(key):
            return
        name, key = js_text(name), js_text(key)
        if self.type_index(name) is None:
            return
        to_set = properties.get("$group_set")
        if to_set is not None and not isinstance(to_set, dict):
            self.warn("invalid_group_set", key)
            return
        to_set = to_set or {}
        group = self.groups.get((name, key))
        if group is None:
            created_at = min(event.now, event.at)
            self.groups[(name, key)] = [1, created_at, dict(to_set)]
            return
        changed = {
            k: v
            for k, v in to_set.items()
            if k not in group[2] or not same_value(group[2][k], v)
        }
        if changed:
            group[0] += 1
            group[1] = min(group[1], event.at)
            group[2].update(changed)

    # The door

    def warn(self, name, key=""):
        self.warnings.append((name, key))

    def becomes_personless(self, event):
        return (
            event.name == "$feature_flag_called"
            and self.flags_personless
            and not event.said_full
            and "$groups" not in event.properties
            and event.distinct_id not in self.owner
        )

    def apply(self, raw, at_us, now_us, iso):
        """One capture-style event; what its row says. None: it has no row."""
        event = Event(raw, self.opted_out)
        self.warnings = event.warnings
        if event.is_dropped:
            return None
        event.at, event.now, event.iso = at_us, now_us, iso
        if not event.is_personless and self.becomes_personless(event):
            event.become_personless()
        if event.is_personless:
            uid, created_at, view, mode = self.without_person(event)
        else:
            person, view = self.personful(event)
            uid, created_at, mode = person.uuid, person.created_at, "full"
            view = {**view, **event.set}
            event.properties.update(self.apply_groups(event))
        return {
            "person_id": uid,
            "created_at": created_at,
            "person_properties": view,
            "mode": mode,
            "properties": event.stored_properties(),
        }

    def delete(self, distinct_id):
        person = self.owner.get(distinct_id)
        if person is None:
            return False
        for d in person.ids:
            self.id_tombstone[d] = self.id_version.pop(d)
            del self.owner[d]
        self.person_tombstone[person.uuid] = person.version
        return True

    def final(self):
        """All there is, and the last message of every key."""
        persons = {p.uuid: p for p in self.owner.values()}
        return {
            "persons": [
                {
                    "uuid": uid,
                    "distinct_ids": p.ids,
                    "properties": p.properties,
                    "is_identified": p.is_identified,
                    "version": p.version,
                    "created_at": p.created_at,
                    "last_seen_at": p.last_seen,
                }
                for uid, p in sorted(persons.items())
            ],
            "ids": {d: [self.owner[d].uuid, v, 0] for d, v in self.id_version.items()}
            | {d: [None, v + DELETE_STEP, 1] for d, v in self.id_tombstone.items()},
            "deleted": {u: v + DELETE_STEP for u, v in self.person_tombstone.items()},
            "personless": self.personless,
            "types": self.types,
            "groups": {f"{t}:{k}": v for (t, k), v in self.groups.items()},
        }

"""The rules for one event before persons: a naive reference.

Written from the ingestion spec (sections 3 and 4) and nothing else. What comes
out is what src/event must give to src/person and to the event's row.
"""

MERGE_EVENTS = ("$identify", "$create_alias", "$merge_dangerously")

# List P: event to person.
PERSON = set(
    """$app_build $app_name $app_namespace $app_version
    $browser $browser_version $device_type $current_url $pathname $os $os_name
    $os_version $referring_domain $referrer $screen_height $screen_width
    $viewport_height $viewport_width $raw_user_agent
    utm_source utm_medium utm_campaign utm_content utm_name utm_term gclid gad_source
    gclsrc dclid gbraid wbraid fbclid msclkid twclid li_fat_id mc_cid igshid ttclid
    rdt_cid irclid _kx epik qclid sccid""".split()
)
SERVER_LIBS = {
    "posthog-" + name
    for name in "python node edge server go ruby php java dotnet elixir rs".split()
}
NEVER_STORED = {
    "$heatmap_data",
    "$elements",
    "$elements_chain",
    "ph_product_tours",
    "$session_recording_remote_config",
    "$product_tours_activated",
    "$product_tours_enabled_server_side",
    "$surveys_activated",
    "$feature_flag_payloads",
    "$override_feature_flag_payloads",
}
HOURS_23_MS = 23 * 3600 * 1000


def js_text(value):
    """JavaScript's String(value) of a JSON value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join("" if v is None else js_text(v) for v in value)
    if isinstance(value, dict):
        return "[object Object]"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def objects(container, name):
    value = container.get(name)
    return dict(value) if isinstance(value, dict) else {}


def has_object(raw, properties, name):
    return isinstance(raw.get(name), dict) or isinstance(properties.get(name), dict)


def is_truthy(value):
    """JavaScript's: arrays and objects are, whatever they hold."""
    return isinstance(value, (list, dict)) or bool(value)


def names_of_unset(value):
    if isinstance(value, dict):
        return list(value)
    if isinstance(value, list):
        return [v for v in value if isinstance(v, str)]
    return []


def event_time(now_ms, timestamp_ms, sent_ms=None, offset=None):
    """The formula of 4.1; None: absent or not a time. True: was in the future."""
    t = now_ms
    if timestamp_ms is not None:
        t = timestamp_ms if sent_ms is None else now_ms + (timestamp_ms - sent_ms)
    if offset is not None:
        t = now_ms - offset
    return (now_ms, True) if t - now_ms > HOURS_23_MS else (t, False)


class Event:
    """What persons and the row need of one event."""

    def __init__(self, raw, opted_out=False):
        properties = dict(raw.get("properties", {}))
        self.name = raw["event"]
        self.uuid = raw["uuid"]
        self.distinct_id = js_text(raw["distinct_id"])
        self.warnings = []
        self.is_dropped = False
        self.said_full = False
        self.flag = self.person_flag(properties, opted_out)
        self.is_personless = self.flag is False
        if self.is_personless and self.needs_person():
            name = "invalid_event_when_process_person_profile_is_false"
            self.warnings.append((name, ""))
            self.is_dropped = True
        self.has_set = has_object(raw, properties, "$set")
        self.has_set_once = has_object(raw, properties, "$set_once")
        self.set = {**objects(properties, "$set"), **objects(raw, "$set")}
        self.set_once = {
            **objects(properties, "$set_once"),
            **objects(raw, "$set_once"),
        }
        self.unset = self.stored_unset(raw, properties)
        for name in ("$set", "$set_once", "$unset"):
            properties.pop(name, None)
        if "$os_name" in properties:
            properties.setdefault("$os", properties["$os_name"])
        self.properties = properties
        if not self.is_personless and self.name != "$groupidentify":
            self.derive()
        for name in NEVER_STORED:
            properties.pop(name, None)
        if self.is_personless:
            self.lose_person_parts()
        elif self.name == "$groupidentify":
            self.lose_person_members()
        self.other = None if self.is_personless else self.merge_other()

    def needs_person(self):
        return self.name in MERGE_EVENTS + ("$groupidentify",)

    def person_flag(self, properties, opted_out):
        """$process_person_profile: only false stays in the stored properties."""
        name = "$process_person_profile"
        if opted_out:
            properties[name] = False
        if name not in properties or properties[name] is False:
            return properties.get(name)
        if properties.pop(name) is True:
            self.said_full = True
        else:
            self.warnings.append(("invalid_process_person_profile", ""))
        return None

    @staticmethod
    def stored_unset(raw, properties):
        outer = raw.get("$unset")
        if isinstance(outer, (list, dict)):
            return names_of_unset(properties.get("$unset")) + names_of_unset(outer)
        return properties.get("$unset", ())  # (): there is none

    def derive(self):
        """Automatic person properties (3.4)."""
        from_server = self.properties.get("$lib") in SERVER_LIBS
        for name, value in self.properties.items():
            if name not in PERSON or name == "$os_name":
                continue
            if from_server and name in ("$os", "$os_version"):
                continue
            initial = "$initial_" + name.removeprefix("$")
            self.set.setdefault(name, value)
            self.set_once.setdefault(initial, value)
            self.has_set = self.has_set_once = True
        if "$os_name" in self.properties:
            self.set.pop("$os_name", None)
            self.set_once.pop("$initial_os_name", None)

    def lose_person_members(self):
        self.set, self.set_once, self.unset = {}, {}, ()
        self.has_set = self.has_set_once = False

    def lose_person_parts(self):
        self.lose_person_members()
        for i in range(5):
            self.properties.pop(f"$group_{i}", None)

    def become_personless(self):
        self.is_personless = True
        self.lose_person_parts()

    def merge_other(self):
        if self.name == "$identify" and "$anon_distinct_id" in self.properties:
            return js_text(self.properties["$anon_distinct_id"])
        if self.name in MERGE_EVENTS[1:] and is_truthy(self.properties.get("alias")):
            return js_text(self.properties["alias"])
        return None

    def stored_properties(self):
        stored = dict(self.properties)
        if self.has_set:
            stored["$set"] = self.set
        if self.has_set_once:
            stored["$set_once"] = self.set_once
        if self.unset != ():
            stored["$unset"] = self.unset
        return stored

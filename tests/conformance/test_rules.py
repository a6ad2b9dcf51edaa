"""Drop lists, restrictions and overflow of capture: spec capture.md 7."""

import json
import time
import uuid

import pytest
from sluicetest import CommandFailed, Sluice, eventually

MAIN = "events_plugin_ingestion"
OVERFLOW = "events_plugin_ingestion_overflow"
HISTORICAL = "events_plugin_ingestion_historical"
REDIRECTED = "events_plugin_ingestion_redirected"
LETTERS = "events_dead_letter_queue"
RECORDINGS = "session_recording_snapshot_item_events"
RECORDINGS_OVERFLOW = "session_recording_snapshot_item_overflow"
RECORDINGS_DLQ = "session_recording_events_dlq"
OPERATED = "phc_operated"
LISTED = "phc_listed"


@pytest.fixture(scope="module")
def sluice(tmp_path_factory):
    listed = tmp_path_factory.mktemp("rules") / "overflow"
    listed.write_text(f"{LISTED}\n{OPERATED}:hot\n\nphc_nobody:x, phc_nobody:y\n")
    settings = {
        "capture.drop_events_by_token_distinct_id": f" phc_gone , {OPERATED}:bad,,",
        "capture.force_overflow_by_token_distinct_id": f"file:{listed}",
    }
    with Sluice(settings=settings) as s:
        yield s


def read(sluice, topic, token):
    lines = sluice.cli_lines("topic", "read", topic, "--partition", 0, "--from", 0)
    for line in lines:
        line["value"] = json.loads(line["value"])
    return [x for x in lines if x["value"]["token"] == token]


def names(sluice, topic, token):
    return [x["value"]["event"] for x in read(sluice, topic, token)]


def event(name, distinct_id="u", **more):
    return {"event": name, "distinct_id": distinct_id, **more}


def rule(kind, **more):
    return {"restriction_type": kind, **more}


def project(sluice, rules, **settings):
    return sluice.project("rules", event_restrictions=rules, **settings)["api_token"]


def metric(sluice, line):
    _, _, text = sluice.http("admin", "/metrics")
    for row in text.decode().splitlines():
        if row.startswith(line + " "):
            return float(row.split()[-1])
    raise AssertionError(f"{line} is not in the metrics")


def test_the_drop_list_takes_tokens_and_pairs(sluice):
    sluice.project("gone", token="phc_gone")
    sluice.project("operated", token=OPERATED)
    cause = 'capture_events_dropped_total{cause="token_dropper"}'
    before = metric(sluice, cause)
    sluice.send("phc_gone", [event("a"), event("b")])
    sluice.send(OPERATED, [event("kept"), event("gone", "bad"), event("also", "bad2")])
    assert names(sluice, MAIN, "phc_gone") == []
    assert names(sluice, MAIN, OPERATED) == ["kept", "also"]
    assert metric(sluice, cause) == before + 3


def test_the_force_list_overflows_without_persons(sluice):
    sluice.project("listed", token=LISTED)
    sluice.send(LISTED, [event("one"), event("two", "v")])
    sluice.send(OPERATED, [event("hot", "hot"), event("cool", "cool")])
    got = read(sluice, OVERFLOW, LISTED) + read(sluice, OVERFLOW, OPERATED)
    assert [x["value"]["event"] for x in got] == ["one", "two", "hot"]
    for record in got:
        assert record["headers"]["force_disable_person_processing"] == "true"
        # The key stays, so that one distinct id keeps its order.
        value = record["value"]
        assert record["key"] == f"{value['token']}:{value['distinct_id']}"
    assert "cool" in names(sluice, MAIN, OPERATED)
    reason = 'capture_events_rerouted_overflow{reason="force_limited"}'
    assert metric(sluice, reason) == 3


def test_historical_events_never_overflow(sluice):
    exception = event("$exception", "hot")
    sluice.send(OPERATED, [event("old", "hot"), exception], historical_migration=True)
    (old,) = read(sluice, HISTORICAL, OPERATED)
    assert old["value"]["event"] == "old"
    assert "force_disable_person_processing" not in old["headers"]
    assert names(sluice, OVERFLOW, OPERATED)[-1] == "$exception"


def test_what_overflowed_is_ingested_exactly_once(sluice):
    token = project(sluice, [rule("force_overflow_from_ingestion", event_names=["o"])])
    sluice.send(token, [event("o", f"u{i}") for i in range(50)])
    sluice.send(
        token, [event("h", f"u{i}") for i in range(50)], historical_migration=True
    )
    sluice.send(token, [event("m", f"u{i}") for i in range(50)])
    assert names(sluice, OVERFLOW, token) == ["o"] * 50
    sluice.drain()
    team = next(
        p for p in sluice.cli_lines("project", "list") if p["api_token"] == token
    )
    rows = [json.loads(r["value"]) for r in sluice.records("clickhouse_events_json")]
    rows = [r for r in rows if r["team_id"] == team["id"]]
    assert sorted((r["event"], r["distinct_id"]) for r in rows) == sorted(
        (name, f"u{i}") for name in "ohm" for i in range(50)
    )
    assert len({r["uuid"] for r in rows}) == 150


def test_persons_are_left_alone_where_a_rule_says_so(sluice):
    token = project(sluice, [rule("skip_person_processing", distinct_ids=["ghost"])])
    set_name = {"$set": {"name": "n"}}
    sluice.send(token, [event("a", i, properties=set_name) for i in ("ghost", "real")])
    sluice.drain()
    listed = sluice.cli_lines("project", "list")
    team = next(p for p in listed if p["api_token"] == token)
    rows = [json.loads(r["value"]) for r in sluice.records("clickhouse_events_json")]
    modes = {
        r["distinct_id"]: r["person_mode"] for r in rows if r["team_id"] == team["id"]
    }
    assert modes == {"ghost": "propertyless", "real": "full"}
    persons = [
        json.loads(r["value"]) for r in sluice.records("clickhouse_person_distinct_id")
    ]
    ids = [p["distinct_id"] for p in persons if p["team_id"] == team["id"]]
    assert ids == ["real"]


def test_restrictions_drop_and_divert(sluice):
    token = project(
        sluice,
        [
            rule("drop_event_from_ingestion", event_names=["drop"], args=None),
            rule("skip_person_processing", distinct_ids=["ghost", "x"]),
            rule("redirect_to_dlq", event_names=["letter", "both"]),
            rule(
                "redirect_to_topic",
                event_names=["both", "away"],
                args={"topic": REDIRECTED},
            ),
        ],
    )
    batch = [event(n) for n in ("drop", "letter", "both", "away", "plain")]
    batch += [event("p", "ghost"), event("dr\u006fp")]
    sluice.send(token, batch)
    main = read(sluice, MAIN, token)
    assert [x["value"]["event"] for x in main] == ["plain", "p"]
    flags = [x["headers"].get("force_disable_person_processing") for x in main]
    assert flags == [None, "true"]
    assert names(sluice, REDIRECTED, token) == ["away"]
    letters = read(sluice, LETTERS, token)
    assert [x["value"]["event"] for x in letters] == ["letter", "both"]
    for letter in letters:
        assert letter["value"]["error"] == "Redirected by event restriction"
        assert letter["value"]["error_location"] == "capture_endpoint"
        assert letter["headers"]["dlq_reason"] == "event_restriction"
        assert letter["headers"]["dlq_step"] == "capture"
        assert letter["headers"]["dlq_topic"] == MAIN
        assert letter["key"] == letter["value"]["event_uuid"]
        assert json.loads(letter["value"]["raw_payload"])["ip"] == "127.0.0.1"
    applied = "capture_event_restrictions_applied"
    dropped = '{restriction_type="drop_event_from_ingestion",pipeline="analytics"}'
    assert metric(sluice, applied + dropped) == 2
    sluice.drain()
    assert names(sluice, REDIRECTED, token) == ["away"]


def test_a_letter_of_a_restriction_can_be_replayed(sluice):
    token = project(sluice, [rule("redirect_to_dlq")])
    sluice.send(token, [event("back")])
    (letter,) = read(sluice, LETTERS, token)
    sluice.cli("dlq", "replay", letter["value"]["id"])
    eventually(lambda: names(sluice, MAIN, token) == ["back"], 20, "replayed")


def test_filters_are_or_inside_and_between(sluice):
    one, two = str(uuid.uuid4()), str(uuid.uuid4())
    token = project(
        sluice,
        [
            rule(
                "drop_event_from_ingestion",
                distinct_ids=["a", "b"],
                event_names=["n"],
                session_ids=[],
            ),
            rule("drop_event_from_ingestion", event_uuids=[one]),
            rule("drop_event_from_ingestion", session_ids=["s1"], event_names=[]),
        ],
    )
    sluice.send(
        token,
        [
            event("n", "a"),
            event("n", "b"),
            event("n", "c"),
            event("m", "a"),
            event("by uuid", uuid=one.upper()),
            event("other uuid", uuid=two),
            event("session", properties={"$session_id": "s1"}),
            event("session2", properties={"$session_id": "s2"}),
        ],
    )
    kept = [
        (x["value"]["event"], x["value"]["distinct_id"])
        for x in read(sluice, MAIN, token)
    ]
    assert kept == [("n", "c"), ("m", "a"), ("other uuid", "u"), ("session2", "u")]


def test_pipelines_scope_a_restriction(sluice):
    token = project(
        sluice,
        [
            rule("drop_event_from_ingestion", pipelines=["ai"]),
            rule("redirect_to_dlq", pipelines=["errortracking"]),
        ],
    )
    sluice.send(token, [event("$ai_trace"), event("$exception"), event("plain")])
    body = json.dumps({"api_key": token, "batch": [event("in ai")]}).encode()
    assert sluice.http("capture", "/i/v0/ai/batch/", body)[0] == 200
    assert names(sluice, MAIN, token) == ["plain"]
    assert names(sluice, LETTERS, token) == ["$exception"]


def recording(token, session="s-1"):
    data = {"$session_id": session, "$snapshot_data": [{"type": 2}]}
    return json.dumps(
        [
            {
                "event": "$snapshot",
                "api_key": token,
                "distinct_id": "u",
                "properties": data,
            }
        ]
    ).encode()


def test_recordings_have_restrictions_of_their_own(sluice):
    def send(kind, **more):
        token = project(sluice, [rule(kind, pipelines=["session_recordings"], **more)])
        sluice.send(token, [event("untouched")])
        status, _, text = sluice.http("capture", "/s/", recording(token))
        assert (status, text) == (200, b'{"status": 1}')
        assert names(sluice, MAIN, token) == ["untouched"]
        return token

    dropped = send("drop_event_from_ingestion")
    assert names(sluice, RECORDINGS, dropped) == []
    over = send("force_overflow_from_ingestion", session_ids=["s-1"])
    (record,) = read(sluice, RECORDINGS_OVERFLOW, over)
    assert record["key"] == "s-1"
    letter = send("redirect_to_dlq")
    (record,) = read(sluice, RECORDINGS_DLQ, letter)
    assert record["headers"]["dlq_reason"] == "event_restriction"
    assert record["value"]["event"] == "$snapshot_items"
    away = send("redirect_to_topic", args={"topic": REDIRECTED})
    assert names(sluice, REDIRECTED, away) == ["$snapshot_items"]
    # Only that one topic is for recordings as well.
    stays = send("redirect_to_topic", args={"topic": OVERFLOW})
    assert names(sluice, RECORDINGS, stays) == ["$snapshot_items"]


def test_v1_tells_what_was_dropped(sluice):
    token = project(
        sluice,
        [
            rule("drop_event_from_ingestion", event_names=["drop"]),
            rule("redirect_to_dlq", event_names=["letter"]),
        ],
    )
    at = "2026-01-02T03:04:05Z"
    ids = [str(uuid.uuid4()) for _ in range(3)]
    batch = [
        {"event": n, "uuid": i, "distinct_id": "u", "timestamp": at}
        for n, i in zip(("drop", "letter", "keep"), ids, strict=True)
    ]
    headers = {
        "Authorization": f"Bearer {token}",
        "PostHog-Sdk-Info": "test/1.0",
        "PostHog-Attempt": "1",
        "PostHog-Request-Id": str(uuid.uuid4()),
        "PostHog-Request-Timestamp": at,
        "Content-Type": "application/json",
        "User-Agent": "test",
    }
    body = json.dumps({"created_at": at, "batch": batch}).encode()
    status, _, text = sluice.http("capture", "/i/v1/analytics/events", body, headers)
    results = json.loads(text)["results"]
    assert status == 200
    assert results[ids[0]] == {"result": "drop", "details": "event_restriction_drop"}
    assert results[ids[1]] == results[ids[2]] == {"result": "ok"}
    assert names(sluice, MAIN, token) == ["keep"]
    assert names(sluice, LETTERS, token) == ["letter"]


def test_a_changed_restriction_holds_for_the_next_request(sluice):
    made = sluice.project("changing")
    token = made["api_token"]
    sluice.send(token, [event("first")])
    rules = json.dumps([rule("drop_event_from_ingestion")])
    sluice.cli("project", "set", made["id"], f"event_restrictions={rules}")
    sluice.send(token, [event("second")])
    sluice.cli("project", "set", made["id"], "event_restrictions=null")
    sluice.send(token, [event("third")])
    assert names(sluice, MAIN, token) == ["first", "third"]


@pytest.mark.parametrize(
    "value, says",
    [
        ({"a": 1}, "a JSON array"),
        ([1], "each element is an object"),
        ([{}], "restriction_type is"),
        ([rule("no_such")], "restriction_type is"),
        ([rule("redirect_to_topic")], "args.topic is"),
        (
            [rule("redirect_to_topic", args={"topic": "clickhouse_person"})],
            "args.topic is",
        ),
        ([rule("redirect_to_dlq", pipelines=["web"])], "pipelines are"),
        (
            [rule("redirect_to_dlq", event_names=[""])],
            "event_names is an array of texts",
        ),
        (
            [rule("redirect_to_dlq", distinct_ids="u")],
            "distinct_ids is an array of texts",
        ),
    ],
)
def test_a_bad_restriction_is_refused_when_it_is_set(sluice, value, says):
    with pytest.raises(CommandFailed) as failed:
        project(sluice, value)
    assert says in failed.value.err


def test_a_reload_reads_the_lists_again(tmp_path):
    listed = tmp_path / "drop"
    listed.write_text("phc_x:one\n")
    config = {"capture.drop_events_by_token_distinct_id": f"file:{listed}"}
    with Sluice(settings=config) as s:
        s.project("x", token="phc_x")
        s.send("phc_x", [event("a", "one"), event("b", "two")])
        listed.write_text("phc_x:two\n")
        s.process.send_signal(1)
        deadline = time.monotonic() + 20

        def reloaded():
            s.send("phc_x", [event("c", "two")])
            return names(s, MAIN, "phc_x")[-1] != "c" or time.monotonic() > deadline

        eventually(lambda: "reload" in s.log(), 20, "reloaded")
        eventually(reloaded, 20, "the new list")
        s.send("phc_x", [event("d", "one"), event("e", "two")])
        assert names(s, MAIN, "phc_x")[-1] == "d"


def test_the_audit_finds_no_difference(sluice):
    """Whatever the rules did above: each hop passed on what it was given."""
    rules = [
        rule("redirect_to_topic", event_names=["t"], args={"topic": REDIRECTED}),
        rule("redirect_to_dlq", event_names=["l"]),
        rule("force_overflow_from_ingestion", event_names=["o"]),
        rule("drop_event_from_ingestion", event_names=["d"]),
    ]
    token = project(sluice, rules)
    sluice.send(token, [event(n) for n in "tlodk" * 3])
    sluice.drain()
    eventually(lambda: not differences(sluice), 30, "no difference")


def differences(sluice):
    try:
        sluice.cli("audit")
    except CommandFailed as failed:
        return failed.out + failed.err
    return None


def test_what_goes_before_what(sluice):
    rules = [
        rule("redirect_to_topic", event_names=["t"], args={"topic": REDIRECTED}),
        rule("redirect_to_dlq", event_names=["l"]),
        rule("force_overflow_from_ingestion"),
    ]
    token = project(sluice, rules)
    names_sent = ("t", "l", "h")
    sluice.send(token, [event(n) for n in names_sent], historical_migration=True)
    (away,) = read(sluice, REDIRECTED, token)
    assert away["value"]["historical_migration"] is True
    assert away["headers"]["historical_migration"] == "true"
    (letter,) = read(sluice, LETTERS, token)
    assert letter["headers"]["dlq_topic"] == HISTORICAL
    assert names(sluice, HISTORICAL, token) == ["h"]
    assert names(sluice, OVERFLOW, token) == []

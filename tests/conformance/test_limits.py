"""Rates and quotas of capture, and its metrics: spec capture.md 7 and 11."""

import gzip
import json
import re
import uuid

import pytest
from sluicetest import CommandFailed, Sluice, eventually

MAIN = "events_plugin_ingestion"
OVERFLOW = "events_plugin_ingestion_overflow"
OK = b'{"status": 1}'


@pytest.fixture(scope="module")
def sluice():
    settings = {
        "capture.overflow_per_second": "1",
        "capture.overflow_burst": "5",
        "capture.global_limit_per_minute": "10",
    }
    with Sluice(settings=settings) as s:
        yield s


@pytest.fixture(scope="module")
def plain():
    with Sluice() as s:
        yield s


def read(sluice, topic, token):
    lines = sluice.cli_lines("topic", "read", topic, "--partition", 0, "--from", 0)
    for line in lines:
        line["value"] = json.loads(line["value"])
    return [x for x in lines if x["value"]["token"] == token]


def events(name, count, distinct_id="u"):
    return [{"event": name, "distinct_id": distinct_id} for _ in range(count)]


def post(sluice, token, batch, path="/batch/", **headers):
    body = json.dumps({"api_key": token, "batch": batch}).encode()
    return sluice.http("capture", path, body, headers)


def metrics(sluice):
    _, _, text = sluice.http("admin", "/metrics")
    rows = (r.rsplit(" ", 1) for r in text.decode().splitlines() if r[0] != "#")
    return {name: float(value) for name, value in rows}


def test_a_hot_key_overflows_and_keeps_its_key(sluice):
    token = sluice.project("hot")["api_token"]
    sluice.send(token, events("hot", 8) + events("cool", 5, "v"))
    main, over = read(sluice, MAIN, token), read(sluice, OVERFLOW, token)
    assert [x["value"]["event"] for x in main] == ["hot"] * 5 + ["cool"] * 5
    assert [x["value"]["event"] for x in over] == ["hot"] * 3
    assert {x["key"] for x in over} == {f"{token}:u"}
    assert all("force_disable_person_processing" not in x["headers"] for x in over)
    got = metrics(sluice)
    assert got['capture_events_rerouted_overflow{reason="rate_limited"}'] >= 3
    assert got["capture_partition_key_capacity_exceeded_total"] >= 3


def test_historical_events_have_no_rate(sluice):
    token = sluice.project("old")["api_token"]
    sluice.send(token, events("old", 9), historical_migration=True)
    assert read(sluice, OVERFLOW, token) == []
    assert len(read(sluice, MAIN + "_historical", token)) == 9


def v1_headers(token):
    return {
        "Authorization": f"Bearer {token}",
        "PostHog-Sdk-Info": "test/1.0",
        "PostHog-Attempt": "1",
        "PostHog-Request-Id": str(uuid.uuid4()),
        "PostHog-Request-Timestamp": "2026-01-02T03:04:05Z",
        "Content-Type": "application/json",
        "User-Agent": "test",
    }


def v1(sluice, token, names, distinct_id="u"):
    """Status and the result of each event."""
    at = "2026-01-02T03:04:05Z"
    batch = [
        {
            "event": name,
            "uuid": str(uuid.uuid4()),
            "distinct_id": distinct_id,
            "timestamp": at,
        }
        for name in names
    ]
    body = json.dumps({"created_at": at, "batch": batch}).encode()
    status, headers, text = sluice.http(
        "capture", "/i/v1/analytics/events", body, v1_headers(token)
    )
    answer = json.loads(text)
    if status != 200:
        return status, headers, answer["error"]
    return status, headers, [answer["results"][e["uuid"]] for e in batch]


def test_a_key_over_the_global_limit_leaves_persons_alone(sluice):
    token = sluice.project("limit")["api_token"]
    _, _, results = v1(sluice, token, ["e"] * 12)
    assert [r["result"] for r in results] == ["ok"] * 10 + ["warning"] * 2
    assert results[11]["details"] == "person_processing_disabled"
    records = read(sluice, MAIN, token) + read(sluice, OVERFLOW, token)
    marked = [x for x in records if "force_disable_person_processing" in x["headers"]]
    assert len(records) == 12 and len(marked) == 2


def test_a_project_over_its_rate_is_answered_429(plain):
    made = plain.project("fast", rate_limit_per_second=1)
    token = made["api_token"]
    # Ten seconds' worth at once, and what begins below the limit goes through.
    assert post(plain, token, events("a", 9))[0] == 200
    assert post(plain, token, events("b", 3))[0] == 200
    status, headers, text = post(plain, token, events("c", 1))
    assert (status, text) == (429, b"rate limited")
    assert 1 <= int(headers["Retry-After"]) <= 9
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    status, headers, tag = v1(plain, token, ["v1"])
    assert (status, tag) == (429, "rate_limited")
    assert int(headers["Retry-After"]) >= 1
    assert len(read(plain, MAIN, token)) == 12
    error = 'capture_error_by_stage_and_type{error="rate_limited",stage="processing"}'
    assert metrics(plain)[error] == 2
    # Another project is not held up, nor this one when the limit goes.
    other = plain.project("slow", rate_limit_per_second=1)["api_token"]
    assert post(plain, other, events("a", 1))[0] == 200
    plain.cli("project", "set", made["id"], "rate_limit_per_second=0")
    assert post(plain, token, events("d", 1))[0] == 200


def test_quotas_drop_what_is_over_and_answer_success(plain):
    made = plain.project("quota", quotas={"events": 3, "exceptions": 1})
    token, team = made["api_token"], made["id"]
    batch = events("a", 2) + events("$exception", 2) + events("b", 2)
    status, _, text = post(plain, token, batch + events("$ai_generation", 1))
    assert (status, text) == (200, OK)
    names = [x["value"]["event"] for x in read(plain, MAIN, token)]
    assert names == ["a", "a", "$exception", "b", "$ai_generation"]
    # All of it over the quota: success as ever, not 204 even for a beacon.
    status, _, text = post(plain, token, events("c", 2), "/batch/?beacon=1")
    assert (status, text) == (200, OK)
    assert len(read(plain, MAIN, token)) == 5
    got = metrics(plain)
    assert got['capture_events_dropped_total{cause="events_over_quota"}'] == 3
    assert got['capture_events_dropped_total{cause="exceptions_over_quota"}'] == 1
    by_project = "sluice_capture_dropped_by_project_total"
    assert got[f'{by_project}{{project="{team}",cause="events_over_quota"}}'] == 3
    assert got['capture_quota_limit_exceeded{resource="events"}'] == 2


def test_an_event_over_quota_is_not_looked_at(plain):
    token = plain.project("blind", quotas={"events": 0})["api_token"]
    status, _, text = post(plain, token, [{"event": "no id"}])
    assert (status, text) == (200, OK)


def test_surveys_have_a_quota_of_their_own(plain):
    token = plain.project("surveys", quotas={"surveys": 0})["api_token"]
    tour = {
        "event": "survey shown",
        "distinct_id": "u",
        "properties": {"$product_tour_id": "t"},
    }
    plain.send(token, events("survey sent", 1) + [tour] + events("survey", 1))
    names = [x["value"]["event"] for x in read(plain, MAIN, token)]
    assert names == ["survey shown", "survey"]


def test_recordings_over_quota_say_so(plain):
    token = plain.project("rec", quotas={"recordings": 1})["api_token"]
    data = {"$session_id": "s", "$snapshot_data": [{"type": 2}]}
    event = {"event": "$snapshot", "distinct_id": "u", "properties": data}
    body = json.dumps([{**event, "api_key": token}]).encode()
    assert plain.http("capture", "/s/", body)[2] == OK
    status, _, text = plain.http("capture", "/s/?beacon=1", body)
    assert status == 200
    assert json.loads(text) == {"status": 1, "quota_limited": ["recordings"]}


def test_v1_names_the_quota(plain):
    token = plain.project("v1", quotas={"events": 1})["api_token"]
    status, _, results = v1(plain, token, ["a", "b"])
    assert status == 200
    assert results[0] == {"result": "ok"}
    assert results[1] == {"result": "drop", "details": "billing_limit_exceeded"}


@pytest.mark.parametrize(
    "value", [{"event": 1}, {"events": -1}, {"events": 1.5}, {"events": "1"}]
)
def test_a_bad_quota_is_refused(plain, value):
    with pytest.raises(CommandFailed, match="quotas: "):
        plain.project("bad", quotas=value)


def test_what_was_used_is_known_after_a_restart(tmp_path):
    with Sluice(data=tmp_path / "data") as s:
        token = s.project("kept", quotas={"events": 4})["api_token"]
        s.send(token, events("a", 3))
        s.stop()
        s.start()
        s.send(token, events("b", 3))
        names = [x["value"]["event"] for x in read(s, MAIN, token)]
        assert names == ["a", "a", "a", "b"]


NAMES = """capture_events_received_total capture_events_ingested_total
capture_events_dropped_total capture_error_by_stage_and_type
capture_quota_limit_exceeded capture_event_restrictions_applied
capture_events_rerouted_historical capture_events_rerouted_overflow
capture_events_rerouted_dlq capture_events_rerouted_custom_topic
capture_partition_key_capacity_exceeded_total capture_raw_payload_size
capture_full_payload_size capture_gzip_decompression_ratio
capture_lz64_decompression_ratio capture_payload_size_exceeded
capture_body_read_timeout_total capture_client_clock_skew_seconds
capture_event_batch_size http_requests_total http_requests_duration_seconds""".split()


def test_every_metric_of_posthog_is_there(plain):
    _, headers, text = plain.http("admin", "/metrics")
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text.decode(), re.M))
    assert [n for n in NAMES if n not in types] == []


def test_the_metrics_count(plain):
    token = plain.project("counted")["api_token"]
    before = metrics(plain)
    body = json.dumps({"api_key": token, "batch": events("m", 3)}).encode()
    packed = gzip.compress(body)
    assert plain.http("capture", "/batch/?_=1700000000000", packed)[0] == 200
    assert plain.http("capture", "/batch", b"{")[0] == 400
    assert plain.http("capture", "/nothing")[0] == 404

    def told():
        # The answer is counted when it is handed to the socket.
        after = metrics(plain)
        grown = {k for k in after if after[k] > before.get(k, 0)}
        return grown if 'status="404"' in " ".join(grown) else None

    grown = eventually(told, 20, "the last answer is counted")
    labels = 'method="{}",path="{}",status="{}"'
    for name in (
        "capture_events_received_total",
        "capture_events_ingested_total",
        'capture_error_by_stage_and_type{error="req_parsing",stage="parsing"}',
        'capture_raw_payload_size_bucket{le="256"}',
        'capture_full_payload_size_bucket{oversize="false",le="1024"}',
        "capture_gzip_decompression_ratio_count",
        'capture_client_clock_skew_seconds_bucket{le="+Inf"}',
        'capture_event_batch_size_bucket{le="5"}',
        "http_requests_total{" + labels.format("POST", "/batch", 200) + "}",
        "http_requests_total{" + labels.format("POST", "/batch", 400) + "}",
        "http_requests_total{" + labels.format("GET", "other", 404) + "}",
        "http_requests_duration_seconds_count{"
        + labels.format("POST", "/batch", 200)
        + "}",
    ):
        assert name in grown, name
    assert 'capture_event_batch_size_bucket{le="2"}' not in grown


def test_old_events_may_be_rerouted():
    with Sluice(settings={"capture.historical_rerouting_h": "24"}) as s:
        token = s.project("age")["api_token"]
        old = {"event": "old", "distinct_id": "u", "timestamp": "2020-01-01T00:00:00Z"}
        s.send(token, [old, {**old, "event": "$exception"}, *events("new", 1)])
        assert [x["value"]["event"] for x in read(s, MAIN, token)] == [
            "$exception",
            "new",
        ]
        (record,) = read(s, MAIN + "_historical", token)
        assert record["value"]["event"] == "old"
        # The age alone is no migration.
        assert "historical_migration" not in record["headers"]
        assert "historical_migration" not in record["value"]
        reason = 'capture_events_rerouted_historical{reason="timestamp"}'
        assert metrics(s)[reason] == 1


def test_a_request_is_logged_when_it_asks(plain):
    token = plain.project("told")["api_token"]
    headers = {"X-CAPTURE-DEBUG": "1", "X-Request-Id": 'id "7"'}
    assert post(plain, token, events("a", 1), "/batch/?x=secret", **headers)[0] == 200
    line = eventually(
        lambda: [x for x in plain.log().splitlines() if "capture_request" in x],
        5,
        "the line",
    )[-1]
    assert "method=POST" in line and "status=200" in line
    assert 'request_id="id \\"7\\""' in line
    assert "secret" not in line and token not in line

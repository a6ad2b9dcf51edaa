"""Runs cases/capture.json (format: spec capture.md 13) on the real program, and
cases of our own in the same format (cases/own_capture*.json)."""

import base64
import datetime
import gzip
import http.client
import json
import pathlib
import socket
import time
import urllib.parse

import pytest
from lzstring import compress_to_base64
from sluicetest import Sluice

HERE = pathlib.Path(__file__).resolve().parent
CASES = [
    case
    for name in ("capture", "own_capture", "own_capture_sdks", "own_capture_copies")
    for case in json.loads((HERE / "cases" / f"{name}.json").read_text())
]
LATER = json.loads((HERE / "later.json").read_text())["capture"]
TOKEN = "phc_test_token_0000000000000000000000000000000"
TOPICS = [
    "events_plugin_ingestion",
    "events_plugin_ingestion_historical",
    "session_recording_snapshot_item_events",
    "events_dead_letter_queue",
]
UNRESERVED = "-._~"


class Topics:
    """The daemon and how far each capture topic has been read."""

    def __init__(self, sluice):
        self.sluice = sluice
        self.seen = dict.fromkeys(TOPICS, 0)

    def moved(self):
        """Topics with records that were not read."""
        ends = {
            t["name"]: t["partitions"][0]["high_watermark"]
            for t in self.sluice.api_items("/api/v1/topics")
            if t["name"] in self.seen
        }
        return [t for t in TOPICS if ends[t] > self.seen[t]]

    def new_records(self, topic):
        lines = self.sluice.cli_lines(
            *("topic", "read", topic, "--partition", 0, "--from", self.seen[topic])
        )
        self.seen[topic] += len(lines)
        return [{**line, "value": json.loads(line["value"])} for line in lines]


@pytest.fixture(scope="module")
def daemon():
    with Sluice() as sluice:
        yield Topics(sluice)


@pytest.fixture(scope="module")
def daemon_without_store():
    """Its projects are in a Postgres that never was there."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        url = f"postgresql://nobody@127.0.0.1:{s.getsockname()[1]}/none"
        with Sluice(settings={"postgres.url": url}, ready=False) as sluice:
            yield Topics(sluice)


def encode_step(body, step):
    name, _, argument = step.partition(":")
    if name == "gzip":
        return gzip.compress(body, mtime=0)
    if name == "base64":
        return base64.b64encode(body)
    if name == "base64url":
        return base64.urlsafe_b64encode(body)
    if name == "lz64":
        return compress_to_base64(body.decode()).encode()
    if name == "urlencode":
        return urllib.parse.quote(body, safe=UNRESERVED).encode()
    if name == "form":
        return b"data=" + body
    if name == "truncate":
        return body[: int(argument)]
    if name == "unpad":
        return body.rstrip(b"=")
    if name == "append":
        return body + argument.encode()
    raise AssertionError(f"unknown step {step}")


def build_body(request):
    if "body_repeat" in request:
        r = request["body_repeat"]
        body = (r["prefix"] + r["char"] * r["count"] + r["suffix"]).encode()
    elif "body_base64" in request:
        body = base64.b64decode(request["body_base64"])
    else:
        body = request.get("body_text", "").encode()
    for step in request.get("encode", []):
        body = encode_step(body, step)
    return body


def build_path(request):
    path = request["path"]
    if "query_data" in request:
        data = request["query_data"]["text"].encode()
        for step in request["query_data"].get("encode", []):
            data = encode_step(data, step)
        path += "&" if "?" in path else "?"
        path += "data=" + urllib.parse.quote(data, safe=UNRESERVED)
    return path


def ask(port, request, body):
    """(status, headers with lower-case names, text) of exactly these bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.putrequest(
            request["method"], build_path(request), skip_accept_encoding=True
        )
        for name, value in request["headers"].items():
            connection.putheader(name, value)
        if body or request["method"] not in ("GET", "HEAD", "OPTIONS"):
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        answer = connection.getresponse()
        headers = {k.lower(): v for k, v in answer.getheaders()}
        return answer.status, headers, answer.read().decode()
    finally:
        connection.close()


def equal(got, want):
    """As JSON: true is not 1, numbers are compared as numbers."""
    if isinstance(want, bool) or isinstance(got, bool):
        return got is want
    if isinstance(want, dict) and isinstance(got, dict):
        return got.keys() == want.keys() and all(equal(got[k], want[k]) for k in want)
    if isinstance(want, list) and isinstance(got, list):
        return len(got) == len(want) and all(map(equal, got, want))
    return got == want


def subset(got, want, label):
    for key, value in want.items():
        assert key in got, f"{label}: {key} is missing in {got}"
        if isinstance(value, dict) and isinstance(got[key], dict):
            subset(got[key], value, f"{label}.{key}")
        else:
            assert equal(got[key], value), f"{label}: {key}: {got[key]!r}"


def instant(text):
    if text.endswith("Z"):
        text = text[:-1] + "+00:00"
    return datetime.datetime.fromisoformat(text).timestamp()


def check_times(value, want, received):
    at = instant(value["timestamp"])
    if "timestamp" in want:
        assert at == pytest.approx(instant(want["timestamp"]), abs=0.0005)
    if want.get("timestamp_near_now"):
        assert abs(at - received) < 60
    if "timestamp_offset_ms" in want:
        ago = instant(value["now"]) - at
        assert ago == pytest.approx(want["timestamp_offset_ms"] / 1000, abs=0.05)


def check_message(record, want, received):
    value = record["value"]
    assert value["distinct_id"] == want["distinct_id"]
    assert value["event"] == want["event"]
    for name in ("uuid", "ip", "token"):
        if name in want:
            assert value[name] == want[name], name
    if "key" in want:
        assert record["key"] == want["key"]
    if want.get("topic") == "events_dead_letter_queue":
        return
    data = json.loads(value["data"])
    subset(data, want.get("data_subset", {}), "data")
    subset(data["properties"], want.get("properties_subset", {}), "properties")
    check_times(value, want, received)
    if "historical" in want:
        assert value.get("historical_migration", False) is want["historical"]
        assert ("historical_migration" in record["headers"]) is want["historical"]
    check_headers(record)


def check_headers(record):
    """Spec 5.2: the headers repeat what the value says."""
    value, headers = record["value"], record["headers"]
    for name in ("token", "distinct_id", "event", "uuid", "now"):
        assert headers[name] == value[name], name
    at_ms = round(instant(value["timestamp"]) * 1000)
    assert abs(int(headers["timestamp"]) - at_ms) <= 1


def check_answer(status, headers, text, expect):
    assert status == expect["status"], text
    if "json" in expect:
        subset(json.loads(text), expect["json"], "answer")
    if "text" in expect:
        assert text.startswith(expect["text"]), text
    for name, value in expect.get("headers", {}).items():
        assert headers.get(name.lower()) == value, name
    for name in expect.get("absent_headers", []):
        assert name.lower() not in headers, name


def check_records(daemon, token, expect, received):
    got = []
    for topic in daemon.moved():
        records = daemon.new_records(topic)
        got += [(topic, r) for r in records if r["value"].get("token") == token]
        assert len(records) == len([1 for t, _ in got if t == topic]), topic
    if "events_count" in expect:
        assert len(got) == expect["events_count"]
        return
    want = sorted(
        expect["events"], key=lambda e: TOPICS.index(e.get("topic", TOPICS[0]))
    )
    if any(e.get("historical") for e in want):
        for event in want:
            event.setdefault("topic", TOPICS[1])
    assert len(got) == len(want), got
    for (topic, record), event in zip(got, want, strict=True):
        assert topic == event.get("topic", TOPICS[0])
        check_message(record, event, received)


NOW = [c for c in CASES if c["name"] not in LATER and "setup" not in c]
STORE_DOWN = [c for c in CASES if c.get("setup") == {"store": "down"}]


@pytest.mark.parametrize("case", NOW, ids=[c["name"] for c in NOW])
def test_case(daemon, case):
    project = daemon.sluice.api("POST", "/api/v1/projects", {"name": case["name"][:60]})
    token = project["api_token"]
    case = json.loads(json.dumps(case).replace(TOKEN, token))
    received = time.time()
    answer = ask(
        daemon.sluice.ports["capture"], case["request"], build_body(case["request"])
    )
    check_answer(*answer, case["expect"])
    check_records(daemon, token, case["expect"], received)


@pytest.mark.parametrize("case", STORE_DOWN, ids=[c["name"] for c in STORE_DOWN])
def test_case_while_the_store_is_down(daemon_without_store, case):
    daemon = daemon_without_store
    received = time.time()
    answer = ask(
        daemon.sluice.ports["capture"], case["request"], build_body(case["request"])
    )
    check_answer(*answer, case["expect"])
    check_records(daemon, "phc_not_in_the_cache", case["expect"], received)


def test_each_case_runs_or_is_later():
    assert len(CASES) == len(NOW) + len(STORE_DOWN) + len(LATER)
    assert len(STORE_DOWN) == 2


def test_later_cases_are_few_and_known():
    names = {case["name"] for case in CASES}
    assert set(LATER) <= names
    assert len(LATER) < len(CASES) / 4


def raw_request(token, number):
    body = json.dumps(
        {
            "api_key": token,
            "batch": [{"event": f"split {number}", "distinct_id": "é☃"}],
        },
        ensure_ascii=False,
    ).encode()
    head = (
        "POST /batch/ HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def read_answer(connection):
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer.status, answer.read()


def connect(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def test_a_request_split_at_every_byte_is_the_same(daemon):
    token = daemon.sluice.project("split")["api_token"]
    port = daemon.sluice.ports["capture"]
    size = len(raw_request(token, 100))
    with connect(port) as connection:
        for at in range(1, size):
            request = raw_request(token, 100 + at % 900)
            connection.sendall(request[:at])
            time.sleep(0.001)
            connection.sendall(request[at:])
            assert read_answer(connection) == (200, b'{"status": 1}'), at
    records = daemon.new_records(TOPICS[0])
    assert [r["value"]["event"] for r in records] == [
        f"split {100 + at % 900}" for at in range(1, size)
    ]
    assert {r["value"]["distinct_id"] for r in records} == {"é☃"}


def test_a_request_sent_byte_by_byte_is_the_same(daemon):
    token = daemon.sluice.project("slow")["api_token"]
    with connect(daemon.sluice.ports["capture"]) as connection:
        for byte in raw_request(token, 1):
            connection.sendall(bytes([byte]))
            time.sleep(0.001)
        assert read_answer(connection) == (200, b'{"status": 1}')
    records = daemon.new_records(TOPICS[0])
    assert [r["value"]["event"] for r in records] == ["split 1"]


def chunked(body, size):
    out = b""
    for i in range(0, len(body), size):
        part = body[i : i + size]
        out += f"{len(part):x}\r\n".encode() + part + b"\r\n"
    return out + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_chunked_request_is_the_same(daemon, size):
    token = daemon.sluice.project("chunked")["api_token"]
    head, _, body = raw_request(token, 1).partition(b"\r\n\r\n")
    lines = [x for x in head.split(b"\r\n") if not x.startswith(b"Content-Length")]
    lines.append(b"Transfer-Encoding: chunked")
    with connect(daemon.sluice.ports["capture"]) as connection:
        connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + chunked(body, size))
        assert read_answer(connection) == (200, b'{"status": 1}')
    assert len(daemon.new_records(TOPICS[0])) == 1

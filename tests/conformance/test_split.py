"""The same bytes give the same answer and events however they arrive: whole, in
two parts split at every position, and byte by byte."""

import asyncio
import base64
import gzip
import json
import urllib.parse
import zlib

import pytest
from lzstring import compress_to_base64
from sluicetest import SCALE, Sluice

TOPICS = [
    "events_plugin_ingestion",
    "events_plugin_ingestion_historical",
    "session_recording_snapshot_item_events",
]
PARALLEL = 64
PAUSE_S = 0.004  # between two parts, so that they are read apart
AT = "2026-01-02T03:04:05.678Z"
V1 = {
    "PostHog-Sdk-Info": "test/1.0",
    "PostHog-Attempt": "1",
    "PostHog-Request-Id": "01890000-0000-7000-8000-000000000001",
    "PostHog-Request-Timestamp": AT,
    "User-Agent": "test",
}


def event(name="sélit ☃", **more):
    return {"event": name, "distinct_id": "d é", "timestamp": AT, **more}


def batch(token, **more):
    return json.dumps(
        {"api_key": token, "batch": [event(), event("two")], **more},
        ensure_ascii=False,
    ).encode()


def request(target, body=b"", method="POST", version="1.1", chunk=0, **headers):
    lines = [f"{method} {target} HTTP/{version}", "Host: localhost"]
    lines += [f"{k.replace('_', '-')}: {v}" for k, v in headers.items()]
    if chunk:
        lines.append("Transfer-Encoding: chunked")
        parts = [body[i : i + chunk] for i in range(0, len(body), chunk)] + [b""]
        body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts)
    elif method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def form(token):
    packed = base64.b64encode(batch(token)).decode()
    return ("compression=base64&data=" + urllib.parse.quote(packed, safe="")).encode()


def multipart(token):
    one = json.dumps({"token": token, **event("part")}).encode()
    head = b'--x-y\r\nContent-Disposition: form-data; name="data"\r\n\r\n'
    return head + one + b"\r\n--x-y--\r\n"


def recording(token):
    data = {"$session_id": "s-1", "$snapshot_data": [{"type": 2, "data": "x"}]}
    one = event("$snapshot", api_key=token, properties=data)
    return gzip.compress(json.dumps([one]).encode(), mtime=0)


def v1(token, encode):
    one = event("v1", uuid="01890000-0000-7000-8000-00000000000a")
    one["options"] = {"disable_skew_correction": True}
    body = {"created_at": AT, "batch": [one]}
    return encode(json.dumps(body).encode())


def csp():
    report = {"document-uri": "https://a.example/", "blocked-uri": "inline"}
    return json.dumps({"csp-report": report}).encode()


JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
PLAIN = "text/plain"


def requests(token):
    """Name to the bytes of it and how many answers come."""
    lz = compress_to_base64(json.dumps({"token": token, **event("lz")}))
    query = urllib.parse.quote(json.dumps({"token": token, **event("get")}), safe="")
    auth = {"Authorization": f"Bearer {token}", "Content_Type": JSON, **V1}
    gz = gzip.compress(batch(token), mtime=0)
    plain = request("/batch/", batch(token), Content_Type=JSON)
    return {
        "plain": (plain, 1),
        "chunked": (request("/e/", batch(token), chunk=7, Content_Type=JSON), 1),
        "gzip": (request("/batch", gz, Content_Encoding="gzip"), 1),
        "gzip in chunks": (request("/i/v0/e/", gz, chunk=20, Content_Type=PLAIN), 1),
        "form": (request("/e/?ip=1", form(token), Content_Type=FORM), 1),
        "multipart": (
            request(
                "/capture",
                multipart(token),
                Content_Type="multipart/form-data; boundary=x-y",
            ),
            1,
        ),
        "lz64": (request("/track?compression=lz64", lz.encode()), 1),
        "query": (request(f"/e/?data={query}", method="GET"), 1),
        "expect": (
            request("/batch", batch(token), Expect="100-continue", Origin="http://a"),
            1,
        ),
        "historical": (
            request("/batch", batch(token, historical_migration=True), chunk=64),
            1,
        ),
        "recording": (request("/s/?beacon=1", recording(token)), 1),
        "v1": (
            request("/i/v1/analytics/events", v1(token, zlib.compress), **auth).replace(
                b"\r\n\r\n", b"\r\nContent-Encoding: deflate\r\n\r\n", 1
            ),
            1,
        ),
        "csp": (
            request(f"/report/?token={token}&distinct_id=d&session_id=s", csp()),
            1,
        ),
        "HTTP/1.0": (request("/batch", batch(token), version="1.0"), 1),
        "two in a row": (plain + request("/e", batch(token), chunk=99), 2),
        "preflight": (
            request(
                "/e/",
                method="OPTIONS",
                Origin="https://a.example",
                Access_Control_Request_Headers="x-one,x-two",
            ),
            1,
        ),
        "bad text": (request("/e", b'{"event": "x", }'), 1),
        "bad gzip": (request("/e", gz[:-9], Content_Encoding="gzip"), 1),
        "no such path": (request("/nowhere", b"abc", Origin="null"), 1),
    }


async def read_answer(reader):
    """Status, headers but the date, body."""
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        status = head[0].split(" ")[1]
        if status != "100":
            break
    headers = dict(line.split(": ", 1) for line in head[1:] if line)
    body = await reader.readexactly(int(headers.get("Content-Length", 0)))
    headers.pop("Date", None)
    return status, headers, body


class Sender:
    def __init__(self, port):
        self.port = port
        self.free = asyncio.Semaphore(PARALLEL)

    async def send(self, parts, n_answers):
        async with self.free:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                for i, part in enumerate(parts):
                    if i > 0:
                        await asyncio.sleep(PAUSE_S if len(parts) == 2 else 0.001)
                    writer.write(part)
                return [
                    await asyncio.wait_for(read_answer(reader), 60)
                    for _ in range(n_answers)
                ]
            finally:
                writer.close()


def positions(size):
    """Every one; fewer in the quick run."""
    return range(1, size, 1 if SCALE >= 0.1 else 13)


async def send_all(port, whole, n_answers):
    sender = Sender(port)
    reference = await sender.send([whole], n_answers)
    slow = [bytes([b]) for b in whole]
    ways = [[whole[:at], whole[at:]] for at in positions(len(whole))]
    answers = await asyncio.gather(*(sender.send(w, n_answers) for w in [slow, *ways]))
    return reference, answers


def same_but_new(record):
    """Without what is new in each record."""
    value, headers = record["value"], dict(record["headers"])
    for name in ("now", "uuid"):
        value.pop(name)
        headers.pop(name)
    data = json.loads(value["data"])
    if data["event"] == "$csp_violation":  # has the time of receipt
        value.pop("timestamp")
        headers.pop("timestamp")
    return json.dumps([record["key"], value, headers], sort_keys=True)


@pytest.fixture(scope="module")
def sluice():
    settings = {"capture.max_connections_per_address": "4000"}
    with Sluice(settings=settings) as s:
        yield s


def records(sluice, seen):
    """All new records of the topics, in the order of each."""
    got = []
    for topic in TOPICS:
        lines = sluice.cli_lines(
            *("topic", "read", topic, "--partition", 0, "--from", seen[topic])
        )
        seen[topic] += len(lines)
        got += [{**x, "topic": topic, "value": json.loads(x["value"])} for x in lines]
    return got


SEEN = dict.fromkeys(TOPICS, 0)


@pytest.mark.parametrize("name", list(requests("")))
def test_however_it_arrives(sluice, name):
    project = sluice.project(name, dedupe_uuids=False)
    whole, n_answers = requests(project["api_token"])[name]
    port = sluice.ports["capture"]
    reference, answers = asyncio.run(send_all(port, whole, n_answers))
    for answer in answers:
        assert answer == reference
    assert reference[0][0] == {
        "bad text": "400",
        "bad gzip": "400",
        "no such path": "404",
        "recording": "204",
        "csp": "204",
    }.get(name, "200")
    got = records(sluice, SEEN)
    assert {r["value"]["token"] for r in got} <= {project["api_token"]}
    texts = [(r["topic"], same_but_new(r)) for r in got]
    one = {
        "plain": 2,
        "multipart": 1,
        "lz64": 1,
        "query": 1,
        "recording": 1,
        "v1": 1,
        "csp": 1,
        "two in a row": 4,
        "preflight": 0,
        "bad text": 0,
        "bad gzip": 0,
        "no such path": 0,
    }.get(name, 2)
    assert len(texts) == one * (len(answers) + 1)
    assert len(set(texts)) == (min(one, 2))

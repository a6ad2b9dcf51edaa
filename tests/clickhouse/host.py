"""What the tests of the local ClickHouse share."""

import json
import os
import subprocess
import uuid

from sluicetest import eventually


def child(sluice):
    """The child's row of sluice status."""
    for row in sluice.cli_json("status")["children"]:
        if row["name"] == "clickhouse":
            return row
    raise AssertionError("status shows no clickhouse")


def ready_child(sluice, other_than=None, timeout_s=30):
    def look():
        row = child(sluice)
        if row["state"] == "ready" and row["pid"] not in (0, other_than):
            return row
        return None

    try:
        return eventually(look, timeout_s, "clickhouse is ready")
    except AssertionError as e:
        raise AssertionError(f"{e}: {child(sluice)}\n{sluice.log()[-3000:]}") from e


def ask(sluice, text, /, path="/", headers=None, **params):
    """(status, headers, text) of a POST to the ClickHouse port."""
    url = path
    for i, (name, value) in enumerate(params.items()):
        url += ("?" if i == 0 else "&") + f"{name}={value}"
    body = text if isinstance(text, bytes) else text.encode()
    status, head, answer = sluice.http("clickhouse", url, body, headers)
    return status, head, answer.decode(errors="replace")


def value(sluice, query):
    """The only value of a query's result."""
    status, _, text = ask(sluice, query, database="posthog")
    assert status == 200, text
    return text.strip()


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as f:
        return f.read().rsplit(")", 1)[1].split()[0] != "Z"


def event(n, distinct_id="d", team_id=1):
    """A row of clickhouse_events_json."""
    return {
        "uuid": str(uuid.UUID(int=n + (1 << 100))),
        "event": "made",
        "properties": json.dumps({"n": n}),
        "timestamp": "2024-03-05 10:20:30.123",
        "team_id": team_id,
        "distinct_id": distinct_id,
        "elements_chain": "",
        "created_at": "2024-03-05 10:20:31.456",
        "person_id": str(uuid.UUID(int=7)),
        "person_created_at": "2024-03-05 10:20:30",
        "person_properties": "{}",
        "person_mode": "full",
    }


def produce(sluice, topic, rows):
    """Writes rows to a topic with kcat, as any Kafka client would."""
    text = "".join(json.dumps(r) + "\n" for r in rows)
    broker = f"127.0.0.1:{sluice.ports['kafka']}"
    done = subprocess.run(
        ["kcat", "-b", broker, "-P", "-t", topic, "-X", "acks=all"],
        input=text,
        text=True,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr

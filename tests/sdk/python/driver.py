"""Drives the unmodified posthog package of PyPI; see ../README.md."""

import json
import sys

from posthog import Posthog

url, key, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
client = Posthog(key, host=url, flush_at=10, flush_interval=0.5, gzip=True, **options)


def capture(o):
    client.capture(
        o["event"],
        distinct_id=o["id"],
        properties=o["properties"],
        groups=o.get("groups"),
    )


def identify(o):
    client.capture(
        "$identify",
        distinct_id=o["id"],
        properties={"$anon_distinct_id": o["anon"], "$set": o["set"]},
    )


def group(o):
    client.group_identify(o["type"], o["key"], o["set"], distinct_id=o["id"])


OPERATIONS = {
    "capture": capture,
    "identify": identify,
    "group": group,
    "set": lambda o: client.set(distinct_id=o["id"], properties=o["set"]),
    "alias": lambda o: client.alias(previous_id=o["alias"], distinct_id=o["id"]),
    "flush": lambda o: client.flush(),
}

for line in sys.stdin:
    operation = json.loads(line)
    OPERATIONS[operation["op"]](operation)
    print("ok", flush=True)
client.shutdown()

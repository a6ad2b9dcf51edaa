"""Sends with the unmodified posthog package: send_python.py URL KEY."""

import sys

from posthog import Posthog

url, key = sys.argv[1], sys.argv[2]
client = Posthog(key, host=url, flush_at=20, flush_interval=0.2, max_retries=3)
for i in range(5):
    client.capture("viewed", distinct_id="py-anon", properties={"i": i, "t": "py"})
client.capture(
    "$identify",
    distinct_id="py-user",
    properties={"$anon_distinct_id": "py-anon", "$set": {"email": "py@example.com"}},
)
client.capture(
    "bought",
    distinct_id="py-user",
    properties={"price": 12.5},
    groups={"company": "py-co"},
)
client.set(distinct_id="py-user", properties={"plan": "pro", "n": 3})
client.alias(previous_id="py-alias", distinct_id="py-user")
client.group_identify("company", "py-co", {"size": 7}, distinct_id="py-user")
client.shutdown()

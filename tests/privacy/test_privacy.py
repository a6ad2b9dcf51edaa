"""A project with anonymize_ips leaves no address anywhere; an ordinary one does.

The second half shows that the search would find an address that is there.
"""

import base64
import json
import os

from sluicetest import Sluice

ADDRESSES = {"anonymous": "203.0.113.77", "ordinary": "198.51.100.99"}


def bytes_of_files(folder):
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    yield path, f.read()


def records_with(sluice, text):
    found = []
    for topic in sluice.cli_lines("topic", "list"):
        for record in sluice.records(topic["name"]):
            value = record.get("value")
            if value is None:
                value = base64.b64decode(record.get("value_base64") or "").decode(
                    errors="replace"
                )
            if text in json.dumps(record) or text in value:
                found.append((topic["name"], record["offset"]))
    return found


def tables_with(sluice, text):
    found = []
    tables = sluice.sql(
        "SELECT name FROM system.tables WHERE database = 'posthog' "
        "AND engine NOT IN ('Kafka', 'MaterializedView', 'Dictionary')"
    )
    assert len(tables) > 10
    for table in tables:
        rows = sluice.cli(
            "sql", "--format", "JSONEachRow", f"SELECT * FROM posthog.`{table['name']}`"
        )
        if text in rows:
            found.append(table["name"])
    return found


def test_no_address_of_an_anonymised_project_is_anywhere():
    with Sluice(clickhouse=True) as s:
        projects = {
            "anonymous": s.project("anonymous", anonymize_ips=True),
            "ordinary": s.project("ordinary"),
        }
        for name, project in projects.items():
            address = ADDRESSES[name]
            for event in (
                {"event": "plain", "properties": {}},
                {"event": "with ip", "properties": {"$ip": address}},
                {"event": "$identify", "properties": {"$anon_distinct_id": "x"}},
                {"event": "cookieless", "properties": {"$cookieless_mode": True}},
                {"event": "$groupidentify", "properties": {}},
            ):
                body = {"api_key": project["api_token"], "distinct_id": "d", **event}
                status, _, text = s.http(
                    "capture",
                    "/e/",
                    json.dumps(body).encode(),
                    {"X-Forwarded-For": address, "Content-Type": "application/json"},
                )
                assert status == 200, text
        s.drain()
        assert records_with(s, ADDRESSES["anonymous"]) == []
        assert records_with(s, ADDRESSES["ordinary"]) != []
        assert tables_with(s, ADDRESSES["anonymous"]) == []
        assert "sharded_events" in tables_with(s, ADDRESSES["ordinary"])
        files = list(bytes_of_files(s.data))
        assert any("-wal" in path for path, _ in files)
        for needle, where in ((ADDRESSES["anonymous"], []), (ADDRESSES["ordinary"], 1)):
            hits = [path for path, text in files if needle.encode() in text]
            if where == []:
                assert hits == []
            else:
                assert any(path.startswith(f"{s.data}/spool.db") for path in hits)
        assert ADDRESSES["anonymous"] not in s.log()


def test_a_changed_setting_acts_on_the_next_request():
    with Sluice() as s:
        project = s.project("changes")
        on = ["project", "set", project["id"]]
        body = {"api_key": project["api_token"], "event": "e", "distinct_id": "d"}

        def send(name):
            text = json.dumps({**body, "event": name}).encode()
            address = {"X-Forwarded-For": ADDRESSES[name]}
            status, _, answer = s.http("capture", "/e/", text, address)
            assert status == 200, answer

        send("ordinary")
        for _ in range(5):
            s.cli(*on, "anonymize_ips=true")
            send("anonymous")
            s.cli(*on, "anonymize_ips=false")
            send("ordinary")
        s.drain()
        assert records_with(s, ADDRESSES["anonymous"]) == []
        # The app server applies the setting too, as it is when it works.
        front = s.records("events_plugin_ingestion")
        assert [ADDRESSES["ordinary"] in r["value"] for r in front] == [
            *[True, False] * 5,
            True,
        ]

"""Events sent again are acknowledged and not stored again."""

import json
import signal
import uuid
from collections import Counter

import pytest
from sluicetest import Sluice, eventually

TOPIC = "events_plugin_ingestion"


def event(name="e", one="d", **more):
    return {"uuid": str(uuid.uuid4()), "event": name, "distinct_id": one, **more}


def metric(sluice, line):
    _, _, text = sluice.http("admin", "/metrics")
    for row in text.decode().splitlines():
        if row.startswith(line + " "):
            return float(row.split()[-1])
    return 0.0


def stored(sluice, token):
    """How often each uuid of this key is in the topic, with name and id."""
    found = Counter()
    for record in sluice.records(TOPIC, 0):
        value = json.loads(record["value"])
        if value["token"] == token:
            found[value["uuid"], value["event"], value["distinct_id"]] += 1
    return found


def key(e):
    return e["uuid"], e["event"], e["distinct_id"]


@pytest.fixture(scope="module")
def daemon():
    with Sluice(settings={"capture.unknown_token": "keep"}) as s:
        yield s


def test_copies_are_counted_and_not_stored(daemon):
    token = daemon.project("counted")["api_token"]
    before = metric(daemon, 'capture_events_dropped_total{cause="duplicate"}')
    ingested = metric(daemon, "capture_events_ingested_total")
    a, b, c = event(), event(), event()
    daemon.send(token, [a, b, a])
    daemon.send(token, [b, c, a])
    daemon.send(token, [a, b, c])
    assert stored(daemon, token) == {key(e): 1 for e in (a, b, c)}
    dropped = metric(daemon, 'capture_events_dropped_total{cause="duplicate"}')
    assert dropped - before == 6
    assert metric(daemon, "capture_events_ingested_total") - ingested == 3
    status = daemon.cli_json("status")["duplicates"]
    assert status["dropped"] >= 6
    assert status["remembered"] >= 3
    assert "events remembered" in daemon.cli("status")


def test_another_name_or_id_or_project_is_another_event(daemon):
    token = daemon.project("one")["api_token"]
    other = daemon.project("other")["api_token"]
    a = event()
    versions = [a, {**a, "event": "f"}, {**a, "distinct_id": "d2"}]
    daemon.send(token, versions)
    daemon.send(other, versions)
    daemon.send(token, versions)
    assert stored(daemon, token) == {key(e): 1 for e in versions}
    assert stored(daemon, other) == {key(e): 1 for e in versions}


def test_a_project_can_turn_it_off(daemon):
    project = daemon.project("off", dedupe_uuids=False)
    a = event()
    daemon.send(project["api_token"], [a, a])
    assert stored(daemon, project["api_token"]) == {key(a): 2}
    daemon.cli("project", "set", project["id"], "dedupe_uuids=true")
    daemon.send(project["api_token"], [a, a])
    assert stored(daemon, project["api_token"]) == {key(a): 3}


def test_copies_over_several_topics_are_counted(daemon):
    """What a rule sends elsewhere comes first in the request."""
    rules = [
        {"restriction_type": "redirect_to_dlq", "event_names": ["odd"]},
        {"restriction_type": "force_overflow_from_ingestion", "event_names": ["hot"]},
    ]
    project = daemon.project("topics", event_restrictions=rules)
    odd, hot, plain = event("odd"), event("hot"), event("plain")
    for _ in range(2):
        daemon.send(project["api_token"], [odd, hot, plain, hot])
    assert stored(daemon, project["api_token"]) == {key(plain): 1}
    daemon.drain()
    daemon.cli("audit")


def test_letters_are_remembered_when_they_are_put_back(daemon):
    token = "phc_letters_0000000000000000000000000000000000"
    twice, later = event("twice"), event("later")
    before = [x["id"] for x in daemon.cli_lines("dlq", "list")]
    daemon.send(token, [twice, later])
    daemon.send(token, [twice])  # no memory of letters
    letters = [x["id"] for x in daemon.cli_lines("dlq", "list")]
    letters = [x for x in letters if x not in before]
    assert len(letters) == 3
    daemon.project("letters", token=token)
    daemon.send(token, [later])  # the SDK was faster
    for one in letters:
        daemon.cli("dlq", "replay", one)
    assert stored(daemon, token) == {key(twice): 1, key(later): 1}
    daemon.send(token, [twice, later])
    assert stored(daemon, token) == {key(twice): 1, key(later): 1}
    daemon.drain()
    hops = daemon.cli_json("audit")["hops"]
    assert hops["put_back"] == 3
    assert hops["front"] + hops["duplicate"] == hops["capture"] + hops["put_back"]


def test_limits_change_at_a_reload(tmp_path):
    conf = tmp_path / "sluice.conf"
    conf.write_text("[capture]\ndedupe_events = 0\n")
    s = Sluice()
    run = s.run_command
    s.run_command = lambda: [*run(), "--config", str(conf)]
    with s:
        token = s.project()["api_token"]
        a = event()
        s.send(token, [a, a])
        assert stored(s, token) == {key(a): 2}
        conf.write_text("[capture]\ndedupe_events = 1000\n")
        s.process.send_signal(signal.SIGHUP)
        eventually(lambda: "event=reloaded" in s.log(), 10, "reloaded")
        s.send(token, [a, a])
        s.send(token, [a])
        assert stored(s, token) == {key(a): 3}
        s.kill()
        s.start()
        s.send(token, [a])
        assert stored(s, token) == {key(a): 3}
        s.cli("audit")

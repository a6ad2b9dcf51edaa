"""Waiting for the first event of a project, as the first run of the admin does."""

import json
import time

from sluicetest import Sluice, eventually


def first_event(sluice, project_id, from_ms):
    return sluice.api(
        "GET", f"/api/v1/projects/{project_id}/first-event?from_ms={from_ms}"
    )


def states(look):
    return {hop["id"]: hop["state"] for hop in look["hops"]}


def event(name):
    return {"event": name, "distinct_id": "<b>a</b>", "properties": {"n": 1}}


def test_first_event_goes_from_hop_to_hop():
    with Sluice() as s:
        mine = s.project("mine")
        other = s.project("other")
        begin = int(time.time() * 1000)
        look = first_event(s, mine["id"], begin)
        assert look["event"] is None
        assert states(look)["capture"] == "waiting"
        assert states(look)["clickhouse"] == "off"
        assert look["ports"]["capture"] == s.ports["capture"]

        lost = json.dumps({"api_key": "phc_of_nobody", "batch": [event("lost")]})
        assert s.http("capture", "/batch/", lost.encode())[0] == 401
        s.send(other["api_token"], [event("of another")])
        look = first_event(s, mine["id"], begin)
        assert look["event"] is None
        assert look["refused"]["key"] == 1

        s.send(mine["api_token"], [event("first")])
        s.send(mine["api_token"], [event("second")])

        def written():
            look = first_event(s, mine["id"], begin)
            return look if states(look)["broker"] == "done" else None

        look = eventually(written, 10, "the event is in the output log")
        assert look["event"]["event"] == "first"
        assert look["event"]["distinct_id"] == "<b>a</b>"
        assert json.loads(look["event"]["data"])["properties"]["n"] == 1
        assert set(states(look).values()) == {"done", "off"}

        # What came before the time asked for is not the first since then.
        time.sleep(0.01)
        after = int(time.time() * 1000)
        assert first_event(s, mine["id"], after)["event"] is None

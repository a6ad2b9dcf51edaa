"""A stopped pipeline is named by status; a deletion killed between its commits.

Wants a program made with --enable-fault-points.
"""

import os
import sys

import pytest
from outcome import arm, has_fault_points
from postgres import Postgres
from sluicetest import CommandFailed, Sluice, eventually

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "privacy"))

from test_erasure import SMALL, delete, set_event  # noqa: E402
from test_erasure_pg import rows_with  # noqa: E402
from test_privacy import tables_with  # noqa: E402

NAMED_WITHIN_S = 10


def behind(sluice):
    rows = {row["hop"]: row for row in sluice.cli_json("status")["behind"]}
    return rows.get("ingest")


@pytest.mark.parametrize(
    ("action", "word"),
    [("BUSY:1+", "BUSY"), ("NO_SPACE:1+", "NO_SPACE"), ("pause", "")],
)
def test_a_pipeline_that_cannot_commit_is_named(action, word):
    assert has_fault_points(), "wants a program with --enable-fault-points"
    with Sluice() as s:
        token = s.project()["api_token"]
        arm(s, f"pipeline_commit:{action}")
        s.send(token, [{"event": "e", "distinct_id": "d"}])
        row = eventually(lambda: behind(s), NAMED_WITHIN_S, "ingest is named")
        assert word in row["why"] and row["do"]
        arm(s, "")
        eventually(lambda: behind(s) is None, 30, "it goes on")
        s.drain()


@pytest.mark.parametrize("point", ["pipeline_prepared", "pipeline_committed"])
def test_a_deletion_killed_between_its_commits_is_whole(point):
    # privacy-1, privacy-2
    assert has_fault_points(), "wants a program with --enable-fault-points"
    with Postgres() as server:
        server.create_db("killed")
        settings = {"postgres.url": server.url("killed")}
        with Sluice(clickhouse=True, settings=settings) as s:
            project = s.project()
            s.send(project["api_token"], [set_event("d", SMALL)])
            s.drain()
            arm(s, f"{point}:kill")
            on = ["--distinct-id", "d", "--with-events"]
            with pytest.raises(CommandFailed):
                delete(s, project["id"], *on)
            s.process.wait(20)
            s.process = None
            os.unlink(os.path.join(s.data, "faults"))
            s.start()
            report = delete(s, project["id"], *on)
            assert report["clickhouse"]["state"] == "done"
            assert rows_with(server, "killed", SMALL) == []
            assert tables_with(s, SMALL) == []

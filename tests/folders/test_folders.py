"""A data folder that an earlier version left is opened and drained."""

import json
import os
import pathlib
import shutil

import pytest
from sluicetest import TOP, Sluice, eventually

FOLDERS = sorted(
    d for d in (pathlib.Path(TOP) / "tests/data/folders").iterdir() if d.is_dir()
)
KEEP = {"spool.retention_h": "87600", "output.retention_h": "87600"}


def copy(folder, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(folder, data)
    os.chmod(data, 0o700)
    return data


def letters(sluice):
    """All dead letters as they are shown, in one text."""
    ids = [x["id"] for x in sluice.cli_lines("dlq", "list")]
    return "\n".join(sluice.cli("dlq", "show", i, "--json") for i in ids)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda d: d.name)
def test_kept_folder_opens_and_drains(folder, tmp_path):
    expected = json.loads((folder / "expected.json").read_text())
    with Sluice(data=copy(folder, tmp_path), settings=KEEP) as sluice:
        # Text of sql/ that was applied there has changed: tests/data/README.md.
        assert "store_schema_differs" not in sluice.log()
        sluice.drain()
        events = [
            json.loads(r["value"]) for r in sluice.records("clickhouse_events_json")
        ]
        assert [e["uuid"] for e in events] == expected["uuids"]
        last = {}
        for e in events:
            last[e["distinct_id"]] = json.loads(e["properties"])["n"]
        people = sluice.cli_lines("person", "list", "--project", "1")
        assert len(people) == expected["n_people"]
        for person in people:
            assert person["properties"]["last"] == last[person["distinct_ids"][0]]
        # Letters that no index knew are found.
        for uuid in expected.get("letters", []):
            eventually(
                lambda uuid=uuid: uuid in letters(sluice), 10, f"letter of {uuid}"
            )
        # It goes on: another event passes.
        sluice.send(
            expected["token"],
            [{"event": "new", "distinct_id": min(last), "properties": {}}],
        )
        sluice.drain()
        assert len(sluice.records("clickhouse_events_json")) == len(events) + 1

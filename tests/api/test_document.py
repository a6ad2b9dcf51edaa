"""The API's description: what is committed is what the program prints and serves."""

import json
import pathlib
import subprocess

from sluicetest import TOP, binary


def printed():
    return subprocess.run(
        [binary(), "openapi"], capture_output=True, check=True, timeout=30
    ).stdout


def test_the_document_and_the_types_are_current():
    done = subprocess.run(
        [
            "node",
            str(TOP / "web/scripts/types.mjs"),
            "--check",
            str(TOP / "docs/openapi.json"),
            str(TOP / "web/src/api/types.ts"),
        ],
        input=printed(),
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()


# A line of an answer of lines; the data of an event of a stream.
LOOSE = {"record", "live_event", "live_flow", "live_state"}


def test_every_reference_leads_somewhere_and_every_name_is_used():
    text = printed().decode()
    document = json.loads(text)
    for kind in ("schemas", "responses"):
        for name in document["components"][kind]:
            used = f'"#/components/{kind}/{name}"' in text
            assert used or name in LOOSE, f"nothing uses {name}"
    for part in text.split('"$ref":"')[1:]:
        _, components, kind, name = part.split('"')[0].split("/")
        assert name in document[components][kind]


def test_operations_have_names_of_their_own():
    document = json.loads(printed())
    names = [o["operationId"] for p in document["paths"].values() for o in p.values()]
    assert len(names) == len(set(names)) > 30
    assert all(
        o["summary"].endswith(".")
        for p in document["paths"].values()
        for o in p.values()
    )


def test_the_route_table_has_no_path_that_the_document_lacks():
    table = pathlib.Path(TOP, "src/admin/routes.c").read_text()
    rows = table.count('"/api/v1/')
    paths = json.loads(printed())["paths"].values()
    assert sum(len(p) for p in paths) == rows

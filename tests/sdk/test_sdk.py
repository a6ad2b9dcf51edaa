"""Unmodified SDKs, end to end: SDK -> capture -> persons -> ClickHouse."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from sluicetest import TOP, Sluice, eventually

HERE = pathlib.Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def node():
    """Folder with the SDKs of npm installed by the lock file."""
    build = pathlib.Path(os.environ.get("SLUICE_BUILD", TOP / "build")) / "sdk"
    build.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, build / name)
    subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--silent"],
        cwd=build,
        check=True,
        timeout=300,
    )
    return build


@pytest.fixture(scope="module")
def sluice():
    with Sluice(clickhouse=True) as s:
        yield s


def run_node(node, script, *args):
    """Scripts run beside node_modules, so that require finds the SDKs."""
    shutil.copy(HERE / script, node / script)
    done = subprocess.run(
        ["node", str(node / script), *args],
        cwd=node,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def in_clickhouse(sluice, project, name):
    return sluice.sql(
        "SELECT event, distinct_id, toString(person_id) AS person, properties, "
        "person_properties, elements_chain, toString(uuid) AS uuid "
        f"FROM events WHERE team_id = {project['id']} AND event = '{name}'"
    )


def check(sluice, project, prefix, anon_viewed=True):
    sluice.drain()
    viewed = in_clickhouse(sluice, project, "viewed")
    assert len(viewed) == 5
    assert len({row["uuid"] for row in viewed}) == 5
    bought = in_clickhouse(sluice, project, "bought")
    assert len(bought) == 1
    assert '"price":12.5' in bought[0]["properties"]
    assert '"$group_0":"%s-co"' % prefix in bought[0]["properties"]
    user = f"{prefix}-user"
    people = sluice.cli_lines("person", "list", "--project", project["id"])
    person = next(p for p in people if user in p["distinct_ids"])
    assert set(person["distinct_ids"]) == {
        user,
        f"{prefix}-anon",
        f"{prefix}-alias",
    }
    assert person["properties"]["email"] == f"{prefix}@example.com"
    assert person["properties"]["plan"] == "pro"
    assert person["properties"]["n"] == 3
    assert person["is_identified"] is True
    assert {row["person"] for row in viewed + bought} == {person["uuid"]}
    rows = sluice.sql(
        "SELECT toString(id) AS id, properties FROM person FINAL "
        f"WHERE team_id = {project['id']} AND is_deleted = 0"
    )
    assert person["uuid"] in {row["id"] for row in rows}
    groups = sluice.cli_lines("group", "list", "--project", project["id"])
    assert [(g["type"], g["key"], g["properties"]) for g in groups] == [
        ("company", f"{prefix}-co", {"size": 7})
    ]
    counts = sluice.sql(
        "SELECT count() AS n, uniqExact(uuid) AS u FROM events "
        f"WHERE team_id = {project['id']}"
    )[0]
    assert counts["n"] == counts["u"]


def test_python(sluice):
    project = sluice.project("python")
    subprocess.run(
        [
            sys.executable,
            str(HERE / "send_python.py"),
            sluice.url("capture", ""),
            project["api_token"],
        ],
        check=True,
        timeout=60,
    )
    check(sluice, project, "py")


def test_node(sluice, node):
    project = sluice.project("node")
    run_node(node, "send_node.cjs", sluice.url("capture", ""), project["api_token"])
    check(sluice, project, "node")


def test_browser(sluice, node):
    project = sluice.project("browser")
    browser = shutil.which("chromium")
    assert browser, "chromium is missing: sh packaging/check installs it"
    run_node(
        node,
        "send_js.cjs",
        sluice.url("capture", ""),
        project["api_token"],
        browser,
    )
    eventually(
        lambda: in_clickhouse(sluice, project, "leaving"), 20, "the beacon's event"
    )
    check(sluice, project, "js")
    assert len(in_clickhouse(sluice, project, "$pageview")) == 1
    clicks = in_clickhouse(sluice, project, "$autocapture")
    assert len(clicks) == 1
    assert clicks[0]["elements_chain"].startswith("a.big.btn:")
    assert 'text="Buy now"' in clicks[0]["elements_chain"]

"""Fixtures of the tests with the real libchdb."""

import os
import subprocess

import pytest
from sluicetest import TOP, Sluice

PRODUCED = "clickhouse_events_json,clickhouse_person"


@pytest.fixture(scope="session", autouse=True)
def library():
    """Path of libchdb.so; without it these tests fail, they do not skip."""
    fetch = os.path.join(TOP, "packaging", "fetch-libchdb")
    done = subprocess.run(["sh", fetch, "--print"], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.fail(f"libchdb is missing: {done.stderr.strip()}", pytrace=False)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def sluice(library):
    with Sluice(clickhouse=True, settings={"kafka.allow_produce": PRODUCED}) as s:
        yield s

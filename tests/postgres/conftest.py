"""One server for all tests that do not need to harm it."""

import os
import pathlib
import subprocess

import pytest
from postgres import Postgres
from sluicetest import binary


@pytest.fixture(scope="session")
def server():
    with Postgres() as p:
        yield p


@pytest.fixture
def lone_server():
    """One that the test may stop and kill."""
    with Postgres() as p:
        yield p


@pytest.fixture
def db(server, request):
    """An empty database of this test's own: its name."""
    name = request.node.name[:50].replace("[", "_").replace("]", "")
    server.create_db(name)
    yield name
    server.drop_db(name)


@pytest.fixture
def program():
    """program(NAME, url): runs a test program of this folder."""

    def run(name, url, *args, timeout=120):
        path = pathlib.Path(binary()).parent / "tests" / "postgres" / name
        env = dict(os.environ, SLUICE_TEST_POSTGRES_URL=url)
        return subprocess.run(
            [str(path), *args],
            env=env,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run

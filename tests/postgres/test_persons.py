"""The person store (src/persondb) in Postgres, on each kind of database."""

import pytest

KINDS = ["empty", "posthog", "posthog-old", "posthog-partitioned"]


@pytest.fixture
def persons_db(server, request):
    """A database of each kind with two projects."""
    kind = request.param
    name = "persons_" + kind.replace("-", "_")
    server.drop_db(name)
    server.create_db(name, kind)
    # A deadlock is found while a test waits for it.
    server.sql(f"ALTER DATABASE {name} SET deadlock_timeout = '500ms'")
    if kind != "empty":
        for team_id in (1, 2):
            server.create_team(name, team_id)
    yield name
    server.drop_db(name)


def check(done, server):
    assert done.returncode == 0, done.stdout + done.stderr
    assert server.PASSWORD not in done.stdout + done.stderr


@pytest.mark.parametrize("persons_db", KINDS, indirect=True)
def test_store(server, persons_db, program):
    # The many random persons once: their rows are the same everywhere.
    args = () if persons_db == "persons_posthog" else ("200",)
    check(program("person_store", server.url(persons_db), *args), server)


@pytest.mark.parametrize("persons_db", KINDS, indirect=True)
def test_races(server, persons_db, program):
    check(program("person_races", server.url(persons_db)), server)

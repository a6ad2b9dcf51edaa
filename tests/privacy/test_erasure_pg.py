"""person delete where persons are in Postgres."""

import json

import pytest
from postgres import Postgres
from sluicetest import Sluice
from test_erasure import LARGE, SMALL, delete, set_event
from test_privacy import bytes_of_files, tables_with


@pytest.fixture(scope="module")
def server():
    with Postgres() as p:
        yield p


def rows_with(server, db, text):
    """The tables of all schemas that have a row with the text."""
    names = server.sql(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
        db,
    )
    found = []
    for (name,) in names:
        rows = server.sql(f"SELECT row_to_json(t) FROM {name} AS t", db)
        if text in str(rows):
            found.append(name)
    return found


def test_no_row_of_a_deleted_person_is_in_postgres(server):
    server.create_db("erase")
    settings = {"postgres.url": server.url("erase")}
    with Sluice(clickhouse=True, settings=settings) as s:
        project = s.project()
        token = project["api_token"]
        s.send(token, [set_event("d", SMALL), set_event("stays", "marker-stays")])
        s.send(
            token,
            [
                {
                    "event": "$identify",
                    "distinct_id": "user",
                    "properties": {"$anon_distinct_id": "d", "$set": {"x": LARGE}},
                }
            ],
        )
        s.drain()
        assert "public.posthog_person" in rows_with(server, "erase", SMALL)
        report = delete(s, project["id"], "--distinct-id", "d", "--with-events")
        assert report["deleted"] is True
        assert report["clickhouse"]["state"] == "done"
        assert sorted(report["distinct_ids"]) == ["d", "user"]
        assert any(r["where"] == "Postgres" for r in report["remains"])
        for marker in (SMALL, LARGE):
            assert rows_with(server, "erase", marker) == []
            assert tables_with(s, marker) == []
        assert rows_with(server, "erase", "marker-stays") != []
        s.send(token, [set_event("d", "marker-again")])
        s.drain()
        versions = [json.loads(r["value"]) for r in s.records("clickhouse_person")]
        gone = [v["version"] for v in versions if v["is_deleted"] and v["version"] > 99]
        assert versions[-1]["is_deleted"] == 0
        assert versions[-1]["version"] == max(gone) + 1
        (row,) = s.sql(
            "SELECT argMax(is_deleted, version) AS gone FROM posthog.person "
            f"WHERE id = '{versions[-1]['id']}'"
        )
        assert row["gone"] == 0


def test_a_loaded_person_leaves_no_byte_in_the_data_folder(server):
    server.create_db("loaded")
    settings = {"postgres.url": server.url("loaded")}
    with Sluice(settings=settings) as s:
        project = s.project()["id"]
        server.sql(
            "INSERT INTO posthog_person (team_id, uuid, created_at, properties, "
            "is_identified, version) VALUES "
            f'({project}, gen_random_uuid(), now(), \'{{"a":"{SMALL}"}}\', false, 3)',
            "loaded",
        )
        server.sql(
            "INSERT INTO posthog_persondistinctid (team_id, distinct_id, person_id, "
            f"version) SELECT {project}, 'x', id, 0 FROM posthog_person",
            "loaded",
        )
        assert rows_with(server, "loaded", SMALL) == ["public.posthog_person"]
        report = delete(s, project, "--distinct-id", "x")
        assert report["deleted"] is True
        assert rows_with(server, "loaded", SMALL) == []
        files = [p for p, data in bytes_of_files(s.data) if SMALL.encode() in data]
        assert files == []

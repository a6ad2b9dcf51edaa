"""What is made in a database, and what is asked of one that PostHog made."""

import subprocess

import pytest
from sluicetest import TOP, Sluice

NEW = {
    "made_by_sluice": "0",
    "person_is_deleted": "1",
    "person_last_seen_at": "1",
    "person_uuid_unique": "1",
    "id_is_deleted": "1",
    "personless": "1",
    "group_type_created_at": "1",
    "group_type_by_project": "1",
    "definition_by_project": "1",
    "event_enforcement_mode": "1",
    "definitions": "1",
}
OLD = dict.fromkeys(NEW, "0")
FOUND = {
    "posthog": NEW,
    "posthog-old": OLD,
    "posthog-partitioned": dict(NEW, person_uuid_unique="0"),
}


FILES = sorted(
    f"{path.parent.name}/{path.name}"
    for path in (TOP / "sql" / "postgres").glob("*/*.sql")
)


def flags(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(word.split("=") for word in done.stdout.split())


def test_an_empty_database_gets_the_tables(server, db, program):
    found = flags(program("pg_schema", server.url(db)))
    want = dict(NEW, made_by_sluice="1", person_is_deleted="0", id_is_deleted="0")
    assert found == want
    names = [row[0] for row in server.sql("SELECT name FROM sluice.migration", db)]
    assert sorted(names) == FILES
    # A second node finds all done.
    before = server.dump_schema(db)
    assert flags(program("pg_schema", server.url(db))) == want
    assert server.dump_schema(db) == before


@pytest.mark.parametrize("kind", FOUND)
def test_a_database_of_posthog_is_not_altered(server, program, kind):
    """pg-6"""
    db = "found_" + kind.replace("-", "_")
    server.create_db(db, kind)
    server.create_team(db, 5)
    before = server.dump_schema(db)
    rows = server.sql("SELECT * FROM posthog_team", db)
    assert flags(program("pg_schema", server.url(db))) == FOUND[kind]
    assert server.dump_schema(db) == before
    assert server.sql("SELECT * FROM posthog_team", db) == rows
    assert "CREATE TABLE sluice.node" in server.dump_schema(db, "sluice")
    server.drop_db(db)


def test_all_of_sluice_has_a_column_of_posthog(server, db, program):
    """Each column that is made in an empty database is one of PostHog's, of the
    same type, so that a database can be handed over."""
    columns = """SELECT table_name, column_name, udt_name, character_maximum_length
    FROM information_schema.columns WHERE table_schema = 'public'"""
    server.create_db("of_posthog", "posthog")
    flags(program("pg_schema", server.url(db)))
    theirs = {tuple(row) for row in server.sql(columns, "of_posthog")}
    ours = {tuple(row) for row in server.sql(columns, db)}
    server.drop_db("of_posthog")
    assert ours - theirs == set()


BROKEN = [
    (
        "ALTER TABLE posthog_person DROP COLUMN version",
        "posthog_person has no column version",
    ),
    ("DROP TABLE posthog_cohortpeople", "no posthog_cohortpeople"),
    (
        "ALTER TABLE posthog_persondistinctid "
        'DROP CONSTRAINT "unique distinct_id for team"',
        "posthog_persondistinctid has no unique constraint over (distinct_id, team_id)",
    ),
    (
        "ALTER TABLE posthog_group ALTER COLUMN version TYPE text",
        "posthog_group.version is of type text, needed is int8",
    ),
    (
        "ALTER TABLE posthog_person ADD COLUMN news text NOT NULL DEFAULT 'x';"
        "ALTER TABLE posthog_person ALTER COLUMN news DROP DEFAULT",
        "posthog_person.news is NOT NULL without a default",
    ),
    (
        "ALTER TABLE posthog_grouptypemapping "
        'DROP CONSTRAINT "unique event column indexes for project"',
        "posthog_grouptypemapping has no unique constraint over "
        "(group_type_index, project_id)",
    ),
]


@pytest.mark.parametrize("change,text", BROKEN)
def test_what_is_missing_is_named(server, program, change, text):
    server.create_db("broken", "posthog")
    try:
        server.sql(change, "broken")
        done = program("pg_schema", server.url("broken"))
        assert done.returncode == 1
        assert done.stdout.startswith("INVALID: ") and text in done.stdout, done.stdout
        # In a database that will not do nothing is made.
        assert server.sql("SELECT to_regnamespace('sluice') IS NULL", "broken") == [
            ["t"]
        ]
    finally:
        server.drop_db("broken")


def test_tables_that_may_be_missing(server, program):
    server.create_db("without", "posthog")
    server.sql(
        "DROP TABLE posthog_personlessdistinctid, posthog_eventproperty", "without"
    )
    found = flags(program("pg_schema", server.url("without")))
    server.drop_db("without")
    assert found == dict(NEW, personless="0", definitions="0")


@pytest.fixture
def role(server):
    server.sql("CREATE ROLE app LOGIN PASSWORD 'another-secret-88'")
    yield "app"
    server.sql("DROP OWNED BY app; DROP ROLE app")


def test_a_role_without_rights_is_told_what_to_run(server, db, program, role):
    url = server.url(db, user=role, password="another-secret-88")
    done = program("pg_schema", url)
    assert done.returncode == 1
    assert done.stdout.startswith("DENIED: ") and "CREATE SCHEMA" in done.stdout
    assert "another-secret" not in done.stdout + done.stderr
    run = done.stdout[done.stdout.index("CREATE SCHEMA") :].strip()
    server.sql(run, db)
    assert flags(program("pg_schema", url))["made_by_sluice"] == "1"
    server.sql(f"DROP OWNED BY {role}", db)


def test_rights_on_tables_of_posthog(server, program, role):
    server.create_db("granted", "posthog")
    url = server.url("granted", user=role, password="another-secret-88")
    try:
        server.sql(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}", "granted")
        done = program("pg_schema", url)
        assert "CREATE SCHEMA" in done.stdout and "CREATE ON" not in done.stdout
        run = done.stdout[done.stdout.index("CREATE SCHEMA") :].strip()
        server.sql(run, "granted")
        assert flags(program("pg_schema", url)) == NEW
        server.sql(f"REVOKE INSERT, DELETE ON posthog_person FROM {role}", "granted")
        done = program("pg_schema", url)
        assert "may not INSERT, DELETE on posthog_person" in done.stdout
    finally:
        server.drop_db("granted")


def test_the_rights_that_the_manual_names_are_enough(server, role):
    text = (TOP / "docs" / "postgres.md").read_text()
    grants = text[text.index("```sql") + 6 :]
    grants = grants[: grants.index("```")].replace("TO sluice;", f"TO {role};")
    server.create_db("manual", "posthog")
    token = server.create_team("manual", 4)
    server.sql(grants, "manual")
    url = server.url("manual", user=role, password="another-secret-88")
    with Sluice(settings={"postgres.url": url}) as s:
        set_ = {"$set": {"a": 1}}
        merge = {"$anon_distinct_id": "u1"}
        group = {"$group_type": "org", "$group_key": "k", "$group_set": {"n": 1}}
        s.send(
            token,
            [
                {"event": "a", "distinct_id": "u1", "properties": set_},
                {"event": "b", "distinct_id": "u2", "properties": set_},
                {"event": "$identify", "distinct_id": "u2", "properties": merge},
                {"event": "$groupidentify", "distinct_id": "u2", "properties": group},
            ],
        )
        s.drain()
        assert s.cli_lines("dlq", "list") == []
    assert (
        server.sql(
            "SELECT p.properties, count(*) FROM posthog_person p "
            "JOIN posthog_persondistinctid d ON d.person_id = p.id "
            "WHERE NOT p.is_deleted AND NOT d.is_deleted GROUP BY p.id",
            "manual",
        )[0][1]
        == "2"
    )
    server.drop_db("manual")


def test_a_schema_of_another_name(server, db, program, monkeypatch):
    monkeypatch.setenv("SLUICE_TEST_POSTGRES_SCHEMA", 'My "own"')
    done = program("pg_schema", server.url(db))
    assert 'INVALID: the Postgres schema My "own" is not there' in done.stdout
    server.sql('CREATE SCHEMA "My ""own"""', db)
    assert flags(program("pg_schema", server.url(db)))["made_by_sluice"] == "1"
    assert server.sql(
        "SELECT DISTINCT schemaname FROM pg_tables WHERE tablename ~ 'posthog'", db
    ) == [['My "own"']]


def test_a_database_of_a_newer_sluice_is_refused(server, db, program):
    flags(program("pg_schema", server.url(db)))
    server.sql("INSERT INTO sluice.migration VALUES ('sluice/999_x.sql', 1)", db)
    done = program("pg_schema", server.url(db))
    assert done.stdout.startswith("UNSUPPORTED: ") and "999_x" in done.stdout


def test_a_database_that_is_not_utf8_is_refused(server, program):
    server.sql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    done = program("pg_schema", server.url("latin"))
    server.drop_db("latin")
    assert done.stdout.startswith("UNSUPPORTED: ") and "UTF8" in done.stdout


def test_many_nodes_start_at_once(server, db, program, monkeypatch):
    import pathlib

    from sluicetest import binary

    path = pathlib.Path(binary()).parent / "tests" / "postgres" / "pg_schema"
    monkeypatch.setenv("SLUICE_TEST_POSTGRES_URL", server.url(db))
    nodes = [
        subprocess.Popen([str(path)], stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    for node in nodes:
        out, _ = node.communicate(timeout=60)
        assert node.returncode == 0, out
        assert "made_by_sluice=1" in out
    assert server.sql("SELECT count(*) FROM sluice.migration", db) == [
        [str(len(FILES))]
    ]

"""The door to Postgres (src/pg) against a server."""

TABLES = """
CREATE TABLE test_row (id int8 PRIMARY KEY, text text NOT NULL);
INSERT INTO test_row VALUES (1, 'a'), (2, 'b');
CREATE TABLE test_child (row_id int8 NOT NULL
    REFERENCES test_row (id) DEFERRABLE INITIALLY DEFERRED);
"""


def test_client(server, db, program):
    server.sql(TABLES, db)
    server.sql(
        f"""ALTER ROLE sluice IN DATABASE {db} SET synchronous_commit = off;
        ALTER ROLE sluice IN DATABASE {db} SET timezone = 'Asia/Tokyo';
        ALTER ROLE sluice IN DATABASE {db} SET search_path = pg_catalog;
        ALTER ROLE sluice IN DATABASE {db} SET statement_timeout = 1;
        ALTER ROLE sluice IN DATABASE {db}
        SET default_transaction_isolation = 'serializable'"""
    )
    done = program("pg_client", server.url(db))
    assert done.returncode == 0, done.stdout + done.stderr
    assert server.PASSWORD not in done.stdout + done.stderr

"""The SQL console over the API."""

import threading
import time
import uuid

import pytest
from sluicetest import eventually

SLOW = "SELECT count() FROM numbers(900000000) WHERE sipHash64(toString(number)) = 1"


def run(api, query, **more):
    return api("POST", "/sql/console", {"query": query, **more})


def test_a_result_has_columns_types_and_rows(api, project):
    status, answer = run(
        api,
        "SELECT event, count() AS n, toDecimal64(1.5, 1) AS d, nan AS f, NULL AS z"
        f" FROM events WHERE team_id = {project['id']} GROUP BY event ORDER BY event",
    )
    assert status == 200, answer
    assert answer["columns"][:2] == [
        {"name": "event", "type": "String"},
        {"name": "n", "type": "UInt64"},
    ]
    assert answer["rows"][0] == ["bought", "10", "1.5", "nan", None]
    assert answer["n_rows"] == 3 and answer["truncated"] is False
    assert answer["statistics"]["rows_read"] >= 30


def test_rows_over_the_limit_are_cut_and_told(api, project):
    _, answer = run(api, "SELECT number, 'x]' FROM numbers(5000)")
    assert answer["n_rows"] == 100 == len(answer["rows"])
    assert answer["rows"][99] == ["99", "x]"] and answer["truncated"] is True
    _, answer = run(api, "SELECT number FROM numbers(100)")
    assert answer["n_rows"] == 100 and answer["truncated"] is False
    _, answer = run(api, "SELECT number FROM numbers(0)")
    assert answer["rows"] == [] and answer["n_rows"] == 0


@pytest.mark.parametrize(
    ("query", "message", "line", "column"),
    [
        ("selec 1", "The query is not understood at: 1.", 1, 7),
        ("select 1,\n  foo from events", "There is no column foo.", 2, 3),
        ("select * from nope", "There is no table nope.", 1, 15),
        ("select coun(1)", "There is no function coun. Maybe you meant count.", 1, 8),
        ("drop table events", "The console only reads: begin with", None, None),
        ("select file('/etc/passwd')", "The function file is not allowed", None, None),
        ("select * from system.processes", "The table system.processes", None, None),
        ("select 1; select 2", "One statement at a time.", 1, 9),
        ("select sum(1) from numbers(9e10)", "The query would read more", None, None),
    ],
)
def test_errors_say_what_and_where(api, project, query, message, line, column):
    status, answer = run(api, query)
    assert status == 400
    assert answer["error"]["message"].startswith(message), answer
    assert answer["error"].get("line") == line
    assert answer["error"].get("column") == column
    assert answer["error"]["detail"].startswith("Code: ")


# Before it is known, at a statement that comes before it, and while it runs.
@pytest.mark.parametrize("after_ms", [0, 2, 5, 10, 20, 50, 300])
def test_a_query_is_cancelled_by_its_id(api, project, after_ms):
    got = {}
    id = str(uuid.uuid4())

    def go():
        got["answer"] = run(api, SLOW, id=id)

    thread = threading.Thread(target=go)
    thread.start()
    time.sleep(after_ms / 1000)
    eventually(
        lambda: api("DELETE", f"/sql/console/{id}")[0] != 404, 20, "the query is found"
    )
    thread.join()
    assert got["answer"][0] == 400
    assert got["answer"][1]["error"]["message"] == "The query was cancelled."
    assert api("DELETE", f"/sql/console/{id}")[0] == 404
    assert api("DELETE", "/sql/console/x")[0] == 400


def test_two_run_at_once_and_a_third_is_told(api, project):
    """explore-1: and the API goes on answering meanwhile."""
    ids = [str(uuid.uuid4()) for _ in range(2)]
    deadline = time.monotonic() + 15

    def hold(id):
        """The questions below may take its place for a moment."""
        while run(api, SLOW, id=id)[0] == 503:
            assert time.monotonic() < deadline

    threads = [threading.Thread(target=hold, args=(i,)) for i in ids]
    for thread in threads:
        thread.start()
    while True:
        status, answer = run(api, "SELECT 1")
        if status == 503:
            break
        assert time.monotonic() < deadline
        time.sleep(0.2)  # leaves its place to one that waits for it
    assert "queries run already" in answer["error"]["message"]
    begin = time.monotonic()
    assert api("GET", "/status")[0] == 200
    assert time.monotonic() - begin < 2
    for id in ids:
        assert api("DELETE", f"/sql/console/{id}")[0] == 200
    for thread in threads:
        thread.join()
    assert run(api, "SELECT 1")[0] == 200


def test_the_administrators_query_is_as_before(sluice, project):
    where = f"WHERE team_id = {project['id']}"
    assert sluice.sql(f"SELECT count() AS n FROM events {where}") == [{"n": 30}]
    assert sluice.sql("SELECT 1 AS a SETTINGS max_threads = 1") == [{"a": 1}]


def test_what_is_typed_can_be_completed(api, project):
    answer = api.good("GET", f"/sql/schema?project={project['id']}")
    tables = {t["name"]: t["columns"] for t in answer["tables"]}
    assert {"name": "event", "type": "String"} in tables["events"]
    assert not any(name.startswith(("kafka_", "sharded_")) for name in tables)
    assert "windowFunnel" in answer["functions"]
    assert set(answer["events"]) == {"signed up", "viewed", "bought"}
    assert {"plan", "n", "email"} <= set(answer["properties"])
    for table in tables:
        assert run(api, f"SELECT * FROM {table} LIMIT 1")[0] == 200, table


def test_queries_are_kept(api, project):
    made = api.good(
        "POST",
        "/sql/saved",
        {"name": "one", "query": "select 1", "chart": {"kind": "bar"}},
    )
    assert made["chart"] == {"kind": "bar"} and made["is_own"] is True
    path = f"/sql/saved/{made['id']}"
    changed = api.good("PUT", path, {"name": "two", "query": "x", "is_shared": True})
    assert changed["name"] == "two" and changed["is_shared"] is True
    assert api.good("GET", path) == changed
    assert changed in api.good("GET", "/sql/saved")["items"]
    assert api("POST", "/sql/saved", {"name": "", "query": "x"})[0] == 400
    assert api("POST", "/sql/saved", {"name": "a"})[0] == 400
    assert api.good("DELETE", path) == {"deleted": True}
    assert api("GET", path)[0] == 404

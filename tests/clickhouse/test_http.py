"""ClickHouse's HTTP interface, as clients use it."""

import gzip
import json
import socket
import urllib.parse
import zlib

import pytest
from host import ask, child, value
from sluicetest import eventually


def get(sluice, query, **params):
    text = urllib.parse.urlencode({"query": query, **params})
    status, head, body = sluice.http("clickhouse", "/?" + text)
    return status, head, body.decode()


def test_ping_and_empty_get_say_ok(sluice):
    for path in ("/ping", "/", "/replicas_status"):
        status, _, body = sluice.http("clickhouse", path)
        assert (status, body) == (200, b"Ok.\n")
    assert sluice.http("clickhouse", "/nothing")[0] == 404


def test_query_in_url_in_body_and_in_both(sluice):
    assert get(sluice, "SELECT 1")[2] == "1\n"
    assert ask(sluice, "SELECT 2")[2] == "2\n"
    assert ask(sluice, "1 + 2", query="SELECT")[2] == "3\n"
    assert ask(sluice, "SELECT 4;")[2] == "4\n"


def test_the_database_is_default_unless_named(sluice):
    assert ask(sluice, "SELECT currentDatabase()")[2] == "default\n"
    text = ask(sluice, "SELECT currentDatabase()", database="posthog")[2]
    assert text == "posthog\n"
    assert ask(sluice, "SELECT count() FROM posthog.events")[0] == 200
    header = {"X-ClickHouse-Database": "posthog"}
    assert ask(sluice, "SELECT count() FROM events", headers=header)[0] == 200


def test_the_command_line_uses_the_database_of_the_tables(sluice):
    assert sluice.cli("sql", "SELECT count() >= 0 FROM events").strip() == "1"
    assert sluice.sql("SELECT 5 AS a, 'x' AS b") == [{"a": 5, "b": "x"}]


def test_format_clause_goes_before_default_format(sluice):
    _, head, text = ask(sluice, "SELECT 1 AS a", default_format="JSONEachRow")
    assert json.loads(text) == {"a": 1}
    assert head["X-ClickHouse-Format"] == "JSONEachRow"
    _, head, text = ask(sluice, "SELECT 1 FORMAT CSV", default_format="JSON")
    assert text == "1\n"
    assert head["Content-Type"].startswith("text/csv")
    _, head, text = ask(sluice, "SELECT number FROM numbers(2000000) FORMAT JSON")
    assert json.loads(text)["rows"] == 2000000


@pytest.mark.parametrize(
    ("query", "params", "status", "code"),
    [
        ("SELEC 1", {}, 400, 62),
        ("SELECT 1; SELECT 2", {}, 400, 62),
        ("SELECT 1; SELEC 2", {}, 400, 62),
        ("CREATE DATABASE nope; SELEC 2", {}, 400, 62),
        ("SELECT 1 FROM nope", {}, 404, 60),
        ("", {}, 400, 62),
        ("SELECT nope", {}, 404, 47),
        ("SELECT * FROM nope", {}, 404, 60),
        ("SELECT nope()", {}, 404, 46),
        ("SELECT 1", {"database": "nope"}, 404, 81),
        ("SELECT 1", {"no_such_setting": "1"}, 404, 115),
        ("SELECT 1", {"max_execution_time": "abc"}, 400, 72),
        ("SELECT 1", {"compress": "1"}, 501, 48),
        ("SELECT 1 FORMAT Nope", {}, 404, 73),
        ("SELECT {x:Int32}", {}, 500, 456),
        ("SELECT throwIf(1)", {}, 500, 395),
        ("SELECT 1 INTO OUTFILE 'x'", {}, 500, 345),
        ("SELECT sleep(3)", {"max_execution_time": "0.3"}, 408, 159),
    ],
)
def test_errors_have_clickhouse_codes_and_statuses(sluice, query, params, status, code):
    got, head, text = ask(sluice, query, **params)
    assert (got, head["X-ClickHouse-Exception-Code"]) == (status, str(code)), text
    assert text.startswith(f"Code: {code}. DB::Exception: ")


def test_get_is_read_only(sluice):
    status, head, _ = get(sluice, "CREATE TABLE posthog.nope (a Int8) ENGINE Memory")
    assert status != 200
    assert head["X-ClickHouse-Exception-Code"] == "164"


def test_gzip_both_ways(sluice):
    body = gzip.compress(b"SELECT 7")
    header = {"Content-Encoding": "gzip"}
    assert ask(sluice, body, headers=header)[2] == "7\n"
    assert ask(sluice, body[:-12], headers=header)[0] == 400
    for n in (3, 3000000):  # whole, and streamed
        _, head, packed = sluice.http(
            "clickhouse",
            "/?enable_http_compression=1",
            f"SELECT number FROM numbers({n})".encode(),
            {"Accept-Encoding": "gzip"},
        )
        assert head["Content-Encoding"] == "gzip"
        want = "".join(f"{i}\n" for i in range(n))
        assert gzip.decompress(packed).decode() == want
    _, head, _ = sluice.http(
        "clickhouse", "/", b"SELECT 1", {"Accept-Encoding": "gzip"}
    )
    assert head["Content-Encoding"] is None


# clickhouse-6
def test_settings_of_a_request_end_with_it(sluice):
    one = ask(sluice, "SELECT getSetting('max_threads')", max_threads="1")[2]
    assert one == "1\n"
    assert ask(sluice, "SET max_threads = 1")[0] == 200
    assert value(sluice, "SELECT getSetting('max_threads')") == "2"


def test_parameters(sluice):
    text = ask(sluice, "SELECT {x:Int32} + 1, {s:String}", param_x="4", param_s="%27b")
    assert text[2] == "5\t\\'b\n"


def test_summary_and_headers(sluice):
    _, head, _ = ask(sluice, "SELECT sum(number) FROM numbers(1000)")
    summary = json.loads(head["X-ClickHouse-Summary"])
    assert int(summary["read_rows"]) == 1000
    assert len(head["X-ClickHouse-Query-Id"]) == 36
    assert head["X-ClickHouse-Timezone"] == "UTC"


# clickhouse-7
def test_data_of_inserts_is_taken_as_it_is(sluice):
    ask(sluice, "CREATE TABLE posthog.t (a Int32, b String) ENGINE Memory")
    query = urllib.parse.quote("INSERT INTO posthog.t FORMAT CSV")
    for body in ('1,"x;y\n\nz"\n2,two\n', ""):
        assert ask(sluice, body, query=query)[0] == 200
    assert ask(sluice, "INSERT INTO posthog.t VALUES (3, ';'), (4, '');")[0] == 200
    rows = "INSERT INTO posthog.t FORMAT JSONEachRow\n" + '{"a":5}\n\n{"a":6}\n'
    _, head, _ = ask(sluice, rows)
    assert json.loads(head["X-ClickHouse-Summary"])["written_rows"] == "2"
    bad = ask(sluice, "one,x\n", query=query)
    assert bad[0] == 400
    text = ask(sluice, "SELECT * FROM posthog.t ORDER BY a FORMAT JSONCompactEachRow")
    assert [json.loads(x) for x in text[2].splitlines()] == [
        [1, "x;y\n\nz"],
        [2, "two"],
        [3, ";"],
        [4, ""],
        [5, ""],
        [6, ""],
    ]
    ask(sluice, "DROP TABLE posthog.t")


def test_an_error_in_mid_stream_breaks_the_answer_off(sluice):
    query = b"SELECT throwIf(number = 2000000) FROM numbers(3000000)"
    with socket.create_connection(("127.0.0.1", sluice.ports["clickhouse"])) as s:
        s.settimeout(30)
        head = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(query)}"
        s.sendall(head.encode() + b"\r\n\r\n" + query)
        answer = b""
        while piece := s.recv(1 << 20):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"Code: 395. DB::Exception" in answer[-1000:]
    assert not answer.endswith(b"\r\n0\r\n\r\n")  # no proper end


def test_a_client_that_leaves_ends_its_query(sluice):
    query = b"SELECT number, toString(number) FROM numbers(2000000000)"
    with socket.create_connection(("127.0.0.1", sluice.ports["clickhouse"])) as s:
        head = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(query)}"
        s.sendall(head.encode() + b"\r\n\r\n" + query)
        assert s.recv(15) == b"HTTP/1.1 200 OK"
    eventually(
        lambda: value(sluice, "SELECT count() FROM system.processes") == "1",
        20,
        "the query is cancelled",
    )


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "localhost:8123"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:3000"}, 200),
    ],
)
def test_other_hosts_and_sites_are_refused(sluice, headers, status):
    assert ask(sluice, "SELECT 1", headers=headers)[0] == status


@pytest.mark.parametrize("path", ["/etc/shadow", "DATA/config.db", "DATA/ports.json"])
def test_sql_reaches_no_file_but_its_own(sluice, path):
    path = path.replace("DATA", sluice.data)
    status, _, text = ask(sluice, f"SELECT * FROM file('{path}', 'RawBLOB')")
    assert status != 200
    assert "Permission denied" in text


def test_the_memory_limit_of_a_query_is_kept(sluice):
    query = "SELECT groupArray(toString(number)) FROM numbers(100000000)"
    _, head, _ = ask(sluice, query)
    assert head["X-ClickHouse-Exception-Code"] == "241"
    assert ask(sluice, "SELECT 1")[2] == "1\n"


def test_clickhouse_connect(sluice):
    import clickhouse_connect

    client = clickhouse_connect.get_client(
        host="127.0.0.1", port=sluice.ports["clickhouse"], database="posthog"
    )
    assert client.server_version.startswith("26.7.")
    rows = client.query("SELECT number, toString(number) FROM numbers(300000)")
    assert rows.result_rows[-1] == (299999, "299999")
    client.command("CREATE TABLE c (a Int32, b String) ENGINE = Memory")
    data = [[i, f"x\n\n;{i}"] for i in range(5000)]
    client.insert("c", data, column_names=["a", "b"])
    got = client.query("SELECT a, b FROM c ORDER BY a").result_rows
    assert got == [tuple(row) for row in data]
    bound = client.query("SELECT {x:String}", parameters={"x": "a'b\\\n"})
    assert bound.result_rows == [("a'b\\\n",)]
    with pytest.raises(Exception, match="code: 60"):
        client.query("SELECT * FROM nope")
    client.command("DROP TABLE c")
    client.close()


def test_bombs_and_garbage_leave_it_running(sluice):
    pid = child(sluice)["pid"]
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(1024))
    bomb += packer.flush()
    status, _, text = ask(sluice, bomb, headers={"Content-Encoding": "gzip"})
    assert (status, text.split(".")[0]) == (400, "Code: 117")
    port = sluice.ports["clickhouse"]
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
    for start in (b"\0\xff" * 4000, b"GET /" + b"x" * 100000, head + b"\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port)) as s:
            s.sendall(start)
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.settimeout(10)
        s.sendall(head + b"Content-Length: 1073741824\r\n\r\n")
        assert s.recv(12) == b"HTTP/1.1 413"
    assert ask(sluice, "SELECT 1")[2] == "1\n"
    assert child(sluice)["pid"] == pid

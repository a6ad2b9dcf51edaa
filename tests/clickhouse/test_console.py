"""What the console's role may and may not (clickhouse-10)."""

import json
import threading
import urllib.parse

import pytest
from host import ask, event, produce, ready_child, value
from sluicetest import eventually


def console(sluice, text, **settings):
    """(status, answer) of a query as the admin's console asks it."""
    settings = {
        "max_execution_time": "10",
        "max_memory_usage": "300000000",
        "max_result_bytes": "1000000",
        "result_overflow_mode": "throw",
        "limit": "11",
        **settings,
    }
    settings = {k: urllib.parse.quote(str(v)) for k, v in settings.items()}
    status, _, answer = ask(
        sluice, text, sluice_console="1", database="posthog", **settings
    )
    return status, answer


@pytest.fixture(scope="module")
def filled(sluice):
    ready_child(sluice)
    produce(sluice, "clickhouse_events_json", [event(n) for n in range(20)])
    eventually(
        lambda: value(sluice, "SELECT count() FROM events") == "20",
        30,
        "the events are there",
    )
    return sluice


def test_it_reads(filled):
    status, answer = console(
        filled, "SELECT event, count() AS n FROM events GROUP BY 1"
    )
    assert status == 200, answer
    answer = json.loads(answer)
    assert [c["name"] for c in answer["meta"]] == ["event", "n"]
    assert answer["data"] == [["made", "20"]] or answer["data"] == [["made", 20]]
    for text in [
        "-- a comment\nselect 1 /* and one */",
        "from events select count()",
        "with x as (select 1 as a) select a from x union all select 2",
        "explain select count() from events",
        "explain ast select 1",
        "describe events",
        "show tables",
        "show create table events",
        "exists table events",
        "select name from system.columns where table = 'events'",
        "select number from numbers(3)",
        "select $h$it's file('/etc/passwd')$h$",
        "select dictGetOrDefault('posthog.person_distinct_id_overrides_dict',"
        " 'person_id', (toInt64(1), 'd'), generateUUIDv4())",
    ]:
        status, answer = console(filled, text)
        assert status == 200, (text, answer)


HOSTILE = [
    # Writing, and statements that are none of reading.
    "insert into events (event) values ('x')",
    "insert into function file('/tmp/x.csv') select 1",
    "insert into function url('http://127.0.0.1:1/', 'CSV', 'a Int8') select 1",
    "create table t (a Int8) engine = Memory",
    "create temporary table t (a Int8)",
    "create view v as select 1",
    "create function f as x -> x",
    "create named collection c as a = 1",
    "create dictionary d (a Int8) primary key a source(file(path '/etc/passwd'"
    " format 'LineAsString')) layout(flat()) lifetime(0)",
    "create database d engine = Filesystem('/')",
    "create user u",
    "alter table sharded_events delete where 1",
    "truncate table sharded_events",
    "drop table events",
    "optimize table sharded_events final",
    "rename table events to e2",
    "attach table x from '/tmp' (a Int8) engine = MergeTree order by a",
    "set max_execution_time = 0",
    "set role sluice_all",
    "set readonly = 0",
    "use system",
    "execute as default select 1",
    "grant sluice_all to default",
    "kill query where 1",
    "system shutdown",
    "system drop mark cache",
    "backup table events to Disk('default', 'x')",
    "show processlist",
    "show create user default",
    "show grants",
    "show access",
    "begin transaction",
    "select 1; select 2",
    "select 1; drop table events",
    "select 1;\nset role sluice_all",
    # Files and the network.
    "select * from file('/etc/passwd', 'LineAsString')",
    "select file('/etc/passwd')",
    "select FILE('/etc/passwd')",
    "select `file`('/etc/passwd')",
    "select \"file\"('/etc/passwd')",
    "select fi/**/le('/etc/passwd')",
    "select file/**/('/etc/passwd')",
    "select file --\n('/etc/passwd')",
    "select arrayMap(x -> file(x), ['/etc/passwd'])",
    "select * apply(file) from (select '/etc/passwd')",
    "select * apply file from (select '/etc/passwd')",
    "select columns('a') apply(file) from (select '/etc/passwd' as a)",
    "with (select file('/etc/passwd')) as x select x",
    "select 1 where file('/etc/passwd') = 'a'",
    "select 1 from events join (select file('/etc/passwd') as f) on 1",
    "select * from default.`/etc/passwd`",
    "select * from '/etc/passwd'",
    "select * from `/etc/passwd`",
    "select * from url('http://127.0.0.1:1/', 'CSV', 'a Int8')",
    "select * from urlCluster('default', 'http://127.0.0.1:1/', 'CSV', 'a Int8')",
    "select * from s3('http://127.0.0.1:1/bucket/x.csv')",
    "select * from remote('127.0.0.1', system.one)",
    "select * from remoteSecure('127.0.0.1', system.one)",
    "select * from cluster('default', system.one)",
    "select * from clusterAllReplicas('default', system.one)",
    "select * from mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "select * from postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "select * from sqlite('/tmp/x', 't')",
    "select * from mongodb('127.0.0.1:1', 'd', 'c', 'u', 'p', 'a Int8')",
    "select * from redis('127.0.0.1:1', 'k', 'k String')",
    "select * from jdbc('x', 'y')",
    "select * from odbc('DSN=x', 'y')",
    "select * from hdfs('hdfs://127.0.0.1:1/x', 'CSV', 'a Int8')",
    "select * from executable('x', 'CSV', 'a Int8')",
    "select * from azureBlobStorage('x', 'y', 'z')",
    "select * from deltaLake('http://127.0.0.1:1/b/')",
    "select * from icebergLocal('/etc')",
    "select * from filesystem('/')",
    "select catboostEvaluate('/etc/passwd', 1)",
    "select aiGenerate('x', 'y')",
    "desc file('/etc/passwd')",
    "describe table url('http://127.0.0.1:1/', 'CSV')",
    "explain select * from file('/etc/passwd')",
    "explain table override mysql('127.0.0.1:1', 'd', 't', 'u', 'p') columns (a Int8)",
    "exists table system.processes",
    # Round about.
    "select * from eval('select file(''/etc/passwd'')')",
    "select * from merge('system', 'processes')",
    "select * from merge(REGEXP('.*'), 'users')",
    "select * from loop(system.processes)",
    "select * from view(select * from system.processes)",
    "select * from viewIfPermitted(select 1 else null('a Int8'))",
    "select * from viewExplain('EXPLAIN', '', (select 1))",
    "select * from dictionary('posthog.person_distinct_id_overrides_dict')",
    "select * from mergeTreeIndex('posthog', 'sharded_events')",
    "select * from input('a Int8')",
    "select joinGet('system.x', 'a', 1)",
    # The server's own tables.
    "select * from system.processes",
    "select * from `system`.`processes`",
    'select * from "system"."processes"',
    "select * from system . processes",
    "select * from system/**/.processes",
    "select 1 in system.processes",
    "select query from (select * from system.query_log)",
    "with p as (select * from system.processes) select * from p",
    "select * from system.users",
    "select * from system.named_collections",
    "select * from system.server_settings",
    "select * from system.settings",
    "select * from system.kafka_consumers",
    "select * from system.disks",
    "select * from system.errors",
    "show create table system.users",
    # Where the result goes, and settings.
    "select 1 into outfile '/tmp/sluice-console-out'",
    "select 1 into outfile '/tmp/x' append and stdout",
    "select 1 format JSON",
    "select 1 format Null",
    "explain ast select 1 format Null",
    "select 1 settings readonly = 0",
    "select 1 settings max_execution_time = 0",
    "select * from (select 1 settings max_execution_time = 0)",
    "select 1 where 1 in (select 1 settings max_memory_usage = 0)",
    "with x as (select 1 settings max_memory_usage = 0) select * from x",
    "select 1 settings log_comment = 'x', stream_like_engine_allow_direct_select = 1",
    # Reading a stream would take its records away.
    "select * from kafka_events_json",
    # Holding up.
    "select sleep(3)",
    "select sleepEachRow(1) from numbers(100)",
    # Parameters.
    "select {a:String}",
    "select * from {a:Identifier}",
    # No statement at all.
    "",
    ";",
    "-- nothing",
    "selec 1",
    "\\q",
    "exit",
    "\x00",
]


def test_hostile_queries_are_refused(filled):
    got_through = []
    for text in HOSTILE:
        status, answer = console(filled, text)
        if status == 200:
            got_through.append((text, answer[:200]))
        assert "root:" not in answer, text
    assert got_through == []
    # And nothing of it was done, and nobody is locked out.
    assert value(filled, "SELECT count() FROM events") == "20"
    assert value(filled, "SELECT 1 + 1") == "2"


def test_every_table_function_is_known(filled):
    """A library with a new table function must not open a door unseen."""
    fine = {
        "SQLStandardValues",
        "format",
        "generateRandom",
        "generateSeries",
        "generate_series",
        "null",
        "numbers",
        "numbers_mt",
        "primes",
        "values",
        "view",
        "zeros",
        "zeros_mt",
    }
    names = value(filled, "SELECT name FROM system.table_functions").split()
    assert len(names) > 50
    for name in set(names) - fine:
        status, answer = console(filled, f"SELECT * FROM {name}(a)")
        assert status == 403 and "not allowed here" in answer, (name, answer)


def test_limits(filled):
    status, answer = console(
        filled,
        "SELECT count() FROM numbers(100000000000) WHERE sipHash64(number) = 1",
        max_execution_time=1,
    )
    assert status == 408 and "TIMEOUT_EXCEEDED" in answer
    status, answer = console(
        filled, "SELECT groupArray(number) FROM numbers(1000000000)"
    )
    assert status != 200 and "MEMORY_LIMIT_EXCEEDED" in answer
    status, answer = console(
        filled, "SELECT count() FROM numbers(1000000)", max_rows_to_read=1000
    )
    assert status != 200 and "TOO_MANY_ROWS" in answer
    status, answer = console(filled, "SELECT repeat('x', 1000000) FROM numbers(9)")
    assert status != 200 and "TOO_MANY_ROWS_OR_BYTES" in answer
    status, answer = console(filled, "SELECT number FROM numbers(1000000)")
    assert status == 200 and len(json.loads(answer)["data"]) == 11


def test_a_running_query_is_cancelled_by_its_mark(filled):
    got = {}

    def run():
        got["answer"] = console(
            filled,
            "SELECT count() FROM numbers(100000000000) WHERE sipHash64(number) = 1",
            log_comment="mark-1",
        )

    thread = threading.Thread(target=run)
    thread.start()
    kill = "KILL QUERY WHERE Settings['log_comment'] = 'mark-1' ASYNC"

    def ended():
        # Again and again: statements before the query have its mark too.
        value(filled, kill)
        return not thread.is_alive()

    eventually(ended, 15, "the query is cancelled")
    assert "QUERY_WAS_CANCELLED" in got["answer"][1]

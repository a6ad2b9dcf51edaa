"""Events to persons in Postgres and to the output topics, exactly once."""

import json
import os
import threading

import pytest
from flow_kit import (
    Proxy,
    arm,
    assert_each_once,
    assert_versions,
    events,
    marker,
    metric,
    needs_fault_points,
    node,
    persons,
    rows,
    trouble,
    uuids,
    wait_death,
)
from sluicetest import CommandFailed, Sluice, eventually


def test_events_become_persons_and_rows(server, db):
    with node(server.url(db)) as s:
        project = s.project()
        many = events(200, 10)
        s.send(project["api_token"], many)
        s.drain()
        assert_each_once(s, many)
        found = persons(server, db)
        assert set(found) == {f"u{i}" for i in range(10)}
        assert found["u3"] == (19, {"last": 193, **creator(found["u3"])})
        last = {r["id"]: r for r in rows(s, "clickhouse_person")}
        assert {r["version"] for r in last.values()} == {19}
        assert len(rows(s, "clickhouse_person_distinct_id")) == 10
        assert not s.cli_lines("dlq", "list")
        assert s.cli_json("audit")["differences"] == []


def creator(person):
    return {"$creator_event_uuid": person[1]["$creator_event_uuid"]}


def test_a_restart_goes_on(server, db):
    with node(server.url(db)) as s:
        token = s.project()["api_token"]
        many = []
        for _ in range(4):
            more = events(60, 7)
            s.send(token, more)
            many += more
            s.stop()
            s.start()
        s.drain()
        assert_each_once(s, many)
        before = marker(server, db)
        s.kill()
        s.start()
        more = events(60, 7)
        s.send(token, more)
        s.drain()
        assert_each_once(s, many + more)
        assert marker(server, db)[0] > before[0]


def test_a_person_is_deleted(server, db):
    with node(server.url(db)) as s:
        project = s.project()
        token = project["api_token"]
        many = events(10, 2)
        s.send(token, many)
        s.drain()
        where = ("--project", project["id"], "--distinct-id", "u1")
        s.cli("person", "delete", *where)
        assert set(persons(server, db)) == {"u0"}
        gone = [r for r in rows(s, "clickhouse_person") if r["is_deleted"]]
        assert len(gone) == 1
        assert gone[0]["version"] > 4
        ids = rows(s, "clickhouse_person_distinct_id")
        assert [r["distinct_id"] for r in ids if r["is_deleted"]] == ["u1"]
        with pytest.raises(CommandFailed):
            s.cli("person", "show", *where)
        # It comes back as a new one, with a version over the deletion's.
        more = events(2, 2)
        s.send(token, more)
        s.drain()
        back = [r for r in rows(s, "clickhouse_person") if not r["is_deleted"]]
        assert back[-1]["version"] > gone[0]["version"]
        assert_each_once(s, many + more)


def test_two_nodes_share_persons(server, db):
    """pipeline-13. Both write the same persons all the time: conflicts are done
    again, and each person has had each event once."""
    url = server.url(db)
    with node(url, **{"ingest.batch_events": "40"}) as a:
        token = a.project()["api_token"]
        with node(url, **{"ingest.batch_events": "40"}) as b:
            eventually(lambda: is_known(b, token), 40, "project known to both")
            # Reversed, so that the order of the rows in two batches differs.
            mine = [events(40, 8, node="a") for _ in range(25)]
            yours = [events(40, 8, node="b")[::-1] for _ in range(25)]
            both = [
                threading.Thread(target=send_all, args=(s, token, many))
                for s, many in ((a, mine), (b, yours))
            ]
            for t in both:
                t.start()
            for t in both:
                t.join()
            a.drain()
            b.drain()
            assert_each_once(a, sum(mine, []))
            assert_each_once(b, sum(yours, []))
            versions = {}
            for s in (a, b):
                for r in rows(s, "clickhouse_person"):
                    # One message of a version: no two nodes made the same.
                    assert (r["id"], r["version"]) not in versions
                    versions[r["id"], r["version"]] = json.loads(r["properties"])
            for version, properties in persons(server, db).values():
                newest = [
                    v for v in versions if versions[v] == properties and v[1] == version
                ]
                assert newest, "the stored person is the newest message"
            assert len(marker(server, db)) == 2


def is_known(sluice, token):
    status, _, _ = sluice.http(
        "capture",
        "/batch/",
        json.dumps({"api_key": token, "batch": []}).encode(),
        {"Content-Type": "application/json"},
    )
    return status != 401


def send_all(sluice, token, batches):
    for many in batches:
        sluice.send(token, many)


@pytest.mark.parametrize("how", ["before", "after"])
def test_a_commit_without_an_answer(server, db, how):
    """pipeline-11"""
    proxy = Proxy(server.port)
    url = server.url(db, sslmode="disable").replace(
        f":{server.port}/", f":{proxy.port}/"
    )
    try:
        with node(url) as s:
            token = s.project()["api_token"]
            many = []
            for i in range(6):
                proxy.cut = how if i % 2 else None
                more = events(30, 4)
                s.send(token, more)
                many += more
                s.drain()
            assert proxy.n_cut == 3
            assert_each_once(s, many)
            assert_versions(server, db, many)
            assert metric(s, "sluice_ingest_postgres_in_doubt_total") == 3
            assert s.cli_json("audit")["differences"] == []
    finally:
        proxy.close()


@pytest.mark.parametrize(
    ("point", "is_there"), [("pipeline_prepared", False), ("pipeline_committed", True)]
)
def test_a_daemon_that_dies_between_the_stores(server, db, point, is_there):
    """pipeline-9"""
    with node(server.url(db)) as s:
        needs_fault_points(s)
        token = s.project()["api_token"]
        first = events(30, 4)
        s.send(token, first)
        s.drain()
        committed = marker(server, db)[0]
        arm(s, f"{point}:kill")
        second = events(30, 4)
        s.send(token, second)
        wait_death(s)
        assert marker(server, db) == [committed + is_there]
        arm(s, "")
        s.start()
        s.drain()
        said = "outcome=" + ("published" if is_there else "discarded")
        assert said in s.log()
        assert_each_once(s, first + second)
        assert_versions(server, db, first + second)
        third = events(30, 4)
        s.send(token, third)
        s.drain()
        assert_each_once(s, first + second + third)
        assert s.cli_json("audit")["differences"] == []


def test_prepared_rows_are_not_seen(server, db):
    """pipeline-9"""
    with node(server.url(db)) as s:
        needs_fault_points(s)
        token = s.project()["api_token"]
        arm(s, "pipeline_prepared:pause")
        s.send(token, events(10, 2))
        done = os.path.join(s.data, "faults.done")
        eventually(lambda: os.path.exists(done), 30, "the batch is prepared")
        assert s.records("clickhouse_events_json") == []
        assert s.records("clickhouse_person") == []
        assert persons(server, db) == {}
        arm(s, "")
        s.drain()
        assert len(s.records("clickhouse_events_json")) == 10


@pytest.mark.parametrize("is_stopped", [False, True])
def test_a_publication_that_fails_is_done_again(server, db, is_stopped):
    """The disk is full just then; Postgres has the persons already."""
    with node(server.url(db)) as s:
        needs_fault_points(s)
        token = s.project()["api_token"]
        many = events(30, 3)
        arm(s, "pipeline_publish:NO_SPACE:1+")
        s.send(token, many)
        eventually(lambda: "NO_SPACE" in json.dumps(trouble(s)), 30, "trouble")
        more = events(30, 3)
        s.send(token, more)
        assert s.records("clickhouse_events_json") == []
        assert_versions(server, db, many)
        if is_stopped:
            s.stop(timeout_s=20)
        arm(s, "")
        if is_stopped:
            s.start()
        s.drain()
        assert_each_once(s, many + more)
        assert_versions(server, db, many + more)


def test_poison_is_one_letter(server, db):
    with node(server.url(db)) as s:
        needs_fault_points(s)
        token = s.project()["api_token"]
        many = events(50, 4)
        poison = []
        for step in ("decode", "normalise", "persons", "output", "commit"):
            bad = events(1, 1)[0]
            bad["properties"] = {"$sluice_fault": step}
            poison.append(bad)
            many += [bad, *events(50, 4)]
        s.send(token, many)
        s.drain()
        assert_each_once(s, [e for e in many if e not in poison])
        letters = rows(s, "events_dead_letter_queue")
        assert {x["event_uuid"] for x in letters} == uuids(poison)


def test_properties_that_the_database_refuses(server):
    """PostHog's own limit counts the form on disk, which is larger than the text
    for many small numbers: changes of that person that grow are refused in this
    batch, all else goes on."""
    db = "pipeline_size"
    url = server.create_db(db, kind="posthog")
    token = server.create_team(db)
    with node(url) as s:
        many = events(20, 2)
        large = events(1, 1)[0]
        large["properties"] = {"$set": {f"n{i}": i for i in range(40000)}}
        s.send(token, [*many[:10], large, *many[10:]])
        s.drain()
        assert_each_once(s, [*many, large])
        found = persons(server, db)
        assert found["u1"][0] == 9
        assert "n1" not in found["u0"][1]
        kinds = {r["type"] for r in rows(s, "clickhouse_ingestion_warnings")}
        assert kinds == {"person_properties_size_violation"}
        name = 'sluice_ingest_postgres_redos_total{reason="size"}'
        assert metric(s, name) >= 1
    server.drop_db(db)


def test_a_value_that_the_database_cannot_hold(server, db):
    """A row that Postgres refuses for its data is one event's fault."""
    with node(server.url(db)) as s:
        token = s.project()["api_token"]
        server.sql(
            "ALTER TABLE posthog_person ADD CHECK (properties->>'bad' IS NULL)", db
        )
        many = events(60, 4)
        bad = events(1, 1, bad="value")[0]
        s.send(token, [*many[:30], bad, *many[30:]])
        s.drain()
        assert_each_once(s, many)
        (letter,) = rows(s, "events_dead_letter_queue")
        assert letter["event_uuid"] == bad["uuid"]
        assert letter["error_location"] == "plugin_server_ingest_event:commit"
        assert_versions(server, db, many)


def test_a_copied_folder_is_refused(server, db):
    """pipeline-12. An older state of the folder: the marker is ahead of it."""
    with node(server.url(db)) as s:
        token = s.project()["api_token"]
        many = events(10, 2)
        s.send(token, many)
        s.drain()
        s.stop()
        server.sql("UPDATE sluice.node SET batch = batch + 5", db)
        s.start(ready=False)
        more = events(10, 2)
        s.send(token, more)
        eventually(
            lambda: "one of them is a copy" in json.dumps(trouble(s)), 30, "refused"
        )
        assert persons(server, db)["u0"][0] == 4
        server.sql("UPDATE sluice.node SET batch = batch - 5", db)
        s.drain()
        assert_each_once(s, many + more)


def test_teams_of_a_project_share_group_types(server):
    """person-6: what two environments of a project send at once."""
    db = "teams_of_a_project"
    url = server.create_db(db, kind="posthog")
    tokens = [
        server.create_team(db, 1),
        server.create_team(db, 2, project_id=1),
    ]
    names = [("org", "site"), ("team", "org")]
    with node(url, **{"ingest.batch_wait_ms": "300"}) as s:
        for token, groups in zip(tokens, names, strict=True):
            one = events(1, 1)[0]
            one["properties"]["$groups"] = dict.fromkeys(groups, token)
            s.send(token, [one])
        s.drain()
        types = dict(
            server.sql(
                """SELECT group_type, group_type_index
                FROM posthog_grouptypemapping WHERE project_id = 1""",
                db,
            )
        )
        assert set(types) == {"org", "site", "team"}
        assert sorted(types.values()) == ["0", "1", "2"]
        found = {r["team_id"]: r for r in rows(s)}
        assert {r["project_id"] for r in found.values()} == {1}
        for team_id, groups in zip((1, 2), names, strict=True):
            properties = json.loads(found[team_id]["properties"])
            given = {k for k in properties if k.startswith("$group_")}
            assert given == {f"$group_{types[name]}" for name in groups}
    server.drop_db(db)


def test_persons_stay_in_their_store(server, db):
    with Sluice() as s:
        s.send(s.project()["api_token"], events(4, 2))
        s.drain()
        s.stop()
        s.settings["postgres.url"] = server.url(db)
        with pytest.raises(AssertionError, match="ended with 1"):
            s.start()
        s.process = None
        assert "keeps persons in SQLite" in s.log()
        s.settings["postgres.switch_store"] = "true"
        s.start()
        s.stop()
        del s.settings["postgres.switch_store"]
        s.start()
        token = s.project("other")["api_token"]
        s.send(token, events(4, 2))
        s.drain()
        s.stop()
        del s.settings["postgres.url"]
        with pytest.raises(AssertionError, match="ended with 1"):
            s.start()
        s.process = None
        assert "keeps its persons in Postgres" in s.log()

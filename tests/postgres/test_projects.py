"""Projects in Postgres: who may change them, and what is known while it is away."""

import json
import time
import uuid

import pytest
from sluicetest import CommandFailed, Sluice, eventually

SEEN_WITHIN_S = 15


def settings(url):
    return {"postgres.url": url, "roles": "capture,admin"}


def projects(s):
    return {p["id"]: p for p in s.cli_lines("project", "list")}


def status(s):
    return s.cli_json("status")


def send(s, token):
    event = {"api_key": token, "event": "hello", "distinct_id": "u"}
    return s.http(
        "capture",
        "/i/v0/e/",
        json.dumps(event).encode(),
        {"Content-Type": "application/json"},
    )[0]


def test_projects_of_a_database_of_our_own(server, db):
    with Sluice(settings=settings(server.url(db))) as s:
        made = s.project("shop", anonymize_ips=True, anonymize_ips_mode="truncate")
        token = made["api_token"]
        assert send(s, token) == 200
        row = server.sql(
            "SELECT id, project_id, name, api_token, anonymize_ips, heatmaps_opt_in "
            "FROM posthog_team",
            db,
        )
        assert row == [[str(made["id"])] * 2 + ["shop", token, "t", ""]]
        for setting, column, want in [
            (
                "drop_events_older_than_seconds=7200",
                "drop_events_older_than",
                "02:00:00",
            ),
            ("heatmaps_opt_in=false", "heatmaps_opt_in", "f"),
            ("recorder_script=lazy", "extra_settings ->> 'recorder_script'", "lazy"),
            ('recording_domains=["https://a.b"]', "recording_domains", "{https://a.b}"),
            (
                "session_recording_sample_rate=0.25",
                "session_recording_sample_rate",
                "0.25",
            ),
            (
                'session_recording_url_trigger_config=[{"url":"x","matching":"regex"}]',
                "session_recording_url_trigger_config[1] ->> 'url'",
                "x",
            ),
            ("person_update_all=true", "anonymize_ips", "t"),
            ("heatmaps_opt_in=null", "heatmaps_opt_in", ""),
        ]:
            s.cli("project", "set", made["id"], setting)
            assert server.sql(f"SELECT {column} FROM posthog_team", db) == (
                [[want]] if want else []
            )
        now = projects(s)[made["id"]]
        assert now["drop_events_older_than_seconds"] == 7200
        assert now["recorder_script"] == "lazy"
        assert now["recording_domains"] == ["https://a.b"]
        assert now["session_recording_sample_rate"] == 0.25
        assert now["person_update_all"] is True and now["anonymize_ips"] is True
        assert now["anonymize_ips_mode"] == "truncate"
        assert now["heatmaps_opt_in"] is None

        s.cli("project", "rotate-token", made["id"])
        fresh = projects(s)[made["id"]]["api_token"]
        assert fresh != token
        assert send(s, fresh) == 200 and send(s, token) == 200
        with pytest.raises(CommandFailed, match="token"):
            s.cli("project", "create", "--name", "b", "--token", fresh)
        # Another node has both tokens too.
        with Sluice(settings=settings(server.url(db))) as other:
            assert send(other, fresh) == 200 and send(other, token) == 200
        s.cli("project", "delete", made["id"])
        assert server.sql("SELECT count(*) FROM posthog_team", db) == [["0"]]
        assert send(s, fresh) == 401 and send(s, token) == 401


@pytest.mark.parametrize("kind", ["posthog", "posthog-old"])
def test_projects_of_posthog_are_read_only(server, kind):
    db = "projects_" + kind.replace("-", "_")
    server.create_db(db, kind)
    token = server.create_team(db, 7, anonymize_ips="true")
    before = server.sql("SELECT * FROM posthog_team", db)
    with Sluice(settings=settings(server.url(db))) as s:
        assert send(s, token) == 200
        got = projects(s)[7]
        assert got["api_token"] == token and got["name"] == "Project 7"
        assert got["anonymize_ips"] is True
        for command in [
            ("create", "--name", "x"),
            ("set", 7, "anonymize_ips=false"),
            ("rotate-token", 7),
            ("delete", 7),
        ]:
            with pytest.raises(CommandFailed, match="PostHog"):
                s.cli("project", *command)
        # Two at once: none is done when one is PostHog's.
        with pytest.raises(CommandFailed, match="PostHog"):
            s.cli("project", "set", 7, "dedupe_uuids=false", "anonymize_ips=false")
        assert projects(s)[7]["dedupe_uuids"] is True
        s.cli("project", "set", 7, "dedupe_uuids=false", "anonymize_ips_mode=truncate")
        assert projects(s)[7]["dedupe_uuids"] is False
        # A column that this age of PostHog has not is Sluice's own.
        if kind == "posthog-old":
            s.cli("project", "set", 7, "heatmaps_opt_in=false")
            assert projects(s)[7]["heatmaps_opt_in"] is False
        # team-5
        assert server.sql("SELECT * FROM posthog_team", db) == before
        # What PostHog changes is seen without a restart.
        second = server.create_team(db, 8)
        server.sql("UPDATE posthog_team SET anonymize_ips = false WHERE id = 7", db)
        eventually(lambda: send(s, second) == 200, SEEN_WITHIN_S, "a new project")
        assert projects(s)[7]["anonymize_ips"] is False
        assert projects(s)[7]["dedupe_uuids"] is False
    server.drop_db(db)


def test_settings_of_the_newest_posthog(server):
    db = "team_settings"
    server.create_db(db, "posthog")
    server.create_team(
        db,
        3,
        drop_events_older_than="'1 day 01:00:00'",
        extra_settings="""'{"recorder_script": "lazy", "other": 1}'""",
        session_recording_url_trigger_config=(
            """ARRAY['{"url": "a", "matching": "regex"}'::jsonb]"""
        ),
        session_recording_sample_rate="0.50",
        heatmaps_opt_in="false",
        person_processing_opt_out="true",
        timezone="'Europe/Berlin'",
        cookieless_server_hash_mode="1",
        secret_api_token="'phs_very_secret_token'",
    )
    with Sluice(settings=settings(server.url(db))) as s:
        got = projects(s)[3]
        assert got["drop_events_older_than_seconds"] == 90000
        assert got["recorder_script"] == "lazy"
        assert got["session_recording_url_trigger_config"] == [
            {"url": "a", "matching": "regex"}
        ]
        assert got["session_recording_sample_rate"] == 0.5
        assert got["heatmaps_opt_in"] is False
        assert got["person_processing_opt_out"] is True
        assert got["timezone"] == "Europe/Berlin"
        data = s.data
        s.stop()
        with open(f"{data}/config.db", "rb") as f:
            assert b"phs_very_secret" not in f.read()
    server.drop_db(db)


def test_known_keys_work_while_postgres_is_away(lone_server):
    lone_server.create_db("away")
    with Sluice(settings=settings(lone_server.url("away"))) as s:
        made = s.project("a")
        token = made["api_token"]
        lone_server.stop()
        assert send(s, token) == 200
        with pytest.raises(CommandFailed, match="Postgres"):
            s.cli("project", "create", "--name", "b")
        # What is Sluice's alone can be changed all the same.
        s.cli("project", "set", made["id"], "dedupe_uuids=false")
        eventually(lambda: status(s)["postgres"]["state"] == "down", 10, "seen as down")
        # team-4
        s.stop()
        begin = time.monotonic()
        s.start(ready=False)
        assert time.monotonic() - begin < 10
        assert send(s, token) == 200
        assert projects(s)[made["id"]]["dedupe_uuids"] is False
        assert lone_server.PASSWORD not in s.log() + json.dumps(status(s))
        lone_server.start()
        eventually(lambda: status(s)["postgres"]["state"] == "up", 10, "up")
        s.cli("project", "create", "--name", "b")


def send_v1(s, token):
    """(status, the results in their order) of one event to the strict endpoint."""
    at = "2026-01-02T03:04:05Z"
    event = {"event": "v1", "uuid": str(uuid.uuid4()), "distinct_id": "u"}
    headers = {
        "Authorization": f"Bearer {token}",
        "PostHog-Sdk-Info": "test/1.0",
        "PostHog-Attempt": "1",
        "PostHog-Request-Id": str(uuid.uuid4()),
        "PostHog-Request-Timestamp": at,
        "Content-Type": "application/json",
        "User-Agent": "test",
    }
    body = {"created_at": at, "batch": [{**event, "timestamp": at}]}
    status, _, text = s.http(
        "capture", "/i/v1/analytics/events", json.dumps(body).encode(), headers
    )
    return status, [x["result"] for x in json.loads(text)["results"].values()]


def test_unknown_keys_become_letters_while_postgres_is_away(lone_server):
    """Never a 401: the key may be that of a project."""
    lone_server.create_db("letters")
    url = lone_server.url("letters")
    lone_server.stop()
    dropped = {"capture.drop_events_by_token_distinct_id": "phc_dropped"}
    with Sluice(settings={**settings(url), **dropped}, ready=False) as s:
        assert send_v1(s, "phc_dropped") == (200, ["drop"])
        assert send_v1(s, "phc_other") == (200, ["ok"])
        assert [x["event"] for x in s.cli_lines("dlq", "list")] == ["v1"]
        token = "phc_not_seen_yet"
        assert send(s, token) == 200
        body = b'[{"event":"$snapshot"}]'
        assert s.http("capture", f"/s/?token={token}", body)[0] == 503
        letters = [x for x in s.cli_lines("dlq", "list") if x["event"] != "v1"]
        assert len(letters) == 1
        letter = s.cli_json("dlq", "show", letters[0]["id"])
        text = json.dumps(letter)
        assert letter["reason"] == "team_lookup_failed"
        assert letter["headers"]["dlq_cause"] == "postgres_unavailable"
        assert status(s)["postgres"]["letters_waiting"] == 2
        assert "2 events" in s.cli("status")
        assert "Unable to fetch team from Postgres. Error: Postgres: " in text
        assert lone_server.PASSWORD not in text + s.log()
        lone_server.start()
        eventually(lambda: send(s, "phc_of_nobody") == 401, 20, "refused again")
        eventually(lambda: status(s)["postgres"]["letters_waiting"] == 0, 20, "judged")
        assert status(s)["postgres"]["letters_waiting_bytes"] == 0
        reasons = {x["reason"] for x in s.cli_lines("dlq", "list")}
        assert reasons == {"unknown_token"}
        groups = s.cli_lines("dlq", "list", "--by-error")
        assert [(g["reason"], g["error"]) for g in groups] == [
            ("unknown_token", "Unknown API key")
        ]


def test_letters_are_put_back_in_order_when_postgres_is_back(lone_server):
    url = lone_server.create_db("back", "posthog")
    token = lone_server.create_team("back", 9)
    lone_server.stop()
    with Sluice(settings={"postgres.url": url}, ready=False) as s:
        names = [f"event-{i}" for i in range(20)]
        for name in names:
            s.send(token, [{"event": name, "distinct_id": "u"}])
        s.send("phc_of_nobody", [{"event": "lost", "distinct_id": "u"}])
        assert len(s.cli_lines("dlq", "list")) == 21
        assert s.records("clickhouse_events_json") == []
        lone_server.start()

        def output():
            return [
                json.loads(r["value"])["event"]
                for r in s.records("clickhouse_events_json")
            ]

        eventually(lambda: len(output()) >= 20, 30, "letters put back")
        assert output() == names
        # Known by now: straight into the log, behind them.
        s.send(token, [{"event": "live", "distinct_id": "u"}])
        s.drain()
        assert output() == [*names, "live"]
        left = [x for x in s.cli_lines("dlq", "list") if not x["replayed_at"]]
        assert [x["event"] for x in left] == ["lost"]
        assert lone_server.sql("SELECT count(*) FROM posthog_person", "back") == [["1"]]


def test_commands_without_a_daemon(server, db, monkeypatch):
    with Sluice(settings=settings(server.url(db))) as s:
        s.stop()
        monkeypatch.setenv("SLUICE_POSTGRES_URL", server.url(db))
        monkeypatch.setenv("SLUICE_ROLES", "capture,admin")
        made = s.project("offline")
        assert server.sql("SELECT name FROM posthog_team", db) == [["offline"]]
        s.start()
        assert send(s, made["api_token"]) == 200

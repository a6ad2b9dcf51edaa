"""Keys of projects: replaced with a time of grace, ended before it; names, the
table of settings, and what projects sent."""

import json

import pytest
from postgres import Postgres
from sluicetest import CommandFailed, Sluice, eventually


def accepted(daemon, token):
    event = {"api_key": token, "event": "e", "distinct_id": "d"}
    return daemon.http("capture", "/e/", json.dumps(event).encode())[0]


def rotate_and_revoke(daemon):
    made = daemon.project("keys")
    at, old = f"/api/v1/projects/{made['id']}", made["api_token"]
    new = daemon.api("POST", f"{at}/rotate-token", {"grace_h": 1})["api_token"]
    assert new != old
    assert accepted(daemon, old) == accepted(daemon, new) == 200
    (left,) = daemon.api("GET", f"{at}/old-tokens")["items"]
    assert left["api_token"] == old and left["expires_at"].endswith("Z")
    assert daemon.api("DELETE", f"{at}/old-tokens?api_token={old}")["deleted"]
    assert daemon.api("GET", f"{at}/old-tokens")["items"] == []
    eventually(lambda: accepted(daemon, old) == 401, 10, "the old key is refused")
    assert accepted(daemon, new) == 200
    with pytest.raises(AssertionError, match="404"):
        daemon.api("DELETE", f"{at}/old-tokens?api_token={old}")
    # Without a time of grace the old one ends with the change.
    last = daemon.api("POST", f"{at}/rotate-token", {"grace_h": 0})["api_token"]
    eventually(lambda: accepted(daemon, new) == 401, 10, "ended at once")
    assert accepted(daemon, last) == 200
    assert daemon.api("PATCH", at, {"name": "renamed"})["name"] == "renamed"
    assert daemon.api("GET", at)["name"] == "renamed"


def test_a_key_is_replaced_and_the_old_one_revoked():
    with Sluice() as daemon:
        rotate_and_revoke(daemon)
        with pytest.raises(CommandFailed, match="1 to 400 bytes|name"):
            daemon.cli("project", "create", "--name", "")


def test_the_same_in_postgres():
    with Postgres() as server:
        url = server.create_db("keys")
        with Sluice(settings={"postgres.url": url}) as daemon:
            rotate_and_revoke(daemon)


def test_in_a_database_of_posthog_it_is_said_where_to_change_it():
    with Postgres() as server:
        url = server.create_db("posthog", kind="posthog")
        server.create_team("posthog")
        with Sluice(settings={"postgres.url": url}) as daemon:
            eventually(
                lambda: daemon.api("GET", "/api/v1/projects")["items"], 20, "seen"
            )
            for method, tail, body in (
                ("POST", "/rotate-token", {"grace_h": 1}),
                ("DELETE", "/old-tokens", None),
                ("PATCH", "", {"name": "x"}),
                ("DELETE", "", None),
            ):
                with pytest.raises(AssertionError, match=r"409, b.*elsewhere"):
                    daemon.api(method, f"/api/v1/projects/1{tail}", body)


def test_every_setting_is_explained_and_taken_as_it_says():
    with Sluice() as daemon:
        made = daemon.project()
        at = f"/api/v1/projects/{made['id']}"
        rows = daemon.api("GET", "/api/v1/projects/settings")["items"]
        assert {r["name"] for r in rows} == set(made) - {
            "id",
            "uuid",
            "name",
            "api_token",
        }
        samples = {"bool": True, "maybe": False, "array": [], "object": {}}
        for row in rows:
            assert row["help"].endswith(".") and row["group"]
            assert row["default"] == made[row["name"]]
            value = samples.get(row["kind"])
            if row["kind"] == "word":
                value = row["choices"][-1]
            elif row["kind"] in ("int", "number"):
                value = row["max"] if row["max"] is not None else 1
            elif row["kind"] == "text":
                value = "Europe/Paris"
            if value is None:
                continue
            changed = daemon.api("PATCH", at, {"settings": {row["name"]: value}})
            assert changed[row["name"]] == value, row
            back = daemon.api("PATCH", at, {"settings": {row["name"]: None}})
            assert back[row["name"]] == row["default"], row


def test_what_projects_sent():
    with Sluice() as daemon:
        busy, idle = daemon.project("busy"), daemon.project("idle")
        assert daemon.api("GET", "/api/v1/projects/activity")["items"] == []
        events = [{"event": "e", "distinct_id": str(i)} for i in range(7)]
        daemon.send(busy["api_token"], events)
        (row,) = daemon.api("GET", "/api/v1/projects/activity")["items"]
        assert row["id"] == busy["id"] != idle["id"]
        assert row["week"] == 7 and row["today"] in (0, 7)  # midnight may pass
        assert row["last_seen_at"].endswith("Z")

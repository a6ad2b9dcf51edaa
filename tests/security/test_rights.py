"""Keys, roles, secrets and the audit trail."""

import os
import sqlite3
import subprocess
import threading

import pytest
from door import GOOD, OTHER, Client, Door
from sluicetest import CommandFailed, scaled

# Least role of each of these routes; "own": whoever has signed in, by no key.
ROUTES = [
    ("GET", "/users", "admin", "user:read"),
    ("POST", "/users", "admin", "user:write"),
    ("GET", "/users/1", "admin", "user:read"),
    ("PATCH", "/users/1", "admin", "user:write"),
    ("DELETE", "/users/9999", "admin", "user:write"),
    ("POST", "/users/9999/password", "admin", "user:write"),
    ("POST", "/setup/token", "nobody", None),
    ("GET", "/keys", "admin", "user:read"),
    ("POST", "/keys", "admin", "user:write"),
    ("DELETE", "/keys/9999", "admin", "user:write"),
    ("GET", "/key-scopes", "viewer", "status:read"),
    ("GET", "/audit-trail", "admin", "trail:read"),
    ("GET", "/session", "viewer", None),
    ("PATCH", "/account", "viewer", None),
    ("POST", "/account/password", "viewer", None),
    ("GET", "/account/keys", "viewer", None),
    ("POST", "/account/keys", "viewer", None),
    ("DELETE", "/account/keys/9999", "viewer", None),
    ("GET", "/account/sessions", "viewer", None),
    ("DELETE", "/account/sessions", "viewer", None),
    ("DELETE", "/account/sessions/9999", "viewer", None),
]
RANKS = {"viewer": 1, "member": 2, "admin": 3, "nobody": 4}
ALL = "audit:read config:read dlq:read project:read project:write status:read"
ALL += " trail:read user:read user:write"


@pytest.fixture(scope="module")
def daemon():
    with Door() as d:
        for role in ("admin", "member", "viewer"):
            d.make_user(f"{role}@example.org", role)
        yield d


@pytest.fixture(scope="module")
def browsers(daemon):
    out = {}
    for role in ("admin", "member", "viewer"):
        out[role] = Client(daemon)
        assert out[role].sign_in(f"{role}@example.org").status == 200
    return out


def body_of(method):
    return {} if method in ("POST", "PATCH") else None


@pytest.mark.parametrize("method,path,least,scope", ROUTES)
def test_each_route_lets_in_its_roles(daemon, browsers, method, path, least, scope):
    assert Client(daemon).ask(method, path, body_of(method)).status == 401
    for role, client in browsers.items():
        status = client.ask(method, path, body_of(method)).status
        if RANKS[role] < RANKS[least] or least == "nobody":
            assert status == 403, role
        else:
            assert status not in (401, 403), role
    # An administrator's key with the scope, and with every other.
    others = " ".join(s for s in ALL.split() if s != scope)
    _, key = daemon.make_key("admin@example.org", others)
    assert Client(daemon, key=key).ask(method, path, body_of(method)).status == 403
    if scope:
        _, key = daemon.make_key("admin@example.org", scope)
        status = Client(daemon, key=key).ask(method, path, body_of(method)).status
        assert status not in (401, 403)
    for made in daemon.cli_lines("key", "list"):
        daemon.cli("key", "revoke", made["id"])


def test_key_is_never_more_than_its_owner(daemon):
    daemon.make_user("owner@example.org", "admin")
    key_id, key = daemon.make_key("owner@example.org", "project:write,project:read")
    program = Client(daemon, key=key)
    made = program.ask("POST", "/projects", {"name": "by key"})
    assert made.status == 201, made.text  # no CSRF token: no browser sends this
    daemon.cli("user", "set-role", "owner@example.org", "member")
    refused = program.ask("POST", "/projects", {"name": "again"})
    assert (refused.status, refused.code) == (403, "forbidden")
    assert program.ask("GET", "/projects").status == 200
    with pytest.raises(CommandFailed) as e:
        daemon.make_key("owner@example.org", "project:write")
    assert "goes with the role admin" in e.value.err
    daemon.cli("key", "revoke", key_id)
    assert program.ask("GET", "/projects").status == 401


def test_wrong_keys_are_refused(daemon):
    for text in (
        "Bearer ",
        "Bearer slk_" + "x" * 43,
        "Basic YTpi",
        "Bearer " + "y" * 900,
    ):
        answer = Client(daemon).ask("GET", "/users", headers={"Authorization": text})
        assert answer.status == 401
    # A wrong key is not made good by a cookie that came along.
    client = Client(daemon)
    assert client.sign_in("admin@example.org").status == 200
    client.key = "slk_" + "x" * 43
    assert client.ask("GET", "/users").status == 401


def test_keys_of_ones_own(browsers):
    viewer, member = browsers["viewer"], browsers["member"]
    form = {"name": "mine", "scopes": ["dlq:write"]}
    assert viewer.ask("POST", "/account/keys", form).status == 400
    made = member.ask("POST", "/account/keys", {**form, "days": 0})
    assert made.status == 201
    listed = member.ask("GET", "/account/keys").json["items"]
    assert [k["name"] for k in listed] == ["mine"]
    assert made.json["key"].startswith(listed[0]["prefix"])
    assert listed[0]["expires_at"] is None
    path = f"/account/keys/{made.json['id']}"
    assert viewer.ask("DELETE", path).status == 404
    assert member.ask("DELETE", path).status == 200


def test_no_secret_is_sent_back_logged_or_stored():
    with Door() as d:
        client = d.signed_in("s@example.org", "admin")
        d.make_user("t@example.org", "viewer")
        csrf, cookie = client.csrf, client.cookie
        key = client.ask(
            "POST", "/account/keys", {"name": "k", "scopes": ["user:read"]}
        ).json["key"]
        client.ask("POST", "/users/2/password", {"password": OTHER})
        client.ask("POST", "/session", {"email": "s@example.org", "password": "wrong"})
        client.ask("GET", f"/nowhere?key={key}&cookie={cookie}")
        client.ask("PATCH", "/projects/1", {"settings": {"password": OTHER}})
        project = client.ask(
            "POST", "/projects", {"name": "p", "api_token": "phc_named"}
        )
        assert project.status == 201
        Client(d, key=key).ask("GET", "/users")
        secrets = (GOOD, OTHER, key, cookie, csrf, "$argon2id$")
        paths = (
            "/users",
            "/users/1",
            "/keys",
            "/account/keys",
            "/audit-trail?limit=500",
        )
        paths += ("/account/sessions", "/config", "/key-scopes")
        for path in paths:
            answer = client.ask("GET", path)
            assert answer.status == 200
            for secret in secrets:
                assert secret not in answer.text, path
        assert "phc_named" not in client.ask("GET", "/audit-trail").text
        for secret in secrets:
            assert secret not in d.log()
        d.stop()
        stored = b""
        for name in os.listdir(d.data):
            if name.startswith("config.db"):
                with open(os.path.join(d.data, name), "rb") as f:
                    stored += f.read()
        assert b"s@example.org" in stored
        for secret in secrets[:-1]:  # auth-1
            assert secret.encode() not in stored
        assert os.stat(d.data).st_mode & 0o077 == 0


def test_trail_has_every_change_and_who_made_it():
    with Door() as d:
        client = d.signed_in("anna@example.org", "admin")
        _, key = d.make_key("anna@example.org", "project:write")
        client.ask("POST", "/projects", {"name": "in the browser"})
        Client(d, key=key).ask("POST", "/projects", {"name": "by key"})
        d.project(name="by socket")
        client.ask("PATCH", "/projects/1", {"settings": {"no": "such"}})  # refused
        client.ask("GET", "/projects")
        d.stop()
        d.project(name="offline")
        d.start(ready=False)
        rows = d.trail(action="POST /projects")
        assert [r["how"] for r in rows] == ["files", "socket", "key", "session"]
        assert [r["detail"]["name"] for r in rows] == [
            *("offline", "by socket", "by key", "in the browser"),
        ]
        assert [r["target"] for r in rows] == [f"/projects/{i}" for i in (4, 3, 2, 1)]
        assert [r["who"] for r in rows[2:]] == ["anna@example.org"] * 2
        assert rows[0]["who"] == rows[1]["who"] != "anna@example.org"
        assert rows[3]["address"] == client.address and rows[1]["address"] == ""
        assert rows[2]["key_id"] == 1 and rows[3]["key_id"] == 0
        assert d.trail(action="PATCH") == [] and d.trail(action="GET") == []
        assert [r["action"] for r in d.trail(how="session")] == [
            *("POST /projects", "POST /session"),
        ]
        # Page by page, each once.
        ids, cursor = [], ""
        while cursor is not None:
            page = client.ask("GET", f"/audit-trail?limit=2{cursor}").json
            ids += [r["id"] for r in page["items"]]
            cursor = page["next"] and f"&cursor={page['next']}"
        assert ids == sorted(ids, reverse=True) == [r["id"] for r in d.trail()]
        d.stop()
        the_trail_is_only_added_to(os.path.join(d.data, "config.db"))


def the_trail_is_only_added_to(path):
    """auth-6: by triggers, whoever writes."""
    db = sqlite3.connect(path)
    n = db.execute("SELECT count(*) FROM audit_trail").fetchone()[0]
    for sql in (
        "DELETE FROM audit_trail WHERE id = 1",
        "DELETE FROM audit_trail",
        "UPDATE audit_trail SET who = 'nobody'",
        "UPDATE audit_trail SET id = 900 WHERE id = 1",
        "INSERT OR REPLACE INTO audit_trail SELECT 1, 2, 3, 4, 'x', 'x', 'x', 'x',"
        " 'x', '{}'",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            db.execute(sql)
    # The oldest may go: beyond 200,000 and older than 90 days, or a million.
    columns = "id, at_us, user_id, key_id, who, how, address, action, target, detail"
    fill = f"INSERT INTO audit_trail ({columns}) VALUES (?, ?, 0, 0" + ", ''" * 6 + ")"
    now = db.execute("SELECT max(at_us) FROM audit_trail").fetchone()[0]
    old = now - 91 * 86400 * 1000000
    db.execute(fill, (1000, old))
    db.execute(fill, (1001, now))
    db.execute(fill, (201000, now))
    for row, may in ((1000, True), (1001, False), (201000, False)):
        db.execute("SAVEPOINT s")
        try:
            db.execute("DELETE FROM audit_trail WHERE id = ?", (row,))
            assert may, row
        except sqlite3.IntegrityError:
            assert not may, row
        db.execute("ROLLBACK TO s")
    db.execute(fill, (1001001, now))
    db.execute("DELETE FROM audit_trail WHERE id = 1001")
    db.rollback()
    assert db.execute("SELECT count(*) FROM audit_trail").fetchone()[0] == n
    db.close()


def test_kill_in_between_loses_no_answered_change():
    with Door() as d:
        d.make_user("anna@example.org", "admin")
        _, key = d.make_key("anna@example.org", "project:write,project:read")
        made = []

        def work():
            program = Client(d, key=key)
            for i in range(10000):
                try:
                    a = program.ask("POST", "/projects", {"name": f"p{i}"})
                except OSError:
                    return
                if a.status == 201:
                    made.append(a.json["id"])

        for _ in range(scaled(20, 2)):
            n = len(made)
            threads = [threading.Thread(target=work) for _ in range(2)]
            for t in threads:
                t.start()
            while len(made) < n + 10:
                assert any(t.is_alive() for t in threads)
            d.kill()
            for t in threads:
                t.join()
            d.start(ready=False)
            # What was answered is there, with its row (admin-8).
            there = {p["id"] for p in d.api("GET", "/api/v1/projects")["items"]}
            rows, cursor = set(), ""
            while cursor is not None:
                page = d.api("GET", f"/api/v1/audit-trail?limit=500{cursor}")
                rows |= {r["target"] for r in page["items"]}
                cursor = page["next"] and f"&cursor={page['next']}"
            assert set(made) <= there
            assert {f"/projects/{i}" for i in made} <= rows


def test_passwords_never_come_from_the_arguments():
    with Door() as d:
        args = ["user", "create", "--email", "a@b.c", "--role", "viewer"]
        with pytest.raises(CommandFailed) as e:
            d.cli(*args, "--password", GOOD)
        assert e.value.status == 2
        done = subprocess.run(
            d.command(*args),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            start_new_session=True,  # no terminal to ask on
        )
        assert done.returncode == 1
        assert "--password-stdin" in done.stderr
        assert d.cli_lines("user", "list") == []

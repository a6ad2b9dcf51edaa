"""Signing in and out through the admin port, and what an attacker tries."""

import http.client
import os
import sqlite3
import time

import pytest
from door import GOOD, OTHER, Client, Door
from sluicetest import CommandFailed


@pytest.fixture(scope="module")
def daemon():
    with Door() as d:
        d.make_user("root@example.org", "admin")
        yield d


def test_first_administrator():
    with Door() as d:
        client = Client(d)
        assert client.ask("GET", "/setup").json == {"needed": True}
        assert client.ask("GET", "/session").status == 401
        form = {"email": "Anna@example.org", "name": "Anna", "password": GOOD}
        wrong = client.ask("POST", "/setup", {**form, "token": "x" * 43})
        assert (wrong.status, wrong.code) == (403, "bad_token")
        form["token"] = d.token()
        weak = client.ask("POST", "/setup", {**form, "password": "1234567890"})
        assert (weak.status, weak.json["error"]["field"]) == (400, "password")
        # The same link from the command line and after a restart.
        assert d.cli("user", "setup").strip().endswith("#" + form["token"])
        d.kill()
        d.start(ready=False)
        assert d.token() == form["token"]
        made = client.ask("POST", "/setup", form)
        assert made.status == 201, made.text
        assert made.json["user"]["role"] == "admin"
        cookie = made.headers["Set-Cookie"]
        for part in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="):
            assert part in cookie
        assert "Secure" not in cookie  # not by TLS
        assert client.ask("GET", "/session").json["user"]["name"] == "Anna"
        # Once (auth-5).
        assert Client(d).ask("POST", "/setup", form).status == 409
        assert client.ask("GET", "/setup").json == {"needed": False}
        with pytest.raises(CommandFailed) as e:
            d.cli("user", "setup")
        assert "set up already" in e.value.err
        d.kill()
        os.unlink(d.log_path)
        d.start(ready=False)
        assert "/setup#" not in d.log()


def test_cookie_is_secure_behind_https(daemon):
    client = Client(daemon)
    daemon.make_user("secure@example.org", "viewer")
    form = {"email": "secure@example.org", "password": GOOD}
    headers = {"X-Forwarded-Proto": "https"}
    answer = client.ask("POST", "/session", form, headers)
    assert answer.status == 200
    assert answer.headers["Set-Cookie"].endswith("; Secure")


def test_brute_force_is_locked_out(daemon):
    daemon.make_user("victim@example.org", "member")
    answers = {}
    for email in ("victim@example.org", "nobody@example.org"):
        tries = [
            Client(daemon).sign_in(email, f"guess number {i} of it") for i in range(9)
        ]
        answers[email] = [(a.status, a.text.split(" try again")[0]) for a in tries]
        assert [a.status for a in tries[:6]] == [401] * 6
        assert [a.status for a in tries[6:]] == [429] * 3
        assert 0 < int(tries[-1].headers["Retry-After"]) <= 5
    # Whether there is such an account does not show (auth-2, auth-7).
    known, unknown = answers.values()
    assert known == unknown
    # The right password does not help while it is locked, from anywhere.
    assert Client(daemon).sign_in("victim@example.org").status == 429
    # The administrator comes in over the socket, and opens it.
    password = ["user", "password", "victim@example.org", "--password-stdin"]
    daemon.cli(*password, input=OTHER + "\n")
    assert Client(daemon).sign_in("victim@example.org", OTHER).status == 200


def test_address_with_many_names_is_locked_out(daemon):
    client = Client(daemon)
    statuses = [client.sign_in(f"n{i}@example.org").status for i in range(24)]
    assert statuses[:21] == [401] * 21
    assert statuses[21:] == [429] * 3
    # Others come in.
    daemon.make_user("other@example.org", "viewer")
    assert Client(daemon).sign_in("other@example.org").status == 200
    # What a client claims to be is believed of proxies alone, and from the right.
    client.address = "203.0.113.1, " + client.address
    assert client.sign_in("other@example.org").status == 429


def test_many_at_once_do_not_stop_the_api(daemon):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(12) as pool:
        jobs = [
            pool.submit(Client(daemon).sign_in, f"m{i}@example.org") for i in range(12)
        ]
        began = time.monotonic()
        assert Client(daemon).ask("GET", "/setup").status == 200
        assert time.monotonic() - began < 10
        statuses = {j.result().status for j in jobs}
    assert statuses <= {401, 429}  # auth-8
    assert 401 in statuses


def test_stolen_cookie_is_useless_after_sign_out(daemon):
    client = daemon.signed_in("stolen@example.org", "admin")
    thief = client.copy()
    assert thief.ask("GET", "/users").status == 200
    out = client.ask("DELETE", "/session")
    assert out.status == 200
    assert "Max-Age=0" in out.headers["Set-Cookie"]
    assert thief.ask("GET", "/users").status == 401
    assert thief.ask("DELETE", "/session").status == 401


def test_sign_out_holds_over_a_kill():
    with Door() as d:
        client, kept = (d.signed_in(f"{n}@example.org", "admin") for n in "ab")
        thief = client.copy()
        assert client.ask("DELETE", "/session").status == 200
        d.kill()
        d.start(ready=False)
        assert thief.ask("GET", "/session").status == 401
        assert kept.ask("GET", "/session").status == 200  # others live on


def test_stream_ends_with_its_session(daemon):
    client = daemon.signed_in("stream@example.org", "viewer")
    c = http.client.HTTPConnection("127.0.0.1", daemon.ports["admin"], timeout=20)
    cookie = {"Cookie": f"sluice_session={client.cookie}"}
    c.request("GET", "/api/v1/status/stream", headers=cookie)
    answer = c.getresponse()
    assert answer.status == 200
    assert answer.read(5)
    assert client.ask("DELETE", "/session").status == 200
    answer.read()  # to the end, which comes
    c.close()


def test_new_password_ends_other_sessions(daemon):
    client = daemon.signed_in("change@example.org", "viewer")
    other, thief = Client(daemon), client.copy()
    assert other.sign_in("change@example.org").status == 200
    form = {"current": "not the password", "password": OTHER}
    wrong = client.ask("POST", "/account/password", form)
    assert (wrong.status, wrong.code) == (403, "wrong_password")
    form["current"] = GOOD
    assert client.ask("POST", "/account/password", form).status == 200
    assert client.ask("GET", "/session").status == 200
    assert other.ask("GET", "/session").status == 401
    assert thief.ask("GET", "/session").status == 401
    # What the answer gave is good for the next change.
    assert client.ask("PATCH", "/account", {"name": "New"}).status == 200


def test_deleted_user_is_out_at_once(daemon):
    client = daemon.signed_in("gone@example.org", "admin")
    daemon.cli("user", "delete", "gone@example.org")
    assert client.ask("GET", "/session").status == 401


def test_role_counts_at_once(daemon):
    client = daemon.signed_in("demoted@example.org", "admin")
    assert client.ask("GET", "/users").status == 200
    daemon.cli("user", "set-role", "demoted@example.org", "viewer")
    assert client.ask("GET", "/users").status == 403
    assert client.ask("GET", "/session").json["user"]["role"] == "viewer"


def test_session_cannot_be_fixed(daemon):
    daemon.make_user("fixed@example.org", "viewer")
    attacker, victim = Client(daemon), Client(daemon)
    attacker.cookie = victim.cookie = "A" * 43
    assert victim.sign_in("fixed@example.org").status == 200
    assert victim.cookie != attacker.cookie
    assert attacker.ask("GET", "/session").status == 401
    # A session of the attacker's, planted, ends with the sign-in (auth-3).
    daemon.make_user("attacker@example.org", "viewer")
    assert attacker.sign_in("attacker@example.org").status == 200
    victim = attacker.copy()
    assert victim.sign_in("fixed@example.org").status == 200
    assert attacker.ask("GET", "/session").status == 401


def test_session_ends_with_time():
    with Door() as d:
        clients = [d.signed_in(f"t{i}@example.org", "viewer") for i in range(3)]
        d.stop()
        hour_us = 3600 * 1000000
        db = sqlite3.connect(os.path.join(d.data, "config.db"))
        now = int(time.time() * 1000000)
        db.execute(
            "UPDATE admin_session SET seen_at_us = ? WHERE user_id = 1",
            (now - 24 * hour_us,),
        )
        db.execute(
            "UPDATE admin_session SET created_at_us = ? WHERE user_id = 2",
            (now - 168 * hour_us,),
        )
        db.commit()
        db.close()
        d.start(ready=False)
        statuses = [c.ask("GET", "/session").status for c in clients]
        assert statuses == [401, 401, 200]


def test_own_sessions_are_listed_and_ended(daemon):
    one = daemon.signed_in("list@example.org", "viewer")
    two = Client(daemon)
    assert two.sign_in("list@example.org").status == 200
    listed = one.ask("GET", "/account/sessions").json["items"]
    assert [s["is_this"] for s in listed] == [False, True]
    assert listed[1]["address"] == one.address
    stranger = daemon.signed_in("stranger@example.org", "admin")
    path = f"/account/sessions/{listed[0]['id']}"
    assert stranger.ask("DELETE", path).status == 404
    assert one.ask("DELETE", path).status == 200
    assert two.ask("GET", "/session").status == 401
    assert two.sign_in("list@example.org").status == 200
    assert one.ask("DELETE", "/account/sessions").status == 200
    assert two.ask("GET", "/session").status == 401
    assert one.ask("GET", "/session").status == 200


def test_changes_want_the_csrf_token(daemon):
    client = daemon.signed_in("csrf@example.org", "viewer")
    other = daemon.signed_in("csrf2@example.org", "viewer")
    change = ("PATCH", "/account", {"name": "New"})
    for wrong in (None, "", "x" * 43, other.csrf, client.cookie):
        answer = client.ask(*change, headers={"X-CSRF-Token": wrong})
        assert (answer.status, answer.code) == (403, "bad_csrf"), wrong
    assert client.ask(*change).status == 200
    # Refused before anything happened, so that nothing is in the trail.
    assert len(daemon.trail(who="csrf@example.org", action="PATCH")) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_pages_of_other_sites_change_nothing(daemon, headers):
    client = Client(daemon)
    assert client.sign_in("root@example.org").status == 200
    answer = client.ask("PATCH", "/account", {"name": "Evil"}, headers)
    assert (answer.status, answer.code) == (403, "bad_origin")
    # Nor do they sign somebody in.
    form = {"email": "root@example.org", "password": GOOD}
    assert Client(daemon).ask("POST", "/session", form, headers).status == 403


def test_own_origin_is_let_in(daemon):
    client = Client(daemon)
    assert client.sign_in("root@example.org").status == 200
    host = f"127.0.0.1:{daemon.ports['admin']}"
    headers = {"Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert client.ask("PATCH", "/account", {"name": "Root"}, headers).status == 200


def test_form_bodies_are_refused(daemon):
    client = Client(daemon)
    assert client.sign_in("root@example.org").status == 200
    for kind in (None, "text/plain", "application/x-www-form-urlencoded"):
        answer = client.ask(
            "PATCH", "/account", raw='{"name": "x"}', headers={"Content-Type": kind}
        )
        assert answer.status == 400, kind


def test_foreign_hosts_are_refused(daemon):
    for path in ("/session", "/setup", "/users"):
        answer = Client(daemon).ask("GET", path, headers={"Host": "evil.example"})
        assert answer.status == 403

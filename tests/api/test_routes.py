"""Every route x who asks x method: allowed, refused, unauthenticated (admin-1, -5).

What is asked has no body and ids that nobody has, so that a call that is let in
changes nothing: it is told by its answer being none of 401, 403 and 405.
"""

import re

import pytest

RANKS = {"open": 0, "viewer": 1, "member": 2, "admin": 3}
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
NOBODY = "9007199254740991"
# They end sessions, so each is asked with a new one, and others are made anew.
ENDING = {"/api/v1/session", "/api/v1/account/sessions"}
# Given to who has the data folder only.
SOCKET_ONLY = {"/api/v1/setup/token"}


def address(path):
    return re.sub(r"\{[^}]*\}", NOBODY, path)


def refused(answer):
    return answer.status if answer.status in (401, 403, 405) else None


def session_for(world, role, method, path):
    if method != "DELETE" or path not in ENDING:
        return world.session(role)
    world.sessions.pop(role, None)
    return world.sign_in(role)


def ask(world, method, path, headers=None, **more):
    return world.call(method, address(path), headers=headers, **more)


def test_nobody_is_let_in_where_a_role_is_wanted(world):
    for method, path, operation in world.operations():
        if operation["x-role"] == "open":
            continue
        for headers in (
            {},
            {"Cookie": "sluice_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
            {"Authorization": "Bearer slk_nobodys"},
            {"Authorization": "Basic YTpi"},
        ):
            answer = ask(world, method, path, headers)
            assert answer.status == 401, (method, path, headers, answer.body)
            assert answer.code == "unauthorized"


@pytest.mark.parametrize("role", ["viewer", "member", "admin"])
def test_a_role_may_what_is_for_it_and_no_more(world, role):
    for method, path, operation in world.operations():
        wants = operation["x-role"]
        answer = ask(world, method, path, session_for(world, role, method, path))
        where = (role, method, path, answer.status, answer.body[:300])
        if path in SOCKET_ONLY:
            assert (answer.status, answer.code) == (403, "forbidden"), where
        elif RANKS[role] >= RANKS[wants]:
            # The one open call that asks for a password refuses in its own way.
            assert refused(answer) is None or wants == "open", where
            assert answer.status < 500, where
        else:
            assert (answer.status, answer.code) == (403, "forbidden"), where


def test_a_key_may_what_its_scope_says(world):
    for method, path, operation in world.operations():
        if operation["x-role"] == "open":
            continue
        scopes = [s for way in operation["security"] for s in way.get("key", [])]
        answer = ask(world, method, path, world.with_key(world.key))
        where = (method, path, scopes, answer.status, answer.body[:300])
        if not scopes:
            assert (answer.status, answer.code) == (403, "forbidden"), where
            continue
        assert refused(answer) is None, where
        without = world.with_key(world.keys_without[scopes[0]])
        answer = ask(world, method, path, without)
        assert (answer.status, answer.code) == (403, "forbidden"), where


def test_a_key_may_no_more_than_its_owner(world):
    key = world.make_key(["project:read"], role="viewer")
    member = world.make_key(["dlq:write"], role="member")
    assert (
        world.call("GET", "/api/v1/projects", headers=world.with_key(key)).status == 200
    )
    body = {"ids": ["none"]}
    where = "/api/v1/dlq/discard"
    assert world.call("POST", where, body, world.with_key(member)).status == 200
    change = {"role": "viewer"}
    user = world.users["member"]
    world.sluice.api("PATCH", f"/api/v1/users/{user}", change)
    try:
        answer = world.call("POST", where, body, world.with_key(member))
        assert (answer.status, answer.code) == (403, "forbidden")
    finally:
        world.sluice.api("PATCH", f"/api/v1/users/{user}", {"role": "member"})
        world.sessions.pop("member", None)


@pytest.mark.parametrize("token", [None, "", "A" * 43, "of another session"])
def test_a_change_with_a_session_wants_its_csrf_token(world, token):
    headers = dict(world.session("admin"))
    if token == "of another session":
        token = world.sign_in("admin")["X-CSRF-Token"]
    headers.pop("X-CSRF-Token")
    if token is not None:
        headers["X-CSRF-Token"] = token
    for method, path, operation in world.operations():
        if method == "GET" or operation["x-role"] == "open":
            continue
        answer = ask(world, method, path, headers)
        where = (method, path, answer.status, answer.body[:300])
        assert (answer.status, answer.code) == (403, "bad_csrf"), where


def test_a_change_from_a_page_of_another_site_is_refused(world):
    headers = {**world.session("admin"), "Origin": "https://evil.example"}
    for method, path, _ in world.operations():
        if method == "GET":
            continue
        answer = ask(world, method, path, headers)
        where = (method, path, answer.status, answer.body[:300])
        assert (answer.status, answer.code) == (403, "bad_origin"), where


def test_another_host_is_refused_on_every_route(world):
    for method, path, _ in world.operations():
        answer = ask(world, method, path, world.session("admin"), host="evil.example")
        assert answer.status == 403, (method, path, answer.status)
        assert world.project["api_token"].encode() not in answer.body


def test_a_method_that_a_path_has_not_is_told_those_it_has(world):
    for path, methods in world.document["paths"].items():
        has = {m.upper() for m in methods}
        for method in METHODS:
            if method in has:
                continue
            answer = ask(world, method, path, world.session("admin"))
            assert (answer.status, answer.code) == (405, "method_not_allowed"), (
                method,
                path,
                answer.status,
            )
            assert set(answer.headers["Allow"].split(", ")) == has


def test_a_path_that_is_none_is_not_found(world):
    for path in (
        "/api/v1/",
        "/api/v1/nowhere",
        "/api/v1/projects/",
        "/api/v1//projects",
    ):
        answer = world.call("GET", path, headers=world.session("admin"))
        assert (answer.status, answer.code) == (404, "not_found"), path


def test_an_unknown_parameter_is_refused_on_every_route(world):
    for method, path, _ in world.operations():
        headers = session_for(world, "admin", method, path)
        answer = world.call(method, address(path) + "?colour=red", headers=headers)
        where = (method, path, answer.status, answer.body[:300])
        assert (answer.status, answer.code) == (400, "invalid"), where
        assert answer.json()["error"]["field"] == "colour", where


def test_a_session_is_useless_after_its_end(world):
    headers = world.sign_in("admin")
    assert world.call("GET", "/api/v1/projects", headers=headers).status == 200
    assert world.call("DELETE", "/api/v1/session", headers=headers).status == 200
    for method, path, operation in world.operations():
        if operation["x-role"] != "open":
            assert ask(world, method, path, headers).status == 401, (method, path)

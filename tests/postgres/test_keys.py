"""Keys that are not known yet: told by Postgres, or asked for once (team-6)."""

import concurrent.futures
import http.client
import json
import os
import signal
import time

from sluicetest import SCALE, Sluice, eventually, scaled

TOLD_WITHIN_S = 1.5
ASK_S = 2
RSS_MAX_MB = 400


def settings(url, **more):
    return {"postgres.url": url, "roles": "capture,admin", **more}


def send(s, token, distinct_id="u", event="hello", path="/i/v0/e/"):
    body = {"api_key": token, "event": event, "distinct_id": distinct_id}
    return s.http("capture", path, json.dumps(body).encode())[0]


def metric(s, name):
    """The sum of a metric, or one value of it if name has its labels."""
    text = s.http("admin", "/metrics")[2].decode()
    values = [
        float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line.startswith(name) and line[len(name)] in " {"
    ]
    assert values, name
    return sum(values)


def asked(s, answer):
    return metric(s, f'sluice_key_lookups_total{{answer="{answer}"}}')


def add_project(server, db, project, token):
    """As another node's command would."""
    server.sql(
        "INSERT INTO posthog_team (id, project_id, uuid, name, api_token) VALUES "
        f"({project}, {project}, gen_random_uuid(), 'p', '{token}')",
        db,
    )


def rss_mb(pid):
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return 0


def seen(s):
    return [p["anonymize_ips"] for p in s.cli_lines("project", "list")]


def test_two_daemons_hear_of_changes_at_once(server, db):
    with (
        Sluice(settings=settings(server.url(db))) as a,
        Sluice(settings=settings(server.url(db))) as b,
    ):
        project = a.project("shop")
        token = project["api_token"]
        worst = 0.0
        # The flag of a setting cannot be asked for: it is told or polled.
        for value in ("true", "false", "true"):
            begin = time.monotonic()
            a.cli("project", "set", project["id"], f"anonymize_ips={value}")
            eventually(lambda v=value: seen(b) == [v == "true"], TOLD_WITHIN_S, "told")
            worst = max(worst, time.monotonic() - begin)
        print(f"seen by the other daemon within {worst:.2f} s, command included")
        assert send(b, token) == 200
        a.cli("project", "rotate-token", project["id"])
        fresh = a.cli_json("project", "show", project["id"])["api_token"]
        assert send(b, fresh) == 200 and send(b, token) == 200
        a.cli("project", "delete", project["id"])
        eventually(lambda: send(b, fresh) == 401, TOLD_WITHIN_S, "gone")
        assert metric(b, "sluice_project_notices_total") >= 3


def test_a_refused_key_is_asked_for_once_and_told_when_made(server, db):
    """The answer "nobody has it" ends with the change that makes it wrong."""
    with Sluice(settings=settings(server.url(db))) as s:
        for _ in range(20):
            assert send(s, "phc_made_later") == 401
        assert asked(s, "unknown") == 1
        assert metric(s, "sluice_key_lookups_remembered_total") == 19
        add_project(server, db, 5, "phc_made_later")
        eventually(lambda: send(s, "phc_made_later") == 200, TOLD_WITHIN_S, "told")
        # Never refused before: asked for, at once.
        add_project(server, db, 6, "phc_made_now")
        assert send(s, "phc_made_now") == 200
        # On every endpoint.
        body = json.dumps({"event": "e", "distinct_id": "u"}).encode()
        csp = json.dumps({"csp-report": {"document-uri": "http://x/"}}).encode()
        large = json.dumps(
            {
                "api_key": "phc_large",
                "event": "e",
                "distinct_id": "u",
                "properties": {"a": "x" * 700_000, "b": ["y" * 100] * 50_000},
            }
        ).encode()
        for n, (path, data, want) in enumerate(
            [
                ("/e/?token=", body, 200),
                ("/report/?token=", csp, 204),
                ("/s/?token=", b'[{"event":"$snapshot"}]', 400),
            ]
        ):
            add_project(server, db, 10 + n, f"phc_new_{n}")
            token = f"phc_new_{n}"
            assert s.http("capture", path + token, data)[0] == want, path
        # On the thread for large requests too; 413 is of a known project.
        assert s.http("capture", "/e/", large)[0] == 401
        add_project(server, db, 20, "phc_large_too")
        large = large.replace(b"phc_large", b"phc_large_too")
        assert s.http("capture", "/e/", large)[0] in (200, 413)


def test_a_database_of_posthog_is_asked_and_not_altered(server):
    db = "keys_posthog"
    server.create_db(db, "posthog")
    before = server.dump_schema(db)
    with Sluice(settings=settings(server.url(db))) as s:
        assert send(s, "phc_of_nobody") == 401
        token = server.create_team(db, 3)
        assert send(s, token) == 200
        assert server.dump_schema(db) == before
        assert server.sql(
            "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal "
            "AND tgrelid = 'posthog_team'::regclass",
            db,
        ) == [["0"]]
        # Its owner may make one by hand.
        server.sql(
            "CREATE TRIGGER told AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "
            "posthog_team FOR EACH STATEMENT "
            "EXECUTE FUNCTION sluice.project_changed()",
            db,
        )
        assert send(s, "phc_of_the_second") == 401
        server.create_team(db, 4, "phc_of_the_second")
        eventually(lambda: send(s, "phc_of_the_second") == 200, TOLD_WITHIN_S, "told")
    server.drop_db(db)


def test_equal_keys_are_asked_for_together(server, db):
    """Many requests at once, of few keys: few statements, right answers."""
    with Sluice(settings=settings(server.url(db))) as s:
        add_project(server, db, 1, "phc_crowd_0")
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            got = list(
                pool.map(lambda i: send(s, f"phc_crowd_{i % 4}"), range(scaled(2000)))
            )
        assert got == [401 if i % 4 else 200 for i in range(len(got))]
        # Each key waits in at most one request per connection.
        assert asked(s, "unknown") <= 16 * 3


def test_a_server_that_hangs_counts_as_away(lone_server):
    """No request waits for it long, and none is refused for it."""
    lone_server.create_db("hangs")
    with Sluice(settings=settings(lone_server.url("hangs"))) as s:
        token = s.project("a")["api_token"]
        assert send(s, "phc_of_nobody") == 401
        pids = lone_server.pids()
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            begin = time.monotonic()
            assert send(s, "phc_new") == 200
            took = time.monotonic() - begin
            assert took < 2 * ASK_S
            assert send(s, token) == 200
            # Also one that was refused before: it may have been made since.
            assert send(s, "phc_of_nobody") == 200
            assert time.monotonic() - begin < took + 1
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        left = eventually(
            lambda: (
                [x["reason"] for x in s.cli_lines("dlq", "list")]
                == ["unknown_token"] * 2
            ),
            20,
            "judged",
        )
        assert left
        eventually(lambda: send(s, "phc_new") == 401, 20, "asked again")


class Flood:
    """Distinct keys over a few connections, as fast as answers come."""

    def __init__(self, s, n):
        self.port, self.n = s.ports["capture"], n

    def one(self, part):
        client = http.client.HTTPConnection("127.0.0.1", self.port, 60)
        seen = {}
        for i in range(part, self.n, 8):
            body = json.dumps(
                {"api_key": f"phc_flood_{i}", "event": "e", "distinct_id": "u"}
            )
            client.request("POST", "/i/v0/e/", body)
            answer = client.getresponse()
            answer.read()
            seen[answer.status] = seen.get(answer.status, 0) + 1
        return seen

    def run(self):
        total = {}
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for seen in pool.map(self.one, range(8)):
                for status, n in seen.items():
                    total[status] = total.get(status, 0) + n
        return total


def test_a_million_keys_cost_no_memory(lone_server):
    """With Postgres up, then without: there is one bound for each."""
    lone_server.create_db("flood")
    n = 1_000_000 if SCALE >= 1 else scaled(50_000)
    bound = n * 1000 // 2
    with Sluice(
        settings=settings(
            lone_server.url("flood"),
            **{"capture.unknown_token_max_bytes": str(bound)},
        )
    ) as s:
        token = s.project("a")["api_token"]
        assert Flood(s, n).run() == {401: n}
        up_mb = rss_mb(s.process.pid)
        lone_server.stop()
        eventually(lambda: send(s, "phc_of_nobody") == 200, 20, "seen as away")
        got = Flood(s, n).run()
        away_mb = rss_mb(s.process.pid)
        print(f"{n} keys: RSS {up_mb:.0f} MB, away {away_mb:.0f} MB: {got}")
        assert set(got) == {200, 503} and got[200] > n // 4
        assert up_mb < RSS_MAX_MB and away_mb < RSS_MAX_MB
        # Over the bound known keys go on.
        status, headers, _ = s.http(
            "capture",
            "/i/v0/e/",
            b'{"api_key":"phc_other","event":"e","distinct_id":"u"}',
        )
        assert status == 503 and headers["Retry-After"]
        assert send(s, token) == 200

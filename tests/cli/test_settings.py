"""Settings made in the admin: where they stand in the order of sources, what is
refused, what a restart, a reload and a kill make of them."""

import http.client
import json
import os
import random
import signal
import sqlite3
import subprocess
import threading
import time

import pytest
from postgres import Postgres
from sluicetest import (
    CommandFailed,
    OverSocket,
    Sluice,
    binary,
    eventually,
    scaled,
)

NAME = "log.level"


def show(daemon, name):
    return {s["name"]: s for s in daemon.api("GET", "/api/v1/settings")["items"]}[name]


def patch(daemon, **settings):
    """(status, answer) of a change; names with _ for the dot."""
    body = {"settings": {k.replace("__", "."): v for k, v in settings.items()}}
    return raw(daemon, "PATCH", "/api/v1/settings", body)


def raw(daemon, method, path, body=None):
    connection = OverSocket(os.path.join(daemon.data, "sluice.sock"))
    try:
        connection.request(method, path, body and json.dumps(body))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def config_show(data, *args, env=None):
    done = subprocess.run(
        [binary(), "config", "show", "--json", "--data", str(data), *map(str, args)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **(env or {})},
    )
    assert done.returncode == 0, done.stderr
    rows = {s["name"]: s for s in map(json.loads, done.stdout.splitlines())}
    return rows, done.stderr


def test_the_order_of_all_five_sources(tmp_path):
    data = tmp_path / "data"
    file = tmp_path / "sluice.conf"
    file.write_text("")

    def source(*args, env=None):
        row = config_show(data, "--config", file, *args, env=env)[0][NAME]
        return row["value"], row["source"]

    assert source() == ("info", "default")
    subprocess.run(
        [binary(), "config", "set", f"{NAME}=debug", "--data", data], check=True
    )
    assert source() == ("debug", "admin")
    file.write_text("[log]\nlevel = warn\n")
    assert source() == ("warn", "file")
    env = {"SLUICE_LOG_LEVEL": "error"}
    assert source(env=env) == ("error", "environment")
    assert source("--set", f"{NAME}=info", env=env) == ("info", "--set")
    file.write_text("")
    subprocess.run([binary(), "config", "unset", NAME, "--data", data], check=True)
    assert source() == ("info", "default")


def test_what_needs_no_restart_is_in_use_at_once_and_the_rest_waits():
    with Sluice() as daemon:
        token = daemon.project()["api_token"]
        status, answer = patch(daemon, capture__max_body_bytes="2k", capture__threads=3)
        assert status == 200, answer
        # In use: a request of more than 2 KiB is refused now.
        event = {"event": "e", "distinct_id": "d", "properties": {"a": "x" * 4000}}
        body = json.dumps({"api_key": token, **event})
        status, _, _ = daemon.http("capture", "/e/", body.encode())
        assert status == 413
        now = show(daemon, "capture.max_body_bytes")
        assert (now["value"], now["source"], now["pending"]) == ("2048", "admin", False)
        later = show(daemon, "capture.threads")
        assert (later["value"], later["pending"]) == ("0", True)
        assert later["pending_value"] == "3" and later["applies"] == "restart"
        daemon.stop()
        daemon.start()
        later = show(daemon, "capture.threads")
        assert (later["value"], later["pending"]) == ("3", False)
        assert show(daemon, "capture.max_body_bytes")["value"] == "2048"
        assert daemon.cli("config", "unset", "capture.max_body_bytes")
        assert show(daemon, "capture.max_body_bytes")["source"] == "default"
        status, _, _ = daemon.http("capture", "/e/", body.encode())
        assert status == 200


REFUSED = [
    ({"ingest__batch_events": 0}, 400),
    ({"no__such": "x"}, 400),
    ({"roles": "capture"}, 400),
    ({"admin__listen": "off"}, 400),
    ({"capture__tls_cert": "/etc/shadow"}, 400),
    ({"kafka__allow_produce": "file:/etc/shadow"}, 400),
    ({"postgres__url": "file:/etc/shadow"}, 400),
    ({"admin__hosts": "a\nb"}, 400),
    # Over several settings, as the start checks it.
    ({"capture__tls_listen": ":8443"}, 400),
    ({"kafka__mode": "external"}, 400),
    # --set of this daemon is stronger.
    ({"capture__listen": ":1"}, 409),
]


def test_all_or_none():
    with Sluice() as daemon:
        for settings, code in REFUSED:
            field = next(iter(settings)).replace("__", ".")
            status, answer = patch(daemon, dlq__alert_per_min=5, **settings)
            assert (status, answer["error"]["field"]) == (code, field), answer
            assert show(daemon, "dlq.alert_per_min")["value"] == "60"
        assert raw(daemon, "PATCH", "/api/v1/settings", {"settings": [1]})[0] == 400
        with pytest.raises(CommandFailed, match="allowed is"):
            daemon.cli("config", "set", "ingest.batch_events=0")


def test_a_secret_is_not_given_back():
    with Sluice() as daemon:
        url = "postgresql://somebody:Hidden-7319@127.0.0.1:1/posthog"
        status, answer = patch(daemon, postgres__url=url)
        assert status == 200 and "Hidden-7319" not in json.dumps(answer)
        row = show(daemon, "postgres.url")
        assert row["value"] == "" and row["pending"] and row["made_here"]
        assert row["pending_value"] is None and row["made_here_value"] is None
        assert "Hidden-7319" not in daemon.cli("config", "show", "--json")
        assert "Hidden-7319" not in daemon.log()
        status, _ = patch(daemon, postgres__url=None)
        assert status == 200 and not show(daemon, "postgres.url")["pending"]
        # Nor is it left in the file.
        daemon.stop()
        for name in ("config.db", "config.db-wal"):
            path = os.path.join(daemon.data, name)
            if os.path.exists(path):
                with open(path, "rb") as f:
                    assert b"Hidden-7319" not in f.read()


def put_row(data, name, value):
    with sqlite3.connect(os.path.join(data, "config.db")) as db:
        db.execute(
            "INSERT OR REPLACE INTO setting (name, value, set_at_us) VALUES (?, ?, 1)",
            (name, value),
        )
    db.close()


def test_an_ill_value_does_not_stop_the_start():
    with Sluice() as daemon:
        daemon.cli("config", "set", "dlq.alert_per_min=7")
        daemon.stop()
        put_row(daemon.data, "ingest.batch_events", "many")
        put_row(daemon.data, "capture.tls_listen", ":8443")  # without a certificate
        put_row(daemon.data, "roles", "capture")
        put_row(daemon.data, "a.setting.of.another.version", "1")
        rows, said = config_show(daemon.data)
        assert rows["dlq.alert_per_min"]["value"] == "7"
        for name in ("ingest.batch_events", "capture.tls_listen", "roles"):
            assert name in said
        daemon.start()
        assert show(daemon, "dlq.alert_per_min")["value"] == "7"
        assert show(daemon, "ingest.batch_events")["value"] == "2000"
        assert "many" in show(daemon, "ingest.batch_events")["ignored"]
        assert "tls_cert" in show(daemon, "capture.tls_listen")["ignored"]
        assert "role admin" in show(daemon, "roles")["ignored"]
        assert "setting_ignored" in daemon.log()
        # It does not stand in the way of other changes, and can be taken away.
        assert patch(daemon, dlq__alert_per_min=8)[0] == 200
        assert patch(daemon, ingest__batch_events=None)[0] == 200
        assert show(daemon, "ingest.batch_events")["ignored"] is None


def keep_changing(daemon, first, told):
    """Two settings at once, the same number each; told gets what was answered."""
    for i in range(first, first + 10000):
        try:
            status, _ = patch(daemon, dlq__alert_per_min=i, ingest__batch_events=i)
        except (OSError, http.client.HTTPException, ValueError):
            return
        assert status == 200
        told.append(i)


def test_killed_at_any_instant_no_change_is_lost_or_half():
    rng = random.Random(20260)
    with Sluice() as daemon:
        told = [1]
        assert patch(daemon, dlq__alert_per_min=1, ingest__batch_events=1)[0] == 200
        for _ in range(scaled(60, 4)):
            thread = threading.Thread(
                target=keep_changing, args=(daemon, told[-1] + 1, told)
            )
            thread.start()
            time.sleep(rng.uniform(0.005, 0.15))
            daemon.kill()
            thread.join()
            daemon.start()
            values = {
                show(daemon, name)["value"]
                for name in ("dlq.alert_per_min", "ingest.batch_events")
            }
            assert len(values) == 1, values
            got = int(values.pop())
            assert told[-1] <= got <= told[-1] + 1
            told.append(got)
        assert len(told) > 10


def test_sighup_and_the_file_win_over_the_admin(tmp_path):
    file = tmp_path / "sluice.conf"
    file.write_text("")
    with Sluice() as daemon:
        daemon.stop()
        line = daemon.run_command
        daemon.run_command = lambda: [*line(), "--config", str(file)]
        daemon.start()
        assert patch(daemon, canary__interval_s=None)[0] == 200
        assert patch(daemon, dlq__alert_per_min=9)[0] == 200
        file.write_text("[dlq]\nalert_per_min = 11\n")
        daemon.process.send_signal(signal.SIGHUP)
        eventually(
            lambda: show(daemon, "dlq.alert_per_min")["value"] == "11", 10, "reloaded"
        )
        row = show(daemon, "dlq.alert_per_min")
        assert row["source"] == "file" and row["made_here_value"] == "9"
        status, answer = patch(daemon, dlq__alert_per_min=10)
        assert status == 409 and "file" in answer["error"]["message"]


def test_postgres_is_not_taken_from_the_admin_once_persons_are_here():
    """Set while the folder was empty; then persons came, then the restart."""
    with Sluice() as daemon:
        token = daemon.project()["api_token"]
        url = "postgresql://u:p@127.0.0.1:1/d"
        assert patch(daemon, postgres__url=url)[0] == 200
        event = {"event": "e", "distinct_id": "d", "properties": {"$set": {"a": 1}}}
        daemon.send(token, [event])
        daemon.drain()
        daemon.stop()
        daemon.start()
        row = show(daemon, "postgres.url")
        assert not row["is_set"] and "switch_store" in row["ignored"]
        assert patch(daemon, postgres__url=None)[0] == 200
        status, answer = patch(daemon, postgres__url=url)
        assert status == 400 and "switch_store" in answer["error"]["message"]


def test_postgres_set_in_the_admin_is_used_after_a_restart():
    with Postgres() as server, Sluice() as daemon:
        server.create_db("posthog")
        assert patch(daemon, postgres__url=server.url("posthog"))[0] == 200
        assert daemon.api("GET", "/api/v1/status")["postgres"] is None
        daemon.stop()
        daemon.start()
        assert daemon.api("GET", "/api/v1/status")["postgres"]["state"] == "up"
        assert show(daemon, "postgres.url")["source"] == "admin"

"""sluice doctor: each symptom of "events do not show up" is seen and answered."""

import contextlib
import http.server
import json
import os
import pathlib
import re
import socket
import sqlite3
import subprocess
import threading

import pytest
from sluicetest import TOP, Sluice, eventually
from test_service import certificate

PAGE = TOP / "docs" / "troubleshooting.md"
SEEN = set()  # names of all checks in this module's runs


def doctor(s, *args, command=()):
    done = subprocess.run(
        [*command, *s.command("doctor", "--json", *args)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    found = {}
    for line in done.stdout.splitlines():
        row = json.loads(line)
        assert set(row) == {"check", "ok", "state", "text", "do"}
        assert row["ok"] == (row["state"] != "fail")
        assert row["state"] in ("ok", "warn", "fail")
        found[row["check"]] = row
    SEEN.update(found)
    any_fails = any(row["state"] == "fail" for row in found.values())
    assert done.returncode == (1 if any_fails else 0), done.stdout
    return found


def says(row, state, text="", do=""):
    assert row["state"] == state, row
    assert text in row["text"] and do in row["do"], row


@pytest.fixture(scope="module")
def daemon():
    settings = {"capture.unknown_token": "keep", "canary.interval_s": "60"}
    with Sluice(settings=settings) as s:
        yield s
        s.stop()


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    with Sluice(data=tmp_path_factory.mktemp("doctor") / "data") as s:
        s.stop()
        s.process = None
        yield s


def test_a_fresh_daemon_is_well_and_not_set_up(daemon):
    found = doctor(daemon)
    says(found["daemon"], "ok", "version ")
    says(found["capture"], "ok", daemon.url("capture", "").rstrip("/"))
    says(found["setup"], "warn", do="sluice user setup")
    says(found["key"], "warn", "no project", "sluice project create")
    says(found["permissions"], "ok")
    assert [f for f in found.values() if f["state"] == "fail"] == []
    for hop in ("capture", "ingest", "output", "broker"):
        says(found[f"hop {hop}"], "ok")
    # In the order of an event's way, so that the first trouble is the cause.
    order = [n for n in found if n.startswith("hop ") or n in ("capture", "key")]
    assert order[:5] == ["capture", "key", "hop capture", "hop ingest", "hop output"]


def test_a_project_and_its_key_are_found(daemon):
    token = daemon.project("shop")["api_token"]
    says(doctor(daemon)["key"], "ok", "1 project")
    says(doctor(daemon, "--key", token)["key"], "ok", "of the project shop")
    says(doctor(daemon, "--key", "phc_other")["key"], "fail", "401", "project list")


def test_wrong_requests_and_dead_letters_are_told_by_reason(daemon):
    daemon.send("phc_nobodys", [{"event": "e", "distinct_id": "d"}])
    assert daemon.http("capture", "/i/v0/e/", b"{}")[0] == 400
    eventually(lambda: daemon.api("GET", "/api/v1/dlq")["items"], 20, "the letter")
    found = doctor(daemon)
    says(found["wrong requests"], "warn", "since the start: ")
    says(found["dead letters"], "warn", "1 events", "sluice dlq list --by-error")


def test_a_url_is_looked_for_by_dns_port_and_answer(daemon):
    good = daemon.url("capture", "/").replace("127.0.0.1", "localhost")
    found = doctor(daemon, "--url", good)
    says(found["dns"], "ok", "localhost is ")
    says(found["url"], "ok", "answers")
    found = doctor(daemon, "--url", "http://sluice.invalid")
    says(found["dns"], "fail", "sluice.invalid: ", "DNS record")
    assert "url" not in found
    with socket.socket() as closed:  # bound and not listening
        closed.bind(("127.0.0.1", 0))
        found = doctor(daemon, "--url", f"http://127.0.0.1:{closed.getsockname()[1]}")
    says(found["url"], "fail", "127.0.0.1", "firewalls")


def test_another_server_at_the_url_is_told_apart(daemon):
    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"welcome")

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Other)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        found = doctor(daemon, "--url", f"http://127.0.0.1:{server.server_port}/")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    says(found["url"], "fail", "not as Sluice does", "docs/behind-a-proxy.md")


def test_a_certificate_that_clients_refuse_is_told(tmp_path):
    certificate(tmp_path)
    settings = {
        "capture.tls_listen": "127.0.0.1:0",
        "capture.tls_cert": tmp_path / "cert",
        "capture.tls_key": tmp_path / "key",
    }
    with Sluice(settings=settings) as s:
        found = doctor(s, "--url", f"https://localhost:{s.ports['capture_tls']}")
        says(found["dns"], "ok")
        says(found["url"], "fail", "certificate", "see the certificate")
        s.stop()


def test_a_missing_library_of_clickhouse_is_told(tmp_path):
    settings = {"clickhouse.mode": "embedded", "clickhouse.library": tmp_path / "no.so"}
    with Sluice(settings=settings, ready=False) as s:
        found = doctor(s, "--set", f"clickhouse.library={tmp_path}/no.so")
        says(found["clickhouse"], "fail", "no_library", "sluice-clickhouse")
        says(found["libchdb"], "fail", "no.so")
        s.stop()


def test_refusals_are_told_by_reason():
    settings = {"spool.min_free_bytes": "1t", "spool.ballast_bytes": "0"}
    with Sluice(settings=settings, ready=False) as s:
        # The reserve is at most a part of the disk: so the log's bound it is.
        s.stop()
        s.settings = {**s.settings, "spool.min_free_bytes": "0"}
        s.settings["spool.max_bytes"] = "1m"
        s.settings["roles"] = "capture,broker,admin"
        s.start(ready=False)
        token = s.project()["api_token"]
        event = {"event": "e", "distinct_id": "d", "properties": {"x": "y" * 500_000}}
        body = json.dumps({"api_key": token, "batch": [event]}).encode()

        def refused():
            return s.http("capture", "/batch/", body)[0] == 503

        eventually(refused, 30, "503")
        found = doctor(s)
        says(found["refused"], "warn", "log_full", "docs/overload.md")
        s.stop()


def test_a_folder_without_a_daemon_is_checked_on_its_own(stopped):
    found = doctor(stopped)
    says(found["daemon"], "warn", "none runs", "systemctl start sluice")
    says(found["admin"], "ok", "this machine only")
    found = doctor(stopped, "--set", "admin.listen=0.0.0.0:0")
    says(found["admin"], "warn", "without TLS", "admin.tls_cert")
    found = doctor(stopped, "--set", "spool.min_free_bytes=1024g")
    says(found["disk"], "fail", "events are refused", "free some space")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = doctor(stopped, "--set", f"kafka.listen=127.0.0.1:{port}")
    says(found["kafka.listen"], "fail", str(port), "stop what listens there")


def test_files_of_another_user_and_an_open_folder_are_told(stopped):
    path = os.path.join(stopped.data, "state.db")
    os.chown(path, 65534, -1)
    says(doctor(stopped)["permissions"], "fail", "state.db", "chown")
    os.chown(path, os.getuid(), -1)
    os.chmod(stopped.data, 0o755)
    says(doctor(stopped)["folder"], "fail", "open to other users", "0700")
    os.chmod(stopped.data, 0o700)
    says(doctor(stopped)["permissions"], "ok")


def test_a_file_of_a_newer_program_is_told(stopped):
    path = os.path.join(stopped.data, "state.db")
    with contextlib.closing(sqlite3.connect(path)) as db:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        db.execute("PRAGMA user_version = 999")
        says(doctor(stopped)["state.db"], "fail", "newer Sluice (schema 999")
        db.execute(f"PRAGMA user_version = {version}")
    says(doctor(stopped)["state.db"], "ok")


SYSTEMCTL = """#!/bin/sh
cat <<'EOT'
LoadState=loaded
ActiveState={active}
Result={result}
NRestarts={restarts}
StatusText={text}
EOT
"""


@pytest.mark.parametrize(
    ("active", "result", "restarts", "text", "state", "seen", "do"),
    [
        ("active", "success", 0, "Takes events", "ok", "Takes events", ""),
        ("active", "success", 3, "Takes events", "warn", "3 times", "journalctl"),
        ("failed", "watchdog", 5, "", "fail", "watchdog", "journalctl"),
        ("inactive", "success", 0, "", "warn", "inactive", "systemctl start"),
    ],
)
def test_the_service_managers_view_is_told(
    stopped, tmp_path, active, result, restarts, text, state, seen, do
):
    # In a mount name space of its own, where systemd seems to run the machine.
    fake = tmp_path / "bin" / "systemctl"
    fake.parent.mkdir()
    values = {"active": active, "result": result, "restarts": restarts, "text": text}
    fake.write_text(SYSTEMCTL.format(**values))
    fake.chmod(0o755)
    (tmp_path / "run" / "systemd" / "system").mkdir(parents=True)
    script = (
        f'mount --bind {tmp_path}/run /run && PATH={fake.parent}:$PATH && exec "$@"'
    )
    command = ["unshare", "-m", "sh", "-c", script, "sh"]
    found = doctor(stopped, command=command)
    says(found["service"], state, seen, do)


def test_settings_that_are_wrong_end_it(stopped):
    found = doctor(stopped, "--set", "capture.listen=nowhere")
    assert list(found) == ["settings"]
    says(found["settings"], "fail", "capture.listen")


def test_people_get_what_to_do_on_a_line_of_its_own(stopped):
    out = stopped.cli("doctor")
    assert re.search(r"(?m)^ok   settings +right$", out)
    assert re.search(r"(?m)^warn daemon +none runs on .*\n +-> systemctl start", out)


def test_every_check_is_explained_in_the_docs():
    # After all others: what they have seen.
    text = pathlib.Path(PAGE).read_text()
    assert len(SEEN) > 25
    for name in SEEN:
        assert f"`{name}`" in text, name

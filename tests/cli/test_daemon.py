"""The daemon in bad conditions: each stops or degrades with one clear line."""

import contextlib
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import threading

import pytest
from sluicetest import Sluice, binary, eventually, fill, tmpfs

NOBODY = 65534


def last_lines(text):
    return [x for x in text.splitlines() if x.startswith("sluice run: ")]


def fails(sluice):
    """The daemon stops by itself with status 1; its one line."""
    with open(sluice.log_path, "wb") as log:
        done = subprocess.run(
            sluice.run_command(), stdout=log, stderr=log, timeout=60, check=False
        )
    assert done.returncode == 1, sluice.log()
    (line,) = last_lines(sluice.log())
    return line


@contextlib.contextmanager
def stopped():
    s = Sluice()
    try:
        yield s
    finally:
        s.remove()


def test_a_second_daemon_is_refused_by_the_lock():
    # run-1
    with Sluice() as s:
        pid = s.process.pid
        done = subprocess.run(
            s.run_command(), capture_output=True, text=True, timeout=30, check=False
        )
        assert done.returncode == 1
        (line,) = last_lines(done.stderr)
        assert str(pid) in line and s.data in line
        assert s.is_ready()


def self_signed(folder):
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-subj", "/CN=localhost"]
        + ["-newkey", "rsa:2048", "-keyout", key, "-out", cert],
        check=True,
        capture_output=True,
    )
    return {"capture.tls_cert": cert, "capture.tls_key": key}


@pytest.mark.parametrize(
    "name",
    [
        "capture.listen",
        "capture.tls_listen",
        "admin.listen",
        "kafka.listen",
        "clickhouse.listen",
    ],
)
def test_a_port_in_use_is_named(tmp_path, name):
    with socket.create_server(("127.0.0.1", 0)) as taken, stopped() as s:
        port = taken.getsockname()[1]
        s.settings[name] = f"127.0.0.1:{port}"
        s.settings["clickhouse.mode"] = "embedded"
        if name == "capture.tls_listen":
            s.settings |= self_signed(tmp_path)
        line = fails(s)
        assert str(port) in line and f"set {name} to another" in line


def test_a_read_only_folder_is_named(tmp_path):
    with stopped() as s, tmpfs(tmp_path / "ro", "ro,mode=0700"):
        s.data = str(tmp_path / "ro")
        line = fails(s)
        assert s.data in line and "--data" in line


def test_a_folder_of_another_user_is_refused():
    assert os.geteuid() == 0, "wants root, to give a folder to another user"
    with stopped() as s:
        os.mkdir(s.data, 0o700)
        os.chown(s.data, NOBODY, NOBODY)
        assert "another user" in fails(s)


def test_the_socket_is_refused_to_other_users(tmp_path):
    assert os.geteuid() == 0, "wants root, to become another user"
    with Sluice() as s:
        program = tmp_path / "sluice"
        shutil.copy(binary(), program)
        for folder in (tmp_path, *tmp_path.parents[:2]):
            folder.chmod(0o755)
        done = subprocess.run(
            [program, "status", "--data", s.data],
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert s.data in done.stderr and done.stderr.count("\n") == 1


def test_the_folder_is_closed_to_others():
    with stopped() as s:
        os.mkdir(s.data, 0o755)
        s.start()
        assert os.stat(s.data).st_mode & 0o777 == 0o700
        s.stop()


@pytest.mark.parametrize("name", ["config.db", "spool.db", "state.db", "broker.db"])
def test_a_corrupted_file_stops_the_start(name):
    # run-4
    with Sluice() as s:
        s.stop()
        path = os.path.join(s.data, name)
        with open(path, "r+b") as f:
            f.write(os.urandom(4096))
        line = fails(s)
        assert name in line
        checks = subprocess.run(
            s.command("doctor", "--json"), capture_output=True, text=True, check=False
        )
        assert checks.returncode == 1
        bad = [json.loads(x) for x in checks.stdout.splitlines()]
        assert [c["check"] for c in bad if not c["ok"]] == [name]


def test_a_file_that_cannot_be_written_stops_the_daemon():
    # run-4
    with Sluice() as s:
        token = s.project()["api_token"]

        def send(i):
            event = {
                "event": "e",
                "distinct_id": f"d{i}",
                "properties": {"x": "y" * 999},
            }
            body = json.dumps({"api_key": token, "batch": [event]}).encode()
            with contextlib.suppress(OSError):
                return s.http("capture", "/batch/", body)[0]
            return 0

        accepted = sum(send(i) == 200 for i in range(20))
        assert accepted == 20
        least = 65536  # the log files are longer than this, its own log is not
        resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE, (least, least))

        def ended():
            nonlocal accepted
            accepted += send(accepted) == 200
            return s.process.poll() is not None

        eventually(ended, 60, "the daemon stops")
        assert s.process.returncode == 1
        s.process = None
        (line,) = last_lines(s.log())
        assert ".db" in line and "check the disk" in line
        s.start()
        s.drain()
        assert len(s.records("clickhouse_events_json")) >= accepted


def test_a_file_of_a_newer_program_is_refused_untouched():
    import sqlite3

    with Sluice() as s:
        s.stop()
        path = os.path.join(s.data, "state.db")
        with contextlib.closing(sqlite3.connect(path)) as db:
            (n,) = db.execute("PRAGMA user_version").fetchone()
            db.execute(f"PRAGMA user_version = {n + 50}")
            db.execute(
                "INSERT INTO migration (name, checksum, applied_at_us)"
                " VALUES ('099_future.sql', 1, 1)"
            )
            db.commit()
        with open(path, "rb") as f:
            before = f.read()
        line = fails(s)
        assert "newer" in line
        with open(path, "rb") as f:
            assert f.read() == before


def test_a_full_disk_refuses_events_and_lets_the_rest_go_on(tmp_path):
    # run-3: events are refused although the ballast was given free
    with stopped() as s, tmpfs(tmp_path / "small", "size=64m,mode=0700"):
        s.data = str(tmp_path / "small" / "data")
        s.log_path = str(tmp_path / "log")
        s.settings["spool.ballast_bytes"] = "256m"
        s.start()
        token = s.project()["api_token"]
        event = {"event": "e", "distinct_id": "d"}
        s.send(token, [event])
        stuffing = tmp_path / "small" / "stuffing"
        fill(stuffing, 1 << 20)
        body = json.dumps({"api_key": token, "batch": [event]}).encode()

        def refused():
            status, headers, _ = s.http("capture", "/batch/", body)
            return status == 503 and headers

        def not_ready():
            status, _, answer = s.http("admin", "/_ready")
            return status == 503 and answer

        headers = eventually(refused, 20, "503 on a full disk")
        assert int(headers["Retry-After"]) > 0
        # The file refuses at once, the watch of the disk within a second.
        ready = eventually(not_ready, 20, "not ready")
        missing = {m["role"]: m["reason"] for m in json.loads(ready)["missing"]}
        assert "free some space" in missing["capture"]
        lines = [x for x in s.log().splitlines() if "events_refused" in x]
        assert len(lines) == 1 and "free some space" in lines[0]
        status = s.cli_json("status")
        assert status["disk"]["events_refused"] is True
        assert status["disk"]["ballast_bytes"] == 0
        stuffing.unlink()
        eventually(lambda: s.http("capture", "/batch/", body)[0] == 200, 20, "200")
        eventually(
            lambda: s.cli_json("status")["disk"]["ballast_bytes"] > 0, 20, "ballast"
        )
        s.drain()
        s.stop()


def test_a_full_front_log_refuses_events_and_keeps_all_of_them():
    settings = {"roles": "capture,admin", "spool.max_bytes": "1m"}
    with Sluice(settings=settings) as s:
        token = s.project()["api_token"]
        n = 0
        filler = {"x": "y" * 20000}

        def refused():
            nonlocal n
            event = {"event": "e", "distinct_id": f"d{n}", "properties": filler}
            body = json.dumps({"api_key": token, "batch": [event] * 5}).encode()
            status = s.http("capture", "/batch/", body)[0]
            n += 5 if status == 200 else 0
            return status == 503

        eventually(refused, 30, "503 at spool.max_bytes")
        ready = json.loads(s.http("admin", "/_ready")[2])
        assert "spool.max_bytes" in ready["missing"][0]["reason"]
        s.stop()
        s.settings["roles"] = "capture,ingest,admin"
        s.start(ready=False)
        s.drain()
        assert len(s.records("clickhouse_events_json")) == n
        eventually(lambda: s.is_ready(), 20, "events are accepted again")


def test_sigterm_under_load_loses_nothing():
    # run-2, run-5
    with Sluice(settings={"shutdown.timeout_s": "20"}) as s:
        token = s.project()["api_token"]
        accepted = []
        failed = threading.Event()

        def load(k):
            i = 0
            while not failed.is_set():
                uuid = f"00000000-0000-4000-8000-{k:04d}{i:08d}"
                i += 1
                try:
                    s.send(
                        token, [{"event": "e", "distinct_id": f"d{k}", "uuid": uuid}]
                    )
                except (OSError, AssertionError):
                    failed.set()
                else:
                    accepted.append(uuid)

        threads = [threading.Thread(target=load, args=(k,)) for k in range(4)]
        for t in threads:
            t.start()
        eventually(lambda: len(accepted) > 200, 30, "load")
        s.stop(25)
        for t in threads:
            t.join(30)
        assert not os.path.exists(os.path.join(s.data, "ports.json"))
        assert not os.path.exists(os.path.join(s.data, "sluice.sock"))
        s.start()
        s.drain()
        uuids = [
            json.loads(r["value"])["uuid"] for r in s.records("clickhouse_events_json")
        ]
        assert len(uuids) == len(set(uuids))
        assert set(accepted) <= set(uuids)


def test_sigint_stops_too():
    with Sluice() as s:
        s.process.send_signal(signal.SIGINT)
        assert s.process.wait(30) == 0
        s.process = None


def test_sighup_reloads(tmp_path):
    file = tmp_path / "sluice.conf"
    file.write_text("[capture]\nmax_body_bytes = 1m\n")
    with stopped() as s:
        line = [*s.run_command(), "--config", str(file)]
        s.run_command = lambda: line
        s.start()
        token = s.project()["api_token"]
        event = {"event": "e", "distinct_id": "d", "properties": {"x": "y" * 5000}}
        body = json.dumps({"api_key": token, "batch": [event]}).encode()
        assert s.http("capture", "/batch/", body)[0] == 200
        file.write_text("[capture]\nmax_body_bytes = 2k\nthreads = 3\n")
        s.process.send_signal(signal.SIGHUP)
        eventually(lambda: "event=reloaded" in s.log(), 20, "reloaded")
        assert s.http("capture", "/batch/", body)[0] == 413
        changed = [x for x in s.log().splitlines() if "setting_changed" in x]
        assert any("max_body_bytes" in x and "applies=now" in x for x in changed)
        assert any("threads" in x and "applies=at_next_start" in x for x in changed)
        file.write_text("[capture]\nmax_body_bytes = lots\n")
        s.process.send_signal(signal.SIGHUP)
        eventually(lambda: "event=reload_failed" in s.log(), 20, "a refused reload")
        assert s.http("capture", "/batch/", body)[0] == 413
        s.stop()


def test_the_demo_prints_what_to_do():
    token = "phc_demo_sluice_local_appliance_key_000000000"
    with Sluice(demo=True) as s:
        log = s.log()
        for word in (s.url("capture", ""), token, "curl", "sluice sql"):
            assert word in log
        s.send(token, [{"event": "e", "distinct_id": "d"}])
        s.stop()
        s.start()
        (project,) = s.cli_lines("project", "list")
        assert project["api_token"] == token


def test_the_demo_listens_on_this_machine_only():
    done = subprocess.run(
        [binary(), "config", "show", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = {r["name"]: r["value"] for r in map(json.loads, done.stdout.splitlines())}
    assert rows["capture.listen"] == "0.0.0.0:8000"
    with stopped() as s:
        del s.settings["capture.listen"]
        s.demo = True
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError):  # somebody has it already
                stack.enter_context(socket.create_server(("127.0.0.1", 8000)))
            assert "127.0.0.1 port 8000" in fails(s)


@pytest.mark.parametrize("roles", ["capture,admin", "ingest,admin", "admin", "broker"])
def test_parts_of_the_roles_start_alone(roles):
    with stopped() as s:
        s.settings["roles"] = roles
        s.start(ready=False)
        assert s.cli("wait", "--ready", "--timeout-s", "20") == ""
        assert (s.ports["capture"] != 0) == ("capture" in roles)
        assert (s.ports["kafka"] != 0) == ("broker" in roles)
        s.stop()


def test_a_long_query_does_not_hold_the_stop():
    with Sluice(clickhouse=True) as s:
        query = s.command(
            "sql", "SELECT sleepEachRow(1) FROM numbers(3000) SETTINGS max_block_size=1"
        )
        with subprocess.Popen(query, stdout=-1, stderr=-1) as client:
            eventually(
                lambda: (
                    s.sql(
                        "SELECT count() AS n FROM system.processes"
                        " WHERE query LIKE '%sleepEachRow(1)%'"
                    )[0]["n"]
                    > 1
                ),
                20,
                "the query runs",
            )
            s.stop(25)
            assert client.wait(20) == 1

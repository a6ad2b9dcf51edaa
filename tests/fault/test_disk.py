"""Full disks, failing disks, a stopped app server and a clock that jumps.

Guarantees 1 to 3 of docs/guarantees.md: what was acknowledged is in the output
exactly once and in order, whatever was refused meanwhile.
"""

import errno
import json
import os
import subprocess
import time

import pytest
from load import Load
from outcome import (
    SEED,
    arm,
    audit,
    check_output,
    free_port,
    has_fault_points,
    rows,
    settle,
    store_of,
)
from shim import SYNC, WRITE, shim
from sluicetest import SCALE, Sluice, eventually, fill, tmpfs

DAY_S = 86400


def goes_on(load, more=50):
    """The load gets answers 200 again."""
    had = len(load.acknowledged)
    eventually(lambda: len(load.acknowledged) > had + more, 60, "events are accepted")


def refused(load, status=503):
    return load.answers.get(status, 0)


def test_a_disk_that_fills_at_once_and_is_freed(tmp_path):
    """No guard sees it coming: SQLite finds it full, in front log and state."""
    with (
        store_of("sqlite") as store,
        tmpfs(tmp_path / "small", "size=96m,mode=0700") as small,
    ):
        port = free_port()
        s, project = store.begin(**{"capture.listen": f"127.0.0.1:{port}"})
        data, s.data = s.data, str(small / "data")
        os.rename(data, f"{data}.old")
        subprocess.run(["cp", "-a", f"{data}.old", s.data], check=True)
        s.log_path = str(tmp_path / "log")
        with s, Load(project["api_token"], SEED, lambda: port, pause_s=0.002) as load:
            for leave in (0, 1 << 18):
                goes_on(load)
                fill(small / "stuffing", leave)
                before = refused(load)
                eventually(lambda n=before: refused(load) > n + 20, 30, "503")
                eventually(
                    lambda: s.cli_json("status")["disk"]["events_refused"], 5, "guard"
                )
                assert s.cli_json("status")["refused"]["disk_full"] > 0
                assert s.process.poll() is None
                (small / "stuffing").unlink()
            goes_on(load)
            load.stop()
            assert set(load.answers) <= {200, 503, "broken"}
            s.root = str(tmp_path)
            print(settle(store, s, project, load))


def test_a_disk_that_is_full_for_clickhouse_too(tmp_path):
    """What was acknowledged before and after is in ClickHouse once."""
    with tmpfs(tmp_path / "small", "size=512m,mode=0700") as small:
        s = Sluice(clickhouse=True, data=small / "data")
        s.log_path = str(tmp_path / "log")
        with s:
            token = s.project()["api_token"]
            port = s.ports["capture"]
            with Load(token, SEED, lambda: port, pause_s=0.005) as load:
                goes_on(load, 300)
                fill(small / "stuffing")
                eventually(lambda: refused(load) > 50, 30, "503")
                time.sleep(2)
                (small / "stuffing").unlink()
                goes_on(load)
            s.drain(120)
            check_output(load, rows(s))
            stored = s.sql(
                "SELECT count() AS n, uniqExact(uuid) AS u FROM events FINAL"
                " WHERE team_id > 0"
            )[0]
            print(f"{len(load.acknowledged)} acknowledged, ClickHouse {stored}")
            assert int(stored["n"]) == int(stored["u"]) >= len(load.acknowledged)
            audit(s)


def test_the_ballast_is_given_free_and_made_again(tmp_path):
    # run-3
    with tmpfs(tmp_path / "small", "size=128m,mode=0700") as small:
        s = Sluice(data=small / "data")
        s.log_path = str(tmp_path / "log")
        s.settings["spool.ballast_bytes"] = "6m"

        def ballast():
            return s.cli_json("status")["disk"]["ballast_bytes"]

        with s:
            token = s.project()["api_token"]
            eventually(lambda: ballast() == 6 << 20, 10, "a ballast")
            fill(small / "stuffing", 1 << 20)
            eventually(lambda: ballast() == 0, 10, "it is given free")
            body = json.dumps(
                {"api_key": token, "event": "e", "distinct_id": "d"}
            ).encode()
            status, headers, _ = s.http("capture", "/e/", body)
            assert status == 503 and 5 <= int(headers["Retry-After"]) <= 15
            # The admin still writes.
            s.project("made on a full disk")
            (small / "stuffing").unlink()
            eventually(lambda: ballast() == 6 << 20, 10, "a new ballast")
            assert s.http("capture", "/e/", body)[0] == 200
            # A start on a full disk takes it too.
            s.kill()
            fill(small / "stuffing")
            s.start(ready=False)
            assert ballast() == 0
            (small / "stuffing").unlink()
            eventually(lambda: ballast() == 6 << 20, 10, "a new ballast")
            eventually(s.is_ready, 10, "ready")
            s.drain()
            assert len(s.records("clickhouse_events_json")) == 1


def test_recordings_are_refused_before_events():
    settings = {"roles": "capture,admin", "spool.max_bytes": "16m"}
    with Sluice(settings=settings) as s:
        token = s.project()["api_token"]
        filler = {"x": "y" * 200000}

        def send(path, events):
            body = json.dumps({"api_key": token, "batch": events}).encode()
            return s.http("capture", path, body)[0]

        snapshot = {
            "event": "$snapshot",
            "distinct_id": "d",
            "properties": {
                "$session_id": "0190a5b6-5d7c-7abc-8def-0123456789ab",
                "$snapshot_data": [{"type": 3}],
                "token": token,
            },
        }
        recording = json.dumps([snapshot]).encode()
        event = {"event": "e", "distinct_id": "d", "properties": filler}
        assert s.http("capture", "/s/", recording)[0] == 200

        def recordings_refused():
            assert send("/batch/", [event]) == 200
            return s.http("capture", "/s/", recording)[0] == 503

        eventually(recordings_refused, 30, "recordings are refused")
        assert s.cli_json("status")["disk"]["recordings_refused"] is True
        assert s.cli_json("status")["refused"]["recordings_first"] > 0
        eventually(lambda: send("/batch/", [event]) == 503, 30, "events too")
        assert s.cli_json("status")["refused"]["log_full"] > 0


FAILING = [
    ("sync", "spool.db-wal"),
    ("read_only", "state.db-wal"),
    ("sync", "state.db-wal"),
    ("read_only", "spool.db-wal"),
]


@pytest.mark.parametrize(("fault", "file"), FAILING[: 2 if SCALE < 1 else 4])
def test_a_disk_that_fails_stops_the_daemon_and_loses_nothing(fault, file):
    """run-4, store-5; after the repair all goes on."""
    calls, code = {
        "sync": (SYNC, errno.EIO),
        "read_only": (WRITE, errno.EROFS),
    }[fault]
    with store_of("sqlite") as store, shim() as broken, broken.loaded():
        port = free_port()
        s, project = store.begin(**{"capture.listen": f"127.0.0.1:{port}"})
        with s, Load(project["api_token"], SEED, lambda: port, pause_s=0.002) as load:
            goes_on(load, 200)
            broken.fail(calls, code, file)
            eventually(lambda: s.process.poll() is not None, 30, "the daemon stops")
            assert s.process.returncode == 1
            s.process = None
            (line,) = [x for x in s.log().splitlines() if x.startswith("sluice run: ")]
            assert file.removesuffix("-wal") in line
            broken.heal()
            s.start(ready=False)
            goes_on(load)
            load.stop()
            print(fault, file, settle(store, s, project, load))


def test_an_app_server_that_stands_still():
    """Ten minutes at full scale; events keep coming and are worked on after."""
    assert has_fault_points(), "wants a program with --enable-fault-points"
    seconds = 600 if SCALE >= 1 else 2
    with store_of("sqlite") as store:
        port = free_port()
        s, project = store.begin(**{"capture.listen": f"127.0.0.1:{port}"})
        with s, Load(project["api_token"], SEED, lambda: port, pause_s=0.02) as load:
            goes_on(load)
            arm(s, "pipeline_commit:BUSY:1+")
            time.sleep(0.5)
            stood_at = len(rows(s))
            time.sleep(seconds)
            assert len(rows(s)) == stood_at
            assert len(load.acknowledged) > stood_at
            arm(s, "")
            load.stop()
            assert set(load.answers) == {200}
            print(seconds, "s:", settle(store, s, project, load, drain_s=600))


def test_a_clock_that_jumps_by_a_day():
    """There and back while events come in: none lost, order and times kept,
    nothing that is still to be read deleted, no deadline missed."""
    assert has_fault_points(), "wants a program with --enable-fault-points"
    settings = {"spool.retention_h": "1"}
    with store_of("sqlite") as store, shim() as jumping, jumping.loaded():
        port = free_port()
        settings["capture.listen"] = f"127.0.0.1:{port}"
        s, project = store.begin(**settings)
        jumps = [0, DAY_S, -DAY_S, 0]
        with s, Load(project["api_token"], SEED, lambda: port, pause_s=0.02) as load:
            began = time.time()
            # Nothing may go from a front log that is not worked on.
            arm(s, "pipeline_commit:BUSY:1+")
            for offset in jumps:
                jumping.set_clock(offset)
                goes_on(load, 100)
                time.sleep(1.1)
                missing = json.loads(s.http("admin", "/_ready")[2])["missing"]
                assert all("BUSY" in m["reason"] for m in missing), missing
            arm(s, "")
            load.stop()
            s.drain(60)
            found = rows(s)
            assert load.acknowledged <= {row["uuid"] for row in found}
            offsets = set()
            for row in found:
                at = time.strptime(row["timestamp"][:19], "%Y-%m-%d %H:%M:%S")
                away = time.mktime((*at[:8], 0)) - time.timezone - began
                near = min(jumps, key=lambda o, away=away: abs(o - away))
                assert abs(away - near) < 300, row["timestamp"]
                offsets.add(near)
            assert offsets == set(jumps)
            check_output(load, found)
            audit(s)
            s.stop()

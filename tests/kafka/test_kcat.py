"""kcat (librdkafka) as users run it."""

import contextlib
import struct
import subprocess
import time

import pytest
from kraw import Client
from sluicetest import Sluice, eventually


def kcat(daemon, *args, data=None, timeout_s=30):
    done = subprocess.run(
        ["kcat", "-b", f"127.0.0.1:{daemon.ports['kafka']}", *args],
        input=data,
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_list(sluice):
    out = kcat(sluice, "-L")
    assert "1 brokers:" in out
    assert 'topic "clickhouse_events_json" with 1 partitions' in out
    assert 'topic "events_plugin_ingestion" with 2 partitions' in out


def test_produce_and_consume(sluice):
    lines = [f"k{i}:v{i}" for i in range(1000)]
    kcat(sluice, "-P", "-t", "mine", "-K", ":", data="\n".join(lines) + "\n")
    out = kcat(sluice, "-C", "-t", "mine", "-o", "beginning", "-e", "-q", "-K", ":")
    assert out.splitlines() == lines
    out = kcat(sluice, "-C", "-t", "mine", "-o", "-5", "-e", "-q")
    assert out.splitlines() == [f"v{i}" for i in range(995, 1000)]
    out = kcat(sluice, "-C", "-t", "mine", "-o", "10", "-c", "2", "-q")
    assert out.splitlines() == ["v10", "v11"]


def test_headers_and_null(sluice):
    kcat(sluice, "-P", "-t", "heads", "-H", "a=1", "-H", "b=2", data="x\n")
    args = ["-C", "-t", "heads", "-o", "beginning", "-e", "-q", "-f", "%k|%h|%s\n"]
    assert kcat(sluice, *args) == "|a=1,b=2|x\n"


CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


@pytest.mark.parametrize("codec", CODECS)
def test_compression(sluice, codec):
    # Each line compresses by itself: a batch may hold one record only.
    lines = [f"number {i} compresses" + " well" * 40 for i in range(2000)]
    topic = f"packed-{codec}"
    kcat(sluice, "-P", "-t", topic, "-z", codec, data="\n".join(lines) + "\n")
    out = kcat(sluice, "-C", "-t", topic, "-o", "beginning", "-e", "-q")
    assert out.splitlines() == lines
    with Client(sluice.ports["kafka"]) as c:
        ((error, _, records),) = c.fetch([(topic, 0, 0)])
    if codec == "zstd":
        assert error == 76  # not for a Fetch as old as this one
    else:
        assert struct.unpack_from(">h", records, 21)[0] & 7 == CODECS[codec]


def test_query_by_time(sluice):
    before = int(time.time() * 1000)
    time.sleep(0.01)
    kcat(sluice, "-P", "-t", "timed", data="one\n")
    out = kcat(sluice, "-Q", "-t", f"timed:0:{before}")
    assert "offset 0" in out
    out = kcat(sluice, "-Q", "-t", f"timed:0:{before + 10**9}")
    assert "offset -1" in out or "offset 1" in out


def test_idempotent_producer(sluice):
    lines = "".join(f"{i}\n" for i in range(20000))
    kcat(sluice, "-P", "-t", "once", "-X", "enable.idempotence=true", data=lines)
    assert kcat(sluice, "-C", "-t", "once", "-o", "beginning", "-e", "-q") == lines


def test_illegal_name_and_no_auto_creation():
    with Sluice(settings={"kafka.config.auto.create.topics.enable": "false"}) as d:
        done = subprocess.run(
            ["kcat", "-b", f"127.0.0.1:{d.ports['kafka']}", "-P", "-t", "new"],
            input="x\n",
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "nknown topic" in done.stderr
        assert "new" not in kcat(d, "-L")


class Member:
    """A kcat of a consumer group that writes its records to a file."""

    def __init__(self, daemon, group, topic, path):
        self.path = path
        with open(path, "ab") as out:
            self.process = subprocess.Popen(
                ["kcat", "-b", f"127.0.0.1:{daemon.ports['kafka']}", "-G", group]
                + ["-q", "-u", "-f", "%p %o %s\n"]
                + ["-X", "auto.offset.reset=earliest"]
                + ["-X", "session.timeout.ms=6000"]
                + ["-X", "auto.commit.interval.ms=100", topic],
                stdout=out,
                stderr=subprocess.DEVNULL,
            )

    def records(self):
        with open(self.path) as f:
            text = f.read()
        # kcat writes a line in pieces: what follows the last \n is not whole yet.
        return [line.split(" ", 2) for line in text.splitlines(True) if "\n" in line]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def seen(pair):
    return [int(r[2]) for m in pair for r in m.records()]


def assigned(daemon, group):
    """How many members a stable group has."""
    with Client(daemon.ports["kafka"]) as c:
        state, members = c.describe_group(group)
    return len(members) if state == "Stable" else 0


def committed(daemon, group, topic, partitions):
    with Client(daemon.ports["kafka"]) as c:
        return sum(max(0, c.committed(group, topic, p)[0]) for p in range(partitions))


def produce_numbers(daemon, topic, first, last):
    lines = "".join(f"key{i}:{i}\n" for i in range(first, last))
    kcat(daemon, "-P", "-t", topic, "-K", ":", data=lines)


def end_of(pair, daemon, stop):
    """kcat of a group ends when its only broker goes away."""
    stop(daemon)
    for m in pair:
        with contextlib.suppress(subprocess.TimeoutExpired):
            m.process.wait(5)
        m.stop()
    daemon.start()


@pytest.mark.parametrize("stop", [Sluice.stop, Sluice.kill])
def test_two_members_share_and_resume(tmp_path, stop):
    with Sluice() as daemon:
        with Client(daemon.ports["kafka"]) as c:
            assert c.create("shared", partitions=4) == 0
        pair = [Member(daemon, "pair", "shared", tmp_path / x) for x in "ab"]
        try:
            eventually(lambda: assigned(daemon, "pair") == 2, 20, "two members")
            produce_numbers(daemon, "shared", 0, 400)
            eventually(lambda: len(seen(pair)) >= 400, 20, "400 records")
            assert sorted(seen(pair)) == list(range(400))
            parts = [{r[0] for r in m.records()} for m in pair]
            assert not parts[0] & parts[1] and all(len(p) == 2 for p in parts)
            eventually(
                lambda: committed(daemon, "pair", "shared", 4) == 400, 10, "commits"
            )
            end_of(pair, daemon, stop)
            pair = [Member(daemon, "pair", "shared", tmp_path / x) for x in "ab"]
            produce_numbers(daemon, "shared", 400, 800)
            eventually(lambda: len(seen(pair)) >= 800, 40, "800 records")
            time.sleep(0.5)
            assert sorted(seen(pair)) == list(range(800))
        finally:
            for m in pair:
                m.stop()

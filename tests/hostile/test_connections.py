"""Ten thousand idle connections, a full table, and tokens without end."""

import contextlib
import json
import resource
import selectors
import socket

import pytest
from flood import Quiet, percentile
from sluicetest import Sluice, eventually, scaled

RSS_MAX_KB = 512 * 1024
PER_SOURCE = 1000


def rss_kb(sluice):
    with open(f"/proc/{sluice.process.pid}/status") as f:
        return next(int(x.split()[1]) for x in f if x.startswith("VmRSS"))


def metric(sluice, name):
    """Counters of one metric by their label."""
    text = sluice.http("admin", "/metrics")[2].decode()
    rows = [x for x in text.splitlines() if x.startswith(name + "{")]
    return {x.split('"')[1]: float(x.rsplit(" ", 1)[1]) for x in rows}


def post(token, n):
    body = json.dumps({"api_key": token, "event": "e", "distinct_id": f"d{n}"})
    head = f"POST /e/ HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


def open_from(sluice, number):
    """A connection of one of many addresses."""
    s = socket.socket()
    s.bind((f"127.0.1.{1 + number // PER_SOURCE}", 0))
    s.connect(("127.0.0.1", sluice.ports["capture"]))
    s.settimeout(30)
    return s


@pytest.fixture
def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_ten_thousand_idle_connections(many_descriptors):
    """Each has sent a request and stays; small events go on, quick as ever."""
    count = 10000
    assert many_descriptors > count + 1000, "raise the limit of open files"
    with Sluice() as s, contextlib.ExitStack() as stack:
        token = s.project()["api_token"]
        port = s.ports["capture"]
        before = rss_kb(s)
        connections = []
        for n in range(count):
            connections.append(stack.enter_context(open_from(s, n)))
            connections[-1].sendall(post(token, n))
        for c in connections:
            assert c.recv(4096).startswith(b"HTTP/1.1 200 ")
        quiet = Quiet(port, token, 100)
        quiet.start()
        eventually(lambda: len(quiet.times) > 100, 20, "requests beside them")
        quiet.stop()
        rss = rss_kb(s)
        print(
            f"{count} connections: {before} kB before, {rss} kB with them,"
            f" p99 beside them {1000 * percentile(quiet.times, 0.99):.1f} ms"
        )
        assert rss < RSS_MAX_KB
        assert quiet.refused == []
        assert sum(metric(s, "sluice_http_refused_total").values()) == 0
        for c in connections[:: count // 100]:
            c.sendall(post(token, "again"))
            assert c.recv(4096).startswith(b"HTTP/1.1 200 ")
        s.drain()
        stored = len(s.records("clickhouse_events_json"))
        assert stored == count + 100 + len(quiet.acknowledged)


def test_a_full_table_serves_newcomers_before_idle_ones():
    # http-9
    with Sluice(settings={"capture.max_connections": "100"}) as s:
        token = s.project()["api_token"]
        with contextlib.ExitStack() as stack:
            idle = [stack.enter_context(open_from(s, n)) for n in range(100)]
            for n, c in enumerate(idle):
                c.sendall(post(token, n))
                assert c.recv(4096).startswith(b"HTTP/1.1 200 ")

            def gets_in():
                with open_from(s, 0) as c, contextlib.suppress(OSError):
                    c.sendall(post(token, 0))
                    answer = c.recv(4096)
                    assert answer[9:12] in (b"200", b"503", b"")
                    assert b"503" not in answer[:12] or b"Retry-After" in answer
                    return answer.startswith(b"HTTP/1.1 200 ")

            eventually(gets_in, 20, "a newcomer is served")
            refused = metric(s, "sluice_http_refused_total")
            assert refused["idle_closed"] > 0
            assert s.cli_json("status")["refused"]["idle_closed"] > 0


@pytest.mark.parametrize("policy", ["reject", "keep"])
def test_a_million_distinct_tokens(policy):
    """Nobody's tokens take no memory; kept as dead letters they are bounded."""
    count = scaled(1000000 if policy == "reject" else 200000)
    settings = {
        "capture.unknown_token": policy,
        "capture.unknown_token_max_bytes": "4m",
    }
    with Sluice(settings=settings) as s:
        known = s.project()["api_token"]
        with socket.create_connection(("127.0.0.1", s.ports["capture"])) as c:
            c.sendall(post(known, 0))
            c.recv(4096)
        before = rss_kb(s)
        statuses = {}
        for first in range(0, count, 1000):
            with socket.create_connection(("127.0.0.1", s.ports["capture"])) as c:
                part = min(1000, count - first)
                text = [post(f"phc_{first + n:040d}", n) for n in range(part)]
                for status in pipelined(c, b"".join(text), part):
                    statuses[status] = statuses.get(status, 0) + 1
        rss = rss_kb(s)
        print(f"{count} tokens ({policy}): {statuses}, {before} kB, then {rss} kB")
        assert sum(statuses.values()) == count
        assert statuses[b"401"] > 0 and set(statuses) <= {b"200", b"401"}
        assert (statuses.get(b"200", 0) > 0) == (policy == "keep")
        assert rss < before + 64 * 1024
        s.send(known, [{"event": "after", "distinct_id": "after"}])
        s.drain()
        assert len(s.records("clickhouse_events_json")) == 2


def pipelined(c, requests, count):
    """Sends while it reads; the statuses of all answers."""
    c.setblocking(False)
    sent, statuses, rest = 0, [], b""
    selector = selectors.DefaultSelector()
    selector.register(c, selectors.EVENT_READ | selectors.EVENT_WRITE)
    while len(statuses) < count:
        ((_, events),) = selector.select(30)
        if events & selectors.EVENT_WRITE:
            sent += c.send(requests[sent : sent + (1 << 18)])
            if sent == len(requests):
                selector.modify(c, selectors.EVENT_READ)
        if events & selectors.EVENT_READ:
            part = c.recv(1 << 20)
            assert part, "closed"
            *whole, rest = (rest + part).split(b"HTTP/1.1 ")
            # What stands before a status line is the end of the last answer.
            statuses += [x[:3] for x in whole if x]
            rest = b"HTTP/1.1 " + rest
            if len(statuses) == count - 1 and rest.endswith(b"}"):
                statuses.append(rest[9:12])
    return statuses

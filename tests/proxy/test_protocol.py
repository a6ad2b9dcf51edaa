"""The PROXY protocol's header: whose is believed, and those that do not come."""

import resource
import socket
import time

import pytest
from doors import TOKEN, Doors, From, batch, post
from sluicetest import eventually

KNOCKS = 1024  # LIMIT_HTTP_KNOCKS
HEADER = b"PROXY TCP4 192.0.2.7 127.0.0.1 9 80\r\n"


@pytest.fixture
def sluice():
    settings = {"capture.trusted_proxies": "127.0.0.1/32"}
    with Doors(settings=settings) as s:
        s.project(token=TOKEN)
        yield s


def set_mode(sluice, mode):
    sluice.write_conf({"capture.proxy_protocol": mode})
    sluice.hup()


def headers(sluice, result):
    return sluice.metric(f'sluice_proxy_headers_total{{result="{result}"}}')


def try_post(sluice, who, head=b"", source="127.0.0.1"):
    """The status, 0 for a connection that was closed instead."""
    client = From(sluice.plain_port, source)
    client.connect()
    try:
        client.sock.sendall(head)
        return post(client, batch(who))[0]
    except OSError:
        return 0
    finally:
        client.close()


def test_whose_header_is_believed(sluice):
    assert try_post(sluice, "off", HEADER) != 200
    assert try_post(sluice, "plain off") == 200
    set_mode(sluice, "on")
    assert try_post(sluice, "on", HEADER) == 200
    assert try_post(sluice, "none") == 0
    assert try_post(sluice, "bad", HEADER.replace(b"TCP4", b"TCP6")) == 0
    # Not from elsewhere: served without one, and a header is a bad request.
    assert try_post(sluice, "stranger", source="127.0.0.2") == 200
    assert try_post(sluice, "liar", HEADER, source="127.0.0.2") != 200
    set_mode(sluice, "auto")
    assert try_post(sluice, "auto", HEADER) == 200
    assert try_post(sluice, "plain auto") == 200
    found = {who: m[0]["ip"] for who, m in sluice.messages().items()}
    assert found == {
        "plain off": "127.0.0.1",
        "on": "192.0.2.7",
        "stranger": "127.0.0.2",
        "auto": "192.0.2.7",
        "plain auto": "127.0.0.1",
    }
    assert headers(sluice, "v1") == 2
    assert headers(sluice, "none") == 1
    assert headers(sluice, "malformed") == 2


def test_headers_that_do_not_come(sluice):
    """They are bounded in number and time, and nobody waits for them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    set_mode(sluice, "on")
    begin = time.monotonic()
    silent = []
    for i in range(KNOCKS + 50):
        s = socket.create_connection(("127.0.0.1", sluice.plain_port), 10)
        s.sendall(HEADER[: i % len(HEADER)])
        silent.append(s)
    assert try_post(sluice, "during", HEADER) == 200
    eventually(lambda: headers(sluice, "crowded") >= 50, 4, "the oldest are closed")
    set_mode(sluice, "auto")
    waiting = From(sluice.plain_port)
    waiting.connect()
    for s in silent:
        s.settimeout(20)
        try:
            assert s.recv(1) == b""
        except ConnectionError:
            pass
        s.close()
    assert 4.5 < time.monotonic() - begin < 12
    assert headers(sluice, "late") > KNOCKS - 50
    # Who may come without a header and said nothing yet is served.
    assert headers(sluice, "none") <= 1
    eventually(lambda: headers(sluice, "none") == 1, 8, "handed over")
    assert post(waiting, batch("patient"))[0] == 200
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

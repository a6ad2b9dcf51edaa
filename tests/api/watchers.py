"""Open pages of the web admin, without a browser: `python watchers.py PORT COOKIE
OVERVIEWS VIEWS PROJECT` opens so many overviews and live views, reads what they are
sent, asks what the pages ask besides, and when its input ends prints a JSON object:
how many events came by name, and how long the asked answers took."""

import http.client
import json
import selectors
import socket
import sys
import threading
import time

ASK_EVERY_S = 5  # a page asks each 10 s, for the hop and for the machine
HOPS = (
    "ingest.rate,ingest.lag_seconds,ingest.errors,canary.ingest",
    "disk.free,memory.daemon,memory.clickhouse",
)


def open_stream(port, cookie, path, receive_bytes=None):
    s = socket.socket()
    if receive_bytes is not None:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    s.connect(("127.0.0.1", port))
    s.sendall(
        f"GET /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n"
        "Accept: text/event-stream\r\n\r\n".encode()
    )
    return s


class Stream:
    """Counts the events of one stream."""

    def __init__(self, sock, counts):
        self.sock, self.counts, self.rest = sock, counts, b""

    def read(self):
        data = self.sock.recv(65536)
        if not data:
            return False
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        for line in lines:
            if line.startswith(b"event: "):
                name = line[7:].decode()
                self.counts[name] = self.counts.get(name, 0) + 1
        return True


def ask(port, cookie, n, seconds, stop):
    """What n overviews ask besides their streams."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    at = 0
    while not stop.wait(ASK_EVERY_S / n):
        path = f"/api/v1/series?names={HOPS[at % 2]}&step=10"
        begin = time.monotonic()
        connection.request("GET", path, headers={"Cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        seconds.append(time.monotonic() - begin)
        at += 1


def main(port, cookie, n_overviews, n_views, project):
    counts, seconds, ended = {}, [], 0
    stop = threading.Event()
    selector = selectors.DefaultSelector()
    paths = ["/status/stream"] * n_overviews
    paths += [f"/projects/{project}/events/stream?recent=100"] * n_views
    for path in paths:
        sock = open_stream(port, cookie, path)
        selector.register(sock, selectors.EVENT_READ, Stream(sock, counts))
    selector.register(sys.stdin, selectors.EVENT_READ)
    asking = threading.Thread(target=ask, args=(port, cookie, 10, seconds, stop))
    asking.start()
    print("open", flush=True)
    while not stop.is_set():
        for key, _ in selector.select():
            if key.data is None:
                stop.set()
            elif not key.data.read():
                ended += 1
                selector.unregister(key.fileobj)
    asking.join()
    print(json.dumps({"counts": counts, "seconds": seconds, "ended": ended}))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], *(int(x) for x in sys.argv[3:6]))

"""One key that floods the capture port, and quiet ones beside it.

The flood runs in a process of its own, so that it does not slow what is
measured: flood.py PORT TOKEN BYTES CONNECTIONS GZIP; it ends when its input
does and prints how often each status came.
"""

import collections
import gzip
import http.client
import json
import random
import selectors
import socket
import subprocess
import sys
import threading
import time
import uuid


def flood_body(token, size, zipped):
    """A batch of events of about 1 KB that is size bytes long when sent."""
    r = random.Random(size)
    text = "".join(r.choices("abcdefghijklmnop", k=100_000))
    events, length = [], 100
    while length < size:
        first = r.randrange(len(text) - 850)
        pad = text[first : first + 850]
        event = {
            "event": "flood",
            "distinct_id": f"f{r.randrange(1000)}",
            "properties": {"pad": pad},
        }
        events.append(event)
        length += (len(pad) // 2 if zipped else len(json.dumps(event))) + 2
    body = json.dumps({"api_key": token, "batch": events}).encode()
    return gzip.compress(body, 6) if zipped else body


class Sender:
    """One connection that sends the same request again and again."""

    def __init__(self, port, request, counts):
        self.port, self.request, self.counts = port, request, counts
        self.sock = None

    def connect(self, selector):
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.sock.connect_ex(("127.0.0.1", self.port))
        self.sent, self.answer = 0, b""
        selector.register(self.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def broken(self, selector):
        self.counts["broken"] += 1
        selector.unregister(self.sock)
        self.sock.close()
        self.connect(selector)

    def write(self, selector):
        part = memoryview(self.request)[self.sent : self.sent + (1 << 18)]
        self.sent += self.sock.send(part)
        if self.sent == len(self.request):
            selector.modify(self.sock, selectors.EVENT_READ, self)

    def read(self, selector):
        part = self.sock.recv(65536)
        if not part:
            raise OSError("closed")
        self.answer += part
        head, found, body = self.answer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        if len(body) < length:
            return
        self.counts[head[9:12].decode()] += 1
        if self.sent < len(self.request):
            raise OSError("answered early")
        self.answer, self.sent = b"", 0
        selector.modify(self.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def ready(self, selector, events):
        try:
            if events & selectors.EVENT_WRITE and self.sent < len(self.request):
                self.write(selector)
            if events & selectors.EVENT_READ:
                self.read(selector)
        except BlockingIOError:
            pass
        except OSError:
            self.broken(selector)


def flood(port, token, size, connections, zipped):
    body = flood_body(token, size, zipped)
    request = (
        b"POST /batch/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        + (b"Content-Encoding: gzip\r\n" if zipped else b"")
        + f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    counts = collections.Counter()
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin, selectors.EVENT_READ, None)
    for _ in range(connections):
        Sender(port, request, counts).connect(selector)
    print("ready", flush=True)
    while True:
        for key, events in selector.select():
            if key.data is None:
                print(json.dumps({**counts, "bytes": len(body)}))
                return
            key.data.ready(selector, events)


class Flood:
    """The flood as a context manager; its counts when it has ended."""

    def __init__(self, port, token, size, connections=64, zipped=False):
        self.command = [sys.executable, __file__, port, token, size, connections]
        self.command = [str(x) for x in [*self.command, int(zipped)]]

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *exc):
        out, _ = self.process.communicate(timeout=60)
        self.counts = json.loads(out)


class Quiet(threading.Thread):
    """A key that sends a small event at a steady rate on one connection."""

    def __init__(self, port, token, per_s=20):
        super().__init__(daemon=True)
        self.port, self.token, self.per_s = port, token, per_s
        self.times, self.refused, self.acknowledged = [], [], []
        self.stopping = threading.Event()
        self.http = None

    def one(self):
        at = str(uuid.uuid4())
        event = {"event": "quiet", "distinct_id": "q", "uuid": at}
        body = json.dumps({"api_key": self.token, "batch": [event]})
        if self.http is None:
            self.http = http.client.HTTPConnection("127.0.0.1", self.port, 30)
            self.http.connect()
            self.http.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begin = time.monotonic()
        try:
            self.http.request("POST", "/batch/", body)
            answer = self.http.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as e:
            self.refused.append(repr(e))
            self.http = None
            return
        self.times.append(time.monotonic() - begin)
        if answer.status == 200:
            self.acknowledged.append(at)
        else:
            self.refused.append((answer.status, text))

    def run(self):
        next_at = time.monotonic()
        while not self.stopping.is_set():
            self.one()
            next_at = max(next_at + 1 / self.per_s, time.monotonic())
            self.stopping.wait(next_at - time.monotonic())

    def stop(self):
        self.stopping.set()
        self.join(40)


def percentile(times, part):
    times = sorted(times)
    return times[min(len(times) - 1, int(len(times) * part))]


if __name__ == "__main__":
    port, token, size, connections, zipped = sys.argv[1:]
    flood(int(port), token, int(size), int(connections), zipped == "1")

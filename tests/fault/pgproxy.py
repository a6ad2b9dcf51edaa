"""A TCP proxy before Postgres that cuts connections in COMMIT.

It follows the messages of the client. When one with the text COMMIT comes and a
cut is armed, both sides are closed:

before  the server does not get it: not committed
after   the server has answered, the client does not get it: committed
race    passed on and cut at once: nobody knows
late    the client is cut, the server gets it a second later
"""

import socket
import struct
import threading
import time

STARTUP = 196608
LATE_S = 1.0


class Proxy:
    def __init__(self, port):
        self.server_port = port
        self.lock = threading.Lock()
        self.armed = None
        self.n_cut = 0
        self.n_passed = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.listener.close()

    def arm(self, how):
        """The next COMMIT is cut; n_cut grows when it was."""
        with self.lock:
            self.armed = how

    def take(self):
        with self.lock:
            how, self.armed = self.armed, None
            self.n_passed += how is None
            return how

    def cut(self, link, reset=False):
        link.close(reset)
        with self.lock:
            self.n_cut += 1

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.server_port), 5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            link = Link(self, client, server)
            threading.Thread(target=link.from_client, daemon=True).start()
            threading.Thread(target=link.from_server, daemon=True).start()


class Link:
    def __init__(self, proxy, client, server):
        self.proxy = proxy
        self.client = client
        self.server = server
        self.buffer = b""
        self.is_started = False
        self.how = None  # to be cut so, from its COMMIT on
        self.held = b""  # of the COMMIT, for later

    def close(self, reset=False):
        for s in (self.client, self.server):
            try:
                if reset:
                    linger = struct.pack("ii", 1, 0)
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            try:
                s.close()
            except OSError:
                pass

    def messages(self):
        """Whole messages of the client that came; the first have no type."""
        while True:
            head = 1 if self.is_started else 0
            if len(self.buffer) < head + 4:
                return
            (size,) = struct.unpack_from(">I", self.buffer, head)
            if len(self.buffer) < head + size:
                return
            message = self.buffer[: head + size]
            self.buffer = self.buffer[head + size :]
            if not self.is_started:
                (code,) = struct.unpack_from(">I", message, 4)
                self.is_started = code == STARTUP
            yield message

    @staticmethod
    def is_commit(message):
        text = b""
        if message[:1] == b"Q":
            text = message[5:]
        elif message[:1] == b"P":  # Parse: name, text
            text = message[5:].split(b"\0")[1]
        return text.strip(b"\0 ;").upper() == b"COMMIT"

    def from_client(self):
        try:
            while data := self.client.recv(65536):
                self.buffer += data
                for message in self.messages():
                    if not self.pass_on(message):
                        return
        except OSError:
            pass
        self.close()

    def pass_on(self, message):
        """False: the link was cut."""
        if self.is_started and self.how is None and self.is_commit(message):
            self.how = self.proxy.take()
        if self.how == "before":
            self.proxy.cut(self)
            return False
        is_last = message[:1] in (b"S", b"Q")
        if self.how == "late":
            self.held += message
            if is_last:
                self.deliver_late()
            return not is_last
        self.server.sendall(message)
        if self.how == "race" and is_last:
            self.proxy.cut(self, reset=True)
            return False
        return True

    def deliver_late(self):
        self.client.shutdown(socket.SHUT_RDWR)
        time.sleep(LATE_S)
        self.server.sendall(self.held)
        time.sleep(LATE_S)
        self.proxy.cut(self)

    def from_server(self):
        answer = b""
        try:
            while data := self.server.recv(65536):
                if self.how is None:
                    self.client.sendall(data)
                    continue
                answer += data
                if self.how == "after" and b"COMMIT\0" in answer:
                    self.proxy.cut(self)
                    return
        except OSError:
            pass
        self.close()

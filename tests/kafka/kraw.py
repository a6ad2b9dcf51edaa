"""A Kafka client of bare bytes, for what no real client would send."""

import contextlib
import socket
import struct
import time

CRC_TABLE = []
for _n in range(256):
    _c = _n
    for _ in range(8):
        _c = (_c >> 1) ^ (0x82F63B78 if _c & 1 else 0)
    CRC_TABLE.append(_c)


def crc32c(data):
    c = 0xFFFFFFFF
    for byte in data:
        c = CRC_TABLE[(c ^ byte) & 0xFF] ^ (c >> 8)
    return c ^ 0xFFFFFFFF


def string(text):
    if text is None:
        return struct.pack(">h", -1)
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def blob(data):
    if data is None:
        return struct.pack(">i", -1)
    return struct.pack(">i", len(data)) + data


def array(items):
    return struct.pack(">i", len(items)) + b"".join(items)


def varint(value):
    value = (value << 1) ^ (value >> 63)
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def record(offset_delta, value, key=None):
    body = b"\0" + varint(0) + varint(offset_delta)
    body += varint(-1) if key is None else varint(len(key)) + key
    body += varint(len(value)) + value + varint(0)
    return varint(len(body)) + body


def batch(values, pid=-1, epoch=-1, seq=-1, attributes=0, ts=None, **change):
    """A record batch v2; change: count, magic, crc_flip, length_change."""
    # The time is now by default: retention takes what is old.
    ts = int(time.time() * 1000) if ts is None else ts
    records = b"".join(record(i, v) for i, v in enumerate(values))
    count = change.get("count", len(values))
    tail = struct.pack(
        ">hiqqqhii", attributes, count - 1, ts, ts, pid, epoch, seq, count
    )
    tail += records
    crc = crc32c(tail) ^ change.get("crc_flip", 0)
    magic = change.get("magic", 2)
    length = len(tail) + 9 + change.get("length_change", 0)
    return struct.pack(">qiibI", 0, length, 0, magic, crc) + tail


class Answer:
    """Reads the fields of an answer in order."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, fmt):
        values = struct.unpack_from(">" + fmt, self.data, self.at)
        self.at += struct.calcsize(">" + fmt)
        return values[0] if len(values) == 1 else values

    def string(self):
        n = self.take("h")
        if n < 0:
            return None
        self.at += n
        return self.data[self.at - n : self.at].decode()

    def blob(self):
        n = self.take("i")
        if n < 0:
            return None
        self.at += n
        return self.data[self.at - n : self.at]

    def array(self, read):
        return [read(self) for _ in range(max(0, self.take("i")))]


class Client:
    def __init__(self, port, timeout_s=20):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout_s)
        self.correlation = 0

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def send_raw(self, data):
        self.socket.sendall(data)

    def send(self, key, version, body, flexible=False):
        self.correlation += 1
        head = struct.pack(">hhi", key, version, self.correlation) + string("kraw")
        if flexible:
            head += b"\0"
        self.send_raw(struct.pack(">i", len(head) + len(body)) + head + body)
        return self.correlation

    def read(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def receive(self):
        (size,) = struct.unpack(">i", self.read(4))
        answer = Answer(self.read(size))
        return answer.take("i"), answer

    def call(self, key, version, body, flexible=False):
        sent = self.send(key, version, body, flexible)
        got, answer = self.receive()
        assert got == sent
        return answer

    def is_closed(self):
        """True when the broker has closed this connection."""
        with contextlib.suppress(ConnectionError):
            return self.socket.recv(1) == b""
        return True

    def create(self, topic, partitions=1, configs=None):
        pairs = [string(k) + string(v) for k, v in (configs or {}).items()]
        body = array(
            [
                string(topic)
                + struct.pack(">ih", partitions, 1)
                + array([])
                + array(pairs)
            ]
        )
        answer = self.call(19, 1, body + struct.pack(">ib", 10000, 0))
        return answer.array(lambda a: (a.string(), a.take("h"), a.string()))[0][1]

    def produce_send(self, topic, records, partition=0, acks=-1, version=3):
        body = string(None) if version >= 3 else b""
        body += struct.pack(">hi", acks, 10000)
        body += array(
            [string(topic) + array([struct.pack(">i", partition) + blob(records)])]
        )
        return self.send(0, version, body)

    @staticmethod
    def produce_result(answer, version=3):
        def part(a):
            index, error, base = a.take("ihq")
            if version >= 2:
                a.take("q")
            return index, error, base

        topics = answer.array(lambda a: (a.string(), a.array(part)))
        return topics[0][1][0][1:]

    def produce(self, topic, records, **kw):
        """(error, base offset)"""
        self.produce_send(topic, records, **kw)
        _, answer = self.receive()
        return self.produce_result(answer, kw.get("version", 3))

    def fetch_send(
        self, partitions, max_wait=0, min_bytes=1, max_bytes=1 << 25, part_max=1 << 20
    ):
        """partitions: list of (topic, partition, offset)"""
        body = struct.pack(">iiiib", -1, max_wait, min_bytes, max_bytes, 0)
        body += array(
            [
                string(t) + array([struct.pack(">iqi", p, offset, part_max)])
                for t, p, offset in partitions
            ]
        )
        return self.send(1, 4, body)

    @staticmethod
    def fetch_result(answer):
        """List of (error, high watermark, records) in the order asked."""

        def part(a):
            _, error, high, _ = a.take("ihqq")
            a.array(lambda x: x.take("qq"))
            return error, high, a.blob()

        answer.take("i")
        topics = answer.array(lambda a: (a.string(), a.array(part)))
        return [p for _, parts in topics for p in parts]

    def fetch(self, partitions, **kw):
        self.fetch_send(partitions, **kw)
        _, answer = self.receive()
        return self.fetch_result(answer)

    def init_producer_id(self):
        _, error, pid, epoch = self.call(
            22, 0, string(None) + struct.pack(">i", 1000)
        ).take("ihqh")
        assert error == 0 and epoch == 0
        return pid

    def join_send(self, group, member="", version=4, session=6000, metadata=b"m"):
        body = string(group) + struct.pack(">ii", session, 10000) + string(member)
        body += string("consumer") + array([string("range") + blob(metadata)])
        return self.send(11, version, body)

    @staticmethod
    def join_result(answer):
        """(error, generation, leader, member id, members)"""
        answer.take("i")
        error, generation = answer.take("hi")
        answer.string()
        leader, member = answer.string(), answer.string()
        return (
            error,
            generation,
            leader,
            member,
            answer.array(lambda a: (a.string(), a.blob())),
        )

    def join(self, *args, **kw):
        self.join_send(*args, **kw)
        return self.join_result(self.receive()[1])

    def sync(self, group, generation, member, assignments=()):
        body = string(group) + struct.pack(">i", generation) + string(member)
        body += array([string(m) + blob(a) for m, a in assignments])
        answer = self.call(14, 1, body)
        answer.take("i")
        return answer.take("h"), answer.blob()

    def heartbeat(self, group, generation, member):
        body = string(group) + struct.pack(">i", generation) + string(member)
        return self.call(12, 1, body).take("ih")[1]

    def leave(self, group, member):
        return self.call(13, 1, string(group) + string(member)).take("ih")[1]

    def commit(self, group, generation, member, topic, offset, partition=0):
        body = string(group) + struct.pack(">i", generation) + string(member)
        body += struct.pack(">q", -1)
        body += array(
            [
                string(topic)
                + array([struct.pack(">iq", partition, offset) + string("note")])
            ]
        )
        answer = self.call(8, 2, body)
        topics = answer.array(lambda a: (a.string(), a.array(lambda x: x.take("ih"))))
        return topics[0][1][0][1]

    def committed(self, group, topic, partition=0):
        body = string(group)
        body += array([string(topic) + array([struct.pack(">i", partition)])])
        answer = self.call(9, 1, body)

        def part(a):
            _, offset = a.take("iq")
            return offset, a.string(), a.take("h")

        topics = answer.array(lambda a: (a.string(), a.array(part)))
        return topics[0][1][0]

    def list_offset(self, topic, timestamp, partition=0):
        body = struct.pack(">i", -1)
        body += array(
            [string(topic) + array([struct.pack(">iq", partition, timestamp)])]
        )
        answer = self.call(2, 1, body)
        topics = answer.array(lambda a: (a.string(), a.array(lambda x: x.take("ihqq"))))
        return topics[0][1][0][1:]

    def describe_group(self, group):
        """(state, member ids)"""
        answer = self.call(15, 1, array([string(group)]))
        answer.take("ii")
        assert (answer.take("h"), answer.string()) == (0, group)
        state = answer.string()
        answer.string(), answer.string()
        members = answer.array(
            lambda a: (a.string(), a.string(), a.string(), a.blob(), a.blob())
        )
        return state, [m[0] for m in members]

"""Bytes on the wire that no real client sends (docs/protocol, black-box cases)."""

import struct
import threading
import time

import pytest
from kraw import Answer, Client, array, batch, blob, crc32c, string

KEYS = {0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 22, 23, 32, 60}


def test_crc_of_the_test_itself():
    assert crc32c(b"123456789") == 0xE3069283


def test_versions_too_new_gets_table_in_v0(client):
    answer = client.call(18, 99, b"\0\0\0")
    assert answer.take("h") == 35
    rows = {k: (low, high) for k, low, high in answer.array(lambda a: a.take("hhh"))}
    assert set(rows) == KEYS
    assert answer.at == len(answer.data)
    assert rows[18][0] == 0
    # the connection is still good
    assert client.call(18, 0, b"").take("h") == 0


def test_versions_v3_has_plain_header(client):
    answer = client.call(18, 3, b"\x02s\x021\0", flexible=True)
    assert answer.take("h") == 0
    assert answer.take("B") == len(KEYS) + 1  # compact array, no tags before


def test_least_versions_keep_old_librdkafka_whole(client):
    answer = client.call(18, 0, b"")
    answer.take("h")
    rows = {k: (low, high) for k, low, high in answer.array(lambda a: a.take("hhh"))}
    for key in (0, 3, 10, 11, 12, 13, 14, 18, 22):
        assert rows[key][0] == 0
    for key in (2, 8, 9):
        assert rows[key][0] == 1
    assert rows[1][0] == 4
    assert rows[0][1] >= 7 and rows[1][1] >= 10  # zstd


def test_unknown_api_closes(port, sluice):
    with Client(port) as c:
        c.send(9999, 0, b"")
        assert c.is_closed()
    assert "broker_api_unknown" in sluice.log()


def test_unsupported_version_closes(port):
    with Client(port) as c:
        c.send(1, 3, b"")
        assert c.is_closed()


@pytest.mark.parametrize("size", [2**31 - 1, -5, 3, 0, 64 * 1024 * 1024 + 1])
def test_impossible_size_closes(port, size):
    with Client(port) as c:
        c.send_raw(struct.pack(">i", size) + b"abc")
        assert c.is_closed()


@pytest.mark.parametrize(
    "data, words",
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 100, "TLS"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP"),
    ],
)
def test_other_protocols_are_named_in_the_log(port, sluice, data, words):
    with Client(port) as c:
        c.send_raw(data)
        assert c.is_closed()
    assert f"{words} on the" in sluice.log()


def test_slow_large_frames_do_not_hurt_others(port, client, topic):
    slow = []
    for _ in range(200):
        c = Client(port)
        c.send_raw(struct.pack(">i", 60 * 1024 * 1024) + b"\0")
        slow.append(c)
    started = time.monotonic()
    assert client.produce(topic, batch([b"v" * 100000])) == (0, 0)
    assert time.monotonic() - started < 10
    for c in slow:
        c.socket.close()


def test_garbage_in_every_request_closes(port):
    # ApiVersions and ListGroups have no fields in these versions
    for key in sorted(KEYS - {16, 18}):
        with Client(port) as c:
            c.send(key, {1: 4, 60: 0}.get(key, 1), b"\x7f" * 40)
            assert c.is_closed(), key


def test_counts_that_cannot_be_close(port):
    with Client(port) as c:
        c.send(3, 1, struct.pack(">i", 2**30) + b"\0" * 100)
        assert c.is_closed()


def test_unknown_tagged_field_is_ignored(client, topic):
    name = bytes([len(topic) + 1]) + topic.encode()
    body = b"\x02" + name + b"\0" + b"\0\0\0" + b"\x01\x4d\x03abc"
    answer = client.call(3, 9, body, flexible=True)
    assert topic.encode() in answer.data


def test_pipelined_requests_are_answered_in_order(client, topic):
    sent = []
    for i in range(100):
        if i % 4 == 0:
            sent.append(client.produce_send(topic, batch([b"x"])))
        elif i % 4 == 1:
            sent.append(client.fetch_send([(topic, 0, 0)]))
        elif i % 4 == 2:
            sent.append(client.send(18, 0, b""))
        else:
            sent.append(client.send(3, 1, array([string(topic)])))
    got = [client.receive()[0] for _ in sent]
    assert got == sent


def test_old_produce_is_refused_per_partition(client, topic):
    for version in (0, 1, 2):
        error, base = client.produce(topic, b"\0" * 30, version=version)
        assert (error, base) == (35, -1)


def test_bad_batches_are_refused_and_nothing_is_stored(client, topic):
    good = batch([b"a", b"b"])
    cases = [
        (batch([b"a"], crc_flip=1), 2),
        (batch([b"a", b"b"], length_change=-5), 2),
        (batch([b"a"], magic=1), 87),
        (batch([], count=0), 87),
        (good + good, 87),
        (b"", 87),
        (None, 87),
        (good[:40], 2),
        (batch([b"a"], attributes=5), 2),
        (batch([b"a"], attributes=32), 87),
        (batch([b"a"], attributes=16), 48),
        (batch([b"a", b"b"], count=3), 87),
        (batch([b"a"], pid=5, epoch=0, seq=-1), 87),
        (batch([b"x" * 1048600]), 10),
    ]
    for data, code in cases:
        assert client.produce(topic, data)[0] == code, (data or b"")[:80]
    assert client.list_offset(topic, -1)[2] == 0
    assert client.produce(topic, good) == (0, 0)


def test_zstd_needs_produce_7(client, topic):
    assert client.produce(topic, batch([b"a"], attributes=4))[0] == 76


def test_acks(client, port, topic):
    assert client.produce(topic, batch([b"a"]), acks=2)[0] == 21
    assert client.produce(topic, batch([b"a"]), acks=1) == (0, 0)
    with Client(port) as c:
        c.produce_send(topic, batch([b"b"]), acks=0)
        c.send(18, 0, b"")
        assert c.receive()[0] == c.correlation  # no answer to acks 0
    with Client(port) as c:
        c.produce_send("none-such", batch([b"b"]), acks=0)
        assert c.is_closed()


def test_own_topics_are_read_only(client):
    for name in ("events_plugin_ingestion", "clickhouse_events_json"):
        assert client.produce(name, batch([b"x"]))[0] == 29
        answer = client.call(20, 0, array([string(name)]) + struct.pack(">i", 5000))
        assert answer.array(lambda a: (a.string(), a.take("h"))) == [(name, 29)]


def test_names(client):
    assert client.create("a/b") == 17
    assert client.create(".") == 17
    assert client.create("x" * 250) == 17
    assert client.create("dot.name") == 0
    assert client.create("dot.name") == 36
    assert client.create("dot_name") == 17
    assert client.create("many", partitions=1025) == 37
    assert client.create("conf", configs={"no.such": "1"}) == 40
    assert client.create("conf", configs={"retention.ms": "x"}) == 40
    assert client.create("conf", configs={"retention.ms": "1000"}) == 0


def test_deleted_topic_starts_anew(client, topic):  # broker-5
    assert client.produce(topic, batch([b"a", b"b"])) == (0, 0)
    answer = client.call(20, 0, array([string(topic)]) + struct.pack(">i", 5000))
    assert answer.array(lambda a: (a.string(), a.take("h"))) == [(topic, 0)]
    assert client.produce(topic, batch([b"a"]))[0] == 3
    assert client.create(topic) == 0
    assert client.list_offset(topic, -1)[2] == 0


def metadata_of(client, topic, create):
    body = array([string(topic)]) + struct.pack(">b", create)
    answer = client.call(3, 4, body)
    answer.take("i")
    answer.array(lambda a: (a.take("i"), a.string(), a.take("i"), a.string()))
    cluster = answer.string()
    answer.take("i")
    return cluster, answer.take("ih")[1]


def test_metadata_makes_topics_when_asked(client, group):
    cluster, error = metadata_of(client, group, 0)
    assert len(cluster) == 22 and error == 3
    assert metadata_of(client, group, 1)[1] == 0
    assert metadata_of(client, group, 0)[1] == 0


def test_log_append_time(client, group):
    assert (
        client.create(group, configs={"message.timestamp.type": "LogAppendTime"}) == 0
    )
    assert client.produce(group, batch([b"a"])) == (0, 0)
    ((error, _, records),) = client.fetch([(group, 0, 0)])
    attributes, _, _, max_ts = struct.unpack_from(">hiqq", records, 21)
    assert error == 0 and attributes & 8
    assert abs(max_ts / 1000 - time.time()) < 60
    assert struct.unpack_from(">I", records, 17)[0] == crc32c(records[21:])


def test_fetch_inside_a_batch_returns_it_whole(client, topic):
    assert client.produce(topic, batch([b"a", b"b", b"c"])) == (0, 0)
    for offset in (0, 1, 2):
        ((error, high, records),) = client.fetch([(topic, 0, offset)])
        assert (error, high) == (0, 3)
        assert struct.unpack_from(">qi", records) == (0, len(records) - 12)


def test_fetch_outside_the_log(client, topic):
    client.produce(topic, batch([b"a"]))
    for offset in (2, -1):
        ((error, high, records),) = client.fetch([(topic, 0, offset)], max_wait=500)
        assert (error, high, records) == (1, 1, b"")
    assert client.fetch([("none-such", 0, 0)])[0][0] == 3


def test_empty_fetch_waits_its_time(client, topic):
    started = time.monotonic()
    ((error, high, records),) = client.fetch([(topic, 0, 0)], max_wait=500)
    assert (error, high, records) == (0, 0, b"")
    assert 0.45 < time.monotonic() - started < 5


def test_parked_fetch_wakes_on_commit(client, port, topic):
    client.fetch_send([(topic, 0, 0)], max_wait=10000)
    with Client(port) as other:
        time.sleep(0.1)
        started = time.monotonic()
        assert other.produce(topic, batch([b"a"])) == (0, 0)
    ((error, high, records),) = client.fetch_result(client.receive()[1])
    assert (error, high) == (0, 1) and records
    assert time.monotonic() - started < 5


def test_first_batch_is_sent_whatever_its_size(client, topic):
    assert client.produce(topic, batch([b"x" * 1000000])) == (0, 0)
    ((error, _, records),) = client.fetch([(topic, 0, 0)], part_max=1, max_bytes=1)
    assert error == 0 and len(records) > 1000000


def test_max_bytes_leaves_others_for_later(client, group):
    assert client.create(group, partitions=10) == 0
    for p in range(10):
        assert client.produce(group, batch([b"x" * 1000000]), partition=p) == (0, 0)
    left = list(range(10))
    rounds = 0
    while left:
        got = client.fetch([(group, p, 0) for p in left], max_bytes=3000000)
        assert all(error == 0 for error, _, _ in got), got
        served = [p for p, (_, _, records) in zip(left, got, strict=True) if records]
        assert 1 <= len(served) <= 3
        left = [p for p in left if p not in served]
        rounds += 1
    assert rounds <= 5


def test_min_bytes_waits_then_gives_what_there_is(client, topic):
    client.produce(topic, batch([b"x" * 10000]))
    started = time.monotonic()
    ((error, _, records),) = client.fetch(
        [(topic, 0, 0)], max_wait=300, min_bytes=100000
    )
    assert error == 0 and len(records) > 10000
    assert 0.25 < time.monotonic() - started < 5


def test_min_bytes_is_reached_by_several_commits(client, port, topic):
    client.fetch_send([(topic, 0, 0)], max_wait=10000, min_bytes=25000)
    with Client(port) as other:
        for _ in range(3):
            other.produce(topic, batch([b"x" * 10000]))
    ((error, high, records),) = client.fetch_result(client.receive()[1])
    assert (error, high) == (0, 3)
    assert len(records) > 30000


def test_fetch_session_is_unknown(client, topic):
    body = struct.pack(">iiiibii", -1, 0, 1, 1000000, 0, 77, 5)
    answer = client.call(1, 7, body + array([]) + array([]))
    assert answer.take("ihi") == (0, 70, 0)


def test_parked_fetch_of_a_lost_client_is_forgotten(client, port, topic):
    # broker-4
    for _ in range(20):
        c = Client(port)
        c.fetch_send([(topic, 0, 0)], max_wait=60000)
        c.socket.close()
    assert client.produce(topic, batch([b"a"])) == (0, 0)


def test_duplicates_of_an_idempotent_producer(client, topic):
    pid = client.init_producer_id()

    def send(seq, n=1, epoch=0):
        return client.produce(topic, batch([b"v"] * n, pid=pid, epoch=epoch, seq=seq))

    assert send(0, 2) == (0, 0)
    assert send(0, 2) == (0, 0)  # the same offset, nothing appended
    assert send(2) == (0, 2)
    assert send(4)[0] == 45  # a gap
    for i in range(3, 9):
        assert send(i) == (0, i)
    assert send(0, 2)[0] == 45  # older than the five that are kept
    assert send(8) == (0, 8)
    assert send(5, epoch=1)[0] == 45  # a new epoch starts at 0
    assert send(0, epoch=1) == (0, 9)
    assert send(1, epoch=0)[0] == 47
    assert client.list_offset(topic, -1)[2] == 10


def test_duplicate_of_a_batch_that_is_not_committed_yet(client, topic):
    pid = client.init_producer_id()
    data = batch([b"v"], pid=pid, epoch=0, seq=0)
    for _ in range(5):
        client.produce_send(topic, data)
    got = [client.produce_result(client.receive()[1]) for _ in range(5)]
    assert got == [(0, 0)] * 5
    assert client.list_offset(topic, -1)[2] == 1


def test_sequence_wraps(client, topic):
    pid = client.init_producer_id()
    last = 2**31 - 1
    assert client.produce(topic, batch([b"v"], pid=pid, epoch=0, seq=last)) == (0, 0)
    assert client.produce(topic, batch([b"v"], pid=pid, epoch=0, seq=0)) == (0, 1)


def test_transactions_are_refused(client):
    answer = client.call(22, 0, string("tx") + struct.pack(">i", 1000))
    assert answer.take("ihqh") == (0, 53, -1, -1)
    answer = client.call(10, 1, string("tx") + b"\x01")
    assert answer.take("ih")[1] == 53


def test_offsets_for_times(client, group):
    topic = group
    assert client.create(topic, configs={"retention.ms": "-1"}) == 0
    for i in range(5):
        client.produce(topic, batch([b"v"], ts=1000 * (i + 1)))
    assert client.list_offset(topic, -2) == (0, -1, 0)
    assert client.list_offset(topic, -1) == (0, -1, 5)
    assert client.list_offset(topic, 0) == (0, 1000, 0)
    assert client.list_offset(topic, 2500) == (0, 3000, 2)
    assert client.list_offset(topic, 9999) == (0, -1, -1)


def test_describe_configs_reports_all(client, topic):
    body = array([struct.pack(">b", 2) + string(topic) + struct.pack(">i", -1)])
    answer = client.call(32, 0, body)
    answer.take("ii")
    assert answer.take("h") == 0
    answer.string(), answer.take("b"), answer.string()
    configs = dict(answer.array(lambda a: (a.string(), a.string(), a.take("bbb"))[:2]))
    assert configs["cleanup.policy"] == "delete"
    assert configs["retention.ms"] == "604800000"
    assert len(configs) == 28


def test_many_connections_at_once(port):
    clients = [Client(port) for _ in range(300)]
    results = []

    def ask(c):
        results.append(c.call(18, 0, b"").take("h"))

    threads = [threading.Thread(target=ask, args=(c,)) for c in clients]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for c in clients:
        c.socket.close()
    assert results == [0] * 300


def test_answer_helper_reads_null():
    assert Answer(string(None)).string() is None
    assert Answer(blob(None)).blob() is None

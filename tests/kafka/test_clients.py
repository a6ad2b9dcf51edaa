"""Current clients: confluent-kafka (librdkafka 2.x) and kafka-python 3."""

import time

import confluent_kafka
import kafka
import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic
from sluicetest import Sluice, eventually


@pytest.fixture
def servers(port):
    return f"127.0.0.1:{port}"


def librdkafka_consumer(servers, group, **more):
    return confluent_kafka.Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": 6000,
            **more,
        }
    )


def take(consumer, n, timeout_s=20):
    got = []
    deadline = time.monotonic() + timeout_s
    while len(got) < n and time.monotonic() < deadline:
        got += consumer.consume(1000, 0.2)
    assert not [m.error() for m in got if m.error()]
    assert len(got) >= n
    return got


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_librdkafka_idempotent_produce_and_group_consume(servers, codec):
    topic = f"cl-{codec}"
    producer = confluent_kafka.Producer(
        {
            "bootstrap.servers": servers,
            "enable.idempotence": True,
            "compression.type": codec,
        }
    )
    failed = []
    for i in range(5000):
        producer.produce(
            topic,
            key=f"k{i}",
            value=f"value {i}",
            headers={"h": str(i)},
            on_delivery=lambda e, m: failed.append(e) if e else None,
        )
    assert producer.flush(20) == 0 and not failed
    consumer = librdkafka_consumer(servers, f"grp-{codec}")
    consumer.subscribe([topic])
    got = take(consumer, 5000)
    assert [m.value() for m in got] == [f"value {i}".encode() for i in range(5000)]
    assert got[77].headers() == [("h", b"77")]
    consumer.commit(asynchronous=False)
    consumer.close()
    consumer = librdkafka_consumer(servers, f"grp-{codec}")
    consumer.subscribe([topic])
    producer.produce(topic, value="one more")
    assert producer.flush(20) == 0
    assert take(consumer, 1)[0].value() == b"one more"
    consumer.close()


def test_librdkafka_admin(servers):
    admin = AdminClient({"bootstrap.servers": servers})
    made = admin.create_topics(
        [
            NewTopic(
                "adm",
                num_partitions=3,
                replication_factor=3,
                config={"retention.ms": "3600000"},
            )
        ]
    )
    made["adm"].result(10)
    listed = admin.list_topics(timeout=10).topics
    assert len(listed["adm"].partitions) == 3
    resource = ConfigResource(ConfigResource.Type.TOPIC, "adm")
    configs = admin.describe_configs([resource])[resource].result(10)
    assert configs["retention.ms"].value == "3600000"
    assert configs["cleanup.policy"].value == "delete"
    cluster = admin.describe_cluster().result(10)
    assert len(cluster.cluster_id) == 22 and len(cluster.nodes) == 1
    groups = admin.list_consumer_groups().result(10)
    assert not groups.errors
    admin.delete_topics(["adm"])["adm"].result(10)
    with pytest.raises(confluent_kafka.KafkaException):
        admin.delete_topics(["adm"])["adm"].result(10)
    denied = admin.delete_topics(["clickhouse_events_json"])
    with pytest.raises(confluent_kafka.KafkaException, match="uthoriz|own"):
        denied["clickhouse_events_json"].result(10)


def test_librdkafka_three_members_come_and_go(servers):
    admin = AdminClient({"bootstrap.servers": servers})
    admin.create_topics([NewTopic("twelve", 12, 1)])["twelve"].result(10)
    members = []

    def owned():
        for m in members:
            m.poll(0.05)
        shares = [[p.partition for p in m.assignment()] for m in members]
        even = all(len(share) == 12 // len(members) for share in shares)
        return even and sorted(sum(shares, [])) == list(range(12))

    for _ in range(3):
        m = librdkafka_consumer(servers, "three")
        m.subscribe(["twelve"])
        members.append(m)
        eventually(owned, 15, "each partition owned once")
    members.pop().close()
    eventually(owned, 15, "each partition owned once")
    for m in members:
        m.close()


def test_librdkafka_seeks_by_time(servers):
    producer = confluent_kafka.Producer({"bootstrap.servers": servers})
    start = int(time.time() * 1000) - 100000
    for i in range(1000):
        producer.produce("seek", value=str(i), timestamp=start + i * 10)
    assert producer.flush(10) == 0
    consumer = librdkafka_consumer(servers, "seekers")
    asked = confluent_kafka.TopicPartition("seek", 0, start + 4321)
    (found,) = consumer.offsets_for_times([asked], timeout=10)
    assert found.offset == 433
    low, high = consumer.get_watermark_offsets(
        confluent_kafka.TopicPartition("seek", 0), timeout=10
    )
    assert (low, high) == (0, 1000)
    consumer.close()


def test_kafka_python_produces_and_consumes(servers):
    producer = kafka.KafkaProducer(bootstrap_servers=servers, linger_ms=5)
    for i in range(2000):
        producer.send("py", value=f"v{i}".encode(), key=b"k")
    producer.flush(20)
    consumer = kafka.KafkaConsumer(
        "py",
        bootstrap_servers=servers,
        group_id="py-group",
        auto_offset_reset="earliest",
        consumer_timeout_ms=10000,
    )
    got = []
    for m in consumer:
        got.append(m.value)
        if len(got) == 2000:
            break
    assert got == [f"v{i}".encode() for i in range(2000)]
    consumer.commit()
    assert consumer.committed(kafka.TopicPartition("py", 0)) == 2000
    consumer.close()
    producer.close()


def test_idempotent_producer_over_kills():
    """No record is lost or doubled while the broker is killed twice."""
    with Sluice(settings={"kafka.listen": "127.0.0.1:0"}) as daemon:
        fixed = daemon.ports["kafka"]
        daemon.settings["kafka.listen"] = f"127.0.0.1:{fixed}"
        producer = confluent_kafka.Producer(
            {
                "bootstrap.servers": f"127.0.0.1:{fixed}",
                "enable.idempotence": True,
                "linger.ms": 1,
                "reconnect.backoff.max.ms": 200,
                "message.timeout.ms": 60000,
            }
        )
        failed = []
        n = 30000
        for i in range(n):
            producer.produce(
                "kills",
                value=str(i),
                on_delivery=lambda e, m: failed.append(e) if e else None,
            )
            if i % 100 == 0:
                producer.poll(0.001)
            if i in (n // 3, 2 * n // 3):
                daemon.kill()
                daemon.start()
        assert producer.flush(60) == 0 and not failed
        consumer = librdkafka_consumer(f"127.0.0.1:{fixed}", "after")
        consumer.assign([confluent_kafka.TopicPartition("kills", 0, 0)])
        got = [int(m.value()) for m in take(consumer, n, 60)]
        assert got == list(range(n))
        consumer.close()

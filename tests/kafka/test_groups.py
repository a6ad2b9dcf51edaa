"""Consumer groups, the classic protocol, on bare bytes."""

import struct
import threading
import time

from kraw import Client, array, string
from sluicetest import Sluice, eventually


def enter(client, group, **kw):
    """Joins with the round of error 79; the join is answered by the leader's."""
    error, _, _, member, _ = client.join(group, **kw)
    assert error == 79 and member
    return member


def alone(client, group, **kw):
    """The only member of a group: (generation, member id), stable."""
    member = enter(client, group, **kw)
    error, generation, leader, got, members = client.join(group, member, **kw)
    assert (error, leader, got) == (0, member, member)
    assert members == [(member, b"m")]
    assert client.sync(group, generation, member, [(member, b"all")]) == (0, b"all")
    return generation, member


def test_member_id_is_asked_for_from_version_4(client, group):
    assert client.join(group)[0] == 79
    error, generation, _, member, _ = client.join(f"{group}-old", version=3)
    assert error == 0 and generation == 1 and member.startswith("kraw-")


def test_bad_joins(client, group):
    assert client.join("")[0] == 24
    assert client.join(group, session=100)[0] == 26
    assert client.join(group, "kraw-nobody")[0] == 25


def test_generations_and_members_are_checked(client, group, topic):
    generation, member = alone(client, group)
    assert client.heartbeat(group, generation, member) == 0
    assert client.heartbeat(group, generation + 1, member) == 22
    assert client.heartbeat(group, generation, "nobody") == 25
    assert client.heartbeat("none-such", generation, member) == 25
    assert client.sync(group, generation + 1, member)[0] == 22
    assert client.commit(group, generation, member, topic, 5) == 0
    assert client.committed(group, topic) == (5, "note", 0)
    assert client.commit(group, generation - 1, member, topic, 6) == 22
    assert client.commit(group, generation, "nobody", topic, 6) == 25
    assert client.commit(group, -1, "", topic, 6) == 25  # the group is active
    assert client.commit(group, generation, member, "none-such", 6) == 3
    assert client.committed(group, topic) == (5, "note", 0)
    assert client.leave(group, member) == 0
    assert client.leave(group, member) == 25
    assert client.commit(group, -1, "", topic, 7) == 0  # now it is empty
    assert client.committed(group, topic) == (7, "note", 0)


def test_nothing_committed_is_no_error(client, group, topic):
    assert client.committed(group, topic) == (-1, "", 0)


def test_second_member_rebalances_the_first(client, port, group, topic):
    generation, first = alone(client, group)
    with Client(port) as other:
        second = enter(other, group)
        other.join_send(group, second)
        eventually(
            lambda: client.heartbeat(group, generation, first) == 27, 5, "rebalance"
        )
        # before it joins again it may still commit
        assert client.commit(group, generation, first, topic, 3) == 0
        error, now, leader, _, members = client.join(group, first)
        assert (error, now, leader) == (0, generation + 1, first)
        assert {m for m, _ in members} == {first, second}
        assert other.join_result(other.receive()[1])[:3] == (0, now, first)
        assert client.commit(group, now, first, topic, 4) == 27  # not assigned yet
        result = []
        waiting = threading.Thread(
            target=lambda: result.append(other.sync(group, now, second))
        )
        waiting.start()
        assert client.sync(group, now, first, [(first, b"a"), (second, b"b")]) == (
            0,
            b"a",
        )
        waiting.join()
        assert result == [(0, b"b")]
        # a follower that joins again unchanged gets the same generation at once
        assert other.join(group, second)[:2] == (0, now)
        assert other.leave(group, second) == 0
    eventually(lambda: client.heartbeat(group, now, first) == 27, 20, "rebalance")
    error, last, _, _, members = client.join(group, first)
    assert (error, last, [m for m, _ in members]) == (0, now + 1, [first])


def test_silent_member_is_removed(client, port, group):
    generation, first = alone(client, group)
    with Client(port) as other:
        second = enter(other, group)
        other.join_send(group, second)
        started = time.monotonic()
        error, now, _, _, members = other.join_result(other.receive()[1])
        assert 4 < time.monotonic() - started < 9
        assert (error, now, [m for m, _ in members]) == (0, generation + 1, [second])
    assert client.heartbeat(group, generation, first) == 25


def test_other_protocol_is_refused(client, port, group):
    alone(client, group)
    with Client(port) as other:
        body = string(group) + struct.pack(">ii", 6000, 10000) + string("")
        body += string("connect") + array([string("x") + struct.pack(">i", 0)])
        answer = other.call(11, 4, body)
        assert other.join_result(answer)[0] == 23


def test_groups_are_listed_and_described(client, group):
    assert client.describe_group(group)[0] == "Dead"
    generation, member = alone(client, group)
    assert client.describe_group(group)[0] == "Stable"
    answer = client.call(16, 0, b"")
    answer.take("h")
    groups = answer.array(lambda a: (a.string(), a.string()))
    assert (group, "consumer") in groups
    assert client.leave(group, member) == 0
    assert client.describe_group(group)[0] == "Empty"


def static_join(client, group, instance, member="", version=5):
    body = string(group) + struct.pack(">ii", 6000, 10000) + string(member)
    body += string(instance) + string("consumer")
    body += array([string("range") + struct.pack(">i", 1) + b"m"])
    answer = client.call(11, version, body)
    answer.take("i")
    error, generation = answer.take("hi")
    answer.string()
    return error, generation, answer.string(), answer.string()


def test_static_member_returns_without_rebalance(client, port, group):
    error, generation, leader, member = static_join(client, group, "one")
    assert error == 0 and member.startswith("one-")
    assert client.sync(group, generation, member, [(member, b"x")]) == (0, b"x")
    with Client(port) as other:
        # version 5: its leader id is the old one, so it does not assign
        error, again, _, now = static_join(other, group, "one")
        assert error == 0 and now != member
    body = string(group) + struct.pack(">i", generation) + string(member)
    answer = client.call(12, 3, body + string("one"))
    assert answer.take("ih")[1] == 82


def test_group_survives_kill():  # broker-2 broker-6
    with Sluice() as daemon:
        with Client(daemon.ports["kafka"]) as c:
            assert c.create("kept", partitions=2) == 0
            generation, member = alone(c, "kept-group", session=60000)
            assert c.commit("kept-group", generation, member, "kept", 42, 1) == 0
            pid = c.init_producer_id()
        daemon.kill()
        daemon.start()
        with Client(daemon.ports["kafka"]) as c:
            assert c.heartbeat("kept-group", generation, member) == 0
            assert c.committed("kept-group", "kept", 1) == (42, "note", 0)
            assert c.sync("kept-group", generation, member) == (0, b"all")
            assert c.commit("kept-group", generation, member, "kept", 43, 1) == 0
            assert c.init_producer_id() > pid

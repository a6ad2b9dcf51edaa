"""Runs many streams at once through the real program and reads all back.

Each stream has its project. The streams are cut into parts; the parts of all of
them go out side by side, over several connections, so that batches hold events
of many projects and begin and end anywhere in a stream. A deletion is made
between two parts, when all before it has been worked on.
"""

import concurrent.futures
import http.client
import json
import random
import sqlite3
import time
import urllib.parse
import uuid

import confluent_kafka
from postgres import Postgres
from sluicetest import OverSocket, Sluice, eventually
from streams import as_sent, iso

CONNECTIONS = 8
# Settings that PostHog has no column for.
OURS = {"person_update_all", "person_last_seen", "flag_called_personless"}
TOPICS = {
    "events": ("clickhouse_events_json", 0),
    "persons": ("clickhouse_person", 0),
    "ids": ("clickhouse_person_distinct_id", 0),
    "groups": ("clickhouse_groups", 0),
    "warnings": ("clickhouse_ingestion_warnings", 1),
    "letters": ("events_dead_letter_queue", 1),
}


def token_of(team_id):
    return f"phc_model_{team_id:032d}"


def cut(seed, steps):
    """The parts of a stream: lists of events, and deletions alone."""
    rng = random.Random(f"parts/{seed}")
    parts, part = [], []
    for step in steps:
        if "delete" in step:
            parts += [part, step]
            part = []
            continue
        part.append(as_sent(step))
        if rng.random() < 0.06:
            parts.append(part)
            part = []
    return [p for p in [*parts, part] if p]


def rounds_of(streams):
    """Parts by when they go: [[(team, sent_ms, part), …], …]; deletions are
    rounds of their own."""
    rounds = []
    for stream in streams:
        at = 0
        for part in stream.parts:
            is_delete = isinstance(part, dict)
            if at % 2 != is_delete:
                at += 1  # even rounds send, odd ones delete
            while len(rounds) <= at:
                rounds.append([])
            rounds[at].append((stream, part))
            # Parts that follow at once keep their order by the connection.
    return rounds


class Stream:
    def __init__(self, seed, team_id, made):
        self.seed, self.team_id = seed, team_id
        self.settings, self.sent_ms, self.steps = made
        self.parts = cut(seed, self.steps)


def body_of(stream, part):
    body = {"api_key": token_of(stream.team_id), "batch": part}
    if stream.sent_ms is not None:
        body["sent_at"] = iso(stream.sent_ms)
    return json.dumps(body).encode()


def send_all(port, requests):
    """One after the other over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    for stream, part in requests:
        connection.request(
            *("POST", "/batch/", body_of(stream, part)),
            {"Content-Type": "application/json"},
        )
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, (stream.seed, answer.status, text)
    connection.close()


class Run:
    """One daemon, its store, and what it was given."""

    def __init__(self, store, settings):
        self.store = store
        self.sluice = Sluice(
            settings={
                "spool.retention_h": "8760",
                "output.retention_h": "8760",
                **store.settings(),
                **settings,
            }
        )

    def make_projects(self, streams):
        """All at once, where they stand: a command each would take minutes."""
        self.sluice.start()
        self.sluice.stop()
        self.store.make_projects(self.sluice, streams)

    def send(self, streams, batch_events):
        self.sluice.settings["ingest.batch_events"] = str(batch_events)
        self.sluice.start()
        last = max(s.team_id for s in streams)
        eventually(lambda: self.knows(last), 60, f"project {last}")
        for at, round_ in enumerate(rounds_of(streams)):
            if at % 2:
                self.delete(round_)
            else:
                self.send_round(round_)
            self.sluice.drain(timeout_s=300)
        self.sluice.stop()

    def knows(self, team_id):
        try:
            return self.sluice.api("GET", f"/api/v1/projects/{team_id}")
        except AssertionError:
            return None

    def send_round(self, round_):
        """Parts of one stream go in order over one connection."""
        rng = random.Random(len(round_))
        lanes = [{} for _ in range(CONNECTIONS)]
        for stream, part in round_:
            lane = lanes[stream.team_id % CONNECTIONS]
            lane.setdefault(stream.team_id, []).append((stream, part))
        with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
            port = self.sluice.ports["capture"]
            done = [pool.submit(send_all, port, mixed(rng, lane)) for lane in lanes]
            for future in done:
                future.result()

    def delete(self, round_):
        connection = OverSocket(f"{self.sluice.data}/sluice.sock")
        for stream, step in round_:
            name = urllib.parse.quote(step["delete"], safe="")
            path = f"/api/v1/projects/{stream.team_id}/persons/{name}"
            connection.request("DELETE", path)
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status in (200, 202, 404), (stream.seed, text)
            step["was_deleted"] = answer.status != 404
        connection.close()

    def topics(self):
        """Every record of the output topics, in order."""
        self.sluice.start()
        found = {n: read_topic(self.sluice, *t) for n, t in TOPICS.items()}
        self.sluice.stop()
        return found


def mixed(rng, lane):
    """The streams of a lane shuffled into each other, each in its order."""
    turns = [team for team, parts in lane.items() for _ in parts]
    rng.shuffle(turns)
    queues = {team: iter(parts) for team, parts in lane.items()}
    return [next(queues[team]) for team in turns]


def read_topic(sluice, topic, partition):
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": f"127.0.0.1:{sluice.ports['kafka']}",
            "group.id": "model",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 50,
        }
    )
    where = confluent_kafka.TopicPartition(topic, partition, 0)
    end = consumer.get_watermark_offsets(where, timeout=30)[1]
    consumer.assign([where])
    rows, at, deadline = [], 0, time.monotonic() + 120
    while at < end:
        assert time.monotonic() < deadline, f"{topic}: {at} of {end} records"
        for record in consumer.consume(min(5000, end - at), timeout=1):
            assert record.error() is None, record.error()
            assert record.offset() == at, f"{topic}: a gap before {record.offset()}"
            at += 1
            rows.append(json.loads(record.value()))
    consumer.close()
    return rows


class InSqlite:
    """Persons in state.db."""

    name = "sqlite"

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass

    def settings(self):
        return {}

    def make_projects(self, sluice, streams):
        rows = [
            (
                s.team_id,
                str(uuid.UUID(int=s.team_id)),
                f"seed {s.seed}",
                token_of(s.team_id),
                json.dumps({k: v for k, v in s.settings.items() if v}),
                0,
            )
            for s in streams
        ]
        with sqlite3.connect(f"{sluice.data}/config.db") as db:
            db.executemany("INSERT INTO project VALUES (?, ?, ?, ?, ?, ?)", rows)
        db.close()

    def rows(self, sluice):
        db = sqlite3.connect(f"{sluice.data}/state.db")
        persons = db.execute(
            """SELECT id, team_id, uuid, properties, is_identified, version,
            created_at, last_seen_at FROM person WHERE is_deleted = 0"""
        )
        persons = [(i, t, str(uuid.UUID(bytes=u)), *r) for i, t, u, *r in persons]
        found = {
            "persons": persons,
            "ids": db.execute(
                """SELECT team_id, distinct_id, person_id, version
                FROM person_distinct_id WHERE person_id != 0
                ORDER BY person_id, seq"""
            ).fetchall(),
            "personless": db.execute(
                "SELECT team_id, distinct_id, is_merged FROM personless_distinct_id"
            ).fetchall(),
            "types": db.execute(
                "SELECT project_id, type_index, group_type FROM group_type"
            ).fetchall(),
            "groups": db.execute(
                """SELECT team_id, group_type_index, group_key, version, created_at,
                group_properties FROM group_row"""
            ).fetchall(),
        }
        db.close()
        return found


class InPostgres:
    """Persons in tables that Sluice makes in an empty database."""

    name = "postgres"

    def __enter__(self):
        self.server = Postgres()
        self.server.__enter__()
        self.server.create_db("model")
        return self

    def __exit__(self, *exc):
        self.server.__exit__(*exc)

    def settings(self):
        return {"postgres.url": self.server.url("model")}

    def make_projects(self, sluice, streams):
        rows = ",\n".join(
            f"({s.team_id}, '{uuid.UUID(int=s.team_id)}', {s.team_id}, 'of a stream', "
            f"'{token_of(s.team_id)}', {str(s.settings['person_processing_opt_out'])})"
            for s in streams
        )
        columns = "id, uuid, project_id, name, api_token, person_processing_opt_out"
        self.server.sql(f"INSERT INTO posthog_team ({columns}) VALUES {rows}", "model")
        ours = [
            (
                s.team_id,
                json.dumps({k: v for k, v in s.settings.items() if v and k in OURS}),
            )
            for s in streams
        ]
        with sqlite3.connect(f"{sluice.data}/config.db") as db:
            db.executemany("INSERT INTO postgres_project_setting VALUES (?, ?)", ours)
        db.close()

    def rows(self, sluice):
        def us(column):
            return f"(extract(epoch FROM {column}) * 1000000)::bigint"

        def select(what, types):
            rows = self.server.sql(f"SELECT {what}", "model")
            return [tuple(f(v) for f, v in zip(types, r, strict=True)) for r in rows]

        return {
            "persons": select(
                f"id, team_id, uuid, properties, is_identified, coalesce(version, 0), "
                f"{us('created_at')}, {us('last_seen_at')} FROM posthog_person",
                (int, int, str, str, is_true, int, int, maybe),
            ),
            "ids": select(
                "team_id, distinct_id, person_id, coalesce(version, 0) "
                "FROM posthog_persondistinctid ORDER BY id",
                (int, str, int, int),
            ),
            "personless": select(
                "team_id, distinct_id, is_merged FROM posthog_personlessdistinctid",
                (int, str, is_true),
            ),
            "types": select(
                "project_id, group_type_index, group_type "
                "FROM posthog_grouptypemapping",
                (int, int, str),
            ),
            "groups": select(
                f"team_id, group_type_index, group_key, version, {us('created_at')}, "
                "group_properties FROM posthog_group",
                (int, int, str, int, int, str),
            ),
        }


def is_true(text):
    return text == "t"


def maybe(text):
    return int(text) if text else None

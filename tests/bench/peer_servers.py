"""The servers that capture_peer loads; each is one process or a few."""

import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import time
import urllib.request

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "kafka")]

from kraw import Client, array, string  # noqa: E402
from sluicetest import Sluice, eventually  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
TOKEN = "phc_bench_000000000000000000000000000000000"
# What bin/kafka-server-start.sh of a Kafka distribution gives its broker.
JVM = [
    "-Xmx1G",
    "-Xms1G",
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
    "-Djava.awt.headless=true",
]
KAFKA_PROPERTIES = """\
node.id=1
process.roles=broker,controller
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
log.dirs={folder}/log
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
"""
LOG4J = """\
log4j.rootLogger=WARN, err
log4j.appender.err=org.apache.log4j.ConsoleAppender
log4j.appender.err.Target=System.err
log4j.appender.err.layout=org.apache.log4j.PatternLayout
log4j.appender.err.layout.ConversionPattern=%d %p %c %m%n
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_seconds(pid):
    """Processor time of all threads of a process, also of those that ended."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def rss_bytes(pid):
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read().decode()
    except OSError:
        return None


class Process:
    """A child with its output in a file."""

    def __init__(self, line, log, env=None):
        self.log = log
        with open(log, "ab") as out:
            self.child = subprocess.Popen(
                line,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, **(env or {})},
            )
        self.pid = self.child.pid

    def check(self):
        if self.child.poll() is not None:
            with open(self.log, errors="replace") as f:
                end = f.read()[-2000:]
            raise RuntimeError(f"{self.log}: status {self.child.returncode}\n{end}")

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


class Redis:
    process = None

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/"

    def start(self):
        line = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1"]
        line += ["--save", "", "--dir", self.folder]
        self.process = Process(line, f"{self.folder}/redis.log")
        eventually(lambda: answers(self.port), 20, "redis-server")

    def stop(self):
        if self.process:
            self.process.stop()


class Kafka:
    """One node that is broker and controller, with Kafka's own defaults."""

    process = None

    def __init__(self, jars, folder):
        self.jars, self.folder = jars, folder
        self.port = free_port()
        names = sorted(p.name for p in pathlib.Path(jars).glob("kafka_2*.jar"))
        if not names:
            raise RuntimeError(f"no kafka_2*.jar in {jars}: see tests/bench/README.md")
        self.version = names[0].removesuffix(".jar").split("-")[-1]

    def configure(self):
        os.mkdir(self.folder)
        path = f"{self.folder}/server.properties"
        with open(path, "w") as f:
            f.write(
                KAFKA_PROPERTIES.format(
                    port=self.port, controller=free_port(), folder=self.folder
                )
            )
        with open(f"{self.folder}/log4j.properties", "w") as f:
            f.write(LOG4J)
        return path

    def start(self):
        properties = self.configure()
        java = [f"-Dlog4j.configuration=file:{self.folder}/log4j.properties"]
        java += ["-cp", f"{self.jars}/*"]
        subprocess.run(
            ["java", *java, "kafka.tools.StorageTool", "format"]
            + ["-t", "AAAAAAAAAAAAAAAAAAAAAQ", "-c", properties],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        line = ["java", *JVM, *java, "kafka.Kafka", properties]
        self.process = Process(line, f"{self.folder}/kafka.log")
        eventually(self.is_ready, 90, "Kafka is ready")

    def is_ready(self):
        self.process.check()
        if not answers(self.port):
            return False
        try:
            self.make("ready")
        except (OSError, EOFError, AssertionError):
            return False
        return True

    def make(self, topic, configs=None):
        with Client(self.port) as c:
            error = c.create(topic, 1, configs)
        assert error in (0, 36), f"topic {topic}: Kafka's error {error}"
        return topic

    def delete(self, topic):
        with Client(self.port) as c:
            c.call(20, 1, array([string(topic)]) + struct.pack(">i", 10000))

    def end(self, topic):
        with Client(self.port) as c:
            error, _, offset = c.list_offset(topic, -1)
        assert error == 0, f"topic {topic}: Kafka's error {error}"
        return offset

    def stop(self):
        if self.process:
            self.process.stop()


class PeerTarget:
    """The peer's capture. configs: of the topic; None: its print sink."""

    process = None

    def __init__(self, name, binary, redis, kafka, configs, folder):
        self.name, self.binary, self.folder = name, binary, folder
        self.redis, self.kafka, self.configs = redis, kafka, configs
        self.is_print = configs is None
        self.count = 0

    def start(self):
        self.count += 1
        self.port = free_port()
        self.topic = f"{self.name}-{self.count}"
        env = {
            "ADDRESS": f"127.0.0.1:{self.port}",
            "REDIS_URL": self.redis.url,
            "KAFKA_HOSTS": f"127.0.0.1:{self.kafka.port}",
            "KAFKA_TOPIC": self.topic,
            "PRINT_SINK": "true" if self.is_print else "false",
        }
        if not self.is_print:
            self.kafka.make(self.topic, self.configs)
        log = "/dev/null" if self.is_print else f"{self.folder}/{self.topic}.log"
        self.process = Process([self.binary], log, env)
        eventually(self.is_ready, 30, f"{self.name} is ready")

    def is_ready(self):
        self.process.check()
        return get(f"http://127.0.0.1:{self.port}/_readiness") is not None

    def pids(self):
        own = [self.process.pid, self.redis.process.pid]
        return own if self.is_print else [*own, self.kafka.process.pid]

    def stored(self):
        """Events that it wrote so far; with its print sink those it counted."""
        if not self.is_print:
            return self.kafka.end(self.topic)
        text = get(f"http://127.0.0.1:{self.port}/metrics") or ""
        for line in text.splitlines():
            if line.startswith("capture_events_ingested_total"):
                return int(float(line.split()[-1]))
        return 0

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None
        if not self.is_print:
            self.kafka.delete(self.topic)


class SluiceTarget:
    """Sluice as it is set by default; the app server's role is off, as the peer
    has none."""

    name = "sluice"

    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    def start(self):
        self.count += 1
        self.data = f"{self.folder}/sluice-{self.count}"
        self.sluice = Sluice(data=self.data, settings={"roles": "capture,admin,broker"})
        del self.sluice.settings["spool.ballast_bytes"]
        self.sluice.start()
        self.sluice.project(token=TOKEN)
        self.port = self.sluice.ports["capture"]

    def pids(self):
        return [self.sluice.process.pid]

    def stored(self):
        with Client(self.sluice.ports["kafka"]) as c:
            error, _, offset = c.list_offset("events_plugin_ingestion", -1)
        assert error == 0, f"Kafka's error {error}"
        return offset

    def stop(self):
        if self.sluice.process is not None:
            self.sluice.stop()
        shutil.rmtree(self.data, ignore_errors=True)


def settle():
    """What the last run wrote is on the disk before the next begins."""
    os.sync()
    time.sleep(0.5)

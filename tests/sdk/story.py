"""What every SDK is made to do: identify, capture, batch, group, alias; then two
outages of the appliance in the middle of a stream of events."""

import concurrent.futures
import contextlib
import dataclasses
import http.server
import json
import tempfile
import threading
import time
from collections import Counter, defaultdict

from sdks import FOREVER, SDKS, Driver
from sluicetest import SCALE, Sluice, eventually

OUTAGE_S = 30 if SCALE >= 1 else 10
PERIOD_S = 0.2
TOPIC = "events_plugin_ingestion"


@dataclasses.dataclass
class Outage:
    """answers: the port is open and answers 503, as a daemon does whose disk is
    full; else nothing listens."""

    how: str
    long_s: float
    answers: bool = False
    down: float = FOREVER
    up: float = FOREVER


class Refuses(http.server.BaseHTTPRequestHandler):
    """Each answer ends its connection, or the SDKs would stay on it."""

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        text = b"transient error, please retry"
        self.send_response(503 if self.command == "POST" else 200)
        origin = self.headers.get("Origin")
        if origin:
            self.send_header("Access-Control-Allow-Origin", origin)
            self.send_header("Access-Control-Allow-Credentials", "true")
        asked = self.headers.get("Access-Control-Request-Headers")
        if asked:
            self.send_header("Access-Control-Allow-Headers", asked)
        self.send_header("Retry-After", "1")
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_OPTIONS = answer

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def refusing(port):
    http.server.ThreadingHTTPServer.allow_reuse_address = True
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Refuses) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


class Story:
    """Names, times and the outcome; made once, read by many tests."""

    def __init__(self, sluice):
        self.sluice = sluice
        self.projects = {s.name: sluice.project(s.name) for s in SDKS}
        self.logs = tempfile.TemporaryDirectory(prefix="sluice-sdk-")
        self.drivers = {}
        self.ticks = []  # (number, time): the same of every SDK
        self.outages = []
        self.events = defaultdict(list)
        self.read_to = 0

    def start_drivers(self):
        url = self.sluice.url("capture", "")
        for sdk in SDKS:
            key = self.projects[sdk.name]["api_token"]
            self.drivers[sdk.name] = Driver(sdk, url, key, self.logs.name)

    def each(self, call):
        """call(driver) for all at once; the first error is raised."""
        with concurrent.futures.ThreadPoolExecutor(len(SDKS)) as pool:
            list(pool.map(call, self.drivers.values()))

    def read_topic(self):
        """Adds what is new at the topic to the events of each SDK."""
        names = {p["api_token"]: name for name, p in self.projects.items()}
        lines = self.sluice.cli_lines(
            *("topic", "read", TOPIC, "--partition", 0, "--from", self.read_to)
        )
        for record in lines:
            message = json.loads(record["value"])
            event = json.loads(message["data"])
            event["uuid"] = message["uuid"]
            self.events[names[message["token"]]].append(event)
            self.read_to = record["offset"] + 1
        return self.events

    def has(self, *names):
        """Every SDK's events of these names are at the topic."""
        self.read_topic()
        return all(
            set(names) <= {e["event"] for e in self.events[sdk.name]} for sdk in SDKS
        )

    def tick_counts(self, name):
        return Counter(
            e["properties"]["n"] for e in self.events[name] if e["event"] == "tick"
        )

    def must_arrive(self, sdk, before=FOREVER):
        """Ticks that the SDK keeps for longer than the outage went on."""
        return {
            n
            for n, when in self.ticks
            if when < before
            and not any(
                o.down - 3 < when < o.up - sdk.keeps(o)[0] for o in self.outages
            )
        }

    def missing(self, sdk, before=FOREVER):
        return self.must_arrive(sdk, before) - set(self.tick_counts(sdk.name))

    def lost_in(self, sdk):
        """How many ticks were lost, by the outage that began last before them."""
        counts = self.tick_counts(sdk.name)
        return {
            o.how: sum(
                o.down - 3 < when < o.up and n not in counts for n, when in self.ticks
            )
            for o in self.outages
        }

    def logged(self, sdk):
        return self.drivers[sdk.name].log()

    def wait_complete(self, before=FOREVER):
        """Until nothing is missing; what is missing then, the tests tell."""
        deadline = time.monotonic() + OUTAGE_S + 30
        while time.monotonic() < deadline:
            self.read_topic()
            if not any(self.missing(sdk, before) for sdk in SDKS):
                return
            time.sleep(1)


def look(driver):
    name = driver.sdk.name
    for i in range(5):
        properties = {"i": i, "t": name}
        driver.send("capture", id=f"{name}-anon", event="viewed", properties=properties)


def sign_in(driver):
    name = driver.sdk.name
    email = {"email": f"{name}@example.com"}
    driver.send("identify", id=f"{name}-user", anon=f"{name}-anon", set=email)


def buy(driver):
    name = driver.sdk.name
    user, company = f"{name}-user", f"{name}-co"
    driver.send("group", id=user, type="company", key=company, set={"size": 7})
    driver.send(
        "capture",
        id=user,
        event="bought",
        properties={"price": 12.5},
        groups={"company": company},
    )
    driver.send("set", id=user, set={"plan": "pro", "n": 3})
    driver.send("alias", id=user, alias=f"{name}-alias")


def tell(story):
    """The scenario. Its parts wait for each other: an SDK that sends batches side
    by side gives no order between them."""
    for part, names in (
        (look, ["viewed"]),
        (sign_in, ["$identify"]),
        (buy, ["$groupidentify", "bought", "$create_alias"]),
    ):
        for driver in story.drivers.values():
            part(driver)
            driver.send("flush")
        story.each(Driver.settle)
        eventually(lambda n=names: story.has(*n), 60, f"{names} of each SDK")


def pulse(story, stop):
    """Captures an event with every SDK at each beat, until told to stop."""
    n = 0
    while not stop.wait(PERIOD_S):
        for name, driver in story.drivers.items():
            driver.send("capture", id=f"{name}-user", event="tick", properties={"n": n})
        story.ticks.append((n, time.monotonic()))
        n += 1


def live_through(story, outage):
    sluice = story.sluice
    outage.down = time.monotonic()
    if outage.how == "kill -9":
        sluice.kill()
    else:
        sluice.stop()
    if outage.answers:
        with refusing(sluice.ports["capture"]):
            time.sleep(outage.long_s)
    else:
        time.sleep(outage.long_s)
    sluice.start()
    outage.up = time.monotonic()
    story.outages.append(outage)
    story.wait_complete(before=outage.up)
    # Once more, as SDKs that still wait hold back what came after, too.
    story.wait_complete(before=time.monotonic())


def live_through_all(story):
    stop = threading.Event()
    thread = threading.Thread(target=pulse, args=(story, stop))
    thread.start()
    try:
        time.sleep(2)
        live_through(story, Outage("kill -9", OUTAGE_S))
        live_through(story, Outage("stop", OUTAGE_S if SCALE >= 1 else 3))
        live_through(story, Outage("stop, then 503", OUTAGE_S, answers=True))
    finally:
        stop.set()
        thread.join()


def play():
    """Generator of the finished story, for a fixture; ends what it started."""
    with Sluice(clickhouse=True) as sluice:
        port = sluice.ports["capture"]
        sluice.settings["capture.listen"] = f"127.0.0.1:{port}"
        story = Story(sluice)
        try:
            story.start_drivers()
            tell(story)
            live_through_all(story)
            story.each(Driver.settle)
            story.wait_complete()
            story.each(Driver.close)
            sluice.drain()
            story.read_topic()
            yield story
        finally:
            for driver in story.drivers.values():
                driver.end()
            story.logs.cleanup()

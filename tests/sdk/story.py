"""What every SDK is made to do: identify, capture, batch, group, alias; then two
outages of the appliance in the middle of a stream of events."""

import concurrent.futures
import dataclasses
import json
import tempfile
import threading
import time
from collections import Counter, defaultdict

from sdks import FOREVER, SDKS, Driver
from sluicetest import SCALE, Sluice, eventually

OUTAGE_S = 30 if SCALE >= 1 else 10
PERIOD_S = 0.1
TOPIC = "events_plugin_ingestion"


@dataclasses.dataclass
class Outage:
    how: str
    down: float
    up: float


class Story:
    """Names, times and the outcome; made once, read by many tests."""

    def __init__(self, sluice):
        self.sluice = sluice
        self.projects = {s.name: sluice.project(s.name) for s in SDKS}
        self.logs = tempfile.TemporaryDirectory(prefix="sluice-sdk-")
        self.drivers = {}
        self.ticks = []  # (number, time): the same of every SDK
        self.outages = []
        self.events = {}

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
        """Events of each SDK as they stand at the topic, in order."""
        names = {p["api_token"]: name for name, p in self.projects.items()}
        found = defaultdict(list)
        for record in self.sluice.records(TOPIC):
            message = json.loads(record["value"])
            event = json.loads(message["data"])
            event["uuid"] = message["uuid"]
            event["key"] = message["distinct_id"]
            found[names[message["token"]]].append(event)
        self.events = found
        return found

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
            and not any(o.down - 3 < when < o.up - sdk.keeps_s[0] for o in self.outages)
        }

    def missing(self, sdk, before=FOREVER):
        return self.must_arrive(sdk, before) - set(self.tick_counts(sdk.name))

    def wait_complete(self, before=FOREVER):
        """Until nothing is missing; what is missing then, the tests tell."""
        deadline = time.monotonic() + OUTAGE_S + 30
        while time.monotonic() < deadline:
            self.read_topic()
            if not any(self.missing(sdk, before) for sdk in SDKS):
                return
            time.sleep(1)


def tell(driver):
    """The scenario of one SDK, up to a flush."""
    name = driver.sdk.name
    anon, user = f"{name}-anon", f"{name}-user"
    for i in range(5):
        driver.send("capture", id=anon, event="viewed", properties={"i": i, "t": name})
    driver.send("identify", id=user, anon=anon, set={"email": f"{name}@example.com"})
    driver.send("group", id=user, type="company", key=f"{name}-co", set={"size": 7})
    driver.send(
        "capture",
        id=user,
        event="bought",
        properties={"price": 12.5},
        groups={"company": f"{name}-co"},
    )
    driver.send("set", id=user, set={"plan": "pro", "n": 3})
    driver.send("alias", id=user, alias=f"{name}-alias")
    driver.send("flush")
    driver.settle()


def pulse(story, stop):
    """Captures an event with every SDK at each beat, until told to stop."""
    n = 0
    while not stop.wait(PERIOD_S):
        for name, driver in story.drivers.items():
            driver.send("capture", id=f"{name}-user", event="tick", properties={"n": n})
        story.ticks.append((n, time.monotonic()))
        n += 1


def outage(story, how):
    sluice = story.sluice
    down = time.monotonic()
    if how == "kill -9":
        sluice.kill()
    else:
        sluice.stop()
    time.sleep(OUTAGE_S)
    sluice.start()
    story.outages.append(Outage(how, down, time.monotonic()))


def live_through(story):
    stop = threading.Event()
    thread = threading.Thread(target=pulse, args=(story, stop))
    thread.start()
    try:
        time.sleep(2)
        outage(story, "kill -9")
        story.wait_complete(before=story.outages[0].up)
        outage(story, "stop")
        time.sleep(3)
    finally:
        stop.set()
        thread.join()


def scenario_sent(story):
    events = story.read_topic()
    return all(
        {"viewed", "bought", "$create_alias", "$groupidentify"}
        <= {e["event"] for e in events[sdk.name]}
        for sdk in SDKS
    )


def play():
    """Generator of the finished story, for a fixture; ends what it started."""
    with Sluice(clickhouse=True) as sluice:
        port = sluice.ports["capture"]
        sluice.settings["capture.listen"] = f"127.0.0.1:{port}"
        story = Story(sluice)
        try:
            story.start_drivers()
            story.each(tell)
            eventually(lambda: scenario_sent(story), 60, "the scenario's events")
            live_through(story)
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

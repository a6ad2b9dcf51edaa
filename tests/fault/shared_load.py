"""A load over several daemons whose distinct ids meet in merges.

Each connection writes events of its own distinct ids and merges them with those
of all others. Values of $set are the uuid of their event, so that what stands in
a person can be traced to who set it. After some events a connection takes new
ids, so that not all become one person.
"""

from load import Connection, Load

KEYS = [f"k{i}" for i in range(5)]
PER_GENERATION = 400
IDS = 12


class SharedConnection(Connection):
    def __init__(self, number, n, token, seed, port):
        super().__init__(number, token, seed, port)
        self.n_connections = n
        self.merges = []  # (uuid, event name, distinct id, the other)

    def any_of(self, number):
        """A distinct id of a connection in this one's generation."""
        generation = len(self.sent) // PER_GENERATION
        return f"c{number}-{generation}-{self.random.randrange(IDS)}"

    def event(self):
        r = self.random
        one = self.any_of(self.number)
        self.sequence.setdefault(one, 0)
        self.sequence[one] += 1
        event = {
            "uuid": self.uuid(),
            "event": "step",
            "distinct_id": one,
            "properties": {"seq": self.sequence[one]},
        }
        kind = r.random()
        if kind < 0.005:
            self.merge(event, "$merge_dangerously", "alias")
        elif kind < 0.015:
            self.merge(event, "$identify", "$anon_distinct_id")
        elif kind < 0.02:
            self.merge(event, "$create_alias", "alias")
        elif kind < 0.5:
            event["properties"]["$set"] = {r.choice(KEYS): event["uuid"]}
        elif kind < 0.55:
            event["properties"]["$set_once"] = {"once": event["uuid"]}
        self.sent[event["uuid"]] = (one, self.sequence[one])
        return event

    def merge(self, event, name, field):
        other = self.any_of(self.random.randrange(self.n_connections))
        event["event"] = name
        event["properties"][field] = other
        self.merges.append((event["uuid"], name, event["distinct_id"], other))


class SharedLoad(Load):
    """ports: one function for each daemon."""

    def __init__(self, token, seed, ports, connections=2):
        n = connections * len(ports)
        self.connections = [
            SharedConnection(i, n, token, seed, ports[i % len(ports)]) for i in range(n)
        ]

    def of(self, number, n_daemons):
        """The part of one daemon, with what a Load knows."""
        part = Load.__new__(Load)
        part.connections = self.connections[number::n_daemons]
        return part

    @property
    def merges(self):
        return [m for c in self.connections for m in c.merges]

"""The golden bytes of the unit tests, read by another implementation."""

import importlib
import pathlib

import pytest
from kafka.protocol.api_message import ApiMessage

FILE = pathlib.Path(__file__).parent.parent / "data" / "kafka" / "golden.txt"
MODULES = [
    importlib.import_module(f"kafka.protocol.{m}")
    for m in ("admin", "consumer", "metadata", "producer")
]


def lines():
    for line in FILE.read_text().splitlines():
        api, _, version, kind, fill, *data = line.split(" ")
        yield api, int(version), kind, fill, bytes.fromhex("".join(data))


def message_class(api, kind):
    name = api + ("Request" if kind == "request" else "Response")
    for module in MODULES:
        if hasattr(module, name):
            return getattr(module, name)
    raise AssertionError(name)


@pytest.mark.parametrize(
    "api, version, kind, fill, data",
    [pytest.param(*x, id=f"{x[0]}-{x[1]}-{x[2]}-{x[3]}") for x in lines()],
)
def test_golden(api, version, kind, fill, data):
    cls = message_class(api, kind)
    # ApiVersionsResponse's own decode guesses the version by the error code
    message = ApiMessage.decode.__func__(cls, data, version=version)
    if kind == "request":
        message.with_header()  # encode asks for one, and leaves it out
    else:
        message._header = None
    assert message.encode(version=version) == data

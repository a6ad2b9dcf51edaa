"""One daemon for the tests that do not stop it."""

import itertools

import pytest
from kraw import Client
from sluicetest import Sluice


@pytest.fixture(scope="session")
def sluice():
    with Sluice() as daemon:
        yield daemon


@pytest.fixture(scope="session")
def port(sluice):
    return sluice.ports["kafka"]


@pytest.fixture
def client(port):
    with Client(port) as c:
        yield c


_names = itertools.count()


@pytest.fixture
def topic(client):
    name = f"t{next(_names)}"
    assert client.create(name) == 0
    return name


@pytest.fixture
def group():
    return f"g{next(_names)}"

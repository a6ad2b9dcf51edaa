import os
import pathlib

import made
import pytest


@pytest.fixture(scope="session", autouse=True)
def _root():
    if os.geteuid() != 0:
        pytest.fail(
            "tests/packages installs packages into roots of its own and must be root: "
            "run as root, in a container or a virtual machine if that is safer"
        )


@pytest.fixture(scope="session")
def packages():
    """deb and rpm of this tree."""
    return made.this()


@pytest.fixture(scope="session")
def clickhouse():
    return made.clickhouse()


@pytest.fixture
def folder(tmp_path):
    return pathlib.Path(tmp_path)

"""One Asterisk for the folder's tests; a test that kills it asks for `own_asterisk`."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import uvloop

from tests.integration.ari.server import AriAsterisk
from tests.kit.bare_asterisk import asterisk_tree


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Every asynchronous test here runs on both loops: the program uses uvloop, a debugger's user may not."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def asterisk_folder() -> Path:
    """The unpacked Asterisk."""
    tree = asterisk_tree()
    if tree is None:
        pytest.fail("no Asterisk: run `make setup`, or name an unpacked one in ANNYEONG120_ASTERISK_TREE")
    return tree


@pytest.fixture(scope="session")
def asterisk(asterisk_folder: Path) -> Iterator[AriAsterisk]:
    """A running Asterisk that every test may share: each uses an application and channel ids of its own."""
    # Not pytest's tmp_path: the path of a unix socket must stay under 108 characters.
    with tempfile.TemporaryDirectory(prefix="ari") as folder, AriAsterisk(asterisk_folder, Path(folder)) as server:
        yield server


@pytest.fixture
def own_asterisk(asterisk_folder: Path) -> Iterator[AriAsterisk]:
    """A running Asterisk that this test may kill."""
    with tempfile.TemporaryDirectory(prefix="ari") as folder, AriAsterisk(asterisk_folder, Path(folder)) as server:
        yield server


_numbers = itertools.count(1)


@pytest.fixture
def name() -> str:
    """A name that no other test has."""
    return f"t{next(_numbers)}"

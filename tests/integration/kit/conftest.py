"""A bare Asterisk for all tests of the kit."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.bare_asterisk import BareAsterisk, asterisk_tree


@pytest.fixture(scope="session")
def bare_asterisk() -> Iterator[BareAsterisk]:
    """Two phones, 101 and 102, and a trunk from 127.0.0.2."""
    tree = asterisk_tree()
    if tree is None:
        pytest.fail("no Asterisk unpacked: `make setup` does it")
    # A short path: the control socket's name has a limit of 107 bytes.
    with (
        tempfile.TemporaryDirectory(prefix="a120-") as folder,
        BareAsterisk(tree, Path(folder), phones={"101": "secret101", "102": "secret102"}) as asterisk,
    ):
        yield asterisk

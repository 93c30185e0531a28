"""The wheel with Node.js, as a machine without one of its own gets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.machine.asterisk_tree import cache_folder
from deploy.machine.errors import CommandFailed
from deploy.machine.node import Node, ensure_wheel, new_enough
from deploy.machine.virtualenv import Virtualenv

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def node() -> Node:
    """Fetched once per machine (61 MB) and kept in the cache; without a network there is nothing to test."""
    venv = Virtualenv(repository=ROOT)
    if not venv.works():
        pytest.skip("the environment was not made by `make`")
    try:
        return ensure_wheel(venv, cache_folder())
    except CommandFailed as error:
        pytest.skip(f"no registry within reach: {error}")


def test_pinned_node_is_new_enough_for_the_pages(node: Node) -> None:
    """A pin that the bundler refuses would be found by the first bare machine only."""
    assert new_enough(node.version)


def test_npm_of_the_wheel_runs_scripts_with_the_wheels_node(node: Node, tmp_path: Path) -> None:
    """Also where another Node.js comes first in the path."""
    (tmp_path / "package.json").write_text('{"name": "x", "version": "0.0.0", "scripts": {"which": "node --version"}}')
    assert node.run_npm(["run", "--silent", "which"], folder=tmp_path).strip() == "v" + ".".join(map(str, node.version))

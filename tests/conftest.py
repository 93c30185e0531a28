"""What every test shares: its folder is its marker, so `pytest -m unit` needs nothing written in the test.

Several processes (`pytest -n 2 --dist loadgroup`, as `make test` does it): the tests that share the session's one installation share a
process; of the others each file stays together, for the sake of its fixtures.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

LAYERS = ("unit", "regression", "integration", "acceptance", "simulation")
#: How often the progress says how much time has passed, and what counts as a slow test; seconds.
EVERY_S = 120
SLOW_S = 30
_HERE = Path(__file__).parent
# pytest-xdist gives its processes a terminal of 80 columns, and what is imported there would make its tables for it.
os.environ.pop("COLUMNS", None)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A command that is run inside a test silences the log of its process; the next test wants to read it."""
    yield
    structlog.reset_defaults()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with the layer it lies in, and run the quick layers first."""
    for item in items:
        layer = item.path.relative_to(_HERE).parts[0] if item.path.is_relative_to(_HERE) else ""
        if layer in LAYERS:
            item.add_marker(layer)
        shared = "installation" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("installation" if shared else str(item.path)))
    items.sort(key=_layer)


class Elapsed:
    """Writes the time that has passed into the progress, so that the record of a run that was cut off says where the time went."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal
        self._began = self._said = time.monotonic()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Every two minutes, and for a test that took half a minute by itself."""
        now = time.monotonic()
        slow = report.when == "call" and report.duration >= SLOW_S
        if slow or now - self._said >= EVERY_S:
            self._said = now
            minutes, seconds = divmod(round(now - self._began), 60)
            took = f" {report.nodeid} {report.duration:.0f} s" if slow else ""
            self._terminal.write(f" ({minutes}:{seconds:02}{took})\n")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Only where the progress is shown, not in the processes that run the tests."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Elapsed(terminal))


def _layer(item: pytest.Item) -> int:
    parts = item.path.relative_to(_HERE).parts if item.path.is_relative_to(_HERE) else ()
    return LAYERS.index(parts[0]) if parts and parts[0] in LAYERS else len(LAYERS)

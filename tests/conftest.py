"""What every test shares: its folder is its marker, so `pytest -m unit` needs nothing written in the test.

Several processes (`pytest -n 3`, as `make test` does it on two processors): each file stays together, for the sake of its fixtures, and so does a folder whose files
share what takes long to make. The quick layers come first, then the long files, and the short ones fill the gaps.

No test hangs for ever. An asynchronous one is cancelled where it waits, whichever event loop it runs on, and says where that was; what is deaf
to that, or waits without a loop, meets pytest-timeout's signal; and what is deaf to signals ends its process, with every stack printed
(`faulthandler_timeout`), and the run goes on in another one.

A test with real parts that fails is run once more: a machine that loses its processor for seconds is no fault of the program. Both runs are in the
report, and whatever passed only the second time is listed at the end of the run as something to mend.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
import structlog

from helpline.demo.softphone import Softphone
from tests.kit.until import PATIENCE

LAYERS = ("unit", "regression", "acceptance", "browser", "integration", "simulation")
#: Layers in which other processes have a part; pure tests and seeds of the simulation have no second chance.
REAL_PARTS = ("acceptance", "browser", "integration")
#: How often the progress says how much time has passed, and what counts as a slow test; seconds.
EVERY_S = 120
SLOW_S = 30
#: A run in which no test ends for this long is given up; longer than the longest test may take.
SILENT_S = 900
#: Folders whose files share what takes long to make: an installation, a browser, every prompt.
TOGETHER = (
    "tests/acceptance/crisis/",
    "tests/acceptance/linked/",
    "tests/acceptance/outside/",
    "tests/browser/",
    "tests/integration/prompts/",
)
#: The share of its time-out after which an asynchronous test is cancelled.
CANCELLED_AFTER = 0.8
_HERE = Path(__file__).parent
# An example that takes long on a busy machine is no counter-example.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.load_profile("here")
# As with `until`: a wait is no measurement.
Softphone.patience = PATIENCE
# pytest-xdist gives its processes a terminal of 80 columns, and what is imported there would make its tables for it.
os.environ.pop("COLUMNS", None)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A command that is run inside a test silences the log of its process; the next test wants to read it."""
    yield
    structlog.reset_defaults()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """What stays together. Not by marks: pytest-xdist 3.8 writes those into a name that pytest 9.2 does not read, and spreads single tests."""
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid.partition("::")[0])

    config.option.loadscopereorder = False
    return Together(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make soak` gives it."""
    parser.addoption("--soak", action="store_true", help="also what takes too long for every day (marked soak)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each test with the layer it lies in, and order them; leave out what takes too long for every day."""
    if not config.getoption("soak"):
        long = [item for item in items if item.get_closest_marker("soak")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
    for item in items:
        layer = item.path.relative_to(_HERE).parts[0] if item.path.is_relative_to(_HERE) else ""
        if layer in LAYERS:
            item.add_marker(layer)
        limit_s = _timeout_s(item)
        if layer in REAL_PARTS:
            item.add_marker(pytest.mark.flaky(reruns=1))
            # pytest-timeout counts both runs as one.
            item.add_marker(pytest.mark.timeout(2 * limit_s), append=False)
        # A simulation's loop has a clock of its own.
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj) and layer != "simulation":
            item.obj = bounded(item.obj, CANCELLED_AFTER * limit_s)
    items.sort(key=_layer)


def bounded(test: Callable[..., Awaitable[None]], limit_s: float) -> Callable[..., Awaitable[None]]:
    """The same test, cancelled after so many seconds; what it awaited then is in the error's traceback."""

    @functools.wraps(test)
    async def within(*arguments: object, **named: object) -> None:
        limit = asyncio.timeout(limit_s)
        try:
            async with limit:
                await test(*arguments, **named)
        except TimeoutError as error:
            if limit.expired():
                raise AssertionError(f"the test did not end within {limit_s:g} s") from error
            raise

    return within


def _timeout_s(item: pytest.Item) -> float:
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0] if marker else item.config.getini("timeout"))


class Elapsed:
    """Writes the time that has passed into the progress, so that the record of a run that was cut off says where the time went.

    And ends a run in which nothing happens any more: pytest-xdist can wait for ever for a process that was ended in the middle of a test.
    """

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal
        self._began = self._said = time.monotonic()
        self._running: set[str] = set()
        self._second: list[str] = []
        self._silence = self._watch()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """What is under way when nothing more happens."""
        self._running.add(nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """It is not what everything waits for."""
        self._running.discard(nodeid)

    def pytest_sessionfinish(self) -> None:
        """The end may take its time."""
        self._silence.cancel()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """What was run twice, with why."""
        if self._second:
            terminalreporter.section("failed once and were run again")
            terminalreporter.write_line("\n\n".join(self._second))

    def _watch(self) -> threading.Timer:
        timer = threading.Timer(SILENT_S, self._give_up)
        timer.daemon = True
        timer.start()
        return timer

    def _give_up(self) -> None:
        names = ", ".join(sorted(self._running)) or "none"
        sys.stdout.write(f"\nno test has ended for {SILENT_S} s; under way: {names}; the run is given up\n")
        sys.stdout.flush()
        os._exit(pytest.ExitCode.INTERNAL_ERROR)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Every two minutes, and for a test that took half a minute by itself."""
        self._silence.cancel()
        self._silence = self._watch()
        if str(report.outcome) == "rerun":
            self._second.append(f"{report.nodeid}\n{report.longreprtext}")
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

"""The clock by which the line waits."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import metrics, steady_clock
from core.steady_clock import CATCH_UP, SteadyClock
from core.testing import ManualClock

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_a_step_of_the_machines_clock_is_made_up_for_slowly(step: timedelta) -> None:
    """An age is wrong by a fiftieth at most, and in the end the time is right."""
    machine = ManualClock()
    clock, steps = SteadyClock(machine), metrics.clock_steps_total._value.get()
    before = clock.now()
    machine.jump(machine.now() + step)
    assert abs(clock.now() - before) < timedelta(milliseconds=1)
    machine.advance(100)
    passed = (clock.now() - before).total_seconds()
    assert passed == pytest.approx(100 * (1 + CATCH_UP if step > timedelta() else 1 - CATCH_UP), abs=0.01)
    for _ in range(60):
        machine.advance(3600)
        clock.now()
    assert abs(clock.now() - machine.now()) < timedelta(milliseconds=1)
    assert metrics.clock_steps_total._value.get() == steps + 1


@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(-1e6, 1e6)), max_size=20))
def test_it_never_goes_back(moves: list[tuple[float, float]]) -> None:
    """Whatever is done to the machine's."""
    machine = ManualClock()
    clock = SteadyClock(machine)
    last = clock.now()
    for passed, step in moves:
        machine.advance(passed)
        machine.jump(machine.now() + timedelta(seconds=step))
        now = clock.now()
        assert now >= last - timedelta(microseconds=1)
        assert (now - last).total_seconds() == pytest.approx(passed, rel=CATCH_UP + 0.001, abs=0.001)
        last = now


def test_network_time_at_work_is_no_step() -> None:
    """Some milliseconds are followed, and nobody is told."""
    machine = ManualClock()
    clock, steps = SteadyClock(machine), metrics.clock_steps_total._value.get()
    for _ in range(100):
        machine.advance(1)
        machine.jump(machine.now() + timedelta(milliseconds=5))
        clock.now()
    assert abs(clock.now() - machine.now()) < timedelta(milliseconds=20)
    assert metrics.clock_steps_total._value.get() == steps


async def test_it_takes_the_machines_time_as_soon_as_nobody_is_on_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that started in the wrong year is right before the first caller, not after hours."""
    monkeypatch.setattr(steady_clock, "SETTLE_EVERY_S", 0.001)
    machine = ManualClock()
    clock, on_the_line, settled = SteadyClock(machine), True, asyncio.Event()
    machine.jump(machine.now() + HOUR)
    looked = asyncio.Event()

    def idle() -> bool:
        looked.set()
        return not on_the_line

    task = asyncio.create_task(clock.run(idle, settled.set))
    try:
        await asyncio.wait_for(looked.wait(), 10)
        assert machine.now() - clock.now() > HOUR / 2
        on_the_line = False
        await asyncio.wait_for(settled.wait(), 10)
        assert abs(clock.now() - machine.now()) < timedelta(milliseconds=1)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

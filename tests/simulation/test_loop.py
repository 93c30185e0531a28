"""Virtual time, frozen and killed processes: what the simulation's judgements rest on."""

from __future__ import annotations

import asyncio

import pytest

from helpline.simulation.loop import NothingHappens, RealWorld, Universe, process

pytestmark = pytest.mark.simulation


def test_time_jumps_to_what_happens_next() -> None:
    """An hour passes at once, and in the right order."""
    universe = Universe()
    worker = process(universe, "p")
    seen: list[tuple[float, str]] = []

    async def main() -> None:
        await asyncio.sleep(3600)
        seen.append((universe.now, "process"))

    worker.start(main())
    universe.after(1800, lambda: seen.append((universe.now, "world")))
    universe.after(4000, lambda: None)
    universe.run(3999)
    assert seen == [(1800, "world"), (3600, "process")]
    assert universe.now == 3999


def test_a_frozen_process_finds_its_mail_and_its_timers_when_it_wakes() -> None:
    """As after SIGSTOP and SIGCONT: late, but nothing is lost."""
    universe = Universe()
    worker = process(universe, "p")
    seen: list[tuple[float, str]] = []

    async def main() -> None:
        await asyncio.sleep(2)
        seen.append((universe.now, "timer"))

    worker.start(main())
    universe.run(1)
    worker.frozen = True
    universe.after(2, worker.post, lambda: seen.append((universe.now, "mail")))
    universe.after(9, setattr, worker, "frozen", False)
    universe.after(20, lambda: None)
    universe.run(15)
    assert sorted(seen, key=str) == [(10, "mail"), (10, "timer")]


def test_a_killed_process_does_nothing_more() -> None:
    """Not even its `finally`, as after kill -9; also not when what it left behind is thrown away."""
    universe = Universe()
    worker = process(universe, "p")
    seen: list[str] = []

    async def main() -> None:
        try:
            await asyncio.sleep(5)
        finally:
            seen.append("finally" if not worker.dead else "after the end")

    worker.start(main())
    universe.run(1)
    worker.kill()
    worker.post(seen.append, "mail")
    universe.after(20, lambda: None)
    universe.run(19)
    assert seen == []
    universe.dispose()


def test_a_deadlock_is_found() -> None:
    """Whoever waits for what nobody will ever do is told so, instead of waiting."""
    universe = Universe()

    async def main() -> None:
        await asyncio.Event().wait()

    process(universe, "p").start(main())
    with pytest.raises(NothingHappens):
        universe.run(1)
    universe.dispose()


def test_a_thread_is_refused() -> None:
    """What the virtual clock cannot see must not happen."""
    universe = Universe()
    errors: list[Exception] = []

    async def main() -> None:
        try:
            await asyncio.to_thread(print)
        except RealWorld as error:
            errors.append(error)

    process(universe, "p").start(main())
    universe.after(1, lambda: None)
    universe.run(0.5)
    assert len(errors) == 1

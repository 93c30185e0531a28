"""Telephone calls for alarms between two processes, over a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from core.clock import SystemClock
from core.database import Database
from helpline.alarm_delivery import phone_orders
from helpline.alarm_delivery.phone import PROMPTS, Heard
from helpline.alarm_delivery.phone_orders import AlarmCallTaker, OrderedCaller
from tests.kit.until import until

CLOCK = SystemClock()


class Telephone:
    """Rings until told what it heard; knows who was hung up on."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, tuple[str, ...]]] = []
        self.hung_up = 0
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def ring(self, extension: str, prompts: Sequence[str], *, ring_s: float) -> str:
        """See `Telephone`."""
        self.rung.append((extension, tuple(prompts)))
        try:
            return await asyncio.shield(self.answer)
        except asyncio.CancelledError:
            self.hung_up += 1
            raise


@asynccontextmanager
async def taking(db: Database, telephone: Telephone, *, worker: str = "main/w1") -> AsyncIterator[None]:
    """A process with a telephone."""
    task = asyncio.create_task(AlarmCallTaker(db, CLOCK, telephone, worker=worker).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_one_process_orders_and_another_rings_once(db: Database) -> None:
    """Two processes with telephones: one of them rings, and its answer comes back."""
    telephone = Telephone()
    async with taking(db, telephone), taking(db, telephone, worker="main/w2"):
        ringing = asyncio.create_task(OrderedCaller(db, CLOCK).ring("101", PROMPTS, ring_s=20))
        await until(lambda: telephone.rung, 20)
        telephone.answer.set_result("confirmed")
        assert await asyncio.wait_for(ringing, 20) is Heard.CONFIRMED
    assert telephone.rung == [("101", PROMPTS)]


async def test_a_call_that_is_not_wanted_any_more_is_hung_up(db: Database) -> None:
    """Whoever ordered it is cancelled: the telephone stops ringing, and the row says that nobody was reached or nothing."""
    telephone = Telephone()
    async with taking(db, telephone):
        ringing = asyncio.create_task(OrderedCaller(db, CLOCK).ring("101", PROMPTS, ring_s=20))
        await until(lambda: telephone.rung, 20)
        ringing.cancel()
        await until(lambda: telephone.hung_up, 20)


async def test_without_a_telephone_nobody_is_rung_later(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """An order that nobody takes is void: a program that starts afterwards rings nobody."""
    monkeypatch.setattr(phone_orders, "TAKE_WITHIN", timedelta(seconds=1))
    assert await OrderedCaller(db, CLOCK).ring("101", PROMPTS, ring_s=20) is Heard.NOT_REACHED
    telephone = Telephone()
    async with taking(db, telephone):
        monkeypatch.setattr(phone_orders, "TAKE_WITHIN", timedelta(seconds=10))
        ringing = asyncio.create_task(OrderedCaller(db, CLOCK).ring("102", PROMPTS, ring_s=20))
        await until(lambda: telephone.rung, 20)
        telephone.answer.set_result("answered")
        assert await asyncio.wait_for(ringing, 20) is Heard.ANSWERED
    assert telephone.rung == [("102", PROMPTS)]


async def test_a_call_whose_program_died_ends(db: Database) -> None:
    """The same process, started anew, ends what it left behind when its time is over."""
    await db.execute(
        text(
            "INSERT INTO alarm_calls (id, extension, prompts, ring_s, ordered_at, void_at, taken_by) "
            "VALUES (gen_random_uuid(), '101', '{}', 20, now() - interval '1 hour', now() - interval '50 min', 'main/w1')"
        )
    )

    async def ended() -> bool:
        return bool(await db.execute(text("SELECT 1 AS found FROM alarm_calls WHERE result = 'not_reached'")))

    async with taking(db, Telephone()):
        await until(ended, 20)

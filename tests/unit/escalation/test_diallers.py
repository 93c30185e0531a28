"""Who carries orders out for the centre and for companions: a fault in one call hangs up no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID

import pytest

from core.cipher import NumberCipher
from escalation.centre.calling import Manner
from escalation.centre.calls import Calls, Dialler
from escalation.centre.model import Result
from escalation.centre.ports import CallOrder, Progress
from escalation.companions.call_book import CallBook
from escalation.companions.calls import Ended
from escalation.companions.dialler import PlannedCalls
from escalation.companions.way_back import WayBack
from tests.kit.until import until

BROKEN, GOOD, LATER = UUID(int=1), UUID(int=2), UUID(int=3)


def order(call_id: UUID) -> CallOrder:
    """Of somebody at 101."""
    return CallOrder(
        id=call_id, first="101", first_is_extension=True, person="+821055551111", language="ko",
        manner=Manner(say_who=False, leave_message=False, message_says_who=False),
    )  # fmt: skip


class Telephone:
    """Fails for one order; the others talk until they are told to end."""

    def __init__(self) -> None:
        self.under_way: set[UUID] = set()
        self.hung_up: set[UUID] = set()
        self.end = asyncio.Event()

    async def call(self, order: CallOrder, _progress: Progress) -> Result:
        """See `Telephony.call`."""
        if order.id == BROKEN:
            raise ValueError("a fault of ours")
        self.under_way.add(order.id)
        try:
            await self.end.wait()
        except asyncio.CancelledError:
            self.hung_up.add(order.id)
            raise
        return Result.TALKED


class Book:
    """Gives two orders, then fails once, then gives another one. Both books in one."""

    def __init__(self) -> None:
        self.looks = 0
        self.ends: dict[UUID, Result | Ended] = {}

    async def take(self, *_: object) -> list[CallOrder]:
        """Orders."""
        self.looks += 1
        if self.looks == 2:
            raise RuntimeError("a fault of ours")
        return {1: [order(BROKEN), order(GOOD)], 3: [order(LATER)]}.get(self.looks, [])

    async def ended(self, call_id: UUID, how: Result | Ended) -> None:
        """The end of the broken one can't even be written."""
        self.ends[call_id] = how
        if call_id == BROKEN:
            raise KeyError(call_id)

    async def heard(self, callback: Callable[[str], None]) -> None:
        """Wakes it again and again, then breaks."""
        for _ in range(50):
            callback("")
            await asyncio.sleep(0)
        raise RuntimeError("a fault of ours")

    async def nothing(self) -> int:
        """Nothing lost, nothing to be planned or said."""
        return 0

    lost = make = alarm = nothing


@asynccontextmanager
async def running(kind: str, book: Book, telephone: Telephone) -> AsyncIterator[None]:
    """One of the two, at work."""
    dialler: Any
    if kind == "centre":
        dialler = Dialler(cast(Calls, book), telephone, cast(NumberCipher, None))
    else:
        dialler = PlannedCalls(cast(CallBook, book), telephone, cast(WayBack, None))
    task = asyncio.create_task(dialler.run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("kind", ["centre", "companions"])
async def test_a_fault_in_one_call_or_in_looking_for_them_ends_no_other(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The broken one ends as interrupted; the others go on, and later ones are still taken."""
    monkeypatch.setattr("escalation.companions.dialler.LOOK_EVERY_S", 0.0)
    monkeypatch.setattr("escalation.centre.calls.LOOK_EVERY_S", 0.001)
    book, telephone = Book(), Telephone()
    async with running(kind, book, telephone):
        await until(lambda: telephone.under_way == {GOOD, LATER} and BROKEN in book.ends, 10, every_s=0.001)
        assert str(book.ends[BROKEN]) == "interrupted"
        assert telephone.hung_up == set()
        telephone.end.set()
        await until(lambda: len(book.ends) == 3, 10, every_s=0.001)
    assert (str(book.ends[GOOD]), str(book.ends[LATER])) == ("talked", "talked")

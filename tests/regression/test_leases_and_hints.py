"""A reservation lasts as long as somebody tends it, and other workers hear at once who is free again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace
from typing import cast
from uuid import UUID

from ivr import call_model as m
from ivr.actor import CallActor
from ivr.call_model import Call, Phase
from ivr.calls import Calls, Ringable
from ivr.services import Services
from routing.leases import EVERY_S
from routing.model import Offer, OfferResult, Waiting
from routing.policy import Policy
from routing.router import LINE_CHANGED, Router
from tests.kit.until import until
from tests.regression.test_nobody_rings_or_stays_busy_for_nothing import Telephone
from tests.regression.test_one_caller_one_counsellor import Books
from tests.unit.ivr.test_call import OFFER, OTHER

#: Longer than any lease: a caller who hears every notice.
LONG_S = 120


@asynccontextmanager
async def reserved(books: Books) -> AsyncIterator[tuple[Router, Telephone, Offer]]:
    """A worker with one counsellor's phone ringing."""
    telephone = Telephone()
    router = Router(books.store, books.clock, retry_s=3000)
    task = asyncio.create_task(router.run(telephone))
    try:
        router.join(Waiting(contact_id=books.caller(), since=books.clock.now()))
        await until(lambda: telephone.rung)
        yield router, telephone, telephone.rung[0]
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _renewed(router: Router, due: float) -> bool:
    return router._leases.due > due


async def passes(books: Books, router: Router, seconds: float) -> None:
    """Time passes, as much at once as the worker lets pass between two renewals."""
    for _ in range(int(seconds / EVERY_S) + 1):
        books.clock.advance(EVERY_S)
        router.wake()
        due = router._leases.due
        await until(partial(_renewed, router, due))


async def test_a_reservation_outlives_its_lease_while_the_caller_listens_to_the_notices() -> None:
    """The counsellor has picked up and waits; nobody else gets them, and the talk begins."""
    books = Books()
    async with reserved(books) as (router, telephone, offer):
        telephone.tended = [offer]
        await passes(books, router, LONG_S)
        assert await books.store.expire() == []
        assert telephone.lost == []
        assert await router.answered(offer)


async def test_a_program_that_is_no_more_keeps_nobody_reserved() -> None:
    """Its lease ends, and another worker may have the counsellor."""
    books = Books()
    async with reserved(books) as (_, telephone, offer):
        telephone.tended = [offer]
    books.clock.advance(LONG_S)
    assert [seat.system for seat in await books.store.expire()] == ["idle"]


async def test_an_offer_that_nobody_tends_any_more_runs_out() -> None:
    """The call has ended through a fault of ours: the program lives, and the counsellor is free all the same."""
    books = Books()
    async with reserved(books) as (router, _, _offer):
        await passes(books, router, LONG_S)
        # The slow check.
        router.line_changed()
        await until(lambda: books.row.presence.system == "idle")


async def test_who_is_somebody_elses_by_now_is_not_connected() -> None:
    """A program that was frozen hears it from its next renewal, not from two people who meet a third."""
    books = Books()
    async with reserved(books) as (router, telephone, offer):
        telephone.tended = [offer]
        books.row.epoch += 1
        await passes(books, router, EVERY_S)
        await until(lambda: telephone.lost)
        assert telephone.lost[0] == offer


def test_what_a_live_program_tends_is_what_rings_or_waits_to_be_connected() -> None:
    """Calls and call-backs; a talk needs no lease."""
    calls = Calls(cast(Services, SimpleNamespace()), accepting=lambda: True, desk=cast("object", None), other=lambda _: None, language="ko")  # type: ignore[arg-type]
    posted: list[m.Happening] = []

    def actor(phase: Phase, offer: Offer | None) -> CallActor:
        return cast(CallActor, SimpleNamespace(call=Call(phase=phase, offer=offer), offer=offer, post=posted.append))

    calls._actors |= {
        UUID(int=1): actor(Phase.WAITING, None), OFFER.contact_id: actor(Phase.WAITING, OFFER), UUID(int=9): actor(Phase.TALKING, OTHER),
    }  # fmt: skip
    assert calls.open_offers() == [OFFER]
    calls.join_callback(UUID(int=10), cast(Ringable, SimpleNamespace(offer=OTHER)))
    assert calls.open_offers() == [OFFER, OTHER]
    calls.reservation_lost(OFFER)
    assert posted == [m.ConnectFailed(leg_id=OFFER.leg_id)]


async def test_other_workers_hear_of_everybody_who_comes_free() -> None:
    """After an offer, after a talk, after wrap-up, after a lease, after a crash: once the row says so, not before."""
    books, said = Books(), list[tuple[str, str]]()
    hints = SimpleNamespace(send=lambda channel: said.append((channel, str(books.row.presence.system))))
    router = Router(books.store, books.clock, retry_s=3000, worker="main/w1", hints=hints)

    async def offered() -> Offer:
        offer = await books.reserve()
        assert offer is not None
        return offer

    async def closed(offer: Offer) -> None:
        await router.close(offer, OfferResult.RANG_OUT)

    async def talked(offer: Offer) -> None:
        assert await router.answered(offer)
        await router.end_talk(offer.counsellor_id, offer.epoch)

    async def expired(_: Offer) -> None:
        books.clock.advance(LONG_S)
        router._check_at = 0.0
        await router._housekeeping()

    async def crashed(offer: Offer) -> None:
        books.db.contacts[offer.contact_id].outcome = "abandoned_waiting"
        await router.free_ended()

    for ends in (closed, talked, expired, crashed):
        offer = await offered()
        said.clear()
        await ends(offer)
        assert (LINE_CHANGED, "idle") in said, ends
        assert (LINE_CHANGED, "offered") not in said, ends


async def test_nobody_is_told_of_a_counsellor_who_writes_up() -> None:
    """Wrap-up frees nobody yet; that it is over does."""
    books, said = Books(wrapup_s=30), list[str]()
    router = Router(books.store, books.clock, retry_s=3000, worker="main/w1", hints=SimpleNamespace(send=said.append), policy=Policy())
    offer = await books.reserve()
    assert offer is not None
    assert await router.answered(offer)
    said.clear()
    await router.end_talk(offer.counsellor_id, offer.epoch)
    assert (await books.seat()).system == "wrapup"
    assert said == []

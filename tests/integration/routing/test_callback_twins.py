"""Call-backs in memory and in the real PostgreSQL: the same random requests, attempts and endings on both leave the same rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest

from core.database import Database
from core.ids import new_id
from routing.callbacks import CallbackError, CallbackResult, Callbacks, CallHours, Consent, Due
from routing.model import Lane
from routing.policy import Policy
from routing.testing import Contact, MemoryDatabase
from routing.testing_callbacks import MemoryCallbacks
from tests.integration.routing.callers import KIM, LEE, Desk

NUMBERS = (KIM, KIM, LEE, "+821099998888", None)
OUTCOMES = ("callback_arranged", "abandoned_waiting", "talked", "cut_off", "callback_no_answer", "abandoned_in_menu")
LEASE_S = 60.0


class Both:
    """One operation on the real store and on its twin; ids of requests differ, those of contacts do not."""

    def __init__(self, db: Database) -> None:
        self.desk = Desk(db, policy=Policy(callback_attempts=2, callback_spacing_s=100))
        self.memory = MemoryDatabase(self.desk.clock.now)
        self.twin = MemoryCallbacks(self.memory, self.desk.clock, policy=lambda: self.desk.policy)
        self.contacts: list[UUID] = []
        #: What was claimed: the real one's and the twin's.
        self.held: list[tuple[Due, Due]] = []

    async def call(self, number: str | None, *, answered: bool, of: tuple[UUID, UUID] | None = None) -> UUID:
        """A call comes in; or, `of` a request, it is the call that answers it."""
        at = self.desk.now
        contact_id = await self.desk.call(number, answered=answered, callback_id=of[0] if of else None)
        more: dict[str, object] = {
            "kind": "callback" if of else "phone",
            "lane": "normal",
            "virtual_start": at,
            "callback_id": of and of[1],
        }
        row = Contact(
            contact_id, "main", "w1", str(contact_id), "menu", "", "ko", number, "waiting", at, at, at if answered else None, more=more
        )
        self.memory.contacts[contact_id] = row
        self.contacts.append(contact_id)
        return contact_id

    async def hang_up(self, contact_id: UUID, outcome: str) -> None:
        """The call is over; a second outcome changes nothing."""
        row = self.memory.contacts[contact_id]
        if row.outcome is None:
            await self.desk.hang_up(contact_id, outcome)
            row.outcome, row.ended_at, row.state = outcome, self.desk.now, "ended"

    async def on(self, what: Callable[[Callbacks], Awaitable[object]]) -> None:
        """The same answer from both, refusals among them."""

        async def answer(store: Callbacks) -> object:
            try:
                given = await what(store)
            except CallbackError as error:
                return type(error).__name__
            # Ids are each store's own.
            return None if isinstance(given, UUID) else given

        first, second = await answer(self.desk.callbacks), await answer(self.twin)
        assert first == second

    async def on_due(self, pair: tuple[Due, Due], what: Callable[[Callbacks, Due], Awaitable[object]]) -> None:
        """The same, with a claimed request."""
        assert await what(self.desk.callbacks, pair[0]) == await what(self.twin, pair[1])

    async def claim(self, limit: int) -> None:
        """Both take the same requests."""
        real = {due.contact_id: due for due in await self.desk.callbacks.claim("w1", limit, LEASE_S)}
        twin = {due.contact_id: due for due in await self.twin.claim("w1", limit, LEASE_S)}
        assert real.keys() == twin.keys()
        for contact_id, due in real.items():
            other = twin[contact_id]
            assert (due.number, due.virtual_start, due.attempts, due.consent, due.epoch, due.lane) == (
                other.number, other.virtual_start, other.attempts, other.consent, other.epoch, other.lane,
            )  # fmt: skip
            self.held.append((due, other))

    async def reclaim(self) -> None:
        """Both open the same again."""
        assert sorted(str(state) for _, state in await self.desk.callbacks.reclaim()) == sorted(
            str(state) for _, state in await self.twin.reclaim()
        )

    async def rows(self) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
        """What is compared of every request."""
        real = [
            (row.contact_id, row.reason, row.state, row.outcome, row.attempts, row.virtual_start, row.due_at, row.epoch, row.lease_until,
             row.may_call, row.may_say_who, row.may_leave_message, row.shared_phone, row.hours)
            for row in await self.desk.rows()
        ]  # fmt: skip
        twin = [
            (row.contact_id, row.reason, row.state, row.outcome, row.attempts, row.virtual_start, row.due_at, row.epoch, row.lease_until,
             row.consent.may_call, row.consent.may_say_who, row.consent.may_leave_message, row.consent.shared_phone,
             row.consent.hours)
            for row in self.memory.callbacks.values()
        ]  # fmt: skip
        return sorted(real, key=str), sorted(twin, key=str)


@pytest.mark.parametrize("seed", range(4))
async def test_the_twin_of_the_call_backs_answers_as_postgresql_does(db: Database, seed: int) -> None:
    """Asked, dropped out, claimed, kept, attempted, reclaimed, withdrawn: 100 random steps, stale epochs among them."""
    dice, both = Random(seed), Both(db)
    for step in range(100):
        # Seldom by hours: into other ones of the day.
        both.desk.clock.advance(dice.choice((0.5, 5, 30, 70) * 6 + (20000,)))
        await _step(both, dice)
        first, second = await both.rows()
        assert first == second, f"step {step}"


async def _step(both: Both, dice: Random) -> None:
    if not both.contacts or (what := dice.random()) < 0.12:
        await both.call(dice.choice(NUMBERS), answered=dice.random() < 0.2)
        return
    contact = dice.choice([*both.contacts[-6:], new_id()] if dice.random() < 0.1 else both.contacts[-6:])
    if what < 0.3:
        hours = dice.choice((None, None, *CallHours))
        may_call = dice.choice((True, True, True, False))
        consent = Consent(may_call=may_call, may_say_who=_answer(dice), shared_phone=_answer(dice), hours=hours)
        number, start = dice.choice((None, None, KIM, LEE)), both.desk.now - timedelta(seconds=dice.choice((0, 100)))
        await both.on(
            lambda store: store.ask(contact, number=number, consent=consent, language="ko", virtual_start=start, lane=Lane.NORMAL)
        )
    elif what < 0.42 and contact in both.memory.contacts:
        await both.hang_up(contact, dice.choice(OUTCOMES))
    elif what < 0.47:
        await both.on(lambda store: store.dropped_out(contact))
    elif what < 0.52:
        await both.on(lambda store: store.sweep())
    elif what < 0.56:
        await both.on(lambda store: store.cancel_for(contact))
    elif what < 0.7:
        await both.claim(dice.choice((1, 5)))
    elif what < 0.74:
        await both.reclaim()
    elif both.held:
        await _with_request(both, dice, dice.choice(both.held[-4:]))


async def _with_request(both: Both, dice: Random, pair: tuple[Due, Due]) -> None:
    what = dice.random()
    if what < 0.2:
        await both.on_due(pair, lambda store, due: store.keep(due, LEASE_S))
    elif what < 0.6:
        contact = await both.call(pair[0].number, answered=False, of=(pair[0].id, pair[1].id))
        await both.on_due(pair, lambda store, due: store.attempt(due, contact))
        if dice.random() < 0.7:
            await both.hang_up(contact, dice.choice(("talked", "callback_no_answer", "callback_interrupted")))
    else:
        result = dice.choice(list(CallbackResult))
        await both.on_due(pair, lambda store, due: store.attempted(due, result))


def _answer(dice: Random) -> bool | None:
    return dice.choice((True, False, None))

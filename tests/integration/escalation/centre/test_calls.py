"""Calls back and overdue work on a real PostgreSQL, with a telephone that does as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from escalation.centre.calls import TAKE_WITHIN, Dialler
from escalation.centre.case import FollowUpKind
from escalation.centre.errors import NotCallable, StaffBusy
from escalation.centre.model import Permission, Result, State, Urgency
from escalation.centre.ports import PERSON_RUNG, TALKING, CallOrder, Progress
from escalation.centre.staff import Human
from tests.integration.escalation.centre.kit import COUNSELLOR, NUMBER, Centre
from tests.kit.until import until


class Puppet:
    """A telephone: keeps what it was asked for, ends calls when told how."""

    def __init__(self) -> None:
        self.orders: list[CallOrder] = []
        self.talks = asyncio.Event()
        self.result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

    async def call(self, order: CallOrder, progress: Progress) -> Result:
        """See `escalation.centre.ports.Telephony`."""
        self.orders.append(order)
        await progress(PERSON_RUNG)
        await self.talks.wait()
        await progress(TALKING)
        return await self.result


@asynccontextmanager
async def dialling(house: Centre, phone: Puppet) -> AsyncIterator[None]:
    """While a process has a telephone."""
    task = asyncio.create_task(Dialler(house.calls, phone, house.cipher).run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def state(house: Centre, referral_id: UUID) -> State:
    """Of a case now."""
    return (await house.reading.head(referral_id))[0].state


async def test_a_person_is_called_back_and_talked_to(house: Centre) -> None:
    """Asked for at the desk, carried out by the telephone's process; the story has every step."""
    referral_id, anna = await house.claimed()
    phone = Puppet()
    async with dialling(house, phone):
        await house.calls.order(referral_id, anna, by=None)
        await until(lambda: bool(phone.orders))
        (order,) = phone.orders
        assert (order.first, order.first_is_extension, order.person, order.manner.say_who) == ("201", True, NUMBER, True)
        assert await state(house, referral_id) is State.CLAIMED
        phone.talks.set()
        await until(lambda: is_in(house, referral_id, State.IN_CONTACT))
        phone.result.set_result(Result.TALKED)
        await until(lambda: no_call(house))
    (attempt,) = (await house.reading.case(referral_id)).attempts
    assert (attempt.result, attempt.talked_at is not None) == (Result.TALKED, True)
    assert [kind for kind in await house.kinds(referral_id) if kind in ("dialling", "talk_began", "called")] == [
        "dialling", "talk_began", "called",
    ]  # fmt: skip


async def is_in(house: Centre, referral_id: UUID, wanted: State) -> bool:
    """Whether a case is in a state."""
    return await state(house, referral_id) is wanted


async def no_call(house: Centre) -> bool:
    """Whether none is under way."""
    return not await house.db.execute(text("SELECT FROM centre_calls WHERE result IS NULL"))


async def test_one_call_at_a_time_of_a_case_and_of_a_person(house: Centre) -> None:
    """The same button twice is one call."""
    referral_id, anna = await house.claimed()
    other = await house.sent()
    await house.referrals.claim(other, anna, by=None)
    twice = await asyncio.gather(*(house.calls.order(referral_id, anna, by=None) for _ in range(2)), return_exceptions=True)
    assert [type(one) for one in twice if isinstance(one, BaseException)] == [NotCallable]
    with pytest.raises(StaffBusy):
        await house.calls.order(other, anna, by=None)


@pytest.mark.parametrize(
    ("permission", "hours", "why"),
    [
        (Permission(), 0.0, "no_permission"),
        (Permission(may_call=False), 0.0, "no_permission"),
        (Permission(may_call=True), 10.0, "outside_hours"),
        (Permission(may_call=True), 24.0 * 91, "consent_over"),
    ],
)
async def test_nothing_is_dialled_that_must_not_be(house: Centre, permission: Permission, hours: float, why: str) -> None:
    """And the answer says what is in the way; no row, no reservation is left."""
    referral_id = await house.sent(permission=permission)
    anna = await house.anna()
    await house.referrals.claim(referral_id, anna, by=None)
    house.clock.advance(hours * 3600)
    with pytest.raises(NotCallable) as refused:
        await house.calls.order(referral_id, anna, by=None)
    assert refused.value.why == why
    assert await house.db.execute(text("SELECT FROM centre_calls")) == []


async def test_attempts_are_spaced_and_end(house: Centre) -> None:
    """After the last one somebody decides; no alarm clock dials."""
    referral_id, anna = await house.claimed()
    for number in range(house.rules.attempts):
        call_id = await house.calls.order(referral_id, anna, by=None)
        await house.calls.ended(call_id, Result.NO_ANSWER)
        if number + 1 < house.rules.attempts:
            with pytest.raises(NotCallable, match="too_soon") as soon:
                await house.calls.order(referral_id, anna, by=None)
            assert soon.value.until is not None
            house.clock.jump(soon.value.until)
    with pytest.raises(NotCallable, match="exhausted"):
        await house.calls.order(referral_id, anna, by=None)
    assert await state(house, referral_id) is State.CLAIMED


async def test_an_order_that_nobody_takes_is_void(house: Centre) -> None:
    """Nobody is rung by surprise later, it is no attempt, and all are free again."""
    referral_id, anna = await house.claimed()
    await house.calls.order(referral_id, anna, by=None)
    house.clock.advance(TAKE_WITHIN.total_seconds())
    assert await house.calls.take(uuid4(), house.cipher) == []
    assert await house.calls.lost() == 1
    case, _, _ = await house.reading.head(referral_id)
    assert (case.calling, case.attempts) == (None, 0)
    await house.calls.order(referral_id, anna, by=None)


async def test_a_call_whose_process_died_counts_as_what_it_was(house: Centre) -> None:
    """No attempt if nobody talked; a talk if somebody did; its late end changes nothing."""
    referral_id, anna = await house.claimed()
    call_id = await house.calls.order(referral_id, anna, by=None)
    assert len(await house.calls.take(uuid4(), house.cipher)) == 1
    assert await house.calls.take(uuid4(), house.cipher) == []
    await house.calls.talking(call_id)
    house.clock.advance(house.rules.lease.total_seconds())
    assert await house.calls.lost() == 1
    await house.calls.ended(call_id, Result.NO_ANSWER)
    case, _, _ = await house.reading.head(referral_id)
    assert (case.state, case.attempts, case.calling) == (State.IN_CONTACT, 0, None)
    (attempt,) = (await house.reading.case(referral_id)).attempts
    assert attempt.result is Result.TALKED


async def test_consent_taken_back_before_dialling_stops_the_call(house: Centre) -> None:
    """Between the button and the telephone."""
    referral_id, anna = await house.claimed()
    await house.calls.order(referral_id, anna, by=None)
    await house.referrals.withdraw(referral_id, by=None)
    assert await house.calls.take(uuid4(), house.cipher) == []
    assert await no_call(house)


async def test_what_is_overdue_is_an_alarm_once_a_period(house: Centre) -> None:
    """Also with two who look at once; doing it ends it; forgotten answers and follow-ups count."""
    referral_id = await house.sent(urgency=Urgency.TODAY)
    await house.propose()
    assert await house.overdue.look() == 0
    house.clock.advance(12 * 3600)
    both = await asyncio.gather(house.overdue.look(), house.overdue.look())
    assert sum(both) == 1
    assert await house.overdue.look() == 0
    house.clock.advance(house.rules.alarm_again.total_seconds())
    assert await house.overdue.look() == 1
    house.clock.advance(8 * 3600)
    # The referral again, and the proposal that nobody answered within a day.
    assert await house.overdue.look() == 2
    anna = await house.anna()
    await house.referrals.claim(referral_id, anna, by=None)
    await house.calls.ended(await house.calls.order(referral_id, anna, by=None), Result.TALKED)
    soon = house.clock.now() + timedelta(hours=5)
    await house.casework.follow_up(referral_id, FollowUpKind.CALL, soon, "", by=None, staff_id=anna)
    house.clock.advance(4 * 3600)
    assert await house.overdue.look() == 1
    house.clock.advance(2 * 3600)
    # Both the follow-up and the case whose next step it was.
    assert await house.overdue.look() == 2
    writing = asyncio.create_task(house.journal.run())
    await house.journal.flush()
    writing.cancel()
    kinds = await house.db.execute(text("SELECT kind, count(*) AS n FROM alarms GROUP BY kind ORDER BY kind"))
    assert [row.kind for row in kinds] == ["follow_up_overdue", "referral_overdue"]


async def test_a_transfer_that_nobody_ended_waits_on_the_worklist(house: Centre) -> None:
    """The process that put the caller through is gone; the case is not, and staff are free."""
    anna = await house.anna()
    await house.staff.say(anna, Human.READY)
    case = await house.propose()
    await house.referrals.answered(case.id, house.consent())
    await house.referrals.send_live(case.id, anna, by=COUNSELLOR)
    assert await house.reading.worklist() != []
    house.clock.advance(house.rules.live_for.total_seconds())
    assert await house.overdue.look() == 0
    assert await state(house, case.id) is State.WAITING
    (row,) = await house.db.execute(text("SELECT busy_with FROM centre_staff"))
    assert row.busy_with is None

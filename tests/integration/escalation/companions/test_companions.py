"""Companions on a real PostgreSQL: offering, plans, planned calls, the way back."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from core.clock import SEOUL
from core.database import Database
from core.errors import DatabaseUnavailable
from core.ids import new_id
from escalation.centre.errors import NoConsent, TextTooLong
from escalation.centre.model import Outcome, Permission, Recipient, Result, State, Urgency
from escalation.centre.ports import KEY_CRISIS, PERSON_RUNG, TALKING, CallOrder, Progress
from escalation.companions.call_book import CallBook
from escalation.companions.calls import CallRules, Ended
from escalation.companions.dialler import PlannedCalls
from escalation.companions.errors import HasCompanion, NotPossible, PlanClash, WrongState
from escalation.companions.matching import Reason
from escalation.companions.model import CallState, Companion, EndReason, Plan, Skip, SupportState, Times, Wanted
from escalation.companions.people import People
from escalation.companions.supports import Supports
from escalation.companions.way_back import Help, WayBack
from tests.integration.escalation.centre.kit import COUNSELLOR, NUMBER, Centre, centre
from tests.kit.until import until

HOME = "+821099998888"
MAY = Permission(may_call=True)


class Proposals:
    """Where a crisis goes; may be away."""

    def __init__(self) -> None:
        self.made: list[tuple[UUID, UUID | None]] = []
        self.away = False

    async def propose(self, *, referral_id: UUID, support_id: UUID, call_id: UUID | None, by: UUID | None) -> UUID | None:
        """See `escalation.companions.way_back.Crisis`."""
        if self.away:
            raise DatabaseUnavailable
        self.made.append((support_id, call_id))
        return UUID(int=5)


class Puppet:
    """A telephone on which the companion presses the crisis key in the talk."""

    def __init__(self) -> None:
        self.orders: list[CallOrder] = []

    async def call(self, order: CallOrder, progress: Progress) -> Result:
        """See `escalation.centre.ports.Telephony`."""
        self.orders.append(order)
        for what in (PERSON_RUNG, TALKING, KEY_CRISIS):
            await progress(what)
        return Result.TALKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The parts under test."""

    house: Centre
    people: People
    supports: Supports
    book: CallBook
    way_back: WayBack
    crisis: Proposals

    async def companion(self, name: str = "다솜", **more: object) -> UUID:
        """Somebody with time on Tuesday evenings."""
        values: dict[str, object] = {
            "id": new_id(), "name": name, "districts": frozenset({"강북구"}), "times": (Times(weekday=1, starts=time(18), ends=time(21)),), **more,
        }  # fmt: skip
        return await self.people.add(Companion(**values), HOME)  # type: ignore[arg-type]

    async def person(self) -> UUID:
        """A case that the centre has, with consent to companions."""
        referral_id, _ = await self.house.claimed()
        await self.house.casework.service_consent(referral_id, self.house.consent(to=Recipient.COMPANIONS, name="외로움돌봄동행단"))
        return referral_id

    async def active(self, companion_id: UUID | None = None) -> UUID:
        """An accompaniment that has begun."""
        companion_id = companion_id or await self.companion()
        support_id = await self.supports.offer(await self.person(), companion_id, MAY, by=COUNSELLOR)
        await self.supports.accept(support_id, by=None)
        return support_id

    async def weekly(self, support_id: UUID, *, at: time = time(19)) -> UUID:
        """A call every Wednesday: tomorrow, and in eight days."""
        plan = Plan(id=new_id(), support_id=support_id, weekday=2, at=at, skip_holidays=True, first=date(2027, 3, 1))
        await self.supports.plan(plan, by=None)
        return plan.id

    async def states(self, support_id: UUID) -> list[tuple[str, str | None]]:
        """Of its calls, the first first."""
        return [(str(one.call.state), one.call.skip) for one in reversed(await self.book.calls(support_id))]


@pytest.fixture
def group(db: Database, tmp_path: Path) -> Group:
    """No companions yet."""
    house = centre(db, tmp_path)
    supports = Supports(db, house.clock, house.texts, house.ledger)
    crisis = Proposals()
    return Group(
        house=house, people=People(db, house.clock, house.cipher), supports=supports, crisis=crisis,
        book=CallBook(db, house.clock, house.cipher, house.alarms),
        way_back=WayBack(db, house.clock, house.rules, supports, house.casework, crisis),
    )  # fmt: skip


def tomorrow(hour: int, minute: int = 0) -> datetime:
    """The Wednesday."""
    return datetime(2027, 3, 3, hour, minute, tzinfo=SEOUL)


async def test_without_consent_to_companions_nobody_learns_anything(group: Group) -> None:
    """Consent to the centre is not consent to companions; afterwards the ledger says who was told what."""
    companion_id = await group.companion()
    referral_id, _ = await group.house.claimed()
    with pytest.raises(NoConsent):
        await group.supports.offer(referral_id, companion_id, MAY, by=COUNSELLOR)
    assert len(await group.house.ledger.about(referral_id)) == 1
    await group.house.casework.service_consent(referral_id, group.house.consent(to=Recipient.COMPANIONS, name="외로움돌봄동행단"))
    await group.supports.offer(referral_id, companion_id, MAY, by=COUNSELLOR)
    assert [one.disclosure.recipient for one in await group.house.ledger.about(referral_id)] == ["centre", "companions"]
    with pytest.raises(HasCompanion):
        await group.supports.offer(referral_id, await group.companion("한별"), MAY, by=COUNSELLOR)


async def test_nobody_gets_more_than_they_can_take(group: Group) -> None:
    """Of two offers at once for the last place one is taken; a companion who stopped is not proposed again for the same person."""
    companion_id = await group.companion(most=1)
    persons = [await group.person(), await group.person()]
    offers = (group.supports.offer(one, companion_id, MAY, by=COUNSELLOR) for one in persons)
    answers = await asyncio.gather(*offers, return_exceptions=True)
    assert sum(isinstance(one, NotPossible) for one in answers) == 1
    (support_id,) = [one for one in answers if isinstance(one, UUID)]
    support = await group.supports.support(support_id)
    await group.supports.end(support_id, EndReason.NOT_TAKEN, by=None)
    (candidate,) = await group.people.candidates(Wanted(referral_id=support.referral_id, district="강북구"))
    assert (candidate.possible, candidate.load) == (False, 0)
    assert Reason.NOT_WITH_THIS_PERSON in dict(candidate.reasons)


async def test_plans_make_calls_once_and_holidays_say_so(group: Group) -> None:
    """However often it runs; another plan at the same time is refused."""
    group.house.clock.jump(datetime(2027, 2, 23, 12, tzinfo=SEOUL))
    support_id = await group.active()
    plan = Plan(id=new_id(), support_id=support_id, weekday=0, at=time(19), skip_holidays=True, first=date(2027, 2, 23))
    await group.supports.plan(plan, by=None)
    with pytest.raises(PlanClash):
        await group.supports.plan(
            Plan(id=new_id(), support_id=support_id, weekday=0, at=time(19, 10), skip_holidays=True, first=date(2027, 2, 23)), by=None
        )
    # The 1st of March is a Monday and a holiday.
    assert (await group.book.make(), await group.book.make()) == (2, 0)
    assert await group.states(support_id) == [("skipped", "holiday"), ("due", None)]
    await group.supports.unplan(plan.id, by=None)
    assert await group.states(support_id) == [("skipped", "holiday"), ("skipped", "plan_changed")]
    assert await group.book.make() == 0


async def test_a_planned_call_rings_the_companion_and_then_the_person(group: Group) -> None:
    """One process has it; the numbers of both are the telephone's to know, nobody else's."""
    support_id = await group.active()
    await group.weekly(support_id)
    await group.book.make()
    assert await group.book.take(uuid4()) == []
    group.house.clock.jump(tomorrow(19))
    taken = await asyncio.gather(*(group.book.take(uuid4()) for _ in range(3)))
    ((order,),) = [one for one in taken if one]
    assert (order.first, order.first_is_extension, order.person) == (HOME, False, NUMBER)
    assert (await group.book.companion_there(order.id)).state is CallState.PERSON_RUNG
    assert (await group.book.talking(order.id)).state is CallState.TALKED
    ended = await group.book.ended(order.id, Ended.TALKED)
    assert (ended.state, ended.ended) == (CallState.TALKED, True)
    assert (await group.book.ended(order.id, Ended.PERSON_ABSENT)).state is CallState.TALKED
    assert await group.book.lost() == 0


@pytest.mark.parametrize("why", ["no_permission", "consent_over", "support_paused", "withdrawn"])
async def test_whether_a_person_may_be_called_is_asked_when_it_is_dialled(group: Group, why: str) -> None:
    """Not when it was planned; the call says why it was not made."""
    support_id = await group.active()
    await group.weekly(support_id)
    await group.book.make()
    expected: Skip = Skip.CONSENT_OVER
    match why:
        case "no_permission":
            await group.supports.permit(support_id, Permission(may_call=False))
            expected = Skip.NO_PERMISSION
        case "support_paused":
            await group.supports.pause(support_id, by=None)
            expected = Skip.SUPPORT_PAUSED
        case "consent_over":
            await group.house.db.execute(text("UPDATE companion_supports SET consent_until = now() - interval '20 years'"))
        case _:
            await group.house.referrals.withdraw((await group.supports.support(support_id)).referral_id, by=None)
    group.house.clock.jump(tomorrow(19))
    assert await group.book.take(uuid4()) == []
    assert (await group.states(support_id))[0] == ("skipped", str(expected))


async def test_a_missed_call_is_tried_again_and_given_up_with_one_alarm(group: Group) -> None:
    """After a failure of ours, too, and that one does not count."""
    support_id = await group.active()
    await group.weekly(support_id)
    await group.book.make()
    rules, clock = CallRules(), group.house.clock
    clock.jump(tomorrow(19))
    for how in (Ended.COMPANION_ABSENT, Ended.PERSON_ABSENT, Ended.COMPANION_ABSENT):
        (order,) = await group.book.take(uuid4())
        await group.book.ended(order.id, how)
        clock.advance(rules.spacing.total_seconds())
    assert await group.book.take(uuid4()) == []
    assert (await group.states(support_id))[0] == ("given_up", None)
    assert [await group.book.alarm() for _ in range(2)] == [1, 0]


async def test_a_call_whose_process_died_is_given_up_for_lost(group: Group) -> None:
    """By its lease; as it is too late by then, somebody is told."""
    support_id = await group.active()
    await group.weekly(support_id)
    await group.book.make()
    group.house.clock.jump(tomorrow(19))
    assert len(await group.book.take(uuid4())) == 1
    group.house.clock.advance(CallRules().lease.total_seconds())
    assert (await group.book.lost(), await group.book.lost()) == (1, 0)
    assert (await group.states(support_id))[0] == ("given_up", None)
    assert await group.book.alarm() == 1


async def test_who_stands_in_is_rung_and_sees_the_person(group: Group) -> None:
    """On their days only."""
    own, other = await group.companion(), await group.companion("한별")
    support_id = await group.active(own)
    await group.supports.substitute(support_id, other, date(2027, 3, 3), date(2027, 3, 3), by=None)
    with pytest.raises(NotPossible):
        await group.supports.substitute(support_id, own, date(2027, 3, 3), date(2027, 3, 3), by=None)
    await group.weekly(support_id)
    await group.book.make()
    group.house.clock.jump(tomorrow(19))
    assert len(await group.book.take(uuid4())) == 1
    assert (await group.book.calls(support_id))[-1].companion_id == other
    assert [one.id for one in await group.supports.of(other, today=date(2027, 3, 3))] == [support_id]
    assert await group.supports.of(other, today=date(2027, 3, 4)) == []


async def test_the_end_of_an_accompaniment_ends_its_calls(group: Group) -> None:
    """With a reason; nothing can be planned any more, and it can't end twice."""
    support_id = await group.active()
    await group.weekly(support_id)
    await group.book.make()
    await group.supports.end(support_id, EndReason.GOAL_REACHED, by=None)
    assert set(await group.states(support_id)) == {("skipped", "support_ended")}
    support = await group.supports.support(support_id)
    assert (support.state, support.end_reason) == (SupportState.ENDED, EndReason.GOAL_REACHED)
    for attempt in (group.supports.end(support_id, EndReason.GOAL_REACHED, by=None), group.weekly(support_id)):
        with pytest.raises(WrongState):
            await attempt


async def test_notes_are_short_and_sealed(group: Group) -> None:
    """The newest first."""
    support_id = await group.active()
    await group.supports.note(support_id, "산책 이야기를 나눔", by=None)
    with pytest.raises(TextTooLong):
        await group.supports.note(support_id, "가" * 2001, by=None)
    (row,) = await group.house.db.execute(text("SELECT text_cipher FROM companion_notes"))
    assert "산책".encode() not in bytes(row.text_cipher)
    assert [one.text for one in await group.supports.notes(support_id)] == ["산책 이야기를 나눔"]


async def test_the_way_back_reopens_a_closed_case(group: Group) -> None:
    """And is work at the centre, due soon."""
    support_id = await group.active()
    support = await group.supports.support(support_id)
    await group.house.referrals.close(support.referral_id, Outcome.COMPANION, "", staff_id=None, by=None)
    assert await group.way_back.wanted(support_id, Help.CENTRE, "식사를 못 하신다고 함", by=None) is None
    whole = await group.house.reading.case(support.referral_id)
    assert (whole.referral.state, whole.referral.urgency) == (State.REOPENED, Urgency.TODAY)
    assert [one.text for one in whole.follow_ups] == ["식사를 못 하신다고 함"]


async def test_a_crisis_is_work_at_the_centre_even_if_it_could_not_be_proposed(group: Group) -> None:
    """The most urgent there is, due now."""
    support_id = await group.active()
    group.crisis.away = True
    assert await group.way_back.wanted(support_id, Help.CRISIS, by=None) is None
    (item,) = await group.house.reading.worklist()
    assert (item.urgency, item.next_at) == (Urgency.IMMEDIATE, group.house.clock.now())
    group.crisis.away = False
    assert await group.way_back.wanted(support_id, Help.CRISIS, by=None) == UUID(int=5)


async def test_the_crisis_key_in_a_call_reaches_the_incidents(group: Group) -> None:
    """While they go on talking."""
    support_id = await group.active()
    call_id = await group.book.add(support_id, by=None)
    phone = Puppet()
    task = asyncio.create_task(PlannedCalls(group.book, phone, group.way_back).run())
    try:
        await until(lambda: ended(group, support_id))
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert group.crisis.made == [(support_id, call_id)]
    assert [one.person for one in phone.orders] == [NUMBER]


async def ended(group: Group, support_id: UUID) -> bool:
    """Whether its call is over."""
    (one,) = await group.book.calls(support_id)
    return one.call.ended


async def test_a_withdrawn_consent_ends_the_accompaniment(group: Group) -> None:
    """And its calls."""
    support_id = await group.active()
    await group.weekly(support_id)
    await group.book.make()
    referral_id = (await group.supports.support(support_id)).referral_id
    await group.house.referrals.withdraw(referral_id, by=None)
    await group.supports.withdrawn(referral_id, by=None)
    assert (await group.supports.support(support_id)).end_reason is EndReason.CONSENT_OVER
    group.house.clock.advance(timedelta(days=1).total_seconds())
    assert await group.book.take(uuid4()) == []

"""Callers put through to the centre, as rows: ordered by one process, carried out by the one that has the call, and never left open."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import time
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from core.database import Database
from core.errors import DatabaseConflict, DatabaseUnavailable
from escalation.centre.model import PutThrough, State
from escalation.centre.staff import Duty, Human
from escalation.centre.staff_book import StaffBook
from escalation.centre.transfers import TAKE_WITHIN, TransferDesk, Transfers
from ivr.call_model import Call, Happening, Phase, PutThroughTo, TransferNote
from ivr.transfer_model import Transfer
from ivr.transfer_notes import TransferNotes
from ivr.transfer_orders import TransferOrders
from tests.integration.escalation.centre.kit import COUNSELLOR, Centre
from tests.kit.until import until

pytestmark = pytest.mark.asyncio


@dataclass
class Talk:
    """A live call that is told of orders."""

    call: Call = field(default_factory=lambda: Call(id="c", phase=Phase.TALKING))
    over: bool = False
    told: list[Happening] = field(default_factory=list)

    def post(self, happening: Happening) -> None:
        """See `CallActor.post`."""
        self.told.append(happening)


@dataclass
class Program:
    """One process with calls."""

    house: Centre
    id: UUID = field(default_factory=uuid4)
    actors: dict[UUID, Talk] = field(default_factory=dict)
    notes: TransferNotes = field(default_factory=TransferNotes)
    db: Database | None = None

    @property
    def book(self) -> Transfers:
        """Its book."""
        db = self.db or self.house.db
        return Transfers(db, self.house.clock, self.house.referrals, StaffBook(db, self.house.clock))

    @property
    def orders(self) -> TransferOrders:
        """What takes them."""
        return TransferOrders(self.book, self, self.notes, self.id, compared=lambda: True)

    async def has(self, contact_id: UUID) -> Talk:
        """A call of the house is this process's."""
        talk = self.actors[contact_id] = Talk()
        statement = text("UPDATE contacts SET owner = :owner, state = 'talking' WHERE id = :id")
        await self.house.db.execute(statement, {"owner": self.id, "id": contact_id})
        return talk


@dataclass(frozen=True)
class Begun:
    """A referral that is being put through."""

    referral: UUID
    contact: UUID
    staff: UUID


async def begun(house: Centre) -> Begun:
    """A caller who agreed, somebody of the centre who is free, and the desk's order."""
    staff = await house.anna()
    await house.staff.say(staff, Human.READY)
    case = await house.propose()
    await house.referrals.answered(case.id, house.consent())
    await house.referrals.send_live(case.id, staff, by=COUNSELLOR)
    (row,) = await house.db.execute(text("SELECT contact_id FROM referrals WHERE id = :id"), {"id": case.id})
    await TransferDesk(house.db, house.clock).begin(referral_id=case.id, contact_id=row.contact_id, staff_id=staff)
    return Begun(case.id, row.contact_id, staff)


def always(staff_id: UUID) -> list[Duty]:
    """At work day and night."""
    return [Duty(staff_id=staff_id, weekday=day, starts=time(0), ends=time(0)) for day in range(7)]


async def standing(house: Centre, wanted: Begun) -> tuple[str, State, bool]:
    """How the order ended ("" for not yet), how the case stands, and whether the member of staff is busy."""
    (order,) = await house.db.execute(
        text("SELECT result FROM centre_transfers WHERE referral_id = :id ORDER BY ordered_at DESC, id DESC LIMIT 1"),
        {"id": wanted.referral},
    )
    (staff,) = await house.db.execute(text("SELECT busy_with FROM centre_staff WHERE id = :id"), {"id": wanted.staff})
    return order.result or "", (await house.reading.case(wanted.referral)).referral.state, staff.busy_with is not None


async def test_only_the_process_that_has_the_call_takes_an_order_and_only_once(house: Centre) -> None:
    """Two that want the same; the staff's extension comes with it, and there is one at a time in a call."""
    wanted = await begun(house)
    here, there = Program(house), Program(house)
    talk = await here.has(wanted.contact)
    there.actors[wanted.contact] = other = Talk()
    await asyncio.gather(there.orders.look(), here.orders.look(), here.orders.look())
    (row,) = await house.db.execute(text("SELECT id, taken_by FROM centre_transfers"))
    assert row.taken_by == here.id
    assert (talk.told, other.told) == ([PutThroughTo(order=row.id, extension="201")], [])
    with pytest.raises(DatabaseConflict):
        await TransferDesk(house.db, house.clock).begin(referral_id=wanted.referral, contact_id=wanted.contact, staff_id=wanted.staff)


async def test_together_the_case_is_theirs_and_after_the_talk_they_are_free(house: Centre) -> None:
    """Each told once or twice: it is the same."""
    wanted = await begun(house)
    here = Program(house)
    talk = await here.has(wanted.contact)
    await here.orders.look()
    (order,) = talk.told
    assert isinstance(order, PutThroughTo)
    assert await standing(house, wanted) == ("", State.LIVE, True)
    for _ in range(2):
        here.notes.add(TransferNote(order=order.order))
        await here.orders.look()
        assert await standing(house, wanted) == ("", State.IN_CONTACT, True)
    for _ in range(2):
        here.notes.add(TransferNote(order=order.order, ended=PutThrough.CALLER_GONE))
        await here.orders.look()
        assert await standing(house, wanted) == ("taken", State.IN_CONTACT, False)
    assert (await house.kinds(wanted.referral)).count("live_taken") == 1


async def test_what_comes_to_nothing_is_a_work_item_with_a_deadline(house: Centre) -> None:
    """And whoever was reserved is free; why, is in the story."""
    wanted = await begun(house)
    here = Program(house)
    talk = await here.has(wanted.contact)
    await here.orders.look()
    (order,) = talk.told
    assert isinstance(order, PutThroughTo)
    here.notes.add(TransferNote(order=order.order, ended=PutThrough.BUSY))
    await here.orders.look()
    assert await standing(house, wanted) == ("busy", State.WAITING, False)
    (row,) = await house.db.execute(text("SELECT detail FROM referral_events WHERE kind = 'live_failed'"))
    assert row.detail == {"why": "busy"}
    assert (await house.reading.case(wanted.referral)).referral.due_at is not None


async def test_after_a_no_everybody_who_is_free_is_rung_once_and_then_it_is_a_work_item(house: Centre) -> None:
    """One after another, whoever speaks the person's language first; not who is on a break or has no telephone; each reserved for it alone."""
    wanted = await begun(house)
    names = {"201": wanted.staff}
    for extension, language in (("202", "en"), ("203", "ko"), ("", "ko"), ("204", "ko")):
        names[extension] = await house.staff.add(f"직원 {extension}", extension=extension, user_id=uuid4(), languages=[language])
        await house.staff.say(names[extension], Human.BREAK if extension == "204" else Human.READY)
        await house.staff.set_duties(names[extension], always(names[extension]))
    here = Program(house)
    talk = await here.has(wanted.contact)
    for turn, (result, extension) in enumerate(((PutThrough.BUSY, "201"), (PutThrough.NO_ANSWER, "203"), (PutThrough.FAILED, "202")), 1):
        await here.orders.look()
        assert [order.extension for order in talk.told if isinstance(order, PutThroughTo)][turn - 1 :] == [extension]
        assert await standing(house, wanted) == ("", State.LIVE, turn == 1)
        busy = await house.db.execute(text("SELECT extension FROM centre_staff WHERE busy_with = :id"), {"id": wanted.referral})
        assert [row.extension for row in busy] == [extension]
        order = talk.told[-1]
        assert isinstance(order, PutThroughTo)
        for _ in range(2):
            here.notes.add(TransferNote(order=order.order, ended=result))
        await here.orders.look(compare=False)
    assert len(talk.told) == 3
    assert await standing(house, wanted) == ("failed", State.WAITING, False)
    assert [kind for kind in await house.kinds(wanted.referral) if kind in ("sent_live", "sent_on", "live_failed")] == [
        "sent_live", "sent_on", "sent_on", "live_failed"
    ]  # fmt: skip


@pytest.mark.parametrize("result", [PutThrough.CALLED_OFF, PutThrough.CRISIS, PutThrough.BUSY])
async def test_nobody_else_is_rung_for_what_was_called_off_or_taken_back(house: Centre, result: PutThrough) -> None:
    """The counsellor's word, a crisis, a consent taken back meanwhile: there is somebody, and they are left alone."""
    wanted = await begun(house)
    await house.staff.say(other := await house.staff.add("베라", extension="202", user_id=uuid4()), Human.READY)
    await house.staff.set_duties(other, always(other))
    here = Program(house)
    talk = await here.has(wanted.contact)
    await here.orders.look()
    order = talk.told[-1]
    assert isinstance(order, PutThroughTo)
    if taken_back := result is PutThrough.BUSY:
        await house.referrals.withdraw(wanted.referral, by=COUNSELLOR)
    here.notes.add(TransferNote(order=order.order, ended=result))
    await here.orders.look()
    assert len(talk.told) == 1
    assert await standing(house, wanted) == (str(result), State.WITHDRAWN if taken_back else State.WAITING, False)


async def test_an_order_that_nobody_takes_is_void_and_never_rings_anybody(house: Centre) -> None:
    """The process with the call is away: the case waits on the worklist within seconds."""
    wanted = await begun(house)
    await Program(house).orders.look()
    assert await standing(house, wanted) == ("", State.LIVE, True)
    house.clock.advance(TAKE_WITHIN.total_seconds())
    await Program(house).orders.look()
    assert await standing(house, wanted) == ("not_begun", State.WAITING, False)
    late = Program(house)
    talk = await late.has(wanted.contact)
    await late.orders.look()
    assert talk.told == []


async def test_nobody_is_rung_once_the_consent_was_taken_back(house: Centre) -> None:
    """In the seconds until the order is taken."""
    wanted = await begun(house)
    here = Program(house)
    talk = await here.has(wanted.contact)
    await house.referrals.withdraw(wanted.referral, by=COUNSELLOR)
    await here.orders.look()
    assert talk.told == []
    assert await standing(house, wanted) == ("called_off", State.WITHDRAWN, False)


async def test_a_call_that_is_over_or_gone_from_here_is_not_waited_for(house: Centre) -> None:
    """Over: whoever looks first says so. Ours without a live call: refused at once."""
    wanted = await begun(house)
    await house.db.execute(text("UPDATE contacts SET outcome = 'talked', ended_at = now() WHERE id = :id"), {"id": wanted.contact})
    await Program(house).orders.look()
    assert await standing(house, wanted) == ("not_in_call", State.WAITING, False)


async def test_what_a_dead_program_had_under_way_ends_unless_its_call_goes_on(house: Centre) -> None:
    """Found twice without a call that knows of it; one that goes on is left alone."""
    wanted = await begun(house)
    dead = Program(house)
    await dead.has(wanted.contact)
    await dead.orders.look()
    (row,) = await house.db.execute(text("SELECT id FROM centre_transfers"))
    after = Program(house)
    talk = await after.has(wanted.contact)
    talk.call = Call(id="c", phase=Phase.TALKING, transfer=Transfer(order=row.id, leg_id="transfer-x"))
    orders = after.orders
    for _ in range(3):
        await orders.look()
    assert await standing(house, wanted) == ("", State.LIVE, True)
    talk.call = Call(id="c", phase=Phase.TALKING)
    await orders.look()
    assert await standing(house, wanted) == ("", State.LIVE, True)
    await orders.look()
    assert await standing(house, wanted) == ("interrupted", State.WAITING, False)


async def test_a_note_outlives_a_database_that_is_away(house: Centre) -> None:
    """It is written as soon as that is back, and in its order."""
    wanted = await begun(house)
    here = Program(house)
    talk = await here.has(wanted.contact)
    await here.orders.look()
    (order,) = talk.told
    assert isinstance(order, PutThroughTo)
    here.notes.add(TransferNote(order=order.order))
    here.notes.add(TransferNote(order=order.order, ended=PutThrough.CALLER_GONE))
    away = Database("postgresql://nobody@127.0.0.1:1/none", pool_size=2, statement_timeout_s=0.5)
    try:
        with pytest.raises(DatabaseUnavailable):
            await Program(house, id=here.id, notes=here.notes, db=away).orders.look()
    finally:
        await away.close()
    await here.orders.look()
    assert await standing(house, wanted) == ("taken", State.IN_CONTACT, False)


async def test_an_announced_order_is_taken_at_once(house: Centre) -> None:
    """By the task that runs, with whatever it had to write before."""
    here = Program(house)
    running = asyncio.create_task(here.orders.run())
    try:
        wanted = await begun(house)
        talk = await here.has(wanted.contact)
        await until(lambda: talk.told, 20, "the order")
        (order,) = talk.told
        assert isinstance(order, PutThroughTo)
        here.notes.add(TransferNote(order=order.order, ended=PutThrough.NO_ANSWER))

        async def over() -> bool:
            return (await standing(house, wanted))[0] == "no_answer"

        await until(over, 20, "the end to be written")
    finally:
        running.cancel()

"""Referrals from the first thought to the end: each change is one transaction that locks the case, asks the machine, writes state and story.

Raises the errors of `escalation.centre.errors` and `core.errors.DatabaseUnavailable`; then nothing has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.cipher import NumberCipher
from core.clock import Clock
from core.database import Database
from core.ids import new_id
from escalation.centre import case as parts
from escalation.centre import repository
from escalation.centre import tables as t
from escalation.centre.errors import NoConsent, NotTheirs, StaffBusy, UnknownReferral, UnknownStaff, WorkLeft
from escalation.centre.model import (
    HELD,
    Basis,
    Consent,
    Danger,
    Outcome,
    Permission,
    Referral,
    State,
    Urgency,
)
from escalation.centre.ports import Ledger
from escalation.centre.referral import (
    Answered,
    Claimed,
    Closed,
    Counselling,
    HandedOver,
    Happened,
    InDanger,
    LiveFailed,
    LiveTaken,
    MoreUrgent,
    Permitted,
    Released,
    Reopened,
    Sent,
    SentLive,
    SentOn,
    Withdrawn,
    advance,
)
from escalation.centre.rules import Rules
from escalation.centre.texts import Texts
from escalation.ledger_model import Disclosure, Ground

#: The grounds on which danger stands in for consent.
URGENT = frozenset({Ground.URGENT, Ground.URGENT_BEYOND_PURPOSE})
#: What goes with a referral when danger stands in for consent.
DANGER_ITEMS: tuple[str, ...] = ("name", "number", "district", "reason")
_CONTACT = text("SELECT number_cipher, number_index, language FROM contacts WHERE id = :id")


class Person:
    """Who a referral is about. `number`: E.164; None: that of the call, if it was not withheld."""

    __slots__ = ("age_band", "district", "language", "name", "number")

    def __init__(
        self, *, name: str = "", number: str | None = None, language: str | None = None, district: str = "", age_band: str = ""
    ) -> None:
        self.name = name
        self.number = number
        self.language = language
        self.district = district
        self.age_band = age_band


class Referrals:
    """See the module. `by` is a desk account, `staff_id` a member of the centre's staff."""

    def __init__(self, db: Database, clock: Clock, rules: Rules, cipher: NumberCipher, texts: Texts, ledger: Ledger) -> None:
        self._db = db
        self._clock = clock
        self._rules = rules
        self._cipher = cipher
        self._texts = texts
        self._ledger = ledger

    # --- up to the worklist --------------------------------------------------------------------------------------------

    async def propose(self, person: Person, *, reason: str, urgency: Urgency, by: UUID | None, contact_id: UUID | None = None) -> Referral:
        """A counsellor thinks the centre should take over. Raises UnknownReferral for a contact that is not there."""
        now, referral_id, note_id = self._clock.now(), new_id(), new_id()
        sealed = self._texts.seal(reason, note_id)
        case = Referral(
            id=referral_id, state=State.PROPOSED, urgency=urgency, created_at=now, due_at=self._rules.answer_by(now)
        )  # fmt: skip
        values: dict[str, object] = {
            "id": referral_id, "contact_id": contact_id, "made_by": by, "state": "proposed", "urgency": str(urgency), "created_at": now,
            "due_at": case.due_at, "district": person.district, "age_band": person.age_band,
            "name_cipher": self._texts.seal(person.name, referral_id, limit=100) if person.name else None,
        }  # fmt: skip
        async with self._db.begin() as session:
            call = None
            if contact_id is not None:
                call = (await session.execute(_CONTACT, {"id": contact_id})).one_or_none()
                if call is None:
                    raise UnknownReferral("there is no such call")
            if person.number is not None:
                values |= {"number_cipher": self._cipher.encrypt(person.number), "number_index": self._cipher.index(person.number)}
            elif call is not None:
                values |= {"number_cipher": call.number_cipher, "number_index": call.number_index}
            values["language"] = person.language or (call.language if call is not None else "ko")
            await session.execute(insert(t.referrals), values)
            note = {"id": note_id, "referral_id": referral_id, "at": now, "by": by, "kind": "reason", "text_cipher": sealed}
            await session.execute(insert(t.referral_notes), note)
            await repository.tell(session, case, "proposed", now, by, {"urgency": str(urgency)})
        return case

    async def answered(self, referral_id: UUID, consent: Consent, permission: Permission | None = None) -> Referral:
        """The person agrees or refuses; either is kept. Raises ConsentIncomplete."""
        async with self._db.begin() as session:
            happened = Answered(at=self._clock.now(), by=consent.asked_by, consent=consent, permission=permission)
            after = await self._change(session, referral_id, happened, {"given": consent.given, "script": consent.script_version})
            await add_consent(session, referral_id, consent)
        return after

    async def in_danger(self, referral_id: UUID, ground: Ground, *, by: UUID) -> Referral:
        """Imminent danger stands in for consent; the ledger says who decided so when it is sent. Raises NoConsent for any other ground."""
        if ground not in URGENT:
            raise NoConsent
        now = self._clock.now()
        danger = Danger(ground=str(ground), decided_by=by, at=now)
        return await self._do(referral_id, InDanger(at=now, by=by, danger=danger), {"ground": str(ground)})

    async def send(self, referral_id: UUID, *, by: UUID) -> Referral:
        """To the worklist. The ledger has it before the centre. Raises NoConsent."""
        sent = Sent(at=self._clock.now(), by=by)
        await self._disclose(referral_id, sent, by)
        async with self._db.begin() as session:
            return await self._sent(session, referral_id, sent)

    async def send_live(self, referral_id: UUID, staff_id: UUID, *, by: UUID) -> Referral:
        """The caller is being put through to a member of staff, who is reserved for them. Raises NoConsent, StaffBusy, UnknownStaff."""
        now = self._clock.now()
        sent = SentLive(at=now, by=by, staff_id=staff_id)
        await self._disclose(referral_id, sent, by)
        async with self._db.begin() as session:
            after = await self._sent(session, referral_id, sent, {"staff": str(staff_id)})
            await reserve(session, staff_id, referral_id, now, until=self._rules.live_by(now), ready=True)
        return after

    async def send_on(self, session: AsyncConnection, referral_id: UUID, staff_id: UUID) -> None:
        """Within a transaction: another member of staff is rung instead, and reserved. Raises StaffBusy, UnknownStaff, IllegalTransition."""
        now = self._clock.now()
        await self._change(session, referral_id, SentOn(at=now, staff_id=staff_id), {"staff": str(staff_id)})
        await release(session, referral_id)
        await reserve(session, staff_id, referral_id, now, until=self._rules.live_by(now), ready=True)

    async def live_taken(self, referral_id: UUID, staff_id: UUID) -> Referral:
        """They talk. The member of staff is busy until `free`."""
        now = self._clock.now()
        async with self._db.begin() as session:
            after = await self._change(session, referral_id, LiveTaken(at=now, staff_id=staff_id), {"staff": str(staff_id)})
            held = update(t.centre_staff).where(t.centre_staff.c.id == staff_id, t.centre_staff.c.busy_with == referral_id)
            await session.execute(held.values(busy_until=now + self._rules.lease))
        return after

    async def live_failed(self, referral_id: UUID, *, why: str) -> Referral:
        """Nobody could be put through: it waits on the worklist; the caller stays with the counsellor."""
        now = self._clock.now()
        async with self._db.begin() as session:
            after = await self._change(session, referral_id, LiveFailed(at=now), {"why": why})
            if after.state is not State.IN_CONTACT:
                await release(session, referral_id)
        return after

    async def free(self, referral_id: UUID) -> None:
        """The talk after a warm transfer is over."""
        async with self._db.begin() as session:
            await release(session, referral_id)

    # --- whose it is ---------------------------------------------------------------------------------------------------

    async def claim(self, referral_id: UUID, staff_id: UUID, *, by: UUID | None) -> Referral:
        """Take it. Of two at once one has it, the other gets AlreadyClaimed."""
        return await self._do(referral_id, Claimed(at=self._clock.now(), by=by, staff_id=staff_id), {"staff": str(staff_id)}, staff_id)

    async def release(self, referral_id: UUID, staff_id: UUID, *, by: UUID | None) -> Referral:
        """Back to the worklist, with the deadline it has."""
        return await self._do(referral_id, Released(at=self._clock.now(), by=by, staff_id=staff_id))

    async def hand_over(self, referral_id: UUID, to: UUID, *, staff_id: UUID | None, by: UUID | None) -> Referral:
        """To a colleague; `staff_id` None: a supervisor decides."""
        happened = HandedOver(at=self._clock.now(), by=by, to=to, staff_id=staff_id)
        return await self._do(referral_id, happened, {"to": str(to)}, to)

    # --- what the person says ------------------------------------------------------------------------------------------

    async def permit(self, referral_id: UUID, permission: Permission, *, by: UUID | None) -> Referral:
        """Whether and how they may be called."""
        return await self._do(referral_id, Permitted(at=self._clock.now(), by=by, permission=permission))

    async def withdraw(self, referral_id: UUID, *, by: UUID | None) -> Referral:
        """They take the consent back: nobody calls, nothing more is passed on. Accompaniments end with it (`Supports.withdrawn`)."""
        now = self._clock.now()
        async with self._db.begin() as session:
            after = await self._change(session, referral_id, Withdrawn(at=now, by=by))
            c = t.referral_consents.c
            given = update(t.referral_consents).where(c.referral_id == referral_id, c.given, c.withdrawn_at.is_(None))
            await session.execute(given.values(withdrawn_at=now))
        return after

    # --- the work ------------------------------------------------------------------------------------------------------

    async def begin_counselling(self, referral_id: UUID, staff_id: UUID, *, by: UUID | None) -> Referral:
        """In-depth counselling has begun."""
        async with self._db.begin() as session:
            await owned(session, referral_id, staff_id)
            return await self._change(session, referral_id, Counselling(at=self._clock.now(), by=by))

    async def set_urgency(self, referral_id: UUID, urgency: Urgency, *, by: UUID | None) -> Referral:
        """It is more, or less, urgent."""
        return await self._do(referral_id, MoreUrgent(at=self._clock.now(), by=by, urgency=urgency), {"urgency": str(urgency)})

    async def close(self, referral_id: UUID, outcome: Outcome, note: str, *, staff_id: UUID | None, by: UUID | None) -> Referral:
        """It is over. `staff_id`: its owner; None: a supervisor. Raises WorkLeft while follow-ups or links are open."""
        async with self._db.begin() as session:
            case, _ = await repository.locked(session, referral_id)
            if staff_id is not None and case.state in HELD and case.owner_id != staff_id:
                raise NotTheirs
            await _nothing_left(session, referral_id)
            after = await self._change(
                session, referral_id, Closed(at=self._clock.now(), by=by, outcome=outcome), {"outcome": str(outcome)}
            )
            if after is not case and note:
                await self._closing_note(session, referral_id, note, by)
        return after

    async def reopen(self, referral_id: UUID, urgency: Urgency, note: str, *, by: UUID | None) -> Referral:
        """It is not over: back on the worklist."""
        async with self._db.begin() as session:
            happened = Reopened(at=self._clock.now(), by=by, urgency=urgency)
            after = await self._change(session, referral_id, happened, {"urgency": str(urgency)})
            await self._closing_note(session, referral_id, note, by)
        return after

    # --- inside --------------------------------------------------------------------------------------------------------

    async def _do(
        self, referral_id: UUID, happened: Happened, detail: Mapping[str, object] | None = None, staff_id: UUID | None = None
    ) -> Referral:
        async with self._db.begin() as session:
            if staff_id is not None:
                await known(session, staff_id)
            return await self._change(session, referral_id, happened, detail)

    async def _change(
        self, session: AsyncConnection, referral_id: UUID, happened: Happened, detail: Mapping[str, object] | None = None
    ) -> Referral:
        return await change(session, self._rules, referral_id, happened, detail)

    async def _sent(
        self, session: AsyncConnection, referral_id: UUID, sent: Sent | SentLive, detail: Mapping[str, object] | None = None
    ) -> Referral:
        after = await self._change(session, referral_id, sent, detail)
        await session.execute(update(t.referrals).where(t.referrals.c.id == referral_id).values(sent_at=sent.at))
        return after

    async def _disclose(self, referral_id: UUID, sent: Sent | SentLive, by: UUID) -> None:
        """Have the ledger say what the centre is given, if it may be given it. Raises NoConsent, IllegalTransition."""
        async with self._db.begin() as session:
            case, _ = await repository.locked(session, referral_id)
            after = advance(case, sent, self._rules)
            if after.basis is Basis.CONSENT:
                c = t.referral_consents.c
                latest = select(c.id, c["items"]).where(
                    c.referral_id == case.id, c.given, c.recipient == "centre", c.withdrawn_at.is_(None)
                )
                given = (await session.execute(latest.order_by(c.at.desc(), c.id.desc()).limit(1))).one_or_none()
                if given is None:
                    raise NoConsent
                items, ground, consent_id, decided = tuple(given.items), Ground.CONSENT, given.id, by
            else:
                e = t.referral_events.c
                said = select(e.detail, e.by).where(e.referral_id == case.id, e.kind == "in_danger").order_by(e.id.desc()).limit(1)
                danger = (await session.execute(said)).one()
                items, ground, consent_id, decided = DANGER_ITEMS, Ground(danger.detail["ground"]), None, danger.by
        disclosure = Disclosure(
            about_kind="referral", about=referral_id, recipient="centre", items=items, ground=ground, decided_by=decided, consent_id=consent_id
        )  # fmt: skip
        await self._ledger.record(disclosure)

    async def _closing_note(self, session: AsyncConnection, referral_id: UUID, note: str, by: UUID | None) -> None:
        note_id = new_id()
        values = {
            "id": note_id, "referral_id": referral_id, "at": self._clock.now(), "by": by, "kind": str(parts.NoteKind.CLOSING),
            "text_cipher": self._texts.seal(note, note_id),
        }  # fmt: skip
        await session.execute(insert(t.referral_notes), values)


async def change(
    session: AsyncConnection, rules: Rules, referral_id: UUID, happened: Happened, detail: Mapping[str, object] | None = None
) -> Referral:
    """Within a transaction: lock the case, ask the machine, write state and story. What changes nothing is in the story all the same."""
    before, _ = await repository.locked(session, referral_id)
    after = advance(before, happened, rules)
    if after is not before:
        await repository.store(session, before, after, happened.at)
    await repository.tell(session, after, happened, happened.at, happened.by, detail)
    return after


async def add_consent(session: AsyncConnection, referral_id: UUID, consent: Consent) -> None:
    """Keep an answer, whatever it is."""
    values: dict[str, object] = {name: getattr(consent, name) for name in Consent.__slots__}
    values |= {"referral_id": referral_id, "recipient": str(consent.recipient), "items": list(consent.items)}
    await session.execute(insert(t.referral_consents), values)


async def known(session: AsyncConnection, staff_id: UUID) -> None:
    """Raises UnknownStaff."""
    s = t.centre_staff.c
    if (await session.execute(select(s.id).where(s.id == staff_id, s.disabled_at.is_(None)))).one_or_none() is None:
        raise UnknownStaff


async def owned(session: AsyncConnection, referral_id: UUID, staff_id: UUID) -> Referral:
    """The case, locked, if it is theirs to work on. Raises NotTheirs, UnknownReferral."""
    case, _ = await repository.locked(session, referral_id)
    if case.state not in HELD or case.owner_id != staff_id:
        raise NotTheirs
    return case


async def reserve(
    session: AsyncConnection, staff_id: UUID, referral_id: UUID, now: datetime, *, until: datetime, ready: bool = False
) -> None:
    """Somebody is busy with a case from now on. Raises StaffBusy if they are busy already, or (`ready`) have not said that they are ready."""
    await known(session, staff_id)
    s = t.centre_staff.c
    free = (s.id == staff_id) & (s.busy_until.is_(None) | (s.busy_until <= now))
    if ready:
        free &= s.human == "ready"
    values: dict[str, object] = {"busy_with": referral_id, "busy_until": until}
    if ready:
        values["last_live_at"] = now
    taken = await session.execute(update(t.centre_staff).where(free).values(values).returning(s.id))
    if taken.one_or_none() is None:
        raise StaffBusy


async def release(session: AsyncConnection, referral_id: UUID) -> None:
    """Whoever was busy with a case is free."""
    s = t.centre_staff
    await session.execute(update(s).where(s.c.busy_with == referral_id).values(busy_with=None, busy_until=None))


async def _nothing_left(session: AsyncConnection, referral_id: UUID) -> None:
    f, k = t.referral_follow_ups.c, t.referral_links.c
    follow_ups = select(f.id).where(f.referral_id == referral_id, f.done_at.is_(None), ~f.cancelled)
    links = select(k.id).where(k.referral_id == referral_id, k.state.in_([str(state) for state in parts.OPEN_LINKS]))
    left = [len((await session.execute(statement)).all()) for statement in (follow_ups, links)]
    if any(left):
        raise WorkLeft(*left)

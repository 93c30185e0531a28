"""What is done in a case: notes, needs, links to services, follow-ups. Texts are sealed; nothing is overwritten or deleted.

Whoever has the case works on it; a note may be left by anybody of the centre.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import Executable, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock
from core.database import Database
from core.ids import new_id
from escalation.centre import repository
from escalation.centre import tables as t
from escalation.centre.case import LINK_STEPS, Area, FollowUpKind, LinkState, NeedState, NoteKind
from escalation.centre.consent import covers, missing
from escalation.centre.errors import ConsentIncomplete, IllegalTransition, NoConsent, UnknownPart
from escalation.centre.model import Consent, Recipient
from escalation.centre.ports import Ledger
from escalation.centre.referral import NextStep, advance
from escalation.centre.referrals import DANGER_ITEMS, URGENT, add_consent, owned
from escalation.centre.rules import Rules
from escalation.centre.texts import Texts
from escalation.ledger_model import Disclosure, Ground


class Casework:
    """See the module. Raises the errors of `escalation.centre.errors`, and DatabaseUnavailable."""

    def __init__(self, db: Database, clock: Clock, rules: Rules, texts: Texts, ledger: Ledger) -> None:
        self._db = db
        self._clock = clock
        self._rules = rules
        self._texts = texts
        self._ledger = ledger

    async def note(self, referral_id: UUID, kind: NoteKind, words: str, *, by: UUID | None, replaces: UUID | None = None) -> UUID:
        """Add a text; a correction names the one it replaces. Raises TextTooLong, UnknownPart."""
        note_id = new_id()
        sealed = self._texts.seal(words, note_id)
        async with self._db.begin() as session:
            case, _ = await repository.locked(session, referral_id)
            if replaces is not None:
                n = t.referral_notes.c
                await self._there(session, select(n.id).where(n.id == replaces, n.referral_id == referral_id))
            now = self._clock.now()
            values = {
                "id": note_id, "referral_id": referral_id, "at": now, "by": by, "kind": str(kind), "text_cipher": sealed,
                "replaces": replaces,
            }  # fmt: skip
            await session.execute(insert(t.referral_notes), values)
            await repository.tell(session, case, "note", now, by, {"kind": str(kind), "note": str(note_id)})
        return note_id

    # --- needs and links -----------------------------------------------------------------------------------------------

    async def need(self, referral_id: UUID, staff_id: UUID, area: Area, words: str, *, by: UUID | None) -> UUID:
        """Something the person needs."""
        need_id = new_id()
        sealed = self._texts.seal(words, need_id)
        async with self._db.begin() as session:
            await owned(session, referral_id, staff_id)
            now = self._clock.now()
            values = {"id": need_id, "referral_id": referral_id, "area": str(area), "state": "open", "text_cipher": sealed, "at": now}
            await session.execute(insert(t.referral_needs), values)
            await self._stepped(session, referral_id, now, by, "need", {"area": str(area)})
        return need_id

    async def need_is(self, referral_id: UUID, staff_id: UUID, need_id: UUID, state: NeedState, *, by: UUID | None) -> None:
        """It is met, declined, or open again."""
        async with self._db.begin() as session:
            await owned(session, referral_id, staff_id)
            n = t.referral_needs.c
            changed = update(t.referral_needs).where(n.id == need_id, n.referral_id == referral_id).values(state=str(state))
            await self._there(session, changed.returning(n.id))
            await self._stepped(session, referral_id, self._clock.now(), by, "need_is", {"need": str(need_id), "state": str(state)})

    async def link(
        self, referral_id: UUID, staff_id: UUID, need_id: UUID, service: str, *, service_id: UUID | None = None, by: UUID | None
    ) -> UUID:
        """A service that may help; nothing is passed on yet."""
        link_id = new_id()
        async with self._db.begin() as session:
            await owned(session, referral_id, staff_id)
            n = t.referral_needs.c
            await self._there(session, select(n.id).where(n.id == need_id, n.referral_id == referral_id))
            now = self._clock.now()
            values = {
                "id": link_id, "referral_id": referral_id, "need_id": need_id, "service_id": service_id, "service": service,
                "state": "planned", "at": now,
            }  # fmt: skip
            await session.execute(insert(t.referral_links), values)
            await self._stepped(session, referral_id, now, by, "link", {"link": str(link_id)})
        return link_id

    async def service_consent(self, referral_id: UUID, consent: Consent) -> None:
        """What the person answered about passing their data to a service, or to companions; a refusal is kept as well."""
        if consent.recipient is Recipient.CENTRE:
            raise ConsentIncomplete(("recipient",))
        if lacking := missing(consent):
            raise ConsentIncomplete(lacking)
        async with self._db.begin() as session:
            case, _ = await repository.locked(session, referral_id)
            await add_consent(session, referral_id, consent)
            detail = {"recipient": str(consent.recipient), "given": consent.given, "script": consent.script_version}
            await repository.tell(session, case, "consent", self._clock.now(), consent.asked_by, detail)

    async def hand_over(self, referral_id: UUID, staff_id: UUID, link_id: UUID, *, by: UUID, ground: Ground | None = None) -> None:
        """Pass the person's data to the service, with their consent to exactly that; `ground`: the article, in imminent danger.

        The ledger has it before the service. Raises NoConsent.
        """
        async with self._db.begin() as session:
            disclosure = await self._may_hand_over(session, referral_id, staff_id, link_id, ground, by)
        await self._ledger.record(disclosure)
        async with self._db.begin() as session:
            # Somebody may have taken the consent back, or the case over, in between.
            disclosure = await self._may_hand_over(session, referral_id, staff_id, link_id, ground, by)
            k, now = t.referral_links.c, self._clock.now()
            await session.execute(update(t.referral_links).where(k.id == link_id).values(state="handed_over", handed_over_at=now))
            detail = {"link": str(link_id), "ground": str(disclosure.ground)}
            await self._stepped(session, referral_id, now, by, "handed_over_to_service", detail)

    async def link_is(
        self, referral_id: UUID, staff_id: UUID, link_id: UUID, state: LinkState, result: str = "", *, by: UUID | None
    ) -> None:
        """What came of it. Raises IllegalTransition; passing on is `hand_over`."""
        async with self._db.begin() as session:
            await owned(session, referral_id, staff_id)
            k = t.referral_links.c
            row = (await session.execute(select(t.referral_links).where(k.id == link_id, k.referral_id == referral_id))).one_or_none()
            if row is None:
                raise UnknownPart
            if state not in LINK_STEPS.get(LinkState(row.state), frozenset()):
                raise IllegalTransition(row.state, f"link_{state}")
            values: dict[str, object] = {"state": str(state)}
            if result:
                values["result_cipher"] = self._texts.seal(result, link_id, limit=2000)
            await session.execute(update(t.referral_links).where(k.id == link_id).values(values))
            await self._stepped(session, referral_id, self._clock.now(), by, "link_is", {"link": str(link_id), "state": str(state)})

    # --- follow-ups ----------------------------------------------------------------------------------------------------

    async def follow_up(
        self, referral_id: UUID, kind: FollowUpKind, due_at: datetime, words: str, *, by: UUID | None, staff_id: UUID | None = None
    ) -> UUID:
        """Something to be done by a time. `staff_id` None: asked for from outside (a companion): that may always be asked."""
        async with self._db.begin() as session:
            return await self.add_follow_up(session, referral_id, kind, due_at, words, by=by, staff_id=staff_id)

    async def add_follow_up(
        self,
        session: AsyncConnection,
        referral_id: UUID,
        kind: FollowUpKind,
        due_at: datetime,
        words: str,
        *,
        by: UUID | None,
        staff_id: UUID | None = None,
    ) -> UUID:
        """The same, within a transaction."""
        follow_up_id = new_id()
        sealed = self._texts.seal(words, follow_up_id, limit=2000)
        case = await owned(session, referral_id, staff_id) if staff_id else (await repository.locked(session, referral_id))[0]
        if not case.open:
            # It would be nobody's: a case at rest is opened again first.
            raise IllegalTransition(case.state, "follow_up")
        now = self._clock.now()
        values = {
            "id": follow_up_id, "referral_id": referral_id, "kind": str(kind), "at": now, "due_at": due_at, "text_cipher": sealed,
        }  # fmt: skip
        await session.execute(insert(t.referral_follow_ups), values)
        detail = {"follow_up": str(follow_up_id), "kind": str(kind)}
        if staff_id:
            await self._stepped(session, referral_id, now, by, "follow_up", detail)
        else:
            await repository.tell(session, case, "follow_up", now, by, detail)
        return follow_up_id

    async def followed_up(
        self, referral_id: UUID, staff_id: UUID, follow_up_id: UUID, result: str, *, by: UUID | None, cancelled: bool = False
    ) -> None:
        """It was done, or is not to be done any more."""
        async with self._db.begin() as session:
            await owned(session, referral_id, staff_id)
            f, now = t.referral_follow_ups.c, self._clock.now()
            open_one = (f.id == follow_up_id) & (f.referral_id == referral_id) & f.done_at.is_(None) & ~f.cancelled
            values: dict[str, object] = {"cancelled": True} if cancelled else {"done_at": now}
            values["result_cipher"] = self._texts.seal(result, follow_up_id, limit=2000)
            await self._there(session, update(t.referral_follow_ups).where(open_one).values(values).returning(f.id))
            kind = "follow_up_cancelled" if cancelled else "follow_up_done"
            await self._stepped(session, referral_id, now, by, kind, {"follow_up": str(follow_up_id)})

    # --- inside --------------------------------------------------------------------------------------------------------

    async def _may_hand_over(
        self, session: AsyncConnection, referral_id: UUID, staff_id: UUID, link_id: UUID, ground: Ground | None, by: UUID
    ) -> Disclosure:
        await owned(session, referral_id, staff_id)
        k, c = t.referral_links.c, t.referral_consents.c
        link = (await session.execute(select(t.referral_links).where(k.id == link_id, k.referral_id == referral_id))).one_or_none()
        if link is None:
            raise UnknownPart
        if link.state not in (LinkState.PLANNED, LinkState.TOLD):
            raise IllegalTransition(link.state, "hand_over")
        about = select(t.referral_consents).where(c.referral_id == referral_id, c.recipient == "service", c.recipient_name == link.service)
        row = (await session.execute(about.order_by(c.at.desc(), c.id.desc()).limit(1))).one_or_none()
        recipient = f"service-{link.service_id}" if link.service_id is not None else f"link-{link_id}"
        consent = repository.consent_of(row) if row is not None and row.withdrawn_at is None else None
        if consent is not None and covers(consent, Recipient.SERVICE, self._clock.now(), name=link.service):
            return Disclosure(
                about_kind="referral", about=referral_id, recipient=recipient, items=consent.items, ground=Ground.CONSENT, decided_by=by,
                consent_id=consent.id,
            )  # fmt: skip
        if ground in URGENT:
            return Disclosure(
                about_kind="referral", about=referral_id, recipient=recipient, items=DANGER_ITEMS, ground=ground, decided_by=by
            )  # fmt: skip
        raise NoConsent

    async def _stepped(
        self,
        session: AsyncConnection,
        referral_id: UUID,
        now: datetime,
        by: UUID | None,
        kind: str,
        detail: Mapping[str, object],
    ) -> None:
        """Something was done: the next thing is due with the first follow-up, or as the rules say."""
        f = t.referral_follow_ups.c
        planned = select(f.due_at).where(f.referral_id == referral_id, f.done_at.is_(None), ~f.cancelled).order_by(f.due_at).limit(1)
        first: datetime | None = (await session.execute(planned)).scalar_one_or_none()
        before, _ = await repository.locked(session, referral_id)
        after = advance(before, NextStep(at=now, by=by, due_at=None if first is None else max(first, now)), self._rules)
        if after is not before:
            await repository.store(session, before, after, now)
        await repository.tell(session, after, kind, now, by, detail)

    @staticmethod
    async def _there(session: AsyncConnection, statement: Executable) -> None:
        if (await session.execute(statement)).one_or_none() is None:
            raise UnknownPart

"""Records in PostgreSQL. Who may see or write one is decided before, by `care.records.reading`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from care import retention
from care.errors import Unknown
from care.records import draft, stored
from care.records.model import Channel, Content, LinkKind, Purpose, Record, State, Version
from care.records.statements import OPEN
from care.records.words import Words, shipped
from care.tables import care_consents, care_people, care_record_links, care_record_versions, care_records
from core.clock import Clock, seoul
from core.database import Database
from core.ids import new_id
from core.sealing import Sealer

LONGEST_SCRIPT = 100
LONGEST_RECIPIENT = 200
_WITHDRAWN = "sensitive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A record after an edit, and what was taken out of what was sent: field -> registration numbers."""

    record: Record
    removed: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was read out to somebody, and what they said."""

    purpose: Purpose
    given: bool
    script_version: str
    recipient: str = ""
    items: tuple[str, ...] = ()
    until: date | None = None
    guardian: bool = False
    recording: str | None = None


def draft_of(contact_id: UUID, at: datetime, counsellor_id: UUID | None = None) -> dict[str, object]:
    """What the line's journal is given with `care_draft`, the statement that makes a contact's draft."""
    return {"contact_id": contact_id, "counsellor_id": counsellor_id, "id": new_id(), "person_id": new_id(), "at": at}


class RecordBook:
    """Reads and writes records. Raises as `core.database.Database` does, and CipherError."""

    def __init__(self, db: Database, clock: Clock, sealer: Sealer, words: Words | None = None) -> None:
        self._db = db
        self._clock = clock
        self._sealer = sealer
        self.words = words or shipped()

    async def open(self, contact_id: UUID, *, counsellor_id: UUID | None = None) -> UUID:
        """The record of a contact, made if it is not there. Raises Unknown for a contact that does not exist."""
        rows = await self._db.execute(OPEN, draft_of(contact_id, self._clock.now(), counsellor_id), retry=True)
        if not rows:
            raise Unknown
        record_id: UUID = rows[0].id
        return record_id

    async def write_down(self, channel: Channel, *, by: UUID, counsellor_id: UUID | None, person_id: UUID | None = None) -> Record:
        """A draft of a consultation that was no call through the system."""
        now, record_id = self._clock.now(), new_id()
        values = {
            "id": record_id, "channel": channel, "person_id": person_id, "counsellor_id": counsellor_id, "created_by": by,
            "created_at": now, "changed_at": now,
        }  # fmt: skip
        await self._db.execute(insert(care_records).values(values))
        return await self.get(record_id)

    async def get(self, record_id: UUID) -> Record:
        """A record. Raises Unknown."""
        rows = await self._db.execute(select(care_records).where(care_records.c.id == record_id))
        if not rows:
            raise Unknown
        return (await self.whole(rows))[0]

    async def of_contact(self, contact_id: UUID) -> Record:
        """A contact's record. Raises Unknown."""
        rows = await self._db.execute(select(care_records).where(care_records.c.contact_id == contact_id))
        if not rows:
            raise Unknown
        return (await self.whole(rows))[0]

    async def whole(self, rows: Sequence[Row[Any]]) -> tuple[Record, ...]:
        """Rows of `care_records` with their links and consents."""
        ids = [row.id for row in rows]
        of_links, of_consents = care_record_links.c.record_id, care_consents.c.record_id
        links = await self._db.execute(select(care_record_links).where(of_links.in_(ids)).order_by(care_record_links.c.at))
        consents = await self._db.execute(select(care_consents).where(of_consents.in_(ids)).order_by(care_consents.c.at))
        return tuple(
            stored.record(
                self._sealer,
                row,
                tuple(stored.link(one) for one in links if one.record_id == row.id),
                tuple(stored.consent(one) for one in consents if one.record_id == row.id),
            )
            for row in rows
        )

    async def save(self, record_id: UUID, content: Content, *, version: int, by: UUID) -> Saved:
        """The next version. Raises Unknown and what `draft.edit` raises; what is stored stays then."""
        async with self._db.begin() as session:
            before = await self._locked(session, record_id)
            if content.subject_id is not None and content.subject_id != before.content.subject_id:
                await _known(session, content.subject_id)
            edit = draft.edit(before, content, version=version, words=self.words, today=self._today())
            if edit.changed:
                await self._write(session, before, edit.content, edit.changed, by=by, removed=edit.removed)
        return Saved(record=await self.get(record_id), removed=edit.removed)

    async def finalise(self, record_id: UUID, *, version: int, by: UUID) -> Record:
        """No draft any more; done again, nothing happens. Raises Unknown, WrittenMeanwhile, NotFinal."""
        async with self._db.begin() as session:
            before = await self._locked(session, record_id)
            if draft.finalise(before, version=version):
                await self._write(session, before, before.content, ("state",), by=by, state=State.FINAL, final_at=self._clock.now())
        return await self.get(record_id)

    async def versions(self, record_id: UUID) -> tuple[Version, ...]:
        """Who changed what and when, the first edit first; without contents."""
        t = care_record_versions
        rows = await self._db.execute(
            select(t.c.version, t.c.at, t.c.by, t.c.changed, t.c.removed).where(t.c.record_id == record_id).order_by(t.c.version)
        )
        return tuple(stored.version(row) for row in rows)

    async def version(self, record_id: UUID, number: int) -> Version:
        """A version with its content. Raises Unknown."""
        t = care_record_versions
        rows = await self._db.execute(select(t).where(t.c.record_id == record_id, t.c.version == number))
        if not rows:
            raise Unknown
        row = rows[0]
        return stored.version(row, stored.unseal(self._sealer, record_id, number, row.content, row.sensitive))

    async def consent(self, record_id: UUID, asked: Asked, *, by: UUID, counsellor_id: UUID | None) -> UUID:
        """Keep what somebody said yes or no to; its id. Raises Unknown, TextTooLong."""
        script, _ = draft.clean_text(asked.script_version, "script_version", LONGEST_SCRIPT)
        recipient, _ = draft.clean_text(asked.recipient, "recipient", LONGEST_RECIPIENT)
        items = [draft.clean_text(one, "items", LONGEST_RECIPIENT)[0] for one in asked.items]
        async with self._db.begin() as session:
            await self._locked(session, record_id)
            consent_id = new_id()
            values = {
                "id": consent_id, "record_id": record_id, "purpose": asked.purpose, "given": asked.given, "guardian": asked.guardian,
                "script_version": script, "recipient": recipient, "items": items, "until": asked.until, "at": self._clock.now(),
                "counsellor_id": counsellor_id, "by": by, "recording": asked.recording,
            }  # fmt: skip
            await session.execute(insert(care_consents).values(values))
            return consent_id

    async def withdraw(self, record_id: UUID, consent_id: UUID, *, by: UUID) -> Record:
        """It is taken back: what it alone allowed to hold goes, from every version. Done again, nothing happens. Raises Unknown."""
        async with self._db.begin() as session:
            before = await self._locked(session, record_id)
            found = next((one for one in before.consents if one.id == consent_id), None)
            if found is None:
                raise Unknown
            if found.withdrawn_at is None:
                gone = update(care_consents).where(care_consents.c.id == consent_id)
                await session.execute(gone.values(withdrawn_at=self._clock.now(), withdrawn_by=by))
                if found.purpose is Purpose.SENSITIVE:
                    await self._forget_sensitive(session, before, consent_id, by=by)
        return await self.get(record_id)

    async def link(self, record_id: UUID, kind: LinkKind, target_id: UUID) -> None:
        """Say that this belongs to the consultation; twice is once. Raises DatabaseConflict where there is no such record."""
        values = {"record_id": record_id, "kind": kind, "target_id": target_id, "at": self._clock.now()}
        await self._db.execute(upsert(care_record_links).values(values).on_conflict_do_nothing())

    async def unlink(self, record_id: UUID, kind: LinkKind, target_id: UUID) -> None:
        """It does not belong to it after all; twice is once."""
        of = care_record_links.c
        await self._db.execute(delete(care_record_links).where(of.record_id == record_id, of.kind == kind, of.target_id == target_id))

    async def _forget_sensitive(self, session: AsyncConnection, before: Record, withdrawn: UUID, *, by: UUID) -> None:
        left = replace(before, consents=tuple(one for one in before.consents if one.id != withdrawn))
        if draft.may_hold_sensitive(left, before.content, self._today()):
            return
        t = care_record_versions
        await session.execute(update(t).where(t.c.record_id == before.id, t.c.sensitive.is_not(None)).values(sensitive=None))
        if before.content.sensitive:
            await self._write(session, before, replace(before.content, sensitive="", reason=""), (_WITHDRAWN,), by=by)

    async def _locked(self, session: AsyncConnection, record_id: UUID) -> Record:
        row = (await session.execute(select(care_records).where(care_records.c.id == record_id).with_for_update())).one_or_none()
        if row is None:
            raise Unknown
        consents = await session.execute(select(care_consents).where(care_consents.c.record_id == record_id))
        return stored.record(self._sealer, row, (), tuple(stored.consent(one) for one in consents))

    async def _write(
        self,
        session: AsyncConnection,
        before: Record,
        content: Content,
        changed: tuple[str, ...],
        *,
        by: UUID,
        removed: Mapping[str, int] | None = None,
        **more: object,
    ) -> None:
        now, number = self._clock.now(), before.version + 1
        sealed = stored.seal(self._sealer, before.id, number, content)
        row = {"record_id": before.id, "version": number, "at": now, "by": by, "changed": list(changed), "removed": dict(removed or {})}
        await session.execute(insert(care_record_versions).values({**row, **sealed}))
        kept = retention.class_of(content, version=number)
        values = {**stored.columns(content), **sealed, "version": number, "changed_at": now, "retention": kept, **more}
        await session.execute(update(care_records).where(care_records.c.id == before.id).values(values))

    def _today(self) -> date:
        return seoul(self._clock.now()).date()


async def _known(session: AsyncConnection, person_id: UUID) -> None:
    if (await session.execute(select(care_people.c.id).where(care_people.c.id == person_id))).first() is None:
        raise Unknown(field="subject_id")

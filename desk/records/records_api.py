"""The API of records: my drafts, a contact's record, versions, consents, and everything of one with a reason."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from care.errors import ReasonNeeded
from care.people import People
from care.records.book import RecordBook
from care.records.model import LONGEST_TEXT, AgeBand, Caller, Channel, Kind, LinkKind, NonCounselling, State
from care.records.reading import PAGE, RecordReader
from care.records.visible import Part, Seen
from care.records.words import Word
from core.phone import normalise
from desk.access.model import Permission
from desk.errors import FORBIDDEN, NOT_FOUND, Problem
from desk.records import models as m
from desk.records import problems, views
from desk.records.desk_reader import Shown, reader
from desk.records.problems import told
from desk.records.related import Related
from desk.routes import Audit, Call, Route
from desk.validation import one

#: A text that is too long is to be told so, not cut off by the door: 100,000 characters, each as \\uXXXX, and more. Bytes.
BODY_LIMIT = 4 * 1024 * 1024
Number = Annotated[int, Field(ge=1, lt=2**31)]


class Records:
    """Its routes."""

    def __init__(self, book: RecordBook, records: RecordReader, people: People, shown: Shown, related: Related) -> None:
        self._book = book
        self._related = related
        self._records = records
        self._people = people
        self._shown = shown

    def routes(self) -> list[Route]:
        """See each."""
        read, write, base = Permission.RECORD_READ, Permission.RECORD_WRITE, "/api/records"
        record = f"{base}/{{record_id}}"

        def audit(action: str, *detail: str) -> Audit:
            return Audit(action=action, about_kind="record", about="record_id", detail=detail)

        def of_contact(action: str) -> Audit:
            return Audit(action=action, about_kind="contact", about="contact_id")

        yours = (problems.NOT_YOUR_CALL,)
        return [
            Route(method="GET", path=base, handler=self.everything, permission=read, audit="records_listed"),
            Route(method="POST", path=base, handler=self.write_down, permission=write, status=201, problems=(problems.NO_NUMBER,),
                  audit=Audit(action="record_made", about_kind="record", detail=("channel",))),
            Route(method="GET", path="/api/record-words", handler=self.words, permission=read),
            Route(method="GET", path="/api/contacts/{contact_id}/record", handler=self.of_contact, permission=read,
                  audit=of_contact("contact_record_read")),
            Route(method="POST", path="/api/contacts/{contact_id}/record", handler=self.open, permission=write, problems=yours,
                  audit=of_contact("contact_record_opened")),
            Route(method="GET", path="/api/people/{person_id}/records", handler=self.of_person, permission=read,
                  audit=Audit(action="person_records_listed", about_kind="person", about="person_id")),
            Route(method="GET", path=record, handler=self.get, permission=read, audit=audit("record_read")),
            Route(method="PUT", path=record, handler=self.save, permission=write, body_limit=BODY_LIMIT,
                  problems=(*problems.OF_WRITING, problems.NOT_FINAL), audit=audit("record_written", "version")),
            Route(method="POST", path=f"{record}/finalise", handler=self.finalise, permission=write,
                  problems=(*yours, problems.WRITTEN_MEANWHILE, problems.NOT_FINAL), audit=audit("record_finalised", "version")),
            Route(method="POST", path=f"{record}/unmask", handler=self.unmask, permission=Permission.RECORD_UNMASK,
                  audit=audit("record_unmasked", "reason")),
            Route(method="GET", path=f"{record}/versions", handler=self.versions, permission=read, audit=audit("record_versions_read")),
            Route(method="GET", path=f"{record}/versions/{{number}}", handler=self.version, permission=read,
                  audit=audit("record_version_read")),
            Route(method="PUT", path=f"{record}/links/{{kind}}/{{target}}", handler=self.link, permission=write,
                  problems=(*yours, problems.REASON_NEEDED), audit=audit("record_linked", "linked", "reason")),
            Route(method="POST", path=f"{record}/consents", handler=self.consent, permission=write, status=201,
                  problems=(*yours, problems.TEXT_TOO_LONG), audit=audit("consent_recorded", "purpose", "given", "script_version")),
            Route(method="POST", path=f"{record}/consents/{{consent_id}}/withdraw", handler=self.withdraw, permission=write, problems=yours,
                  audit=audit("consent_withdrawn")),
        ]  # fmt: skip

    @told
    async def everything(self, call: Call, query: m.Wanted) -> m.RecordsOut:
        """Records that one may see, or one's own; the newest first."""
        state = State(query.state) if query.state else None
        found = await self._records.listed(reader(call.actor), state=state, mine=query.mine, before=query.before)
        return await self._page(call, found)

    @told
    async def of_person(self, call: Call, person_id: UUID, query: m.Before) -> m.RecordsOut:
        """What one may see of a person's history."""
        return await self._page(call, await self._records.listed(reader(call.actor), person_id=person_id, before=query.before))

    @told
    async def write_down(self, call: Call, body: m.NewRecord) -> m.RecordOut:
        """A draft of a consultation face to face, by chat, or of a call that the system did not see."""
        person_id = None
        if body.number is not None:
            number = normalise(body.number).e164
            if number is None:
                raise Problem(
                    problems.NO_NUMBER, fields=one("number", problems.NO_NUMBER.code, problems.NO_NUMBER.ko, problems.NO_NUMBER.en)
                )
            person_id = await self._people.of_number(number)
        actor = call.actor
        made = await self._book.write_down(Channel(body.channel), by=actor.user_id, counsellor_id=actor.counsellor_id, person_id=person_id)
        return await self._shown.one(actor, await self._records.one(reader(actor), made.id))

    async def words(self, call: Call) -> m.WordsOut:
        """What there is to choose from in a record."""
        words = self._book.words
        return m.WordsOut(
            kinds=list(Kind),
            non_counselling=list(NonCounselling),
            callers=list(Caller),
            age_bands=list(AgeBand),
            skills=[_word(word) for word in words.skills.values() if not word.retired],
            districts=[_word(word) for word in words.districts.values() if not word.retired],
            longest_text=LONGEST_TEXT,
        )

    @told
    async def of_contact(self, call: Call, contact_id: UUID) -> m.RecordOut:
        """The record of a contact."""
        return await self._shown.one(call.actor, await self._records.of_contact(reader(call.actor), contact_id))

    @told
    async def open(self, call: Call, contact_id: UUID) -> m.RecordOut:
        """The record of one's own call, made if the line has not made it; done again, the same."""
        return await self._shown.one(call.actor, await self._records.opened(reader(call.actor), contact_id))

    @told
    async def get(self, call: Call, record_id: UUID) -> m.RecordOut:
        """A record."""
        return await self._shown.one(call.actor, await self._records.one(reader(call.actor), record_id))

    @told
    async def save(self, call: Call, record_id: UUID, body: m.ContentIn) -> m.SavedOut:
        """The next version. If somebody else was faster, nothing is changed; what is sent twice is stored once."""
        await self._records.to_write(reader(call.actor), record_id)
        saved = await self._book.save(record_id, views.content_in(body), version=body.version, by=call.actor.user_id)
        seen = await self._records.one(reader(call.actor), record_id)
        return m.SavedOut(record=await self._shown.one(call.actor, seen), removed=dict(saved.removed))

    @told
    async def finalise(self, call: Call, record_id: UUID, body: m.Finalised) -> m.RecordOut:
        """No draft any more. Done again, nothing happens."""
        await self._records.to_write(reader(call.actor), record_id)
        await self._book.finalise(record_id, version=body.version, by=call.actor.user_id)
        return await self._shown.one(call.actor, await self._records.one(reader(call.actor), record_id))

    @told
    async def unmask(self, call: Call, record_id: UUID, body: m.Unmasking) -> m.RecordOut:
        """Everything of a record, with a reason that stands in the access log."""
        return await self._shown.one(call.actor, await self._records.one(reader(call.actor), record_id, unmasked=True))

    @told
    async def versions(self, call: Call, record_id: UUID) -> m.VersionsOut:
        """Who changed what and when."""
        seen = await self._history(call, record_id)
        return m.VersionsOut(versions=[views.version(found, seen) for found in await self._book.versions(record_id)])

    @told
    async def version(self, call: Call, record_id: UUID, number: Number) -> m.VersionOut:
        """One version, with what of it one may see."""
        seen = await self._history(call, record_id)
        await self._shown.several(call.actor, [seen])
        return views.version(await self._book.version(record_id, number), seen)

    @told
    async def consent(self, call: Call, record_id: UUID, body: m.ConsentIn) -> m.RecordOut:
        """Keep what somebody said yes or no to."""
        actor = call.actor
        await self._records.to_write(reader(actor), record_id)
        await self._book.consent(record_id, views.asked(body), by=actor.user_id, counsellor_id=actor.counsellor_id)
        return await self._shown.one(actor, await self._records.one(reader(actor), record_id))

    @told
    async def withdraw(self, call: Call, record_id: UUID, consent_id: UUID) -> m.RecordOut:
        """They take it back. Sensitive data that only this allowed goes from every version."""
        await self._records.to_write(reader(call.actor), record_id)
        await self._book.withdraw(record_id, consent_id, by=call.actor.user_id)
        return await self._shown.one(call.actor, await self._records.one(reader(call.actor), record_id))

    @told
    async def link(self, call: Call, record_id: UUID, kind: LinkKind, target: UUID, body: m.LinkIn) -> m.RecordOut:
        """Say by hand what belongs to the consultation, or does not; what is of the same call belongs to it anyway. Done again, nothing happens."""
        seen = await self._records.to_write(reader(call.actor), record_id)
        if seen.record.state is State.FINAL and not body.reason.strip():
            raise ReasonNeeded
        if body.linked and not await self._related.there(call.actor, kind, target):
            raise Problem(NOT_FOUND)
        await (self._book.link if body.linked else self._book.unlink)(record_id, kind, target)
        return await self._shown.one(call.actor, await self._records.one(reader(call.actor), record_id))

    async def _history(self, call: Call, record_id: UUID) -> Seen:
        seen = await self._records.one(reader(call.actor), record_id)
        if Part.HISTORY not in seen.parts:
            raise Problem(FORBIDDEN)
        return seen

    async def _page(self, call: Call, found: tuple[Seen, ...]) -> m.RecordsOut:
        more = found[-1].record.id if len(found) == PAGE else None
        return m.RecordsOut(records=await self._shown.several(call.actor, found), next=more)


def _word(word: Word) -> m.WordOut:
    return m.WordOut(code=word.code, ko=word.ko, en=word.en)

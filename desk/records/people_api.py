"""What the law gives a person: finding what is held of them, a copy, erasure; a legal hold against it; and the proofs of deletions."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime, time
from uuid import UUID

from care.errors import Unknown
from care.keeping import Copy, Keeping
from care.people import People
from care.records.reading import RecordReader
from core.phone import national, normalise
from desk import masking
from desk.access.model import Permission
from desk.errors import Problem
from desk.records import models as m
from desk.records import problems, views
from desk.records.desk_reader import Shown, reader
from desk.records.problems import told
from desk.routes import Audit, Call, File, Route
from desk.validation import one


class PeopleApi:
    """Its routes."""

    def __init__(self, people: People, records: RecordReader, keeping: Keeping, shown: Shown) -> None:
        self._people = people
        self._records = records
        self._keeping = keeping
        self._shown = shown

    def routes(self) -> list[Route]:
        """See each."""
        rights, person = Permission.PERSON_RIGHTS, "/api/people/{person_id}"

        def audit(action: str) -> Audit:
            return Audit(action=action, about_kind="person", about="person_id", detail=("reason",))

        return [
            # The number stands in the body: addresses are kept by browsers and proxies.
            Route(method="POST", path="/api/people/find", handler=self.find, permission=rights, problems=(problems.NO_NUMBER,),
                  audit=Audit(action="person_looked_for", about_kind="person", detail=("reason",))),
            Route(method="GET", path=person, handler=self.who, permission=Permission.RECORD_READ,
                  audit=Audit(action="person_read", about_kind="person", about="person_id")),
            Route(method="PUT", path=person, handler=self.describe, permission=Permission.RECORD_WRITE,
                  audit=Audit(action="person_described", about_kind="person", about="person_id")),
            Route(method="GET", path=f"{person}/covered", handler=self.covered, permission=rights,
                  audit=Audit(action="person_read", about_kind="person", about="person_id")),
            Route(method="POST", path=f"{person}/unmask", handler=self.unmask, permission=Permission.RECORD_UNMASK,
                  audit=audit("person_unmasked")),
            Route(method="POST", path=f"{person}/copy", handler=self.copy, permission=rights, audit=audit("person_copied")),
            Route(method="POST", path=f"{person}/erase", handler=self.erase, permission=rights, problems=(problems.ERASURE_REFUSED,),
                  audit=audit("person_erased")),
            Route(method="POST", path=f"{person}/hold", handler=self.hold, permission=rights, audit=audit("person_held")),
            Route(method="POST", path=f"{person}/release", handler=self.release, permission=rights, audit=audit("person_released")),
            Route(method="GET", path="/api/deletions", handler=self.deletions, permission=Permission.AUDIT_READ, audit="deletions_read"),
        ]  # fmt: skip

    @told
    async def find(self, call: Call, body: m.NumberIn) -> m.PersonOut:
        """Whoever has this number."""
        number = normalise(body.number).e164
        if number is None:
            kind = problems.NO_NUMBER
            raise Problem(kind, fields=one("number", kind.code, kind.ko, kind.en))
        person_id = await self._keeping.find(number)
        await self._shown.about(call.actor, "person_found", person_id)
        return await self._out(person_id)

    @told
    async def who(self, call: Call, person_id: UUID) -> m.WhoOut:
        """Who somebody is, for whoever reads the texts of their records, or has them on the line."""
        task = await self._records.knows(reader(call.actor), person_id)
        await self._shown.about(call.actor, "person_data_read", person_id, task=task)
        return await self._who(person_id)

    @told
    async def describe(self, call: Call, person_id: UUID, body: m.WhoIn) -> m.WhoOut:
        """Keep the name and the address that they said."""
        await self._records.knows(reader(call.actor), person_id)
        await self._people.describe(person_id, name=body.name, address=body.address)
        return await self._who(person_id)

    @told
    async def covered(self, call: Call, person_id: UUID) -> m.PersonOut:
        """Somebody, covered, and whether they are under a legal hold."""
        return await self._out(person_id)

    @told
    async def unmask(self, call: Call, person_id: UUID, body: m.Because) -> m.WhoOut:
        """Who somebody is, with their whole number, for a reason."""
        await self._shown.about(call.actor, "person_data_read", person_id, task="unmasked")
        return await self._who(person_id, whole=True)

    @told
    async def copy(self, call: Call, person_id: UUID, body: m.Because) -> File:
        """Everything that is held of somebody, to be given to them."""
        found = await self._keeping.copy(person_id)
        data = json.dumps(_whole(found), ensure_ascii=False, indent=2).encode()
        return File(name="copy.json", content_type="application/json; charset=utf-8", data=data)

    @told
    async def erase(self, call: Call, person_id: UUID, body: m.Because) -> m.ProofsOut:
        """Erase what is held of somebody; refused while a case is open, under a legal hold, or where a law orders to keep it."""
        return m.ProofsOut(deletions=[views.proof(found) for found in await self._keeping.erase(person_id)])

    @told
    async def hold(self, call: Call, person_id: UUID, body: m.Because) -> m.PersonOut:
        """Nothing of them is deleted from now on."""
        await self._people.hold(person_id, by=call.actor.user_id, why=body.reason)
        return await self._out(person_id)

    @told
    async def release(self, call: Call, person_id: UUID, body: m.Because) -> m.PersonOut:
        """The hold is over."""
        await self._people.release(person_id)
        return await self._out(person_id)

    @told
    async def deletions(self, call: Call) -> m.ProofsOut:
        """Proofs of what was deleted, the newest first."""
        return m.ProofsOut(deletions=[views.proof(found) for found in await self._keeping.proofs()])

    async def _who(self, person_id: UUID, *, whole: bool = False) -> m.WhoOut:
        person = await self._people.get(person_id)
        if person is None:
            raise Unknown
        number = (person.number if whole else masking.number(person.number)) if person.number else None
        return m.WhoOut(id=person.id, number=number, name=person.name, address=person.address)

    async def _out(self, person_id: UUID) -> m.PersonOut:
        person = await self._people.get(person_id)
        if person is None:
            raise Unknown
        return m.PersonOut(
            id=person.id,
            number=masking.number(person.number) if person.number else None,
            name=masking.name(person.name) if person.name else "",
            held=person.held_at is not None,
        )


def _whole(copy: Copy) -> dict[str, object]:
    """A copy as JSON. Who wrote it stays out: that is somebody else's data."""
    person = copy.person
    return {
        "number": national(person.number) if person.number else None,
        "name": person.name,
        "address": person.address,
        "known_since": person.created_at.isoformat(),
        "records": [
            {
                "channel": one.channel,
                "state": one.state,
                "at": one.created_at.isoformat(),
                "content": _plain({name: value for name, value in asdict(one.content).items() if name not in {"reason", "subject_id"}}),
                "consents": _plain([_without(asdict(consent), "id", "by", "counsellor_id") for consent in one.consents]),
            }
            for one in copy.records
        ],
        "plan": _plain(_without(asdict(copy.plan.plan), "named_id")) if copy.plan else None,
        **{name: _plain(value) for name, value in copy.elsewhere.items()},
    }


def _without(values: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in values.items() if name not in names}


def _plain(value: object) -> object:
    match value:
        case dict():
            return {str(name): _plain(item) for name, item in value.items()}
        case frozenset() | set():
            return sorted(str(item) for item in value)
        case list() | tuple():
            return [_plain(item) for item in value]
        case datetime() | date() | time():
            return value.isoformat()
        case UUID():
            return str(value)
        case _:
            return value

"""Deletion with proof, a person's copy, and erasure."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from care import retention
from care.errors import Refused, Unknown
from care.keeping import Keeping
from care.plans.model import Plan
from care.records.model import Caller, Content, Kind, LinkKind, NonCounselling
from care.retention import Retention
from core.database import Database
from core.errors import DatabaseError, DatabaseUnavailable
from core.ids import new_id
from tests.integration.care.ward import NUMBER, OTHER_NUMBER, Ward, ward

TALK = Content(kinds=frozenset({Kind.LONELINESS}), caller=Caller.SELF, text="혼자 지냅니다")
EMERGENCY = Content(kinds=frozenset({Kind.EMERGENCY}), caller=Caller.SELF, text="위험")
YEAR = 365 * 86_400.0


@pytest.fixture
async def here(db: Database) -> Ward:
    """Nobody has called."""
    return await ward(db)


async def recorded(here: Ward, content: Content, number: str | None = NUMBER) -> UUID:
    """A consultation that is over."""
    contact = await here.call(number)
    record_id = await here.book.open(contact)
    if content != Content():
        await here.book.save(record_id, content, version=0, by=here.users[0])
    await here.hang_up(contact)
    return record_id


async def left(here: Ward) -> set[UUID]:
    """Records that are there."""
    return {row.id for row in await here.db.execute(text("SELECT id FROM care_records"))}


async def test_each_class_goes_when_its_time_is_over_and_leaves_proof(here: Ward) -> None:
    """Count, class, time and a digest that whoever holds a copy can compute; no id of anybody."""
    untouched = await recorded(here, Content())
    silent = await recorded(here, Content(non_counselling=NonCounselling.SILENT), None)
    talk, other = await recorded(here, TALK), await recorded(here, TALK, OTHER_NUMBER)
    emergency = await recorded(here, EMERGENCY)
    copies = [
        (row.id, row.content) for row in await here.db.execute(text("SELECT id, content FROM care_records")) if row.id in {talk, other}
    ]
    here.clock.advance(91 * 86_400)
    assert [(one.retention, one.records) for one in await here.keeping.sweep()] == [("untouched", 1)]
    here.clock.advance(YEAR)
    assert [(one.retention, one.records) for one in await here.keeping.sweep()] == [("non_counselling", 1)]
    assert await left(here) == {talk, other, emergency}
    here.clock.advance(2 * YEAR)
    (proof,) = await here.keeping.sweep()
    assert (proof.retention, proof.records, proof.digest) == ("counselling", 2, retention.digest(copies))
    assert await here.keeping.sweep() == ()
    assert await left(here) == {emergency}
    assert (await here.keeping.proofs())[0].digest == proof.digest
    assert here.witnessed[-1] == {"class": "counselling", "records": 2, "digest": proof.digest.hex(), "why": "retention"}
    rows = await here.db.execute(text("SELECT d::text AS whole FROM care_deletions d"))
    assert not any(str(one) in row.whole or one.hex in row.whole for row in rows for one in (untouched, silent, talk, other))
    assert await here.people.find(OTHER_NUMBER) is None
    assert await here.people.find(NUMBER) is not None


async def test_what_cannot_be_witnessed_is_not_deleted(here: Ward) -> None:
    """The access log is away: everything stays."""
    record_id = await recorded(here, Content())
    here.clock.advance(YEAR)

    async def away(detail: Mapping[str, str | int]) -> None:
        raise DatabaseUnavailable

    keeping = Keeping(here.db, here.clock, retention.shipped(), people=here.people, book=here.book, plans=here.plans, witness=away)
    with pytest.raises(DatabaseUnavailable):
        await keeping.sweep()
    assert await left(here) == {record_id}


async def test_proofs_are_only_ever_added(here: Ward) -> None:
    """Whoever writes into the database."""
    await recorded(here, Content())
    here.clock.advance(YEAR)
    await here.keeping.sweep()
    for change in ("UPDATE care_deletions SET records = 0", "DELETE FROM care_deletions", "TRUNCATE care_deletions"):
        with pytest.raises(DatabaseError):
            await here.db.execute(text(change))


async def test_open_cases_and_legal_holds_stay_however_old(here: Ward) -> None:
    """By the contact, the person, a linked incident, or a hold; when it is over, they go."""
    held, by_person, by_link, by_contact, subject = [
        await recorded(here, TALK, number) for number in (NUMBER, OTHER_NUMBER, "+821011110000", "+821011110001", "+821011110002")
    ]
    contacts = {row.id: row.contact_id for row in await here.db.execute(text("SELECT id, contact_id FROM care_records"))}
    person, other = await here.people.find(NUMBER), await here.people.find(OTHER_NUMBER)
    assert person is not None
    assert other is not None
    await here.people.hold(person, by=here.users[0], why="소송")
    await here.book.save(subject, replace(TALK, subject_id=person), version=1, by=here.users[0])
    incident = new_id()
    await here.book.link(by_link, LinkKind.INCIDENT, incident)
    here.cases.open.update({other: "open_referral", incident: "open_incident", contacts[by_contact]: "open_incident"})
    here.clock.advance(9 * YEAR)
    assert await here.keeping.sweep() == ()
    assert await left(here) == {held, by_person, by_link, by_contact, subject}
    kept = await here.people.get(person)
    assert kept is not None
    assert kept.held_why == "소송"
    here.cases.open.clear()
    await here.people.release(person)
    assert sum(one.records for one in await here.keeping.sweep()) == 5
    assert await here.db.execute(text("SELECT FROM care_people")) == []
    # Who is forgotten is forgotten everywhere.
    assert {person, other} <= set(here.cases.erased)
    assert here.cases.forgotten is not None


async def test_a_person_with_a_plan_stays_as_long_as_the_plan_is_young(here: Ward) -> None:
    """And goes with it."""
    person = await here.people.of_number(NUMBER)
    here.clock.advance(2 * YEAR)
    await here.plans.save(person, Plan(helps="x"), version=0, by=here.users[0])
    here.clock.advance(2 * YEAR)
    await here.keeping.sweep()
    assert await here.people.find(NUMBER) == person
    here.clock.advance(2 * YEAR)
    await here.keeping.sweep()
    assert await here.people.find(NUMBER) is None


async def test_two_sweeps_at_once_delete_and_prove_once(here: Ward) -> None:
    """Two desks run."""
    for _ in range(5):
        await recorded(here, Content(), None)
    here.clock.advance(YEAR)
    found = await asyncio.gather(here.keeping.sweep(), here.keeping.sweep())
    assert sum(one.records for proofs in found for one in proofs) == 5
    assert sum(one.records for one in await here.keeping.proofs()) == 5


async def test_a_person_gets_a_copy_of_what_is_known_of_them(here: Ward) -> None:
    """Their own calls, plan and what other rooms know; not what others said about them."""
    record_id = await recorded(here, TALK)
    person = await here.people.find(NUMBER)
    assert person is not None
    await here.people.describe(person, name="김하늘", address="오현로 208, 900101-1234567")
    await here.plans.save(person, Plan(helps="산책"), version=0, by=here.users[0])
    await recorded(here, replace(TALK, subject_id=person, caller=Caller.FAMILY), OTHER_NUMBER)
    copy = await here.keeping.copy(person)
    assert [one.id for one in copy.records] == [record_id]
    assert (copy.person.number, copy.person.name) == (NUMBER, "김하늘")
    assert "1234567" not in copy.person.address
    assert copy.plan is not None
    assert copy.plan.plan.helps == "산책"
    assert copy.elsewhere == {"cases": [str(copy.records[0].contact_id)]}
    with pytest.raises(Unknown):
        await here.keeping.copy(uuid4())


async def test_erasure_is_refused_with_every_reason_at_once(here: Ward) -> None:
    """And nothing is erased."""
    talk = await recorded(here, TALK)
    await recorded(here, EMERGENCY)
    person = await here.people.find(NUMBER)
    assert person is not None
    await here.people.hold(person, by=here.users[0], why="소송")
    incident = new_id()
    await here.book.link(talk, LinkKind.INCIDENT, incident)
    here.cases.open[incident] = "open_incident"
    with pytest.raises(Refused) as caught:
        await here.keeping.erase(person)
    assert caught.value.data == {"reasons": ["kept_by_law", "legal_hold", "open_incident"]}
    assert len(await left(here)) == 2
    assert here.cases.erased == []
    assert here.witnessed == []


async def test_a_person_is_erased_with_everything_and_proof_of_each_class(here: Ward) -> None:
    """What somebody else said about them stays theirs, without the link."""
    await recorded(here, TALK)
    await recorded(here, Content(non_counselling=NonCounselling.SILENT))
    person = await here.people.find(NUMBER)
    assert person is not None
    await here.plans.save(person, Plan(helps="산책"), version=0, by=here.users[0])
    about = await recorded(here, replace(TALK, subject_id=person), OTHER_NUMBER)
    proofs = await here.keeping.erase(person)
    assert {(one.retention, one.records, one.why) for one in proofs} == {("counselling", 1, "request"), ("non_counselling", 1, "request")}
    assert here.cases.erased == [person]
    assert await left(here) == {about}
    assert (await here.book.get(about)).content.subject_id is None
    assert await here.people.get(person) is None
    for table in ("care_record_versions WHERE record_id <> :about", "care_plans", "care_people WHERE id <> :other"):
        assert await here.db.execute(text(f"SELECT FROM {table}"), {"about": about, "other": await here.people.find(OTHER_NUMBER)}) == []
    with pytest.raises(Unknown):
        await here.keeping.erase(person)
    assert set(retention.shipped()) == set(Retention)
    assert timedelta(days=90) == retention.shipped()[Retention.UNTOUCHED].keep

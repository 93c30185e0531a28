"""What every room keeps of people: deleted in time, given in a copy, erased on request, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Uuid, bindparam, text

from care.errors import Refused, Unknown
from care.retention import digest
from core.database import Database
from escalation.centre.errors import UnknownReferral
from escalation.centre.model import Urgency
from tests.integration.escalation.centre.kit import COUNSELLOR
from tests.integration.escalation.estate import LATER, SUBJECT, SUBJECT_NUMBER, Estate, Life, estate

NAME, NUMBER = "김하늘", "+821012345678"
OTHER, OTHER_NUMBER = "박바다", "+821087654321"
#: Tables that hold what people said or were told, with the column by which a row is somebody's here.
ROWS = {
    "care_records": "id = :record",
    "incident_facts": "incident_id = :incident",
    "referrals": "id = :referral",
    "referral_notes": "referral_id = :referral",
    "referral_consents": "referral_id = :referral",
    "companion_supports": "id = :support",
    "companion_notes": "support_id = :support",
    "isolation_reports": "id = :about",
    "report_subjects": "report_id = :about",
    "report_reporters": "report_id IN (:about, :reported)",
    "checklist_results": "id = :sheet",
}
_IDS = ("record", "incident", "referral", "support", "about", "reported", "sheet")


@pytest.fixture
def here(db: Database, tmp_path: Path) -> Estate:
    """Nobody has called."""
    return estate(db, tmp_path)


async def left(here: Estate, life: Life) -> set[str]:
    """Tables in which there is something of theirs."""
    found = set()
    for table, where in ROWS.items():
        names = [name for name in _IDS if f":{name}" in where]
        asked = text(f"SELECT FROM {table} WHERE {where}").bindparams(*(bindparam(name, type_=Uuid) for name in names))
        if await here.db.execute(asked, {name: getattr(life, name) for name in names}):
            found.add(table)
    return found


async def test_a_person_is_erased_from_every_room_and_nobody_else(here: Estate) -> None:
    """No sealed text, key or keyed hash of theirs is left anywhere; of others everything is, also of whom they reported."""
    other = await here.lived(OTHER, OTHER_NUMBER)
    before = await here.sealed()
    life = await here.lived(NAME, NUMBER)
    await here.over(life)
    proofs = await here.keeping.erase(life.person)
    assert {(one.retention, one.records) for one in proofs} == {
        ("counselling", 1), ("emergency", 1), ("companionship", 1), ("referral", 1), ("report", 1), ("checklist", 1),
    }  # fmt: skip
    assert sum(one.retention == "report" for one in proofs) == 2
    assert [one["digest"] for one in here.witnessed] == [one.digest.hex() for one in proofs]
    assert await left(here, life) == set()
    assert await left(here, other) == set(ROWS)
    # The call itself is the line's; whom they reported did not ask for anything; and staff and companions are not the person's.
    kept = text(
        "SELECT details AS one FROM report_subjects WHERE report_id = :reported UNION SELECT number_index FROM report_subjects "
        "UNION SELECT trace FROM report_traces UNION SELECT note FROM report_events WHERE report_id = :reported AND note IS NOT NULL "
        "UNION SELECT number_cipher FROM companions UNION SELECT number_cipher FROM contacts UNION SELECT number_index FROM contacts"
    ).bindparams(bindparam("reported", type_=Uuid))
    allowed = {bytes(row.one) for row in await here.db.execute(kept, {"reported": life.reported})}
    assert await here.sealed() - before <= allowed
    assert (await here.reports.report(life.reported)).subject.name == SUBJECT
    assert await here.reports.reporter(life.reported) is None
    with pytest.raises(Unknown):
        await here.keeping.copy(life.person)


async def test_erasure_is_refused_with_every_open_case_at_once(here: Estate) -> None:
    """A crisis, a referral, an accompaniment, a report; and nothing is erased. A hold of the reporter keeps the report about the person."""
    life = await here.lived(NAME, NUMBER)
    with pytest.raises(Refused) as caught:
        await here.keeping.erase(life.person)
    assert caught.value.data == {"reasons": ["open_accompaniment", "open_incident", "open_referral", "open_report"]}
    assert await left(here, life) == set(ROWS)
    await here.over(life)
    reporter = await here.people.of_number("+821044443333")
    await here.people.hold(reporter, by=COUNSELLOR, why="소송")
    with pytest.raises(Refused) as caught:
        await here.keeping.erase(life.person)
    assert caught.value.data == {"reasons": ["legal_hold"]}
    assert here.witnessed == []


async def test_a_case_that_is_opened_again_meanwhile_is_not_erased(here: Estate) -> None:
    """Either it is open, and the erasure is refused, or it is gone, and can't be opened: never a case without its person."""
    life = await here.lived(NAME, NUMBER)
    await here.over(life)
    again = here.house.referrals.reopen(life.referral, Urgency.SOON, "다시", by=None)
    erased, opened = await asyncio.gather(here.keeping.erase(life.person), again, return_exceptions=True)
    assert isinstance(erased, Refused) is not isinstance(opened, UnknownReferral), (erased, opened)
    assert await left(here, life) == (set(ROWS) if isinstance(erased, Refused) else set())


async def test_what_a_law_orders_to_keep_is_not_erased(db: Database, tmp_path: Path) -> None:
    """By the shipped rules: what was known of somebody in a crisis."""
    here = estate(db, tmp_path, erasable=False)
    life = await here.lived(NAME, NUMBER)
    await here.over(life)
    with pytest.raises(Refused) as caught:
        await here.keeping.erase(life.person)
    assert caught.value.data == {"reasons": ["kept_by_law"]}


async def test_each_room_deletes_what_is_over_its_time_and_proves_it(here: Estate) -> None:
    """An open case and a hold keep everything, however old; afterwards all of it goes, and whoever has a copy can show that it was among it."""
    life = await here.lived(NAME, NUMBER)
    here.house.clock.advance(LATER)
    assert await here.keeping.sweep() == ()
    await here.people.hold(life.person, by=COUNSELLOR, why="소송")
    await here.over(life)
    here.house.clock.advance(LATER)
    assert await here.keeping.sweep() == ()
    assert await left(here, life) == set(ROWS)
    copies = [
        (row.id, bytes(row.sealed))
        for row in await here.db.execute(text("SELECT id, answers || note || decision_note AS sealed FROM checklist_results"))
    ]
    await here.people.release(life.person)
    proofs = {one.retention: one for one in await here.keeping.sweep()}
    assert {"emergency", "companionship", "referral", "checklist", "counselling"} <= set(proofs)
    assert proofs["checklist"].digest == digest(copies)
    assert await left(here, life) == set()
    assert await here.people.find(NUMBER) is None
    # Of the incident stays that it was, and how it ended.
    assert [row.close_text for row in await here.db.execute(text("SELECT close_text FROM incidents"))] == [None]
    assert await here.keeping.sweep() == ()


async def test_a_case_that_was_refused_is_not_kept_for_ever(here: Estate) -> None:
    """Nor does it stand in the way of erasure."""
    case = await here.house.propose(urgency=Urgency.SOON)
    await here.house.referrals.answered(case.id, here.house.consent(given=False))
    here.house.clock.advance(LATER)
    assert [(one.retention, one.records) for one in await here.keeping.sweep()] == [("referral", 1)]


async def test_a_copy_has_what_every_room_knows_and_nothing_of_others(here: Estate) -> None:
    """Of their report how they know, not about whom; of the report about them not what tells who made it."""
    life = await here.lived(NAME, NUMBER)
    copy = (await here.keeping.copy(life.person)).elsewhere
    told = str(copy)
    assert set(copy) == {"incidents", "accompaniments", "referrals", "reports_made", "reports_about", "checklists"}
    assert all(len(found) == 1 for found in copy.values() if isinstance(found, list))
    for words in ("김하늘 집", "김하늘 심층상담", "김하늘 산책", "김하늘 원하지 않음", "김하늘 끼니를 거름", "옆집", "외로움돌봄동행단"):
        assert words in told
    for words in (SUBJECT, "다른 사람", "우편물", SUBJECT_NUMBER, str(COUNSELLOR), "다솜"):
        assert words not in told


async def test_who_was_reported_and_never_called_has_the_same_rights(here: Estate) -> None:
    """Found by the number that was told of them, also where a program of the version before wrote it down."""
    report = await here.report(SUBJECT, SUBJECT_NUMBER)
    await here.db.execute(text("UPDATE report_subjects SET number_index = NULL"))
    with pytest.raises(Unknown):
        await here.keeping.find("+821000000000")
    assert await here.people.find("+821000000000") is None
    person = await here.keeping.find(SUBJECT_NUMBER)
    assert (await here.keeping.copy(person)).elsewhere["reports_about"] != []
    with pytest.raises(Refused) as caught:
        await here.keeping.erase(person)
    assert caught.value.data == {"reasons": ["open_report"]}
    assert (await here.reports.report(report)).subject.name == SUBJECT

"""Records of consultations in a real PostgreSQL."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from care.errors import ConsentMissing, NotYourCall, TextTooLong, Unknown, WrittenMeanwhile
from care.records.book import Asked, draft_of
from care.records.model import Caller, Channel, Content, Kind, LinkKind, NonCounselling, Purpose, State
from care.records.statements import JOURNAL_STATEMENTS
from core.database import Database
from core.errors import CipherError, DatabaseError
from core.ids import new_id
from core.journal import Journal
from desk.access.model import Role
from tests.integration.care.ward import NUMBER, OTHER_NUMBER, Ward, ward

TALK = Content(kinds=frozenset({Kind.LONELINESS, Kind.INFORMATION}), caller=Caller.SELF, district="dobong", text="혼자 지냅니다")


@pytest.fixture
async def here(db: Database) -> Ward:
    """Two counsellors, nobody has called."""
    return await ward(db)


async def test_a_contact_has_one_record_however_often_it_is_opened(here: Ward) -> None:
    """By the line, by who answers, at once: one record, one person, and the first counsellor stays."""
    contact = await here.call()
    ids = await asyncio.gather(*(here.book.open(contact, counsellor_id=who) for who in (None, here.first, None)))
    assert len(set(ids)) == 1
    assert await here.book.open(contact, counsellor_id=here.second) == ids[0]
    record = await here.book.of_contact(contact)
    assert (record.counsellor_id, record.state, record.version) == (here.first, State.DRAFT, 0)
    assert record.person_id == await here.people.find(NUMBER)
    with pytest.raises(Unknown):
        await here.book.open(uuid4())


async def test_the_line_makes_drafts_through_its_journal(here: Ward, tmp_path: Path) -> None:
    """From the first second, without waiting for it; twice is once."""
    journal = Journal(here.db, JOURNAL_STATEMENTS, spool=tmp_path)
    contact = await here.call()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(journal.run())
        for _ in range(2):
            journal.add("care_draft", draft_of(contact, here.clock.now(), here.first))
        await journal.flush()
        running.cancel()
    assert (await here.book.of_contact(contact)).counsellor_id == here.first


async def test_callers_are_found_again_by_their_number_and_the_withheld_never(here: Ward) -> None:
    """Two calls of one number are one person; two without a number are nobody."""
    same = [await here.book.get(await here.book.open(await here.call(NUMBER))) for _ in range(2)]
    assert same[0].person_id == same[1].person_id is not None
    other = await here.book.get(await here.book.open(await here.call(OTHER_NUMBER)))
    assert other.person_id not in {None, same[0].person_id}
    withheld = [await here.book.get(await here.book.open(await here.call(None))) for _ in range(2)]
    assert [one.person_id for one in withheld] == [None, None]
    assert same[0].person_id is not None
    person = await here.people.get(same[0].person_id)
    assert person is not None
    assert (person.number, await here.people.of_number(NUMBER)) == (NUMBER, person.id)
    assert NUMBER not in repr(person)


async def test_every_edit_is_a_version_and_none_is_lost(here: Ward) -> None:
    """Who, when, what changed; an older page is refused and what was there stays."""
    record_id = await here.book.open(await here.call(), counsellor_id=here.first)
    saved = await here.book.save(record_id, TALK, version=0, by=here.users[0])
    assert (saved.record.version, saved.record.content) == (1, TALK)
    here.clock.advance(60)
    await here.book.save(record_id, replace(TALK, feeling_before=2, feeling_after=6), version=1, by=here.users[1])
    with pytest.raises(WrittenMeanwhile):
        await here.book.save(record_id, replace(TALK, text="다른 글"), version=1, by=here.users[0])
    again = await here.book.save(record_id, replace(TALK, feeling_before=2, feeling_after=6), version=1, by=here.users[1])
    assert again.record.version == 2
    done = await here.book.finalise(record_id, version=2, by=here.users[0])
    assert (done.state, done.version) == (State.FINAL, 3)
    assert (await here.book.finalise(record_id, version=2, by=here.users[0])).version == 3
    versions = await here.book.versions(record_id)
    assert [(one.version, one.by, set(one.changed)) for one in versions] == [
        (1, here.users[0], {"kinds", "caller", "district", "text"}),
        (2, here.users[1], {"feeling_before", "feeling_after"}),
        (3, here.users[0], {"state"}),
    ]
    assert (versions[1].at - versions[0].at).total_seconds() == 60
    assert (await here.book.version(record_id, 1)).content == TALK


async def test_two_who_save_at_once_make_one_version(here: Ward) -> None:
    """The other is told, and nothing of either is mixed."""
    record_id = await here.book.open(await here.call(), counsellor_id=here.first)
    answers = await asyncio.gather(
        *(here.book.save(record_id, replace(TALK, text=f"{n}"), version=0, by=here.users[0]) for n in range(4)), return_exceptions=True
    )
    assert sum(isinstance(one, WrittenMeanwhile) for one in answers) == 3
    assert len(await here.book.versions(record_id)) == 1


async def test_a_text_of_a_hundred_thousand_characters_is_refused_and_the_earlier_stays(here: Ward) -> None:
    """Nothing of the edit is stored."""
    record_id = await here.book.open(await here.call())
    await here.book.save(record_id, TALK, version=0, by=here.users[0])
    with pytest.raises(TextTooLong):
        await here.book.save(record_id, replace(TALK, text="가" * 100_000, district="mapo"), version=1, by=here.users[0])
    record = await here.book.get(record_id)
    assert (record.version, record.content) == (1, TALK)


async def test_no_text_lies_open_in_the_database(here: Ward) -> None:
    """Nor a registration number anywhere; and what is sealed opens in its own row and version only."""
    contact = await here.call()
    record_id = await here.book.open(contact)
    secret = Content(
        kinds=frozenset({Kind.EMERGENCY}), about="할머니XQ", text="글XQ 900101-1234567", sensitive="병XQ", companion_note="산책XQ"
    )
    saved = await here.book.save(record_id, secret, version=0, by=here.users[0])
    assert saved.removed == {"text": 1}
    await here.book.save(record_id, replace(saved.record.content, text="다른 글XQ"), version=1, by=here.users[0])
    for table in ("care_records", "care_record_versions", "care_people"):
        rows = await here.db.execute(text(f"SELECT t::text AS row FROM {table} t"))
        for row in rows:
            stored = row.row + "".join(bytes.fromhex(part).decode("utf-8", "ignore") for part in _blobs(row.row))
            assert not any(word in stored for word in ("XQ", "1234567", "8212345678"))
    await here.db.execute(text("UPDATE care_records SET content = (SELECT content FROM care_record_versions WHERE version = 1)"))
    with pytest.raises(CipherError):
        await here.book.get(record_id)


def _blobs(row: str) -> list[str]:
    return [part.strip('",()\\x') for part in row.split("\\\\x")[1:] if len(part.strip('",()\\x')) % 2 == 0 and part.isalnum()]


async def test_versions_cannot_be_changed_by_anybody(here: Ward) -> None:
    """Not by a statement typed into the database either."""
    record_id = await here.book.open(await here.call())
    await here.book.save(record_id, TALK, version=0, by=here.users[0])
    for change in ("at = now()", "content = 'x'", "changed = '{}'", "by = NULL", "sensitive = 'x'"):
        with pytest.raises(DatabaseError, match="not changed"):
            await here.db.execute(text(f"UPDATE care_record_versions SET {change}"))


async def test_the_database_refuses_what_a_record_cannot_be(here: Ward) -> None:
    """Whoever writes there."""
    await here.book.open(await here.call())
    for change in ("kinds = '{party}'", "feeling_before = 11", "state = 'final'", "kinds = '{loneliness}', non_counselling = 'prank'"):
        with pytest.raises(DatabaseError):
            await here.db.execute(text(f"UPDATE care_records SET {change}"))


async def test_sensitive_data_needs_its_consent_and_goes_with_it(here: Ward) -> None:
    """From every version; the rest stays."""
    record_id = await here.book.open(await here.call())
    wanted = replace(TALK, sensitive="우울증 약")
    with pytest.raises(ConsentMissing):
        await here.book.save(record_id, wanted, version=0, by=here.users[0])
    asked = Asked(purpose=Purpose.SENSITIVE, given=True, script_version="2026-1", items=("건강",))
    consent = await here.book.consent(record_id, asked, by=here.users[0], counsellor_id=here.first)
    await here.book.save(record_id, wanted, version=0, by=here.users[0])
    await here.book.save(record_id, replace(wanted, text="더"), version=1, by=here.users[0])
    await here.book.withdraw(record_id, consent, by=here.users[1])
    for _ in range(2):
        assert (await here.book.withdraw(record_id, consent, by=here.users[1])).version == 3
    record = await here.book.get(record_id)
    assert (record.content, record.version) == (replace(TALK, text="더"), 3)
    assert [(await here.book.version(record_id, number)).content for number in (1, 2)] == [TALK, replace(TALK, text="더")]
    assert record.consents[0].withdrawn_at is not None
    assert record.consents[0].items == ("건강",)
    with pytest.raises(ConsentMissing):
        await here.book.save(record_id, wanted, version=3, by=here.users[0])
    with pytest.raises(Unknown):
        await here.book.withdraw(record_id, uuid4(), by=here.users[1])


async def test_links_and_face_to_face_records(here: Ward) -> None:
    """No contact is needed; the same link twice is one."""
    person = await here.people.of_number(OTHER_NUMBER)
    record = await here.book.write_down(Channel.FACE_TO_FACE, by=here.users[0], counsellor_id=here.first, person_id=person)
    incident = new_id()
    for _ in range(2):
        await here.book.link(record.id, LinkKind.INCIDENT, incident)
    record = await here.book.get(record.id)
    assert [(one.kind, one.target_id) for one in record.links] == [(LinkKind.INCIDENT, incident)]
    assert (record.contact_id, record.channel, record.person_id) == (None, Channel.FACE_TO_FACE, person)
    nobody = await here.book.write_down(Channel.MANUAL, by=here.users[0], counsellor_id=None)
    saved = await here.book.save(nobody.id, Content(non_counselling=NonCounselling.PRANK, subject_id=person), version=0, by=here.users[0])
    assert saved.record.content.subject_id == person
    with pytest.raises(Unknown):
        await here.book.save(nobody.id, Content(subject_id=uuid4()), version=1, by=here.users[0])


async def test_another_counsellors_call_is_refused(here: Ward) -> None:
    """Opening its record, writing it; reading it looks as if it were not there."""
    contact = await here.call(counsellor=here.first)
    record_id = (await here.records.opened(here.reader(), contact)).record.id
    await here.hang_up(contact)
    other = here.reader(who=1)
    with pytest.raises(NotYourCall):
        await here.records.opened(other, contact)
    with pytest.raises(NotYourCall):
        await here.records.to_write(other, record_id)
    for read in (here.records.one(other, record_id), here.records.of_contact(other, contact)):
        with pytest.raises(Unknown):
            await read
    with pytest.raises(Unknown):
        await here.records.opened(other, uuid4())
    assert (await here.records.to_write(here.reader(), record_id)).task == "own"


async def test_the_history_of_who_calls_is_seen_while_they_are_on_the_line(here: Ward) -> None:
    """From the offer to the end of the wrap-up; afterwards only one's own."""
    before = await here.call(counsellor=here.first)
    old = await here.book.open(before, counsellor_id=here.first)
    await here.hang_up(before)
    contact = await here.call()
    person = await here.people.find(NUMBER)
    second = here.reader(who=1)
    assert await here.records.listed(second, person_id=person) == ()
    set_presence = text("UPDATE presence SET system = :system, contact_id = :contact WHERE counsellor_id = :id")
    for system in ("offered", "talking", "wrapup"):
        await here.db.execute(set_presence, {"system": system, "contact": contact, "id": here.second})
        assert [(one.record.id, one.task) for one in await here.records.listed(second, person_id=person)] == [(old, "on_line")]
    mine = (await here.records.opened(second, contact)).record.id
    await here.db.execute(set_presence, {"system": "idle", "contact": None, "id": here.second})
    await here.hang_up(contact)
    assert [one.record.id for one in await here.records.listed(second, person_id=person)] == [mine]


async def test_lists_and_single_reads_agree_for_every_role(here: Ward) -> None:
    """Own and others', on the line, referred, with and without a note, withheld: what is in the list opens, what opens is in the list, alike."""
    referred, third = await here.people.of_number("+821011112222"), await here.people.of_number("+821033334444")
    here.cases.referred[here.users[0]] = frozenset({referred, third})
    notes = ("", "같이 걷기")
    for number in (NUMBER, OTHER_NUMBER, "+821011112222", None):
        for who, note in ((here.first, ""), (here.second, "같이 걷기"), (None, "")):
            contact = await here.call(number)
            record_id = await here.book.open(contact, counsellor_id=who)
            await here.book.save(record_id, replace(TALK, companion_note=note), version=0, by=here.users[1])
            await here.hang_up(contact)
    for note in notes:
        made = await here.book.write_down(Channel.MANUAL, by=here.users[1], counsellor_id=None)
        await here.book.save(made.id, replace(TALK, subject_id=third, companion_note=note), version=0, by=here.users[0])
    await here.book.open(await here.call(OTHER_NUMBER, counsellor=here.first))
    ids = [row.id for row in await here.db.execute(text("SELECT id FROM care_records"))]
    for role in (*Role, "somebody"):
        reader = replace(here.reader(), role=str(role))
        single = {}
        for record_id in ids:
            with suppress(Unknown):
                single[record_id] = await here.records.one(reader, record_id)
        assert {one.record.id: one for one in await here.records.listed(reader)} == single
        assert (len(single) > 0) == (role in {"counsellor", "supervisor", "centre", "companion"})
        for person in (referred, third):
            of_person = {one.record.id for one in await here.records.listed(reader, person_id=person)}
            assert of_person == {key for key in single if person in await _people(here, key)}


async def _people(here: Ward, record_id: object) -> set[object]:
    rows = await here.db.execute(text("SELECT person_id, subject_id FROM care_records WHERE id = :id"), {"id": record_id})
    return {rows[0].person_id, rows[0].subject_id}


async def test_a_long_list_comes_in_pages_without_gaps(here: Ward) -> None:
    """Also where most rows are not theirs to see."""
    expected = []
    for number in range(120):
        mine = number % 2 == 0
        made = await here.book.write_down(
            Channel.MANUAL, by=here.users[0 if mine else 1], counsellor_id=here.first if mine else here.second
        )
        if mine:
            expected.append(made.id)
    first = await here.records.listed(here.reader())
    second = await here.records.listed(here.reader(), before=first[-1].record.id)
    assert [one.record.id for one in (*first, *second)] == expected[::-1]
    assert len(first) == 50
    assert await here.records.listed(here.reader(), mine=True, state=State.FINAL) == ()


async def test_a_record_outlives_its_contact(here: Ward) -> None:
    """What the line deletes takes nothing of the consultation with it."""
    contact = await here.call()
    record_id = await here.book.open(contact)
    await here.db.execute(text("DELETE FROM contacts"))
    assert (await here.book.get(record_id)).contact_id is None

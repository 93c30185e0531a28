"""Whose a contact is, in a real PostgreSQL and in its twin: adopted, claimed, taken, and never changed by who had it before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from core.cipher import NumberCipher
from core.clock import SystemClock
from core.database import Database
from core.ids import new_id
from core.journal import Journal
from core.phone import normalise
from routing.contacts import JOURNAL_STATEMENTS, Contacts, LiveContact
from routing.model import ContactState, Lane, Outcome
from routing.testing import MemoryDatabase
from routing.testing_contacts import MemoryContacts, MemoryJournal
from tests.integration.routing.rows import add_counsellor

THEN = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


@dataclass
class Books:
    """Contacts of several processes over one database."""

    folder: Path
    #: None: in memory.
    db: Database | None = None
    memory: MemoryDatabase = field(default_factory=lambda: MemoryDatabase(lambda: datetime.now(UTC)))
    journals: dict[Contacts, Journal] = field(default_factory=dict)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def process(self, worker: str = "w1") -> Contacts:
        """One program, alive."""
        contacts: Contacts
        journal: Journal
        if self.db is None:
            journal = MemoryJournal(self.memory)
            contacts = MemoryContacts(self.memory, journal, SystemClock(), node="main", worker=worker)
        else:
            journal = Journal(self.db, JOURNAL_STATEMENTS, spool=self.folder / worker)
            cipher = NumberCipher({"k": bytes(32)}, bytes([1] * 32))
            contacts = Contacts(self.db, journal, cipher, SystemClock(), node="main", worker=worker)
        self.journals[contacts] = journal
        self.tasks.append(asyncio.create_task(journal.run(), name="journal"))
        return contacts

    async def written(self, contacts: Contacts) -> None:
        """What it had to write."""
        async with asyncio.timeout(20):
            await self.journals[contacts].flush()

    async def enter(self, contacts: Contacts, channel_id: str = "caller") -> UUID:
        """A caller comes in."""
        contact_id = new_id()
        assert await contacts.enter(
            contact_id, channel_id=channel_id, entry="menu", dialled="120", language="ko", number=normalise("01012345678"), at=THEN,
            state=ContactState.WAITING,
        )  # fmt: skip
        return contact_id

    async def seen(self, worker: str, ago_s: float) -> None:
        """When a worker gave its last sign of life."""
        self.memory.workers[f"main/{worker}"] = datetime.now(UTC) - timedelta(seconds=ago_s)
        if self.db is not None:
            statement = "INSERT INTO workers VALUES (:name, now() - make_interval(secs => :ago)) ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at"
            await self.db.execute(text(statement), {"name": f"main/{worker}", "ago": ago_s})

    async def counsellor(self) -> UUID:
        """Somebody to talk with."""
        return new_id() if self.db is None else await add_counsellor(self.db, "101")

    async def kinds(self, contact_id: UUID) -> list[str]:
        """The timeline."""
        if self.db is None:
            return [kind for _, kind, _ in self.memory.events[contact_id]]
        rows = await self.db.execute(text("SELECT kind FROM events WHERE contact_id = :id ORDER BY id"), {"id": contact_id})
        return [row.kind for row in rows]


@pytest.fixture(params=["memory", "postgresql"])
async def books(request: pytest.FixtureRequest, db: Database, tmp_path: Path) -> AsyncIterator[Books]:
    """Nothing is written yet."""
    books = Books(tmp_path, None if request.param == "memory" else db)
    yield books
    for task in books.tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def change_everything(contacts: Contacts, contact_id: UUID, counsellor_id: UUID) -> None:
    """All that the journal writes of a contact's state."""
    contacts.queued(contact_id, THEN)
    contacts.place(contact_id, THEN)
    contacts.promised(contact_id, THEN, 3)
    contacts.language(contact_id, "en")
    contacts.lane(contact_id, Lane.DROPPED)
    contacts.talking(contact_id, counsellor_id, THEN)
    contacts.talking_outside(contact_id, THEN)
    contacts.state(contact_id, ContactState.MENU)
    contacts.ended(contact_id, Outcome.ABANDONED_WAITING)
    contacts.note(contact_id, "hangup")


async def only(contacts: Contacts) -> LiveContact:
    """Its one live contact."""
    (row,) = await contacts.live()
    return row


async def test_who_was_replaced_changes_nothing_but_adds_to_the_story(books: Books) -> None:
    """The same name in another process, which adopted: no state, no place, no outcome; a danger key of the last instant counts."""
    old = books.process()
    contact_id = await books.enter(old)
    new = books.process()
    assert [row.id for row in await new.adopt()] == [contact_id]
    before = await only(new)
    assert (new.owns(before), old.owns(before)) == (True, False)
    change_everything(old, contact_id, await books.counsellor())
    await books.written(old)
    assert await only(new) == before
    assert await books.kinds(contact_id) == ["invite", "hangup"]
    old.lane(contact_id, Lane.CRISIS)
    await books.written(old)
    assert (await only(new)).lane is Lane.CRISIS


async def test_who_has_a_contact_writes_it(books: Books) -> None:
    """The same statements of its owner all take effect, in order, to the one outcome."""
    contacts = books.process()
    contact_id = await books.enter(contacts)
    counsellor_id = await books.counsellor()
    contacts.queued(contact_id, THEN)
    contacts.language(contact_id, "en")
    contacts.lane(contact_id, Lane.DROPPED)
    contacts.talking(contact_id, counsellor_id, THEN)
    await books.written(contacts)
    row = await only(contacts)
    assert (row.queued_at, row.language, row.lane, row.counsellor_id, row.state) == (
        THEN, "en", Lane.DROPPED, counsellor_id, ContactState.TALKING,
    )  # fmt: skip
    contacts.ended(contact_id, Outcome.TALKED)
    await books.written(contacts)
    assert await contacts.live() == []


async def test_how_often_nobody_outside_was_found_and_when_last_is_known_after_a_restart(books: Books) -> None:
    """The next program neither begins the rounds anew nor asks outside again at once."""
    first = books.process()
    contact_id = await books.enter(first)
    await books.enter(first, "another")
    known = {row.id: (row.overflows, row.overflowed) for row in await first.live()}
    assert set(known.values()) == {(0, None)}
    times = []
    for round_ in (1, 2):
        before = datetime.now(UTC)
        first.note(contact_id, "overflow")
        first.note(contact_id, "overflow_exhausted")
        await books.written(first)
        known = {row.id: (row.overflows, row.overflowed) for row in await books.process().adopt()}
        overflows, overflowed = known.pop(contact_id)
        assert overflows == round_
        assert overflowed is not None
        assert before <= overflowed <= datetime.now(UTC)
        times.append(overflowed)
        assert list(known.values()) == [(0, None)], "somebody else's are somebody else's"
    assert times[0] < times[1]


async def test_a_contact_of_a_dead_worker_is_claimed_once(books: Books) -> None:
    """By who reads it as it is; not while its worker lives, and not if that has adopted it again meanwhile."""
    dead, first, second = books.process("w1"), books.process("w2"), books.process("w3")
    contact_id = await books.enter(dead)
    for worker, ago_s in (("w1", 5), ("w2", 0), ("w3", 0)):
        await books.seen(worker, ago_s)
    assert await first.left_behind() == []
    await books.seen("w1", 30)
    (row,) = await first.left_behind()
    assert (row.id, await dead.left_behind()) == (contact_id, [])
    await books.process("w1").adopt()
    assert not await first.claim(row), "its worker is back"
    (row,) = await first.left_behind()
    assert await first.claim(row)
    assert not await second.claim(row), "another one was faster"
    assert [live.id for live in await first.live()] == [contact_id]
    change_everything(dead, contact_id, await books.counsellor())
    await books.written(dead)
    assert (await only(first)).state is ContactState.WAITING


async def test_a_contact_goes_with_the_caller_and_one_that_has_ended_makes_room(books: Books) -> None:
    """Whoever has the channel takes the row; an ended one keeps its outcome and lets another one have the channel."""
    first, second = books.process("w1"), books.process("w2")
    contact_id = await books.enter(first)
    assert await second.part("caller") is None
    taken = await second.take("caller")
    assert taken is not None
    assert (taken.id, second.owns(taken), await first.live()) == (contact_id, True, [])
    second.ended(contact_id, Outcome.ABANDONED_WAITING)
    await books.written(second)
    assert await second.take("caller") is None
    ended = await second.part("caller")
    assert ended is not None
    assert ended.id == contact_id
    another = await books.enter(second)
    assert (await only(second)).id == another
    assert await second.find("caller") == another


async def test_who_dials_again_has_their_contact_by_the_new_channel(books: Books) -> None:
    """Found, and taken up by the next program, by the channel on which they talk now."""
    contacts = books.process()
    contact_id = await books.enter(contacts)
    contacts.channel(contact_id, "again")
    await books.written(contacts)
    assert await contacts.find("again") == contact_id
    row = await books.process().take("again")
    assert row is not None
    assert (row.id, row.channel_id) == (contact_id, "again")


@pytest.mark.parametrize("back_s", [5, 20])
async def test_a_talk_in_the_safety_net_that_is_read_late_takes_nobody_back_there(books: Books, *, back_s: float) -> None:
    """Its phone died and the caller was back when the record was read; a talk after they were back is one of now."""
    contacts = books.process()
    contact_id = await books.enter(contacts)
    contacts.note(contact_id, "back_from_safety_net", at=THEN + timedelta(seconds=back_s))
    await books.written(contacts)
    await contacts.safety_net_answered("caller", "101", THEN + timedelta(seconds=9))
    row = await only(contacts)
    assert row.answered_at == THEN + timedelta(seconds=9)
    assert row.state is (ContactState.SAFETY_NET if back_s < 9 else ContactState.WAITING)


@pytest.mark.parametrize("answered", [True, False])
async def test_a_call_of_the_safety_net_ends_as_its_record_says(books: Books, *, answered: bool) -> None:
    """Talked or left before, once; what is told twice changes nothing, and the story has all of it."""
    contacts = books.process()
    contact_id = await books.enter(contacts)
    contacts.state(contact_id, ContactState.SAFETY_NET)
    await books.written(contacts)
    for _ in range(2):
        if answered:
            await contacts.safety_net_answered("caller", "101", THEN + timedelta(seconds=9))
    assert [await contacts.safety_net_ended("caller", THEN + timedelta(seconds=60)) for _ in range(2)] == [True, False]
    assert await contacts.live() == []
    assert await books.kinds(contact_id) == ["invite", *(["safety_net_answered"] if answered else []), "outcome"]

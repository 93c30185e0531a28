"""Presence between several nodes and workers: whose phone it is, who hears of a change, what ends a pause or a rest, who is on shift."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Row, text

from core.database import Database
from core.testing import ManualClock
from ivr.phone_accounts import PhoneAccounts
from routing.counsellors import PRESENCE_CHANGED, Change, Counsellors
from routing.hints import Hints
from routing.presence_model import BreakReason
from tests.kit.until import until

PIN = "4829"


@pytest.fixture
async def line(db: Database, accounts: PhoneAccounts) -> Counsellors:
    """Two counsellors, 101 and 102; the first is signed in."""
    await accounts.add("김상담", extension="101", pin=PIN)
    await accounts.add("이상담", extension="102", pin="7351")
    counsellors = Counsellors(db, ManualClock())
    await counsellors.sign_in("101", PIN)
    return counsellors


async def row(db: Database, extension: str = "101") -> Row[Any]:
    """Somebody's presence."""
    statement = "SELECT p.* FROM presence p JOIN counsellors c ON c.id = p.counsellor_id WHERE c.extension = :e"
    return (await db.execute(text(statement), {"e": extension}))[0]


async def pause(db: Database) -> None:
    """Three calls have rung out, and the last one before was heavy."""
    await db.execute(
        text("UPDATE presence SET missed = 3, paused_until = now() + interval '10 minutes', rest_until = now() + interval '5 minutes'")
    )


@asynccontextmanager
async def background(*work: Any) -> AsyncIterator[None]:  # noqa: ANN401 - coroutines of any kind
    """With these coroutines running."""
    tasks = [asyncio.create_task(each, name="background") for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_two_nodes_that_compare_in_turn_leave_each_others_phones_alone(line: Counsellors, db: Database) -> None:
    """Each has one phone; neither says of the other's that it is gone."""
    assert await line.set_reachable_phones(["101"], "one") == 1
    assert await line.set_reachable_phones(["102"], "two") == 1
    for _ in range(2):
        assert await line.set_reachable_phones(["101"], "one") == 0
        assert await line.set_reachable_phones(["102"], "two") == 0
    assert [(found.reachable, found.node) for found in (await row(db, "101"), await row(db, "102"))] == [(True, "one"), (True, "two")]
    assert await line.set_reachable_phones([], "one") == 1
    assert [(await row(db, extension)).reachable for extension in ("101", "102")] == [False, True]


async def test_a_phone_that_moves_to_another_node_is_never_lost(line: Counsellors, db: Database) -> None:
    """The node it left notices later, and that counts no more, by event as by comparison."""
    await line.set_reachable("101", True, "one")
    assert await line.set_reachable("101", True, "two") is Change.ALREADY
    assert await line.set_reachable("101", False, "one") is Change.ALREADY
    assert await line.set_reachable_phones([], "one") == 0
    assert ((await row(db)).reachable, (await row(db)).node) == (True, "two")
    assert await line.set_reachable("101", False, "two") is Change.DONE


async def test_nodes_that_compare_at_the_same_time_do_not_block_each_other(line: Counsellors, db: Database) -> None:
    """Both see both phones: whoever is last has them, and nobody meets a deadlock."""
    await asyncio.gather(*(line.set_reachable_phones(["101", "102"], node) for node in ("one", "two") * 10))
    assert {(await row(db, extension)).reachable for extension in ("101", "102")} == {True}


async def test_a_row_from_before_nodes_were_kept_is_anybodys(line: Counsellors, db: Database) -> None:
    """The first node that does not have the phone may say so."""
    await db.execute(text("UPDATE presence SET reachable = true"))
    assert await line.set_reachable_phones(["102"], "one") == 1
    assert [((found := await row(db, extension)).reachable, found.node) for extension in ("101", "102")] == [(False, None), (True, "one")]


async def test_a_phone_that_is_back_ends_a_pause_but_no_rest(line: Counsellors, db: Database) -> None:
    """Gone and found again, by comparison as by event; a phone that was there all the time ends nothing."""
    for back in (lambda: line.set_reachable_phones(["101"], "one"), lambda: line.set_reachable("101", True, "one")):
        await line.set_reachable("101", True, "one")
        await pause(db)
        await back()
        assert ((await row(db)).missed, (await row(db)).paused_until is None) == (3, False)
        await line.set_reachable("101", False, "one")
        await back()
        found = await row(db)
        assert (found.missed, found.paused_until) == (0, None)
        assert found.rest_until is not None


async def test_whatever_the_person_does_ends_a_pause(line: Counsellors, db: Database) -> None:
    """Each code but that of signing out; only "ready" also ends the rest."""
    await line.set_ready("101")
    idle_since = (await row(db)).idle_since
    for does, ends_rest in (
        (lambda: line.set_ready("101"), True),
        (lambda: line.end_wrapup("101"), False),
        (lambda: line.sign_in("101", PIN), False),
    ):
        await pause(db)
        await does()
        found = await row(db)
        assert (found.missed, found.paused_until, found.rest_until is None) == (0, None, ends_rest)
        assert (found.human, found.idle_since) == ("ready", idle_since)
    await pause(db)
    await line.sign_out("101")
    assert (await row(db)).missed == 3
    await line.sign_in("101", PIN)
    assert (await row(db)).missed == 0
    await pause(db)
    await line.set_break("101", BreakReason.REST)
    assert (await row(db)).missed == 0
    kinds = [found.kind for found in await db.execute(text("SELECT kind FROM presence_events ORDER BY id"))]
    assert kinds == ["signed_in", "ready", "ready", "back", "back", "signed_out", "signed_in", "break"]


async def test_ending_a_pause_by_the_code_of_wrapup_is_not_called_an_ended_wrapup(line: Counsellors, db: Database) -> None:
    """The phone says what it says without a pause, also during a call."""
    await line.set_ready("101")
    await pause(db)
    assert await line.end_wrapup("101") is Change.ALREADY
    await pause(db)
    await db.execute(text("UPDATE presence SET system = 'talking'"))
    assert await line.end_wrapup("101") is Change.IN_CALL
    assert (await row(db)).paused_until is None


async def test_the_roster_says_who_is_on_shift(line: Counsellors, db: Database) -> None:
    """By id or by extension; announced once; the end only with a shift."""
    heard: list[UUID] = []
    line.on_change = heard.append
    counsellor_id = (await row(db)).counsellor_id
    end = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert await line.set_shift(counsellor_id, on_shift=True, until=end) is Change.DONE
    assert await line.set_shift("101", on_shift=True, until=end) is Change.ALREADY
    assert ((await row(db)).on_shift, (await row(db)).shift_until) == (True, end)
    assert await line.set_shift("101", on_shift=False, until=end) is Change.DONE
    assert ((await row(db)).on_shift, (await row(db)).shift_until) == (False, None)
    assert heard == [counsellor_id, counsellor_id]


async def test_a_shift_of_nobody_or_until_no_instant_is_refused(line: Counsellors, accounts: PhoneAccounts) -> None:
    """Unknown, gone, or a time without a zone."""
    assert await line.set_shift("999", on_shift=True) is Change.UNKNOWN
    assert await line.set_shift(uuid4(), on_shift=True) is Change.UNKNOWN
    with pytest.raises(ValueError, match="naive"):
        await line.set_shift("101", on_shift=True, until=datetime(2026, 3, 2, 9))  # noqa: DTZ001 - that is the point
    await accounts.disable("102")
    assert await line.set_shift("102", on_shift=False) is Change.DISABLED


async def test_another_worker_hears_of_every_change(line: Counsellors, db: Database) -> None:
    """Within moments, with the name of who changed it; many changes at once are few hints."""
    heard: list[str] = []
    hints = Hints(db, "a")
    changing = Counsellors(db, ManualClock(), hints=hints)
    async with background(hints.run(), db.listen(PRESENCE_CHANGED, heard.append)):
        # The first is what a listener is told when it has connected.
        await until(lambda: heard == [""], 10)
        await changing.set_ready("101")
        await until(lambda: heard[1:], 10)
        before = len(heard)
        for _ in range(300):
            hints.send(PRESENCE_CHANGED)
        await changing.set_shift("101", on_shift=True, until=datetime.now(UTC) + timedelta(hours=8))
        await until(lambda: len(heard) > before, 10)
        assert set(heard[1:]) == {"a"}
        assert len(heard) < 20


async def test_new_languages_reach_every_worker_at_once(line: Counsellors, db: Database, accounts: PhoneAccounts) -> None:
    """The next caller who speaks them must find the counsellor."""
    heard: list[str] = []
    async with background(db.listen("counsellors_changed", heard.append)):
        await until(lambda: heard == [""], 10)
        await accounts.set_abilities("101", languages=["ko", "en"])
        await until(lambda: len(heard) == 2, 10)


async def test_a_hint_while_the_database_is_away_is_sent_when_it_is_back(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that was to be said is forgotten, and sending never fails."""
    monkeypatch.setattr("routing.hints.RETRY_S", 0.02)
    away = Database("postgresql://nobody@/none?host=/nonexistent")
    heard: list[str] = []
    hints = Hints(away)
    async with background(hints.run(), db.listen("hint_test", heard.append)):
        await until(lambda: heard == [""], 10)
        hints.send("hint_test")
        await until(lambda: not hints._asked.is_set() or away.available is False, 10)
        hints._db = db
        await until(lambda: len(heard) == 2, 10)
    await away.close()

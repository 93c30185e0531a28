"""Presence in a real PostgreSQL: the SQL agrees with the pure model, PINs lock, every change is kept."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.database import Database
from core.testing import ManualClock
from ivr.phone_accounts import PhoneAccounts
from routing.counsellors import LOCKED_FOR, MAX_FAILURES, Change, Counsellors, SignIn
from routing.presence_model import BreakReason, Human, Presence, PresenceEvent, System, change
from routing.presence_store import PresenceStore

PIN = "4829"


@pytest.fixture
def clock() -> ManualClock:
    """The clock of the lock."""
    return ManualClock()


@pytest.fixture
async def line(db: Database, accounts: PhoneAccounts, clock: ManualClock) -> Counsellors:
    """One counsellor, 101."""
    await accounts.add("김상담", extension="101", pin=PIN)
    return Counsellors(db, clock)


async def stored(db: Database, extension: str = "101") -> Presence:
    """The row as the model sees it."""
    rows = await db.execute(
        text("SELECT p.* FROM presence p JOIN counsellors c ON c.id = p.counsellor_id WHERE c.extension = :e"), {"e": extension}
    )
    row = rows[0]
    return Presence(
        human=Human(row.human),
        break_reason=BreakReason(row.break_reason) if row.break_reason else None,
        system=System(row.system),
        reachable=row.reachable,
        idle_since=row.idle_since,
        node=row.node,
        missed=row.missed,
        paused_until=row.paused_until,
        rest_until=row.rest_until,
    )


async def set_system(db: Database, system: str) -> None:
    """Do what the line does to a counsellor."""
    await db.execute(text("UPDATE presence SET system = :s"), {"s": system})


async def miss(db: Database) -> None:
    """A call rings out; at the third nothing more is offered for a while. And there was a heavy one before."""
    await db.execute(
        text(
            "UPDATE presence SET missed = missed + 1, rest_until = now() + interval '5 minutes', "
            "paused_until = CASE WHEN missed >= 2 THEN now() + interval '10 minutes' END"
        )
    )


#: What the line does to a counsellor, or an event, its reason and its node.
Step = System | None | tuple[PresenceEvent, BreakReason, str]
steps = st.lists(
    st.tuples(st.sampled_from(PresenceEvent), st.sampled_from(BreakReason), st.sampled_from(["one", "two"]))
    | st.sampled_from(System)
    | st.none(),
    max_size=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sequence=steps)
async def test_the_sql_does_what_the_model_says(db: Database, accounts: PhoneAccounts, sequence: list[Step]) -> None:
    """Any sequence of events, with calls coming and going in between, leaves row and model equal after each step."""
    await db.execute(text("DELETE FROM counsellors"))
    await db.execute(
        text(
            "WITH c AS (INSERT INTO counsellors (id, extension, name, pin_hash, created_at) "
            "VALUES (gen_random_uuid(), '101', 'x', '', now()) RETURNING id) "
            "INSERT INTO presence (counsellor_id, changed_at) SELECT id, now() FROM c"
        )
    )
    store = PresenceStore(db)
    model = await stored(db)
    kept = 0
    for step in sequence:
        if not isinstance(step, tuple):
            await (set_system(db, step) if step else miss(db))
            model = await stored(db)
            continue
        before = model
        what, reason, node = step
        applied = await store.apply("101", what, reason, node=node)
        row = await stored(db)
        # The database's clock is its own: what counts is whether the idle time started anew.
        model = change(before, what, at=row.idle_since or before.idle_since or ManualClock().now(), reason=reason, node=node)
        assert row == model
        assert applied is not None
        # That a reachable phone is now another node's is no news to anybody.
        assert applied.changed == (replace(model, node=None) != replace(before, node=None))
        assert (applied.human, applied.system) == (before.human, before.system)
        if model.idle_since != before.idle_since:
            assert model.willing
            assert not before.willing
        kept += applied.changed
    rows = await db.execute(text("SELECT count(*) AS n FROM presence_events"))
    assert rows[0].n == kept


async def test_idle_time_is_not_renewed_by_saying_ready_twice(line: Counsellors, db: Database) -> None:
    """Nobody loses their place by pressing a key again."""
    await line.sign_in("101", PIN)
    await line.set_ready("101")
    first = (await stored(db)).idle_since
    assert first is not None
    assert await line.set_ready("101") is Change.ALREADY
    assert (await stored(db)).idle_since == first


async def test_signing_in_needs_the_right_pin(line: Counsellors, db: Database) -> None:
    """And tells nothing else about it."""
    assert await line.sign_in("101", "9999") is SignIn.WRONG_PIN
    assert await line.sign_in("101", "") is SignIn.WRONG_PIN
    assert not (await stored(db)).signed_in
    assert await line.sign_in("101", PIN) is SignIn.OK
    assert (await stored(db)).human is Human.BREAK
    assert await line.sign_in("777", PIN) is SignIn.UNKNOWN


async def test_five_wrong_pins_lock_even_the_right_one_for_five_minutes(line: Counsellors, clock: ManualClock) -> None:
    """After that the right one works and the count starts anew."""
    results = [await line.sign_in("101", "9999") for _ in range(MAX_FAILURES)]
    assert results == [SignIn.WRONG_PIN] * (MAX_FAILURES - 1) + [SignIn.LOCKED]
    assert await line.sign_in("101", PIN) is SignIn.LOCKED
    clock.advance(LOCKED_FOR.total_seconds() - 1)
    assert await line.sign_in("101", PIN) is SignIn.LOCKED
    clock.advance(2)
    assert await line.sign_in("101", "9999") is SignIn.WRONG_PIN
    assert await line.sign_in("101", PIN) is SignIn.OK
    assert await line.sign_in("101", "9999") is SignIn.WRONG_PIN


async def test_the_right_pin_forgives_the_wrong_ones_before(line: Counsellors) -> None:
    """Four slips, then right: the next slip is the first again."""
    for _ in range(3):
        for _ in range(MAX_FAILURES - 1):
            assert await line.sign_in("101", "9999") is SignIn.WRONG_PIN
        assert await line.sign_in("101", PIN) is SignIn.OK


async def test_many_attempts_at_once_are_not_more_attempts(line: Counsellors) -> None:
    """Counted before they are judged: parallel calls don't get past the lock."""
    results = await asyncio.gather(*(line.sign_in("101", f"9{number:03}") for number in range(12)))
    assert results.count(SignIn.WRONG_PIN) == MAX_FAILURES - 1
    assert results.count(SignIn.LOCKED) == 12 - (MAX_FAILURES - 1)


async def test_one_lock_is_nobody_elses(line: Counsellors, accounts: PhoneAccounts) -> None:
    """Wrong PINs on one phone lock that account only."""
    await accounts.add("이상담", extension="102", pin="7351")
    for _ in range(MAX_FAILURES):
        await line.sign_in("101", "9999")
    assert await line.sign_in("102", "7351") is SignIn.OK


async def test_a_new_pin_ends_the_lock(line: Counsellors, accounts: PhoneAccounts) -> None:
    """The way out without waiting."""
    for _ in range(MAX_FAILURES):
        await line.sign_in("101", "9999")
    await accounts.set_pin("101", "7351")
    assert await line.sign_in("101", "7351") is SignIn.OK


async def test_who_is_not_signed_in_can_change_nothing(line: Counsellors) -> None:
    """Each code says so."""
    assert await line.set_ready("101") is Change.NOT_SIGNED_IN
    assert await line.set_break("101", BreakReason.MEAL) is Change.NOT_SIGNED_IN
    assert await line.sign_out("101") is Change.NOT_SIGNED_IN
    assert await line.end_wrapup("101") is Change.NOT_SIGNED_IN


async def test_wrapup_cannot_be_ended_during_a_call(line: Counsellors, db: Database) -> None:
    """There is none yet."""
    await line.sign_in("101", PIN)
    await set_system(db, "talking")
    assert await line.end_wrapup("101") is Change.IN_CALL
    assert await line.set_ready("101") is Change.DONE
    assert (await stored(db)).system is System.TALKING


async def test_ending_wrapup_ends_its_deadline_and_starts_the_idle_time(line: Counsellors, db: Database) -> None:
    """The router's own clean-up finds nothing left to do."""
    await line.sign_in("101", PIN)
    await line.set_ready("101")
    before = (await stored(db)).idle_since
    await db.execute(text("UPDATE presence SET system = 'wrapup', deadline = now() + interval '1 minute'"))
    assert await line.end_wrapup("101") is Change.DONE
    after = await stored(db)
    assert before is not None
    assert after.idle_since is not None
    assert after.idle_since > before
    assert (await db.execute(text("SELECT deadline FROM presence")))[0].deadline is None


async def test_every_change_is_announced_once_and_kept(line: Counsellors, db: Database) -> None:
    """After the commit; what changes nothing is not announced."""
    heard: list[UUID] = []
    line.on_change = heard.append
    await line.sign_in("101", PIN)
    await line.set_ready("101")
    await line.set_ready("101")
    await line.set_break("101", BreakReason.MEAL)
    await line.sign_out("101")
    assert await line.set_reachable_phones(["101", "999"]) == 1
    assert await line.set_reachable_phones(["101"]) == 0
    assert await line.set_reachable("101", reachable=False) is Change.DONE
    assert await line.set_shift("101", on_shift=False) is Change.DONE
    rows = await db.execute(text("SELECT kind, human, reason, reachable FROM presence_events ORDER BY id"))
    assert [tuple(row) for row in rows] == [
        ("signed_in", "break", None, False),
        ("ready", "ready", None, False),
        ("break", "break", "meal", False),
        ("signed_out", "off", None, False),
        ("reachable", "off", None, True),
        ("unreachable", "off", None, False),
        ("off_shift", "off", None, False),
    ]
    assert len(heard) == 7


async def test_a_closed_account_is_refused_everywhere(line: Counsellors, accounts: PhoneAccounts) -> None:
    """Even with the right PIN."""
    await accounts.disable("101")
    assert await line.sign_in("101", PIN) is SignIn.DISABLED
    assert await line.set_ready("101") is Change.DISABLED


async def test_changes_that_meet_wait_for_each_other(line: Counsellors, db: Database) -> None:
    """Ready and break at once: one after the other, both kept, the row is what the later one made it."""
    await line.sign_in("101", PIN)
    await asyncio.gather(*(step for _ in range(10) for step in (line.set_ready("101"), line.set_break("101", BreakReason.REST))))
    rows = await db.execute(text("SELECT human FROM presence_events ORDER BY id"))
    kinds = [row.human for row in rows]
    # Every kept change is a change: no two equal ones follow each other.
    assert all(before != after for before, after in itertools.pairwise(kinds[1:]))
    assert kinds[-1] == (await stored(db)).human


async def test_the_lock_is_in_the_database(line: Counsellors, db: Database, clock: ManualClock) -> None:
    """Another worker, or this one after a restart, knows of it."""
    for _ in range(MAX_FAILURES):
        await line.sign_in("101", "9999")
    clock.advance(timedelta(minutes=1).total_seconds())
    assert await Counsellors(db, clock).sign_in("101", PIN) is SignIn.LOCKED

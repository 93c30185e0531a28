"""The policy in force, over a real PostgreSQL."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from core.database import Database
from core.errors import DatabaseUnavailable
from core.testing import ManualClock
from routing.policy import Policy, PolicyError
from routing.policy_store import PolicyStore
from tests.kit.postgres import Postgres
from tests.kit.until import until


async def add_row(db: Database, parameters: str) -> None:
    """A row as another program might leave it."""
    await db.execute(text(f"INSERT INTO policies (at, by, note, parameters) VALUES (now(), 'other', '', '{parameters}')"))


async def test_without_a_row_the_defaults_are_in_force(db: Database) -> None:
    """A fresh installation works."""
    store = PolicyStore(db, ManualClock())
    assert await store.read() == Policy()
    assert await store.history() == []


async def test_a_change_is_merged_with_what_is_in_force_and_kept_with_who_and_why(db: Database) -> None:
    """Two changes of different numbers both hold; a default can be given back."""
    store = PolicyStore(db, ManualClock())
    await store.change("Kim", {"pause_s": "300"}, "short week")
    await store.change("Lee", {"heavy_cap": 3, "named_yield_s": 5})
    assert await PolicyStore(db, ManualClock()).read() == Policy(pause_s=300, heavy_cap=3, named_yield_s=5)
    await store.change("Kim", {"pause_s": "default", "heavy_cap": "4"})
    assert await store.read() == Policy(heavy_cap=4, named_yield_s=5)
    newest, second, first = await store.history()
    assert (first.by, first.note, dict(first.changes)) == ("Kim", "short week", {"pause_s": (600, 300)})
    assert dict(second.changes) == {"heavy_cap": (2, 3), "named_yield_s": (20, 5)}
    assert dict(newest.changes) == {"heavy_cap": (3, 4), "pause_s": (300, 600)}


async def test_two_supervisors_at_once_lose_nothing_of_each_other(db: Database) -> None:
    """They take turns, and the second merges with what the first left."""
    one, two = PolicyStore(db, ManualClock()), PolicyStore(db, ManualClock())
    await asyncio.gather(one.change("Kim", {"pause_s": 300}), two.change("Lee", {"heavy_cap": 5}))
    assert await one.read() == Policy(pause_s=300, heavy_cap=5)


async def test_everything_wrong_is_named_and_nothing_is_changed(db: Database) -> None:
    """Unknown, out of range, no number; a change without a name."""
    store = PolicyStore(db, ManualClock())
    with pytest.raises(PolicyError) as refused:
        await store.change("Kim", {"pause_s": -1, "heavy_cap": "2.5", "patience_s": "nan", "speed": "default", "drain_s": "soon"})
    for name in ("pause_s", "heavy_cap", "patience_s", "speed", "drain_s"):
        assert f"{name}:" in str(refused.value)
    for by in ("", "  ", "x" * 101, "K\nim"):
        with pytest.raises(PolicyError, match="by:"):
            await store.change(by, {"pause_s": 300})
    with pytest.raises(PolicyError, match="note:"):
        await store.change("Kim", {"pause_s": 300}, "x" * 1001)
    assert await store.history() == []


async def test_what_changes_nothing_leaves_no_row(db: Database) -> None:
    """The history holds changes only."""
    store = PolicyStore(db, ManualClock())
    assert await store.change("Kim", {"pause_s": 600}) == Policy()
    assert await store.history() == []


async def test_undo_brings_back_what_was_before(db: Database) -> None:
    """As a new row; a second one brings the change back."""
    store = PolicyStore(db, ManualClock())
    with pytest.raises(PolicyError, match="no change"):
        await store.undo("Kim")
    await store.change("Kim", {"pause_s": 300})
    await store.change("Kim", {"pause_s": 60, "heavy_cap": 1})
    assert await store.undo("Lee") == Policy(pause_s=300)
    assert await store.undo("Lee", "it was right") == Policy(pause_s=60, heavy_cap=1)
    assert [change.by for change in await store.history()] == ["Lee", "Lee", "Kim", "Kim"]


async def test_a_row_that_cannot_be_used_is_ignored(db: Database) -> None:
    """The last good one stays in force, the history says what is wrong, and the next change builds on the good one."""
    store = PolicyStore(db, ManualClock())
    await store.change("Kim", {"pause_s": 300})
    for bad in ('{"pause_s": 1}', '{"of_another_version": 1}', '{"pause_s": "x"}', "[]", "null", '"x"'):
        await add_row(db, bad)
    assert await store.read() == Policy(pause_s=300)
    assert all(change.problem for change in (await store.history())[:6])
    assert await store.change("Kim", {"heavy_cap": 3}) == Policy(pause_s=300, heavy_cap=3)
    assert await store.undo("Kim") == Policy(pause_s=300)


async def test_a_change_reaches_who_watches_at_once(db: Database) -> None:
    """By notification, long before it would be read again; a bad row and a callback that fails end nothing."""
    store, told = PolicyStore(db, ManualClock()), list[Policy]()

    def tell(policy: Policy) -> None:
        told.append(policy)
        if len(told) == 2:
            raise ValueError("a fault of the one who is told")

    watching = asyncio.create_task(store.watch(tell, reread_s=3000), name="watch")
    try:
        await until(lambda: told == [Policy()], 20)
        other = PolicyStore(db, ManualClock())
        await other.change("Kim", {"pause_s": 300})
        await until(lambda: told[-1] == Policy(pause_s=300), 20)
        await add_row(db, '{"pause_s": 1}')
        await db.execute(text("SELECT pg_notify('policy_changed', '')"))
        await other.change("Kim", {"pause_s": 60})
        await until(lambda: told[-1] == Policy(pause_s=60), 20)
        assert len(told) == 3
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def test_a_database_that_goes_away_leaves_the_last_policy_in_force(own_postgres: Postgres) -> None:
    """And when it is back, what changed meanwhile is found by reading again."""
    db = Database(own_postgres.fresh())
    store, told = PolicyStore(db, ManualClock()), list[Policy]()
    await store.change("Kim", {"pause_s": 300})
    watching = asyncio.create_task(store.watch(told.append, reread_s=0.1), name="watch")
    try:
        await until(lambda: told == [Policy(pause_s=300)], 20)
        own_postgres.kill()
        with pytest.raises(DatabaseUnavailable):
            await store.change("Kim", {"pause_s": 60})
        assert store.policy == Policy(pause_s=300)
        own_postgres.start()
        # Quietly, as after a notification that was lost.
        await add_row(db, '{"pause_s": 60}')
        await until(lambda: told[-1] == Policy(pause_s=60), 20)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await db.close()

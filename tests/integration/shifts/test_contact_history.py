"""What the need of a roster learns from the line's own contacts."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlalchemy import text

from core.database import Database
from core.testing import ManualClock
from helpline import contact_history
from tests.integration.routing.rows import add_contact


async def joined(db: Database, at: datetime, kind: str = "phone") -> None:
    """A contact that joined the line then."""
    await db.execute(
        text("UPDATE contacts SET queued_at = CAST(:at AS timestamptz), kind = :kind WHERE id = :id"),
        {"id": await add_contact(db), "at": at.isoformat(), "kind": kind},
    )


async def test_contacts_are_counted_by_the_hour_in_seoul_from_the_first_whole_day_to_yesterday(db: Database) -> None:
    """Not those of today, not call-backs, not those who never joined."""
    clock = ManualClock(datetime(2027, 1, 10, 3, tzinfo=UTC))
    assert await contact_history.read(db, clock) is None
    for at, kind in [
        (datetime(2027, 1, 6, 3, tzinfo=UTC), "phone"),
        (datetime(2027, 1, 6, 15, tzinfo=UTC), "phone"),
        (datetime(2027, 1, 8, 14, 59, tzinfo=UTC), "phone"),
        (datetime(2027, 1, 8, 14, 1, tzinfo=UTC), "phone"),
        (datetime(2027, 1, 8, 14, 2, tzinfo=UTC), "callback"),
        (datetime(2027, 1, 9, 15, tzinfo=UTC), "phone"),
    ]:
        await joined(db, at, kind)
    await add_contact(db)
    history = await contact_history.read(db, clock)
    assert history is not None
    assert (history.period.first, history.period.last) == (date(2027, 1, 7), date(2027, 1, 9))
    assert history.contacts == {(date(2027, 1, 7), 0): 1, (date(2027, 1, 8), 23): 2}


async def test_a_line_that_began_today_has_no_history(db: Database) -> None:
    """Nor one that began yesterday, in the middle of the day."""
    clock = ManualClock(datetime(2027, 1, 10, 3, tzinfo=UTC))
    await joined(db, datetime(2027, 1, 9, 3, tzinfo=UTC))
    assert await contact_history.read(db, clock) is None

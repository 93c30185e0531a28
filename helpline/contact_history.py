"""The line's own contacts, counted for the roster's need."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import DateTime, bindparam, text

from core.clock import Clock, seoul
from core.database import Database
from shifts.forecast import History
from shifts.model import Period

#: Older days say little: in the forecast a day counts half after eight weeks.
DAYS = 448

# Contacts that joined the line, by date and hour in the service's zone; a call-back is work that its first call asked for already.
_COUNTS = text(
    """
    SELECT CAST(queued_at AT TIME ZONE 'Asia/Seoul' AS date) AS day, CAST(extract(hour FROM queued_at AT TIME ZONE 'Asia/Seoul') AS int) AS hour,
        count(*) AS number
    FROM contacts WHERE queued_at >= :since AND queued_at < :until AND kind = 'phone'
    GROUP BY 1, 2
    """
).bindparams(bindparam("since", type_=DateTime(timezone=True)), bindparam("until", type_=DateTime(timezone=True)))


async def read(db: Database, clock: Clock) -> History | None:
    """Whole days up to yesterday, from the first one with a contact on; None for a line that has none yet. Raises `DatabaseError`."""
    today = seoul(clock.now()).date()
    whole = Period(today - timedelta(days=DAYS), today - timedelta(days=1)).span
    rows = await db.execute(_COUNTS, {"since": whole.start, "until": whole.end})
    if not rows:
        return None
    # The first day may have begun in its middle.
    first = min(row.day for row in rows) + timedelta(days=1)
    if first >= today:
        return None
    counts = {(row.day, row.hour): row.number for row in rows if row.day >= first}
    return History(period=Period(first, today - timedelta(days=1)), contacts=counts)

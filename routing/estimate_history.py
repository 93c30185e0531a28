"""The latest calls from the database, so that a program that was restarted estimates as well as before.

The prediction stands in the call's timeline: event `joined`, written when a caller enters the line, with detail `ahead` (callers before
them), `seats` (counsellors on duty) and `predicted_s` (`Estimator.joined` returns it; absent when there was none).
"""

from __future__ import annotations

import math
from datetime import datetime

from sqlalchemy import text

from core.database import Database
from routing.calibration import WINDOW
from routing.estimate import Sample
from routing.talks import TALKS

#: Half of the callers meet a free seat, and a window's worth of those who waited is wanted.
LIMIT = 2 * WINDOW

# Call-backs do not wait in the line by themselves. A call that somebody outside of the counsellors took, or that the dialplan connected
# without us, had waited at least so long.
_RECENT = text(
    f"""
    WITH latest AS (
        SELECT c.id, c.answered_at, c.ended_at, c.outcome, c.state, c.kind
        FROM contacts c WHERE c.queued_at IS NOT NULL ORDER BY c.entered_at DESC LIMIT :limit
    ), talks AS ({TALKS} AND o.contact_id IN (SELECT id FROM latest))
    SELECT j.at AS joined_at, j.detail, c.kind, c.answered_at, c.ended_at,
           coalesce(c.outcome, c.state) IN ('talked', 'dropped', 'talking') AS by_counsellor,
           extract(epoch FROM h.seconds)::float8 AS handled_s
    FROM latest c
    LEFT JOIN LATERAL (
        SELECT e.at, e.detail FROM events e WHERE e.contact_id = c.id AND e.kind = 'joined' ORDER BY e.at, e.id LIMIT 1
    ) j ON true
    LEFT JOIN LATERAL (
        SELECT sum(t.wrapped - t.began) AS seconds FROM talks t WHERE t.contact_id = c.id AND t.wrapped IS NOT NULL
    ) h ON true
    ORDER BY coalesce(c.answered_at, c.ended_at) NULLS LAST
    """  # noqa: S608 - put together from constants
)


async def recent(db: Database, *, wrapup_s: float, limit: int = LIMIT) -> list[Sample]:
    """The samples of the latest `limit` calls, oldest end first, for `Estimator.load`. Raises `DatabaseUnavailable`, `DatabaseError`."""
    rows = await db.execute(_RECENT, {"limit": limit, "wrapup_s": wrapup_s})
    return [
        _sample(
            row.joined_at if row.kind == "phone" else None,
            row.detail or {},
            answered_at=row.answered_at if row.by_counsellor else None,
            over_at=row.answered_at or row.ended_at,
            handled_s=row.handled_s,
        )
        for row in rows
    ]


def _sample(
    joined_at: datetime | None,
    detail: dict[str, object],
    *,
    answered_at: datetime | None,
    over_at: datetime | None,
    handled_s: float | None,
) -> Sample:
    ahead, seats, predicted_s = _number(detail.get("ahead")), _number(detail.get("seats")), _number(detail.get("predicted_s"))
    if joined_at is None or ahead is None:
        # It waited otherwise than the line's callers do; its talk took its time all the same.
        return Sample(handled_s=handled_s)
    return Sample(
        queued_at=joined_at,
        ahead=int(ahead),
        seats=int(seats or 0),
        answered_at=answered_at,
        left_at=None if answered_at else over_at,
        predicted_s=predicted_s,
        handled_s=handled_s,
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None

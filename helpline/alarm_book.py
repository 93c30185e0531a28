"""Reading alarms, with what became of them, and marking them as seen. They are raised by `core.alarms`."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from core.database import Database
from core.errors import AnnyeongError


class AlarmBookError(AnnyeongError):
    """There is no such alarm, or several."""


_ALARMS = text(
    """
    SELECT a.id, a.kind, a.at, a.about, a.detail, a.seen_at, a.seen_by, (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'channel', d.channel, 'state', d.state, 'round', d.round, 'attempts', d.attempts, 'sent_at', d.sent_at, 'next_at', d.next_at,
            'last_error', d.last_error) ORDER BY d.channel), '[]')
        FROM alarm_deliveries AS d WHERE d.alarm_id = a.id
    ) AS deliveries
    FROM alarms AS a WHERE a.seen_at IS NULL OR :everything ORDER BY a.seen_at IS NOT NULL, a.at DESC LIMIT :limit
    """
)
_FIND = text("SELECT id, seen_by FROM alarms WHERE CAST(id AS text) LIKE :beginning || '%' ORDER BY id LIMIT 5")
# Whoever is second learns who was first.
_SEEN = text(
    """
    UPDATE alarms SET seen_at = coalesce(seen_at, :now), seen_by = coalesce(seen_by, :by) WHERE id = CAST(:id AS uuid)
    RETURNING seen_by, seen_at
    """
)


async def alarms(db: Database, *, everything: bool = False, limit: int = 200) -> list[Row[Any]]:
    """Those nobody has seen to, newest first; with `everything` the others after them. Each with its deliveries, by channel."""
    return await db.execute(_ALARMS, {"everything": everything, "limit": limit})


async def seen(db: Database, beginning: str, *, by: str, now: datetime) -> Row[Any]:
    """Somebody has seen to the alarm whose id begins so; the first one counts, and is returned. Raises AlarmBookError."""
    nonsense = not re.fullmatch(r"[0-9a-fA-F-]{1,36}", beginning)
    found = [] if nonsense else await db.execute(_FIND, {"beginning": beginning.lower()})
    if not found:
        raise AlarmBookError(f"그런 경보가 없습니다: {beginning} / There is no such alarm: see `annyeong120 alarms`")
    if len(found) > 1:
        raise AlarmBookError(f"{beginning}: 여러 경보 / several alarms: {', '.join(str(row.id) for row in found)}")
    return (await db.execute(_SEEN, {"id": str(found[0].id), "by": by, "now": now}))[0]

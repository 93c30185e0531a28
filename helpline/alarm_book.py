"""Reading alarms and marking them as seen. They are raised by `core.alarms`."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from core.database import Database
from core.errors import AnnyeongError


class AlarmBookError(AnnyeongError):
    """There is no such alarm, or several."""


_ALARMS = text("SELECT * FROM alarms WHERE seen_at IS NULL OR :everything ORDER BY seen_at IS NOT NULL, at DESC LIMIT :limit")
_FIND = text("SELECT id, seen_by FROM alarms WHERE CAST(id AS text) LIKE :beginning || '%' ORDER BY id LIMIT 5")
# Whoever is second learns who was first.
_SEEN = text(
    """
    UPDATE alarms SET seen_at = coalesce(seen_at, :now), seen_by = coalesce(seen_by, :by) WHERE id = CAST(:id AS uuid)
    RETURNING seen_by, seen_at
    """
)


async def alarms(db: Database, *, everything: bool = False, limit: int = 200) -> list[Row[Any]]:
    """Those nobody has seen to, newest first; with `everything` the others after them."""
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

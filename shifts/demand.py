"""How many are needed when, from the database."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from shifts import tables as t
from shifts.model import Demand


async def demand(session: AsyncConnection) -> tuple[Demand, ...]:
    """How many are needed when."""
    rows = await session.execute(select(t.demand).order_by(t.demand.c.starts, t.demand.c.id))
    return tuple(
        Demand(
            starts=row.starts,
            minutes=row.minutes,
            least=row.least,
            wanted=row.wanted,
            weekdays=frozenset(row.weekdays),
            skill=row.skill,
        )
        for row in rows
    )

"""How many are needed when, from the database; and what the forecast of the load would make of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import time

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.ids import new_id
from shifts import tables as t
from shifts.model import Demand

_DAY_MINUTES, _WEEK = 1440, 7
_STEP = 30


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


async def replace(session: AsyncConnection, rows: Sequence[Demand]) -> None:
    """All of it anew."""
    await session.execute(delete(t.demand))
    found = [
        {
            "id": new_id(),
            "starts": one.starts,
            "minutes": one.minutes,
            "least": one.least,
            "wanted": one.wanted,
            "weekdays": sorted(one.weekdays),
            "skill": one.skill,
        }
        for one in rows
    ]
    if found:
        await session.execute(insert(t.demand), found)


def with_wanted(now: Iterable[Demand], need: Iterable[Demand]) -> tuple[Demand, ...]:
    """Today's demand with `need` as what is wanted: the least numbers stay, and so do rows that ask for a skill. Pure.

    Wanted is never below the least. In steps of half an hour; neighbours with the same numbers are one, weekdays with the same share it.
    """
    now = tuple(now)
    plain = [one for one in now if one.skill is None]
    least, wanted = _most(plain, "least"), _most(need, "wanted")
    found: dict[tuple[int, int, int, int], set[int]] = {}
    for weekday in range(_WEEK):
        pairs = [(low, max(low, high)) for low, high in zip(least[weekday], wanted[weekday], strict=True)]
        begin = 0
        for at, pair in enumerate(pairs):
            if at + 1 == len(pairs) or pairs[at + 1] != pair:
                if pair != (0, 0):
                    found.setdefault((begin * _STEP, (at + 1 - begin) * _STEP, *pair), set()).add(weekday)
                begin = at + 1
    made = (
        Demand(
            starts=time(*divmod(start, 60)),
            minutes=minutes,
            least=low,
            wanted=high,
            weekdays=frozenset() if len(weekdays) == _WEEK else frozenset(weekdays),
        )
        for (start, minutes, low, high), weekdays in sorted(found.items(), key=lambda item: (item[0], min(item[1])))
    )
    return (*made, *(one for one in now if one.skill is not None))


def _most(rows: Iterable[Demand], name: str) -> list[list[int]]:
    """By weekday and step: the greatest number asked for. What reaches over midnight is asked for on the next weekday's morning."""
    found = [[0] * (_DAY_MINUTES // _STEP) for _ in range(_WEEK)]
    for one in rows:
        begins = one.starts.hour * 60 + one.starts.minute
        number: int = getattr(one, name)
        for weekday in one.weekdays or range(_WEEK):
            for minute in range(begins // _STEP * _STEP, begins + one.minutes, _STEP):
                later, within = divmod(minute, _DAY_MINUTES)
                row = found[(weekday + later) % _WEEK]
                row[within // _STEP] = max(row[within // _STEP], number)
    return found

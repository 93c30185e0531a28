"""The house's own values of the rules, from a month on: what differs from the program's, who set it and when.

A month's roster is checked and searched with what is valid on its first day, so a value belongs to a month; earlier months keep theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from core.clock import Clock, seoul
from core.database import Database
from shifts import repository
from shifts import tables as t
from shifts.errors import OutOfPeriod
from shifts.rules import Parameters, parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The latest change of a rule that is valid in a month."""

    since: date
    at: datetime
    by: UUID | None


class HouseRules:
    """See the module. Raises `DatabaseUnavailable`."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def of(self, first: date) -> tuple[Parameters, Mapping[str, Setting]]:
        """The values of the month that begins on `first`, and by rule who changed it last."""
        r = t.rule_parameters.c
        async with self._db.begin() as session:
            values = await repository.rule_parameters(session, first)
            rows = await session.execute(select(t.rule_parameters).where(r.valid_from <= first).order_by(r.valid_from, r.set_at))
            return values, {row.name.partition(".")[0]: Setting(since=row.valid_from, at=row.set_at, by=row.set_by) for row in rows}

    async def put(self, rule: str, values: Mapping[str, int], *, first: date, by: UUID | None) -> None:
        """Set parameters of a rule from a month on; what is set for a later one already stays.

        Raises `InvalidParameter`; `OutOfPeriod` for a month before the current one: what was worked is not judged anew.
        """
        parameters({rule: values})
        now = self._clock.now()
        if first.day != 1 or first < seoul(now).date().replace(day=1):
            raise OutOfPeriod("rules change from this month on at the earliest", day=first.isoformat())
        rows = [
            {"name": f"{rule}.{name}", "valid_from": first, "value": value, "set_at": now, "set_by": by} for name, value in values.items()
        ]
        if not rows:
            return
        statement = upsert(t.rule_parameters)
        changed = {name: statement.excluded[name] for name in ("value", "set_at", "set_by")}
        keys = [t.rule_parameters.c.name, t.rule_parameters.c.valid_from]
        async with self._db.begin() as session:
            await session.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), rows)

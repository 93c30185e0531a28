"""Months to solve, from a seed."""

from __future__ import annotations

from datetime import date, time, timedelta
from random import Random
from uuid import UUID

from shifts.model import (
    DEFAULT_SHIFT_TYPES,
    Demand,
    Leave,
    LeaveKind,
    NightWork,
    Period,
    Person,
    RequestState,
    Roster,
    Setting,
    Wish,
)

FIRST = date(2026, 3, 2)


def people(number: int) -> dict[UUID, Person]:
    """So many; every fifth is a supervisor, the last may not work at night."""
    return {
        UUID(int=each + 1): Person(
            id=UUID(int=each + 1),
            name=f"P{each:02}",
            supervisor=each % 5 == 0,
            night_work=NightWork.NO_CONSENT if number > 5 and each == number - 1 else NightWork.ALLOWED,
        )
        for each in range(number)
    }


def demand(day: int = 2, evening: int = 2, night: int = 1, wanted: int = 3) -> tuple[Demand, ...]:
    """Least numbers by shift."""
    return (
        Demand(starts=time(7), minutes=480, least=day, wanted=wanted),
        Demand(starts=time(15), minutes=480, least=evening, wanted=wanted),
        Demand(starts=time(23), minutes=480, least=night, wanted=min(wanted, 2)),
    )


def month(seed: int, *, number: int = 14, days: int = 28, wishes: int = 30, leaves: int = 6) -> tuple[Setting, Roster]:
    """An empty month with wishes and leave."""
    dice = Random(seed)
    who = people(number)
    ids = list(who)
    wished = tuple(
        Wish(
            person_id=dice.choice(ids),
            day=FIRST + timedelta(days=dice.randrange(days)),
            code=dice.choice([None, None, "D", "E", "N"]),
            wanted=dice.random() < 0.3,
            weight=dice.randint(1, 5),
        )
        for _ in range(wishes)
    )
    away = []
    for each in range(leaves):
        first = FIRST + timedelta(days=dice.randrange(days))
        state = RequestState.APPROVED if dice.random() < 0.8 else RequestState.REQUESTED
        kind = dice.choice([LeaveKind.ANNUAL, LeaveKind.SICK])
        away.append(
            Leave(
                id=UUID(int=1000 + each),
                person_id=dice.choice(ids),
                first=first,
                last=first + timedelta(days=dice.randint(0, 4)),
                kind=kind,
                state=state,
            )
        )
    # Ten and fewer cannot hold three shifts; they are asked for two.
    setting = Setting(
        people=who,
        shift_types=DEFAULT_SHIFT_TYPES,
        leaves=tuple(away),
        wishes=wished,
        demand=demand() if number > 10 else demand(1, 1, 0, 1),
    )
    return setting, Roster(period=Period(FIRST, FIRST + timedelta(days=days - 1)))

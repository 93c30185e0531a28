"""Rules on sharing: nobody has many more nights, weekends or holidays than an even share.

A share is in proportion to the days on which somebody could have been rostered (employed, not on approved leave) times their agreed hours;
nights are shared only among those who may work them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from uuid import UUID

from shifts.model import NightWork, Person
from shifts.rules.ground import Ground, Kind, Work
from shifts.rules.violation import Mend, Violation

_SATURDAY = 5
_NIGHTS, _WEEKENDS, _HOLIDAYS = attrgetter("nights"), attrgetter("weekends"), attrgetter("holidays")


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one person, on the line, in the period."""

    nights: int = 0
    weekends: int = 0
    holidays: int = 0


def counts(ground: Ground, line: Sequence[Work]) -> Counts:
    """Of the shifts of one person."""
    mine = [work for work in line if work.number >= ground.first]
    return Counts(
        nights=sum(work.kind is Kind.NIGHT for work in mine),
        weekends=sum(work.day.weekday() >= _SATURDAY for work in mine),
        holidays=sum(work.day in ground.setting.holidays for work in mine),
    )


@dataclass(frozen=True, slots=True)
class _Sharing:
    rule: str
    count: Callable[[Counts], int]
    over: int
    #: Weights of those who share; their sum.
    among: Mapping[UUID, int]
    total: int


class Sharing:
    """Who shares what with whom, in which proportion: the same for a setting and a period, whatever the roster."""

    def __init__(self, ground: Ground) -> None:
        self._day = ground.period.first
        people = ground.setting.people.values()
        everybody = {person.id: weight for person in people if (weight := _weight(ground, person)) > 0}
        at_night = {id_: weight for id_, weight in everybody.items() if ground.setting.people[id_].night_work is NightWork.ALLOWED}
        parts = (("fair_nights", _NIGHTS, at_night), ("fair_weekends", _WEEKENDS, everybody), ("fair_holidays", _HOLIDAYS, everybody))
        self._parts = [
            _Sharing(rule, count, ground.parameters.value(rule, "over"), among, sum(among.values()))
            for rule, count, among in parts
            if ground.parameters.on(rule)
        ]

    def check(self, found: Mapping[UUID, Counts]) -> Iterator[Violation]:
        """Who has more than an even share and what is tolerated beyond it."""
        for part in self._parts:
            total = sum(part.count(found[person_id]) for person_id in part.among)
            for person_id, weight in part.among.items():
                count = part.count(found[person_id])
                # In whole numbers, so that the same roster always gives the same answer.
                if (count - part.over) * part.total > total * weight:
                    yield Violation(
                        rule=part.rule,
                        person_id=person_id,
                        day=self._day,
                        days=(self._day,),
                        values={"count": count, "share": f"{total * weight / part.total:.1f}"},
                        mend=Mend(key="share"),
                    )


def _weight(ground: Ground, person: Person) -> int:
    away = ground.approved.get(person.id, set[int]())
    days = sum(1 for day in ground.period if person.employed_on(day) and day.toordinal() not in away)
    return days * person.contract_minutes

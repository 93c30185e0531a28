"""Who can take a shift that is open, and who can exchange shifts with whom. Pure; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from uuid import UUID

from shifts.errors import UnknownPerson, UnknownShift
from shifts.fairness import Tally, fairness
from shifts.model import Assignment, Duty, Person, Roster, Setting
from shifts.rules import Checker, Level, Parameters, Violation
from shifts.rules.check import in_order


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody for an open shift."""

    person_id: UUID
    #: Rules that taking it would break, or break more, the gravest first.
    breaks_rules: tuple[Violation, ...]
    #: Of the period, without the shift.
    tally: Tally
    #: On standby at the time: asked first among equals.
    standby: bool = False

    @property
    def lawful(self) -> bool:
        """Whether no hard rule stands in the way."""
        return all(violation.level is not Level.HARD for violation in self.breaks_rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """Two people exchange what they have on one day, one of them perhaps nothing."""

    day: date
    first: UUID
    second: UUID
    remove: tuple[Assignment, ...]
    add: tuple[Assignment, ...]
    #: Rules that it would break, or break more, and those that it would mend.
    breaks_rules: tuple[Violation, ...]
    mends: tuple[Violation, ...]

    @property
    def lawful(self) -> bool:
        """Whether no hard rule stands in the way."""
        return all(violation.level is not Level.HARD for violation in self.breaks_rules)


def candidates(setting: Setting, roster: Roster, open_shift: tuple[date, str], parameters: Parameters) -> tuple[Candidate, ...]:
    """Everybody for a shift of that date and code, the lawful first, then by what it would break, then whoever has worked least.

    Who has that very shift already is not among them. Raises `UnknownShift`.
    """
    day, code = open_shift
    if code not in setting.shift_types:
        raise UnknownShift(f"there is no shift {code!r}", shift=code)
    checker = Checker(setting, roster, parameters)
    tallies = fairness(setting, roster)
    cells = roster.cells()
    found = []
    for person_id in setting.people:
        has = cells.get((person_id, day), ())
        if any(each.code == code for each in has):
            continue
        standby = tuple(each for each in has if _standby(setting, each))
        # Whoever is called in is no longer on standby.
        add = Assignment(day=day, person_id=person_id, code=code)
        after = checker.of_with(person_id, standby, (add,))
        found.append(
            Candidate(
                person_id=person_id,
                breaks_rules=_beyond(checker.of(person_id), after),
                tally=tallies[person_id],
                standby=bool(standby),
            )
        )
    return tuple(sorted(found, key=lambda each: _candidate_order(setting, each)))


def swaps(
    setting: Setting, roster: Roster, parameters: Parameters, *, day: date | None = None, person_id: UUID | None = None
) -> tuple[Swap, ...]:
    """Every exchange on one date (or, of all, on any) in which somebody takes part, that breaks no hard rule; the least harmful first.

    Two with the same shifts have nothing to exchange. Raises `UnknownPerson`.
    """
    if person_id is not None and person_id not in setting.people:
        raise UnknownPerson("nobody of that id is in the roster", person=str(person_id))
    search = _Exchange(setting, Checker(setting, roster, parameters), roster)
    found: list[Swap] = []
    for date_ in roster.period if day is None else (day,):
        for first, second in combinations(setting.people, 2):
            if person_id is None or person_id in {first, second}:
                found.extend(search.swap(date_, first, second))
    return tuple(sorted(found, key=lambda each: (_weight(each.breaks_rules), -len(each.mends), each.day, each.first, each.second)))


class _Exchange:
    """Tries exchanges. What one cell's shifts would do to one person is asked of many pairs, and looked up once."""

    def __init__(self, setting: Setting, checker: Checker, roster: Roster) -> None:
        self._setting = setting
        self._checker = checker
        self._cells = roster.cells()
        self._asked_for = {demand.skill for demand in setting.demand}
        self._known: dict[tuple[UUID, date, tuple[object, ...]], tuple[tuple[Violation, ...], tuple[Violation, ...]]] = {}

    def swap(self, day: date, first: UUID, second: UUID) -> Iterator[Swap]:
        ones, others = self._cells.get((first, day), ()), self._cells.get((second, day), ())
        if [_what(each) for each in ones] == [_what(each) for each in others]:
            return
        if any(each.code not in self._setting.shift_types for each in (*ones, *others)):
            return
        new_first, old_first = self._effect(first, day, ones, others)
        new_second, old_second = self._effect(second, day, others, ones)
        broken, mended = (*new_first, *new_second), (*old_first, *old_second)
        if any(violation.level is Level.HARD for violation in broken):
            return
        remove = (*ones, *others)
        add = (*_given(others, first), *_given(ones, second))
        if not self._alike(first, second):
            # Whoever has a skill or is a supervisor is missed where they leave.
            before, after = self._checker.line(day), self._checker.line_with(day, remove, add)
            broken += _beyond(before, after)
            mended += _beyond(after, before)
        yield Swap(day=day, first=first, second=second, remove=remove, add=add, breaks_rules=in_order(broken), mends=in_order(mended))

    def _effect(
        self, person_id: UUID, day: date, has: Sequence[Assignment], gets: Sequence[Assignment]
    ) -> tuple[tuple[Violation, ...], tuple[Violation, ...]]:
        key = (person_id, day, tuple(_what(each) for each in gets))
        if key not in self._known:
            before = self._checker.of(person_id)
            after = self._checker.of_with(person_id, has, tuple(_given(gets, person_id)))
            self._known[key] = _beyond(before, after), _beyond(after, before)
        return self._known[key]

    def _alike(self, first: UUID, second: UUID) -> bool:
        one, other = self._setting.people[first], self._setting.people[second]
        skills = ((one.skills | one.languages) ^ (other.skills | other.languages)) & self._asked_for
        return not skills and one.supervisor == other.supervisor


def _what(assignment: Assignment) -> tuple[object, ...]:
    return assignment.code, assignment.pauses


def _given(assignments: Iterable[Assignment], person_id: UUID) -> Iterator[Assignment]:
    return (Assignment(day=each.day, person_id=person_id, code=each.code, pauses=each.pauses) for each in assignments)


def _standby(setting: Setting, assignment: Assignment) -> bool:
    kind = setting.shift_types.get(assignment.code)
    return kind is not None and kind.duty is Duty.STANDBY


def _beyond(before: Sequence[Violation], after: Sequence[Violation]) -> tuple[Violation, ...]:
    """What is in the second and not, as it is, in the first."""
    known = {violation.key: violation for violation in before}
    return in_order(violation for violation in after if known.get(violation.key) != violation)


def _weight(violations: Iterable[Violation]) -> tuple[int, int, int]:
    """How many hard rules, policies and wishes."""
    levels = [violation.level for violation in violations]
    return levels.count(Level.HARD), levels.count(Level.POLICY), levels.count(Level.WISH)


def _candidate_order(setting: Setting, candidate: Candidate) -> tuple[object, ...]:
    person: Person = setting.people[candidate.person_id]
    weight = _weight(candidate.breaks_rules)
    # Hours in proportion to what is agreed: part-timers are not asked first just because they work less.
    share = candidate.tally.minutes / max(1, person.contract_minutes)
    return *weight[:2], not candidate.standby, weight[2], share, candidate.tally.nights, person.name, person.id

"""The check of a whole roster, and the one that follows edits.

Everything found belongs to one of four places: a person, the demand of a date, the supervisor of a date, the sharing among all. An edit
looks again at the places that it can have changed and at no others.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shifts.model import Assignment, Roster, Setting
from shifts.rules import availability, cover, fair, hours, sequences
from shifts.rules.catalogue import Level
from shifts.rules.ground import Ground, Work, history
from shifts.rules.line import Line
from shifts.rules.parameters import Parameters
from shifts.rules.violation import Violation

#: Where a violation belongs.
Place = tuple[str, Hashable]


@dataclass(frozen=True, slots=True)
class Delta:
    """What an edit changed: violations that are gone and new ones. One that only became worse or better is in both, as it was and is."""

    gone: tuple[Violation, ...]
    new: tuple[Violation, ...]


def check(setting: Setting, roster: Roster, parameters: Parameters) -> tuple[Violation, ...]:
    """Everything wrong with a roster, the gravest first. Keeps nothing and relies on nothing found before."""
    ground = Ground(setting, roster.period, parameters)
    by_person: dict[UUID, list[Assignment]] = {person_id: [] for person_id in setting.people}
    by_day: dict[int, list[Assignment]] = {}
    past = history(roster)
    found: list[Violation] = []
    found += (wrong for each in roster.assignments if (wrong := availability.impossible(ground, each)) is not None)
    for assignment in (*past, *(each for each in roster.assignments if each.day in roster.period)):
        if assignment.person_id in by_person:
            by_person[assignment.person_id].append(assignment)
            by_day.setdefault(assignment.day.toordinal(), []).append(assignment)
    counts = {}
    for person_id, assignments in by_person.items():
        works = ground.works(assignments)
        found += of_person(ground, person_id, works)
        counts[person_id] = fair.counts(ground, hours.on_the_line(works))
    line = Line(ground)
    for number, together in by_day.items():
        line.put(number, together)
    for number in range(ground.first, ground.last + 1):
        found += cover.cover(ground, line, number)
        found += cover.supervisor(ground, line, number, history=bool(past))
    found += fair.Sharing(ground).check(counts)
    return in_order(violation for violation in found if ground.asked(violation))


def of_person(ground: Ground, person_id: UUID, works: list[Work]) -> Iterator[Violation]:
    """Everything wrong with one person's shifts, which are all of the roster and of the days before, in order of time."""
    person = ground.setting.people[person_id]
    line = hours.on_the_line(works)
    yield from sequences.overlaps(ground, works)
    yield from availability.away(ground, person, works)
    yield from hours.week_rules(ground, person, line)
    yield from hours.breaks(ground, line)
    yield from hours.night_work(ground, person, line)
    yield from hours.runs(ground, line)
    yield from sequences.sequences(ground, line)
    yield from availability.wishes(ground, person_id, line)


def in_the_way(violations: Iterable[Violation], overridden: Collection[str] = ()) -> tuple[Violation, ...]:
    """What a roster cannot be published with: hard rules broken, and policies whose keys are not among those overridden with a reason."""
    return tuple(
        violation
        for violation in violations
        if violation.level is Level.HARD or (violation.level is Level.POLICY and violation.key not in overridden)
    )


class Checker:
    """Keeps what is wrong with a roster up to date through edits, in milliseconds each. Not to be shared between threads."""

    def __init__(self, setting: Setting, roster: Roster, parameters: Parameters) -> None:
        self._ground = Ground(setting, roster.period, parameters)
        self._before = roster.before
        self._assignments: set[Assignment] = set()
        self._by_person: dict[UUID, set[Assignment]] = {person_id: set() for person_id in setting.people}
        self._by_day: dict[int, set[Assignment]] = {}
        self._line = Line(self._ground)
        self._demand_reach = cover.demand_reach(self._ground)
        self._sharing = fair.Sharing(self._ground)
        self._counts = dict.fromkeys(setting.people, fair.Counts())
        self._found: dict[Place, tuple[Violation, ...]] = {}
        past = history(roster)
        self._history = bool(past)
        for assignment in past:
            self._place(assignment)
        self._put(roster.assignments)
        for number, together in self._by_day.items():
            self._line.put(number, together)
        self._impossible({(each.person_id, each.day) for each in roster.assignments if self._cannot_be(each)})
        self._look(self._by_person, range(self._ground.first, self._ground.last + 1))

    @property
    def roster(self) -> Roster:
        """As it is after all edits."""
        return Roster(period=self._ground.period, assignments=frozenset(self._assignments), before=self._before)

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Everything wrong now, the gravest first."""
        return in_order(violation for found in self._found.values() for violation in found)

    def edit(self, remove: Iterable[Assignment] = (), add: Iterable[Assignment] = ()) -> Delta:
        """Makes a change, in the sense of `Roster.changed`, and says what it does. Removing what is not there changes nothing."""
        gone, come = self._really(remove, add)
        return self._change(gone, come)

    def would(self, remove: Iterable[Assignment] = (), add: Iterable[Assignment] = ()) -> Delta:
        """What a change would do, without making it."""
        gone, come = self._really(remove, add)
        delta = self._change(gone, come)
        self._change(come, gone)
        return delta

    def of(self, person_id: UUID) -> tuple[Violation, ...]:
        """What is wrong with one person's own shifts now; sharing, wishes of others and cover are not among it."""
        return self._found.get(("person", person_id), ())

    def of_with(self, person_id: UUID, remove: Collection[Assignment], add: Collection[Assignment]) -> tuple[Violation, ...]:
        """The same after a change to the person's shifts, which is not made. Raises `KeyError` for somebody not in the setting."""
        works = self._ground.works((self._by_person[person_id] - {*remove}) | {*add})
        return tuple(each for each in of_person(self._ground, person_id, works) if self._ground.asked(each))

    def line_with(self, day: date, remove: Collection[Assignment], add: Collection[Assignment]) -> tuple[Violation, ...]:
        """What would be wrong with cover and supervisors on a date and its neighbours after a change to its shifts, which is not made."""
        number = day.toordinal()
        line = self._line.with_day(number, (self._by_day.get(number, set()) - {*remove}) | {*add})
        found = (each for other in self._touched(number) for each in self._of_day(line, other))
        return tuple(each for each in found if self._ground.asked(each))

    def line(self, day: date) -> tuple[Violation, ...]:
        """What is wrong with cover and supervisors on a date and its neighbours now."""
        return tuple(each for number in self._touched(day.toordinal()) for each in self._found.get(("day", number), ()))

    def _touched(self, number: int) -> Iterator[int]:
        """The dates of the period that shifts of a date can matter to."""
        first, last = number - self._demand_reach, number + self._line.reach
        return iter(range(max(first, self._ground.first), min(last, self._ground.last) + 1))

    def _of_day(self, line: Line, number: int) -> Iterator[Violation]:
        yield from cover.cover(self._ground, line, number)
        yield from cover.supervisor(self._ground, line, number, history=self._history)

    def _really(self, remove: Iterable[Assignment], add: Iterable[Assignment]) -> tuple[set[Assignment], set[Assignment]]:
        wanted = set(add)
        return (set(remove) & self._assignments) - wanted, wanted - self._assignments

    def _change(self, gone: set[Assignment], come: set[Assignment]) -> Delta:
        before: dict[Place, tuple[Violation, ...]] = {}
        for assignment in gone:
            self._assignments.discard(assignment)
            if assignment.person_id in self._by_person and assignment.day in self._ground.period:
                self._by_person[assignment.person_id].discard(assignment)
                self._by_day[assignment.day.toordinal()].discard(assignment)
        self._put(come)
        before |= self._impossible({(each.person_id, each.day) for each in gone | come if self._cannot_be(each)})
        days = {each.day.toordinal() for each in gone | come}
        for number in days:
            self._line.put(number, self._by_day.get(number, ()))
        within = {other for number in days for other in self._touched(number)}
        before |= self._look({each.person_id for each in gone | come} & self._by_person.keys(), within)
        return self._delta(before)

    def _put(self, assignments: Iterable[Assignment]) -> None:
        for assignment in assignments:
            self._assignments.add(assignment)
            if assignment.day in self._ground.period:
                self._place(assignment)

    def _cannot_be(self, assignment: Assignment) -> bool:
        return availability.impossible(self._ground, assignment) is not None

    def _impossible(self, cells: set[tuple[UUID, date]]) -> dict[Place, tuple[Violation, ...]]:
        """Looks again at cells with assignments that cannot be; returns what was known of each before."""
        before: dict[Place, tuple[Violation, ...]] = {("cell", cell): self._found.get(("cell", cell), ()) for cell in cells}
        for cell in cells:
            there = (each for each in self._assignments if (each.person_id, each.day) == cell)
            wrong = (availability.impossible(self._ground, each) for each in there)
            self._found["cell", cell] = tuple(each for each in wrong if each is not None and self._ground.asked(each))
        return before

    def _place(self, assignment: Assignment) -> None:
        if assignment.person_id in self._by_person:
            self._by_person[assignment.person_id].add(assignment)
            self._by_day.setdefault(assignment.day.toordinal(), set()).add(assignment)

    def _look(self, people: Iterable[UUID], days: Iterable[int]) -> dict[Place, tuple[Violation, ...]]:
        """Looks again at some people, some dates and the sharing; returns what was known of each place before."""
        fresh: dict[Place, list[Violation]] = {}
        counts = dict(self._counts)
        for person_id in people:
            works = self._ground.works(self._by_person[person_id])
            fresh["person", person_id] = list(of_person(self._ground, person_id, works))
            self._counts[person_id] = fair.counts(self._ground, hours.on_the_line(works))
        for number in days:
            fresh["day", number] = list(self._of_day(self._line, number))
        if counts != self._counts:
            fresh["sharing", None] = list(self._sharing.check(self._counts))
        before = {place: self._found.get(place, ()) for place in fresh}
        for place, found in fresh.items():
            self._found[place] = tuple(each for each in found if self._ground.asked(each))
        return before

    def _delta(self, before: dict[Place, tuple[Violation, ...]]) -> Delta:
        was = _by_key(each for found in before.values() for each in found)
        now = _by_key(each for place in before for each in self._found.get(place, ()))
        return Delta(
            gone=in_order(each for key, each in was.items() if now.get(key) != each),
            new=in_order(each for key, each in now.items() if was.get(key) != each),
        )


def in_order(violations: Iterable[Violation]) -> tuple[Violation, ...]:
    """One of each key, the gravest first, then by date."""
    return tuple(sorted(_by_key(violations).values(), key=lambda each: each.order))


def _by_key(violations: Iterable[Violation]) -> dict[str, Violation]:
    """One of each key: two shifts in one cell may break a rule in the same words. Which one does not depend on their order."""
    found: dict[str, Violation] = {}
    for violation in violations:
        other = found.setdefault(violation.key, violation)
        if other is not violation and str(violation) < str(other):
            found[violation.key] = violation
    return found

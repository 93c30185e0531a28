"""Rosters as the API answers them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from core.clock import seoul
from desk.roster.eyes import PRIVATE, Eyes
from desk.roster.models import (
    AwayOut,
    CellOut,
    ChangeOut,
    PersonOut,
    ShiftTypeOut,
    SlotOut,
    TallyOut,
    ViolationKind,
    ViolationOut,
    WishOut,
)
from shifts.coverage import Slot, thin
from shifts.edits import Change, cells
from shifts.fairness import Tally
from shifts.model import Assignment, Duty, Leave, Period, Person, Setting, ShiftType, Wish
from shifts.need import Need
from shifts.rules import Violation
from shifts.words import day_words, range_words


def person(one: Person, eyes: Eyes) -> PersonOut:
    """Somebody."""
    return PersonOut(
        id=one.id,
        name=one.name,
        extension=one.extension,
        skills=sorted(one.skills),
        languages=sorted(one.languages),
        night_work=str(one.night_work) if eyes.why(one.id) else None,
        protection=one.protection.value if one.protection is not None and eyes.why(one.id) else None,
        supervisor=one.supervisor,
    )


def shift_type(kind: ShiftType) -> ShiftTypeOut:
    """A kind of shift."""
    return ShiftTypeOut(
        code=kind.code,
        name=kind.name,
        name_en=kind.name_en,
        starts=kind.starts.isoformat("minutes"),
        minutes=kind.minutes,
        duty=kind.duty.value,
    )


def cells_out(assignments: Iterable[Assignment]) -> list[CellOut]:
    """By day and person; empty ones are left out."""
    found = cells(assignments)
    return [cell(*key, found[key]) for key in sorted(found, key=lambda key: (key[1], key[0]))]


def cell(person_id: UUID, day: date, held: Iterable[Assignment]) -> CellOut:
    """One cell; pinned if all in it are."""
    held = list(held)
    return CellOut(person=person_id, day=day, codes=codes(held), pinned=bool(held) and all(one.pinned for one in held))


def codes(held: Iterable[Assignment]) -> list[str]:
    """Of a cell, in order."""
    return sorted(one.code for one in held)


def changed(changes: Iterable[Change]) -> list[CellOut]:
    """The cells as they are afterwards."""
    return [cell(one.person_id, one.day, one.after) for one in changes]


def change(one: Change) -> ChangeOut:
    """A cell before and after."""
    after = cell(one.person_id, one.day, one.after)
    return ChangeOut(person=one.person_id, day=one.day, before=codes(one.before), after=after.codes, pinned=after.pinned)


def changes_out(changes: Iterable[Change]) -> list[ChangeOut]:
    """Those that change who works what; a mark alone is none of them."""
    return [change(one) for one in changes if codes(one.before) != codes(one.after)]


def away(leave: Leave, eyes: Eyes) -> AwayOut:
    """Days off."""
    kind = str(leave.kind) if eyes.why(leave.person_id) else None
    return AwayOut(id=leave.id, person=leave.person_id, first=leave.first, last=leave.last, kind=kind, state=str(leave.state))


def wish(one: Wish) -> WishOut:
    """A wish."""
    return WishOut(person=one.person_id, day=one.day, code=one.code, wanted=one.wanted, weight=one.weight)


#: What a violation is about, where it is about no shift of somebody's but a wish, the line or the sharing.
_KINDS: dict[str, ViolationKind] = {
    **dict.fromkeys(("wish", "night_before_wish", "leave_requested"), "wish"),
    **dict.fromkeys(("cover_least", "cover_wanted", "supervisor_reachable"), "coverage"),
    **dict.fromkeys(("fair_nights", "fair_weekends", "fair_holidays"), "fairness"),
}


def violation(one: Violation, setting: Setting, eyes: Eyes, reasons: Mapping[str, str]) -> ViolationOut:
    """A rule that is broken; for who may not see why, only that something is."""
    shown = eyes.open(one)
    return ViolationOut(
        key=one.key if shown else f"{PRIVATE}/{one.person_id}/{one.day.isoformat()}",
        rule=one.rule if shown else PRIVATE,
        level=one.level.value,
        kind=_KINDS.get(one.rule, "rule") if shown else "private",
        person=one.person_id,
        day=one.day,
        days=list(one.days),
        text=eyes.said(one, setting),
        mend=eyes.mend(one, setting),
        overridden=one.key in reasons,
        override_reason=reasons.get(one.key) if shown else None,
    )


def tally(one: Tally, contract_minutes: int) -> TallyOut:
    """What somebody has."""
    return TallyOut(
        minutes=one.minutes,
        nights=one.nights,
        weekends=one.weekends,
        holidays=one.holidays,
        night_minutes=one.night_minutes,
        wishes=one.wishes,
        wishes_met=one.wishes_met,
        contract_minutes=contract_minutes,
    )


def slots(coverage: Sequence[Slot], needs: Sequence[Need], shift_types: Mapping[str, ShiftType]) -> list[SlotOut]:
    """Coverage beside the need; neighbours with the same numbers are one, but never over midnight or where a shift on the line begins or ends."""
    edges = {0}
    for kind in shift_types.values():
        if kind.duty is Duty.LINE:
            starts = kind.starts.hour * 60 + kind.starts.minute
            edges |= {starts, (starts + kind.minutes) % 1440}
    seats = {need.span.start: need.seats for need in needs}
    runs: list[tuple[Slot, int | None, int]] = []
    for slot in coverage:
        local, need = seoul(slot.span.start), seats.get(slot.span.start)
        if runs and local.hour * 60 + local.minute not in edges:
            first, before, minutes = runs[-1]
            if (first.on_line, first.least, first.wanted, before) == (slot.on_line, slot.least, slot.wanted, need):
                runs[-1] = (first, before, minutes + slot.span.minutes)
                continue
        runs.append((slot, need, slot.span.minutes))
    return [
        SlotOut(start=first.span.start, minutes=minutes, have=first.on_line, least=first.least, wanted=first.wanted, need=need)
        for first, need, minutes in runs
    ]


def alarms(coverage: Iterable[Slot], language: str) -> list[str]:
    """Seats that are empty or thin, in words."""
    found = []
    for one in thin(coverage):
        when = f"{day_words(seoul(one.span.start).date(), language)} {range_words(one.span.start, one.span.end, language)}"
        skills = f" ({', '.join(sorted(one.skills))})" if one.skills else ""
        if language == "en":
            found.append(f"{when}: {one.on_line} of at least {one.least} on the line{skills}.")
        else:
            found.append(f"{when}: 최소 {one.least}명 가운데 {one.on_line}명뿐입니다{skills}.")
    return found


def with_history(period: Period) -> Period:
    """The period and the two weeks before it."""
    return Period(period.first - timedelta(days=14), period.last)

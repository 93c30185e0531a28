"""What is shown beside a draft, kept from one look to the next; and what is shown of others."""

from __future__ import annotations

import random
from datetime import date, time, timedelta
from uuid import UUID

import pytest

from desk.access.model import Actor, Role
from desk.roster import views
from desk.roster.checks import Checks
from desk.roster.eyes import _OPEN, PRIVATE, eyes
from desk.roster.seats import Coverages
from shifts.coverage import coverage
from shifts.model import (
    DEFAULT_SHIFT_TYPES,
    Assignment,
    Demand,
    Leave,
    LeaveKind,
    NightWork,
    Period,
    Person,
    RequestState,
    Roster,
    Setting,
)
from shifts.repository import Head
from shifts.rosters import Draft
from shifts.rules import RULES, check, parameters

PERIOD = Period(date(2027, 2, 1), date(2027, 2, 28))
PEOPLE = tuple(Person(id=UUID(int=number), name=f"p{number}", skills=frozenset({"chat"} if number % 2 else ())) for number in range(1, 7))
SETTING = Setting(
    people={one.id: one for one in PEOPLE},
    shift_types=DEFAULT_SHIFT_TYPES,
    demand=(
        Demand(starts=time(0), minutes=1440, least=1, wanted=2),
        Demand(starts=time(22), minutes=600, least=1, wanted=1, skill="chat"),
    ),
)


def draft(assignments: frozenset[Assignment], setting: Setting = SETTING, before: frozenset[Assignment] = frozenset()) -> Draft:
    """A draft that holds these."""
    head = Head(id=UUID(int=99), period=PERIOD, version=1, published=None)
    roster = Roster(period=PERIOD, assignments=assignments, before=before)
    return Draft(head=head, roster=roster, setting=setting, parameters=parameters())


def some(dice: random.Random, first: date, days: int) -> Assignment:
    """A shift of anybody on any day."""
    day = first + timedelta(days=dice.randrange(days))
    return Assignment(day=day, person_id=dice.choice(PEOPLE).id, code=dice.choice(list(DEFAULT_SHIFT_TYPES)))


@pytest.mark.parametrize("seed", range(3))
def test_what_is_kept_is_what_counting_anew_would_give(seed: int) -> None:
    """Coverage and rules after each of many edits, also of the days before, of the people, and of the demand."""
    dice = random.Random(seed)
    seats, checks = Coverages(), Checks()
    setting, held = SETTING, {some(dice, PERIOD.first, 28) for _ in range(60)}
    before = frozenset(some(dice, PERIOD.first - timedelta(days=5), 5) for _ in range(10))
    for step in range(12):
        for _ in range(dice.randrange(3)):
            held ^= {some(dice, PERIOD.first, 28)}
        if step == 5:
            before = frozenset(list(before)[:4])
        if step == 8:
            setting = Setting(people=dict(list(setting.people.items())[:5]), shift_types=setting.shift_types, demand=setting.demand[:1])
        now = draft(frozenset(held), setting, before)
        assert seats.of(setting, now.roster) == coverage(setting, now.roster)
        assert checks.of(now) == check(setting, now.roster, now.parameters)


def test_the_line_of_a_month_is_whole_and_ends_where_shifts_do() -> None:
    """Records of equal neighbours: nothing is lost, and none reaches over midnight or the end of a shift on the line."""
    found = views.slots(coverage(SETTING, draft(frozenset()).roster), (), DEFAULT_SHIFT_TYPES)
    assert [slot.minutes for slot in found[:4]] == [420, 480, 480, 60]
    assert sum(slot.minutes for slot in found) == 28 * 1440


def test_rules_that_peers_may_read_exist_and_none_of_them_is_about_a_persons_circumstances() -> None:
    """A rule that is new is private until somebody says otherwise."""
    assert set(RULES) >= _OPEN
    personal = {
        "employment", "leave", "night_barred", "night_consent", "protected_overtime", "protected_week", "night_before_leave", "leave_requested", "wish",
        "night_before_wish", "night_health",
    }  # fmt: skip
    assert not personal & _OPEN
    assert personal | _OPEN == set(RULES)


def test_peers_are_told_that_a_shift_does_not_fit_and_never_why() -> None:
    """Neither rule nor key nor mend nor sentence; the person and who decides are."""
    barred = Person(id=UUID(int=1), name="하나", night_work=NightWork.BARRED)
    leave = Leave(
        id=UUID(int=7), person_id=barred.id, first=PERIOD.first, last=PERIOD.first, kind=LeaveKind.SICK, state=RequestState.REQUESTED
    )
    setting = Setting(people={barred.id: barred}, shift_types=DEFAULT_SHIFT_TYPES, leaves=(leave,))
    night = draft(frozenset({Assignment(day=PERIOD.first, person_id=barred.id, code="N")}), setting)
    (found,) = [one for one in night.violations() if one.rule == "night_barred"]

    def seen(role: Role, counsellor: int) -> tuple[str, str, bool]:
        actor = Actor(user_id=UUID(int=5), session_id=UUID(int=6), name="n", role=role, counsellor_id=UUID(int=counsellor))
        looking = eyes(actor)
        shown = views.violation(found, setting, looking, {found.key: "why"})
        assert (looking.away(leave), views.away(leave, looking).kind) == ((True, "sick") if shown.rule != PRIVATE else (False, None))
        return shown.rule, shown.text, shown.mend is None and shown.override_reason is None

    for role, counsellor in ((Role.COUNSELLOR, 2), (Role.AUDITOR, 2)):
        rule, text, silent = seen(role, counsellor)
        assert (rule, silent) == (PRIVATE, True)
        assert "야간" not in text
    assert [seen(role, who)[0] for role, who in ((Role.SUPERVISOR, 2), (Role.COUNSELLOR, 1))] == ["night_barred"] * 2

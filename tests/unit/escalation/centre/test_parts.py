"""Rules, hours, staff, the order of the worklist."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SEOUL
from escalation.centre.calling import manner, opens
from escalation.centre.case import Item, in_order
from escalation.centre.errors import RulesError
from escalation.centre.model import Basis, Hours, Permission, Referral, State, Urgency
from escalation.centre.rules import load
from escalation.centre.staff import Duty, Human, Live, Staff, WorkItem, available, decide, on_duty

ANNA, BORA = UUID(int=1), UUID(int=2)
RULES = load()
#: A Tuesday.
DAY = date(2027, 3, 2)


def at(hour: int, minute: int = 0, *, day: date = DAY) -> datetime:
    """O'clock in Seoul."""
    return datetime.combine(day, time(hour, minute), SEOUL).astimezone(UTC)


def test_an_operators_file_changes_what_it_names(tmp_path: Path) -> None:
    """The rest stays as shipped."""
    own = tmp_path / "rules.toml"
    own.write_text("[due_hours]\ntoday = 6\n[calls.hours]\nany = [10, 20]\n")
    rules = load(own)
    assert rules.due_in[Urgency.TODAY] == timedelta(hours=6)
    assert rules.due_in[Urgency.SOON] == RULES.due_in[Urgency.SOON]
    assert rules.hours[Hours.ANY] == (10, 20)


def test_wrong_rules_are_said_all_at_once(tmp_path: Path) -> None:
    """Each by its name."""
    own = tmp_path / "rules.toml"
    own.write_text("[due_hours]\ntoday = 0\nsometime = 3\n[calls]\nattempts = 1.5\nspacing_hours = true\n[calls.hours]\nany = [21, 9]\n")
    with pytest.raises(RulesError) as refused:
        load(own)
    assert len(refused.value.problems) == 5
    for name in ("due_hours.today", "due_hours.sometime", "calls.attempts", "calls.spacing_hours", "calls.hours.any"):
        assert any(name in problem for problem in refused.value.problems)
    own.write_text("= nonsense")
    with pytest.raises(RulesError):
        load(own)


@pytest.mark.parametrize(
    ("permission", "who", "message", "named"),
    [
        (Permission(may_call=True), False, False, False),
        (Permission(may_say_who=True), False, False, False),
        (Permission(may_say_who=True, shared_phone=True), False, False, False),
        (Permission(may_say_who=True, shared_phone=False), True, False, False),
        (Permission(may_leave_message=True), False, True, False),
        (Permission(may_leave_message=True, may_say_who=True, shared_phone=False), True, True, True),
    ],
)
def test_what_may_be_said_is_what_was_allowed(permission: Permission, who: bool, message: bool, named: bool) -> None:
    """A telephone that others may use hears nobody's name."""
    said = manner(permission)
    assert (said.say_who, said.leave_message, said.message_says_who) == (who, message, named)


@given(st.integers(0, 525_600), st.sampled_from(Hours))
def test_hours_open_within_a_day(minutes: int, hours: Hours) -> None:
    """Never before now, never outside them."""
    now = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    opened = opens(hours, now, RULES)
    begin, end = RULES.hours[hours]
    assert now <= opened < now + timedelta(days=1)
    assert begin <= opened.astimezone(SEOUL).hour < end


def test_a_date_replaces_a_weekday_and_a_night_reaches_into_the_day() -> None:
    """Holidays count as Sundays."""
    duties = [
        Duty(staff_id=ANNA, weekday=1, starts=time(9), ends=time(18)),
        Duty(staff_id=BORA, weekday=1, starts=time(22), ends=time(6)),
        Duty(staff_id=BORA, weekday=6, starts=time(10), ends=time(12)),
    ]
    assert on_duty(duties, at(9), {}) == {ANNA: at(18)}
    assert on_duty(duties, at(18), {}) == {}
    assert on_duty(duties, at(5, 59, day=DAY + timedelta(days=1)), {}) == {BORA: at(6, day=DAY + timedelta(days=1))}
    assert on_duty(duties, at(11), {DAY: "휴일"}) == {BORA: at(12)}
    off = [*duties, Duty(staff_id=ANNA, day=DAY)]
    assert on_duty(off, at(10), {}) == {}
    assert on_duty(off, at(10, day=DAY + timedelta(days=7)), {}) != {}


def test_available_is_on_duty_signed_in_and_free() -> None:
    """Who was put through to nobody for longest is first."""
    duties = [Duty(staff_id=one, weekday=1, starts=time(9), ends=time(18)) for one in (ANNA, BORA)]
    anna = Staff(id=ANNA, name="", extension="1", human=Human.READY, last_live_at=at(9))
    bora = Staff(id=BORA, name="", extension="2", human=Human.READY)
    assert available([anna, bora], duties, at(10), {}) == [bora, anna]
    for other in (
        Staff(id=BORA, name="", extension="2", human=Human.BREAK),
        Staff(id=BORA, name="", extension="2", human=Human.READY, busy_until=at(11)),
        Staff(id=BORA, name="", extension="2", human=Human.READY, disabled=True),
    ):
        assert available([anna, other], duties, at(10), {}) == [anna]
    assert available([anna, bora], duties, at(19), {}) == []


def test_live_only_with_consent_a_caller_and_somebody_free() -> None:
    """Everything else is a work item, with why; who speaks the person's language is first."""
    case = Referral(
        id=uuid4(), state=State.CONSENTED, urgency=Urgency.SOON, created_at=at(9), due_at=at(10), basis=Basis.CONSENT
    )  # fmt: skip
    anna = Staff(id=ANNA, name="", extension="1")
    bora = Staff(id=BORA, name="", extension="2", languages=("en",))
    assert decide(case, [anna, bora], in_call=True, language="en") == Live(to=(BORA, ANNA))
    assert decide(case, [], in_call=True, language="ko") == WorkItem(why="nobody_free")
    assert decide(case, [anna], in_call=False, language="ko") == WorkItem(why="not_in_call")
    assert decide(case, [anna], in_call=True, language="ko", wants_live=False) == WorkItem(why="not_wanted")
    refused = Referral(id=uuid4(), state=State.REFUSED, urgency=Urgency.SOON, created_at=at(9), due_at=None)
    assert decide(refused, [anna], in_call=True, language="ko") == WorkItem(why="no_consent")


def test_the_worklist_is_by_urgency_and_due_time_but_overdue_is_first() -> None:
    """So nothing waits for ever behind what is urgent."""

    def item(number: int, urgency: Urgency, due: datetime) -> Item:
        return Item(referral_id=UUID(int=number), state=State.WAITING, urgency=urgency, due_at=due, owner_id=None, district="", next_at=due)

    items = [
        item(1, Urgency.ROUTINE, at(11)), item(2, Urgency.IMMEDIATE, at(13)), item(3, Urgency.TODAY, at(20)), item(4, Urgency.TODAY, at(19)),
        item(5, Urgency.SOON, at(11, 30)),
    ]  # fmt: skip
    assert [one.referral_id.int for one in in_order(items, at(12))] == [5, 1, 2, 4, 3]

"""Leave, employment, wishes, and assignments that cannot be."""

from __future__ import annotations

from shifts.model import LeaveKind, RequestState, Wish
from shifts.rules import Level
from tests.unit.shifts.rules.month import broken, day, details, drawn, leave, person, setting, shift, who


def test_approved_leave_is_free_of_everything_and_the_days_around_it_are_not() -> None:
    """The first and last day of leave are leave; also standby."""
    where = setting(leaves=(leave(1, 2, 3),))
    assert broken("leave", drawn({1: "DDDD"}), where) == [2, 3]
    assert broken("leave", drawn({1: "-S"}), where) == [2]


def test_requested_leave_is_a_wish_and_refused_leave_nothing() -> None:
    """Until somebody has approved it, it does not stand in the way."""
    found = details("leave_requested", drawn({1: "D"}), setting(leaves=(leave(1, 1, 1, RequestState.REQUESTED),)))
    assert [each.level for each in found] == [Level.WISH]
    for state in (RequestState.REFUSED, RequestState.WITHDRAWN):
        where = setting(leaves=(leave(1, 1, 1, state),))
        assert not broken("leave", drawn({1: "D"}), where)
        assert not broken("leave_requested", drawn({1: "D"}), where)


def test_no_night_runs_into_the_morning_of_leave() -> None:
    """An evening before it is fine; so is a night before sickness, which nobody planned."""
    where = setting(leaves=(leave(1, 3, 4),))
    assert broken("night_before_leave", drawn({1: "-N"}), where) == [2]
    assert not broken("night_before_leave", drawn({1: "NE"}), where)
    assert not broken("night_before_leave", drawn({1: "-N"}), setting(leaves=(leave(1, 3, 4, kind=LeaveKind.SICK),)))


def test_the_first_and_last_day_of_employment_are_in_it() -> None:
    """The day before and the day after are not."""
    where = setting(person(1, since=day(2), until=day(4)))
    assert broken("employment", drawn({1: "DDDDD"}), where) == [1, 5]
    assert broken("employment", drawn({1: "D"}), setting(person(1, active=False))) == [1]


def test_somebody_unknown_an_unknown_shift_and_another_month_are_named() -> None:
    """Hard, and nothing else fails over them."""
    assert broken("unknown_person", drawn({9: "D"})) == [1]
    assert broken("unknown_shift", drawn({1: "Q"})) == [1]
    assert broken("out_of_period", drawn({}, None, shift(1, 29, "D"), shift(1, 0, "D"))) == [0, 29]


def test_only_supervisors_are_on_call() -> None:
    """The duty is theirs."""
    where = setting(person(1, supervisor=True), person(2))
    assert [each.person_id for each in details("not_supervisor", drawn({1: "V-", 2: "-V"}), where)] == [who(2)]


def test_wishes_for_and_against_shifts() -> None:
    """Each of the four kinds met and unmet."""

    def wish(on: int, code: str | None, wanted: bool) -> Wish:
        return Wish(person_id=who(1), day=day(on), code=code, wanted=wanted)

    where = setting(wishes=(wish(1, "D", True), wish(2, None, True), wish(3, "N", False), wish(4, None, False)))
    assert not broken("wish", drawn({1: "DED-"}), where)
    assert broken("wish", drawn({1: "E-NN"}), where) == [1, 2, 3, 4]


def test_a_night_before_a_wished_day_off_is_shown() -> None:
    """A wish against one kind of shift asks for no free morning."""
    where = setting(wishes=(Wish(person_id=who(1), day=day(2), wanted=False),))
    assert broken("night_before_wish", drawn({1: "N-"}), where) == [1]
    assert not broken("night_before_wish", drawn({1: "E-"}), where)
    against = setting(wishes=(Wish(person_id=who(1), day=day(2), code="N", wanted=False),))
    assert not broken("night_before_wish", drawn({1: "N-"}), against)

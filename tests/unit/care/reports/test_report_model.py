"""Isolation reports: what they must say, when they are due, what is danger, and what leaves a trace."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from care.proposals import Danger
from care.reports.errors import ReportIncomplete
from care.reports.model import DUE, NewReport, Relation, Reporter, Sign, Subject, Urgency, check, dangers, due
from care.reports.traces import Traces

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
REPORT = NewReport(
    id=UUID(int=1), urgency=Urgency.TODAY, signs=frozenset({Sign.POST_PILES_UP}), subject=Subject(whereabouts="3층 왼쪽 집")
)  # fmt: skip


def wrong(report: NewReport) -> dict[str, str]:
    """What is refused of it."""
    with pytest.raises(ReportIncomplete) as caught:
        check(report, NOW)
    return caught.value.wrong


def test_somebody_must_be_found_and_something_noticed() -> None:
    """All that is missing is said at once; the reporter may stay unknown."""
    check(REPORT, NOW)
    assert wrong(replace(REPORT, signs=frozenset(), subject=Subject(district="pusan"), due_at=NOW)) == {
        "subject": "nobody_to_be_found",
        "signs": "nothing_noticed",
        "subject.district": "unknown_district",
        "due_at": "past",
    }
    check(replace(REPORT, signs=frozenset(), subject=Subject(name="김", noticed="며칠째 보이지 않음", district="gangbuk")), NOW)


def test_feedback_takes_consent_and_a_number() -> None:
    """Without wanting it neither is asked for."""
    check(replace(REPORT, reporter=Reporter(relation=Relation.NEIGHBOUR)), NOW)
    asked = Reporter(relation=Relation.NEIGHBOUR, wants_feedback=True)
    assert wrong(replace(REPORT, reporter=asked)) == {
        "reporter.consent_script": "feedback_needs_consent",
        "reporter.number": "feedback_needs_number",
    }
    check(replace(REPORT, reporter=replace(asked, number="+821012345678", consent_script="f-1")), NOW)


def test_a_due_time_may_be_earlier_than_the_urgency_asks_and_never_later() -> None:
    """The more urgent, the sooner."""
    assert due(REPORT, NOW, DUE) == NOW + timedelta(hours=24)
    assert due(replace(REPORT, due_at=NOW + timedelta(hours=2)), NOW, DUE) == NOW + timedelta(hours=2)
    assert due(replace(REPORT, due_at=NOW + timedelta(days=9)), NOW, DUE) == NOW + timedelta(hours=24)
    assert list(DUE.values()) == sorted(DUE.values())
    assert set(DUE) == set(Urgency)


def test_danger_is_told_whatever_urgency_was_chosen() -> None:
    """Words of death are suicide; "now" is danger of some kind."""
    assert dangers(REPORT) == {}
    routine = replace(REPORT, urgency=Urgency.ROUTINE, signs=frozenset({Sign.SPOKE_OF_DEATH, Sign.DRINKS}))
    assert dangers(routine) == {Danger.SUICIDE: ("sign:spoke_of_death",)}
    assert dangers(replace(REPORT, urgency=Urgency.NOW)) == {Danger.OTHER: ("urgency:now",)}


def test_the_same_place_is_known_again_however_it_is_written() -> None:
    """A trace is a keyed hash; another key makes another one, and what says too little leaves none."""
    traces = Traces(bytes(32))
    first = traces.of(Subject(address="서울특별시 강북구 오현로 208, 302동", name="김 하늘", district="gangbuk"))
    second = traces.of(Subject(address="강북구 오현로208 302동", name="김하늘", district="gangbuk"))
    assert first == second
    assert set(first) == {"place", "name"}
    assert traces.of(Subject(address="2층", name="김하늘", whereabouts="모퉁이")) == {}
    assert traces.of(Subject(number="+821012345678"))["number"] not in Traces(bytes(31) + b"1").of(Subject(number="+821012345678")).values()
    assert "3" not in repr(traces)

"""Leave and swaps."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text

from shifts.edits import Entry, Wanted
from shifts.errors import NotPublishable, RosterError, UnknownPerson
from shifts.model import LeaveKind, Period, RequestState
from shifts.requests import RequestGone
from tests.integration.shifts.conftest import CHIEF, JANUARY, Team
from tests.integration.shifts.test_rosters import held

FOURTH, FIFTH = date(2027, 1, 4), date(2027, 1, 5)
MONTH = Period(JANUARY, date(2027, 1, 31))


async def test_leave_is_asked_for_and_decided_once(team: Team) -> None:
    """Whoever decides second is told."""
    leave = await team.requests.ask_leave(team.people[0], FOURTH, FIFTH)
    assert (await team.requests.decide_leave(leave.id, RequestState.APPROVED, by=CHIEF)).state is RequestState.APPROVED
    with pytest.raises(RequestGone):
        await team.requests.decide_leave(leave.id, RequestState.REFUSED, by=CHIEF)
    assert [one.id for one in await team.requests.leaves(MONTH)] == [leave.id]
    await team.requests.decide_leave(leave.id, RequestState.WITHDRAWN, by=team.people[0])
    assert await team.requests.leaves(MONTH) == []


async def test_leave_backwards_or_of_nobody_is_refused(team: Team) -> None:
    """A clear error, nothing written."""
    with pytest.raises(RosterError):
        await team.requests.ask_leave(team.people[0], FIFTH, FOURTH)
    with pytest.raises(UnknownPerson):
        await team.requests.ask_leave(CHIEF, FOURTH, FIFTH)


async def test_a_sick_call_opens_the_shifts_at_once(team: Team) -> None:
    """The roster then breaks a rule until somebody else has them."""
    await team.plan(team.cell(0, 4, "D"))
    before = {one.key for one in (await team.rosters.draft(JANUARY)).violations()}
    leave = await team.requests.report_sick(team.people[0], FOURTH, FIFTH, by=CHIEF)
    assert (leave.kind, leave.state) == (LeaveKind.SICK, RequestState.APPROVED)
    new = [one for one in (await team.rosters.draft(JANUARY)).violations() if one.key not in before]
    assert [(one.person_id, one.day) for one in new] == [(team.people[0], FOURTH)]


async def test_a_swap_that_both_agreed_to_is_made_and_in_force_at_once(team: Team) -> None:
    """Both shifts change hands, in the draft and in what is published."""
    await team.plan(team.cell(0, 4, "D"), team.cell(1, 5, "E"))
    await team.publish()
    swap = await team.requests.ask_swap(team.people[0], FOURTH, "D", team.people[1], FIFTH, "E")
    with pytest.raises(RequestGone):
        await team.requests.approve_swap(swap.id, by=CHIEF)
    with pytest.raises(RequestGone):
        await team.requests.answer_swap(swap.id, agrees=True, by=team.people[2])
    await team.requests.answer_swap(swap.id, agrees=True, by=team.people[1])
    await team.requests.approve_swap(swap.id, by=CHIEF)
    assert [await held(team, 0, 4), await held(team, 1, 4), await held(team, 0, 5), await held(team, 1, 5)] == [[], ["D"], ["E"], []]
    rows = await team.db.execute(text("SELECT counsellor_id, code FROM published_shifts ORDER BY starts_at"))
    assert [(row.counsellor_id, row.code) for row in rows] == [(team.people[1], "D"), (team.people[0], "E")]
    assert await team.requests.open_swaps() == []


async def test_a_swap_is_checked_again_when_it_is_approved(team: Team) -> None:
    """The shift was given to somebody else meanwhile: neither changes hands."""
    await team.plan(team.cell(0, 4, "D"), team.cell(1, 5, "E"))
    swap = await team.requests.ask_swap(team.people[0], FOURTH, "D", team.people[1], FIFTH, "E")
    await team.requests.answer_swap(swap.id, agrees=True, by=team.people[1])
    await team.plan(team.cell(1, 5), team.cell(2, 5, "E"))
    with pytest.raises(RosterError):
        await team.requests.approve_swap(swap.id, by=CHIEF)
    assert [await held(team, 0, 4), await held(team, 1, 4)] == [["D"], []]


async def test_a_swap_that_would_break_a_hard_rule_is_not_even_asked_for(team: Team) -> None:
    """Two shifts at the same time."""
    await team.db.execute(text("INSERT INTO roster_people (counsellor_id, night_work) VALUES (:id, 'barred')"), {"id": team.people[1]})
    await team.plan(team.cell(0, 4, "N"))
    with pytest.raises(NotPublishable) as refused:
        await team.requests.ask_swap(team.people[0], FOURTH, "N", team.people[1])
    assert refused.value.violations


async def test_a_swap_over_the_end_of_a_month_is_one_transaction(team: Team) -> None:
    """Two months' rosters, both or none."""
    await team.plan(team.cell(0, 31, "D"))
    february = date(2027, 2, 2)
    await team.rosters.edit(february, [Wanted(person_id=team.people[1], day=february, entries=(Entry(code="E"),))], by=CHIEF)
    swap = await team.requests.ask_swap(team.people[0], date(2027, 1, 31), "D", team.people[1], february, "E")
    await team.requests.answer_swap(swap.id, agrees=True, by=team.people[1])
    _, edited = await team.requests.approve_swap(swap.id, by=CHIEF)
    assert len(edited) == 2
    assert await held(team, 1, 31) == ["D"]


async def test_only_who_asked_withdraws(team: Team) -> None:
    """A supervisor refuses, the other one disagrees."""
    await team.plan(team.cell(0, 4, "D"))
    swap = await team.requests.ask_swap(team.people[0], FOURTH, "D", team.people[1])
    with pytest.raises(RequestGone):
        await team.requests.withdraw_swap(swap.id, by=team.people[1])
    await team.requests.withdraw_swap(swap.id, by=team.people[0])
    assert await team.requests.open_swaps(team.people[0]) == []

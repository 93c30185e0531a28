"""Drafts, their history, and what is in force."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from shifts import in_force
from shifts.edits import Entry, Wanted
from shifts.errors import EditedMeanwhile, NothingToUndo, NotPublishable, OutOfPeriod, RosterError, UnknownPerson, UnknownShift
from shifts.model import NightWork
from tests.integration.shifts.conftest import CHIEF, JANUARY, Team

DEPUTY = UUID(int=121)


async def held(team: Team, who: int, day: int) -> list[str]:
    """The codes of a cell."""
    draft = await team.rosters.draft(JANUARY)
    wanted = JANUARY + timedelta(days=day - 1)
    return sorted(one.code for one in draft.roster.assignments if (one.person_id, one.day) == (team.people[who], wanted))


async def test_an_edit_is_kept_with_who_and_why(team: Team) -> None:
    """Each is a version."""
    edited = await team.rosters.edit(JANUARY, [team.cell(0, 1, "D")], by=CHIEF, reason="new year")
    assert edited.draft.head.version == 1
    assert await held(team, 0, 1) == ["D"]
    (edit,) = await team.rosters.history(JANUARY)
    assert (edit.version, edit.by, edit.kind, edit.reason) == (1, CHIEF, "edit", "new year")


async def test_an_edit_that_changes_nothing_is_no_version(team: Team) -> None:
    """The history holds changes."""
    await team.plan(team.cell(0, 1, "D"))
    assert await team.plan(team.cell(0, 1, "D")) == 1


async def test_whoever_comes_second_to_a_cell_is_told_by_whom_and_nothing_of_theirs_is_done(team: Team) -> None:
    """Never overwritten silently, never half-written."""
    await team.plan(team.cell(0, 1, "D"))
    await team.rosters.edit(JANUARY, [team.cell(0, 1, "E", seen=("D",))], by=DEPUTY)
    with pytest.raises(EditedMeanwhile) as refused:
        await team.rosters.edit(JANUARY, [team.cell(1, 1, "D", seen=()), team.cell(0, 1, "N", seen=("D",))], by=CHIEF)
    met = refused.value.met[0]
    assert len(refused.value.met) == 1
    assert (met.person_id, met.codes, met.by) == (team.people[0], ("E",), DEPUTY)
    assert await held(team, 1, 1) == []


async def test_edits_of_different_cells_at_once_are_all_made(team: Team) -> None:
    """Two supervisors, one month."""
    await asyncio.gather(
        *(team.rosters.edit(JANUARY, [team.cell(day % 5, day, "D", seen=())], by=CHIEF if day % 2 else DEPUTY) for day in range(1, 21))
    )
    draft = await team.rosters.draft(JANUARY)
    assert draft.head.version == 20
    assert len(draft.roster.assignments) == 20


async def test_undo_takes_back_ones_own_changes_in_turn_and_redo_puts_them_back(team: Team) -> None:
    """Others' edits stay."""
    await team.plan(team.cell(0, 1, "D"))
    await team.plan(team.cell(0, 2, "E"))
    await team.rosters.edit(JANUARY, [team.cell(1, 1, "N")], by=DEPUTY)
    await team.rosters.undo(JANUARY, by=CHIEF)
    await team.rosters.undo(JANUARY, by=CHIEF)
    assert [await held(team, 0, 1), await held(team, 0, 2), await held(team, 1, 1)] == [[], [], ["N"]]
    with pytest.raises(NothingToUndo):
        await team.rosters.undo(JANUARY, by=CHIEF)
    await team.rosters.redo(JANUARY, by=CHIEF)
    await team.rosters.redo(JANUARY, by=CHIEF)
    assert [await held(team, 0, 1), await held(team, 0, 2)] == [["D"], ["E"]]
    with pytest.raises(NothingToUndo):
        await team.rosters.redo(JANUARY, by=CHIEF)
    await team.rosters.undo(JANUARY, by=CHIEF)
    assert [await held(team, 0, 1), await held(team, 0, 2)] == [["D"], []]


async def test_a_cell_that_somebody_else_changed_is_not_undone(team: Team) -> None:
    """Their work is not thrown away."""
    await team.plan(team.cell(0, 1, "D"))
    await team.rosters.edit(JANUARY, [team.cell(0, 1, "E")], by=DEPUTY)
    with pytest.raises(EditedMeanwhile):
        await team.rosters.undo(JANUARY, by=CHIEF)
    assert await held(team, 0, 1) == ["E"]


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["edit", "undo", "redo"]), st.integers(0, 4), st.sampled_from(["D", "E", "N", ""])), max_size=12))
async def test_every_version_can_be_seen_again(team: Team, steps: list[tuple[str, int, str]]) -> None:
    """Whatever was edited, undone and put back: a version holds what it held then."""
    day = JANUARY
    first = await team.rosters.draft(day)
    seen = {first.head.version: first.roster.assignments}
    for kind, who, code in steps:
        cell = Wanted(person_id=team.people[who], day=day, entries=(Entry(code=code),) if code else ())
        try:
            if kind == "edit":
                draft = (await team.rosters.edit(day, [cell], by=CHIEF)).draft
            else:
                draft = (await (team.rosters.undo if kind == "undo" else team.rosters.redo)(day, by=CHIEF)).draft
        except NothingToUndo:
            continue
        seen[draft.head.version] = draft.roster.assignments
    for version, assignments in seen.items():
        assert await team.rosters.at_version(day, version) == assignments
    last = max(seen)
    changed = {(one.person_id, one.day) for one in await team.rosters.compare(day, first.head.version, last)}
    assert changed == {(one.person_id, one.day) for one in seen[first.head.version] ^ seen[last]}


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        (Wanted(person_id=UUID(int=9), day=JANUARY, entries=()), UnknownPerson),
        (Wanted(person_id=UUID(int=0), day=date(2027, 2, 1), entries=()), OutOfPeriod),
        (Wanted(person_id=UUID(int=0), day=JANUARY, entries=(Entry(code="X"),)), UnknownShift),
    ],
)
async def test_what_does_not_exist_is_refused_and_nothing_is_written(team: Team, cell: Wanted, error: type[RosterError]) -> None:
    """Person, day, shift."""
    person_id = team.people[0] if cell.person_id.int == 0 else cell.person_id
    bad = Wanted(person_id=person_id, day=cell.day, entries=cell.entries)
    with pytest.raises(error):
        await team.rosters.edit(JANUARY, [team.cell(1, 1, "D"), bad], by=CHIEF)
    assert (await team.rosters.draft(JANUARY)).head.version == 0


async def test_a_hard_rule_cannot_be_published_over_whatever_reason_is_given(team: Team) -> None:
    """A pregnant colleague at night."""
    await team.db.execute(
        text("INSERT INTO roster_people (counsellor_id, night_work) VALUES (:id, :night)"),
        {"id": team.people[0], "night": str(NightWork.BARRED)},
    )
    await team.plan(team.cell(0, 4, "N"))
    with pytest.raises(NotPublishable) as refused:
        await team.publish()
    assert team.people[0] in {one.person_id for one in refused.value.violations}
    assert await team.db.execute(text("SELECT FROM published_shifts")) == []


async def test_a_policy_needs_a_reason_which_is_kept(team: Team) -> None:
    """An empty seat is published knowingly, or not at all."""
    version = await team.plan(team.cell(0, 4, "D"))
    with pytest.raises(NotPublishable):
        await team.rosters.publish(JANUARY, version=version, by=CHIEF)
    await team.publish()
    (row,) = await team.db.execute(text("SELECT overrides, version, by FROM roster_publications"))
    assert row.overrides
    assert {one["reason"] for one in row.overrides} == {"test"}
    assert (row.version, row.by) == (version, CHIEF)


async def test_what_is_in_force_changes_only_by_publishing_and_with_a_reason(team: Team) -> None:
    """A draft may say what it likes."""
    await team.plan(team.cell(0, 4, "N"))
    await team.publish()
    await team.plan(team.cell(0, 4), team.cell(1, 4, "N"))
    night = datetime(2027, 1, 4, 15, tzinfo=UTC)
    assert set((await in_force.read(team.db, night)).at(night).until) == {team.people[0]}
    with pytest.raises(RosterError):
        await team.publish()
    await team.publish(reason="exchanged")
    assert set((await in_force.read(team.db, night)).at(night).until) == {team.people[1]}


async def test_a_version_that_was_overtaken_is_not_published(team: Team) -> None:
    """What was looked at is what is published."""
    version = await team.plan(team.cell(0, 4, "D"))
    await team.plan(team.cell(1, 4, "D"))
    with pytest.raises(EditedMeanwhile):
        await team.rosters.publish(JANUARY, version=version, by=CHIEF)

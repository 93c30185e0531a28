"""The line obeys the published roster."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from core import alarms as alarm_rows
from core.alarms import Alarms
from core.journal import Journal
from helpline.roster_watch import RosterWatch
from routing.counsellors import Counsellors
from shifts.in_force import ROSTER_PUBLISHED
from tests.integration.shifts.conftest import Team
from tests.kit.until import until


@pytest.fixture
def journal(team: Team, tmp_path: Path) -> Journal:
    """Where alarms go; nobody writes it out."""
    return Journal(team.db, alarm_rows.JOURNAL_STATEMENTS, spool=tmp_path)


@pytest.fixture
def watch(team: Team, journal: Journal) -> RosterWatch:
    """Obeys when told to."""
    return RosterWatch(team.db, team.clock, Counsellors(team.db, team.clock), Alarms(journal, team.clock))


def raised(journal: Journal) -> list[str]:
    """Kinds of the alarms, in order."""
    return [str(entry.parameters["kind"]) for entry in journal._queue]


async def on_shift(team: Team) -> dict[UUID, datetime | None]:
    """Who may be rung, and until when."""
    rows = await team.db.execute(text("SELECT counsellor_id, shift_until FROM presence WHERE on_shift"))
    return {row.counsellor_id: row.shift_until for row in rows}


async def test_with_no_roster_everybody_may_be_rung_and_a_supervisor_is_alarmed(team: Team, watch: RosterWatch, journal: Journal) -> None:
    """Never nobody."""
    await watch.obey()
    assert await on_shift(team) == dict.fromkeys(team.people)
    assert raised(journal) == ["no_roster"]


async def test_the_shift_changes_at_its_minute_and_the_watch_wakes_for_it(team: Team, watch: RosterWatch) -> None:
    """15:00 in Seoul: the evening's people, and nobody else."""
    await team.plan(team.cell(0, 1, "D"), team.cell(1, 1, "E"))
    await team.publish()
    change = datetime(2027, 1, 1, 6, tzinfo=UTC)
    team.clock.advance((change - team.clock.now()).total_seconds() - 5)
    assert await watch.obey() == pytest.approx(5)
    assert await on_shift(team) == {team.people[0]: change}
    team.clock.advance(5)
    await watch.obey()
    assert await on_shift(team) == {team.people[1]: change + timedelta(hours=8)}


async def test_the_night_of_the_last_day_reaches_into_the_next_month(team: Team, watch: RosterWatch) -> None:
    """Also when that month is published, too, and has nobody then."""
    await team.plan(team.cell(2, 31, "N"))
    await team.publish()
    team.clock.jump(datetime(2027, 1, 31, 16, tzinfo=UTC))
    await watch.obey()
    assert await on_shift(team) == {team.people[2]: datetime(2027, 1, 31, 22, tzinfo=UTC)}
    team.clock.jump(datetime(2027, 1, 31, 22, tzinfo=UTC))
    await watch.obey()
    assert await on_shift(team) == dict.fromkeys(team.people)


async def test_a_publication_is_obeyed_as_soon_as_it_is_heard_of(team: Team, watch: RosterWatch) -> None:
    """By NOTIFY, without a restart."""
    hints = asyncio.create_task(team.db.listen(ROSTER_PUBLISHED, lambda _: watch.published()))
    work = asyncio.create_task(watch.run())
    try:
        await until(lambda: on_shift(team), 10)
        await team.plan(team.cell(3, 1, "D"))
        await team.publish()

        async def obeyed() -> bool:
            return set(await on_shift(team)) == {team.people[3]}

        await until(obeyed, 10)
    finally:
        work.cancel()
        hints.cancel()
        await asyncio.gather(work, hints, return_exceptions=True)


async def test_an_empty_seat_ahead_is_an_alarm_at_each_stage_and_once(team: Team, watch: RosterWatch, journal: Journal) -> None:
    """24 h, 2 h and 15 min before."""
    await team.plan(*(team.cell(who, 1, code) for who, code in [(0, "D"), (1, "D"), (2, "E"), (3, "E"), (4, "N")]))
    await team.publish()
    await watch.obey()
    await watch.obey()
    morning = "2027-01-01T22:00:00+00:00"

    def told() -> int:
        return [entry.parameters["detail"]["from"] for entry in journal._queue].count(morning)  # type: ignore[index]

    # The month beyond tonight is empty: the publication says so, and tomorrow's morning is within 24 h.
    assert (raised(journal), told()) == (["thin_seat", "thin_seat"], 2)
    for hour, minute, times in [(20, 30, 3), (21, 50, 4)]:
        team.clock.jump(datetime(2027, 1, 1, hour, minute, tzinfo=UTC))
        await watch.obey()
        await watch.obey()
        assert told() == times


async def test_who_has_not_signed_in_ten_minutes_after_the_start_is_named(team: Team, watch: RosterWatch, journal: Journal) -> None:
    """Once a shift, and not who is there."""
    await team.plan(team.cell(0, 1, "D"), team.cell(1, 1, "D"))
    await team.publish()
    await team.db.execute(text("UPDATE presence SET human = 'off' WHERE counsellor_id = :id"), {"id": team.people[0]})
    team.clock.jump(datetime(2026, 12, 31, 22, 9, tzinfo=UTC))
    await watch.obey()
    assert "not_signed_in" not in raised(journal)
    team.clock.jump(datetime(2026, 12, 31, 22, 10, tzinfo=UTC))
    await watch.obey()
    await watch.obey()
    (entry,) = [entry for entry in journal._queue if entry.parameters["kind"] == "not_signed_in"]
    assert entry.parameters["about"] == team.people[0]


async def test_the_safety_net_rings_those_on_the_line_by_the_published_roster(team: Team) -> None:
    """With this program dead; where none of them signed in, whoever else did comes after them."""
    now = (await team.db.execute(text("SELECT now() AS at")))[0].at
    insert = text(
        "INSERT INTO published_shifts (counsellor_id, starts_at, ends_at, code, duty, day, roster_id) "
        "VALUES (:who, CAST(:start AS timestamptz), CAST(:end AS timestamptz), :code, :duty, '2027-01-01', (SELECT id FROM rosters LIMIT 1))"
    )

    async def members() -> dict[str, int]:
        return {row.uniqueid: row.penalty for row in await team.db.execute(text("SELECT uniqueid, penalty FROM safety_net_members"))}

    assert set(await members()) == {"101", "102", "103", "104", "105"}
    await team.rosters.draft(team.clock.now().date())
    hour = timedelta(hours=1)
    for who, start, end, code, duty in [
        (0, now - hour, now + hour, "D", "line"), (1, now - 2 * hour, now - hour, "N", "line"), (2, now - hour, now + hour, "SB", "standby"),
    ]:  # fmt: skip
        await team.db.execute(
            insert, {"who": team.people[who], "start": start.isoformat(), "end": end.isoformat(), "code": code, "duty": duty}
        )
    assert await members() == {"101": 0}
    await team.db.execute(text("UPDATE presence SET human = 'off' WHERE counsellor_id = :id"), {"id": team.people[0]})
    assert await members() == {"101": 9, "102": 10, "103": 10, "104": 10, "105": 10}

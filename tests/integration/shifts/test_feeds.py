"""Secret links of people's own calendars, against what is published."""

from __future__ import annotations

from datetime import date

from icalendar import Calendar
from sqlalchemy import text

from shifts.feeds import Feeds
from shifts.model import LeaveKind
from shifts.spreadsheet import preview, xlsx
from tests.integration.shifts.conftest import CHIEF, JANUARY, Team


def summaries(content: bytes | None) -> list[str]:
    """What the calendar shows."""
    assert content is not None
    return [str(event["summary"]) for event in Calendar.from_ical(content).walk("VEVENT")]


async def test_the_feed_shows_what_is_published_and_no_draft(team: Team) -> None:
    """To whoever has the link; others' shifts are not in it."""
    feeds = Feeds(team.db, team.clock)
    secret = await feeds.make(team.people[0])
    await team.plan(team.cell(0, 5, "D"), team.cell(1, 5, "E"))
    assert summaries(await feeds.calendar(secret)) == []
    await team.publish()
    assert summaries(await feeds.calendar(secret)) == ["낮 (D)"]
    assert await feeds.calendar(secret) == await feeds.calendar(secret)
    await team.plan(team.cell(0, 5, "N"))
    assert summaries(await feeds.calendar(secret, "en")) == ["Day (D)"]


async def test_leave_is_shown_without_its_reason(team: Team) -> None:
    """A sick day and a holiday look the same."""
    feeds = Feeds(team.db, team.clock)
    for who, kind in ((0, LeaveKind.SICK), (1, LeaveKind.ANNUAL)):
        secret = await feeds.make(team.people[who])
        if kind is LeaveKind.SICK:
            await team.requests.report_sick(team.people[who], date(2027, 1, 7), date(2027, 1, 8), by=CHIEF)
        else:
            await team.requests.ask_leave(team.people[who], date(2027, 1, 7), date(2027, 1, 8), kind, "wedding")
            assert summaries(await feeds.calendar(secret)) == []
            continue
        content = await feeds.calendar(secret)
        assert summaries(content) == ["부재"]
        assert b"sick" not in (content or b"").lower()


async def test_a_new_link_ends_the_old_one_and_nobody_who_left_has_one(team: Team) -> None:
    """Nor does a guess lead anywhere; what is stored is not the secret."""
    feeds = Feeds(team.db, team.clock)
    old, new = await feeds.make(team.people[0]), await feeds.make(team.people[0])
    assert old != new
    assert await feeds.owner(old) is None
    assert await feeds.calendar(old) is None
    assert await feeds.owner(new) == team.people[0]
    for guess in ("", "x", new[:-1], new + "x", "가" * 43, "A" * 43):
        assert await feeds.owner(guess) is None
    async with team.db.begin() as session:
        stored = (await session.execute(text("SELECT secret_hash FROM feed_secrets"))).scalars().all()
    assert [new.encode() in bytes(one) for one in stored] == [False]
    await team.db.execute(text("UPDATE counsellors SET disabled_at = now() WHERE extension = '101'"))
    assert await feeds.owner(new) is None
    other = await feeds.make(team.people[1])
    await feeds.end(team.people[1])
    assert await feeds.calendar(other) is None


async def test_an_exported_month_is_imported_as_one_edit(team: Team) -> None:
    """Out of a full month, into it after a change, and once more: one version, then none."""
    await team.plan(team.cell(0, 5, "D"), team.cell(1, 5, "E"), team.cell(1, 6, "N"))
    draft = await team.rosters.draft(JANUARY)
    content = xlsx(draft.setting, draft.roster)
    assert preview(draft.setting, draft.roster, content).changes == ()
    await team.plan(team.cell(0, 5), team.cell(2, 9, "D"))
    draft = await team.rosters.draft(JANUARY)
    read = preview(draft.setting, draft.roster, content)
    assert not read.blocked
    edited = await team.rosters.edit(JANUARY, read.changes, by=CHIEF, kind="import")
    assert len(edited.changes) == 2
    again = preview(edited.draft.setting, edited.draft.roster, content)
    assert (again.changes, again.problems) == ((), ())

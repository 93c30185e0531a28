"""The demonstration's month: fourteen people in three shifts, with the two simulated counsellors on the shift that runs now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text

from core.clock import SystemClock, seoul
from core.database import Database
from core.ids import new_id
from helpline.demo.place import TEST_PARTNER
from shifts.edits import Entry, Wanted
from shifts.errors import NotPublishable
from shifts.model import Duty, Period
from shifts.on_shift import OnShift, duty_times
from shifts.rosters import Rosters, month
from shifts.rules import Level

#: Everybody but the simulated counsellors and the visitor; the last two are the supervisors.
OTHERS = {
    str(number): f"상담사 {name}"
    for number, name in enumerate(("다온", "라온", "마루", "바다", "새봄", "아라", "자람", "찬솔", "하늘", "한결", "해솔"), 104)
}
SUPERVISORS = ("113", "114")
#: Five shifts and two days off; people start at different places of it.
_CYCLE = ("D", "D", "E", "E", "N", "", "")
_REASON = "시연 / demonstration"

# People who only stand in the roster: no phone, no PIN that anybody knows.
_ADD = text(
    """
    WITH made AS (
        INSERT INTO counsellors (id, extension, name, pin_hash, created_at) VALUES (:id, :extension, :name, '-', now())
        ON CONFLICT (extension) DO NOTHING RETURNING id
    )
    INSERT INTO presence (counsellor_id, changed_at) SELECT id, now() FROM made
    """
).bindparams(bindparam("id", type_=Uuid))
_SUPERVISES = text(
    """
    INSERT INTO roster_people (counsellor_id, supervisor) SELECT id, true FROM counsellors WHERE extension = :extension
    ON CONFLICT (counsellor_id) DO UPDATE SET supervisor = true
    """
)


async def seed(db: Database, simulated: Sequence[str]) -> datetime:
    """Publish this month's roster and draft the next one; until when the simulated counsellors (extensions) are on the line.

    A month that was published already keeps what it holds, but for them. Raises `DatabaseError`.
    """
    for extension, name in OTHERS.items():
        await db.execute(_ADD, {"id": new_id(), "extension": extension, "name": name})
    for extension in SUPERVISORS:
        await db.execute(_SUPERVISES, {"extension": extension})
    rosters, now = Rosters(db, SystemClock()), seoul(SystemClock().now())
    until = now
    # A night shift belongs to the day on which it began; at its end the month may be another one.
    for first in dict.fromkeys(month(day).first for day in (now.date() - timedelta(days=1), now.date(), now.date() + timedelta(days=1))):
        until = max(until, await _month(rosters, first, simulated, now))
    following = month(month(now.date()).last + timedelta(days=1))
    draft = await rosters.draft(following.first)
    if draft.head.version == 0:
        people = {person.extension: person.id for person in draft.setting.people.values()}
        await rosters.edit(following.first, _pattern(following, people, {}), by=None, kind="import")
    return until


async def _month(rosters: Rosters, first: date, simulated: Sequence[str], now: datetime) -> datetime:
    draft = await rosters.draft(first)
    people = {person.extension: person.id for person in draft.setting.people.values()}
    lines = [kind for kind in draft.setting.shift_types.values() if kind.duty is Duty.LINE]
    # The shift that runs and the one after it: a demonstration may be begun at any minute.
    coming = sorted((kind.span(day), kind.code, day) for kind in lines for day in _around(now))
    coming = [one for one in coming if one[0].end > now][:2]
    wanted: dict[tuple[UUID, date], Wanted] = {}
    if draft.head.version == 0:
        _, code, day = coming[0]
        wanted = {(one.person_id, one.day): one for one in _pattern(draft.head.period, people, dict.fromkeys(simulated, (code, day)))}
    for _, code, day in coming:
        for extension in simulated if day in draft.head.period else ():
            place = people[extension], day
            entries = {Entry(code=code), *(wanted[place].entries if place in wanted else ())}
            wanted[place] = Wanted(person_id=place[0], day=day, entries=tuple(sorted(entries, key=lambda entry: entry.code)))
    edited = await rosters.edit(first, list(wanted.values()), by=None, kind="import", reason=_REASON)
    if edited.changes or draft.head.published is None:
        overrides = {one.key: _REASON for one in edited.draft.violations() if one.level is Level.POLICY}
        try:
            await rosters.publish(first, version=edited.draft.head.version, by=None, reason=_REASON, overrides=overrides)
        except NotPublishable:
            # Demonstrations day after day wear two people out; then everybody who is signed in is rung, as without a roster.
            return now
    index = OnShift(duty_times(edited.draft.roster.assignments, draft.setting.shift_types))
    return min((index.until(people[extension], now) or now for extension in simulated), default=now)


def _pattern(period: Period, people: Mapping[str, UUID], now: Mapping[str, tuple[str, date]]) -> list[Wanted]:
    """Everybody in turn; the supervisors are on call on alternate days. `now`: who has to begin which shift on which day."""
    found = []
    on_line = [extension for extension in sorted(people) if extension not in (*SUPERVISORS, TEST_PARTNER)]
    turns = {extension: number * 3 for number, extension in enumerate(on_line)}
    turns |= {extension: _CYCLE.index(code) - day.toordinal() for extension, (code, day) in now.items()}
    for day in period:
        for extension in on_line:
            code = _CYCLE[(day.toordinal() + turns[extension]) % len(_CYCLE)]
            if code:
                found.append(Wanted(person_id=people[extension], day=day, entries=(Entry(code=code),)))
        chief = SUPERVISORS[day.toordinal() % len(SUPERVISORS)]
        found.append(Wanted(person_id=people[chief], day=day, entries=(Entry(code="SV"),)))
    return found


def _around(now: datetime) -> list[date]:
    today = now.date()
    return [today - timedelta(days=1), today, today + timedelta(days=1)]

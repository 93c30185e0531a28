"""A helpline's desk with fourteen counsellors and an empty January 2027, looked at at noon (Seoul) of the 1st."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from core.clock import Clock
from core.database import Database
from core.settings import Settings
from core.testing import ManualClock
from desk.access.model import Role
from desk.events import Events
from desk.roster.room import RosterRoom
from desk.services import Api
from tests.integration.desk.kit import Answer, Browser, Served, served
from tests.integration.routing.rows import add_counsellor

MONTH = "/api/rosters/2027-01"
JANUARY = date(2027, 1, 1)
#: A month that breaks no hard rule: five shifts and two days off, everybody at another place of it.
_CYCLE = ("D", "D", "E", "E", "N", "", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The desk, its people, and browsers in which they are signed in."""

    here: Served
    people: tuple[UUID, ...]
    #: Two supervisors; the first two counsellors; an auditor.
    chief: Browser
    deputy: Browser
    first: Browser
    second: Browser
    auditor: Browser

    @property
    def db(self) -> Database:
        """The database."""
        return self.here.db

    @property
    def clock(self) -> ManualClock:
        """The clock, to be turned."""
        return self.here.manual

    @property
    def room(self) -> RosterRoom:
        """What is behind the API."""
        return self.here.desk.roster

    def cell(self, who: int, day: int, before: str, after: str, *, pinned: bool = False) -> dict[str, Any]:
        """A change of a cell of January; codes with a space between."""
        return {
            "person": str(self.people[who]),
            "day": on(day),
            "before": before.split(),
            "after": after.split(),
            "pinned": pinned,
        }

    async def edit(self, *cells: dict[str, Any], by: Browser | None = None, base: int = 0, reason: str | None = None) -> Answer:
        """Change cells."""
        body = {"base_version": base, "changes": list(cells), "reason": reason}
        return await (by or self.chief).post(f"{MONTH}/edits", body)

    async def held(self, who: int, day: int) -> list[str]:
        """What a cell of the draft holds."""
        draft = await self.room.rosters.draft(JANUARY)
        when = JANUARY + timedelta(days=day - 1)
        return sorted(one.code for one in draft.roster.assignments if (one.person_id, one.day) == (self.people[who], when))

    async def whole_month(self) -> int:
        """A month that can be published; its version."""
        cycle = ((who, day, _CYCLE[(day + who * 4) % 7]) for who in range(12) for day in range(1, 32))
        cells = [self.cell(who, day, "", code) for who, day, code in cycle if code]
        answer = await self.edit(*cells)
        assert answer.status == 200, answer.text
        version: int = answer.json["version"]
        return version

    async def publish(self, *, reason: str = "") -> Answer:
        """Publish the draft, with a reason for every policy that it breaks."""
        roster = (await self.chief.get(MONTH)).json
        overrides = [{"key": one["key"], "reason": "test"} for one in roster["violations"] if one["level"] == "policy"]
        wanted = {"version": roster["version"], "reason": reason, "overrides": overrides}
        return await self.chief.post(f"{MONTH}/publish", wanted)


def on(day: int) -> str:
    """A day of January."""
    return (JANUARY + timedelta(days=day - 1)).isoformat()


@asynccontextmanager
async def office(
    db: Database,
    settings: Settings,
    *,
    work: bool = False,
    roster: Callable[[Events], RosterRoom] | None = None,
    apis: Callable[[Clock], tuple[Api, ...]] = lambda _: (),
) -> AsyncIterator[Office]:
    """All of it."""
    clock = ManualClock(datetime(2027, 1, 1, 3, tzinfo=UTC))
    people = tuple([await add_counsellor(db, str(101 + number)) for number in range(14)])
    await db.execute(text("INSERT INTO demand (id, starts, minutes, least, wanted) VALUES (gen_random_uuid(), '00:00', 1440, 1, 2)"))
    async with served(db, settings, clock=clock, apis=apis(clock), work=work, roster=roster) as here, AsyncExitStack() as stack:
        browsers = []
        for name, role, who in (
            ("chief", Role.SUPERVISOR, None),
            ("deputy", Role.SUPERVISOR, None),
            ("first", Role.COUNSELLOR, 0),
            ("second", Role.COUNSELLOR, 1),
            ("auditor", Role.AUDITOR, None),
        ):
            await here.person(name, role, counsellor=None if who is None else people[who])
            browser = await stack.enter_async_context(here.browser())
            assert (await browser.sign_in(name)).status == 200
            browsers.append(browser)
        chief, deputy, first, second, auditor = browsers
        yield Office(here=here, people=people, chief=chief, deputy=deputy, first=first, second=second, auditor=auditor)

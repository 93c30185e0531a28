"""A small team whose January 2027 is rostered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from core.database import Database
from core.testing import ManualClock
from shifts.edits import Entry, Wanted
from shifts.requests import Requests
from shifts.rosters import Rosters
from tests.integration.routing.rows import add_counsellor

JANUARY = date(2027, 1, 1)
CHIEF = UUID(int=120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """The parts under test and the people."""

    db: Database
    clock: ManualClock
    rosters: Rosters
    requests: Requests
    people: tuple[UUID, ...]

    def cell(self, who: int, day: int, *codes: str, seen: tuple[str, ...] | None = None) -> Wanted:
        """A cell of January."""
        return Wanted(
            person_id=self.people[who],
            day=JANUARY + timedelta(days=day - 1),
            entries=tuple(Entry(code=code) for code in codes),
            seen=None if seen is None else frozenset(seen),
        )

    async def plan(self, *cells: Wanted) -> int:
        """Put these into the draft; its version."""
        return (await self.rosters.edit(JANUARY, cells, by=CHIEF, reason="plan")).draft.head.version

    async def publish(self, *, reason: str = "") -> None:
        """Publish the draft, with a reason for every policy that it breaks."""
        draft = await self.rosters.draft(JANUARY)
        overrides = {one.key: "test" for one in draft.violations()}
        await self.rosters.publish(JANUARY, version=draft.head.version, by=CHIEF, reason=reason, overrides=overrides)


@pytest.fixture
async def team(db: Database) -> Team:
    """Five counsellors, nothing planned, at noon (Seoul) of the 1st of January 2027."""
    clock = ManualClock(datetime(2027, 1, 1, 3, tzinfo=UTC))
    rosters = Rosters(db, clock)
    people = tuple([await add_counsellor(db, extension) for extension in ("101", "102", "103", "104", "105")])
    return Team(db=db, clock=clock, rosters=rosters, requests=Requests(db, clock, rosters), people=people)

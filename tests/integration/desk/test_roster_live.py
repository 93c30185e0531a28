"""What open pages hear of a roster, and searches of the solver."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from core.database import Database
from core.settings import Settings
from core.testing import ManualClock
from desk.events import Events
from desk.roster.room import RosterRoom
from shifts.model import Assignment, Roster
from shifts.solver.effort import Status
from shifts.solver.request import Listener, Progress, Solution, SolveRequest
from shifts.what_if import WhatIf
from tests.integration.desk.kit import Answer
from tests.integration.desk.office import JANUARY, MONTH, Office, office, on
from tests.integration.desk.test_stream import stream
from tests.kit.until import until


async def test_open_pages_hear_of_edits_and_publications_as_far_as_they_may(db: Database, settings: Settings) -> None:
    """Supervisors of every edit with its cells; counsellors of what is in force and of requests that concern them."""
    async with office(db, settings, work=True) as here, stream(here.deputy) as deputy, stream(here.second) as second:
        await deputy.next()
        await second.next()
        await here.edit(here.cell(0, 4, "", "D", pinned=True))
        heard = await deputy.next()
        assert heard is not None
        assert heard.kind == "roster_changed"
        assert isinstance(heard.data, dict)
        user = (await here.chief.get("/api/session")).json["person"]["id"]
        assert heard.data == {
            "month": "2027-01", "version": 1, "by": "chief", "by_user": user,
            "cells": [{"person": str(here.people[0]), "day": on(4), "codes": ["D"], "pinned": True}],
        }  # fmt: skip
        assert (await here.publish()).status == 200
        published = await deputy.next()
        assert published is not None
        assert published.kind == "roster_published"
        await here.first.post("/api/swaps", {"day": on(4), "code": "D", "other": str(here.people[1])})
        asked = await deputy.next()
        assert asked is not None
        assert (asked.kind, asked.data) == ("requests_changed", {"kind": "swap"})
        assert [one.kind for one in await second.several(2)] == ["roster_published", "requests_changed"]


async def found(here: Office, job: str) -> Answer:
    """A search that has ended."""

    async def ended() -> Answer | None:
        answer = await here.chief.get(f"{MONTH}/solve/{job}")
        return answer if answer.json["state"] != "running" else None

    answer = await until(ended, 60)
    assert answer is not None
    return answer


@pytest.mark.timeout(180)
async def test_a_search_fills_the_month_and_is_accepted_as_one_edit(db: Database, settings: Settings) -> None:
    """The real solver, in its own process; what was there stays."""
    async with office(db, settings, work=True) as here:
        await here.whole_month()
        held = [(who, await here.held(who, 20)) for who in range(12)]
        await here.edit(*(here.cell(who, 20, code, "") for who, (code,) in ((who, codes) for who, codes in held if codes)))
        begun = await here.chief.post(f"{MONTH}/solve", {"mode": "fill", "seconds": 10})
        assert begun.status == 202, begun.text
        job = begun.json["job"]
        second = await here.deputy.post(f"{MONTH}/solve", {"mode": "fill", "seconds": 10})
        assert (second.status, second.code, second.json["job"]) == (409, "search_running", job)
        state = (await found(here, job)).json
        assert state["state"] in {"feasible", "optimal"}, state
        assert state["cost"] >= (state["bound"] or 0)
        assert on(20) in {one["day"] for one in state["changes"]}
        assert all(one["before"] == [] for one in state["changes"])
        assert state["text"]
        done = await here.chief.post(f"{MONTH}/solve/{job}/accept", {"base_version": 2, "reason": "flu"})
        assert done.status == 200, done.text
        assert len(done.json["cells"]) == len(state["changes"])
        assert not [one for one in done.json["violations"] if one["rule"] == "cover_least" and one["day"] == on(20)]
        assert "hard" not in {one["level"] for one in done.json["violations"]}
        assert (await here.chief.post(f"{MONTH}/solve/{job}/accept", {"base_version": 3})).code == "search_gone"
        (edit, *_) = (await here.chief.get(f"{MONTH}/history")).json["edits"]
        assert (edit["kind"], edit["reason"]) == ("solve", "flu")
        assert (await here.chief.post(f"{MONTH}/undo", {"base_version": 3})).status == 200


class Puppet:
    """A search that ends when told to."""

    def __init__(self, request: SolveRequest) -> None:
        self.request = request
        self.ended: asyncio.Future[Solution] = asyncio.get_running_loop().create_future()
        self.progress: Listener | None = None

    async def solve(self, progress: Listener | None = None) -> Solution:
        """See `SolverProcess`."""
        self.progress = progress
        return await self.ended

    def cancel(self) -> None:
        """See `SolverProcess`."""
        if not self.ended.done():
            self.ended.set_result(Solution(status=Status.CANCELLED, roster=self.better(), cost=5, bound=1))

    def better(self) -> Roster:
        """With one shift more."""
        person = next(iter(self.request.setting.people))
        return self.request.roster.changed(add=[Assignment(day=JANUARY.replace(day=20), person_id=person, code="D")])


class Still:
    """A what-if that is never done."""

    async def play(self, progress: Callable[[float], None] | None = None) -> WhatIf:
        """Waits to be ended."""
        await asyncio.Event().wait()
        raise AssertionError


def puppets(db: Database, settings: Settings, made: list[Puppet], *, available: bool = True) -> Callable[[Events], RosterRoom]:
    """A room whose searches are puppets."""

    def solver(request: SolveRequest) -> Puppet:
        made.append(Puppet(request))
        return made[-1]

    def room(events: Events) -> RosterRoom:
        clock: Any = events._clock
        assert isinstance(clock, ManualClock)
        return RosterRoom(db, clock, events, settings.desk, solver=solver, solver_available=lambda: available, players=lambda _: Still())

    return room


async def test_a_search_shows_its_best_so_far_and_is_ended_by_whoever_looks(db: Database, settings: Settings) -> None:
    """What it found until then can be accepted; an answer to a draft that has changed meanwhile is looked at again first."""
    made: list[Puppet] = []
    async with office(db, settings, work=True, roster=puppets(db, settings, made)) as here:
        path = f"{MONTH}/solve/{(await here.chief.post(f'{MONTH}/solve', {'mode': 'repair'})).json['job']}"
        puppet = made[0]
        await until(lambda: puppet.progress is not None)
        assert (await here.chief.post(f"{path}/accept", {"base_version": 0})).code == "nothing_found"
        assert puppet.progress is not None
        puppet.progress(Progress(at_s=1.0, cost=9, bound=1, roster=puppet.better()))
        state = (await here.deputy.get(path)).json
        assert (state["state"], state["cost"], state["bound"], len(state["changes"])) == ("running", 9, 1, 1)
        assert (await here.first.get(path)).code == "forbidden"
        assert (await here.deputy.ask("DELETE", path)).status == 204
        ended = await found(here, path.rpartition("/")[2])
        assert (ended.json["state"], ended.json["cost"]) == ("cancelled", 5)
        await here.edit(here.cell(5, 4, "", "D"))
        late = await here.chief.post(f"{path}/accept", {"base_version": 0})
        assert (late.code, late.json["version"]) == ("edited_meanwhile", 1)
        assert (await here.chief.post(f"{path}/accept", {"base_version": 1})).json["version"] == 2
        assert await here.held(5, 4) == ["D"]
        assert await here.held(0, 20) == ["D"]


async def test_a_search_that_fails_says_so_and_another_can_begin(db: Database, settings: Settings) -> None:
    """Unknown ones are gone; the ground that has been worked stays."""
    made: list[Puppet] = []
    async with office(db, settings, work=True, roster=puppets(db, settings, made)) as here:
        await here.edit(here.cell(0, 1, "", "D"), here.cell(1, 1, "", "E"))
        job = (await here.chief.post(f"{MONTH}/solve", {"mode": "empty"})).json["job"]
        pinned = {one.person_id: one.pinned for one in made[0].request.roster.assignments}
        assert pinned == {here.people[0]: True, here.people[1]: False}
        made[0].ended.set_exception(OSError("no memory"))
        state = (await found(here, job)).json
        assert (state["state"], state["changes"]) == ("failed", [])
        assert state["text"]
        assert (await here.chief.post(f"{MONTH}/solve", {"mode": "empty"})).status == 202
        for bad in ({"mode": "guess"}, {"mode": "fill", "seconds": 0}, {"mode": "fill", "seconds": 10**6}):
            assert (await here.chief.post(f"{MONTH}/solve", bad)).code == "invalid"
        assert (await here.chief.get(f"{MONTH}/solve/{uuid4()}")).code == "search_gone"
        assert (await here.chief.get(f"/api/rosters/2027-02/solve/{job}")).code == "search_gone"
        here.clock.advance(3601)
        await here.chief.sign_in("chief")
        made[1].cancel()


async def test_without_the_solver_the_page_is_told_what_is_missing(db: Database, settings: Settings) -> None:
    """It is an optional extra."""
    async with office(db, settings, roster=puppets(db, settings, [], available=False)) as here:
        answer = await here.chief.post(f"{MONTH}/solve", {"mode": "fill"})
        assert (answer.status, answer.code) == (501, "solver_missing")
        assert "solver" in answer.json["message"]["ko"]

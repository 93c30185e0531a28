"""The roster's part of the desk, put together."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Protocol

from core.clock import Clock
from core.database import Database
from core.settings_desk import DeskSettings
from desk.events import Events
from desk.roster.api import RosterApi
from desk.roster.demand_api import DemandApi
from desk.roster.files_api import FilesApi
from desk.roster.health_api import HealthApi
from desk.roster.imports import Imports
from desk.roster.jobs import Jobs, Solver, in_a_process, installed
from desk.roster.leaves_api import LeavesApi, Noting
from desk.roster.news import News
from desk.roster.own_api import OwnApi
from desk.roster.problems import Words
from desk.roster.reading import Beside, Histories, Needs, no_history
from desk.roster.rules_api import RulesApi
from desk.roster.search_api import SearchApi
from desk.roster.store import Store
from desk.roster.swaps_api import SwapsApi
from desk.roster.terms_api import TermsApi
from desk.roster.what_if_api import WhatIfApi
from desk.roster.what_if_jobs import WhatIfs
from desk.roster.wishes_api import WishesApi
from desk.routes import Route
from shifts.feeds import Feeds
from shifts.house_rules import HouseRules
from shifts.requests import Requests
from shifts.rosters import Rosters
from shifts.terms import People
from shifts.what_if import Players
from shifts.wishes import Wishes


class Part(Protocol):
    """One of its APIs."""

    def routes(self) -> list[Route]:
        """Its lines of the table."""
        ...


class RosterRoom:
    """Rosters behind the desk. `histories` counts the line's own contacts for the need; without them it starts from the shipped load.

    `players` play what-ifs; without them there are none. `noting`: the access log.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        events: Events,
        settings: DeskSettings,
        *,
        histories: Histories = no_history,
        players: Players | None = None,
        noting: Noting | None = None,
        solver: Solver = in_a_process,
        solver_available: Callable[[], bool] = installed,
    ) -> None:
        self.rosters = Rosters(db, clock)
        self.requests = Requests(db, clock, self.rosters)
        self.jobs = Jobs(clock=clock, solver=solver, available=solver_available)
        self.imports = Imports(clock=clock)
        store = Store(db, clock)
        self.what_ifs = WhatIfs(clock=clock, players=players)
        self._news = News(events, store)
        self.rosters.on_edit = self._news.edited
        self.rosters.on_publish = self._news.published
        words = Words(self.rosters, store)
        needs = Needs(clock, histories)
        roster = RosterApi(self.rosters, store, Beside(needs), words, clock)
        self._parts: tuple[Part, ...] = (
            roster,
            SearchApi(self.rosters, self.jobs, roster, words),
            FilesApi(self.rosters, store, self.imports, roster, words),
            LeavesApi(self.requests, store, events, words, clock, noting),
            SwapsApi(self.requests, self.rosters, store, events, words, clock),
            WishesApi(Wishes(db, clock), store, events, words),
            OwnApi(self.rosters, store, Feeds(db, clock), words, settings),
            RulesApi(HouseRules(db, clock), store, events, words),
            DemandApi(db, needs, events),
            WhatIfApi(self.rosters, self.what_ifs, needs, words),
            HealthApi(self.rosters, store, words, clock),
            TermsApi(People(db, clock), events, words),
        )

    def routes(self) -> list[Route]:
        """All of them."""
        return [route for part in self._parts for route in part.routes()]

    def work(self) -> Mapping[str, Coroutine[None, None, None]]:
        """What is to be run as tasks."""
        return {"roster news": self._news.run(), "roster searches": self.jobs.run(), "roster what-ifs": self.what_ifs.run()}

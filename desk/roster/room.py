"""The roster's part of the desk, put together."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Protocol

from core.clock import Clock
from core.database import Database
from core.settings_desk import DeskSettings
from desk.events import Events
from desk.roster.api import RosterApi
from desk.roster.files_api import FilesApi
from desk.roster.imports import Imports
from desk.roster.jobs import Jobs, Solver, in_a_process, installed
from desk.roster.leaves_api import LeavesApi
from desk.roster.news import News
from desk.roster.own_api import OwnApi
from desk.roster.problems import Words
from desk.roster.reading import Beside, Histories, Needs, no_history
from desk.roster.search_api import SearchApi
from desk.roster.store import Store
from desk.roster.swaps_api import SwapsApi
from desk.routes import Route
from shifts.feeds import Feeds
from shifts.requests import Requests
from shifts.rosters import Rosters


class Part(Protocol):
    """One of its APIs."""

    def routes(self) -> list[Route]:
        """Its lines of the table."""
        ...


class RosterRoom:
    """Rosters behind the desk. `histories` counts the line's own contacts for the need; without them it starts from the shipped load."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        events: Events,
        settings: DeskSettings,
        *,
        histories: Histories = no_history,
        solver: Solver = in_a_process,
        solver_available: Callable[[], bool] = installed,
    ) -> None:
        self.rosters = Rosters(db, clock)
        self.requests = Requests(db, clock, self.rosters)
        self.jobs = Jobs(clock=clock, solver=solver, available=solver_available)
        self.imports = Imports(clock=clock)
        store = Store(db, clock)
        self._news = News(events, store)
        self.rosters.on_edit = self._news.edited
        self.rosters.on_publish = self._news.published
        words = Words(self.rosters, store)
        roster = RosterApi(self.rosters, store, Beside(Needs(clock, histories)), words, clock)
        self._parts: tuple[Part, ...] = (
            roster,
            SearchApi(self.rosters, self.jobs, roster, words),
            FilesApi(self.rosters, store, self.imports, roster, words),
            LeavesApi(self.requests, store, events, words),
            SwapsApi(self.requests, self.rosters, store, events, words, clock),
            OwnApi(self.rosters, store, Feeds(db, clock), words, settings),
        )

    def routes(self) -> list[Route]:
        """All of them."""
        return [route for part in self._parts for route in part.routes()]

    def work(self) -> Mapping[str, Coroutine[None, None, None]]:
        """What is to be run as tasks."""
        return {"roster news": self._news.run(), "roster searches": self.jobs.run()}

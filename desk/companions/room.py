"""The companions' part of the desk, put together."""

from __future__ import annotations

from core.alarms import Alarms
from core.cipher import NumberCipher
from core.clock import Clock
from core.database import Database
from desk.centre.room import CentreRoom
from desk.centre.store import Store
from desk.companions.people_api import PeopleApi
from desk.companions.supports_api import SupportsApi
from desk.routes import Route
from escalation.companions.call_book import CallBook
from escalation.companions.people import People
from escalation.companions.way_back import Crisis, WayBack


class CompanionsRoom:
    """Companions behind the desk. `crisis`: where a companion's crisis button leads."""

    def __init__(
        self, db: Database, clock: Clock, cipher: NumberCipher, alarms: Alarms, centre: CentreRoom, crisis: Crisis
    ) -> None:  # fmt: skip
        self.people = People(db, clock, cipher)
        self.supports = centre.supports
        self.book = CallBook(db, clock, cipher, alarms)
        self.way_back = WayBack(db, clock, centre.rules, self.supports, centre.casework, crisis)
        self._parts = (
            PeopleApi(self.people, centre.reading),
            SupportsApi(self.supports, self.people, self.book, self.way_back, centre.reading, Store(db), clock),
        )

    def routes(self) -> list[Route]:
        """All of them."""
        return [route for part in self._parts for route in part.routes()]

"""Records, plans and people behind the desk, put together."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from typing import Protocol

from care import people as of_people
from care import retention
from care.holding import Room
from care.keeping import Keeping
from care.people import People
from care.plans import book as of_plans
from care.plans.book import PlanBook
from care.records import stored
from care.records.book import RecordBook
from care.records.reading import RecordReader, Referred
from care.records.words import Words
from care.retention import Retention, Rule
from core.audit import Access, AccessLog
from core.clock import Clock
from core.database import Database
from core.sealing import load_sealer
from core.secrets import load_cipher
from core.settings import Settings
from desk.records.desk_reader import Shown
from desk.records.line_traces import LineTraces
from desk.records.people_api import PeopleApi
from desk.records.plans_api import Plans
from desk.records.records_api import Records
from desk.records.related import Related
from desk.routes import Route


class Part(Protocol):
    """One of its APIs."""

    def routes(self) -> list[Route]:
        """Its lines of the table."""
        ...


class RecordsApi:
    """All of them. `referred` says whose cases were handed to the centre or to a companion; `rooms` what other rooms keep of people.

    `rules` and `words`: in place of those that come with the program.
    """

    def __init__(
        self,
        settings: Settings,
        db: Database,
        clock: Clock,
        audit: AccessLog,
        *,
        referred: Referred | None = None,
        rooms: Sequence[Room] = (),
        rules: Mapping[Retention, Rule] | None = None,
        words: Words | None = None,
    ) -> None:
        """Raises SecretsError."""
        self.people = People(db, clock, load_cipher(settings), load_sealer(settings, of_people.PURPOSE))
        self.book = RecordBook(db, clock, load_sealer(settings, stored.PURPOSE), words)
        self.plans = PlanBook(db, clock, load_sealer(settings, of_plans.PURPOSE))
        self.records = RecordReader(db, self.book, referred)

        async def witness(detail: Mapping[str, str | int]) -> None:
            await audit.write(Access(action="records_deleted", about_kind="retention", about=str(detail["class"]), detail=detail))

        self.keeping = Keeping(
            db,
            clock,
            rules or retention.shipped(),
            people=self.people,
            book=self.book,
            plans=self.plans,
            witness=witness,
            elsewhere=(LineTraces(db),),
            rooms=rooms,
        )
        related = Related(db)
        shown = Shown(self.people, audit, related)
        self._parts: tuple[Part, ...] = (
            Records(self.book, self.records, self.people, shown, related),
            Plans(self.plans, self.records, shown, clock),
            PeopleApi(self.people, self.records, self.keeping, shown),
        )

    def routes(self) -> list[Route]:
        """All of them."""
        return [route for part in self._parts for route in part.routes()]

    def work(self) -> Mapping[str, Coroutine[None, None, None]]:
        """What is to be run as tasks."""
        return {"records kept no longer": self.keeping.run()}

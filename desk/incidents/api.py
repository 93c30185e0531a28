"""Crises behind the desk, put together."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Protocol

from core.audit import AccessLog
from core.clock import Clock
from core.database import Database
from core.sealing import load_sealer
from core.secrets import load_cipher
from core.settings import Settings
from desk.events import Events
from desk.incidents.card_api import Cards
from desk.incidents.incidents_api import Incidents
from desk.incidents.known import Known, NothingKnown
from desk.incidents.news import IncidentNews
from desk.incidents.store import Store
from desk.routes import Route
from escalation import decisions, facts
from escalation.decisions import Decisions
from escalation.facts import FactBook
from escalation.ledger import Ledger
from escalation.partners import Partners
from escalation.partners_file import load


class Part(Protocol):
    """One of its APIs."""

    def routes(self) -> list[Route]:
        """Its lines of the table."""
        ...


class IncidentsApi:
    """Incidents, hand-over cards, disclosures. `known`: what stands elsewhere of a caller; `direct_line`: where a partner calls back."""

    def __init__(
        self, settings: Settings, db: Database, clock: Clock, audit: AccessLog, events: Events, *,
        partners: Partners | None = None, known: Known | None = None, direct_line: str = "",
    ) -> None:  # fmt: skip
        """Raises SecretsError, PartnersError."""
        partners = partners or load(settings.escalation)
        store = Store(db)
        self.ledger = Ledger(db, clock, audit)
        self.facts = FactBook(db, clock, load_sealer(settings, facts.PURPOSE))
        self._news = IncidentNews(db, clock, events)
        self._parts: tuple[Part, ...] = (
            Incidents(db, clock, store, partners, Decisions(db, clock, load_sealer(settings, decisions.PURPOSE)), settings.escalation),
            Cards(store, clock, partners, self.facts, self.ledger, load_cipher(settings), audit, known or NothingKnown(), direct_line),
        )

    def routes(self) -> list[Route]:
        """All of them."""
        return [route for part in self._parts for route in part.routes()]

    def work(self) -> Mapping[str, Coroutine[None, None, None]]:
        """What is to be run as tasks."""
        return {"incident news": self._news.run()}

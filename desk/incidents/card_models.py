"""What the API of hand-over cards and disclosures reads and answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from desk.incidents.models import PartnerId
from desk.routes import Loose, Wire
from escalation.facts import LONGEST
from escalation.ledger_model import Ground
from escalation.partners import Need

Text = Annotated[str, Field(max_length=LONGEST)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,60}$")]
Day = Annotated[date, Field(ge=date(2020, 1, 1), le=date(2120, 12, 31))]


class ReporterOut(Wire):
    """Whoever tells us, if that is not the person."""

    relation: str
    number: str


class LinesOut(Wire):
    """The card as lines of text."""

    ko: list[str]
    en: list[str]


class CardOut(Wire):
    """What the police or the ambulance will ask. `told`: what was typed; `known`: what stands elsewhere; `caller`: the number of the call.

    `covered`: numbers show only their ends, because the incident is over.
    """

    incident: UUID
    version: int
    told: dict[str, str]
    known: dict[str, str]
    reporter: ReporterOut | None
    caller: str | None
    covered: bool
    test: bool
    lines: LinesOut


class CardWanted(Loose):
    """`partner`: what they ask for comes first."""

    partner: PartnerId | None = None


class ReporterIn(Wire):
    """Whoever tells us."""

    relation: Text = ""
    number: Text = ""


class FactsIn(Wire):
    """What is known about the person; what is left out stays, "" is unknown again."""

    name: Text | None = None
    number: Text | None = None
    place: Text | None = None
    district: Text | None = None
    what_happens: Text | None = None
    means: Text | None = None
    weapon: Text | None = None
    intoxication: Text | None = None
    alone: Text | None = None
    injuries: Text | None = None
    illness: Text | None = None
    language: Text | None = None
    reporter: ReporterIn | None = None


class DisclosureIn(Wire):
    """What was given to whom, and why it was lawful. `recipient`: a partner's id, or a code. `consent`: with that ground."""

    recipient: Code
    items: Annotated[list[Need | Literal["danger", "relation", "reporter_number"]], Field(min_length=1, max_length=20)]
    ground: Ground
    consent: UUID | None = None


class DisclosureOut(Wire):
    """A row of the ledger."""

    id: UUID
    at: datetime
    about_kind: str
    about: UUID
    recipient: str
    items: list[str]
    ground: str
    decided_by: UUID
    decided_by_name: str | None
    consent: UUID | None


class DisclosuresOut(Wire):
    """Rows, the oldest first, and the same as lines of text for printing."""

    disclosures: list[DisclosureOut]
    lines: LinesOut


class Period(Loose):
    """Days in Seoul, both included."""

    since: Day
    until: Day

"""What a checklist or a report asks of whoever handles crises: that an incident be considered, now. A person decides about it.

Care knows no incidents. Whoever wires the program hands in a `Proposals`; without one a proposal is still in what is answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID


class Danger(StrEnum):
    """What the danger is; the values are those that incidents know."""

    SUICIDE = "suicide"
    VIOLENCE = "violence"
    MEDICAL = "medical"
    FIRE = "fire"
    MISSING = "missing"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Something was said that a crisis may be behind."""

    danger: Danger
    #: checklist, isolation_report.
    source: str
    #: The result or the report.
    about: UUID
    #: The contact in which it was said; None outside of one.
    contact_id: UUID | None
    #: The account that wrote it down; None for a self test.
    by: UUID | None
    #: Codes, never words of a person: the items that were answered so.
    reasons: tuple[str, ...] = ()


class Proposals(Protocol):
    """Takes proposals. The same one may come again; it must lead to one incident."""

    async def propose(self, proposal: Proposal) -> None:
        """Have a person look at it now. Raises when that can't be done; the proposal comes again with the next answer."""
        ...


class NoProposals:
    """Takes none: for parts that are put together without crises."""

    async def propose(self, proposal: Proposal) -> None:
        """Refuse, so that nobody takes it for done."""
        raise NotTaken


class NotTaken(Exception):
    """Nobody takes proposals here."""

"""What the router needs from others, stated as protocols of its own: the telephone, the store of reservations, hints to other workers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from routing.estimate import Interval
from routing.model import Offer, OfferResult, OverflowReason, Seat, Waiting
from routing.policy import Policy


class Telephony(Protocol):
    """What the router needs from the telephone; implemented in `ivr`, handed in by bootstrap. Nothing here may block."""

    def ring(self, offer: Offer) -> None:
        """Ring the reserved counsellor for the contact. The result comes back through `Router.answered` or `Router.close`."""

    def unroutable(self, contact_id: UUID) -> None:
        """No counsellor can be reserved because the database is away: reach a human without it. Told again while that lasts.

        The contact is in the line until it leaves by itself: whoever is kept from going waits on.
        """

    def overflow(self, contact_id: UUID, reason: OverflowReason) -> None:
        """Try standby list and partner line; the contact stays in the line. `Router.overflow_over` ends it."""

    def open_offers(self) -> Collection[Offer]:
        """Whose phone rings, or who waits to be connected: they stay reserved as long as this program lives."""

    def reservation_lost(self, offer: Offer) -> None:
        """The counsellor of an open offer is somebody else's by now: they must not be connected."""


class Store(Protocol):
    """Where reservations are: `routing.reservations.Reservations`. All raise `DatabaseError`."""

    async def reserve(self, contact_id: UUID, counsellor_id: UUID, epoch: int) -> tuple[Offer | None, Seat | None]:
        """Compare and set."""

    async def answered(self, offer: Offer) -> Seat | None:
        """Taken; None: too late."""

    async def close(self, offer: Offer, result: OfferResult, policy: Policy) -> Seat | None:
        """Came to nothing; None: closed before."""

    async def hold(self, offers: Collection[Offer]) -> set[UUID]:
        """Renew the leases; the ids of the offers that still stand."""

    async def end_talk(self, counsellor_id: UUID, epoch: int, *, heavy: bool, wrapup: bool, policy: Policy) -> Seat | None:
        """Over; None: not theirs any more."""

    async def expire(self) -> list[Seat]:
        """Wrap-ups and leases that are over."""

    async def free_ended(self) -> list[Seat]:
        """Counsellors of ended contacts."""

    async def seats(self, since: datetime | None) -> list[Seat]:
        """Who changed since then; None: everybody."""

    async def alive(self, worker: str) -> None:
        """A sign of life."""

    async def waiting_elsewhere(self, worker: str) -> list[Waiting]:
        """Other workers' contacts."""

    @property
    def wrapup(self) -> timedelta:
        """How long it lasts."""


class Hinter(Protocol):
    """Sends a NOTIFY soon, after whatever has been committed: `routing.hints.Hints`."""

    def send(self, channel: str) -> None:
        """Never blocks."""


class NoHints:
    """For a worker that is alone."""

    def send(self, channel: str) -> None:
        """Nobody else is there to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a contact stands."""

    ahead: int
    #: Seconds from now; None: better not said.
    interval: Interval | None

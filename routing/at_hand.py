"""Counsellors at hand: who could be offered a contact now, longest idle first, and who of them has what a contact asks for. Pure.

For every language and set of skills that somebody has asked for there is an index of its own, so that neither question looks at everybody.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from routing.model import Seat
from routing.ordered import Ordered

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
#: A language and skills.
Demand = tuple[str, frozenset[str]]
_Idle = Ordered[tuple[datetime, str, UUID], UUID]


def able(seat: Seat, demand: Demand) -> bool:
    """Whether a counsellor has them."""
    language, skills = demand
    return language in seat.languages and skills <= seat.skills


class AtHand:
    """Counsellors as far as the line cares."""

    def __init__(self) -> None:
        self._idle: _Idle = Ordered()
        #: Who takes new calls in this shift -> whether their phone can be reached.
        self._on_duty: dict[UUID, bool] = {}
        self._reachable: dict[UUID, Seat] = {}
        #: By demand: the idle ones who have it, and the reachable ones who have it.
        self._able_idle: dict[Demand, _Idle] = {}
        self._able: dict[Demand, set[UUID]] = {}

    def __len__(self) -> int:
        return len(self._idle)

    def __contains__(self, counsellor_id: UUID) -> bool:
        return counsellor_id in self._idle

    @property
    def reachable(self) -> int:
        """On duty, with a phone that can be reached."""
        return len(self._reachable)

    @property
    def anybody_on_duty(self) -> bool:
        """Reachable or not."""
        return bool(self._on_duty)

    def on_duty(self, counsellor_id: UUID) -> bool:
        """Whether they take new calls in this shift."""
        return counsellor_id in self._on_duty

    def idle(self, demand: Demand | None = None) -> Iterable[UUID]:
        """The idle ones, longest idle first; with a demand, only those who have it."""
        return self._idle if demand is None else self._index(demand)[0]

    def somebody_able(self, demand: Demand) -> bool:
        """Whether anybody at work has it, busy or not."""
        return bool(self._index(demand)[1])

    def place(self, seat: Seat, *, idle: bool, on_duty: bool) -> None:
        """Note a counsellor as they are now."""
        self.remove(seat.counsellor_id)
        if on_duty:
            self._on_duty[seat.counsellor_id] = seat.reachable
            if seat.reachable:
                self._reachable[seat.counsellor_id] = seat
        if idle:
            self._idle.add(seat.counsellor_id, _key(seat))
        for demand in self._able:
            if able(seat, demand):
                if on_duty and seat.reachable:
                    self._able[demand].add(seat.counsellor_id)
                if idle:
                    self._able_idle[demand].add(seat.counsellor_id, _key(seat))

    def take(self, counsellor_id: UUID) -> None:
        """Idle no more."""
        self._idle.remove(counsellor_id)
        for index in self._able_idle.values():
            index.remove(counsellor_id)

    def remove(self, counsellor_id: UUID) -> None:
        """Neither idle nor on duty."""
        self.take(counsellor_id)
        self._on_duty.pop(counsellor_id, None)
        self._reachable.pop(counsellor_id, None)
        for index in self._able.values():
            index.discard(counsellor_id)

    def _index(self, demand: Demand) -> tuple[_Idle, set[UUID]]:
        if demand not in self._able:
            self._able[demand] = {key for key, seat in self._reachable.items() if able(seat, demand)}
            idle = self._able_idle[demand] = Ordered()
            for counsellor_id in self._idle:
                # Whoever is idle is on duty and can be reached.
                if able(seat := self._reachable[counsellor_id], demand):
                    idle.add(counsellor_id, _key(seat))
        return self._able_idle[demand], self._able[demand]


def _key(seat: Seat) -> tuple[datetime, str, UUID]:
    return seat.idle_since or _LONG_AGO, seat.extension, seat.counsellor_id

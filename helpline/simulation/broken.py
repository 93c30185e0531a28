"""Programs that are broken on purpose: the oracle must catch each of them (the test of the test)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from helpline import wiring
from helpline.simulation.program import Parts
from ivr.recovery import Recovery
from routing import engine_model as e
from routing.callback_model import Due
from routing.engine import Engine
from routing.model import Offer, Seat, Waiting
from routing.policy import Policy
from routing.presence_model import System
from routing.router import Router
from routing.testing import Counsellor, MemoryReservations
from routing.testing_callbacks import MemoryCallbacks, Request


class _Unfenced(MemoryReservations):
    """Writes change whatever is there, however old the decision is."""

    def may_reserve(self, row: Counsellor, epoch: int) -> bool:
        return row.presence.human == "ready"

    def holds(self, row: Counsellor, epoch: int) -> bool:
        return True

    def _reserve(self, contact_id: UUID, counsellor_id: UUID, epoch: int, offer_id: UUID) -> tuple[Offer | None, Seat | None]:
        # Without the fence the unique indexes that rest on it are gone, too.
        for live in list(self._db.live_offers.values()):
            if counsellor_id == live.offer.counsellor_id:
                self._db.live_offers.pop(live.offer.id)
        return super()._reserve(contact_id, counsellor_id, epoch, offer_id)


class _NeverReclaims(MemoryReservations):
    """A reservation whose worker has died stays for ever."""

    def _reclaim(self) -> list[Seat]:
        return []

    def _free_ended(self) -> list[Seat]:
        return []


class _NeverCompares(Recovery):
    """Does not look at what goes on in Asterisk."""

    async def on_connect(self) -> None:
        """Nothing."""

    async def run(self, every_s: float) -> None:
        """Nothing."""


class _CallsTwice(MemoryCallbacks):
    """Takes requests that somebody works on already, and does not notice that another one has them."""

    async def claim(self, worker: str, limit: int, lease_s: float) -> list[Due]:
        for request in self._memory.callbacks.values():
            if request.state == "calling":
                request.state = "open"
        return await super().claim(worker, limit, lease_s)

    def _on_the_line(self) -> tuple[set[UUID], set[str | None]]:
        return set(), set()

    def _held(self, callback_id: UUID, epoch: int) -> Request | None:
        request: Request | None = self._memory.callbacks.get(callback_id)
        return request if request is not None and request.outcome is None else None


class _Twice(MemoryReservations):
    """Grants a second counsellor to a contact that has one."""

    def _reserve(self, contact_id: UUID, counsellor_id: UUID, epoch: int, offer_id: UUID) -> tuple[Offer | None, Seat | None]:
        mine = {key: live for key, live in self._db.live_offers.items() if live.offer.contact_id == contact_id}
        for key in mine:
            self._db.live_offers.pop(key)
        try:
            return super()._reserve(contact_id, counsellor_id, epoch, offer_id)
        finally:
            self._db.live_offers.update(mine)


class _ForgetsOffers(Engine):
    """Does not remember that a contact is being offered to somebody."""

    def handle(self, event: e.Event, now: datetime) -> list[e.Command]:
        commands = super().handle(event, now)
        if isinstance(event, e.Granted) and (contact := self.contacts.get(event.contact_id)):
            self._line_up(contact)
        return commands


class _Backwards(Engine):
    """Who came last is served first."""

    def _key(self, contact: Waiting) -> tuple[datetime, UUID]:
        rank, contact_id = super()._key(contact)
        return datetime.fromtimestamp(4e9 - rank.timestamp(), rank.tzinfo), contact_id


class _RouterOf(Router):
    """A router with another engine."""

    kind: type[Engine] = Engine

    def __init__(self, *arguments: object, **named: object) -> None:
        super().__init__(*arguments, **named)  # type: ignore[arg-type]  # passed on as they are
        policy = named.get("policy")
        self.engine = self.kind(policy if isinstance(policy, Policy) else Policy())


class _DoubleRouter(_RouterOf):
    kind = _ForgetsOffers


class _BackwardsRouter(_RouterOf):
    kind = _Backwards


#: Name -> the program's parts.
ROUTERS: dict[str, Parts] = {
    "": Parts(),
    "no_fencing": Parts(reservations=_Unfenced),
    "no_reclaim": Parts(reservations=_NeverReclaims),
    "no_reconcile": Parts(line=wiring.Parts(recovery=_NeverCompares)),
    "double_dispatch": Parts(line=wiring.Parts(router=_DoubleRouter), reservations=_Twice),
    "calls_twice": Parts(callbacks=_CallsTwice),
    "wrong_order": Parts(line=wiring.Parts(router=_BackwardsRouter)),
}


def parts(name: str) -> Parts:
    """The parts of a program. Raises ValueError for a name that is none."""
    if name not in ROUTERS:
        raise ValueError(f"there is no router {name}; there are {', '.join(filter(None, ROUTERS))}")
    return ROUTERS[name]


__all__ = ["ROUTERS", "System", "parts"]

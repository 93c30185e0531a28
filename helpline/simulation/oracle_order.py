"""I3: when a counsellor is reserved, nobody who is further ahead could have had them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from helpline.simulation.program import Program
from helpline.simulation.world import World
from routing.model import Lane, Offer, Seat, Waiting

#: Results of an offer after which the same two are kept apart for a while.
REFUSED = frozenset({"rang_out", "rejected", "busy", "unreachable"})
#: Whoever came into the line within this time may have come a moment after the decision.
JUST_NOW_S = 1.0


class OrderOracle:
    """Raises what `broken` makes."""

    def __init__(self, broken: Callable[[str, str], Exception], world: World, programs: Callable[[], Iterable[Program]]) -> None:
        self._broken = broken
        self._world = world
        self._programs = programs

    def check(self, offer: Offer, seat: Seat) -> None:
        """`seat`: the counsellor as they were before."""
        for program in self._programs():
            engine = program.router.engine if program.router else None
            if engine is None or offer.contact_id not in engine.contacts or program.process.frozen:
                continue
            policy = engine.policy
            mine = engine.contacts[offer.contact_id]
            if mine.worker:
                continue
            rank = mine.since.timestamp() - policy.bonus(mine.lane)
            for other in engine.contacts.values():
                behind = other.since.timestamp() - policy.bonus(other.lane) >= rank - 0.5
                if behind or other.worker or not self._could_have(other, seat, policy.heavy_cap, program.now()):
                    continue
                raise self._broken("I3", f"{offer.extension} went to {offer.contact_id} although {other.contact_id} was ahead")

    def _could_have(self, contact: Waiting, seat: Seat, heavy_cap: int, its_now: datetime) -> bool:
        """`its_now`: by the clock of the program, which may have been set; the contact joined by that one."""
        database, now = self._world.database, self._world.universe.instant
        row = database.contacts.get(contact.contact_id)
        if row is None or row.outcome is not None or contact.skills or contact.language != "ko":
            return False
        if contact.named is not None and contact.named != seat.counsellor_id:
            return False
        if contact.lane is Lane.CRISIS and seat.heavy_run >= heavy_cap:
            return False
        if contact.joined is not None and (its_now - contact.joined).total_seconds() < JUST_NOW_S:
            return False
        channel = self._world.asterisk.channels.get(row.channel_id)
        if channel is None or channel.gone or self._world.universe.now - channel.claimed < JUST_NOW_S:
            # Back from the safety net with an old place, in the same moment as the other.
            return False
        for offered in database.offers.values():
            if offered.offer.contact_id == contact.contact_id:
                recent = offered.ended_at is None or (now - offered.ended_at).total_seconds() < JUST_NOW_S
                refused = offered.offer.counsellor_id == seat.counsellor_id and offered.result in REFUSED
                if recent or offered.result is None or (refused and (now - (offered.ended_at or now)).total_seconds() < 35):
                    return False
        return True

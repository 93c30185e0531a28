"""What must be true of crises: a caller is not hung up by the system while one is open, no partner is called twice, and nobody is forgotten.

Told by the oracle (`helpline.simulation.oracle`). At every instant: whoever is in a crisis that nobody has taken over or called off is not hung
up by a program. Without a fault: an incident has one partner on the telephone at most, and one that was raised has an attempt, or it is known
that nobody is left. In the end no attempt is still under way.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from escalation.model import Incident
from helpline.simulation.emergency import Emergency
from helpline.simulation.faults import Faults
from helpline.simulation.people import Caller
from helpline.simulation.switch import Channel
from helpline.simulation.world import World
from routing.testing import Contact

#: A lost hang-up is found by the comparison.
DOUBLED_S = 15.0
#: Until somebody is called; what a restart interrupted is taken up by the comparison.
UNANSWERED_S = 20.0
_PREFIX = "person-"


def dropped_out(world: World, channel_id: str) -> Contact | None:
    """The contact whose caller dropped out of a crisis and is called again by this channel, or talks by it."""
    contact_id, dash, _ = channel_id.removeprefix(_PREFIX).rpartition("-")
    if not channel_id.startswith(_PREFIX) or not dash or contact_id.count("-") != 4:
        return None
    return world.database.contacts.get(UUID(contact_id))


class CrisisOracle:
    """Raises what `broken` makes."""

    def __init__(self, broken: Callable[[str, str], Exception]) -> None:
        self._broken = broken
        self._world: World
        self._faults: Faults
        self._since: dict[tuple[str, UUID], float] = {}
        #: Partners who were called.
        self.called = 0

    def watch(self, world: World, faults: Faults) -> None:
        """Begin."""
        self._world, self._faults = world, faults

    # --- told by Asterisk

    def leg_invited(self, leg: Channel) -> None:
        """A partner's telephone is going to ring: its attempt is on record."""
        if isinstance(leg.far, Emergency):
            self.called += 1
            if self._of(leg) is None:
                raise self._broken("crisis", f"{leg.id} is dialled without an attempt on record")

    def ended(self, channel: Channel) -> None:
        """A channel is no more."""
        if not isinstance(channel.far, Caller) or channel.ended_by != "program":
            return
        contact = self._world.database.by_channel.get(channel.id) or dropped_out(self._world, channel.id)
        if contact is None or contact.channel_id != channel.id:
            # Called again; whoever answered there was not them.
            return
        if any(_open(one) and one.caller_gone_at is None for one in self._incidents(contact.id)):
            raise self._broken("crisis", f"{channel.id} was hung up by the program in an open crisis")

    # --- looking around

    def look(self, now: float) -> None:
        """Nothing is wrong just now."""
        found: dict[tuple[str, UUID], float] = {}
        live = [leg for leg in self._world.asterisk.channels.values() if isinstance(leg.far, Emergency)]
        for incident in self._world.incidents.incidents.values():
            what = ""
            if sum(self._of(leg) is incident for leg in live) > 1:
                what = "doubled"
            elif _open(incident) and not incident.attempts and incident.exhausted is None and self._live(incident):
                what = "forgotten"
            if what:
                key = (what, incident.id)
                found[key] = self._since.get(key, now)
                if now - found[key] > (DOUBLED_S if what == "doubled" else UNANSWERED_S):
                    raise self._broken("crisis", f"incident {incident.id} is {what}")
        self._since = found

    def goes_on(self, contact: Contact) -> bool:
        """Whether counsellor and partner talk on without their caller, or the caller is back by another channel."""
        there = self._world.asterisk.channels
        again = any(dropped_out(self._world, key) is contact for key in there)
        return again or any(leg.leg_id in there for one in self._incidents(contact.id) for leg in one.attempts)

    def at_the_end(self) -> None:
        """Nobody is on the telephone: every attempt has its result."""
        for incident in self._world.incidents.incidents.values():
            if incident.live:
                raise self._broken("crisis", f"incident {incident.id} has an attempt without a result")

    def _of(self, leg: Channel) -> Incident | None:
        attempts = ((one, attempt) for one in self._world.incidents.incidents.values() for attempt in one.attempts)
        return next((one for one, attempt in attempts if attempt.leg_id == leg.id), None)

    def _incidents(self, contact_id: UUID) -> list[Incident]:
        # Of somebody who is back, also those of the calls before.
        theirs, earlier = {contact_id}, self._world.database.earlier_of(contact_id)
        while earlier is not None:
            theirs.add(earlier)
            earlier = self._world.database.earlier_of(earlier)
        return [one for one in self._world.incidents.incidents.values() if one.contact_id in theirs]

    def _live(self, incident: Incident) -> bool:
        contact = self._world.database.contacts.get(incident.contact_id)
        return contact is not None and contact.outcome is None


def _open(incident: Incident) -> bool:
    return not (incident.proposed or incident.called_off or incident.over or incident.taken_over_at is not None)

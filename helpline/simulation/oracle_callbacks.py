"""What must be true of call-backs: nobody is dialled without a counsellor kept for it, twice, too soon, too often, or against their word.

Told by the oracle (`helpline.simulation.oracle`). At every instant: one telephone rings once at a time for one number, only for a request
that is being worked on and may be called, never outside the person's hours, never after a talk, never sooner after an unanswered attempt
than the policy says, never more often than it says, and the place in line is the one that was kept. Without a fault: every person who is
dialled has a counsellor kept for them, so there are never more of them than counsellors. In the end every request and every attempt has
its one result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from helpline.simulation.faults import Faults
from helpline.simulation.oracle_crises import dropped_out
from helpline.simulation.people import CALLED_BACK, CalledBack
from helpline.simulation.switch import Channel
from helpline.simulation.world import World
from ivr.conference_model import CallingAgain
from routing.model import Lane
from routing.policy import Policy
from routing.presence_model import System
from routing.testing import Contact
from routing.testing_callbacks import Request

#: A hang-up or a lost reservation takes so long at most to get about.
LATE_S = 5.0
#: What counts as an attempt.
_COUNTED = frozenset({"no_answer", "busy", "unreachable"})


class CallbackOracle:
    """Raises what `broken` makes."""

    def __init__(self, broken: Callable[[str, str], Exception], policy: Callable[[], Policy], clocks_right: Callable[[], bool]) -> None:
        """`clocks_right`: whether every program has the true time."""
        self._broken = broken
        self._policy = policy
        self._clocks_right = clocks_right
        self._world: World
        self._faults: Faults
        #: Request -> when its person was dialled last (unless a clock was wrong), and whether a talk came of it.
        self._dialled: dict[UUID, float] = {}
        self._talked: set[UUID] = set()
        self._unkept: dict[str, float] = {}
        self.dialled = 0
        self.talked = 0

    def watch(self, world: World, faults: Faults) -> None:
        """Begin."""
        self._world, self._faults = world, faults

    # --- told by Asterisk

    def leg_invited(self, leg: Channel) -> None:
        """A telephone outside is going to ring."""
        if not leg.endpoint.endswith(f"@{CALLED_BACK}"):
            return
        if dropped_out(self._world, leg.id):
            # Counsellor and partner are kept for them.
            return
        contact, request = self._of(leg)
        if contact is None or request is None:
            raise self._broken("callback", f"{leg.id} is dialled for nobody's request")
        now, policy = self._world.universe.now, self._policy()
        if request.lane == Lane.CRISIS:
            policy = replace(policy, callback_attempts=CallingAgain().attempts, callback_spacing_s=CallingAgain().every_s)
        self.dialled += 1
        others = [other for other in self._world.asterisk.channels.values() if other is not leg and other.endpoint == leg.endpoint]
        if any(not other.gone for other in others):
            raise self._broken("callback", f"{request.id} is dialled twice at once")
        if request.id in self._talked:
            raise self._broken("callback", f"{request.id} is dialled again after a talk")
        if request.outcome is not None or not request.consent.may_call:
            raise self._broken("callback", f"{request.id} is dialled although it is {request.outcome or 'not to be called'}")
        before = [made.result for made in request.made if made.contact_id != contact.id]
        if sum(result in _COUNTED for result in before) >= policy.callback_attempts:
            raise self._broken("callback", f"{request.id} is dialled more often than {policy.callback_attempts} times")
        last = self._dialled.get(request.id)
        # When to call again is an instant of the clock, since it has to outlive the program: a clock that is set makes it another one.
        right, unanswered = self._clocks_right(), bool(before) and before[-1] in _COUNTED
        if last is not None and right and self._faults.clock_set_at < last and unanswered and now - last < policy.callback_spacing_s - 2:
            raise self._broken("callback", f"{request.id} is dialled again {now - last:.0f} s after nobody answered")
        if right:
            self._dialled[request.id] = now
        else:
            self._dialled.pop(request.id, None)
        # Within them the attempt was written down; a request to Asterisk may be slow.
        begun = [made.at for made in request.made if made.contact_id == contact.id]
        if right and not any(request.consent.timely(at) for at in (self._world.universe.instant, *begun)):
            raise self._broken("callback", f"{request.id} is dialled outside its hours, {request.consent.hours}")
        if contact.more["virtual_start"] != request.virtual_start:
            raise self._broken("callback", f"{request.id} has lost its place")
        if self._faults.quiet() and not self._kept(contact.id):
            raise self._broken("callback", f"{request.id} is dialled without a counsellor kept for it")

    def talks(self, channel: Channel) -> None:
        """A counsellor and the person hear each other."""
        contact, request = self._of(channel)
        if contact is not None and request is not None:
            self._talked.add(request.id)
            self.talked += 1

    # --- looking around

    def look(self, now: float) -> None:
        """Nothing is wrong just now: as many counsellors are kept as telephones ring outside."""
        ringing = [
            leg for leg in self._world.asterisk.channels.values() if leg.dialled and leg.state != "Up" and isinstance(leg.far, CalledBack)
        ]
        unkept: dict[str, float] = {}
        for leg in ringing:
            contact, _ = self._of(leg)
            if not dropped_out(self._world, leg.id) and (contact is None or not self._kept(contact.id)):
                unkept[leg.id] = self._unkept.get(leg.id, now)
                if now - unkept[leg.id] > LATE_S:
                    raise self._broken("callback", f"{leg.id} rings on without a counsellor kept for it")
        self._unkept = unkept

    def at_the_end(self) -> None:
        """One result each."""
        for request in self._world.database.callbacks.values():
            if request.state == "calling":
                raise self._broken("callback", f"{request.id} is still being called")
            if request.id in self._talked and request.outcome is None:
                raise self._broken("callback", f"{request.id} was talked about, but has no outcome")

    def accepted(self, channel: Channel) -> bool:
        """Whether the program took up that this person wants to talk."""
        contact, _ = self._of(channel)
        return contact is not None and any(kind == "person_accepted" for _, kind, _ in self._world.database.events.get(contact.id, ()))

    def _of(self, leg: Channel) -> tuple[Contact | None, Request | None]:
        contact = self._world.database.by_channel.get(leg.id)
        number = contact.more.get("callback_id") if contact else None
        return contact, self._world.database.callbacks.get(number) if isinstance(number, UUID) else None

    def _kept(self, contact_id: UUID) -> bool:
        database = self._world.database
        for row in database.counsellors.values():
            if row.contact_id == contact_id and row.presence.system in (System.OFFERED, System.TALKING):
                return True
        return False

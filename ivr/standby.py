"""Who may be rung outside just now: the numbers of the standby list and the partner line, and who of them is on the telephone with us."""

from __future__ import annotations

from core.clock import Clock
from core.settings import OverflowSettings
from ivr.outbound import NumberNotAllowed, Outbound, Purpose
from ivr.overflow import Plan

#: Nobody on standby is rung again sooner.
AGAIN_S = 60.0


class Standby:
    """Numbers stay in here. A person is rung for one caller at a time; the partner line, a house with many telephones, for any number."""

    def __init__(self, settings: OverflowSettings, outbound: Outbound, clock: Clock) -> None:
        self._numbers = (*settings.standby, settings.partner) if settings.partner else tuple(settings.standby)
        self._outbound = outbound
        self._clock = clock
        self.plan = plan(settings)
        #: Target -> the leg by which they are on the telephone.
        self._legs: dict[int, str] = {}
        self._rung_at: dict[int, float] = {}

    @property
    def caller_id(self) -> str:
        """What they see as the caller."""
        return self._outbound.caller_id(Purpose.OVERFLOW)

    def take(self, target: int, leg_id: str) -> str | None:
        """The dial string of this target, which is busy from now on; None: busy, rung a moment ago, not allowed, or there is no such one."""
        if not 0 <= target < len(self._numbers):
            return None
        now = self._clock.monotonic()
        if not self.plan.is_partner(target):
            rung_at = self._rung_at.get(target)
            if target in self._legs or (rung_at is not None and now - rung_at < AGAIN_S):
                return None
        try:
            destination = self._outbound.destination(self._numbers[target], Purpose.OVERFLOW)
        except NumberNotAllowed:
            return None
        if not self.plan.is_partner(target):
            self._legs[target] = leg_id
            self._rung_at[target] = now
        return destination

    def give_back(self, leg_id: str) -> None:
        """This leg is no more."""
        self._legs = {target: busy for target, busy in self._legs.items() if busy != leg_id}


def plan(settings: OverflowSettings) -> Plan:
    """What the settings say, without the numbers."""
    return Plan(
        standby=len(settings.standby),
        partner=bool(settings.partner),
        ring_s=settings.ring_s,
        accept_s=settings.accept_s,
        max_rounds=settings.max_rounds,
    )

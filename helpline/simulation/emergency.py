"""The emergency partners of the simulated town."""

from __future__ import annotations

from helpline.simulation.dialplan import BUSY, REJECTED
from helpline.simulation.people import Town
from helpline.simulation.switch import Channel

#: The trunk to them.
EMERGENCY = "carrier"


class Emergency:
    """An emergency partner: most answer, and some hang up too early."""

    def __init__(self, town: Town, number: str) -> None:
        self.town = town
        self.number = number

    def invited(self, channel: Channel) -> None:
        """See `Callee.invited`."""
        universe, dice, asterisk = self.town.universe, self.town.rng, self.town.asterisk
        what = dice.random()
        if what < 0.85:
            universe.after(dice.uniform(0.1, 1.0), asterisk.leg_ringing, channel)
        if what < 0.6:
            universe.after(dice.uniform(1, 15), asterisk.leg_answered, channel)
            universe.after(dice.uniform(16, 250), asterisk.hang_up, channel)
        elif what < 0.75:
            universe.after(dice.uniform(0.1, 2), asterisk.leg_refused, channel, dice.choice((BUSY, REJECTED)))

    def heard(self, channel: Channel, prompt: str) -> None:
        """The briefing."""

    def ended(self, channel: Channel) -> None:
        """Nothing more."""

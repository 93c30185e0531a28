"""One transition of a call between somebody of ours and a person under construction: what its steps are made of. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from escalation.centre.model import Result
from ivr.linked import crisis
from ivr.linked.commands import Command, Done, Drop, Ring, Say, Seat, Side, Start, Stop, StopSay
from ivr.linked.model import Linked, Phase, Plan
from ivr.phases import Timer

#: A leg that has not ended this long after its ring time-out has lost its end event.
RING_GUARD_S: Final = 5.0
#: Longest that it may take to put somebody into the bridge; that last sentences take.
JOIN_S, CLOSING_S = 10.0, 15.0
#: All deadlines of a call.
TIMERS: Final = (Timer.RING, Timer.SILENCE, Timer.SETTLE, Timer.PLAYBACK, Timer.PARTNER, Timer.COMFORT)


class Step:
    """See the module."""

    def __init__(self, state: Linked, plan: Plan) -> None:
        self.state = state
        self.plan = plan
        self.commands: list[Command] = []

    def do(self, *commands: Command) -> None:
        """Ask for something."""
        self.commands += commands

    def set(self, **changes: object) -> None:
        """Change the state."""
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]  # dataclasses.replace is typed per field

    def ring(self, side: Side, seconds: float) -> None:
        """Ring one of the two."""
        self.set(**{side.value: True})
        self.do(Ring(side=side, seconds=seconds), Start(timer=Timer.RING, seconds=seconds + RING_GUARD_S))

    def seat(self) -> None:
        """The first into the bridge."""
        self.set(phase=Phase.SEATING)
        self.do(Start(timer=Timer.RING, seconds=JOIN_S), Seat())

    def say(self, side: Side, *prompts: str, in_bridge: bool = False) -> None:
        """Say something to one of the two."""
        number = self.state.plays + 1
        self.set(plays=number, **{"to_first" if side is Side.FIRST else "to_person": number})
        self.do(Say(side=side, number=number, prompts=prompts, in_bridge=in_bridge))

    def stop_saying(self, side: Side) -> None:
        """Stop what is being said there."""
        if number := self.state.playing(side):
            self.do(StopSay(number=number))
            self.set(**{"to_first" if side is Side.FIRST else "to_person": 0})

    def drop(self, side: Side) -> None:
        """Hang up, if they are there."""
        if self.state.there(side):
            self.do(Drop(side=side))
            self.set(**{side.value: False, "to_first" if side is Side.FIRST else "to_person": 0})

    def close(self, result: Result, *, person: str = "", first: str = "") -> None:
        """A last sentence to whoever is there and gets one, then hang up."""
        seated = self.state.phase is not Phase.GREETING
        self.set(phase=Phase.CLOSING, result=self.state.result or result)
        self.do(*(Stop(timer=timer) for timer in (Timer.RING, Timer.SILENCE, Timer.SETTLE)))
        self.do(Start(timer=Timer.PLAYBACK, seconds=CLOSING_S))
        for side, prompt in ((Side.PERSON, person), (Side.FIRST, first)):
            self.stop_saying(side)
            if prompt and self.state.there(side):
                self.say(side, prompt, in_bridge=seated and side is Side.FIRST)
            else:
                self.drop(side)
        self.over_if_alone()

    def over_if_alone(self) -> None:
        """The end, once nobody is there."""
        if not self.state.first and not self.state.person:
            self.over()

    def end(self, result: Result) -> None:
        """Hang up now."""
        self.set(result=self.state.result or result)
        self.over()

    def over(self) -> None:
        """Nobody is left, with one result."""
        if self.state.phase is Phase.OVER:
            return
        for side in Side:
            self.stop_saying(side)
            self.drop(side)
        self.set(phase=Phase.OVER)
        crisis.over(self)
        self.do(*(Stop(timer=timer) for timer in TIMERS))
        self.do(Done(result=self.state.result or Result.INTERRUPTED))

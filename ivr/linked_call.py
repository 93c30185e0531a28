"""A call between somebody of ours and a person, as a pure state machine: `advance(state, happening, plan) -> (state, commands)`. Total.

The first is rung, then the person, and only when the person has said by a key that it is them do the two hear each other. Whoever waits hears
a voice or music; whatever happens, every leg that was rung is hung up or has ended by itself, and there is exactly one result.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from escalation.centre.model import Result
from escalation.centre.ports import KEY_CENTRE, KEY_CRISIS, PERSON_RUNG, TALKING
from ivr import happenings as h
from ivr.linked_commands import Command, Done, Drop, Join, Music, Ring, Say, Seat, Side, Start, Stop, StopSay, Tell
from ivr.phases import Timer
from routing.model import OfferResult

PREFIX: Final = "linked-"
#: In a talk, after a star: these lead on.
KEYS: Final = {"9": KEY_CRISIS, "0": KEY_CENTRE}
KEY_YES, KEY_NO, KEY_STAR = "1", "2", "*"
#: A leg that has not ended this long after its ring time-out has lost its end event.
RING_GUARD_S = 5.0
#: Longest that it may take to put somebody into the bridge; that a sentence to the first takes; that last sentences take.
JOIN_S, TELL_S, CLOSING_S = 10.0, 12.0, 15.0


class Phase(StrEnum):
    """Where the call is."""

    #: The first one's phone rings.
    FIRST = "first"
    #: Somebody answered at the first one's outside number and is asked to press 1: it may be a machine, or somebody else.
    GREETING = "greeting"
    #: On the way into the bridge.
    SEATING = "seating"
    #: The person's phone rings; the first hears music.
    PERSON = "person"
    #: Somebody answered there and is asked to press 1.
    ASKING = "asking"
    JOINING = "joining"
    TALKING = "talking"
    #: Last sentences are said.
    CLOSING = "closing"
    OVER = "over"


_REFUSED = {OfferResult.BUSY: Result.BUSY, OfferResult.UNREACHABLE: Result.UNREACHABLE, OfferResult.FAILED: Result.INTERRUPTED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How this one is made. Times in seconds."""

    #: The first is at an outside number, where somebody else may answer.
    ask_first: bool = False
    #: Whoever answers at the person's may hear the service's name before it is sure that it is the person.
    say_who: bool = False
    leave_message: bool = False
    message_says_who: bool = False
    first_ring_s: float = 25.0
    ring_s: float = 30.0
    #: How long whoever answered has to press a key.
    ask_s: float = 25.0

    @property
    def question(self) -> tuple[str, ...]:
        """What whoever answers at the person's hears."""
        return ("linked_ask_named",) if self.say_who else ("linked_ask",)

    @property
    def message(self) -> str:
        """What a machine there hears."""
        return "linked_message_named" if self.message_says_who else "linked_message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """State of one call."""

    phase: Phase = Phase.FIRST
    #: Was rung, and has not ended as far as we know.
    first: bool = False
    person: bool = False
    #: The playback under way to each, and the number of all so far.
    to_first: int = 0
    to_person: int = 0
    plays: int = 0
    #: Who pressed a star last.
    star: frozenset[Side] = frozenset()
    result: Result | None = None

    def there(self, side: Side) -> bool:
        """Whether this one was rung and has not ended."""
        return self.first if side is Side.FIRST else self.person

    def playing(self, side: Side) -> int:
        """What is being said to this one; 0: nothing."""
        return self.to_first if side is Side.FIRST else self.to_person


#: A talk that goes on in Asterisk and was found by a program that has just started.
FOUND_TALKING = Linked(phase=Phase.TALKING, first=True, person=True, result=Result.TALKED)


def leg_id(order_id: str, side: Side) -> str:
    """The channel of one of the two; it says which order it belongs to."""
    return f"{PREFIX}{order_id}-{side}"


def begin(plan: Plan) -> tuple[Linked, list[Command]]:
    """Ring the first."""
    step = _Step(Linked(), plan)
    step.ring(Side.FIRST, plan.first_ring_s)
    return step.state, step.commands


def advance(state: Linked, happening: h.Happening, plan: Plan) -> tuple[Linked, list[Command]]:
    """The next state and what to do now. Legs are named by `Side` in `leg_id`'s last word."""
    step = _Step(state, plan)
    match happening:
        case h.LegUp(leg_id=leg):
            step.up(side_of(leg))
        case h.LegDown(leg_id=leg, result=result):
            step.down(side_of(leg), result)
        case h.LegDigit(leg_id=leg, digit=digit):
            step.pressed(side_of(leg), digit)
        case h.Connected(leg_id=leg):
            step.joined(side_of(leg))
        case h.ConnectFailed():
            step.not_joined()
        case h.PlaybackDone(number=number):
            step.said(number)
        case h.TimerFired(timer=timer):
            step.overdue(timer)
        case h.CallerGone():
            step.cancelled()
        case _:
            pass
    return step.state, step.commands


def side_of(leg: str) -> Side:
    """Whose leg this is."""
    return Side(leg.rpartition("-")[2])


class _Step:
    """One transition under construction."""

    def __init__(self, state: Linked, plan: Plan) -> None:
        self.state = state
        self.plan = plan
        self.commands: list[Command] = []

    def do(self, *commands: Command) -> None:
        self.commands += commands

    def set(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]  # dataclasses.replace is typed per field

    # --- what happens -------------------------------------------------------------------------------------------------

    def up(self, side: Side) -> None:
        match self.state.phase, side:
            case Phase.FIRST, Side.FIRST if self.plan.ask_first:
                self.set(phase=Phase.GREETING)
                self.do(Stop(timer=Timer.RING), Start(timer=Timer.SILENCE, seconds=self.plan.ask_s))
                self.say(side, "linked_ask_first")
            case Phase.FIRST, Side.FIRST:
                self.do(Stop(timer=Timer.RING))
                self.seat()
            case Phase.PERSON, Side.PERSON:
                self.set(phase=Phase.ASKING)
                self.do(Stop(timer=Timer.RING), Start(timer=Timer.SILENCE, seconds=self.plan.ask_s))
                self.say(side, *self.plan.question)
            case ((Phase.CLOSING | Phase.OVER), _) if not self.state.there(side):
                # Answered in the instant in which it was given up.
                self.do(Drop(side=side))
            case _:
                pass

    def down(self, side: Side, result: OfferResult) -> None:
        self.set(**{side.value: False, "to_first" if side is Side.FIRST else "to_person": 0})
        match self.state.phase, side:
            case ((Phase.FIRST | Phase.GREETING | Phase.SEATING), Side.FIRST):
                self.end(Result.INTERRUPTED if result is OfferResult.FAILED and self.state.phase is Phase.FIRST else Result.STAFF_ABSENT)
            case Phase.PERSON, Side.FIRST:
                # The person's phone has rung, so it counts.
                self.end(Result.NO_ANSWER)
            case ((Phase.ASKING | Phase.JOINING), Side.FIRST):
                self.close(Result.INTERRUPTED, person="linked_again")
            case Phase.PERSON, Side.PERSON:
                self.close(_REFUSED.get(result, Result.NO_ANSWER), first="linked_not_reached")
            case ((Phase.ASKING | Phase.JOINING), Side.PERSON):
                self.close(Result.NO_ANSWER, first="linked_not_reached")
            case Phase.TALKING, _:
                self.end(Result.TALKED)
            case Phase.CLOSING, _:
                self.over_if_alone()
            case _:
                pass

    def pressed(self, side: Side, digit: str) -> None:
        match self.state.phase, side, digit:
            case Phase.GREETING, Side.FIRST, "1":
                self.stop_saying(side)
                self.do(Stop(timer=Timer.SILENCE))
                self.seat()
            case Phase.GREETING, Side.FIRST, "2":
                self.close(Result.STAFF_ABSENT, first="callback_goodbye")
            case Phase.ASKING, Side.PERSON, "1":
                self.stop_saying(side)
                self.stop_saying(Side.FIRST)
                self.set(phase=Phase.JOINING)
                self.do(Stop(timer=Timer.SILENCE), Stop(timer=Timer.SETTLE), Start(timer=Timer.RING, seconds=JOIN_S), Join())
            case Phase.ASKING, Side.PERSON, "2":
                # Who was told whose call it is has answered for themselves; who was asked "is it you?" has not.
                result = Result.DECLINED if self.plan.say_who else Result.WRONG_PERSON
                self.close(result, person="callback_goodbye", first="linked_not_reached")
            case Phase.TALKING, _, _:
                self.pressed_in_talk(side, digit)
            case _:
                pass

    def pressed_in_talk(self, side: Side, digit: str) -> None:
        if digit == KEY_STAR:
            self.set(star=self.state.star | {side})
            return
        if side in self.state.star and (what := KEYS.get(digit)):
            self.do(Tell(what=what, side=side))
        self.set(star=self.state.star - {side})

    def joined(self, side: Side) -> None:
        match self.state.phase, side:
            case Phase.SEATING, Side.FIRST:
                self.set(phase=Phase.PERSON)
                self.do(Tell(what=PERSON_RUNG), Start(timer=Timer.SETTLE, seconds=TELL_S))
                self.say(side, "linked_first", in_bridge=True)
                self.ring(Side.PERSON, self.plan.ring_s)
            case Phase.JOINING, Side.PERSON:
                self.set(phase=Phase.TALKING, result=Result.TALKED)
                self.do(Stop(timer=Timer.RING), Tell(what=TALKING))
            case _:
                pass

    def not_joined(self) -> None:
        match self.state.phase:
            case Phase.SEATING:
                self.end(Result.INTERRUPTED)
            case Phase.JOINING:
                self.close(Result.INTERRUPTED, person="linked_again", first="linked_not_reached")
            case _:
                pass

    def said(self, number: int) -> None:
        state = self.state
        if number == 0 or number not in (state.to_first, state.to_person):
            return
        side = Side.FIRST if number == state.to_first else Side.PERSON
        self.set(**{"to_first" if side is Side.FIRST else "to_person": 0})
        match state.phase, side:
            case Phase.GREETING, Side.FIRST:
                self.say(side, "linked_ask_first")
            case Phase.ASKING, Side.PERSON:
                self.say(side, *self.plan.question)
            case ((Phase.PERSON | Phase.ASKING), Side.FIRST):
                self.do(Stop(timer=Timer.SETTLE), Music())
            case Phase.CLOSING, _:
                self.drop(side)
                self.over_if_alone()
            case _:
                pass

    def overdue(self, timer: Timer) -> None:
        match timer, self.state.phase:
            case Timer.RING, Phase.FIRST:
                self.end(Result.STAFF_ABSENT)
            case Timer.RING, Phase.SEATING:
                self.end(Result.INTERRUPTED)
            case Timer.RING, Phase.PERSON:
                self.drop(Side.PERSON)
                self.close(Result.NO_ANSWER, first="linked_not_reached")
            case Timer.RING, Phase.JOINING:
                self.not_joined()
            case Timer.SILENCE, Phase.GREETING:
                self.end(Result.STAFF_ABSENT)
            case Timer.SILENCE, Phase.ASKING if self.plan.leave_message:
                # A machine, or nobody who knows of it.
                self.close(Result.MESSAGE_LEFT, person=self.plan.message, first="linked_not_reached")
            case Timer.SILENCE, Phase.ASKING:
                self.stop_saying(Side.PERSON)
                self.drop(Side.PERSON)
                self.close(Result.NO_ANSWER, first="linked_not_reached")
            case Timer.SETTLE, Phase.PERSON | Phase.ASKING:
                # The end of what was said got lost, or the music did not start.
                self.stop_saying(Side.FIRST)
                self.do(Music())
            case Timer.PLAYBACK, Phase.CLOSING:
                self.over()
            case _:
                pass

    def cancelled(self) -> None:
        if self.state.phase is not Phase.OVER:
            self.end(self.state.result or Result.INTERRUPTED)

    # --- what follows -------------------------------------------------------------------------------------------------

    def ring(self, side: Side, seconds: float) -> None:
        self.set(**{side.value: True})
        self.do(Ring(side=side, seconds=seconds), Start(timer=Timer.RING, seconds=seconds + RING_GUARD_S))

    def seat(self) -> None:
        self.set(phase=Phase.SEATING)
        self.do(Start(timer=Timer.RING, seconds=JOIN_S), Seat())

    def say(self, side: Side, *prompts: str, in_bridge: bool = False) -> None:
        number = self.state.plays + 1
        self.set(plays=number, **{"to_first" if side is Side.FIRST else "to_person": number})
        self.do(Say(side=side, number=number, prompts=prompts, in_bridge=in_bridge))

    def stop_saying(self, side: Side) -> None:
        if number := self.state.playing(side):
            self.do(StopSay(number=number))
            self.set(**{"to_first" if side is Side.FIRST else "to_person": 0})

    def drop(self, side: Side) -> None:
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
        if not self.state.first and not self.state.person:
            self.over()

    def end(self, result: Result) -> None:
        self.set(result=self.state.result or result)
        self.over()

    def over(self) -> None:
        if self.state.phase is Phase.OVER:
            return
        for side in Side:
            self.stop_saying(side)
            self.drop(side)
        self.set(phase=Phase.OVER)
        self.do(*(Stop(timer=timer) for timer in (Timer.RING, Timer.SILENCE, Timer.SETTLE, Timer.PLAYBACK)))
        self.do(Done(result=self.state.result or Result.INTERRUPTED))

"""A call between somebody of ours and a person, as a pure state machine: `advance(state, happening, plan) -> (state, commands)`. Total.

The first is rung, then the person, and only when the person has said by a key that it is them do the two hear each other. Whoever waits hears
a voice or music; whatever happens, every leg that was rung is hung up or has ended by itself, and there is exactly one result. What becomes of
a crisis in the talk is `ivr.linked.crisis`'s.
"""

from __future__ import annotations

from typing import Final

from escalation.centre.model import Result
from escalation.centre.ports import KEY_CENTRE, KEY_CRISIS, PERSON_RUNG, TALKING
from ivr import happenings as h
from ivr.crisis import is_partner
from ivr.linked import crisis
from ivr.linked.commands import Command, Drop, Join, Music, Side, Start, Stop, Tell
from ivr.linked.model import FOUND_TALKING, PREFIX, Linked, Phase, Plan, leg_id, side_of
from ivr.linked.step import JOIN_S, Step
from ivr.phases import Timer
from routing.model import OfferResult

__all__ = ["FOUND_TALKING", "PREFIX", "Linked", "Phase", "Plan", "advance", "begin", "leg_id"]

#: In a talk, after a star: these lead on.
KEYS: Final = {"9": KEY_CRISIS, "0": KEY_CENTRE}
KEY_STAR: Final = "*"
#: Longest that a sentence to the first takes.
TELL_S: Final = 12.0
_REFUSED = {OfferResult.BUSY: Result.BUSY, OfferResult.UNREACHABLE: Result.UNREACHABLE, OfferResult.FAILED: Result.INTERRUPTED}


def begin(plan: Plan) -> tuple[Linked, list[Command]]:
    """Ring the first."""
    step = _Step(Linked(), plan)
    step.ring(Side.FIRST, plan.first_ring_s)
    return step.state, step.commands


def advance(state: Linked, happening: h.Happening, plan: Plan) -> tuple[Linked, list[Command]]:
    """The next state and what to do now. Legs are named by `Side` in `leg_id`'s last word, those of partners by their attempt."""
    step = _Step(state, plan)
    match happening:
        case h.LegUp() | h.LegDown() | h.LegDigit() | h.LegSaid() | h.Gathered() | h.GatherFailed() if is_partner(happening.leg_id):
            crisis.leg(step, happening)
        case h.PartnerFound():
            crisis.found(step, happening)
        case h.Ordered():
            crisis.ordered(step, happening, talking=state.talking)
        case h.Resumed():
            crisis.resumed(step)
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


class _Step(Step):
    """What each happening leads to."""

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
            case Phase.TALKING, _ if crisis.goes_on(self.state):
                crisis.left(self, side)
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
        starred = side in self.state.star
        self.set(star=self.state.star - {side})
        match KEYS.get(digit) if starred else None:
            case str(what) if what == KEY_CRISIS:
                crisis.wanted(self, side)
            case str(what):
                self.do(Tell(what=what, side=side))
            case None if starred and side is Side.FIRST:
                crisis.key(self, digit)

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
            case Phase.TALKING, Side.PERSON:
                crisis.said(self)
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
            case Timer.SETTLE, Phase.TALKING:
                self.stop_saying(Side.PERSON)
                crisis.said(self)
            case Timer.COMFORT, Phase.TALKING:
                crisis.comfort(self)
            case Timer.PARTNER, Phase.TALKING:
                crisis.overdue(self)
            case Timer.PLAYBACK, Phase.CLOSING:
                self.over()
            case _:
                pass

    def cancelled(self) -> None:
        # Nobody is hung up in a crisis because whoever ordered the call does not wait for it any more.
        if self.state.phase is not Phase.OVER and not crisis.goes_on(self.state):
            self.end(self.state.result or Result.INTERRUPTED)

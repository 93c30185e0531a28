"""A call-back before the talk, as a pure state machine: `advance(state, happening, plan) -> (state, commands)`. Total.

The person is dialled only while a counsellor is reserved. Whoever answers there hears who we are only if the person allowed that, and
must press 1: neither a machine nor somebody else at a shared phone is ever connected or told anything. Then the two are handed to the
ordinary call machine. Otherwise there is exactly one result, and nobody is left in a bridge.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from ivr import happenings as h
from ivr.callback_commands import (
    Close,
    Command,
    Done,
    Drop,
    HandOver,
    Leave,
    Note,
    Release,
    Result,
    RingCounsellor,
    RingPerson,
    Say,
    Seat,
    Start,
    Stop,
    StopSay,
)
from ivr.phases import Timer
from routing.model import Offer, OfferResult, Outcome

#: Keys of the person.
KEY_YES, KEY_NO = "1", "2"
#: A leg that has not ended this long after its ring time-out has lost its end event.
RING_GUARD_S = 5.0
#: Longest that a sentence before we hang up may take.
CLOSING_S = 15.0
#: How often the question is put.
QUESTIONS = 2


class Phase(StrEnum):
    """Where the call-back is."""

    #: Waits in the line for a counsellor, like everybody.
    LINE = "line"
    #: The counsellor's phone rings.
    COUNSELLOR = "counsellor"
    #: The person's phone rings.
    PERSON = "person"
    #: Somebody answered there and is asked to press 1.
    ASKING = "asking"
    #: A last sentence is said there.
    CLOSING = "closing"
    #: The ordinary call machine has it.
    HANDED = "handed"
    OVER = "over"


OUTCOMES = {
    Result.TALKED: Outcome.TALKED,
    Result.NO_ANSWER: Outcome.CALLBACK_NO_ANSWER,
    Result.BUSY: Outcome.CALLBACK_NO_ANSWER,
    Result.DECLINED: Outcome.CALLBACK_DECLINED,
    Result.WRONG_PERSON: Outcome.CALLBACK_WRONG_PERSON,
    Result.UNREACHABLE: Outcome.CALLBACK_UNREACHABLE,
    Result.INTERRUPTED: Outcome.CALLBACK_INTERRUPTED,
}
_RESULTS = {
    OfferResult.BUSY: Result.BUSY,
    OfferResult.UNREACHABLE: Result.UNREACHABLE,
    OfferResult.FAILED: Result.INTERRUPTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How this one is made. Times in seconds."""

    person_first: bool = False
    #: The person allowed that whoever answers there hears the service's name.
    say_who: bool = False
    leave_message: bool = False
    #: How long the person's phone rings.
    ring_s: float = 30.0
    #: How long whoever answered has to press a key.
    ask_s: float = 25.0
    #: How long the counsellor's phone rings.
    counsellor_ring_s: float = 20.0

    @property
    def question(self) -> tuple[str, ...]:
        """What whoever answers hears."""
        return ("callback_ask_named",) if self.say_who else ("callback_ask",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """State of one call-back."""

    #: The contact's id; the legs carry it.
    id: str
    phase: Phase = Phase.LINE
    offer: Offer | None = None
    #: The counsellor answered and listens to music.
    seated: bool = False
    #: The person was dialled in this attempt.
    dialled: bool = False
    #: Number of the playback under way at the person's phone, and of all so far.
    playing: int = 0
    plays: int = 0
    result: Result | None = None

    @property
    def person_leg(self) -> str:
        """The person's channel."""
        return person_leg(self.id)


def person_leg(contact_id: str) -> str:
    """The channel of the person who is called back."""
    return f"person-{contact_id}"


def advance(state: Callback, happening: h.Happening, plan: Plan) -> tuple[Callback, list[Command]]:
    """The next state and what to do now."""
    step = _Step(state, plan)
    match happening:
        case h.OfferGranted(offer=offer):
            step.offered(offer)
        case h.LegUp(leg_id=leg_id):
            step.leg_up(leg_id)
        case h.LegDown(leg_id=leg_id) if leg_id == state.person_leg:
            step.person_down(happening.result)
        case h.LegDown(leg_id=leg_id) if state.offer and leg_id == state.offer.leg_id:
            step.counsellor_down(OfferResult.REJECTED if state.seated and happening.by_hand else happening.result)
        case h.ConnectFailed(leg_id=leg_id) if state.offer and leg_id == state.offer.leg_id:
            step.reservation_lost()
        case h.LegDigit(leg_id=leg_id, digit=digit) if leg_id == state.person_leg and state.phase is Phase.ASKING:
            step.pressed(digit)
        case h.PlaybackDone(number=number) if number == state.playing:
            step.said()
        case h.TimerFired(timer=timer):
            step.overdue(timer)
        case h.CallerGone():
            step.cancelled()
        case _:
            pass
    return step.state, step.commands


class _Step:
    """One transition under construction."""

    def __init__(self, state: Callback, plan: Plan) -> None:
        self.state = state
        self.plan = plan
        self.commands: list[Command] = []

    def do(self, *commands: Command) -> None:
        self.commands += commands

    def set(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]  # dataclasses.replace is typed per field

    # --- what happens -------------------------------------------------------------------------------------------------

    def offered(self, offer: Offer) -> None:
        if self.state.phase is not Phase.LINE:
            if self.state.offer is None or self.state.offer.id != offer.id:
                self.do(Close(offer=offer, result=OfferResult.WITHDRAWN))
            return
        self.set(offer=offer, seated=False)
        self.do(Note(kind="offered", detail={"counsellor": offer.extension}))
        if self.plan.person_first:
            self.ring_person()
        else:
            self.set(phase=Phase.COUNSELLOR)
            self.do(RingCounsellor(offer=offer), Start(timer=Timer.RING, seconds=self.plan.counsellor_ring_s + RING_GUARD_S))

    def leg_up(self, leg_id: str) -> None:
        state = self.state
        if state.phase is Phase.COUNSELLOR and state.offer and leg_id == state.offer.leg_id:
            self.set(seated=True)
            self.do(Stop(timer=Timer.RING), Note(kind="counsellor_answered"), Seat(leg_id=leg_id))
            self.ring_person()
        elif state.phase is Phase.PERSON and leg_id == state.person_leg:
            self.set(phase=Phase.ASKING)
            self.do(Stop(timer=Timer.RING), Note(kind="person_answered"), Start(timer=Timer.SILENCE, seconds=self.plan.ask_s))
            self.say(self.plan.question)
        elif state.phase in (Phase.LINE, Phase.OVER) or (leg_id != state.person_leg and not (state.offer and leg_id == state.offer.leg_id)):
            # Answered in the instant in which it was given up.
            self.do(Drop(leg_id=leg_id))

    def person_down(self, result: OfferResult) -> None:
        match self.state.phase:
            case Phase.PERSON:
                self.do(Stop(timer=Timer.RING))
                self.end(_RESULTS.get(result, Result.NO_ANSWER))
            case Phase.ASKING:
                self.do(Stop(timer=Timer.SILENCE))
                self.end(Result.NO_ANSWER)
            case Phase.CLOSING:
                self.do(Stop(timer=Timer.PLAYBACK))
                self.over()
            case _:
                pass

    def counsellor_down(self, result: OfferResult) -> None:
        offer = self.state.offer
        if offer is None:
            return
        match self.state.phase:
            case Phase.COUNSELLOR:
                self.do(Stop(timer=Timer.RING))
                self.back_to_line(offer, result)
            case Phase.PERSON | Phase.ASKING if self.state.seated:
                self.set(offer=None, seated=False)
                self.do(Leave(), Close(offer=offer, result=result))
                self.interrupted()
            case _:
                pass

    def reservation_lost(self) -> None:
        offer = self.state.offer
        if offer is None or self.state.phase not in (Phase.COUNSELLOR, Phase.PERSON, Phase.ASKING):
            return
        if self.state.phase is Phase.COUNSELLOR:
            self.do(Stop(timer=Timer.RING), Drop(leg_id=offer.leg_id, elsewhere=True))
            self.back_to_line(offer, OfferResult.FAILED)
            return
        if self.state.seated:
            self.do(Drop(leg_id=offer.leg_id))
        self.set(offer=None, seated=False)
        self.do(Leave(), Close(offer=offer, result=OfferResult.FAILED))
        self.interrupted()

    def pressed(self, digit: str) -> None:
        offer = self.state.offer
        if digit == KEY_YES and offer is not None:
            self.stop_saying()
            self.set(phase=Phase.HANDED)
            self.do(Stop(timer=Timer.SILENCE), Note(kind="person_accepted"), HandOver(offer=offer, seated=self.state.seated))
        elif digit == KEY_NO:
            self.do(Stop(timer=Timer.SILENCE))
            # Who was told whose call it is has answered for themselves; who was asked "is it you?" has not.
            self.close_with(Result.DECLINED if self.plan.say_who else Result.WRONG_PERSON, "callback_goodbye")

    def said(self) -> None:
        self.set(playing=0)
        if self.state.phase is Phase.ASKING and self.state.plays < QUESTIONS:
            self.say(self.plan.question)
        elif self.state.phase is Phase.CLOSING:
            self.do(Stop(timer=Timer.PLAYBACK), Drop(leg_id=self.state.person_leg))
            self.over()

    def overdue(self, timer: Timer) -> None:
        state = self.state
        match timer, state.phase:
            case Timer.RING, Phase.COUNSELLOR if state.offer:
                self.do(Drop(leg_id=state.offer.leg_id))
                self.back_to_line(state.offer, OfferResult.FAILED)
            case Timer.RING, Phase.PERSON:
                self.do(Drop(leg_id=state.person_leg))
                self.end(Result.NO_ANSWER)
            case Timer.SILENCE, Phase.ASKING:
                # A machine, or nobody who knows of it.
                if self.plan.leave_message:
                    self.close_with(Result.NO_ANSWER, "callback_message")
                else:
                    self.stop_saying()
                    self.do(Drop(leg_id=state.person_leg))
                    self.end(Result.NO_ANSWER)
            case Timer.PLAYBACK, Phase.CLOSING:
                self.do(Drop(leg_id=state.person_leg))
                self.over()
            case _:
                pass

    def cancelled(self) -> None:
        """The request is no more: the person called by themselves, or somebody withdrew it."""
        match self.state.phase:
            case Phase.LINE:
                self.end(Result.INTERRUPTED)
            case Phase.COUNSELLOR:
                self.do(Stop(timer=Timer.RING))
                self.end(Result.INTERRUPTED)
            case Phase.PERSON:
                self.do(Stop(timer=Timer.RING), Drop(leg_id=self.state.person_leg))
                self.end(Result.INTERRUPTED)
            case _:
                # They are on the line with us at this very moment.
                pass

    # --- what follows -------------------------------------------------------------------------------------------------

    def ring_person(self) -> None:
        self.set(phase=Phase.PERSON, dialled=True)
        self.do(
            Note(kind="person_dialled"),
            RingPerson(leg_id=self.state.person_leg),
            Start(timer=Timer.RING, seconds=self.plan.ring_s + RING_GUARD_S),
        )

    def say(self, prompts: tuple[str, ...]) -> None:
        number = self.state.plays + 1
        self.set(plays=number, playing=number)
        self.do(Say(number=number, prompts=prompts))

    def stop_saying(self) -> None:
        if self.state.playing:
            self.do(StopSay(number=self.state.playing))
            self.set(playing=0)

    def back_to_line(self, offer: Offer, result: OfferResult) -> None:
        self.set(phase=Phase.LINE, offer=None, seated=False)
        self.do(Note(kind="offer_failed", detail={"counsellor": offer.extension, "result": str(result)}), Close(offer=offer, result=result))

    def interrupted(self) -> None:
        """Through no fault of the person: told, if they are there, that we call again."""
        if self.state.phase is Phase.ASKING:
            self.do(Stop(timer=Timer.SILENCE))
            self.close_with(Result.INTERRUPTED, "callback_again")
        else:
            self.do(Stop(timer=Timer.RING), Drop(leg_id=self.state.person_leg))
            self.end(Result.INTERRUPTED)

    def close_with(self, result: Result, prompt: str) -> None:
        """A last sentence, then hang up. The counsellor need not hear it."""
        self.stop_saying()
        self.let_counsellor_go()
        self.set(phase=Phase.CLOSING, result=result)
        self.do(Start(timer=Timer.PLAYBACK, seconds=CLOSING_S))
        self.say((prompt,))

    def let_counsellor_go(self) -> None:
        offer = self.state.offer
        if offer is None:
            return
        self.do(Leave())
        if self.state.seated:
            self.do(Release(offer=offer))
        else:
            if self.state.phase is Phase.COUNSELLOR:
                self.do(Drop(leg_id=offer.leg_id, elsewhere=True))
            self.do(Close(offer=offer, result=OfferResult.WITHDRAWN))
        self.set(offer=None, seated=False)

    def end(self, result: Result) -> None:
        self.let_counsellor_go()
        self.set(result=result)
        self.over()

    def over(self) -> None:
        result = self.state.result or Result.INTERRUPTED
        self.set(phase=Phase.OVER, result=result)
        self.do(Leave(), Done(result=result, dialled=self.state.dialled))

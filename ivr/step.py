"""One transition of a call under construction, with what every part of the machine needs. Pure."""

from __future__ import annotations

from dataclasses import replace

from ivr import call_model as m
from ivr.call_model import Call, Command, Phase, Question, Timer
from ivr.conference_model import Fact
from ivr.flow import Flow
from routing.model import Lane, OfferResult, Outcome

#: A playback that has not ended after this long has lost its end event. Longer than any sequence that we play.
PLAYBACK_GUARD_S = 60.0
#: Who is served before whom; a caller's lane is never lowered.
_RANK = (Lane.NORMAL, Lane.SILENT, Lane.DROPPED, Lane.CRISIS)


class Step:
    """The call as it becomes, and the commands so far, in order."""

    def __init__(self, call: Call, flow: Flow) -> None:
        self.call = call
        self.flow = flow
        self.commands: list[Command] = []

    def do(self, *commands: Command) -> None:
        """Ask for something."""
        self.commands += commands

    def set(self, **changes: object) -> None:
        """Change the state."""
        self.call = replace(self.call, **changes)  # type: ignore[arg-type]  # dataclasses.replace is typed per field

    def start(self, timer: Timer, seconds: float) -> None:
        """Start a timer."""
        self.do(m.Start(timer=timer, seconds=seconds))

    def stop(self, *timers: Timer) -> None:
        """Stop timers."""
        self.do(*(m.Stop(timer=timer) for timer in timers))

    def note(self, kind: str, **detail: object) -> None:
        """A line of the timeline."""
        self.do(m.Note(kind=kind, detail=detail))

    def play(self, prompts: tuple[str, ...], *, must_finish: bool = False) -> None:
        """Say something instead of what is being said; nothing changes if there is nothing to say."""
        if not prompts:
            return
        self.stop_play()
        number = self.call.plays + 1
        self.set(plays=number, playing=number, must_finish=must_finish)
        # Announcements into the holding bridge do not hold the caller's channel up.
        self.do(m.Play(number=number, prompts=prompts, in_bridge=self.call.holding))
        self.start(Timer.PLAYBACK, PLAYBACK_GUARD_S)

    def stop_play(self) -> None:
        """Stop what is being said."""
        if self.call.playing:
            self.do(m.StopPlay(number=self.call.playing), m.Stop(timer=Timer.PLAYBACK))
            self.set(playing=0, must_finish=False)

    def close_dialogue(self) -> None:
        """No dialogue and no question is open any more; what was asked of the database is still answered."""
        if self.call.dialogue is not None:
            self.set(dialogue=None)
            self.stop(Timer.DIALOGUE)
        if self.call.question is not Question.NOT:
            self.set(question=Question.NOT)
            self.stop(Timer.QUESTION)

    def connect(self) -> None:
        """Caller and counsellor are both there."""
        offer = self.call.offer
        if offer is None:
            return
        self.stop_play()
        self.close_dialogue()
        self.set(phase=Phase.TALKING, holding=False, settled=False, joined=False, key_later="", hold_failures=0)
        self.stop(Timer.COMFORT, Timer.HOLD)
        self.do(m.Connect(leg_id=offer.leg_id, offer=offer))

    def let_partner_go(self) -> None:
        """The caller is in other hands: whoever of a crisis is being called, or is there, is let go, and what became of them is on record."""
        chain = self.call.conference
        if chain.partner is None:
            return
        self.do(m.DropLeg(leg_id=chain.leg_id))
        if chain.there:
            self.do(m.IncidentNote(fact=Fact.PARTNER_LEFT, leg_id=chain.leg_id))
        else:
            self.do(m.IncidentNote(fact=Fact.FAILED, leg_id=chain.leg_id, result=OfferResult.WITHDRAWN))

    def raise_lane(self, lane: Lane) -> bool:
        """Serve the caller earlier; False if that changes nothing."""
        if highest(self.call.lane, lane) is self.call.lane:
            return False
        self.set(lane=lane)
        self.do(m.RaiseLane(lane=lane))
        return True

    def join(self, *, again: bool = False) -> None:
        """Into the line, with what is known of the caller; `again`: what is known has changed."""
        self.set(joined=True)
        self.do(m.Join(lane=self.call.lane, named=self.call.named, since=self.call.since, again=again))

    def finish(self, outcome: Outcome) -> None:
        """The contact's one outcome; the first counts."""
        if self.call.outcome is None:
            self.set(outcome=outcome)
            self.do(m.Finish(outcome=outcome))

    def hang_up(self) -> None:
        """Hang the caller up: after a talk or a transfer, and at no other time."""
        self.set(phase=Phase.ENDED)
        self.do(m.HangUp())


def highest(one: Lane, other: Lane) -> Lane:
    """The lane that is served earlier."""
    return max(one, other, key=_RANK.index)

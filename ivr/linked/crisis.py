"""A crisis in a call between somebody of ours and a person: what the chain of partners (`ivr.conference`) asks for, in the words of this call.

The two talk on while a partner is called; whoever leaves, the person is with somebody, or hears word and music while partners are called, or
goes on in the line, before everybody else. Pure steps.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from escalation.centre.model import Result
from escalation.centre.ports import KEY_CRISIS
from escalation.model import RaisedBy
from ivr import commands as m
from ivr import conference
from ivr import happenings as h
from ivr.conference import Fact, Stage, What, Word
from ivr.linked.commands import CallAgain, Music, Side, Start, Stop, Tell, ToLine, Whisper
from ivr.phases import Timer
from routing.model import OfferResult

if TYPE_CHECKING:
    from ivr.linked.model import Linked
    from ivr.linked.step import Step

#: Who raised it, as the incident says.
BY: Final = str(RaisedBy.CENTRE)
#: Keys of the first, after a star, while a partner is called or there.
KEYS: Final = {"1": What.JOIN, "3": What.TAKEN_OVER, "8": What.NEXT}
#: The longest that a sentence to a person who waits takes.
TELL_S: Final = 12.0
_CALLS_SOMEBODY = (What.RAISE, What.NEXT, What.DIAL)


def goes_on(state: Linked) -> bool:
    """Whether a partner is there, called, or still to be called: nobody is hung up because somebody else leaves."""
    return state.crisis.open or state.crisis.stage is not Stage.IDLE


# --- what a person asks for ------------------------------------------------------------------------------------------


def wanted(step: Step, side: Side) -> None:
    """The key for a crisis. The centre hears of it first (`Tell`); `Ordered` follows, in any case and soon."""
    if goes_on(step.state):
        ask(step, What.RAISE)
    elif not step.state.raising:
        step.set(raising=True)
        step.do(Tell(what=KEY_CRISIS, side=side))


def key(step: Step, digit: str) -> None:
    """Another key of the first, in a crisis."""
    if goes_on(step.state) and (what := KEYS.get(digit)):
        ask(step, what)


def ordered(step: Step, order: h.Ordered, *, talking: bool) -> None:
    """The desk asks for something, or the key does. What can't be done is said."""
    what = order.what
    if what is What.RAISE:
        step.set(raising=False)
    if what is What.REDIAL and not step.state.person:
        step.do(CallAgain())
    elif talking and what not in (What.PRIVATE, What.REDIAL):
        ask(step, what, order.partner)
    else:
        kind = "incident_unreached" if what in _CALLS_SOMEBODY else "incident_order_waits"
        step.do(m.Note(kind="crisis_refused", detail={"what": str(what)}), m.Alarm(kind=kind, detail={"order": str(what)}))


def ask(step: Step, what: What, partner: str = "") -> None:
    """Let the chain do it."""
    _go_on(step, conference.Asked(what=what, partner=partner))


# --- what happens ----------------------------------------------------------------------------------------------------


def leg(step: Step, happening: h.LegUp | h.LegDown | h.LegDigit | h.LegSaid | h.Gathered | h.GatherFailed) -> None:
    """Something happened to a partner's leg."""
    chain, leg_id = step.state.crisis, happening.leg_id
    match happening:
        case h.LegUp():
            _go_on(step, conference.Answered(leg_id=leg_id))
        case h.LegSaid():
            _go_on(step, conference.Said(leg_id=leg_id, alone=not step.state.first))
        case h.LegDown(result=result):
            _go_on(step, conference.Ended(leg_id=leg_id, result=result))
        case h.GatherFailed() if leg_id == chain.leg_id:
            step.do(m.DropLeg(leg_id=leg_id))
            _go_on(step, conference.Ended(leg_id=leg_id, result=OfferResult.FAILED))
        case h.Gathered() if leg_id == chain.leg_id and chain.stage is Stage.JOINED:
            step.do(m.IncidentNote(fact=Fact.JOINED if step.state.person else Fact.PRIVATE, leg_id=leg_id))
        case _:
            pass


def found(step: Step, answer: h.PartnerFound) -> None:
    """The attempt is on record, or nobody is left."""
    _go_on(step, conference.Found(number=answer.number, partner=answer.partner))


def overdue(step: Step) -> None:
    """The deadline of the chain passed."""
    _go_on(step, conference.Overdue(alone=not step.state.first))


def left(step: Step, side: Side) -> None:
    """One of the two has left, in a crisis."""
    if side is Side.FIRST:
        step.do(m.IncidentNote(fact=Fact.COUNSELLOR_GONE))
    if not step.state.first and not step.state.person:
        step.end(Result.TALKED)
        return
    if side is Side.FIRST:
        _go_on(step, conference.Alone())
        comfort(step)
        return
    step.set(person_left=True)
    prompts = step.plan.crisis.caller_gone
    if step.state.crisis.there:
        step.do(Whisper(leg_id=step.state.crisis.leg_id, prompts=prompts))
    if step.state.crisis.stage is not Stage.IDLE:
        step.do(Whisper(prompts=prompts))
    _go_on(step, conference.Left())


def over(step: Step) -> None:
    """The call is over."""
    if step.state.raising:
        # Pressed in the last instant: on record all the same, and the person is called back.
        step.set(raising=False)
        step.do(m.RaiseIncident(by=BY), CallAgain())
    if goes_on(step.state):
        _go_on(step, conference.Over(known=step.state.person_left))


def resumed(step: Step) -> None:
    """What an earlier run of the program left goes on."""
    chain = step.state.crisis
    match chain.stage:
        case Stage.ASKING:
            # The attempt before is known to be over: on to the next.
            step.set(crisis=replace(chain, stage=Stage.IDLE))
            ask(step, What.RAISE)
        case Stage.RINGING if chain.partner:
            step.do(Start(timer=Timer.PARTNER, seconds=chain.partner.ring_s + conference.RING_GUARD_S))
        case Stage.BRIEFING if chain.partner:
            step.do(Start(timer=Timer.PARTNER, seconds=conference.BRIEFING_GUARD_S))
            step.do(m.SayToLeg(leg_id=chain.leg_id, prompts=chain.partner.briefing or step.plan.crisis.briefing))
        case _:
            pass
    _look(step)
    comfort(step)


# --- a person who waits alone ----------------------------------------------------------------------------------------


def comfort(step: Step) -> None:
    """A word, then music, to a person with whom nobody is; again from time to time."""
    state = step.state
    if state.talking and state.person and not state.first and not state.crisis.there and not state.to_person:
        step.do(Start(timer=Timer.SETTLE, seconds=TELL_S))
        step.say(Side.PERSON, *step.plan.crisis.caller_again, in_bridge=True)


def said(step: Step) -> None:
    """The word has ended, or its end got lost."""
    if step.state.person and not step.state.first and not step.state.crisis.there:
        step.do(Stop(timer=Timer.SETTLE), Music(), Start(timer=Timer.COMFORT, seconds=step.plan.crisis.comfort_every_s))


def _hush(step: Step) -> None:
    step.stop_saying(Side.PERSON)
    step.do(Stop(timer=Timer.SETTLE), Stop(timer=Timer.COMFORT))


# --- carrying out ----------------------------------------------------------------------------------------------------


def _go_on(step: Step, event: conference.Event) -> None:
    chain, commands = conference.advance(step.state.crisis, event, step.plan.crisis.plan)
    step.set(crisis=chain)
    for command in commands:
        _carry_out(step, command)
    _look(step, nobody=any(isinstance(command, conference.Unreached) for command in commands))


def _look(step: Step, *, nobody: bool = False) -> None:
    """With no partner called or there, nobody stays by themselves."""
    state = step.state
    if not state.talking or state.crisis.stage is not Stage.IDLE or (state.first and state.person):
        return
    if not state.person and state.first and state.crisis.open:
        step.close(Result.TALKED, first=step.plan.crisis.caller_gone[0] if step.plan.crisis.caller_gone else "")
    elif not state.person:
        step.end(Result.TALKED)
    elif state.crisis.open and not nobody:
        ask(step, What.RAISE)
        comfort(step)
    else:
        _hush(step)
        step.do(m.Note(kind="rescued"), ToLine())
        # Theirs from here on is the line: nothing of the incident ends with this call.
        step.set(person=False, crisis=conference.CALM)
        step.end(Result.TALKED)


def _carry_out(step: Step, command: conference.Command) -> None:
    match command:
        case conference.Ask(number=number, partner=partner, anew=anew):
            step.do(m.AskPartner(number=number, by=BY, partner=partner, anew=anew))
        case conference.Ring(partner=partner):
            step.do(m.Note(kind="partner_rung"), m.RingPartner(partner=partner, caller=False))
        case conference.Brief(partner=partner):
            step.do(
                m.Note(kind="partner_answered"), m.SayToLeg(leg_id=partner.leg_id, prompts=partner.briefing or step.plan.crisis.briefing)
            )
        case conference.Deadline(seconds=0):
            step.do(Stop(timer=Timer.PARTNER))
        case conference.Deadline(seconds=seconds):
            step.do(Start(timer=Timer.PARTNER, seconds=seconds))
        case conference.Drop(leg_id=leg_id):
            step.do(m.DropLeg(leg_id=leg_id))
        case conference.Together(leg_id=leg_id):
            _hush(step)
            step.do(m.Gather(partner=leg_id))
        case conference.Tell(word=word):
            if step.state.first and (prompts := _words(step, word)):
                step.do(Whisper(prompts=prompts))
        case conference.Record(fact=fact, leg_id=leg_id, result=result):
            step.do(m.IncidentNote(fact=fact, leg_id=leg_id, result=result))
        case conference.Redial():
            step.do(CallAgain())
        case conference.Unreached():
            step.do(m.Note(kind="partners_unreached"))
        case conference.Gone() | conference.Apart():
            # Whoever is left stays where they are; a word in private there is not.
            pass


def _words(step: Step, word: Word) -> tuple[str, ...]:
    texts = step.plan.crisis
    return {
        Word.RUNG: texts.rung,
        Word.BUSY: texts.busy,
        Word.NO_ANSWER: texts.no_answer,
        Word.NOBODY_LEFT: texts.nobody_left,
        Word.JOINED: texts.joined,
        Word.TAKEN_OVER: texts.taken_over,
        Word.LEFT: texts.left,
        Word.STOPPED: texts.stopped,
    }.get(word, ())

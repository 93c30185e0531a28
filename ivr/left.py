"""A caller's line drops in a crisis while an emergency partner is being brought in, or there: counsellor and partner stay together, the
counsellor says what is known, and the caller is called again meanwhile. Pure steps.

Whoever answers there hears nothing that nobody else may know, and must press 1: nobody else is ever connected. Who dials us again from
that number meanwhile is with them at once. Once one of the two is gone the
call is over, and the call-back machinery goes on calling, unless just then somebody is being asked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ivr import call_model as m
from ivr import crisis, waiting
from ivr.call_model import Phase, Timer
from ivr.conference import CALM, Fact, Stage
from ivr.step import Step, highest
from routing.model import Lane, Outcome

#: Legs to the caller begin so, as those of call-backs do; the contact's id and a number follow.
PREFIX: Final = "person-"
KEY_YES, KEY_NO = "1", "2"
#: A leg that has not ended this long after its ring time-out has lost its end event.
RING_GUARD_S = 5.0


def is_again(leg_id: str) -> bool:
    """Whether a leg goes to a caller who dropped out."""
    return leg_id.startswith(PREFIX)


def begin(step: Step) -> None:
    """The caller's line dropped."""
    step.stop_play()
    step.stop(Timer.COMFORT)
    step.set(phase=Phase.LEFT, holding=False, agains=0)
    step.note("caller_dropped")
    crisis.caller_left(step)
    chain, prompts = step.call.conference, step.flow.crisis.caller_gone
    legs = (crisis.counsellor_leg(step), chain.leg_id if chain.there else "")
    step.do(*(m.Whisper(leg_id=leg_id, prompts=prompts) for leg_id in legs if leg_id and prompts))
    step.start(Timer.REDIAL, step.flow.redial.first_s)


def look(step: Step) -> None:
    """After every step: with one of the two gone, the other has nobody here."""
    call = step.call
    if call.phase is not Phase.LEFT:
        return
    if call.offer is None or call.conference.stage is Stage.IDLE:
        if not call.owed:
            crisis.caller_gone(step, known=True)
        if offer := call.offer:
            step.set(offer=None, leg_up=False, named=offer.counsellor_id)
            step.do(m.DropLeg(leg_id=offer.leg_id), m.EndTalk(offer=offer, heavy=call.lane is Lane.CRISIS))
        if not step.call.again_up:
            _over(step)


# --- counsellor ------------------------------------------------------------------------------------------------------


def counsellor_down(step: Step, down: m.LegDown) -> None:
    """The counsellor hung up, or their phone died."""
    offer = step.call.offer
    if offer is None or offer.leg_id != down.leg_id:
        return
    step.set(offer=None, leg_up=False, connected=False, typed="", named=offer.counsellor_id)
    step.note("counsellor_left", by_hand=down.by_hand)
    step.do(m.IncidentNote(fact=Fact.COUNSELLOR_GONE))
    if not down.by_hand:
        step.do(m.Alarm(kind="counsellor_lost", detail={"counsellor": offer.extension}))
    step.do(m.EndTalk(offer=offer, heavy=step.call.lane is Lane.CRISIS))


# --- the caller is called again --------------------------------------------------------------------------------------


def leg(step: Step, happening: m.LegUp | m.LegDown | m.LegDigit | m.LegSaid) -> None:
    """Something happened to a leg to the caller."""
    call, leg_id = step.call, happening.leg_id
    if call.phase is not Phase.LEFT or leg_id != call.again:
        if isinstance(happening, m.LegUp):
            # Answered in the instant in which it was given up.
            step.do(m.DropLeg(leg_id=leg_id))
        return
    match happening:
        case m.LegUp() if not call.again_up:
            step.set(again_up=True)
            step.note("person_answered")
            _ask(step)
        case m.LegSaid() if call.again_up and not call.again_asked:
            step.set(again_asked=True)
            step.do(m.SayToLeg(leg_id=leg_id, prompts=step.flow.crisis.called_again))
        case m.LegDigit(digit=digit) if call.again_up and digit == KEY_YES:
            _back(step)
        case m.LegDigit(digit=digit) if call.again_up and digit == KEY_NO:
            # Not them: they are not called there again.
            step.set(agains=step.flow.redial.attempts)
            step.note("person_declined")
            _give_up(step)
        case m.LegDown(result=result):
            step.note("person_not_reached", result=str(result))
            step.set(again="", again_up=False)
            later(step)
        case _:
            pass


def dialled_again(step: Step, channel_id: str) -> None:
    """They were faster than we: no question, who dials us from that number is put to those who wait for them."""
    if step.call.phase is not Phase.LEFT:
        step.do(m.SendOn(channel_id=channel_id))
        return
    if step.call.again:
        step.do(m.DropLeg(leg_id=step.call.again))
    step.note("caller_dialled_again")
    step.set(again=channel_id)
    _back(step)


def overdue(step: Step) -> None:
    """It is time to call; or nobody answered, or pressed the key."""
    if step.call.again:
        _give_up(step)
    else:
        _call(step)


def at_once(step: Step) -> None:
    """The desk wants the caller called now."""
    if step.call.phase is not Phase.LEFT:
        step.note("crisis_refused", what="redial")
    elif not step.call.again:
        step.set(agains=0)
        _call(step)


def later(step: Step) -> None:
    """After a while, if they are still to be called."""
    if step.call.agains < step.flow.redial.attempts:
        step.start(Timer.REDIAL, step.flow.redial.every_s)
    else:
        step.stop(Timer.REDIAL)


def unattended(step: Step) -> None:
    """A deadline is lost."""
    if step.call.again_up:
        _ask(step)
    elif step.call.again:
        _give_up(step)


def _call(step: Step) -> None:
    call, plan = step.call, step.flow.redial
    if not call.number or call.agains >= plan.attempts or not (call.conference.open or call.owed):
        return
    leg_id = f"{PREFIX}{call.id}-{call.plays + 1}"
    step.set(again=leg_id, again_up=False, again_asked=False, agains=call.agains + 1, plays=call.plays + 1)
    step.note("person_dialled")
    step.do(m.IncidentNote(fact=Fact.REDIALLED), m.RingCaller(leg_id=leg_id, number=call.number))
    step.start(Timer.REDIAL, plan.ring_s + RING_GUARD_S)


def _ask(step: Step) -> None:
    step.set(again_asked=False)
    step.do(m.SayToLeg(leg_id=step.call.again, prompts=step.flow.crisis.called_again))
    step.start(Timer.REDIAL, step.flow.crisis.called_again_s)


def _give_up(step: Step) -> None:
    step.do(m.DropLeg(leg_id=step.call.again))
    step.set(again="", again_up=False)
    later(step)


def _back(step: Step) -> None:
    """It is them: to counsellor and partner, or before everybody else in the line."""
    call = step.call
    step.stop(Timer.REDIAL)
    step.do(m.CallerIs(leg_id=call.again), m.IncidentNote(fact=Fact.CALLER_BACK))
    step.note("caller_back")
    step.set(again="", again_up=False, agains=0, owed=False, heard_of=True)
    if call.offer is None:
        step.set(phase=Phase.WAITING, connected=False, settled=False, lane=highest(call.lane, Lane.CRISIS))
        step.set(conference=replace(CALM, open=True))
        step.join()
        step.play(step.flow.crisis.caller_again)
        if not step.call.playing:
            waiting.settle(step)
        return
    step.set(phase=Phase.TALKING, connected=True)
    counsellor, chain = call.offer.leg_id, call.conference
    if chain.there:
        step.do(m.Gather(partner=chain.leg_id, counsellor=counsellor))
    else:
        step.do(m.Reconnect(leg_id=counsellor))
    if prompts := step.flow.crisis.caller_back:
        step.do(m.Whisper(leg_id=counsellor, prompts=prompts))


def _over(step: Step) -> None:
    call = step.call
    if call.owed and call.number:
        # Whoever was asked was not the caller, or hung up.
        step.do(m.CallAgain(number=call.number, language=call.language))
    if call.again:
        step.do(m.DropLeg(leg_id=call.again))
    step.do(m.Leave(), m.Note(kind="hangup", detail={"by": "caller"}))
    step.finish(Outcome.TALKED)
    step.set(phase=Phase.ENDED, again="", joined=False, conference=CALM)

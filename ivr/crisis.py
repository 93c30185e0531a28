"""A crisis, from the caller's side: what the chain (`ivr.conference`) asks for, in the words of the call. Pure steps.

The caller talks with the counsellor while a partner is called, is never alone, and is hung up by nobody but a human after the hand-over.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ivr import call_model as m
from ivr import conference, menu, waiting
from ivr.call_model import Phase, Timer
from ivr.conference import Fact, Stage, What, Word
from ivr.step import Step, highest
from routing.model import Lane, Offer, OfferResult

#: Legs to emergency partners begin so.
PREFIX: Final = "crisis-"
#: Between two tries to connect a caller who hears something that must be heard to its end.
SOON_S = 1.0
#: Where a partner can be brought in.
_WHERE = (Phase.WAITING, Phase.TALKING, Phase.PARTNER, Phase.LEFT, Phase.OVERFLOW, Phase.TRANSFERRED)
#: Where the offer's counsellor is on the phone.
_WITH_COUNSELLOR = (Phase.TALKING, Phase.LEFT)


def is_partner(leg_id: str) -> bool:
    """Whether a leg goes to an emergency partner."""
    return leg_id.startswith(PREFIX)


# --- what a person asks for ------------------------------------------------------------------------------------------


def key(step: Step, pressed: m.LegDigit) -> What | None:
    """What a key of the counsellor in the talk asks for, with those before it; of the centre's, once the counsellor has left."""
    call, texts = step.call, step.flow.crisis
    alone = call.desk_leg if call.phase is Phase.TRANSFERRED and call.transfer is not None else ""
    if pressed.leg_id != (counsellor_leg(step) or alone):
        return None
    late = None not in (pressed.at, call.typed_at) and not 0 <= (pressed.at or 0) - (call.typed_at or 0) <= texts.key_within_s
    typed = ("" if late else call.typed) + pressed.digit
    meanings = texts.keys.meanings
    what = next((meaning for code, meaning in meanings.items() if typed.endswith(code)), None)
    step.set(typed="" if what else typed[-3:], typed_at=pressed.at)
    return what


def ordered(step: Step, order: m.Ordered) -> None:
    """The desk asks for something."""
    step.note("crisis_order", what=str(order.what))
    ask(step, order.what, partner=order.partner, by="counsellor_desk")


def ask(step: Step, what: What, *, by: str, partner: str = "") -> None:
    """What a person asks for, whoever it is."""
    calls = what in (What.RAISE, What.NEXT, What.DIAL)
    if calls and step.call.phase in (Phase.MENU, Phase.DIALLING):
        # Not the moment to choose among desks: the next free counsellor, and a partner meanwhile.
        if step.call.desk_leg:
            menu.drop_desk(step)
        step.close_dialogue()
        step.raise_lane(Lane.CRISIS)
        waiting.enter(step, "crisis")
    if step.call.phase not in _WHERE:
        step.note("crisis_refused", what=str(what))
        if calls:
            step.do(m.Alarm(kind="incident_unreached", detail={"phase": str(step.call.phase)}))
        return
    if calls:
        # Before everybody else from here on, and a rest for the counsellor afterwards.
        step.raise_lane(Lane.CRISIS)
    _go_on(step, conference.Asked(what=what, partner=partner), by=by)
    if step.call.phase is Phase.PARTNER and step.call.conference.taken_over:
        _out_of_line(step)


# --- what happens ----------------------------------------------------------------------------------------------------


def leg(step: Step, happening: m.LegUp | m.LegDown | m.LegDigit | m.LegSaid | m.Gathered | m.GatherFailed) -> None:
    """Something happened to a partner's leg."""
    leg_id = happening.leg_id
    match happening:
        case m.LegUp():
            _go_on(step, conference.Answered(leg_id=leg_id))
        case m.LegSaid():
            _go_on(step, conference.Said(leg_id=leg_id, alone=_alone(step)))
        case m.LegDown(result=result):
            _go_on(step, conference.Ended(leg_id=leg_id, result=result))
        case m.GatherFailed() if leg_id == step.call.conference.leg_id:
            step.do(m.DropLeg(leg_id=leg_id))
            _go_on(step, conference.Ended(leg_id=leg_id, result=OfferResult.FAILED))
            _reunite(step)
        case m.Gathered(caller=True, at=at) if step.call.conference.stage is Stage.JOINED and leg_id == step.call.conference.leg_id:
            if step.call.phase is Phase.PARTNER and not step.call.connected:
                step.set(connected=True, talked=True, talking_since=at)
            step.note("partner_joined")
            step.do(m.IncidentNote(fact=Fact.JOINED, leg_id=leg_id))
        case m.Gathered(caller=False) if step.call.phase is Phase.LEFT and leg_id == step.call.conference.leg_id:
            step.do(m.IncidentNote(fact=Fact.PRIVATE, leg_id=leg_id))
        case _:
            pass


def found(step: Step, answer: m.PartnerFound) -> None:
    """The attempt is on record, or nobody is left."""
    _go_on(step, conference.Found(number=answer.number, partner=answer.partner))


def overdue(step: Step) -> None:
    """The deadline of the chain passed."""
    _go_on(step, conference.Overdue(alone=_alone(step)))


def comfort(step: Step) -> None:
    """The caller hears music while counsellor and partner talk: a voice from time to time."""
    if not step.call.playing:
        step.play(step.flow.crisis.caller_comfort)
    step.start(Timer.COMFORT, step.flow.crisis.comfort_every_s)


def hold_failed(step: Step) -> None:
    """No music for the caller: then no word in private either."""
    step.set(holding=False)
    _go_on(step, conference.Asked(what=What.JOIN))


def stays(call: m.Call) -> bool:
    """Whether counsellor and partner talk on when the caller's line drops: until somebody has taken over, or it was called off."""
    return call.phase is Phase.TALKING and call.offer is not None and call.conference.open and call.conference.stage is not Stage.IDLE


def caller_left(step: Step) -> None:
    """The caller's line dropped; the others stay."""
    _go_on(step, conference.Left())


def caller_gone(step: Step, *, known: bool = False) -> None:
    """The caller is gone, and nobody stays. `known`: that they are gone is on record already."""
    _go_on(step, conference.Over(known=known))


def keeps(call: m.Call) -> bool:
    """Whether the caller stays when the counsellor hangs up."""
    return call.conference.there or call.conference.open


def counsellor_gone(step: Step, offer: Offer, down: m.LegDown, *, by_hand: bool) -> None:
    """The counsellor of a crisis is off the phone: the caller stays with the partner, or is the next whom a counsellor gets."""
    call = step.call
    was_connected, there, taken_over = call.connected, call.conference.there, call.conference.taken_over
    step.set(offer=None, leg_up=False, connected=False, typed="", lane=highest(call.lane, Lane.DROPPED))
    step.note("counsellor_left", by_hand=by_hand)
    step.do(m.IncidentNote(fact=Fact.COUNSELLOR_GONE))
    if was_connected and not by_hand:
        step.do(m.Alarm(kind="counsellor_lost", detail={"counsellor": offer.extension}))
    # The caller first: whoever comes free by this is theirs before anybody else's who waits.
    step.set(named=None if by_hand else offer.counsellor_id)
    if there:
        step.set(phase=Phase.PARTNER, connected=call.conference.stage is Stage.JOINED)
        if not taken_over:
            step.join()
        _go_on(step, conference.Alone())
    else:
        _to_line(step, step.flow.waiting.reconnecting, result=down.result)
        _go_on(step, conference.Alone())
    step.do(m.EndTalk(offer=offer, heavy=step.call.lane is Lane.CRISIS, wrapup=by_hand))


def other_gone(step: Step, result: OfferResult) -> None:
    """Who is no counsellor of the line (another desk, standby, the partner line) is off the phone, in a crisis."""
    if step.call.conference.there:
        step.set(phase=Phase.PARTNER, connected=step.call.conference.stage is Stage.JOINED)
        if not step.call.conference.taken_over:
            step.join()
    else:
        _to_line(step, step.flow.waiting.reconnecting, result=result)
    _go_on(step, conference.Alone())


def counsellor_back(step: Step) -> None:
    """Caller and counsellor hear each other, in a crisis."""
    if step.call.conference.open and step.call.offer:
        step.do(m.IncidentNote(fact=Fact.COUNSELLOR_BACK, counsellor=step.call.offer.counsellor_id))


# --- after a restart, and for the watchdog ---------------------------------------------------------------------------


def resumed(step: Step) -> None:
    """What was found in Asterisk goes on."""
    call = step.call
    chain = call.conference
    if call.phase is Phase.PARTNER and not chain.taken_over and not call.joined and call.offer is None:
        step.join()
    if call.phase is Phase.PARTNER and call.offer is not None:
        step.start(Timer.RING, step.flow.ring_timeout_s + menu.RING_GUARD_S)
    match chain.stage:
        case Stage.ASKING:
            # Before everybody else; the attempt before is known to be over: on to the next, but to nobody a second time without a word.
            ask(step, What.RAISE, by="counsellor_key")
            _go_on(step, conference.Overdue(alone=_alone(step)))
        case Stage.RINGING if chain.partner:
            step.start(Timer.PARTNER, chain.partner.ring_s + conference.RING_GUARD_S)
        case Stage.BRIEFING if chain.partner:
            step.start(Timer.PARTNER, conference.BRIEFING_GUARD_S)
            step.do(m.SayToLeg(leg_id=chain.leg_id, prompts=chain.partner.briefing or step.flow.crisis.briefing))
        case Stage.PRIVATE:
            step.start(Timer.PARTNER, step.flow.crisis.private_s)
            step.start(Timer.COMFORT, step.flow.crisis.comfort_every_s)
        case _:
            pass


def unattended(step: Step) -> None:
    """Everybody to where they belong."""
    call = step.call
    chain = call.conference
    if chain.waits:
        step.start(Timer.PARTNER, SOON_S if chain.stage in (Stage.ASKING, Stage.BRIEFING) else step.flow.crisis.choose_s)
    match call.phase:
        case Phase.TALKING | Phase.PARTNER | Phase.LEFT if chain.stage is Stage.JOINED:
            step.do(m.Gather(partner=chain.leg_id, counsellor=counsellor_leg(step), caller=call.phase is not Phase.LEFT))
        case Phase.TALKING if chain.stage is Stage.PRIVATE:
            _hold(step)
            step.do(m.Gather(partner=chain.leg_id, counsellor=counsellor_leg(step), caller=False))
        case Phase.OVERFLOW | Phase.TRANSFERRED if chain.stage is Stage.JOINED:
            step.do(m.Gather(partner=chain.leg_id))
        case Phase.PARTNER:
            # With nobody: that is no place to be.
            _to_line(step, step.flow.crisis.caller_again)
        case _:
            pass
    if call.phase is Phase.PARTNER and call.offer is not None:
        step.start(Timer.RING, step.flow.ring_timeout_s + menu.RING_GUARD_S)


# --- carrying out ----------------------------------------------------------------------------------------------------


def _alone(step: Step) -> bool:
    return step.call.phase not in _WITH_COUNSELLOR or step.call.offer is None


def counsellor_leg(step: Step) -> str:
    """The leg of the counsellor on the phone; "" for nobody."""
    return step.call.offer.leg_id if step.call.phase in _WITH_COUNSELLOR and step.call.offer else ""


def _go_on(step: Step, event: conference.Event, *, by: str = "counsellor_key") -> None:
    chain, commands = conference.advance(step.call.conference, event, step.flow.crisis.plan)
    step.set(conference=chain)
    for command in commands:
        _carry_out(step, command, by)


def _carry_out(step: Step, command: conference.Command, by: str) -> None:
    match command:
        case conference.Ask(number=number, partner=partner, anew=anew):
            counsellor = step.call.offer.counsellor_id if step.call.offer and step.call.phase in _WITH_COUNSELLOR else None
            step.do(m.AskPartner(number=number, by=by, counsellor=counsellor, partner=partner, anew=anew))
        case conference.Ring(partner=partner):
            step.note("partner_rung")
            step.do(m.RingPartner(partner=partner, caller=step.call.phase is not Phase.LEFT))
        case conference.Brief(partner=partner):
            step.note("partner_answered")
            step.do(m.SayToLeg(leg_id=partner.leg_id, prompts=partner.briefing or step.flow.crisis.briefing))
        case conference.Deadline(seconds=0):
            step.stop(Timer.PARTNER)
        case conference.Deadline(seconds=seconds):
            step.start(Timer.PARTNER, seconds)
        case conference.Drop(leg_id=leg_id):
            step.do(m.DropLeg(leg_id=leg_id))
        case conference.Together(leg_id=leg_id):
            _together(step, leg_id)
        case conference.Apart(leg_id=leg_id):
            _apart(step, leg_id)
        case conference.Gone(private=private):
            _partner_gone(step, private=private)
        case conference.Tell(word=word):
            _tell(step, word)
        case conference.Record(fact=fact, leg_id=leg_id, result=result):
            if fact in (Fact.FAILED, Fact.PARTNER_LEFT, Fact.TAKEN_OVER):
                step.note(f"partner_{fact}", **({"result": str(result)} if result else {}))
            step.do(m.IncidentNote(fact=fact, leg_id=leg_id, result=result))
        case conference.Unreached():
            step.note("partners_unreached")
        case conference.Redial():
            if step.call.again_up:
                step.set(owed=True)
            elif step.call.number:
                step.do(m.CallAgain(number=step.call.number, language=step.call.language))


def _together(step: Step, leg_id: str) -> None:
    """Partner and caller, and the counsellor if there is one."""
    call = step.call
    if call.phase is Phase.WAITING:
        if call.must_finish or call.leg_up:
            # In a moment: what must be heard ends, or the counsellor is connected.
            step.set(conference=replace(call.conference, stage=Stage.BRIEFED))
            step.start(Timer.PARTNER, SOON_S)
            return
        step.close_dialogue()
        step.set(phase=Phase.PARTNER, settled=False, connected=False, unsaid=(), key_later="", hold_failures=0)
        step.stop(Timer.HOLD)
    step.stop_play()
    step.stop(Timer.COMFORT)
    step.set(holding=False)
    step.do(m.Gather(partner=leg_id, counsellor=counsellor_leg(step), caller=call.phase is not Phase.LEFT))


def _apart(step: Step, leg_id: str) -> None:
    """A word in private; the caller is told, and hears music."""
    if _alone(step) or step.call.phase is Phase.LEFT:
        step.set(conference=replace(step.call.conference, stage=Stage.JOINED))
        # Nobody is there who could, or they are by themselves already: all who are there stay together.
        step.stop(Timer.PARTNER)
        _together(step, leg_id)
        return
    _hold(step)
    step.do(m.Gather(partner=leg_id, counsellor=counsellor_leg(step), caller=False))


def _hold(step: Step) -> None:
    step.stop_play()
    waiting.hold(step)
    step.play(step.flow.crisis.caller_waits)
    step.start(Timer.COMFORT, step.flow.crisis.comfort_every_s)


def _partner_gone(step: Step, *, private: bool) -> None:
    """Whoever is left: caller and counsellor together, or the caller before everybody else."""
    if step.call.phase is Phase.PARTNER:
        _to_line(step, step.flow.crisis.caller_again)
    elif private and step.call.phase is Phase.TALKING:
        _reunite(step)


def _reunite(step: Step) -> None:
    if step.call.phase is Phase.TALKING and step.call.offer:
        step.stop_play()
        step.stop(Timer.COMFORT)
        step.set(holding=False)
        step.do(m.Reconnect(leg_id=step.call.offer.leg_id))


def _to_line(step: Step, prompts: tuple[str, ...], *, result: OfferResult | None = None) -> None:
    """Back into the line, at its front, with music and word; a counsellor who is on the way already is waited for."""
    call = step.call
    step.stop_play()
    step.stop(Timer.COMFORT)
    step.set(phase=Phase.WAITING, holding=False, settled=False, connected=False, lane=highest(call.lane, Lane.CRISIS))
    if call.offer is None:
        step.join(again=call.joined)
    step.note("rescued", **({"result": str(result)} if result else {}))
    if call.leg_up and call.offer is not None:
        step.connect()
        return
    step.play(prompts)
    if not step.call.playing:
        waiting.settle(step)


def _out_of_line(step: Step) -> None:
    """The partner has the caller for good: no counsellor is looked for any more."""
    offer = step.call.offer
    step.set(offer=None, leg_up=False, joined=False)
    step.stop(Timer.RING)
    if offer is not None:
        step.do(m.DropLeg(leg_id=offer.leg_id, elsewhere=True), m.CloseOffer(offer=offer, result=OfferResult.WITHDRAWN))
    step.do(m.Leave())


def _tell(step: Step, word: Word) -> None:
    texts = step.flow.crisis
    prompts = {
        Word.RUNG: texts.rung,
        Word.ANSWERED: texts.answered,
        Word.BUSY: texts.busy,
        Word.NO_ANSWER: texts.no_answer,
        Word.NOBODY_LEFT: texts.nobody_left,
        Word.JOINED: texts.joined,
        Word.PRIVATE: texts.private,
        Word.TAKEN_OVER: texts.taken_over,
        Word.LEFT: texts.left,
        Word.STOPPED: texts.stopped,
    }[word]
    if step.call.phase is Phase.LEFT and word in (Word.JOINED, Word.PRIVATE):
        # There are only the two.
        return
    if (leg_id := counsellor_leg(step)) and prompts:
        step.do(m.Whisper(leg_id=leg_id, prompts=prompts))

"""A caller who talks with a counsellor is put through to the centre: three together, then two. Pure steps of the call's machine.

Caller and counsellor talk on while a member of the centre's staff is rung and hears who we are. Once the three are together the counsellor may
leave (hang up, or the key for "taken over"); before that, whatever goes wrong leaves the two where they are. The caller is never alone: whom the
last of the others leaves is before everybody else in the line. A crisis comes first: then whoever of the centre is with a counsellor is let go.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from uuid import UUID

from escalation.centre.model import PutThrough
from ivr import call_model as m
from ivr import conference, crisis, outside, waiting
from ivr.call_model import Phase, Timer
from ivr.conference import What
from ivr.menu import RING_GUARD_S
from ivr.step import Step, highest
from ivr.transfer_model import Stage, Transfer
from routing.model import Lane, Offer, OfferResult

#: Legs to the centre begin so; the contact's id and the order's follow, so that a leg that is found says what it belongs to.
PREFIX: Final = "transfer-"
#: Between two tries to connect a caller who hears something that must be heard to its end; a connection takes no longer.
SOON_S = 1.0
JOINING_S = 6.0
_RESULTS = {
    OfferResult.BUSY: PutThrough.BUSY,
    OfferResult.REJECTED: PutThrough.REJECTED,
    OfferResult.RANG_OUT: PutThrough.NO_ANSWER,
    OfferResult.UNREACHABLE: PutThrough.UNREACHABLE,
}


def is_centre(leg_id: str) -> bool:
    """Whether a leg goes to the centre."""
    return leg_id.startswith(PREFIX)


def leg_of(call_id: str, order: UUID) -> str:
    """How the leg of an order is named."""
    return f"{PREFIX}{call_id}-{order}"


def begin(step: Step, wanted: m.PutThroughTo) -> None:
    """The desk asks for it."""
    call = step.call
    if call.phase is not Phase.TALKING or call.offer is None or not call.connected or call.transfer is not None or _crisis(step):
        step.note("centre_refused")
        step.do(m.TransferNote(order=wanted.order, ended=PutThrough.NOT_IN_CALL))
        return
    leg_id = leg_of(call.id, wanted.order)
    step.set(transfer=Transfer(order=wanted.order, leg_id=leg_id))
    step.note("centre_rung")
    step.do(m.RingStaff(leg_id=leg_id, extension=wanted.extension))
    step.start(Timer.TRANSFER, step.flow.ring_timeout_s + RING_GUARD_S)
    _tell(step, step.flow.centre.rung)


def leg(
    step: Step,
    happening: m.LegUp | m.LegDown | m.LegSaid | m.Gathered | m.GatherFailed | m.Connected | m.ConnectFailed,
) -> None:
    """Something happened to a leg to the centre."""
    through = step.call.transfer
    if through is None or happening.leg_id != through.leg_id:
        if isinstance(happening, m.LegUp):
            # Answered in the instant in which it was given up.
            step.do(m.DropLeg(leg_id=happening.leg_id))
        return
    match happening:
        case m.LegUp() if through.stage is Stage.RINGING:
            step.set(transfer=replace(through, stage=Stage.BRIEFING))
            step.note("centre_answered")
            _brief(step, through)
            _tell(step, step.flow.centre.answered)
        case m.LegSaid() if through.stage is Stage.BRIEFING:
            _together(step, through)
        case m.Gathered(caller=True) if through.stage is Stage.JOINING and step.call.phase is Phase.TALKING:
            _joined(step, through)
            _tell(step, step.flow.centre.joined)
        case m.Connected(at=at) if step.call.phase is Phase.TRANSFERRED and not step.call.connected:
            step.set(connected=True, talked=True, talking_since=at)
            _joined(step, through)
        case m.LegDown(result=result):
            _left(step, through, result)
        case m.GatherFailed() | m.ConnectFailed():
            step.do(m.DropLeg(leg_id=through.leg_id))
            if step.call.phase is Phase.TALKING and step.call.offer:
                step.do(m.Reconnect(leg_id=step.call.offer.leg_id))
            _left(step, through, OfferResult.FAILED)
        case _:
            pass


def asked(step: Step, what: What) -> bool:
    """A key of the counsellor; False: it is none of a transfer."""
    call, through = step.call, step.call.transfer
    if through is None or call.phase is not Phase.TALKING or call.offer is None:
        return False
    match what:
        case What.TAKEN_OVER if through.stage is Stage.JOINED:
            # Their leg's end does the rest.
            step.note("centre_taken_over")
            step.do(m.DropLeg(leg_id=call.offer.leg_id))
        case What.STOP:
            _end(step, through, PutThrough.CALLED_OFF)
            _tell(step, step.flow.centre.stopped)
        case What.JOIN | What.PRIVATE | What.TAKEN_OVER:
            pass
        case _:
            return False
    return True


def overdue(step: Step) -> None:
    """The deadline of the stage passed."""
    through = step.call.transfer
    if through is None:
        return
    if through.stage is Stage.RINGING:
        step.do(m.DropLeg(leg_id=through.leg_id))
        _left(step, through, OfferResult.RANG_OUT)
    elif through.waits:
        _together(step, through)


def counsellor_gone(step: Step, offer: Offer, down: m.LegDown, *, by_hand: bool) -> None:
    """The counsellor is off the phone: the caller stays with the centre, or is in the line while its phone rings on."""
    call, through = step.call, step.call.transfer
    if through is None:
        return
    step.set(offer=None, leg_up=False, typed="")
    step.note("counsellor_left", by_hand=by_hand)
    if call.connected and not by_hand:
        step.do(m.Alarm(kind="counsellor_lost", detail={"counsellor": offer.extension}))
    if through.stage is Stage.JOINED:
        step.set(phase=Phase.TRANSFERRED, desk_leg=through.leg_id)
    elif through.stage is Stage.JOINING:
        _alone(step, through)
    else:
        # The caller first: whoever comes free by this is theirs before anybody else's who waits.
        step.set(named=None if by_hand else offer.counsellor_id)
        _to_line(step, step.flow.waiting.reconnecting, down.result)
    step.do(m.EndTalk(offer=offer, heavy=call.lane is Lane.CRISIS, wrapup=by_hand))


def look(step: Step) -> None:
    """After every step: who is in other hands, or in a crisis, is not put through any more."""
    call, through = step.call, step.call.transfer
    if through is None or (call.phase is Phase.TRANSFERRED and call.desk_leg == through.leg_id):
        return
    if call.phase in (Phase.TALKING, Phase.WAITING):
        if _crisis(step):
            _end(step, through, PutThrough.CRISIS)
    else:
        _end(step, through, PutThrough.CALLER_GONE if call.phase in (Phase.ENDED, Phase.CLOSING) else PutThrough.FAILED)


def resumed(step: Step) -> None:
    """What was found in Asterisk goes on."""
    match step.call.transfer:
        case Transfer(stage=Stage.RINGING):
            step.start(Timer.TRANSFER, step.flow.ring_timeout_s + RING_GUARD_S)
        case Transfer(stage=Stage.BRIEFING) as through:
            _brief(step, through)
        case Transfer(order=order):
            step.do(m.TransferNote(order=order))
        case _:
            pass


def unattended(step: Step) -> None:
    """A deadline is lost, or somebody is not where they belong."""
    call, through = step.call, step.call.transfer
    if through is not None and through.waits:
        step.start(Timer.TRANSFER, SOON_S)
    elif through is not None and call.phase is Phase.TALKING and call.offer is not None:
        step.do(m.Gather(partner=through.leg_id, counsellor=call.offer.leg_id))


def joined(call: m.Call) -> bool:
    """Whether caller, counsellor and centre are together."""
    return call.phase is Phase.TALKING and call.transfer is not None and call.transfer.stage is Stage.JOINED


# --- carrying out ----------------------------------------------------------------------------------------------------


def _crisis(step: Step) -> bool:
    chain = step.call.conference
    return chain.open or chain.stage is not conference.Stage.IDLE


def _brief(step: Step, through: Transfer) -> None:
    step.do(m.SayToLeg(leg_id=through.leg_id, prompts=step.flow.centre.briefing))
    step.start(Timer.TRANSFER, conference.BRIEFING_GUARD_S)


def _together(step: Step, through: Transfer) -> None:
    """With caller and counsellor; with the caller alone if the counsellor is gone."""
    call = step.call
    if call.phase is Phase.TALKING and call.offer is not None:
        step.set(transfer=replace(through, stage=Stage.JOINING))
        step.do(m.Gather(partner=through.leg_id, counsellor=call.offer.leg_id))
        step.start(Timer.TRANSFER, JOINING_S)
    elif call.must_finish or call.leg_up:
        # In a moment: what must be heard ends, or another counsellor is connected.
        step.start(Timer.TRANSFER, SOON_S)
    else:
        _alone(step, through)


def _alone(step: Step, through: Transfer) -> None:
    """Nobody is there but the caller and the member of staff."""
    if offer := step.call.offer:
        step.set(offer=None)
        step.stop(Timer.RING)
        step.do(m.DropLeg(leg_id=offer.leg_id, elsewhere=True), m.CloseOffer(offer=offer, result=OfferResult.WITHDRAWN))
    outside.stop(step)
    step.stop_play()
    step.close_dialogue()
    step.set(phase=Phase.TRANSFERRED, desk_leg=through.leg_id, transfer=replace(through, stage=Stage.JOINED), leg_up=False, joined=False)
    step.set(holding=False, settled=False, connected=False, unsaid=(), key_later="", hold_failures=0)
    step.stop(Timer.COMFORT, Timer.HOLD, Timer.TRANSFER)
    step.do(m.Leave(), m.Connect(leg_id=through.leg_id))


def _joined(step: Step, through: Transfer) -> None:
    step.set(transfer=replace(through, stage=Stage.JOINED))
    step.stop(Timer.TRANSFER)
    step.note("centre_joined")
    step.do(m.TransferNote(order=through.order))


def _left(step: Step, through: Transfer, result: OfferResult) -> None:
    """The member of staff is off the phone, or was never on it."""
    call = step.call
    texts = step.flow.centre
    ended = _RESULTS.get(result, PutThrough.FAILED)
    # Answered, then hung up before the three were together.
    ended = PutThrough.REJECTED if result is OfferResult.ANSWERED else ended
    if call.phase is not Phase.TRANSFERRED:
        _end(step, through, ended, gone=True)
        no_answer = texts.busy if ended is PutThrough.BUSY else texts.no_answer
        _tell(step, texts.left if through.stage is Stage.JOINED else no_answer)
        return
    step.set(desk_leg="", connected=False)
    _end(step, through, ended, gone=True)
    if crisis.keeps(call):
        crisis.other_gone(step, result)
    else:
        _to_line(step, texts.caller_again, result)


def _end(step: Step, through: Transfer, result: PutThrough, *, gone: bool = False) -> None:
    step.set(transfer=None)
    step.stop(Timer.TRANSFER)
    step.note("centre_left" if through.stage is Stage.JOINED else "centre_not_joined", result=str(result))
    if not gone:
        step.do(m.DropLeg(leg_id=through.leg_id))
    step.do(m.TransferNote(order=through.order, ended=result))


def _to_line(step: Step, prompts: tuple[str, ...], result: OfferResult) -> None:
    """Back into the line, at its front."""
    step.stop_play()
    step.set(phase=Phase.WAITING, holding=False, settled=False, connected=False, lane=highest(step.call.lane, Lane.DROPPED))
    step.join()
    step.note("rescued", result=str(result))
    step.play(prompts)
    if not step.call.playing:
        waiting.settle(step)


def _tell(step: Step, prompts: tuple[str, ...]) -> None:
    if step.call.phase is Phase.TALKING and step.call.offer and prompts:
        step.do(m.Whisper(leg_id=step.call.offer.leg_id, prompts=prompts))

"""Counsellors: offered, ringing, connected, lost, gone. Pure steps of the call's machine."""

from __future__ import annotations

from dataclasses import replace

from ivr import call_model as m
from ivr import crisis, menu, outside, transfer, waiting
from ivr.call_model import Phase, Timer
from ivr.step import Step, highest
from routing.model import Lane, Offer, OfferResult, Outcome


def granted(step: Step, offer: Offer) -> None:
    """A counsellor is reserved and being rung."""
    if step.call.phase not in (Phase.WAITING, Phase.PARTNER) or step.call.offer or _taken_over(step):
        # The caller left, or another offer is under way: this one is taken back at once.
        step.do(m.DropLeg(leg_id=offer.leg_id, elsewhere=True), m.CloseOffer(offer=offer, result=OfferResult.WITHDRAWN))
        return
    # With an emergency partner the caller talks on until the counsellor is there.
    step.set(offer=offer, leg_up=False, connected=step.call.phase is Phase.PARTNER and step.call.connected)
    step.note("offered", counsellor=offer.extension)
    step.start(Timer.RING, step.flow.ring_timeout_s + menu.RING_GUARD_S)


def leg_up(step: Step, leg_id: str, at: float) -> None:
    """A leg answered."""
    call = step.call
    if call.phase is Phase.DIALLING and leg_id == call.desk_leg:
        menu.desk_up(step)
    elif call.phase in (Phase.WAITING, Phase.PARTNER) and call.offer and call.offer.leg_id == leg_id and not call.leg_up:
        step.set(leg_up=True, connected=False, talking_since=at)
        step.stop(Timer.RING)
        # A counsellor wins over whoever is tried outside.
        outside.stop(step)
        step.note("answered", counsellor=call.offer.extension)
        if call.must_finish:
            step.do(m.Seat(leg_id=leg_id))
        elif call.playing and not call.holding:
            # A prompt on the caller's own channel holds every other request up until its end is reported.
            step.do(m.StopPlay(number=call.playing))
        else:
            step.connect()
    elif call.offer is None or call.offer.leg_id != leg_id:
        # Answered in the instant in which it was given up.
        step.do(m.DropLeg(leg_id=leg_id, elsewhere=True))


def leg_down(step: Step, down: m.LegDown) -> None:
    """A leg ended."""
    call = step.call
    if down.leg_id == call.desk_leg and call.phase is Phase.DIALLING:
        menu.desk_unreachable(step, down.result)
    elif down.leg_id == call.desk_leg and call.phase is Phase.TRANSFERRED and crisis.keeps(call):
        step.set(desk_leg="", connected=False)
        step.note("transfer_ended")
        crisis.other_gone(step, down.result)
    elif down.leg_id == call.desk_leg and call.phase is Phase.TRANSFERRED and call.connected:
        menu.desk_over(step)
    elif down.leg_id == call.desk_leg and call.phase is Phase.TRANSFERRED:
        # They answered, but the two never heard each other: that is no end of a call.
        menu.desk_unreachable(step, down.result)
    elif call.offer is None or call.offer.leg_id != down.leg_id:
        return
    elif call.phase in (Phase.WAITING, Phase.PARTNER):
        # `leg_up`: answered, then hung up or died before the caller could be connected. Who hung up is not rung again at once.
        result = down.result if not call.leg_up else OfferResult.REJECTED if down.by_hand else OfferResult.FAILED
        offer_failed(step, result)
    elif call.phase is Phase.TALKING:
        _talk_ended(step, down)


def connected(step: Step, leg_id: str, at: float) -> None:
    """Caller and counsellor hear each other."""
    call = step.call
    if call.phase is Phase.TALKING and call.offer and call.offer.leg_id == leg_id and not call.connected:
        step.set(connected=True, talked=True, talking_since=at)
        step.note("bridged", counsellor=call.offer.extension)
        crisis.counsellor_back(step)
    elif call.phase is Phase.TRANSFERRED and call.desk_leg == leg_id:
        step.set(connected=True)


def overdue(step: Step) -> None:
    """The leg's end was lost: give the counsellor back and go on."""
    if step.call.offer and not step.call.leg_up:
        leg_id = step.call.offer.leg_id
        offer_failed(step, OfferResult.FAILED)
        step.do(m.DropLeg(leg_id=leg_id))


def offer_failed(step: Step, result: OfferResult) -> None:
    """Nobody was connected: the next counsellor is the router's business."""
    offer = step.call.offer
    if offer is None:
        return
    step.set(offer=None, leg_up=False)
    step.stop(Timer.RING)
    step.note("offer_failed", counsellor=offer.extension, result=str(result))
    step.do(m.CloseOffer(offer=offer, result=result))
    if not step.call.joined:
        step.join()


def _talk_ended(step: Step, down: m.LegDown) -> None:
    offer, was_connected = step.call.offer, step.call.connected
    if offer is None:
        return
    by_hand = down.by_hand and down.at - step.call.talking_since >= step.flow.dead_leg_s
    if crisis.keeps(step.call):
        crisis.counsellor_gone(step, offer, down, by_hand=by_hand)
        return
    if step.call.transfer is not None:
        transfer.counsellor_gone(step, offer, down, by_hand=by_hand)
        return
    step.set(offer=None, leg_up=False, connected=False)
    ended = m.EndTalk(offer=offer, heavy=step.call.lane is Lane.CRISIS)
    if by_hand:
        step.set(phase=Phase.CLOSING)
        step.do(ended)
        step.note("hangup", by="counsellor")
        step.finish(Outcome.TALKED)
        step.play(step.flow.ending.goodbye)
        if not step.call.playing:
            step.hang_up()
        return
    # The counsellor's phone died: the caller keeps the line, at its front, and the same counsellor is waited for a little.
    step.set(phase=Phase.WAITING, holding=False, settled=False, named=offer.counsellor_id)
    if was_connected:
        step.set(lane=highest(step.call.lane, Lane.DROPPED))
        step.do(m.Alarm(kind="counsellor_lost", detail={"counsellor": offer.extension}))
    # The caller first: whoever comes free by this is theirs before anybody else's who waits.
    step.join()
    step.do(replace(ended, wrapup=False))
    step.note("rescued", result=str(down.result))
    step.play(step.flow.waiting.reconnecting)
    if not step.call.playing:
        waiting.settle(step)


def _taken_over(step: Step) -> bool:
    """An emergency partner has the caller for good."""
    return step.call.phase is Phase.PARTNER and step.call.conference.taken_over

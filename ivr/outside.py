"""Standby list and partner line, from the caller's side: what the chain (`ivr.overflow`) asks for, in the words of the call. Pure steps.

The caller keeps music, place and keys all the while; a counsellor who becomes free first has the caller.
"""

from __future__ import annotations

from ivr import call_model as m
from ivr import crisis, overflow, waiting
from ivr.call_model import Phase, Timer
from ivr.step import Step, highest
from routing.model import Lane, OfferResult, Outcome, OverflowReason

#: Legs to outside numbers begin so.
PREFIX = "over-"


def is_outside(leg_id: str) -> bool:
    """Whether a leg goes to somebody outside."""
    return leg_id.startswith(PREFIX)


def begin(step: Step, reason: OverflowReason) -> None:
    """The line asks for somebody outside."""
    if step.call.phase is not Phase.WAITING or step.call.leg_up:
        # Has a human, or is about to.
        step.do(m.OverflowOver())
        return
    step.note("overflow", reason=str(reason))
    _go_on(step, overflow.Begin(reason=reason, call_id=step.call.id))


def leg(step: Step, happening: m.LegUp | m.LegDown | m.LegDigit | m.Connected | m.ConnectFailed) -> None:
    """Something happened to a leg to somebody outside."""
    leg_id, call = happening.leg_id, step.call
    ours = call.phase is Phase.OVERFLOW and leg_id == call.overflow.leg_id
    match happening:
        case m.LegUp() if call.phase is Phase.WAITING:
            _go_on(step, overflow.Answered(leg_id=leg_id))
        case m.LegUp() if not ours:
            step.do(m.DropLeg(leg_id=leg_id, elsewhere=True))
        case m.LegDigit(digit=digit) if call.phase is Phase.WAITING:
            _go_on(step, overflow.Pressed(leg_id=leg_id, digit=digit))
        case m.LegDown() | m.ConnectFailed() if call.phase is Phase.WAITING:
            _go_on(step, overflow.Ended(leg_id=leg_id))
        case m.LegDown() if ours:
            _talk_ended(step, happening)
        case m.ConnectFailed() if ours:
            step.do(m.DropLeg(leg_id=leg_id))
            _talk_ended(step, m.LegDown(leg_id=leg_id, result=OfferResult.FAILED))
        case m.Connected(at=at) if ours and not call.connected:
            step.set(connected=True, talked=True, talking_since=at)
            step.note("bridged_outside")
        case _:
            pass


def overdue(step: Step) -> None:
    """They did not answer, or did not press the key."""
    _go_on(step, overflow.Overdue())


def stop(step: Step) -> None:
    """A counsellor has the caller, or the caller is gone."""
    _go_on(step, overflow.Stopped())


def _go_on(step: Step, event: overflow.Event) -> None:
    chain, commands = overflow.advance(step.call.overflow, event, step.flow.outside)
    step.set(overflow=chain)
    for command in commands:
        _carry_out(step, command)


def _carry_out(step: Step, command: overflow.Command) -> None:
    match command:
        case overflow.Alarm(reason=reason):
            # The reasons are named like their alarms.
            step.do(m.Alarm(kind=str(reason)))
        case overflow.Announce(reason=reason):
            step.set(unsaid=_announcement(step, reason))
            waiting.say_unsaid(step)
        case overflow.Ring(target=target, leg_id=leg_id):
            step.do(m.RingOutside(target=target, leg_id=leg_id))
        case overflow.Ask(leg_id=leg_id):
            step.note("outside_answered")
            step.do(m.SayToLeg(leg_id=leg_id, prompts=step.flow.overflow.ask))
        case overflow.Deadline(seconds=0):
            step.stop(Timer.OVERFLOW)
        case overflow.Deadline(seconds=seconds):
            step.start(Timer.OVERFLOW, seconds)
        case overflow.Drop(leg_id=leg_id, elsewhere=elsewhere):
            step.do(m.DropLeg(leg_id=leg_id, elsewhere=elsewhere))
        case overflow.Take(leg_id=leg_id, partner=partner):
            _take(step, leg_id, partner=partner)
        case overflow.Exhausted():
            step.note("overflow_exhausted")
            step.do(m.Alarm(kind="overflow_exhausted"))
        case overflow.Over():
            step.do(m.OverflowOver())


def _announcement(step: Step, reason: OverflowReason) -> tuple[str, ...]:
    texts = step.flow.overflow
    first = {
        OverflowReason.NOBODY_ON_SHIFT: texts.nobody_on_shift,
        OverflowReason.EVERYBODY_UNREACHABLE: texts.everybody_unreachable,
        OverflowReason.LONG_WAIT: texts.long_wait,
    }[reason]
    # Nobody is said to be looked for where there is nobody.
    return (*first, *(texts.trying if step.flow.outside.targets else ()), *texts.keep_place)


def _take(step: Step, leg_id: str, *, partner: bool) -> None:
    """Somebody outside takes the caller; a counsellor whose phone still rings is told that it was taken."""
    if offer := step.call.offer:
        step.set(offer=None)
        step.stop(Timer.RING)
        step.do(m.DropLeg(leg_id=offer.leg_id, elsewhere=True), m.CloseOffer(offer=offer, result=OfferResult.WITHDRAWN))
    step.stop_play()
    step.close_dialogue()
    step.set(phase=Phase.OVERFLOW, holding=False, settled=False, joined=False, connected=False, unsaid=(), key_later="", hold_failures=0)
    step.stop(Timer.COMFORT, Timer.HOLD)
    step.note("outside_took", partner=partner)
    step.do(m.Leave(), m.Connect(leg_id=leg_id))


def _talk_ended(step: Step, down: m.LegDown) -> None:
    was_connected = step.call.connected
    if crisis.keeps(step.call):
        step.set(overflow=overflow.resumed_after(step.call.overflow), connected=False)
        step.note("outside_left")
        crisis.other_gone(step, down.result)
        return
    step.set(overflow=overflow.resumed_after(step.call.overflow), connected=False)
    if was_connected and down.by_hand and down.at - step.call.talking_since >= step.flow.dead_leg_s:
        step.set(phase=Phase.CLOSING)
        step.note("hangup", by="outside")
        step.finish(Outcome.TALKED_OVERFLOW)
        step.play(step.flow.ending.goodbye)
        if not step.call.playing:
            step.hang_up()
        return
    # Their phone died, or they could not be connected: back into the line, at its front if they had talked.
    step.set(phase=Phase.WAITING, holding=False, settled=False)
    if was_connected:
        step.set(lane=highest(step.call.lane, Lane.DROPPED))
    step.join()
    step.note("rescued", result=str(down.result))
    step.play(step.flow.waiting.reconnecting)
    if not step.call.playing:
        waiting.settle(step)

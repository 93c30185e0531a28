"""One call as a pure state machine: `advance(call, happening, flow) -> (call, commands)`. Total: what does not fit is dropped.

Nothing here ever leads to silence or to a hang-up while the caller waits: every prompt is followed by the next thing when it
ends, fails or is overdue, and whatever goes wrong on the way to a counsellor leads back into the line. The parts: `ivr.menu`,
`ivr.waiting` with `ivr.dialogues`, `ivr.talking`, `ivr.outside`, `ivr.crisis`, `ivr.transfer`.
"""

from __future__ import annotations

from ivr import call_model as m
from ivr import crisis, dialogues, left, menu, outside, talking, transfer, waiting
from ivr.call_model import Call, Command, Happening, Phase, Timer
from ivr.conference import CALM, Stage, What
from ivr.dialogue_model import CheckCode
from ivr.flow import Flow
from ivr.step import Step, highest
from routing.model import Lane, OfferResult, Outcome

#: The same key within this time of its last press belongs to that. Who knows the questions and keys ahead on purpose is slower; other keys
#: count at once.
DOUBLE_S = 0.4


#: Who leaves from here before a human was there has waited in vain.
_WAITED = (Phase.WAITING, Phase.TALKING, Phase.OVERFLOW, Phase.PARTNER)


def advance(call: Call, happening: Happening, flow: Flow) -> tuple[Call, list[Command]]:  # noqa: C901, PLR0912, PLR0915 - one line for each happening
    """The next state and what to do now."""
    step = Step(call, flow)
    match happening:
        case m.CallerGone() if call.phase is Phase.LEFT:
            pass
        case m.CallerGone(cut_off=False) if crisis.stays(call):
            left.begin(step)
        case m.CallerGone(cut_off=cut_off):
            _caller_gone(step, cut_off)
        case m.DialledAgain(channel_id=channel_id):
            left.dialled_again(step, channel_id)
        case m.TakenAway():
            _taken_away(step)
        case m.OfferGranted(offer=offer):
            talking.granted(step, offer)
        case m.LegDown() | m.LegUp() | m.LegDigit() | m.Connected() | m.ConnectFailed() if outside.is_outside(happening.leg_id):
            outside.leg(step, happening)
        case m.LegDown() | m.LegUp() | m.LegDigit() | m.LegSaid() | m.Gathered() | m.GatherFailed() if crisis.is_partner(happening.leg_id):
            crisis.leg(step, happening)
        case m.LegDown() | m.LegUp() | m.LegSaid() | m.Gathered() | m.GatherFailed() | m.Connected() | m.ConnectFailed() if (
            transfer.is_centre(happening.leg_id)
        ):
            transfer.leg(step, happening)
        case m.LegDown() | m.LegUp() | m.LegDigit() | m.LegSaid() if left.is_again(happening.leg_id):
            left.leg(step, happening)
        case m.LegDown() if call.phase is Phase.LEFT:
            left.counsellor_down(step, happening)
        case m.LegDown():
            talking.leg_down(step, happening)
        case m.LegDigit():
            _counsellors_key(step, happening)
        case m.PutThroughTo():
            transfer.begin(step, happening)
        case m.PartnerFound():
            crisis.found(step, happening)
        case m.Ordered(what=What.REDIAL):
            left.at_once(step)
        case m.Ordered():
            crisis.ordered(step, happening)
        case m.LegUp(leg_id=leg_id, at=at):
            talking.leg_up(step, leg_id, at)
        case m.ConnectFailed(leg_id=leg_id):
            # First the leg, then the counsellor: who is free before the phone is would be rung in a call.
            step.do(m.DropLeg(leg_id=leg_id))
            talking.leg_down(step, m.LegDown(leg_id=leg_id, result=OfferResult.FAILED))
        case m.Connected(leg_id=leg_id, at=at):
            talking.connected(step, leg_id, at)
        case m.PlaybackDone(number=number) if number == call.playing:
            _said(step)
        case m.TimerFired(timer=timer):
            _timer(step, timer)
        case m.Digit():
            _digit(step, happening)
        case m.Spoke():
            waiting.spoke(step)
        case m.Place():
            waiting.place(step, happening)
        case m.DialogueDone():
            _dialogue_done(step, happening)
        case m.Held():
            step.set(hold_failures=0)
        case m.HoldFailed() if call.phase is Phase.TALKING and call.conference.stage is Stage.PRIVATE:
            crisis.hold_failed(step)
        case m.HoldFailed():
            waiting.hold_failed(step)
        case m.Unroutable() if call.phase is Phase.WAITING and call.offer is None and not call.conference.waits:
            waiting.to_safety_net(step)
        case m.Overflowed(reason=reason):
            outside.begin(step, reason)
        case m.Unattended(what=what):
            _unattended(step, what)
        case m.Entered(direct=True):
            waiting.enter(step, "direct")
            crisis.resumed(step)
        case m.Entered():
            menu.begin(step)
        case m.Resumed():
            _resumed(step)
        case _:
            pass
    left.look(step)
    transfer.look(step)
    return step.call, step.commands


def _counsellors_key(step: Step, pressed: m.LegDigit) -> None:
    what = crisis.key(step, pressed)
    if what is not None and not transfer.asked(step, what):
        step.note("crisis_key", what=str(what))
        crisis.ask(step, what, by="counsellor_key")


def _digit(step: Step, key: m.Digit) -> None:
    if _same_press(step.call, key):
        return
    step.set(heard_of=True, pressed=key.digit, pressed_at=key.at)
    if step.call.phase in (Phase.MENU, Phase.DIALLING):
        menu.digit(step, key.digit)
    elif step.call.phase is Phase.WAITING:
        waiting.digit(step, key.digit)


def _same_press(call: Call, key: m.Digit) -> bool:
    """A hand that presses twice answers one question, not the one that follows as well; a number may well have the same digit twice."""
    if key.digit != call.pressed or key.at is None or call.pressed_at is None or (call.dialogue is not None and call.dialogue.entering):
        return False
    return 0 <= key.at - call.pressed_at < DOUBLE_S


def _said(step: Step) -> None:
    """A prompt ended, was stopped, or could not be played."""
    step.set(playing=0, must_finish=False)
    step.stop(Timer.PLAYBACK)
    match step.call.phase:
        case Phase.MENU if step.call.dialogue is not None:
            dialogues.said(step)
        case Phase.MENU:
            menu.listen(step)
        case Phase.WAITING:
            waiting.said(step)
        case Phase.DIALLING:
            menu.desk_rings_on(step)
        case Phase.CLOSING:
            step.hang_up()
        case _:
            pass


def _timer(step: Step, timer: Timer) -> None:
    match timer, step.call.phase:
        case Timer.PLAYBACK, _ if step.call.playing:
            step.note("playback_overdue")
            _said(step)
        case Timer.SILENCE, Phase.MENU if step.call.dialogue is None:
            menu.silence(step)
        case Timer.SETTLE, _:
            step.set(settling=False)
        case Timer.COMFORT, Phase.WAITING:
            waiting.comfort(step)
        case Timer.DIALOGUE, Phase.MENU | Phase.WAITING:
            dialogues.silence(step)
        case Timer.QUESTION, Phase.WAITING:
            waiting.unanswered(step)
        case Timer.HOLD, Phase.WAITING if step.call.settled and not step.call.holding:
            # Over a prompt on the caller's own channel the bridge has to wait: its end comes back here.
            if not step.call.playing:
                waiting.hold(step)
        case Timer.HOLD, Phase.DIALLING if not step.call.playing:
            menu.desk_rings_on(step)
        case Timer.RING, Phase.DIALLING:
            menu.desk_overdue(step)
        case Timer.RING, Phase.WAITING | Phase.PARTNER:
            talking.overdue(step)
        case Timer.OVERFLOW, Phase.WAITING:
            outside.overdue(step)
        case Timer.TRANSFER, _:
            transfer.overdue(step)
        case Timer.REDIAL, Phase.LEFT:
            left.overdue(step)
        case Timer.PARTNER, Phase.WAITING | Phase.TALKING | Phase.PARTNER | Phase.LEFT | Phase.OVERFLOW | Phase.TRANSFERRED:
            crisis.overdue(step)
        case Timer.COMFORT, Phase.TALKING if step.call.conference.stage is Stage.PRIVATE:
            crisis.comfort(step)
        case _:
            pass


def _dialogue_done(step: Step, answer: m.DialogueDone) -> None:
    if isinstance(step.call.request, CheckCode) and answer.ok and answer.since is not None:
        waiting.place_taken_up(step, answer.since, dialogues.found(step))
    else:
        dialogues.done(step, answer)


def _resumed(step: Step) -> None:
    """After a restart: go on from what was found in Asterisk."""
    crisis.resumed(step)
    transfer.resumed(step)
    call = step.call
    match call.phase:
        case Phase.MENU:
            menu.begin(step)
        case Phase.WAITING | Phase.PARTNER if call.leg_up:
            step.connect()
        case Phase.WAITING:
            if call.talked:
                # Lost the counsellor while nobody watched.
                step.set(lane=highest(call.lane, Lane.DROPPED))
            if call.offer is None:
                step.join()
            else:
                step.start(Timer.RING, step.flow.ring_timeout_s + menu.RING_GUARD_S)
            waiting.settle(step)
        case Phase.DIALLING:
            step.start(Timer.RING, step.flow.transfer.ring_timeout_s)
            menu.desk_rings_on(step)
        case Phase.LEFT:
            left.later(step)
        case _:
            pass


def _unattended(step: Step, what: str) -> None:
    """The watchdog found the caller with nothing to hear or nobody to care: start afresh with what belongs here."""
    call = step.call
    if call.phase in (Phase.ENDED, Phase.SAFETY_NET):
        return
    step.note("unattended", what=what)
    crisis.unattended(step)
    transfer.unattended(step)
    match call.phase:
        case Phase.PARTNER:
            pass
        case Phase.LEFT:
            left.unattended(step)
        case Phase.TALKING if call.conference.there or transfer.joined(call):
            pass
        case Phase.TALKING:
            if call.offer:
                step.do(m.Reconnect(leg_id=call.offer.leg_id))
        case Phase.TRANSFERRED:
            step.do(m.Reconnect(leg_id=call.desk_leg))
        case Phase.OVERFLOW:
            step.do(m.Reconnect(leg_id=call.overflow.leg_id))
        case Phase.CLOSING:
            step.hang_up()
        case Phase.MENU:
            step.close_dialogue()
            step.stop_play()
            step.play(step.flow.menu.repeat)
            if not step.call.playing:
                menu.listen(step)
        case Phase.DIALLING:
            step.set(holding=False)
            step.start(Timer.RING, step.flow.transfer.ring_timeout_s)
            menu.desk_rings_on(step)
        case Phase.WAITING if call.leg_up and not call.must_finish:
            step.connect()
        case _:
            step.close_dialogue()
            step.stop_play()
            step.set(holding=False)
            if call.offer:
                step.start(Timer.RING, step.flow.ring_timeout_s + menu.RING_GUARD_S)
            if call.overflow.running:
                outside.overdue(step)
            if call.leg_up:
                step.connect()
            else:
                waiting.settle(step)


def _caller_gone(step: Step, cut_off: bool) -> None:
    call = step.call
    if call.phase in (Phase.ENDED, Phase.SAFETY_NET):
        step.set(phase=Phase.ENDED)
        return
    crisis.caller_gone(step)
    _let_everybody_go(step)
    step.do(m.Note(kind="hangup", detail={"by": "system" if cut_off else "caller"}))
    dialogues.left(step)
    step.finish(_outcome_on_leaving(call, cut_off=cut_off, arranged=step.call.arranged))


def _taken_away(step: Step) -> None:
    """Somebody else has the caller now, with place and row: what is ours is tidied up, nothing is said about how the contact ended."""
    if step.call.phase not in (Phase.ENDED, Phase.SAFETY_NET):
        _let_everybody_go(step)
        step.note("taken_away")


def _let_everybody_go(step: Step) -> None:
    """Legs, counsellor and place: the call is over for us."""
    call = step.call
    step.let_partner_go()
    if call.offer and call.phase in (Phase.WAITING, Phase.PARTNER):
        step.do(
            m.DropLeg(leg_id=call.offer.leg_id, elsewhere=not call.leg_up),
            m.CloseOffer(offer=call.offer, result=OfferResult.WITHDRAWN),
        )
    elif call.offer and call.phase in (Phase.TALKING, Phase.LEFT):
        step.do(m.DropLeg(leg_id=call.offer.leg_id), m.EndTalk(offer=call.offer, heavy=call.lane is Lane.CRISIS))
    if call.phase is Phase.OVERFLOW:
        step.do(m.DropLeg(leg_id=call.overflow.leg_id))
    outside.stop(step)
    if call.desk_leg:
        step.do(m.DropLeg(leg_id=call.desk_leg, elsewhere=call.phase is Phase.DIALLING))
    if call.again:
        step.do(m.DropLeg(leg_id=call.again))
    step.do(m.Leave())
    step.set(phase=Phase.ENDED, offer=None, desk_leg="", joined=False, conference=CALM)


def _outcome_on_leaving(call: Call, *, cut_off: bool, arranged: bool) -> Outcome:
    if call.phase is Phase.TRANSFERRED and call.transfer is None:
        return Outcome.TRANSFERRED
    if call.phase in (Phase.TALKING, Phase.PARTNER, Phase.TRANSFERRED) and call.talked:
        return Outcome.TALKED
    if call.phase is Phase.OVERFLOW and call.talked:
        return Outcome.TALKED_OVERFLOW
    if cut_off:
        return Outcome.CUT_OFF
    if arranged:
        return Outcome.CALLBACK_ARRANGED
    if call.talked:
        return Outcome.DROPPED
    return Outcome.ABANDONED_WAITING if call.phase in _WAITED else Outcome.ABANDONED_IN_MENU

"""One call as a pure state machine: `advance(call, happening, flow) -> (call, commands)`. Total: what does not fit is dropped.

Nothing here ever leads to silence or to a hang-up while the caller waits: every prompt is followed by the next thing when it
ends, fails or is overdue, and whatever goes wrong on the way to a counsellor leads back into the line.
"""

from __future__ import annotations

from dataclasses import replace

from ivr import call_model as m
from ivr.call_model import Call, Command, Happening, Phase, Timer
from ivr.flow import Flow
from routing.model import Offer, OfferResult, Outcome

#: The key of the loneliness line in the 120 menu.
KEY_LINE = "5"
#: A playback that has not ended after this long has lost its end event.
PLAYBACK_GUARD_S = 45.0
#: A leg that has not ended this long after its ring time-out has lost its end event.
RING_GUARD_S = 5.0


def advance(call: Call, happening: Happening, flow: Flow) -> tuple[Call, list[Command]]:
    """The next state and what to do now."""
    step = _Step(call, flow)
    match happening:
        case m.CallerGone(cut_off=cut_off):
            step.caller_gone(cut_off)
        case m.OfferGranted(offer=offer):
            step.offer_granted(offer)
        case m.LegDown():
            step.leg_down(happening)
        case m.LegUp(leg_id=leg_id, at=at):
            step.leg_up(leg_id, at)
        case m.ConnectFailed(leg_id=leg_id):
            step.leg_down(m.LegDown(leg_id=leg_id, result=OfferResult.FAILED))
            step.do(m.DropLeg(leg_id=leg_id))
        case m.Connected(leg_id=leg_id, at=at):
            step.connected(leg_id, at)
        case m.PlaybackDone(number=number) if number == call.playing:
            step.playback_done()
        case m.TimerFired(timer=timer):
            step.timer(timer)
        case m.Digit(digit=digit):
            step.digit(digit)
        case m.Unroutable():
            step.unroutable()
        case m.Entered(direct=direct):
            step.entered(direct)
        case m.Resumed():
            step.resumed()
        case _:
            pass
    return step.call, step.commands


class _Step:
    """One transition under construction."""

    def __init__(self, call: Call, flow: Flow) -> None:
        self.call = call
        self.flow = flow
        self.commands: list[Command] = []

    def do(self, *commands: Command) -> None:
        self.commands += commands

    def set(self, **changes: object) -> None:
        self.call = replace(self.call, **changes)  # type: ignore[arg-type]  # dataclasses.replace is typed per field

    # --- what happens -------------------------------------------------------------------------------------------------

    def entered(self, direct: bool) -> None:
        if direct:
            self.wait_for_a_person("direct")
        else:
            self.do(m.Note(kind="menu_started"))
            self.play(self.flow.menu.greeting)

    def resumed(self) -> None:
        match self.call.phase:
            case Phase.MENU:
                self.entered(direct=False)
            case Phase.WAITING if self.call.leg_up:
                self.connect()
            case Phase.WAITING:
                if self.call.offer is None:
                    self.do(m.Join(dropped=self.call.talked))
                self.hold()
            case Phase.DIALLING:
                self.do(m.Start(timer=Timer.RING, seconds=self.flow.transfer.ring_timeout_s))
            case _:
                pass

    def digit(self, digit: str) -> None:
        phase = self.call.phase
        if phase is Phase.MENU and digit == KEY_LINE:
            self.wait_for_a_person("key_5")
        elif phase is Phase.MENU and digit in self.flow.dasan:
            self.dial_desk(digit)
        elif phase is Phase.MENU:
            self.wrong_key()
        elif phase is Phase.DIALLING and digit == KEY_LINE:
            self.drop_desk()
            self.wait_for_a_person("key_5")

    def wrong_key(self) -> None:
        """Keys in quick succession are one wrong try: a hand on the keypad, a number typed by habit."""
        if not self.call.settling:
            self.do(m.Note(kind="wrong_key"))
            self.repeat_or_person(self.flow.menu.wrong)
        if self.call.phase is Phase.MENU:
            self.set(settling=True)
            self.do(m.Start(timer=Timer.SETTLE, seconds=self.flow.menu.settle_s))

    def playback_done(self) -> None:
        self.set(playing=0, must_finish=False)
        self.do(m.Stop(timer=Timer.PLAYBACK))
        match self.call.phase:
            case Phase.MENU:
                self.do(m.Start(timer=Timer.SILENCE, seconds=self.flow.menu.silence_s))
            case Phase.WAITING if self.call.leg_up and self.call.offer:
                self.connect()
            case Phase.WAITING if not self.call.holding:
                self.hold()
            case Phase.DIALLING if not self.call.holding:
                # It still rings there: music, not silence.
                self.set(holding=True)
                self.do(m.HoldCaller())
            case Phase.CLOSING:
                self.hang_up()
            case _:
                pass

    def timer(self, timer: Timer) -> None:
        match timer, self.call.phase:
            case Timer.PLAYBACK, _ if self.call.playing:
                self.do(m.Note(kind="playback_overdue"))
                self.playback_done()
            case Timer.SILENCE, Phase.MENU:
                self.do(m.Note(kind="silence"))
                self.repeat_or_person(self.flow.menu.repeat)
            case Timer.SETTLE, _:
                self.set(settling=False)
            case Timer.COMFORT, Phase.WAITING:
                self.comfort()
            case Timer.RING, Phase.DIALLING:
                leg_id = self.call.desk_leg
                self.desk_unreachable(OfferResult.RANG_OUT)
                self.do(m.DropLeg(leg_id=leg_id))
            case Timer.RING, Phase.WAITING if self.call.offer and not self.call.leg_up:
                # The leg's end was lost: give the counsellor back and go on.
                leg_id = self.call.offer.leg_id
                self.offer_failed(OfferResult.FAILED)
                self.do(m.DropLeg(leg_id=leg_id))
            case _:
                pass

    def offer_granted(self, offer: Offer) -> None:
        if self.call.phase is not Phase.WAITING or self.call.offer:
            # The caller left, or another offer is under way: this one is taken back at once.
            self.do(m.DropLeg(leg_id=offer.leg_id, elsewhere=True), m.CloseOffer(offer=offer, result=OfferResult.WITHDRAWN))
            return
        self.set(offer=offer, leg_up=False)
        self.do(
            m.Note(kind="offered", detail={"counsellor": offer.extension}),
            m.Start(timer=Timer.RING, seconds=self.flow.ring_timeout_s + RING_GUARD_S),
        )

    def leg_up(self, leg_id: str, at: float) -> None:
        call = self.call
        if call.phase is Phase.DIALLING and leg_id == call.desk_leg:
            self.stop_play()
            self.set(phase=Phase.TRANSFERRED, holding=False)
            self.do(m.Stop(timer=Timer.RING), m.Note(kind="transfer_answered"), m.Connect(leg_id=leg_id))
        elif call.phase is Phase.WAITING and call.offer and call.offer.leg_id == leg_id and not call.leg_up:
            self.set(leg_up=True, talking_since=at)
            self.do(m.Stop(timer=Timer.RING), m.Note(kind="answered", detail={"counsellor": call.offer.extension}))
            if call.must_finish:
                self.do(m.Seat(leg_id=leg_id))
            elif call.playing and not call.holding:
                # A prompt on the caller's own channel holds every other request up until its end is reported.
                self.do(m.StopPlay(number=call.playing))
            else:
                self.connect()
        elif call.offer is None or call.offer.leg_id != leg_id:
            # Answered in the instant in which it was given up.
            self.do(m.DropLeg(leg_id=leg_id, elsewhere=True))

    def leg_down(self, down: m.LegDown) -> None:
        call = self.call
        if down.leg_id == call.desk_leg and call.phase is Phase.DIALLING:
            self.desk_unreachable(down.result)
        elif down.leg_id == call.desk_leg and call.phase is Phase.TRANSFERRED:
            self.set(desk_leg="")
            self.do(m.Note(kind="transfer_ended"))
            self.finish(Outcome.TRANSFERRED)
            self.hang_up()
        elif call.offer is None or call.offer.leg_id != down.leg_id:
            return
        elif call.phase is Phase.WAITING:
            # `leg_up`: answered, then hung up or died before the caller could be connected. Who hung up is not rung again at once.
            result = down.result if not call.leg_up else OfferResult.REJECTED if down.by_hand else OfferResult.FAILED
            self.offer_failed(result)
        elif call.phase is Phase.TALKING:
            self.talk_ended(down)

    def caller_gone(self, cut_off: bool) -> None:
        call = self.call
        if call.phase in (Phase.ENDED, Phase.SAFETY_NET):
            self.set(phase=Phase.ENDED)
            return
        if call.offer and call.phase is Phase.WAITING:
            self.do(
                m.DropLeg(leg_id=call.offer.leg_id, elsewhere=not call.leg_up),
                m.CloseOffer(offer=call.offer, result=OfferResult.WITHDRAWN),
            )
        elif call.offer and call.phase is Phase.TALKING:
            self.do(m.DropLeg(leg_id=call.offer.leg_id), m.EndTalk(offer=call.offer))
        if call.desk_leg:
            self.do(m.DropLeg(leg_id=call.desk_leg, elsewhere=call.phase is Phase.DIALLING))
        self.do(m.Leave(), m.Note(kind="hangup", detail={"by": "system" if cut_off else "caller"}))
        self.set(phase=Phase.ENDED, offer=None, desk_leg="")
        self.finish(_outcome_on_leaving(call, cut_off))

    def connected(self, leg_id: str, at: float) -> None:
        if self.call.phase is Phase.TALKING and self.call.offer and self.call.offer.leg_id == leg_id:
            self.set(talked=True, talking_since=at)
            self.do(m.Note(kind="bridged", detail={"counsellor": self.call.offer.extension}))

    def unroutable(self) -> None:
        if self.call.phase is Phase.WAITING and self.call.offer is None:
            self.stop_play()
            self.set(phase=Phase.SAFETY_NET)
            self.do(m.Leave(), m.Note(kind="safety_net"), m.ToSafetyNet())

    # --- what follows -------------------------------------------------------------------------------------------------

    def finish(self, outcome: Outcome) -> None:
        if self.call.outcome is None:
            self.set(outcome=outcome)
            self.do(m.Finish(outcome=outcome))

    def hang_up(self) -> None:
        self.set(phase=Phase.ENDED)
        self.do(m.HangUp())

    def play(self, prompts: tuple[str, ...], *, must_finish: bool = False) -> None:
        if not prompts:
            return
        self.stop_play()
        number = self.call.plays + 1
        self.set(plays=number, playing=number, must_finish=must_finish)
        # Announcements into the holding bridge do not hold the caller's channel up.
        self.do(
            m.Play(number=number, prompts=prompts, in_bridge=self.call.holding),
            m.Start(timer=Timer.PLAYBACK, seconds=PLAYBACK_GUARD_S),
        )

    def stop_play(self) -> None:
        if self.call.playing:
            self.do(m.StopPlay(number=self.call.playing), m.Stop(timer=Timer.PLAYBACK))
            self.set(playing=0, must_finish=False)

    def repeat_or_person(self, prompts: tuple[str, ...]) -> None:
        if self.call.repeats >= self.flow.menu.repeats:
            self.wait_for_a_person("no_key")
            return
        self.set(repeats=self.call.repeats + 1)
        self.do(m.Stop(timer=Timer.SILENCE))
        self.play(prompts)

    def wait_for_a_person(self, why: str) -> None:
        """Into the line; the notices play while a phone may already ring."""
        self.do(m.Join(), m.Note(kind=why), m.Stop(timer=Timer.SILENCE), m.Stop(timer=Timer.SETTLE))
        self.stop_play()
        self.set(phase=Phase.WAITING, settling=False)
        first = self.flow.waiting.to_a_person if why == "no_key" else ()
        prompts = first + self.flow.notices.prompts
        if prompts:
            self.play(prompts, must_finish=bool(self.flow.notices.prompts) and self.flow.notices.must_finish)
        else:
            self.hold()

    def hold(self) -> None:
        self.set(holding=True)
        self.do(m.HoldCaller(), m.Note(kind="waiting"))
        if self.flow.waiting.intro:
            self.play(self.flow.waiting.intro)
        self.do(m.Start(timer=Timer.COMFORT, seconds=self.flow.waiting.comfort_every_s))

    def comfort(self) -> None:
        texts = self.flow.waiting.comfort
        if texts and not self.call.playing:
            self.play((texts[self.call.comforts % len(texts)],))
            self.set(comforts=self.call.comforts + 1)
        self.do(m.Start(timer=Timer.COMFORT, seconds=self.flow.waiting.comfort_every_s))

    def connect(self) -> None:
        offer = self.call.offer
        if offer is None:
            return
        self.stop_play()
        self.set(phase=Phase.TALKING, holding=False)
        self.do(m.Stop(timer=Timer.COMFORT), m.Connect(leg_id=offer.leg_id, offer=offer))

    def offer_failed(self, result: OfferResult) -> None:
        offer = self.call.offer
        if offer is None:
            return
        self.set(offer=None, leg_up=False)
        self.do(
            m.Stop(timer=Timer.RING),
            m.Note(kind="offer_failed", detail={"counsellor": offer.extension, "result": str(result)}),
            m.CloseOffer(offer=offer, result=result),
        )

    def talk_ended(self, down: m.LegDown) -> None:
        offer = self.call.offer
        if offer is None:
            return
        self.set(offer=None, leg_up=False)
        self.do(m.EndTalk(offer=offer))
        if down.by_hand and down.at - self.call.talking_since >= self.flow.dead_leg_s:
            self.set(phase=Phase.CLOSING)
            self.do(m.Note(kind="hangup", detail={"by": "counsellor"}))
            self.finish(Outcome.TALKED)
            self.play(self.flow.ending.goodbye)
            if not self.call.playing:
                self.hang_up()
            return
        # The counsellor's phone died: the caller keeps the line, at its front.
        self.set(phase=Phase.WAITING, holding=False)
        self.do(m.Join(dropped=True), m.Note(kind="rescued", detail={"result": str(down.result)}))
        self.play(self.flow.waiting.reconnecting)
        if not self.call.playing:
            self.hold()

    def dial_desk(self, key: str) -> None:
        self.stop_play()
        leg_id = f"desk-{self.call.id}-{self.call.plays}"
        self.set(phase=Phase.DIALLING, desk_leg=leg_id, settling=False)
        self.do(
            m.Stop(timer=Timer.SILENCE),
            m.Stop(timer=Timer.SETTLE),
            m.Note(kind="transfer", detail={"key": key}),
            m.DialDesk(key=key, leg_id=leg_id),
            m.Start(timer=Timer.RING, seconds=self.flow.transfer.ring_timeout_s + RING_GUARD_S),
        )
        self.play(self.flow.transfer.connecting)

    def drop_desk(self) -> None:
        self.do(m.Stop(timer=Timer.RING), m.DropLeg(leg_id=self.call.desk_leg, elsewhere=True))
        self.set(desk_leg="")

    def desk_unreachable(self, result: OfferResult) -> None:
        self.stop_play()
        self.set(phase=Phase.MENU, desk_leg="", repeats=0)
        self.do(m.Stop(timer=Timer.RING), m.Note(kind="transfer_failed", detail={"result": str(result)}))
        self.play(self.flow.transfer.unreachable)


def _outcome_on_leaving(call: Call, cut_off: bool) -> Outcome:
    if call.phase is Phase.TRANSFERRED:
        return Outcome.TRANSFERRED
    if call.phase is Phase.TALKING and call.talked:
        return Outcome.TALKED
    if cut_off:
        return Outcome.CUT_OFF
    if call.talked:
        return Outcome.DROPPED
    return Outcome.ABANDONED_WAITING if call.phase in (Phase.WAITING, Phase.TALKING) else Outcome.ABANDONED_IN_MENU

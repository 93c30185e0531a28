"""The 120 menu and the way to the other desks of the Dasan centre. Pure steps of the call's machine."""

from __future__ import annotations

from ivr import call_model as m
from ivr import dialogues, waiting
from ivr.call_model import Phase, Timer
from ivr.step import Step
from routing.model import OfferResult, Outcome

#: The key of the loneliness line in the 120 menu.
KEY_LINE = "5"
#: The key for a code that gives a place back, in the menu and in the line.
KEY_CODE = "*"
#: A leg that has not ended this long after its ring time-out has lost its end event.
RING_GUARD_S = 5.0


def begin(step: Step) -> None:
    """Say what the keys do."""
    step.note("menu_started")
    step.play(step.flow.menu.greeting)


def digit(step: Step, key: str) -> None:
    """A key in the menu; 5 counts at any moment, also while another desk rings."""
    if step.call.phase is Phase.DIALLING:
        if key == KEY_LINE:
            drop_desk(step)
            waiting.enter(step, "key_5")
    elif step.call.dialogue is not None:
        dialogues.key(step, key)
    elif key == KEY_LINE:
        waiting.enter(step, "key_5")
    elif key in step.flow.dasan:
        dial_desk(step, key)
    elif key == KEY_CODE:
        step.stop(Timer.SILENCE, Timer.SETTLE)
        step.set(settling=False)
        dialogues.begin_code(step)
    else:
        _wrong_key(step)


def _wrong_key(step: Step) -> None:
    """Keys in quick succession are one wrong try: a hand on the keypad, a number typed by habit."""
    if not step.call.settling:
        step.note("wrong_key")
        repeat_or_person(step, step.flow.menu.wrong)
    if step.call.phase is Phase.MENU:
        step.set(settling=True)
        step.start(Timer.SETTLE, step.flow.menu.settle_s)


def listen(step: Step) -> None:
    """A prompt of the menu ended: now a key is awaited."""
    step.start(Timer.SILENCE, step.flow.menu.silence_s)


def silence(step: Step) -> None:
    """No key."""
    step.note("silence")
    if not step.call.heard_of:
        # Only now: listening costs a request to Asterisk, and hardly any caller is silent.
        step.do(m.Listen())
    repeat_or_person(step, step.flow.menu.repeat)


def repeat_or_person(step: Step, prompts: tuple[str, ...]) -> None:
    """Once more; after that a person."""
    if step.call.repeats >= step.flow.menu.repeats:
        waiting.enter(step, "no_key")
        return
    step.set(repeats=step.call.repeats + 1)
    step.stop(Timer.SILENCE)
    step.play(prompts)
    if not step.call.playing:
        listen(step)


# --- another desk of the Dasan centre --------------------------------------------------------------------------------


def dial_desk(step: Step, key: str) -> None:
    """Ring it; the caller hears music once the prompt is over."""
    step.stop_play()
    leg_id = f"desk-{step.call.id}-{step.call.plays}"
    step.set(phase=Phase.DIALLING, desk_leg=leg_id, settling=False)
    step.stop(Timer.SILENCE, Timer.SETTLE)
    step.note("transfer", key=key)
    step.do(m.DialDesk(key=key, leg_id=leg_id))
    step.start(Timer.RING, step.flow.transfer.ring_timeout_s + RING_GUARD_S)
    step.play(step.flow.transfer.connecting)


def desk_rings_on(step: Step) -> None:
    """It still rings there: music, not silence."""
    if not step.call.holding:
        step.set(holding=True)
        step.do(m.HoldCaller())


def desk_up(step: Step) -> None:
    """The other desk answered."""
    step.stop_play()
    step.set(phase=Phase.TRANSFERRED, holding=False, connected=False)
    step.stop(Timer.RING)
    step.note("transfer_answered")
    step.do(m.Connect(leg_id=step.call.desk_leg))


def drop_desk(step: Step) -> None:
    """Stop ringing there."""
    step.stop(Timer.RING)
    step.do(m.DropLeg(leg_id=step.call.desk_leg, elsewhere=True))
    step.set(desk_leg="")


def desk_unreachable(step: Step, result: OfferResult) -> None:
    """Nobody there: said, and the menu is offered again."""
    step.stop_play()
    # Whoever is in the holding bridge stays there: the menu is said into it.
    step.set(phase=Phase.MENU, desk_leg="", repeats=0)
    step.stop(Timer.RING, Timer.HOLD)
    step.note("transfer_failed", result=str(result))
    step.play(step.flow.transfer.unreachable)
    if not step.call.playing:
        listen(step)


def desk_overdue(step: Step) -> None:
    """The end of the ringing was lost."""
    leg_id = step.call.desk_leg
    desk_unreachable(step, OfferResult.RANG_OUT)
    step.do(m.DropLeg(leg_id=leg_id))


def desk_over(step: Step) -> None:
    """The other desk hung up after talking with the caller."""
    step.set(desk_leg="")
    step.note("transfer_ended")
    step.finish(Outcome.TRANSFERRED)
    step.hang_up()

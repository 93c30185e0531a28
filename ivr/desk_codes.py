"""What a counsellor's `*1…` call does, as a pure state machine: `(state, event) -> (state', commands)`.

`*11` + PIN signs in, `*12` ready, `*13` + reason takes a break, `*14` signs out, `*15` ends wrap-up. What is missing behind the code
is asked for by voice. Every way through ends with something said and then a hang-up; there is no silence and no dead end.
"""

from __future__ import annotations

from dataclasses import replace

from ivr.desk_model import (
    Action,
    Answer,
    ChangeResult,
    DeskCall,
    DeskCommand,
    DeskEvent,
    Dialled,
    Digit,
    Do,
    HangUp,
    HungUp,
    LineDown,
    Phase,
    Play,
    PlaybackDone,
    SignInResult,
    StartTimer,
    StopPlay,
    StopTimer,
    TimeUp,
    TrySignIn,
)
from routing.pin_rules import MAX_LENGTH
from routing.presence_model import BreakReason, Change, SignIn

#: Waiting for the first key after a prompt. Long: the phone is put down from the ear to press keys.
FIRST_DIGIT_S = 8.0
#: Waiting for the next key; `#` ends the entry at once.
INTER_DIGIT_S = 4.0
#: Longer than any prompt: a playback whose end is never reported must not leave a silent line.
PLAYBACK_S = 20.0
#: PINs heard, or silences met, in one call.
MAX_TRIES = 3

REASONS = {"1": BreakReason.MEAL, "2": BreakReason.REST, "3": BreakReason.TRAINING, "4": BreakReason.OTHER}


Step = tuple[DeskCall, tuple[DeskCommand, ...]]


def step(call: DeskCall, event: DeskEvent) -> Step:
    """The next state and what to do. Total: an event that means nothing now changes nothing."""
    if call.phase is Phase.DONE:
        return call, ()
    match event:
        case HungUp():
            return replace(call, phase=Phase.DONE, digits="", playing=0), (StopTimer(),)
        case Dialled(code=code) if call.phase is Phase.START:
            return _dialled(call, code)
        case LineDown() if call.phase is Phase.WORKING:
            return _close(call, "system_unavailable")
        case SignInResult(result=signed_in) if call.phase is Phase.WORKING:
            return _signed_in(call, signed_in)
        case ChangeResult(action=action, result=change, reason=reason) if call.phase is Phase.WORKING:
            return _close(call, _words(action, change, reason))
        case PlaybackDone(number=number) if number == call.playing and number:
            return _quiet(replace(call, playing=0))
        case TimeUp():
            return _time_up(call)
        case Digit(digit=digit) if call.phase is Phase.PIN:
            return _pin_digit(call, digit)
        case Digit(digit=digit) if call.phase is Phase.REASON:
            return _reason_digit(call, digit)
        case _:
            return call, ()


def _dialled(call: DeskCall, code: str) -> Step:
    head, rest = code[:3], code[3:].removesuffix("#")
    try:
        action = Action(head)
    except ValueError:
        return _first(_close(call, "desk_unknown_code"))
    if action is Action.SIGN_IN:
        return _first(_try_pin(call, rest) if rest else _ask(call, Phase.PIN, "desk_pin"))
    if action is Action.BREAK:
        if not rest:
            return _first(_ask(call, Phase.REASON, "desk_break_reason"))
        return _first(
            _break(call, REASONS[rest]) if rest in REASONS else _ask(call, Phase.REASON, "desk_unknown_code", "desk_break_reason")
        )
    if rest:
        return _first(_close(call, "desk_unknown_code"))
    return _first((replace(call, phase=Phase.WORKING), (Do(action=action),)))


def _first(made: Step) -> Step:
    return made[0], (Answer(), *made[1])


def _say(call: DeskCall, *prompts: str) -> Step:
    number = call.plays + 1
    return replace(call, plays=number, playing=number), (Play(number=number, prompts=prompts), StartTimer(seconds=PLAYBACK_S))


def _ask(call: DeskCall, phase: Phase, *prompts: str) -> Step:
    return _say(replace(call, phase=phase, digits=""), *prompts)


def _close(call: DeskCall, *prompts: str) -> Step:
    return _say(replace(call, phase=Phase.CLOSING, digits=""), *prompts)


def _break(call: DeskCall, reason: BreakReason) -> Step:
    return replace(call, phase=Phase.WORKING), (StopTimer(), Do(action=Action.BREAK, reason=reason))


def _try_pin(call: DeskCall, pin: str) -> Step:
    return replace(call, phase=Phase.WORKING, digits="", tries=call.tries + 1), (StopTimer(), TrySignIn(pin=pin))


def _quiet(call: DeskCall) -> Step:
    """A prompt has ended."""
    if call.phase is Phase.CLOSING:
        return replace(call, phase=Phase.DONE), (StopTimer(), HangUp())
    if call.phase in (Phase.PIN, Phase.REASON):
        # A key that stopped the prompt has already started its own time.
        return (call, ()) if call.digits else (call, (StartTimer(seconds=FIRST_DIGIT_S),))
    return call, ()


def _time_up(call: DeskCall) -> Step:
    if call.phase is Phase.CLOSING:
        return replace(call, phase=Phase.DONE, playing=0), (HangUp(),)
    if call.playing:
        # The prompt's end was never reported: go on as if it had been.
        return _quiet(replace(call, playing=0))
    if call.phase is Phase.PIN:
        if call.digits:
            return _try_pin(call, call.digits)
        tries = call.tries + 1
        if tries >= MAX_TRIES:
            return _close(call, "desk_not_signed_in")
        return _ask(replace(call, tries=tries), Phase.PIN, "desk_pin")
    if call.phase is Phase.REASON:
        # Who dials *13 and walks away wants no calls, whatever the reason.
        return _another_reason(call, "desk_break_reason")
    return call, ()


def _pin_digit(call: DeskCall, digit: str) -> Step:
    hush: tuple[DeskCommand, ...] = (StopPlay(number=call.playing),) if call.playing else ()
    call = replace(call, playing=0)
    if digit == "#" and call.digits:
        made = _try_pin(call, call.digits)
    elif digit == "*":
        # Mistyped: begin again.
        made = replace(call, digits=""), (StartTimer(seconds=FIRST_DIGIT_S),)
    elif digit.isdecimal():
        digits = call.digits + digit
        typed = replace(call, digits=digits)
        made = _try_pin(typed, digits) if len(digits) >= MAX_LENGTH else (typed, (StartTimer(seconds=INTER_DIGIT_S),))
    else:
        made = call, (StartTimer(seconds=FIRST_DIGIT_S),)
    return made[0], (*hush, *made[1])


def _reason_digit(call: DeskCall, digit: str) -> Step:
    hush: tuple[DeskCommand, ...] = (StopPlay(number=call.playing),) if call.playing else ()
    call = replace(call, playing=0)
    made = _break(call, REASONS[digit]) if digit in REASONS else _another_reason(call, "desk_unknown_code", "desk_break_reason")
    return made[0], (*hush, *made[1])


def _another_reason(call: DeskCall, *prompts: str) -> Step:
    tries = call.tries + 1
    if tries >= MAX_TRIES:
        return _break(call, BreakReason.OTHER)
    return _ask(replace(call, tries=tries), Phase.REASON, *prompts)


def _signed_in(call: DeskCall, result: SignIn) -> Step:
    if result is SignIn.OK:
        return _close(call, "desk_signed_in")
    if result is SignIn.LOCKED:
        return _close(call, "desk_locked")
    if result is SignIn.WRONG_PIN:
        if call.tries < MAX_TRIES:
            return _ask(call, Phase.PIN, "desk_pin_wrong", "desk_pin")
        return _close(call, "desk_pin_wrong", "desk_not_signed_in")
    # A phone without a counsellor, or one whose account was closed.
    return _close(call, "desk_unknown_code")


_CONFIRMED = {
    Action.SIGN_IN: "desk_signed_in",
    Action.READY: "desk_ready",
    Action.SIGN_OUT: "desk_signed_out",
    Action.END_WRAPUP: "desk_wrapup_ended",
}


def _words(action: Action, change: Change, reason: BreakReason | None) -> str:
    match change:
        case Change.DONE | Change.ALREADY:
            return f"desk_break_{reason or BreakReason.OTHER}" if action is Action.BREAK else _CONFIRMED[action]
        case Change.NOT_SIGNED_IN:
            return "desk_not_signed_in"
        case Change.IN_CALL:
            return "desk_in_call"
        case Change.UNKNOWN | Change.DISABLED:
            return "desk_unknown_code"


#: Every prompt this machine may ask for.
PROMPTS = frozenset(
    {"desk_pin", "desk_pin_wrong", "desk_locked", "desk_not_signed_in", "desk_unknown_code", "desk_in_call", "desk_break_reason",
     "system_unavailable", *_CONFIRMED.values(), *(f"desk_break_{reason}" for reason in BreakReason)}
)  # fmt: skip

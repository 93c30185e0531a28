"""What a caller arranges with keys, as a pure state machine: a call-back with its consent, and a code that gives a place back.

`begin_callback`, `begin_code` and `hear` are total and give the next `Step`. Every way through ends, within `MAX_HEARD` hearings, and then the
caller is where they were: in the line with their place, or in the menu. No key hangs up. `*` cancels; `0` says it again; silence is met with
one gentle repeat and then ends the dialogue. To be in danger (key 9) is the call's business, not the dialogue's (see `Dialogue.entering`).

A caller who hangs up after confirming the number has agreed to be called: `left` gives what to arrange then.

Times are for older callers, who take the phone from the ear, look for the key, and put it back: about twice what a bank's menu allows
(five seconds for an answer, three between digits).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ivr import dialled_numbers
from ivr.dialogue_model import (
    ArrangeCallback,
    CheckCode,
    Dialogue,
    Done,
    Facts,
    GiveCode,
    Heard,
    Key,
    Request,
    Silence,
    Stage,
    Step,
)
from ivr.prompts.numbers import digits as spoken_digits
from ivr.prompts.texts import Language
from routing.callback_model import CallHours

__all__ = [
    "ArrangeCallback", "CheckCode", "Dialogue", "Done", "Facts", "GiveCode", "Heard", "Key", "Request", "Silence", "Stage", "Step",
    "begin_callback", "begin_code", "hear", "left",
]  # fmt: skip

#: Time for the answer to a question, and for the first digit.
ANSWER_S: Final = 8.0
#: Time for the next digit of an unfinished number or code …
DIGIT_S: Final = 5.0
#: … and silence that ends a number that is long enough, without #.
ENOUGH_S: Final = 4.0
#: A request should be answered by now; otherwise it counts as failed.
REQUEST_S: Final = 10.0
CODE_DIGITS: Final = 6
#: Numbers, and codes, that may be entered.
MAX_TRIES: Final = 2
#: Keys without meaning and repeats asked for, for one question.
MAX_UNCLEAR: Final = 5
#: Whatever is pressed, a dialogue is over after so many hearings.
MAX_HEARD: Final = 100

_CONSENT: Final = {
    Stage.HOURS: "callback_hours",
    Stage.SAY_WHO: "callback_say_who",
    Stage.LEAVE_MESSAGE: "callback_leave_message",
    Stage.SHARED_PHONE: "callback_shared_phone",
}
#: What the keys of `callback_hours` mean.
_HOURS: Final = {"1": CallHours.ANY, "2": CallHours.DAYTIME, "3": CallHours.EVENING}
_WORKING: Final = frozenset({Stage.ARRANGING, Stage.GIVING_CODE, Stage.CHECKING_CODE})
_CODE: Final = frozenset({Stage.ENTER_CODE, Stage.CHECKING_CODE})


def begin_callback(facts: Facts) -> Step:
    """The caller wants to be called back."""
    if dialled_numbers.local(facts.number) is not None:
        return _ask(Dialogue(stage=Stage.CONFIRM), facts)
    return _ask(Dialogue(stage=Stage.NO_NUMBER if facts.place_code_possible else Stage.ENTER), facts)


def begin_code(facts: Facts) -> Step:
    """The caller has a code from an earlier call."""
    return _ask(Dialogue(stage=Stage.ENTER_CODE), facts)


def hear(dialogue: Dialogue, heard: Heard, facts: Facts) -> Step:
    """The next step. What means nothing now changes nothing."""
    dialogue = replace(dialogue, heard=dialogue.heard + 1)
    if dialogue.heard > MAX_HEARD:
        return _end(dialogue)
    match heard:
        case Done(ok=ok, detail=detail):
            return _done(dialogue, ok=ok, detail=detail, facts=facts) if dialogue.stage in _WORKING else _wait(dialogue)
        case Silence():
            return _silence(dialogue, facts)
        case Key(digit="*") if dialogue.stage not in _WORKING:
            return _end(dialogue, cancelled=dialogue.stage is not Stage.CODE_SAID)
        case Key(digit=digit):
            return _key(dialogue, digit, facts)


def left(dialogue: Dialogue) -> ArrangeCallback | None:
    """What a caller who hangs up in the middle has agreed to: the number was confirmed, the rest is as far as it was answered."""
    return _arrangement(dialogue) if dialogue.stage in _CONSENT else None


# --- keys ------------------------------------------------------------------------------------------------------------


def _key(dialogue: Dialogue, digit: str, facts: Facts) -> Step:
    match dialogue.stage, digit:
        case ((Stage.ENTER | Stage.ENTER_CODE), _):
            return _entered(dialogue, digit, facts)
        case stage, _ if stage in _WORKING:
            return _wait(dialogue)
        case _, "0":
            return _again(dialogue, facts)
        case Stage.CONFIRM, "1":
            return _ask(replace(dialogue, stage=Stage.HOURS), facts)
        case Stage.CONFIRM, "2":
            return _ask(replace(dialogue, stage=Stage.ENTER), facts) if dialogue.tries < MAX_TRIES else _end(dialogue)
        case Stage.NO_NUMBER, "1":
            return _ask(replace(dialogue, stage=Stage.ENTER), facts)
        case Stage.NO_NUMBER, "2":
            return _request(replace(dialogue, stage=Stage.GIVING_CODE), GiveCode())
        case Stage.HOURS, _ if digit in _HOURS:
            return _may_call(dialogue, _HOURS[digit], facts)
        case stage, ("1" | "2") if stage in _CONSENT:
            return _consented(dialogue, digit == "1", facts)
        case _:
            return _again(dialogue, facts, "wrong_key")


def _entered(dialogue: Dialogue, digit: str, facts: Facts) -> Step:
    """A key of a number or a code."""
    if digit == "#":
        return _complete(dialogue, facts) if dialogue.digits else _again(dialogue, facts)
    if len(digit) != 1 or digit not in "0123456789":
        return _wait(dialogue)
    dialogue = replace(dialogue, digits=dialogue.digits + digit, reminded=False)
    longest = CODE_DIGITS if dialogue.stage is Stage.ENTER_CODE else dialled_numbers.MAX_DIGITS
    return _complete(dialogue, facts) if len(dialogue.digits) >= longest else _wait(dialogue)


def _complete(dialogue: Dialogue, facts: Facts, if_wrong: str = "") -> Step:
    """The number or code is entered as far as it will be. `if_wrong`: what is said before the second try, if not that it was wrong."""
    entered = dialogue.digits
    dialogue = replace(dialogue, digits="", tries=dialogue.tries + 1)
    if dialogue.stage is Stage.ENTER_CODE:
        if len(entered) == CODE_DIGITS:
            return _request(replace(dialogue, stage=Stage.CHECKING_CODE), CheckCode(code=entered))
        return _code_wrong(dialogue, facts, if_wrong)
    if dialled_numbers.e164(entered) is not None:
        return _ask(replace(dialogue, stage=Stage.CONFIRM, number=entered), facts)
    if dialogue.tries < MAX_TRIES:
        return _ask(dialogue, facts, if_wrong or "callback_number_wrong")
    return _end(dialogue, "callback_number_wrong", "callback_cancelled")


def _code_wrong(dialogue: Dialogue, facts: Facts, before: str = "") -> Step:
    if dialogue.tries < MAX_TRIES:
        return _ask(replace(dialogue, stage=Stage.ENTER_CODE), facts, before or "code_wrong")
    return _end(dialogue, "code_unknown")


# --- silence and repeats ---------------------------------------------------------------------------------------------


def _silence(dialogue: Dialogue, facts: Facts) -> Step:
    if dialogue.stage in _WORKING:
        return _done(dialogue, ok=False, detail="", facts=facts)
    if dialogue.stage is Stage.CODE_SAID:
        return Step(dialogue=None)
    if dialogue.stage in _CONSENT:
        # Announced as an answer: any time; or unknown, and treated like the careful one.
        return _consented(dialogue, None, facts)
    if dialogue.digits:
        return _complete(dialogue, facts, "dialogue_slowly")
    if dialogue.reminded:
        return _end(dialogue)
    return _ask(dialogue, facts, "dialogue_slowly", reminded=True)


def _again(dialogue: Dialogue, facts: Facts, *before: str) -> Step:
    """The question once more, because of a key; only so often."""
    unclear = dialogue.unclear + 1
    if unclear < MAX_UNCLEAR:
        return _ask(dialogue, facts, *before, unclear=unclear)
    if dialogue.stage in _CONSENT:
        return _consented(dialogue, None, facts)
    return _end(dialogue, cancelled=dialogue.stage is not Stage.CODE_SAID)


# --- consent and requests --------------------------------------------------------------------------------------------


def _may_call(dialogue: Dialogue, hours: CallHours, facts: Facts) -> Step:
    return _ask(replace(dialogue, stage=Stage.SAY_WHO, hours=hours), facts)


def _consented(dialogue: Dialogue, answer: bool | None, facts: Facts) -> Step:
    match dialogue.stage:
        case Stage.HOURS:
            return _may_call(dialogue, CallHours.ANY, facts)
        case Stage.SAY_WHO:
            return _ask(replace(dialogue, stage=Stage.LEAVE_MESSAGE, may_say_who=answer), facts)
        case Stage.LEAVE_MESSAGE:
            return _ask(replace(dialogue, stage=Stage.SHARED_PHONE, may_leave_message=answer), facts)
        case _:
            return _request(replace(dialogue, stage=Stage.ARRANGING), replace(_arrangement(dialogue), shared_phone=answer))


def _arrangement(dialogue: Dialogue) -> ArrangeCallback:
    return ArrangeCallback(
        number=dialled_numbers.e164(dialogue.number),
        hours=dialogue.hours,
        may_say_who=dialogue.may_say_who,
        may_leave_message=dialogue.may_leave_message,
        shared_phone=None,
    )


def _done(dialogue: Dialogue, *, ok: bool, detail: str, facts: Facts) -> Step:
    """The answer to the request under way."""
    match dialogue.stage:
        case Stage.ARRANGING if ok:
            return Step(dialogue=None, prompts=("callback_arranged",))
        case Stage.GIVING_CODE if ok and detail.isascii() and detail.isdecimal():
            return _ask(replace(dialogue, stage=Stage.CODE_SAID, code=detail), facts)
        case Stage.CHECKING_CODE if ok:
            return Step(dialogue=None, prompts=("code_found",))
        case Stage.CHECKING_CODE:
            return _code_wrong(dialogue, facts)
        case _:
            return Step(dialogue=None, prompts=("dialogue_failed",), cancelled=True)


# --- steps -----------------------------------------------------------------------------------------------------------


def _ask(dialogue: Dialogue, facts: Facts, *before: str, reminded: bool = False, unclear: int = 0) -> Step:
    """Put the question of the stage, from its beginning."""
    asked = replace(dialogue, digits="", reminded=reminded, unclear=unclear)
    return Step(dialogue=asked, prompts=(*before, *_question(asked, facts)), wait_s=ANSWER_S)


def _question(dialogue: Dialogue, facts: Facts) -> tuple[str, ...]:
    language: Language = "en" if facts.language == "en" else "ko"
    match dialogue.stage:
        case Stage.CONFIRM:
            pressed = dialogue.number or dialled_numbers.local(facts.number)
            return ("callback_number_is", *(dialled_numbers.spoken(pressed, language) if pressed else ()), "callback_confirm")
        case Stage.NO_NUMBER:
            return ("callback_no_number",)
        case Stage.ENTER:
            return ("callback_enter",)
        case Stage.CODE_SAID:
            words = spoken_digits(dialogue.code, language)
            return ("code_is", *words, "code_once_more", *words, "code_how")
        case Stage.ENTER_CODE:
            return ("code_enter",)
        case stage:
            return (_CONSENT[stage],) if stage in _CONSENT else ()


def _wait(dialogue: Dialogue) -> Step:
    """Say nothing and go on listening."""
    if dialogue.stage in _WORKING:
        return Step(dialogue=dialogue, wait_s=REQUEST_S)
    if not dialogue.digits:
        return Step(dialogue=dialogue, wait_s=ANSWER_S)
    enough = dialogue.stage is Stage.ENTER and len(dialogue.digits) >= dialled_numbers.MIN_DIGITS
    return Step(dialogue=dialogue, wait_s=ENOUGH_S if enough else DIGIT_S)


def _request(dialogue: Dialogue, request: Request) -> Step:
    return Step(dialogue=dialogue, wait_s=REQUEST_S, request=request)


def _end(dialogue: Dialogue, *prompts: str, cancelled: bool = True) -> Step:
    """Over. In the line something is said about what happens now; the menu says its own."""
    quiet = dialogue.stage in _CODE or not cancelled
    return Step(dialogue=None, prompts=prompts or (() if quiet else ("callback_cancelled",)), cancelled=cancelled)

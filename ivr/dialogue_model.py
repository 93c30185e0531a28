"""Words of the key dialogues (call-back, code): their state, what they hear and what they ask for. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from routing.callback_model import CallHours


class Stage(StrEnum):
    """What was asked last."""

    #: May we call this number?
    CONFIRM = "confirm"
    #: No number is known: enter one, or take a code?
    NO_NUMBER = "no_number"
    ENTER = "enter"
    HOURS = "hours"
    SAY_WHO = "say_who"
    LEAVE_MESSAGE = "leave_message"
    SHARED_PHONE = "shared_phone"
    #: The call-back is being stored.
    ARRANGING = "arranging"
    #: A code is being made.
    GIVING_CODE = "giving_code"
    CODE_SAID = "code_said"
    ENTER_CODE = "enter_code"
    CHECKING_CODE = "checking_code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """State of one dialogue."""

    stage: Stage
    #: What has been pressed so far of a number or a code. Never logged.
    digits: str = ""
    #: The entered number (as pressed) once it is complete; "": the caller's own.
    number: str = ""
    #: The code that was given, to say it again.
    code: str = ""
    #: Numbers or codes entered.
    tries: int = 0
    #: The present question was put again because nothing was pressed.
    reminded: bool = False
    #: Keys that did not answer the present question.
    unclear: int = 0
    #: All that was heard.
    heard: int = 0
    hours: CallHours | None = None
    may_say_who: bool | None = None
    may_leave_message: bool | None = None

    @property
    def entering(self) -> bool:
        """Part of a number or code has been pressed: 9 and # belong to it. Neither begins with 9, so a first 9 still means danger."""
        return self.stage in (Stage.ENTER, Stage.ENTER_CODE) and bool(self.digits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of the call; handed in every time."""

    language: str
    #: E.164; None: withheld or unknown.
    number: str | None
    place_code_possible: bool = True


# --- what is heard ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """The caller pressed a key."""

    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Nothing was pressed for `Step.wait_s` after the prompts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The answer to a request. `detail`: the code, for GiveCode."""

    ok: bool
    detail: str = ""


Heard = Key | Silence | Done


# --- what is asked for -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrangeCallback:
    """Store a call-back, durably. What was not answered is None. That the person may be called they have confirmed."""

    #: E.164; None: the number of the call.
    number: str | None
    hours: CallHours | None
    may_say_who: bool | None
    may_leave_message: bool | None
    shared_phone: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveCode:
    """Make a code that keeps this call's place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCode:
    """Take the place back that this code keeps."""

    code: str


Request = ArrangeCallback | GiveCode | CheckCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What to do next. `dialogue` None: say the prompts, then go back to where the call was (the line, or the menu)."""

    dialogue: Dialogue | None
    prompts: tuple[str, ...] = ()
    #: Seconds for a key (or the answer to the request), counted from the end of the prompts.
    wait_s: float = 0.0
    request: Request | None = None
    #: It ended without what it was for.
    cancelled: bool = False

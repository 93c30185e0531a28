"""The call flow as data: which prompts are played when, and how long the line waits for a key."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import SettingsError
from ivr.conference import Plan as CrisisPlan
from ivr.conference import What
from ivr.conference_model import CallingAgain
from ivr.overflow import Plan

Prompts = tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], ...]
Wait = Annotated[float, Field(gt=0, le=600)]

SHIPPED = Path(__file__).with_name("flow.toml")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Menu(_Table):
    """The 120 menu."""

    greeting: Prompts
    repeat: Prompts
    wrong: Prompts
    silence_s: Wait
    settle_s: Wait
    repeats: Annotated[int, Field(ge=0, le=3)]


class Transfer(_Table):
    """Another desk of the Dasan centre."""

    connecting: Prompts
    unreachable: Prompts
    ring_timeout_s: Wait


class Notices(_Table):
    """What the law wants said before a counsellor."""

    prompts: Prompts
    must_finish: bool


class WaitingRoom(_Table):
    """While nobody is free."""

    to_a_person: Prompts
    intro: Prompts
    comfort: Prompts
    comfort_every_s: Wait
    reconnecting: Prompts
    #: What the keys do: after the first message, after every n-th comfort message, and when asked for.
    keys: Prompts = ("waiting_keys",)
    keys_every: Annotated[int, Field(ge=1, le=100)] = 2
    #: A key without a meaning.
    other_key: Prompts = ("waiting_other_key",)
    danger: Prompts = ("danger_connecting",)
    #: In the language that was changed to.
    language: Prompts = ("language_changed",)
    #: While the music can't be played.
    technical: Prompts = ("technical_hold",)


class Silent(_Table):
    """A caller who neither spoke nor pressed a key is asked by keys, in the line."""

    question: Prompts = ("silent_question",)
    again: Prompts = ("silent_again",)
    yes: Prompts = ("silent_yes",)
    no: Prompts = ("silent_no",)
    answer_s: Wait = 10.0


class Outside(_Table):
    """Standby list and partner line: what the caller hears, and whoever answers there."""

    nobody_on_shift: Prompts = ("overflow_nobody_on_shift",)
    everybody_unreachable: Prompts = ("overflow_everybody_unreachable",)
    long_wait: Prompts = ("overflow_long_wait",)
    #: Said after the reason, where there is anybody to try.
    trying: Prompts = ("overflow_trying",)
    #: Always said last: the place is kept, and which key arranges a call-back.
    keep_place: Prompts = ("overflow_keep_place",)
    #: To a standby person who answered.
    ask: Prompts = ("overflow_ask", "overflow_ask")


Code = Annotated[str, Field(pattern=r"^[*#][0-9*#]{1,3}$")]


class CrisisKeys(_Table):
    """Keys of a counsellor in a talk. Each begins with * or #, so that none is pressed by chance."""

    #: A crisis: call the first partner; after one who left, the next.
    raise_: Annotated[Code, Field(alias="raise")] = "*9"
    join: Code = "*1"
    private: Code = "*2"
    taken_over: Code = "*3"
    dial_next: Code = "*8"
    #: Nobody is to be called any more, and who was called is let go.
    stop: Code = "*0"

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        codes = list(self.meanings)
        if len(codes) < len(type(self).model_fields):
            raise ValueError("two keys of [crisis.keys] are the same")
        if clash := [(one, other) for one in codes for other in codes if one != other and other.endswith(one)]:
            raise ValueError(f"{clash[0][0]} ends another key of [crisis.keys], {clash[0][1]}")
        return self

    @property
    def meanings(self) -> dict[str, What]:
        """Code -> what it asks for."""
        return {
            self.raise_: What.RAISE,
            self.join: What.JOIN,
            self.private: What.PRIVATE,
            self.taken_over: What.TAKEN_OVER,
            self.dial_next: What.NEXT,
            self.stop: What.STOP,
        }


class Crisis(_Table):
    """A talk that becomes a crisis: what the counsellor's keys are, what counsellor and caller hear."""

    keys: CrisisKeys = CrisisKeys()
    #: Keys of a code come no further apart.
    key_within_s: Wait = 5.0
    #: To a partner who answered, where the partners file names nothing.
    briefing: Prompts = ("crisis_briefing",)
    #: To the counsellor alone.
    rung: Prompts = ("crisis_rung",)
    answered: Prompts = ("crisis_answered",)
    busy: Prompts = ("crisis_busy",)
    no_answer: Prompts = ("crisis_no_answer",)
    nobody_left: Prompts = ("crisis_nobody_left",)
    joined: Prompts = ("crisis_joined",)
    private: Prompts = ("crisis_private",)
    taken_over: Prompts = ("crisis_taken_over",)
    left: Prompts = ("crisis_left",)
    stopped: Prompts = ("crisis_stopped",)
    #: To the caller while counsellor and partner talk; then again and again.
    caller_waits: Prompts = ("crisis_caller_waits",)
    caller_comfort: Prompts = ("crisis_caller_comfort",)
    comfort_every_s: Wait = 15.0
    #: To the caller whom the partner has left and who goes back into the line.
    caller_again: Prompts = ("crisis_caller_again",)
    #: To counsellor and partner when the caller's line has dropped, and to the counsellor when they are back.
    caller_gone: Prompts = ("crisis_caller_gone",)
    caller_back: Prompts = ("crisis_caller_back",)
    #: To whoever answers when the caller is called again: nothing that nobody else may know; key 1 is "it is me".
    called_again: Prompts = ("callback_ask",)
    #: … and how long they have to press it.
    called_again_s: Wait = 25.0
    #: After the briefing, for the counsellor's choice; then all three.
    choose_s: Wait = 6.0
    #: The longest word in private.
    private_s: Wait = 120.0

    @property
    def plan(self) -> CrisisPlan:
        """For the chain."""
        return CrisisPlan(choose_s=self.choose_s, private_s=self.private_s)


class Centre(_Table):
    """A caller who is put through to the centre in the same call."""

    #: To a member of staff who answered.
    briefing: Prompts = ("centre_briefing",)
    #: To the counsellor alone.
    rung: Prompts = ("centre_rung",)
    answered: Prompts = ("centre_answered",)
    busy: Prompts = ("centre_busy",)
    no_answer: Prompts = ("centre_no_answer",)
    joined: Prompts = ("centre_joined",)
    left: Prompts = ("centre_left",)
    stopped: Prompts = ("centre_stopped",)
    #: To the caller whom the centre has left after the counsellor, and who goes back into the line.
    caller_again: Prompts = ("centre_caller_again",)


class Ending(_Table):
    """After the talk."""

    goodbye: Prompts


class Flow(_Table):
    """Everything a caller hears."""

    menu: Menu
    transfer: Transfer
    notices: Notices
    waiting: WaitingRoom
    ending: Ending
    silent: Silent = Silent()
    overflow: Outside = Outside()
    crisis: Crisis = Crisis()
    centre: Centre = Centre()
    #: Who there is outside; from the settings, not from the file.
    outside: Plan = Plan()
    #: How often, and how soon, who dropped out of a crisis is called again; from the settings, not from the file.
    redial: CallingAgain = CallingAgain()
    #: Key -> dial string of the Dasan centre's desks; comes from the settings, not from the file.
    dasan: dict[str, str] = {}
    ring_timeout_s: Wait = 20.0
    dead_leg_s: float = 2.0

    def prompt_ids(self) -> set[str]:
        """All prompts the flow plays."""
        tables = (self.menu, self.transfer, self.notices, self.waiting, self.silent, self.overflow, self.crisis, self.centre, self.ending)
        return {prompt for table in tables for _, value in table if isinstance(value, tuple) for prompt in value}


def load(path: Path | None = None, **overrides: object) -> Flow:
    """Read a flow file (the shipped one by default). Raises `SettingsError` naming the file and each wrong key."""
    source = path or SHIPPED
    try:
        return Flow.model_validate({**tomllib.loads(source.read_text(encoding="utf-8")), **overrides})
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{source}: {error}") from error
    except ValidationError as error:
        lines = [f"{source}: {'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise SettingsError("\n".join(lines)) from error

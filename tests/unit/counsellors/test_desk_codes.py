"""The star codes as a pure machine: what is said, what is done, and that no way through ends in silence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.desk_codes import PROMPTS, step
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
from ivr.prompts import texts
from routing.counsellors import Change, SignIn
from routing.presence_model import BreakReason


class Run:
    """Drives the machine and remembers what it asked for."""

    def __init__(self) -> None:
        self.call = DeskCall()
        self.commands: list[DeskCommand] = []
        self.timer = False

    def __call__(self, *events: DeskEvent) -> Run:
        for event in events:
            self.timer = self.timer and not isinstance(event, TimeUp)
            self.call, commands = step(self.call, event)
            for command in commands:
                self.timer = isinstance(command, StartTimer) or (self.timer and not isinstance(command, StopTimer))
            self.commands += commands
        return self

    def keys(self, digits: str) -> Run:
        return self(*(Digit(digit=digit) for digit in digits))

    def quiet(self) -> Run:
        """The prompt under way ends."""
        return self(PlaybackDone(number=self.call.playing))

    @property
    def said(self) -> list[str]:
        return [prompt for command in self.commands if isinstance(command, Play) for prompt in command.prompts]

    @property
    def pins(self) -> list[str]:
        return [command.pin for command in self.commands if isinstance(command, TrySignIn)]

    @property
    def done(self) -> list[Do]:
        return [command for command in self.commands if isinstance(command, Do)]


def dialled(code: str) -> Run:
    """A call that has just come in."""
    return Run()(Dialled(code=code))


@pytest.mark.parametrize("code", ["*114829", "*114829#"])
def test_the_pin_may_be_dialled_with_the_code(code: str) -> None:
    """One string from a speed dial key signs in without a question."""
    run = dialled(code)
    assert run.pins == ["4829"]
    run(SignInResult(result=SignIn.OK)).quiet()
    assert run.said == ["desk_signed_in"]
    assert isinstance(run.commands[0], Answer)
    assert isinstance(run.commands[-1], HangUp)


def test_the_pin_is_asked_for_and_ends_with_the_hash_key() -> None:
    """`*11`, prompt, PIN, #."""
    run = dialled("*11").quiet().keys("4829#")
    assert run.said == ["desk_pin"]
    assert run.pins == ["4829"]


def test_the_pin_ends_by_itself_after_a_pause() -> None:
    """Nobody needs to know about the hash key."""
    assert dialled("*11").quiet().keys("4829")(TimeUp()).pins == ["4829"]


def test_eight_digits_are_a_whole_pin() -> None:
    """No pause is waited for after the longest possible PIN."""
    assert dialled("*11").quiet().keys("48291736").pins == ["48291736"]


def test_a_key_silences_the_prompt_and_counts() -> None:
    """Who knows the way need not listen."""
    run = dialled("*11").keys("4829#")
    assert run.pins == ["4829"]
    assert [command for command in run.commands if isinstance(command, StopPlay)] == [StopPlay(number=1)]


def test_the_end_of_a_silenced_prompt_changes_nothing() -> None:
    """Its late report must not restart the time between two keys."""
    run = dialled("*11").keys("48")
    before = run.call, list(run.commands)
    run(PlaybackDone(number=1))
    assert (run.call, run.commands) == before


def test_the_star_key_begins_the_pin_anew() -> None:
    """A slip of the finger is put right without a wrong try."""
    assert dialled("*11").quiet().keys("48*4829#").pins == ["4829"]


def test_a_wrong_pin_is_asked_for_again_up_to_three_times() -> None:
    """Then the call ends, and says that nobody is signed in."""
    run = dialled("*11").quiet()
    for _ in range(3):
        run.keys("1111#")(SignInResult(result=SignIn.WRONG_PIN)).quiet()
    assert len(run.pins) == 3
    assert run.said[-2:] == ["desk_pin_wrong", "desk_not_signed_in"]
    assert run.call.phase is Phase.DONE


def test_a_locked_account_is_said_to_be_locked() -> None:
    """Not merely another wrong PIN."""
    assert dialled("*114829")(SignInResult(result=SignIn.LOCKED)).said == ["desk_locked"]


@pytest.mark.parametrize("result", [SignIn.UNKNOWN, SignIn.DISABLED])
def test_a_phone_without_a_counsellor_hears_that_there_is_no_such_thing(result: SignIn) -> None:
    """An account that was closed while the phone is still registered."""
    assert dialled("*114829")(SignInResult(result=result)).said == ["desk_unknown_code"]


def test_silence_at_the_pin_is_asked_again_and_then_ended_with_words() -> None:
    """Three silences end the call; each is answered by a prompt."""
    run = dialled("*11")
    for _ in range(3):
        run.quiet()(TimeUp())
    assert run.said == ["desk_pin"] * 3 + ["desk_not_signed_in"]
    assert isinstance(run.quiet().commands[-1], HangUp)


@pytest.mark.parametrize(
    ("code", "action", "said"),
    [
        ("*12", Action.READY, "desk_ready"),
        ("*14", Action.SIGN_OUT, "desk_signed_out"),
        ("*15", Action.END_WRAPUP, "desk_wrapup_ended"),
    ],
)
@pytest.mark.parametrize("change", [Change.DONE, Change.ALREADY])
def test_a_plain_code_is_done_and_confirmed(code: str, action: Action, said: str, change: Change) -> None:
    """Also when it was so already: the person hears the state they are in."""
    run = dialled(code)
    assert run.done == [Do(action=action)]
    run(ChangeResult(action=action, result=change)).quiet()
    assert run.said == [said]
    assert run.call.phase is Phase.DONE


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Change.NOT_SIGNED_IN, "desk_not_signed_in"),
        (Change.IN_CALL, "desk_in_call"),
        (Change.UNKNOWN, "desk_unknown_code"),
        (Change.DISABLED, "desk_unknown_code"),
    ],
)
def test_a_refusal_says_why(change: Change, said: str) -> None:
    """Every result has words of its own."""
    assert dialled("*15")(ChangeResult(action=Action.END_WRAPUP, result=change)).said == [said]


@pytest.mark.parametrize(
    ("digit", "reason"), [("1", BreakReason.MEAL), ("2", BreakReason.REST), ("3", BreakReason.TRAINING), ("4", BreakReason.OTHER)]
)
@pytest.mark.parametrize("asked", [True, False])
def test_a_break_has_a_reason_dialled_or_asked_for(digit: str, reason: BreakReason, asked: bool) -> None:
    """`*131` or `*13`, prompt, `1`."""
    run = dialled("*13").keys(digit) if asked else dialled(f"*13{digit}")
    assert run.done == [Do(action=Action.BREAK, reason=reason)]
    run(ChangeResult(action=Action.BREAK, result=Change.DONE, reason=reason))
    assert run.said[-1] == f"desk_break_{reason}"


@pytest.mark.parametrize("code", ["*135", "*1312"])
def test_an_unknown_reason_is_asked_for_again(code: str) -> None:
    """With the list of reasons."""
    assert dialled(code).said == ["desk_unknown_code", "desk_break_reason"]


def test_who_dials_a_break_and_walks_away_is_on_a_break() -> None:
    """An empty chair must not be rung because a reason was not chosen."""
    run = dialled("*13")
    for _ in range(3):
        run.quiet()(TimeUp())
    assert run.done == [Do(action=Action.BREAK, reason=BreakReason.OTHER)]


@pytest.mark.parametrize("code", ["*16", "*1", "", "*121", "*14#5", "999", "*1x"])
def test_an_unknown_code_is_said_to_be_unknown(code: str) -> None:
    """And then the call ends."""
    run = dialled(code)
    assert run.said == ["desk_unknown_code"]
    assert isinstance(run.quiet().commands[-1], HangUp)


@pytest.mark.parametrize("code", ["*12", "*114829", "*132"])
def test_without_the_database_the_counsellor_hears_so(code: str) -> None:
    """Nothing is confirmed that was not written."""
    assert dialled(code)(LineDown()).said == ["system_unavailable"]


@pytest.mark.parametrize("code", ["*11", "*114829", "*12", "*13", "*99"])
def test_hanging_up_ends_the_call_at_any_point(code: str) -> None:
    """Nothing is asked of a channel that is gone, and late events are dropped."""
    run = dialled(code)(HungUp())
    asked = len(run.commands)
    run.keys("1234#")(PlaybackDone(number=1), TimeUp(), LineDown(), SignInResult(result=SignIn.OK))
    assert run.call.phase is Phase.DONE
    assert len(run.commands) == asked


def test_no_record_shows_the_pin() -> None:
    """Whatever is logged by accident."""
    run = dialled("*11").quiet().keys("4829")
    shown = f"{run.call!r} {run(TimeUp()).commands!r} {Dialled(code='*114829')!r} {Digit(digit='7')!r}"
    assert "4829" not in shown
    assert "7" not in shown


codes = st.sampled_from(["*11", "*114829", "*11#", "*12", "*13", "*133", "*139", "*14", "*15", "*19", ""]) | st.text(
    "*#0123456789ABCD", max_size=9
)
happenings = st.sampled_from("0123456789*#A").map(lambda digit: Digit(digit=digit)) | st.sampled_from(
    ["playback", "time", "answer", "down", "stale"]
)


@given(codes, st.lists(happenings, max_size=40), st.sampled_from(SignIn), st.sampled_from(Change))
def test_every_way_through_is_heard_and_ends(code: str, events: list[Digit | str], signed_in: SignIn, change: Change) -> None:
    """Until it is over, a call is always saying something, counting down, or waiting for the database; all prompts are known."""
    run = dialled(code)

    def answer() -> DeskEvent:
        last = next(command for command in reversed(run.commands) if isinstance(command, TrySignIn | Do))
        if isinstance(last, TrySignIn):
            return SignInResult(result=signed_in)
        return ChangeResult(action=last.action, result=change, reason=last.reason)

    for event in events:
        working = run.call.phase is Phase.WORKING
        if isinstance(event, Digit):
            run(event)
        elif event == "playback":
            run(PlaybackDone(number=run.call.playing))
        elif event == "stale":
            run(PlaybackDone(number=run.call.playing + 7))
        elif event == "time" and run.timer:
            run(TimeUp())
        elif working:
            run(LineDown() if event == "down" else answer())
        phase = run.call.phase
        assert phase in (Phase.DONE, Phase.WORKING) or run.timer
        assert not (phase is Phase.WORKING and run.timer)
        assert phase is not Phase.CLOSING or run.call.playing
    # Left alone, it comes to its end.
    for _ in range(40):
        if run.call.phase is Phase.WORKING:
            run(answer())
        elif run.call.phase is not Phase.DONE:
            run(TimeUp())
    assert run.call.phase is Phase.DONE
    assert isinstance(run.commands[-1], HangUp)
    assert set(run.said) <= PROMPTS
    assert run.said


def test_every_prompt_exists() -> None:
    """The machine asks for no prompt that was never written, in either language."""
    written = texts.load()
    for language in texts.LANGUAGES:
        assert set(written.ids(language)) >= PROMPTS

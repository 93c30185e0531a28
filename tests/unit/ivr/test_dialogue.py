"""The key dialogues as a pure machine: a call-back with its consent, a code, and that no way through is a dead end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr import dialogue as d
from ivr.prompts import texts
from ivr.prompts.numbers import digits, telephone
from routing.callback_model import CallHours

TEXTS = texts.load()
OWN = d.Facts(language="ko", number="+821012345678")
WITHHELD = d.Facts(language="ko", number=None)
SILENCE = d.Silence()
OWN_WORDS = tuple(telephone(["010", "1234", "5678"], "ko"))


class Caller:
    """Drives a dialogue: each character is a key, "_" is silence."""

    def __init__(self, facts: d.Facts, *, code: bool = False) -> None:
        self.facts = facts
        self.steps = [d.begin_code(facts) if code else d.begin_callback(facts)]

    @property
    def last(self) -> d.Step:
        """The newest step."""
        return self.steps[-1]

    @property
    def stage(self) -> d.Stage | None:
        """What was asked last."""
        return self.last.dialogue.stage if self.last.dialogue else None

    def keys(self, keys: str) -> Caller:
        """Press keys, and wait where there is a "_"."""
        for key in keys:
            self.hear(SILENCE if key == "_" else d.Key(digit=key))
        return self

    def hear(self, heard: d.Heard) -> Caller:
        """Hear one thing."""
        assert self.last.dialogue
        self.steps.append(d.hear(self.last.dialogue, heard, self.facts))
        return self


def test_the_number_is_read_as_it_is_written_here_and_confirmed() -> None:
    """Local form with its groups, never the country code."""
    caller = Caller(OWN)
    assert caller.last.prompts == ("callback_number_is", *OWN_WORDS, "callback_confirm")
    assert caller.keys("0").last.prompts == caller.steps[0].prompts
    assert caller.keys("1").last.prompts == ("callback_hours",)


@pytest.mark.parametrize(
    ("keys", "consent"),
    [("111", (True, True, True)), ("222", (False, False, False)), ("___", (None, None, None)), ("1_2", (True, None, False))],
)
def test_consent_is_data_and_silence_is_an_answer(keys: str, consent: tuple[bool | None, ...]) -> None:
    """Yes, no, or not known."""
    request = Caller(OWN).keys("11" + keys).last.request
    assert isinstance(request, d.ArrangeCallback)
    assert (request.number, request.may_say_who, request.may_leave_message, request.shared_phone) == (None, *consent)


@pytest.mark.parametrize(
    ("keys", "hours"),
    [
        ("1", CallHours.ANY),
        ("2", CallHours.DAYTIME),
        ("3", CallHours.EVENING),
        ("_", CallHours.ANY),
        ("03", CallHours.EVENING),
        ("452", CallHours.DAYTIME),
        ("44444", CallHours.ANY),
    ],
)
def test_the_person_says_when_we_may_call(keys: str, hours: CallHours) -> None:
    """One key; silence means any time, a key without meaning puts the question again, and only so often."""
    caller = Caller(OWN).keys("1")
    assert caller.last.prompts == ("callback_hours",)
    for key in keys:
        assert caller.stage is d.Stage.HOURS
        caller.keys(key)
    assert caller.last.prompts == ("callback_say_who",)
    request = caller.keys("___").last.request
    assert isinstance(request, d.ArrangeCallback)
    assert request.hours is hours


def test_after_it_is_arranged_the_caller_may_hang_up_or_stay() -> None:
    """It is said, and the dialogue is over."""
    caller = Caller(OWN).keys("11111").hear(d.Done(ok=True))
    assert caller.last == d.Step(dialogue=None, prompts=("callback_arranged",))


@pytest.mark.parametrize("answer", [d.Done(ok=False), SILENCE])
def test_a_call_back_that_can_not_be_stored_is_not_promised(answer: d.Heard) -> None:
    """Refused, or no answer in time: the caller hears it and keeps waiting."""
    caller = Caller(OWN).keys("11111").hear(answer)
    assert caller.last == d.Step(dialogue=None, prompts=("dialogue_failed",), cancelled=True)


@pytest.mark.parametrize("ending", ["#", "_"])
def test_another_number_is_entered_read_back_and_confirmed(ending: str) -> None:
    """Ended by the hash key, or by silence when it is long enough."""
    caller = Caller(OWN).keys("2021202345" + ending) if ending == "#" else Caller(OWN).keys("20222345678" + ending)
    if ending == "#":
        assert caller.last.prompts == ("callback_number_wrong", "callback_enter")
        caller.keys("0222345678#")
    assert caller.last.prompts == ("callback_number_is", *telephone(["02", "2234", "5678"], "ko"), "callback_confirm")
    assert caller.keys("1____").last.request == d.ArrangeCallback(
        number="+82222345678", hours=CallHours.ANY, may_say_who=None, may_leave_message=None, shared_phone=None
    )


def test_a_number_that_could_be_complete_waits_a_little_less() -> None:
    """Eight seconds for the first digit, five between digits, four once it is long enough."""
    caller = Caller(OWN).keys("2")
    assert caller.last.wait_s == d.ANSWER_S
    assert caller.keys("02222345").last.wait_s == d.DIGIT_S
    assert caller.keys("6").last.wait_s == d.ENOUGH_S


@pytest.mark.parametrize("number", ["00112025550", "0601234567", "0801234567", "15771234", "119", "0101234567", "1012345678", "*"])
def test_what_costs_or_is_abroad_or_incomplete_is_never_called(number: str) -> None:
    """Two tries, then on with waiting."""
    caller = Caller(WITHHELD).keys("1")
    for _ in range(2):
        if caller.stage is not None:
            caller.keys(number if number == "*" else number + "#")
    assert caller.last.cancelled
    assert caller.last.dialogue is None
    assert caller.last.prompts[-1] == "callback_cancelled"
    assert not any(isinstance(step.request, d.ArrangeCallback) for step in caller.steps)


@pytest.mark.parametrize("number", [None, "+82119", "+12025550123", "+821577", "anonymous"])
def test_a_number_that_can_not_be_called_counts_as_none(number: str | None) -> None:
    """The caller may enter one or take a code."""
    assert Caller(replace(OWN, number=number)).last.prompts == ("callback_no_number",)
    assert Caller(replace(OWN, number=number, place_code_possible=False)).last.prompts == ("callback_enter",)


def test_a_withheld_caller_gets_a_code_said_twice_and_again_on_request() -> None:
    """And is told that they may hang up; silence then is no cancelling."""
    caller = Caller(WITHHELD).keys("2")
    assert caller.last.request == d.GiveCode()
    caller.hear(d.Done(ok=True, detail="402816"))
    words = tuple(digits("402816", "ko"))
    assert caller.last.prompts == ("code_is", *words, "code_once_more", *words, "code_how")
    assert caller.keys("0").last.prompts == ("code_is", *words, "code_once_more", *words, "code_how")
    assert caller.keys("_").last == d.Step(dialogue=None)


@pytest.mark.parametrize("detail", ["", "abc", "４０２"])
def test_no_code_is_invented(detail: str) -> None:
    """An answer without a code is a failure."""
    assert Caller(WITHHELD).keys("2").hear(d.Done(ok=True, detail=detail)).last.prompts == ("dialogue_failed",)


def test_a_code_gives_the_place_back() -> None:
    """The sixth digit is enough."""
    caller = Caller(OWN, code=True).keys("402816")
    assert caller.last.request == d.CheckCode(code="402816")
    assert caller.hear(d.Done(ok=True)).last == d.Step(dialogue=None, prompts=("code_found",))


def test_a_wrong_code_may_be_entered_once_more() -> None:
    """Then the caller goes on as anybody else."""
    caller = Caller(OWN, code=True).keys("402816").hear(d.Done(ok=False))
    assert caller.last.prompts == ("code_wrong", "code_enter")
    caller.keys("12#")
    assert caller.last == d.Step(dialogue=None, prompts=("code_unknown",), cancelled=True)


@pytest.mark.parametrize("keys", ["__", "1_", "2__", "202_02_"])
def test_silence_is_met_with_one_gentle_repeat(keys: str) -> None:
    """Then the caller waits on; after the confirmation silence is an answer."""
    caller = Caller(OWN).keys(keys)
    if keys == "1_":
        assert caller.stage is d.Stage.SAY_WHO
        return
    assert sum("dialogue_slowly" in step.prompts for step in caller.steps) == 1
    assert caller.last == d.Step(dialogue=None, prompts=caller.last.prompts, cancelled=True)
    assert caller.last.prompts[-1] == "callback_cancelled"


@pytest.mark.parametrize("keys", ["", "2", "201", "1", "13", "111", "1111"])
def test_star_cancels_at_every_step(keys: str) -> None:
    """Back to waiting, and nothing is asked for."""
    last = Caller(OWN).keys(keys + "*").last
    assert last == d.Step(dialogue=None, prompts=("callback_cancelled",), cancelled=True)


def test_nine_belongs_to_a_number_only_once_it_has_begun() -> None:
    """No number and no code begins with 9: as the first key it still means danger."""
    caller = Caller(OWN).keys("2")
    entering = []
    for keys in ("", "01", "9"):
        dialogue = caller.keys(keys).last.dialogue
        entering.append(dialogue is not None and dialogue.entering)
    assert entering == [False, True, True]


@pytest.mark.parametrize(("keys", "agreed"), [("", False), ("20", False), ("1", True), ("121", True), ("1_2", True)])
def test_who_hangs_up_after_confirming_has_agreed_to_be_called(keys: str, agreed: bool) -> None:
    """With what was answered so far; before the confirmation nothing was agreed."""
    caller = Caller(OWN).keys(keys)
    assert caller.last.dialogue
    arrangement = d.left(caller.last.dialogue)
    assert (arrangement is not None) == agreed
    if arrangement and keys == "1":
        assert arrangement.hours is None
    if arrangement and keys == "121":
        assert (arrangement.hours, arrangement.may_say_who) == (CallHours.DAYTIME, True)


HEARD = st.one_of(
    st.builds(d.Key, digit=st.sampled_from("0123456789*#") | st.text(max_size=2)),
    st.just(SILENCE),
    st.builds(d.Done, ok=st.booleans(), detail=st.sampled_from(["", "123456", "x"])),
)
FACTS = st.builds(
    d.Facts,
    language=st.sampled_from(["ko", "en", "fr", ""]),
    number=st.none() | st.sampled_from(["+821012345678", "+82222345678", "+12025550123"]) | st.text(max_size=12),
    place_code_possible=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(st.booleans(), FACTS, st.lists(HEARD, min_size=d.MAX_HEARD + 1, max_size=d.MAX_HEARD + 1))
def test_every_dialogue_ends_whatever_is_heard(code: bool, facts: d.Facts, everything: list[d.Heard]) -> None:
    """Within its bound; with words that exist, time to answer, one request of each kind a try, and no call-back without a number."""
    step = d.begin_code(facts) if code else d.begin_callback(facts)
    requests: list[d.Request] = []
    for heard in everything:
        for prompt in step.prompts:
            assert TEXTS.get(prompt, "en" if facts.language == "en" else "ko"), prompt
        if step.request:
            requests.append(step.request)
        if step.dialogue is None:
            break
        assert step.wait_s > 0
        assert step.prompts or step.request or step.wait_s <= d.REQUEST_S
        step = d.hear(step.dialogue, heard, facts)
    assert step.dialogue is None
    assert len([request for request in requests if isinstance(request, d.CheckCode)]) <= d.MAX_TRIES
    assert len([request for request in requests if not isinstance(request, d.CheckCode)]) <= (0 if code else 1)
    for request in requests:
        if isinstance(request, d.ArrangeCallback):
            assert request.number or d.begin_callback(facts).prompts[0] == "callback_number_is"


@settings(max_examples=100, deadline=None)
@given(st.booleans(), FACTS)
def test_silence_alone_ends_every_dialogue_soon(code: bool, facts: d.Facts) -> None:
    """After one repeat."""
    step = d.begin_code(facts) if code else d.begin_callback(facts)
    for _ in range(2):
        assert step.dialogue
        step = d.hear(step.dialogue, SILENCE, facts)
    assert step.dialogue is None
    assert step.cancelled

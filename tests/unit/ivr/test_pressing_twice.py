"""Keys in the line that come close together: one press of an unsteady hand, or somebody who knows the questions."""

from __future__ import annotations

from dataclasses import replace

from ivr import call_model as m
from ivr.dialogue_model import ArrangeCallback
from routing.callback_model import CallHours
from tests.unit.ivr.test_call import Line
from tests.unit.ivr.test_waiting import listening, silent


def at(digit: str, seconds: float) -> m.Digit:
    """A key, and when it was pressed."""
    return m.Digit(digit=digit, at=100.0 + seconds)


def asked_to_be_called() -> Line:
    """A caller whose number is known and who has just pressed 1."""
    line = Line(replace(listening().call, number="+821012345678"))
    line(at("1", 0.0))
    return line


def test_a_hand_that_presses_twice_answers_one_question() -> None:
    """The second press of 1 neither confirms the number nor says when to call; the question is heard from its beginning to its end."""
    line = asked_to_be_called()
    confirm = line.prompts()
    assert line(at("1", 0.2)) == []
    assert line.prompts() == confirm
    line(at("1", 2.0))
    assert line.prompts() == ("callback_hours",)
    assert line(at("1", 2.39)) == []
    line(at("3", 4.0))
    assert line(at("3", 4.2)) == []
    assert line.prompts() == ("callback_say_who",)
    assert line.call.dialogue is not None
    assert line.call.dialogue.hours is CallHours.EVENING


def test_who_knows_the_questions_may_key_ahead() -> None:
    """The same key a little slower, another key as fast as the hand is."""
    line = asked_to_be_called()
    line(at("1", 0.5), at("3", 0.6), at("2", 0.7), at("1", 0.8), at("2", 0.9))
    arranged = [command.request for command in line.all if isinstance(command, m.Arrange)]
    assert arranged == [
        ArrangeCallback(number=None, hours=CallHours.EVENING, may_say_who=False, may_leave_message=True, shared_phone=False)
    ]


def test_a_number_has_the_same_digit_twice() -> None:
    """What belongs to a number is not one press."""
    line = asked_to_be_called()
    line(at("2", 1.0), *(at(digit, 2.0 + 0.1 * index) for index, digit in enumerate("01000111222#")))
    assert line.prompts()[0] == "callback_number_is"
    assert line.call.dialogue is not None
    assert line.call.dialogue.number == "01000111222"


def test_a_second_press_that_answers_the_silent_callers_question_asks_for_nothing_more() -> None:
    """1 is also the key for a call-back."""
    line = silent()
    line(at("1", 0.0))
    assert line(at("1", 0.3)) == []
    assert line.call.dialogue is None


def test_a_clock_that_was_set_between_two_keys_swallows_none() -> None:
    """Nor does a key of which nobody knows when it was pressed."""
    line = asked_to_be_called()
    line(at("1", -3600.0))
    assert line.prompts() == ("callback_hours",)
    line(m.Digit(digit="1"), m.Digit(digit="1"), m.Digit(digit="1"))
    assert line.prompts() == ("callback_shared_phone",)

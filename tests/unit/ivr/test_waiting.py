"""In the line: place and time, keys, dialogues, the silent caller, and what happens without music."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ivr import call_model as m
from ivr.call_model import Call, Phase, PlaceFor, Question, Timer
from ivr.dialogue_model import ArrangeCallback
from ivr.shown import shown_as
from routing.model import Lane, OfferResult, Outcome
from tests.unit.ivr.test_call import FLOW, OFFER, Line, holding, in_menu, ringing, talking, waiting

THEN = datetime(2026, 11, 22, tzinfo=UTC)


def listening() -> Line:
    """A caller who has heard the introduction and hears music."""
    line = holding()
    line(m.Place(why=PlaceFor.INTRO))
    line.done()
    return line


def silent() -> Line:
    """A caller who pressed nothing, and is asked by keys."""
    line = in_menu()
    line.done()
    line(m.TimerFired(timer=Timer.SILENCE))
    line.done()
    line(m.TimerFired(timer=Timer.SILENCE))
    line.done()
    return line


def kinds(line: Line) -> list[str]:
    """Kinds of the notes so far."""
    return [command.kind for command in line.all if isinstance(command, m.Note)]


def test_the_first_message_tells_place_time_what_happens_and_the_keys() -> None:
    """Asked for when the music begins, and remembered."""
    line = holding()
    assert m.AskPlace(why=PlaceFor.INTRO) in line.last
    commands = line(m.Place(why=PlaceFor.INTRO, ahead=3, low_s=310, high_s=590))
    assert line.prompts() == (
        "place_before", "count_3", "unit_people", "place_after",
        "estimate_about", "num_5", "unit_minutes", "estimate_from", "num_10", "unit_minutes", "estimate_until",
        "waiting_intro", "waiting_keys",
    )  # fmt: skip
    assert m.Promised(place=3, high_s=590, span=(5, 10)) in commands


def test_an_announced_place_never_grows() -> None:
    """Somebody in danger went before: nothing is said of the place until it is as good as it was."""
    line = listening()
    line(m.Place(why=PlaceFor.REPEAT, ahead=2))
    line(m.Place(why=PlaceFor.REPEAT, ahead=3, low_s=60, high_s=120))
    assert line.prompts() == ("waiting_intro", "waiting_keys")
    line(m.Place(why=PlaceFor.REPEAT, ahead=1))
    assert line.prompts()[:2] == ("place_before", "count_1")


def test_without_an_estimate_nothing_is_said_of_time() -> None:
    """Silence where it cannot be trusted."""
    line = listening()
    line(m.Place(why=PlaceFor.REPEAT, ahead=0))
    assert line.prompts() == ("place_next", "waiting_intro", "waiting_keys")


def test_nothing_of_place_is_said_while_a_phone_rings_for_the_caller() -> None:
    """It would be untrue in a moment."""
    line = ringing()
    line(m.Place(why=PlaceFor.INTRO, ahead=0))
    assert line.prompts() == ("waiting_intro", "waiting_keys")


def test_key_9_goes_before_everybody_and_alarms_once() -> None:
    """Crisis lane, alarm, note; a second press says it again."""
    line = listening()
    commands = line(m.Digit(digit="9"))
    assert m.RaiseLane(lane=Lane.CRISIS) in commands
    assert m.Alarm(kind="danger_key") in commands
    assert line.prompts() == ("danger_connecting",)
    assert not any(isinstance(command, m.Alarm) for command in line(m.Digit(digit="9")))
    assert line.prompts() == ("danger_connecting",)
    assert kinds(line).count("danger_key") == 1


def test_key_9_counts_during_the_notices_which_are_heard_to_their_end() -> None:
    """The lane at once, the words afterwards."""
    line = waiting()
    commands = line(m.Digit(digit="9"))
    assert m.RaiseLane(lane=Lane.CRISIS) in commands
    assert not any(isinstance(command, m.StopPlay) for command in commands)
    line.done()
    assert line.prompts() == ("danger_connecting",)


def test_a_heavy_call_ends_as_one() -> None:
    """The counsellor rests after a call from the crisis lane."""
    line = listening()
    line(m.Digit(digit="9"), m.OfferGranted(offer=OFFER), m.LegUp(leg_id="leg-1"), m.Connected(leg_id="leg-1", at=1.0))
    commands = line(m.LegDown(leg_id="leg-1", result=OfferResult.ANSWERED, by_hand=True, at=60.0))
    assert m.EndTalk(offer=OFFER, heavy=True) in commands


def test_a_lost_counsellor_does_not_lower_the_crisis_lane() -> None:
    """In danger stays in danger."""
    line = listening()
    line(m.Digit(digit="9"), m.OfferGranted(offer=OFFER), m.LegUp(leg_id="leg-1"), m.Connected(leg_id="leg-1", at=1.0))
    commands = line(m.LegDown(leg_id="leg-1", result=OfferResult.FAILED, at=60.0))
    assert m.Join(lane=Lane.CRISIS, named=OFFER.counsellor_id) in commands


def test_a_counsellor_lost_before_the_first_word_does_not_make_a_dropped_talk() -> None:
    """The place is kept as it was, and the same counsellor comes first."""
    line = ringing()
    line(m.LegUp(leg_id="leg-1", at=1.0))
    commands = line(m.ConnectFailed(leg_id="leg-1"))
    assert m.Join(named=OFFER.counsellor_id) in commands
    assert not any(isinstance(command, m.Alarm) for command in commands)


def test_key_0_says_it_again() -> None:
    """Place, what happens, and the keys."""
    line = listening()
    assert m.AskPlace(why=PlaceFor.REPEAT) in line(m.Digit(digit="0"))
    line(m.Place(why=PlaceFor.REPEAT, ahead=1))
    assert line.prompts()[-2:] == ("waiting_intro", "waiting_keys")


def test_the_hash_key_changes_the_language_back_and_forth() -> None:
    """All that follows is in the other language."""
    line = listening()
    assert m.SetLanguage(language="en") in line(m.Digit(digit="#"))
    assert line.prompts()[0] == "language_changed"
    line(m.Place(why=PlaceFor.REPEAT, ahead=2))
    assert line.prompts()[:3] == ("place_before", "num_2", "unit_people")
    assert m.SetLanguage(language="ko") in line(m.Digit(digit="#"))


@pytest.mark.parametrize("digit", ["2", "3", "5", "8", "A"])
def test_a_key_without_meaning_is_answered_kindly_and_once(digit: str) -> None:
    """No hang-up, no scolding; a hand on the keypad hears it once."""
    line = listening()
    line(m.Digit(digit=digit))
    assert line.prompts() == ("waiting_other_key", "waiting_keys")
    assert line(m.Digit(digit=digit)) == []


def test_a_call_back_is_arranged_and_the_caller_waits_on() -> None:
    """Whoever hangs up then has arranged one; the dialogue's prompts play into the music."""
    line = listening()
    line.call = replace(line.call, number="+821012345678")
    line(m.Digit(digit="1"))
    assert line.call.dialogue is not None
    assert m.Start(timer=Timer.DIALOGUE, seconds=line.call.dialogue_wait_s) in line.done()
    for _ in range(5):
        line(m.Digit(digit="1"))
    assert any(isinstance(command, m.Arrange) for command in line.all)
    line(m.DialogueDone(ok=True))
    assert line.prompts() == ("callback_arranged",)
    assert line.call.dialogue is None
    assert line.call.phase is Phase.WAITING
    line(m.CallerGone())
    assert line.outcomes() == [Outcome.CALLBACK_ARRANGED]


def test_who_hangs_up_after_confirming_the_number_is_called_back() -> None:
    """The questions about consent were not answered: the careful answer."""
    line = listening()
    line.call = replace(line.call, number="+821012345678")
    line(m.Digit(digit="1"), m.Digit(digit="1"))
    commands = line(m.CallerGone())
    expected = ArrangeCallback(number=None, hours=None, may_say_who=None, may_leave_message=None, shared_phone=None)
    assert m.Arrange(request=expected) in commands
    assert line.outcomes() == [Outcome.CALLBACK_ARRANGED]


def test_an_answer_ends_the_dialogue_and_connects() -> None:
    """A human now is better than a call-back later."""
    line = listening()
    line(m.Digit(digit="1"), m.OfferGranted(offer=OFFER))
    assert m.Connect(leg_id="leg-1", offer=OFFER) in line(m.LegUp(leg_id="leg-1"))
    assert line.call.dialogue is None


def test_key_9_ends_a_dialogue_but_is_a_digit_within_a_number() -> None:
    """Danger comes first, and a telephone number may hold a nine."""
    line = listening()
    line(m.Digit(digit="1"), m.Digit(digit="1"), m.Digit(digit="0"), m.Digit(digit="9"))
    assert line.call.lane is Lane.NORMAL
    line = listening()
    line(m.Digit(digit="1"), m.Digit(digit="9"))
    assert line.call.lane is Lane.CRISIS
    assert line.call.dialogue is None


def test_a_code_in_the_menu_gives_the_old_place_back() -> None:
    """Star, six digits, into the line with the old place."""
    line = in_menu()
    line(m.Digit(digit="*"))
    for digit in "123456":
        line(m.Digit(digit=digit))
    assert m.CheckCode(code="123456") in line.all
    commands = line(m.DialogueDone(ok=True, since=THEN))
    assert m.Join(since=THEN) in commands
    assert "place_taken_up" in kinds(line)
    assert line.prompts() == ("code_found", "notice_recording", "notice_protection")


def test_a_code_that_is_not_known_leads_back_to_the_menu() -> None:
    """Nobody is lost over a code."""
    line = in_menu()
    line(m.Digit(digit="*"))
    for _ in range(2):
        for digit in "123456":
            line(m.Digit(digit=digit))
        line(m.DialogueDone(ok=False))
    assert line.call.phase is Phase.MENU
    assert line.call.dialogue is None
    assert line.prompts() == ("code_unknown", "menu_repeat")


def test_a_silent_caller_is_in_the_line_while_being_asked() -> None:
    """A phone may ring already; the question comes after the notices."""
    line = silent()
    assert line.call.joined
    assert line.prompts() == ("silent_question",)
    assert m.Listen() in line.all
    line.done()
    line(m.TimerFired(timer=Timer.QUESTION))
    assert line.prompts() == ("silent_again",)
    line.done()
    commands = line(m.TimerFired(timer=Timer.QUESTION))
    assert m.RaiseLane(lane=Lane.SILENT) in commands
    assert m.MarkSilent() in commands
    assert m.Note(kind="silent", detail={"answer": "none"}) in commands
    assert m.AskPlace(why=PlaceFor.INTRO) in commands


@pytest.mark.parametrize(("digit", "answer", "prompt"), [("1", "yes", "silent_yes"), ("5", "yes", "silent_yes"), ("2", "no", "silent_no")])
def test_the_silent_caller_answers_by_keys(digit: str, answer: str, prompt: str) -> None:
    """Yes goes before others; no stays in the line all the same."""
    line = silent()
    commands = line(m.Digit(digit=digit))
    assert m.Note(kind="silent", detail={"answer": answer}) in commands
    assert (m.RaiseLane(lane=Lane.SILENT) in commands) is (answer == "yes")
    assert line.prompts() == (prompt,)
    assert line.call.phase is Phase.WAITING


def test_who_speaks_is_not_silent() -> None:
    """Neither asked nor marked, before the question and during it."""
    line = silent()
    commands = line(m.Spoke())
    assert m.AskPlace(why=PlaceFor.INTRO) in commands
    line(m.TimerFired(timer=Timer.QUESTION))
    assert m.MarkSilent() not in line.all
    line = in_menu()
    line.done()
    line(m.TimerFired(timer=Timer.SILENCE))
    line.done()
    line(m.Spoke(), m.TimerFired(timer=Timer.SILENCE))
    assert line.call.question is Question.NOT


def test_a_caller_who_pressed_wrong_keys_is_not_silent() -> None:
    """Somebody is there and can press keys."""
    line = in_menu()
    line(m.Digit(digit="8"), m.TimerFired(timer=Timer.SETTLE), m.Digit(digit="8"))
    line.done()
    assert m.AskPlace(why=PlaceFor.INTRO) in line.last


def test_music_that_fails_is_tried_again_with_a_voice_and_then_the_dialplan_takes_over() -> None:
    """Never silence: said, again, again, safety net."""
    line = listening()
    line(m.HoldFailed())
    assert line.prompts() == ("technical_hold",)
    assert not line.all[-2].in_bridge  # type: ignore[union-attr]
    line.done()
    assert m.HoldCaller() in line(m.TimerFired(timer=Timer.HOLD))
    line(m.HoldFailed())
    line.done()
    line(m.TimerFired(timer=Timer.HOLD))
    assert m.ToSafetyNet() in line(m.HoldFailed())


def test_music_that_works_again_is_forgotten_about() -> None:
    """Failures count in a row only."""
    line = listening()
    for _ in range(5):
        line(m.HoldFailed())
        line.done()
        line(m.TimerFired(timer=Timer.HOLD), m.Held())
    assert line.call.phase is Phase.WAITING


def test_the_safety_net_takes_a_ringing_counsellor_back() -> None:
    """No phone rings for a caller whom the dialplan has."""
    line = ringing()
    line(m.HoldFailed(), m.HoldFailed())
    commands = line(m.HoldFailed())
    assert m.CloseOffer(offer=OFFER, result=OfferResult.FAILED) in commands
    assert m.ToSafetyNet() in commands


def test_an_unattended_caller_gets_music_and_voice_again() -> None:
    """The watchdog's repair."""
    line = listening()
    commands = line(m.Unattended(what="not_held"))
    assert m.HoldCaller() in commands
    assert m.AskPlace(why=PlaceFor.INTRO) in commands
    assert m.Start(timer=Timer.COMFORT, seconds=FLOW.waiting.comfort_every_s) in commands


def test_a_talk_that_is_not_bridged_is_bridged_again() -> None:
    """And nothing else happens to it."""
    line = talking()
    assert m.Reconnect(leg_id="leg-1") in line(m.Unattended(what="not_bridged"))
    assert line.call.phase is Phase.TALKING


def test_after_a_crash_in_a_talk_the_caller_goes_to_the_front_and_to_the_same_counsellor() -> None:
    """A caller who had talked and has nobody is a dropped talk."""
    line = Line(Call(id="c", phase=Phase.WAITING, talked=True, named=OFFER.counsellor_id))
    assert m.Join(lane=Lane.DROPPED, named=OFFER.counsellor_id) in line(m.Resumed())


def test_an_offer_found_ringing_that_fails_leads_into_the_line() -> None:
    """After a restart the line does not know the caller yet."""
    line = Line(Call(id="c", phase=Phase.WAITING, offer=OFFER))
    line(m.Resumed())
    assert m.Join() in line(m.LegDown(leg_id="leg-1", result=OfferResult.BUSY))


def test_the_counsellors_phone_tells_what_kind_of_call_it_is() -> None:
    """A word after the service's name; never a number."""
    assert shown_as("외로움안녕 <120>", Call(lane=Lane.CRISIS)) == "외로움안녕 · 위급 <120>"
    assert shown_as('"외로움안녕" <120>', Call(lane=Lane.SILENT)) == '"외로움안녕 · 말없는 전화" <120>'
    assert shown_as("<120>", Call(lane=Lane.DROPPED)) == "다시 연결 <120>"
    assert shown_as("외로움안녕", Call(lane=Lane.CRISIS)) == "외로움안녕 · 위급"
    assert shown_as("외로움안녕 <120>", Call()) == "외로움안녕 <120>"

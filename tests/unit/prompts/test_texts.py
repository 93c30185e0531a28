"""The texts of the prompts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ivr.prompts.errors import TextsError
from ivr.prompts.texts import LANGUAGES, load, normalised, text_hash

CALLER = [
    "greeting",
    "menu_repeat",
    "wrong_key",
    "transfer_connecting",
    "transfer_unreachable",
    "notice_recording",
    "notice_protection",
    "to_a_person",
    "waiting_intro",
    "comfort_1",
    "comfort_2",
    "comfort_3",
    "reconnecting",
    "transfer_ended",
    "goodbye",
    "safety_net_hold",
    "technical_hold",
]
DIALOGUES = [
    "callback_number_is",
    "callback_confirm",
    "callback_no_number",
    "callback_enter",
    "callback_number_wrong",
    "callback_hours",
    "callback_say_who",
    "callback_leave_message",
    "callback_shared_phone",
    "callback_arranged",
    "callback_cancelled",
    "code_is",
    "code_once_more",
    "code_how",
    "code_enter",
    "code_wrong",
    "code_unknown",
    "code_found",
    "dialogue_slowly",
    "dialogue_failed",
]
WAITING = [
    "place_next",
    "waiting_keys",
    "waiting_other_key",
    "danger_connecting",
    "language_changed",
    "silent_question",
    "silent_again",
    "silent_yes",
    "silent_no",
]
LINKED = [
    "linked_ask",
    "linked_ask_named",
    "linked_message",
    "linked_message_named",
    "linked_again",
    "linked_ask_first",
    "linked_first",
    "linked_not_reached",
    "linked_told",
    "linked_not_told",
]
ALARM = ["alarm_call", "alarm_ask", "alarm_thanks"]
COUNSELLOR = [
    "desk_pin",
    "desk_pin_wrong",
    "desk_locked",
    "desk_signed_in",
    "desk_ready",
    "desk_break_reason",
    "desk_break_meal",
    "desk_break_rest",
    "desk_break_training",
    "desk_break_other",
    "desk_signed_out",
    "desk_wrapup_ended",
    "desk_not_signed_in",
    "desk_unknown_code",
    "desk_in_call",
    "system_unavailable",
]
#: Standby list, partner line, and calling people back.
OUTSIDE = [
    "overflow_nobody_on_shift", "overflow_everybody_unreachable", "overflow_long_wait", "overflow_trying", "overflow_keep_place", "overflow_ask",
    "callback_ask", "callback_ask_named", "callback_connecting", "callback_goodbye", "callback_message", "callback_again",
    "callback_counsellor", "callback_not_reached",
]  # fmt: skip
#: A crisis: caller, emergency partner, counsellor.
CRISIS = [
    "crisis_caller_waits", "crisis_caller_comfort", "crisis_caller_again", "crisis_briefing", "crisis_rung", "crisis_answered", "crisis_busy",
    "crisis_no_answer", "crisis_nobody_left", "crisis_joined", "crisis_private", "crisis_taken_over", "crisis_left", "crisis_stopped",
    "crisis_caller_gone", "crisis_caller_back",
]  # fmt: skip

#: A caller is put through to the centre: their staff, the counsellor, the caller.
CENTRE = [
    "centre_briefing", "centre_rung", "centre_answered", "centre_busy", "centre_no_answer", "centre_joined", "centre_left", "centre_stopped",
    "centre_caller_again",
]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_the_call_flow_plays_has_a_text_in_both_languages(language: str) -> None:
    """The ids of callers and counsellors are the same set in each language."""
    spoken = [prompt.id for prompt in load() if prompt.language == language and prompt.group != "numbers"]
    assert sorted(spoken) == sorted(CALLER + WAITING + DIALOGUES + OUTSIDE + CRISIS + CENTRE + LINKED + ALARM + COUNSELLOR)


def test_korean_texts_are_written_as_they_are_spoken() -> None:
    """No digits and no Latin letters: engines read them wrongly and a studio would have to guess."""
    for prompt in load():
        if prompt.language == "ko":
            assert re.fullmatch(r"[가-힣 ,.]+", prompt.text), prompt.key


def test_callers_are_addressed_politely() -> None:
    """Each sentence that callers hear ends in a polite form."""
    for prompt in load():
        if prompt.language == "ko" and prompt.group == "caller":
            for sentence in filter(None, prompt.text.split(".")):
                assert sentence.endswith(("요", "니다")), f"{prompt.key}: {sentence}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_menu_names_key_five_and_says_that_no_key_is_needed(language: str) -> None:
    """A caller who can't find the key still learns that somebody will answer."""
    texts = load()
    five, wait = ("오 번", "기다리셔도") if language == "ko" else ("press five", "just wait")
    for prompt_id in ("greeting", "menu_repeat"):
        prompt = texts.get(prompt_id, language)
        assert prompt
        assert five in prompt.text
        assert wait in prompt.text


def test_comfort_messages_say_that_nothing_is_to_be_done_or_who_will_answer() -> None:
    """They tell what happens next."""
    texts = load()
    for number in (1, 2, 3):
        prompt = texts.get(f"comfort_{number}", "ko")
        assert prompt
        assert "상담사" in prompt.text


def test_hash_ignores_layout_and_unicode_composition() -> None:
    """The same words typed on another system are the same text."""
    assert text_hash("안녕하세요.  여보세요", "ko") == text_hash(" \u110b\u1161\u11ab녕하세요.\n여보세요 ", "ko")


def test_hash_depends_on_words_and_language() -> None:
    """Another word or another language needs another recording."""
    assert len({text_hash("일", "ko"), text_hash("이", "ko"), text_hash("일", "en")}) == 3


def test_own_sentence_replaces_the_shipped_one(tmp_path: Path) -> None:
    """An operator names the Dasan keys in a greeting of their own."""
    tmp_path.joinpath("texts.ko.toml").write_text('[caller]\ngreeting = "여기는  서울입니다."\n', encoding="utf-8")
    texts = load(tmp_path)
    greeting, repeat = texts.get("greeting", "ko"), texts.get("menu_repeat", "ko")
    assert greeting
    assert greeting.text == "여기는 서울입니다."
    assert repeat == load().get("menu_repeat", "ko")
    assert texts.ids("ko") == load().ids("ko")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('[caller]\ngreting = "x"', r"there is no prompt \[caller\] greting; did you mean \[caller\] greeting\?"),
        ('[counsellor]\ngreeting = "x"', r"did you mean \[caller\] greeting\?"),
        ('[caller]\ngreeting = ""', "must be a sentence"),
        ("[caller]\ngreeting = 5", "must be a sentence"),
        ('[callers]\ngreeting = "x"', r"'callers' is not a group; allowed: \[caller\]"),
        ('greeting = "x"', "is not a group"),
        ('[caller]\n"안녕" = "x"', "can't be an id"),
        ("[caller\n", "line 1"),
    ],
)
def test_mistake_in_own_texts_is_told_with_file_and_what_is_allowed(tmp_path: Path, content: str, told: str) -> None:
    """A typo never silently means the shipped sentence."""
    tmp_path.joinpath("texts.ko.toml").write_text(content, encoding="utf-8")
    with pytest.raises(TextsError, match=told) as caught:
        load(tmp_path)
    assert "texts.ko.toml" in str(caught.value)


def test_own_texts_in_another_encoding_are_told(tmp_path: Path) -> None:
    """A file saved as CP949 names itself."""
    tmp_path.joinpath("texts.ko.toml").write_bytes('[caller]\ngreeting = "안녕"'.encode("cp949"))
    with pytest.raises(TextsError, match=r"texts\.ko\.toml"):
        load(tmp_path)


def test_missing_folder_of_own_texts_is_told(tmp_path: Path) -> None:
    """A folder that is set but not there is a mistake."""
    with pytest.raises(TextsError, match="not a folder"):
        load(tmp_path / "nowhere")


def test_texts_are_stored_normalised() -> None:
    """What is shown is what is hashed."""
    assert all(prompt.text == normalised(prompt.text) for prompt in load())

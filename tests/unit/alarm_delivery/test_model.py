"""What goes out where, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from core.alarms import AlarmKind
from helpline.alarm_delivery.model import Alarm, Message, Rule, key, pause, plan
from helpline.alarm_delivery.words import WORDS, is_urgent, words

AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
ID = UUID(int=7)


def alarm(kind: str = AlarmKind.DANGER_KEY, failed: str | None = None) -> Alarm:
    """One that was raised at `AT`."""
    return Alarm(id=ID, kind=kind, at=AT, failed_channel=failed)


def channels(of: Alarm, *rules: Rule) -> list[str]:
    """By which of these it goes out."""
    return [one.channel for one in plan(of, rules, AT)]


def test_every_kind_has_a_name_in_both_languages() -> None:
    """Nobody is rung by an identifier; one that the program does not know yet is still said."""
    assert WORDS.keys() == set(AlarmKind)
    assert all(korean and english for korean, english in WORDS.values())
    assert words("of_tomorrow") == ("of_tomorrow", "of tomorrow")


def test_what_nobody_classified_is_urgent() -> None:
    """In doubt somebody is woken."""
    assert is_urgent("of_tomorrow")
    assert not is_urgent(AlarmKind.NO_ROSTER)


def test_a_channel_gets_its_kinds_and_its_urgency() -> None:
    """Each by its own rule."""
    everything, urgent = Rule(channel="a"), Rule(channel="b", urgent_only=True)
    danger = Rule(channel="c", kinds=frozenset({"danger_key"}))
    assert channels(alarm(), everything, urgent, danger) == ["a", "b", "c"]
    assert channels(alarm(AlarmKind.NO_ROSTER), everything, urgent, danger) == ["a"]
    assert channels(alarm(AlarmKind.CALLS_CUT_OFF), everything, urgent, danger) == ["a", "b"]


def test_a_channel_is_not_told_of_its_own_failure() -> None:
    """It could not take it, and would fail for ever."""
    of = alarm(AlarmKind.ALARM_NOT_DELIVERED, failed="a")
    assert channels(of, Rule(channel="a"), Rule(channel="b")) == ["b"]


def test_a_later_channel_waits_from_the_alarm_not_from_the_routing() -> None:
    """What was raised while nobody was there to send it does not wait again."""
    rule = Rule(channel="a", after=timedelta(minutes=5))
    assert plan(alarm(), [rule], AT)[0].next_at == AT + timedelta(minutes=5)
    assert plan(alarm(), [rule], AT + timedelta(hours=1))[0].next_at == AT + timedelta(hours=1)


def test_rounds_end() -> None:
    """Once, then so many times again."""
    rule = Rule(channel="a", again_every=timedelta(minutes=2), again_times=2)
    assert [rule.again_at(AT, round_) for round_ in (1, 2, 3)] == [AT + timedelta(minutes=2)] * 2 + [None]
    assert Rule(channel="a").again_at(AT, 1) is None


def test_pauses_double_up_to_the_last_one() -> None:
    """Back-off, spread by a tenth to each side."""
    pauses = [pause(n, first=5, last=60, dice=0.5).total_seconds() for n in range(1, 8)]
    assert pauses == [5, 10, 20, 40, 60, 60, 60]
    assert all(one <= two for one, two in pairwise(pauses))
    assert pause(1, first=10, last=60, dice=0.0) == timedelta(seconds=9)
    assert pause(10_000, first=10, last=60, dice=0.0) == timedelta(seconds=54)


def test_the_text_says_kind_time_and_id_korean_first() -> None:
    """Both languages, on a clock in Seoul."""
    message = Message(alarm_id=ID, kind=AlarmKind.DANGER_KEY, at=AT, key=key(ID, "mail.team", 2), round=2)
    assert message.title == "[외로움안녕120] 경보: 위험 번호 누름 / danger key (2번째 / no. 2)"
    assert message.text.index("위험 번호 누름") < message.text.index("danger key")
    assert message.text.count("2026-03-02 12:00:00") == 2
    assert str(ID) in message.text

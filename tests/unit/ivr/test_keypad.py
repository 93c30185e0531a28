"""Presses and copies of presses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ivr.ari import Channel, DtmfReceived
from ivr.keypad import Keypad

START = datetime(2026, 3, 1, tzinfo=UTC)


def key(digit: str, ms: int, duration_ms: int = 160) -> DtmfReceived:
    """A key reported so many milliseconds after the start."""
    return DtmfReceived(at=START + timedelta(milliseconds=ms), channel=Channel(id="c"), digit=digit, duration_ms=duration_ms)


def heard(*events: DtmfReceived) -> str:
    """What a fresh keypad makes of these."""
    keypad = Keypad()
    return "".join(filter(None, map(keypad.pressed, events)))


def test_a_copy_within_milliseconds_is_not_a_press() -> None:
    """A PIN dialled from memory arrives once."""
    assert heard(key("5", 0), key("5", 30), key("8", 120), key("8", 188)) == "58"


def test_the_same_key_pressed_twice_is_two_presses() -> None:
    """80 ms apart at the least."""
    assert heard(key("5", 0), key("5", 80)) == "55"


def test_another_digit_or_another_length_is_a_press() -> None:
    """Only the exact copy is dropped."""
    assert heard(key("5", 0), key("6", 20), key("6", 40, duration_ms=100)) == "566"


def test_an_event_without_a_time_counts() -> None:
    """In doubt it was a person."""
    event = DtmfReceived(channel=Channel(id="c"), digit="5", duration_ms=160)
    assert heard(event, event) == "55"

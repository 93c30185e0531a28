"""What is a PIN, and that it is kept well."""

from __future__ import annotations

import pytest

from routing.pin_rules import WeakPin, check
from routing.pins import PinHasher, generate


@pytest.mark.parametrize("pin", ["0000", "7777777", "1234", "4321", "7890", "0987", "2109", "1212", "123123", "1004", "2580"])
def test_a_pin_anybody_would_try_first_is_refused(pin: str) -> None:
    """Repetitions, runs (also across 9-0) and favourites."""
    with pytest.raises(WeakPin):
        check(pin)


@pytest.mark.parametrize("pin", ["", "123", "123456789", "12a4", "１２８４", "1 84", "-284"])
def test_a_pin_is_four_to_eight_plain_digits(pin: str) -> None:
    """It is typed on a telephone: full-width digits and letters are not on it."""
    with pytest.raises(WeakPin):
        check(pin)


def test_a_pin_with_the_own_extension_is_refused() -> None:
    """Everybody sees the extension."""
    with pytest.raises(WeakPin):
        check("1017", extension="101")


def test_generated_pins_are_accepted_and_differ() -> None:
    """Making one up never needs a second try by the operator."""
    made = {generate("101") for _ in range(50)}
    assert len(made) > 45
    for pin in made:
        check(pin, extension="101")


async def test_a_hash_accepts_its_pin_and_no_other() -> None:
    """argon2id, salted: two hashes of one PIN differ and both accept it."""
    hasher = PinHasher()
    first, second = await hasher.hash("4829"), await hasher.hash("4829")
    assert first != second
    assert first.startswith("$argon2id$")
    assert "4829" not in first
    assert await hasher.verify(first, "4829")
    assert await hasher.verify(second, "4829")
    assert not await hasher.verify(first, "4828")


async def test_an_unreadable_hash_accepts_nothing() -> None:
    """A damaged row is a wrong PIN, not a crash."""
    assert not await PinHasher().verify("", "4829")
    assert not await PinHasher().verify("plain", "plain")

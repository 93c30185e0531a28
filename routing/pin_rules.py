"""What is an acceptable PIN. Pure."""

from __future__ import annotations

import itertools
import re

from core.errors import AnnyeongError

MIN_LENGTH = 4
MAX_LENGTH = 8

#: Straight lines and other patterns on a keypad, and numbers everybody in Korea thinks of first (1004 reads "angel").
_FAVOURITES = frozenset({"1004", "2580", "0852", "1379", "9731", "1397", "1470", "3690", "0070", "7979", "8282", "2424", "0120", "1120"})


class WeakPin(AnnyeongError):
    """This PIN is too easy to guess."""


def check(pin: str, *, extension: str = "") -> None:
    """Accept a new PIN or raise `WeakPin` saying why not. `extension` is the person's own, which anybody can see."""
    if not re.fullmatch(f"[0-9]{{{MIN_LENGTH},{MAX_LENGTH}}}", pin):
        raise WeakPin(f"PIN은 숫자 {MIN_LENGTH}~{MAX_LENGTH}자리여야 합니다. / A PIN is {MIN_LENGTH} to {MAX_LENGTH} digits.")
    if _is_repetition(pin) or _is_run(pin) or pin in _FAVOURITES or (extension and extension in pin):
        raise WeakPin(
            "너무 쉬운 PIN입니다: 같은 숫자, 차례로 이어지는 숫자, 되풀이되는 숫자, 내선번호는 쓸 수 없습니다. / "
            "Too easy to guess: no equal digits, runs, repetitions or the extension itself."
        )


def _is_repetition(pin: str) -> bool:
    return any(len(pin) % size == 0 and pin == pin[:size] * (len(pin) // size) for size in range(1, len(pin) // 2 + 1))


def _is_run(pin: str) -> bool:
    steps = {(int(after) - int(before)) % 10 for before, after in itertools.pairwise(pin)}
    return steps in ({1}, {9})

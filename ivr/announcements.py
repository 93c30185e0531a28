"""What a waiting caller is told about place and time, as sequences of prompt ids. Pure.

Honest: a place or a time is said only when it is known, can be trusted, and is not worse than what was said before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ivr.happenings import Place
from ivr.prompts import numbers
from ivr.prompts.texts import Language
from routing.estimate import Interval, spoken_minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What to say, and what has been promised by it (None: nothing new)."""

    prompts: tuple[str, ...] = ()
    place: int | None = None
    minutes: int | None = None
    #: The smaller number, 0 where only "within" was said; goes with `minutes`.
    least: int | None = None
    #: Seconds from now; goes with `minutes`.
    high_s: float | None = None


def announce(answer: Place, language: str, *, said_place: int | None, said_minutes: int | None) -> Announcement:
    """Place and estimate in the caller's language. `said_…` is what was announced before: nothing is ever said that is worse."""
    spoken: Language = "en" if language == "en" else "ko"
    place = answer.ahead
    if place is None or place < 0 or place > numbers.LARGEST or (said_place is not None and place > said_place):
        return Announcement()
    prompts = _place(place, spoken)
    span = _span(answer)
    # The larger number is what people remember.
    if span is None or (said_minutes is not None and span[1] > said_minutes):
        return Announcement(prompts=prompts, place=place)
    return Announcement(prompts=(*prompts, *_minutes(*span, spoken)), place=place, minutes=span[1], least=span[0], high_s=answer.high_s)


def _span(answer: Place) -> tuple[int, int] | None:
    """Whole minutes, widened to what can be said."""
    if answer.low_s is None or answer.high_s is None or not 0 <= answer.low_s <= answer.high_s < math.inf:
        return None
    return spoken_minutes(Interval(low_s=answer.low_s, high_s=answer.high_s))


def _place(place: int, language: Language) -> tuple[str, ...]:
    if place == 0:
        return ("place_next",)
    people = numbers.people(place, language)
    return ("place_before", *people, "place_after") if language == "ko" else ("place_before", *people)


def _minutes(low: int, high: int, language: Language) -> tuple[str, ...]:
    if low < 1:
        # 십 분 안에 …; within ten minutes.
        within = numbers.minutes(high, language)
        return (*within, "estimate_within") if language == "ko" else ("estimate_within", *within)
    if language == "ko":
        return ("estimate_about", *numbers.minutes(low, language), "estimate_from", *numbers.minutes(high, language), "estimate_until")
    return ("estimate_about", *numbers.cardinal(low, language), "estimate_to", *numbers.minutes(high, language))

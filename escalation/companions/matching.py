"""Who fits whom: district, language, time, wishes, load. Pure and explainable: each candidate with reasons for and against, nothing hidden.

A person decides; this only puts an order on the list. What makes somebody impossible (no common language, no room, left, a bad experience) is
shown with its reason as well, at the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from escalation.companions.model import Companion, Status, Times, Wanted


class Reason(StrEnum):
    """Why somebody fits, or does not."""

    # For.
    SAME_DISTRICT = "same_district"
    ANY_DISTRICT = "any_district"
    COMMON_TIME = "common_time"
    COMMON_TOPIC = "common_topic"
    GENDER_AS_WISHED = "gender_as_wished"
    AGE_AS_WISHED = "age_as_wished"
    HAS_ROOM = "has_room"
    # Against.
    OTHER_DISTRICT = "other_district"
    NO_COMMON_TIME = "no_common_time"
    NO_COMMON_TOPIC = "no_common_topic"
    GENDER_NOT_AS_WISHED = "gender_not_as_wished"
    AGE_NOT_AS_WISHED = "age_not_as_wished"
    # Impossible.
    NO_COMMON_LANGUAGE = "no_common_language"
    FULL = "full"
    NOT_ACTIVE = "not_active"
    NOT_WITH_THIS_PERSON = "not_with_this_person"


#: What each is worth. A common time weighs most: without one there are no calls.
POINTS: dict[Reason, int] = {
    Reason.COMMON_TIME: 8,
    Reason.NO_COMMON_TIME: -8,
    Reason.GENDER_AS_WISHED: 4,
    Reason.GENDER_NOT_AS_WISHED: -6,
    Reason.SAME_DISTRICT: 3,
    Reason.ANY_DISTRICT: 1,
    Reason.COMMON_TOPIC: 2,
    Reason.AGE_AS_WISHED: 2,
    Reason.AGE_NOT_AS_WISHED: -1,
    Reason.HAS_ROOM: 1,
}
IMPOSSIBLE = frozenset({Reason.NO_COMMON_LANGUAGE, Reason.FULL, Reason.NOT_ACTIVE, Reason.NOT_WITH_THIS_PERSON})


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A companion and what speaks for and against."""

    companion_id: UUID
    possible: bool
    points: int
    load: int
    #: In the order in which they are shown; a reason that counts several times (each common topic, each free place) has its count.
    reasons: tuple[tuple[Reason, int], ...]


def candidates(wanted: Wanted, companions: Iterable[Companion]) -> list[Candidate]:
    """All of them: possible ones first, by points, then by fewer people, so that nobody has all; the same for the same input."""
    found = [_candidate(wanted, one) for one in companions]
    return sorted(found, key=lambda one: (not one.possible, -one.points, one.load, one.companion_id))


def _candidate(wanted: Wanted, one: Companion) -> Candidate:
    reasons = [*_impossible(wanted, one), *_for_and_against(wanted, one)]
    return Candidate(
        companion_id=one.id,
        possible=not IMPOSSIBLE & {reason for reason, _ in reasons},
        points=sum(POINTS.get(reason, 0) * count for reason, count in reasons),
        load=one.load,
        reasons=tuple(reasons),
    )


def _impossible(wanted: Wanted, one: Companion) -> list[tuple[Reason, int]]:
    found = []
    if one.status is not Status.ACTIVE:
        found.append((Reason.NOT_ACTIVE, 1))
    if wanted.language not in one.languages:
        found.append((Reason.NO_COMMON_LANGUAGE, 1))
    if one.load >= one.most:
        found.append((Reason.FULL, 1))
    if wanted.referral_id in one.not_with:
        found.append((Reason.NOT_WITH_THIS_PERSON, 1))
    return found


def _for_and_against(wanted: Wanted, one: Companion) -> list[tuple[Reason, int]]:
    found = []
    if wanted.times:
        found.append((Reason.COMMON_TIME, 1) if _meet(wanted.times, one.times) else (Reason.NO_COMMON_TIME, 1))
    if wanted.district:
        here = Reason.SAME_DISTRICT if wanted.district in one.districts else Reason.OTHER_DISTRICT
        found.append((here if one.districts else Reason.ANY_DISTRICT, 1))
    if wanted.topics:
        common = len(wanted.topics & one.topics)
        found.append((Reason.COMMON_TOPIC, common) if common else (Reason.NO_COMMON_TOPIC, 1))
    if wanted.gender:
        found.append((Reason.GENDER_AS_WISHED if one.gender == wanted.gender else Reason.GENDER_NOT_AS_WISHED, 1))
    if wanted.age_bands:
        found.append((Reason.AGE_AS_WISHED if one.age_band in wanted.age_bands else Reason.AGE_NOT_AS_WISHED, 1))
    if one.load < one.most:
        found.append((Reason.HAS_ROOM, one.most - one.load))
    return found


def _meet(first: Iterable[Times], second: Iterable[Times]) -> bool:
    others = list(second)
    return any(a.weekday == b.weekday and max(a.starts, b.starts) < min(a.ends, b.ends) for a in first for b in others)

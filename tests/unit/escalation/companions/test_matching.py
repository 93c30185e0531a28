"""Who fits whom, and why."""

from __future__ import annotations

from datetime import time
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from escalation.companions.matching import IMPOSSIBLE, POINTS, Reason, candidates
from escalation.companions.model import Companion, Status, Times, Wanted

PERSON = UUID(int=99)
MORNING, EVENING = Times(weekday=1, starts=time(9), ends=time(12)), Times(weekday=1, starts=time(18), ends=time(21))
DISTRICTS, TOPICS = ["강북구", "도봉구", "관악구"], ["바둑", "산책", "음악"]


def companion(number: int, **more: object) -> Companion:
    """One with time in the evening."""
    values: dict[str, object] = {"id": UUID(int=number), "name": str(number), "times": (EVENING,), **more}
    return Companion(**values)  # type: ignore[arg-type]


def test_the_one_who_fits_best_is_first_and_says_why() -> None:
    """Time, district, topics, wishes."""
    wanted = Wanted(referral_id=PERSON, district="강북구", times=(EVENING,), topics=frozenset({"바둑", "산책"}), gender="f")
    people = [
        companion(1, times=(MORNING,), districts=frozenset({"강북구"}), gender="f"),
        companion(2, districts=frozenset({"강북구"}), topics=frozenset({"바둑", "산책"}), gender="f"),
        companion(3, districts=frozenset({"도봉구"}), gender="m"),
    ]
    best, *_ = found = candidates(wanted, people)
    assert [one.companion_id.int for one in found] == [2, 3, 1]
    assert dict(best.reasons) == {
        Reason.COMMON_TIME: 1, Reason.SAME_DISTRICT: 1, Reason.COMMON_TOPIC: 2, Reason.GENDER_AS_WISHED: 1, Reason.HAS_ROOM: 2,
    }  # fmt: skip
    assert Reason.NO_COMMON_TIME in dict(found[2].reasons)


def test_what_is_impossible_is_last_and_says_why() -> None:
    """Language, room, having left for a while, a bad experience."""
    wanted = Wanted(referral_id=PERSON, language="ko")
    people = [
        companion(1, languages=frozenset({"en"})), companion(2, load=2), companion(3, status=Status.PAUSED),
        companion(4, not_with=frozenset({PERSON})), companion(5, load=1),
    ]  # fmt: skip
    found = candidates(wanted, people)
    assert (found[0].companion_id.int, found[0].possible) == (5, True)
    assert [one.possible for one in found[1:]] == [False] * 4
    assert {reason for one in found[1:] for reason, _ in one.reasons} >= IMPOSSIBLE


@given(
    st.builds(
        Wanted, referral_id=st.just(PERSON), district=st.sampled_from(["", *DISTRICTS]), times=st.sampled_from([(), (EVENING,), (MORNING, EVENING)]),
        topics=st.frozensets(st.sampled_from(TOPICS)), gender=st.sampled_from(["", "f"]),
    ),
    st.lists(
        st.builds(
            companion, st.integers(1, 50), districts=st.frozensets(st.sampled_from(DISTRICTS)), topics=st.frozensets(st.sampled_from(TOPICS)),
            load=st.integers(0, 3), status=st.sampled_from(Status), gender=st.sampled_from(["", "f", "m"]),
            times=st.sampled_from([(), (MORNING,), (EVENING,)]),
        ),
        max_size=20, unique_by=lambda one: one.id,
    ),
)  # fmt: skip
def test_everybody_is_on_the_list_once_and_the_points_are_the_reasons(wanted: Wanted, people: list[Companion]) -> None:
    """Nothing is hidden; the order does not depend on the order in which they came."""
    found = candidates(wanted, people)
    assert sorted(one.companion_id for one in found) == sorted(one.id for one in people)
    assert candidates(wanted, people[::-1]) == found
    for one in found:
        assert one.points == sum(POINTS.get(reason, 0) * count for reason, count in one.reasons)
        assert one.possible == (not IMPOSSIBLE & {reason for reason, _ in one.reasons})
    possible = [one.possible for one in found]
    assert possible == sorted(possible, reverse=True)

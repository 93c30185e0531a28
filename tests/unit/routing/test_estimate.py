"""What callers are told about their wait: right often enough, never growing, and silent rather than wrong."""

from __future__ import annotations

import heapq
import random
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.estimate import Estimator, Interval, Sample, spoken_minutes

NOON = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


@dataclass
class Exchange:
    """An M/M/c+M queue: Poisson callers, exponential talks, exponential patience; first come, first served."""

    seed: int
    per_hour: float
    handling_s: float
    seats: int
    patience_s: float = float("inf")
    estimator: Estimator = field(default_factory=Estimator)
    #: Of those who were told something after 30 s and whose end shows it: whether it held.
    held: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._free, self._now = self.seats, 0.0
        self._line: deque[int] = deque()
        self._said: dict[int, tuple[Interval, float]] = {}
        self._happenings: list[tuple[float, int, str, int]] = []
        self._order = count()

    def run(self, callers: int, *, warm_up: int) -> None:
        """Let so many callers call; those after the warm-up count."""
        self._later(0, "call", 0)
        while self._happenings:
            self._now, _, what, who = heapq.heappop(self._happenings)
            match what:
                case "call":
                    self._call(who)
                    if who < callers:
                        self._later(self._dice.expovariate(self.per_hour / 3600), "call", who + 1)
                case "announce" if who in self._line:
                    ahead = self._line.index(who)
                    interval = self.estimator.interval(UUID(int=who), ahead=ahead, seats=self.seats, at=at(self._now))
                    if interval is not None and who >= warm_up:
                        self._said[who] = interval, self._now
                case "leave" if who in self._line:
                    self._line.remove(who)
                    self.estimator.gone(UUID(int=who), at(self._now))
                    self._over(who, answered=False)
                case "done":
                    self._free += 1
                    if self._line:
                        self._serve(self._line.popleft())

    def _later(self, seconds: float, what: str, who: int) -> None:
        heapq.heappush(self._happenings, (self._now + seconds, next(self._order), what, who))

    def _call(self, who: int) -> None:
        self.estimator.joined(UUID(int=who), at(self._now), ahead=len(self._line), seats=self.seats)
        if self._free:
            self._serve(who)
            return
        self._line.append(who)
        self._later(30, "announce", who)
        if self.patience_s < float("inf"):
            self._later(self._dice.expovariate(1 / self.patience_s), "leave", who)

    def _serve(self, who: int) -> None:
        self._free -= 1
        self.estimator.answered(UUID(int=who), at(self._now))
        self._over(who, answered=True)
        seconds = self._dice.expovariate(1 / self.handling_s)
        self._later(seconds, "done", who)
        self.estimator.handled(seconds, at(self._now))

    def _over(self, who: int, *, answered: bool) -> None:
        if who in self._said:
            interval, since = self._said[who]
            waited_s = self._now - since
            if answered or waited_s > interval.high_s:
                self.held.append(answered and interval.low_s <= waited_s <= interval.high_s)


@pytest.mark.parametrize("patience_s", [float("inf"), 900.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_four_callers_in_five_are_answered_within_what_they_were_told(seed: int, patience_s: float) -> None:
    """Three seats, talks of 20 minutes, nearly always busy; with callers who stay and with callers who leave."""
    exchange = Exchange(seed=seed, per_hour=8.3, handling_s=1200, seats=3, patience_s=patience_s)
    exchange.run(3000, warm_up=200)
    assert len(exchange.held) > 300
    assert 0.7 <= sum(exchange.held) / len(exchange.held) <= 0.95
    assert 0.7 <= (exchange.estimator.calibration() or 0) <= 0.95


def taught(*, calls: int = 60, handled_s: float = 600.0, waited_s: float = 300.0) -> Estimator:
    """An estimator with a past: one caller ahead, two seats, waits between half and one and a half of `waited_s`."""
    estimator = Estimator()
    estimator.load(
        Sample(
            queued_at=at(-10_000 + number),
            ahead=1,
            seats=2,
            answered_at=at(-10_000 + number + waited_s * (0.5 + number * 37 % calls / calls)),
            predicted_s=waited_s,
            handled_s=handled_s,
        )
        for number in range(calls)
    )
    return estimator


ANNA, BO = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("estimator", "ahead", "seats"),
    [
        (Estimator(), 0, 3),
        (taught(calls=19), 0, 3),
        (taught(), 1, 0),
        (taught(), 500, 2),
        (taught(handled_s=7200.0), 1, 2),
    ],
    ids=["knows nothing", "knows too little", "nobody on duty", "an hour or more", "predictions that never hold"],
)  # fmt: skip
def test_without_ground_to_stand_on_nothing_is_said(estimator: Estimator, ahead: int, seats: int) -> None:
    """Silence is honest, a guess is not."""
    if (ahead, seats) == (1, 2):
        # Every wait now lies far outside of what is expected of it.
        for number in range(200):
            estimator.joined(UUID(int=100 + number), at(0), ahead=1, seats=2)
        for number in range(200):
            estimator.answered(UUID(int=100 + number), at(30 if number % 2 else 50_000))
        assert (estimator.calibration() or 0) < 0.7
    assert estimator.interval(ANNA, ahead=ahead, seats=seats, at=at(0)) is None


def test_an_interval_too_wide_to_help_anybody_is_not_said() -> None:
    """Between five minutes and three quarters of an hour is no answer."""
    estimator = taught()
    assert estimator.interval(ANNA, ahead=1, seats=2, at=at(0)) is not None
    wild = Estimator()
    wild.load(
        Sample(queued_at=at(0), ahead=0, seats=1, answered_at=at(30 * 1.12**number), predicted_s=600, handled_s=600) for number in range(40)
    )
    assert wild.interval(ANNA, ahead=0, seats=1, at=at(0)) is None


def test_more_callers_ahead_or_fewer_seats_mean_a_longer_wait() -> None:
    """And the first of them is served by a talk already under way."""
    estimator = taught()
    waits = [estimator.predict(ahead=ahead, seats=3) or 0 for ahead in range(20)]
    assert waits == sorted(waits)
    assert (estimator.predict(ahead=3, seats=1) or 0) > (estimator.predict(ahead=3, seats=2) or 0)
    # All talks last 600 s: what is under way lasts half of it on average.
    assert estimator.predict(ahead=1, seats=2) == pytest.approx(300 * 0.5 + 300)


def test_who_leaves_unanswered_counts_as_a_longer_wait_than_they_waited() -> None:
    """Taken for an answer it would make the line look quick; left out, the long waits would be missing."""

    def learnt(*, left: bool | None) -> float:
        estimator = taught()
        for number in range(30):
            estimator.joined(UUID(int=100 + number), at(0), ahead=1, seats=2)
            if left is None:
                estimator.gone(UUID(int=100 + number))
            elif left:
                estimator.gone(UUID(int=100 + number), at(400))
            else:
                estimator.answered(UUID(int=100 + number), at(400))
        expected = estimator._calibration.range(300, 2)
        assert expected is not None
        return expected.middle_s

    assert learnt(left=True) > learnt(left=False)
    assert learnt(left=True) > learnt(left=None)


def test_a_promise_is_kept_over_a_restart() -> None:
    """What was said before binds: neither the instant nor the place becomes a worse one."""
    estimator = taught()
    estimator.promised(ANNA, at(330), place=2)
    told = estimator.interval(ANNA, ahead=1, seats=2, at=at(0))
    assert told is None or told.high_s <= 330
    assert estimator.place(ANNA, 2) is None
    assert estimator.place(ANNA, 1) == 2
    assert estimator.told(ANNA)[1] == 2
    assert estimator.place(BO, 2) == 3


def test_when_reality_has_overtaken_the_promise_nothing_is_said() -> None:
    """Not a later instant, and not the old one which nobody believes."""
    estimator = taught()
    first = estimator.interval(ANNA, ahead=1, seats=2, at=at(0))
    assert first is not None
    assert estimator.interval(ANNA, ahead=1, seats=2, at=at(first.high_s - 60)) is None
    assert estimator.interval(ANNA, ahead=1, seats=2, at=at(first.high_s + 1)) is None


def test_asking_without_promising_binds_nobody() -> None:
    """A supervisor's screen looks too."""
    estimator = taught()
    estimator.interval(ANNA, ahead=0, seats=2, at=at(0), promise=False)
    assert estimator.told(ANNA) == (None, None)


@pytest.mark.parametrize(
    ("seconds", "minutes"),
    [
        ((0, 20), (0, 1)),
        ((59, 61), (0, 2)),
        ((180, 420), (3, 7)),
        ((599, 600), (9, 10)),
        ((610, 610), (10, 15)),
        ((899, 901), (10, 20)),
        ((1500, 2700), (25, 45)),
    ],
)  # fmt: skip
def test_minutes_are_rounded_outwards_for_speech(seconds: tuple[float, float], minutes: tuple[int, int]) -> None:
    """Whole minutes up to ten, then steps of five; the two never fall together."""
    assert spoken_minutes(Interval(low_s=seconds[0], high_s=seconds[1])) == minutes


moments = st.floats(0, 600)
questions = st.lists(st.tuples(moments, st.integers(-2, 40), st.integers(-1, 6)), max_size=30)


@settings(deadline=None, max_examples=200)
@given(questions)
def test_what_a_caller_is_told_never_grows(asked: list[tuple[float, int, int]]) -> None:
    """However the line moves: the instant of the upper end, and the number that is spoken, only become smaller."""
    estimator = taught()
    now, until, minutes = 0.0, float("inf"), 10**6
    for passed, ahead, seats in asked:
        now += passed
        told = estimator.interval(ANNA, ahead=ahead, seats=seats, at=at(now))
        if told is None:
            continue
        assert 0 <= told.low_s <= told.high_s
        # Instants are kept to the microsecond.
        assert now + told.high_s <= until + 1e-5
        assert spoken_minutes(told)[1] <= minutes
        until, minutes = now + told.high_s, spoken_minutes(told)[1]


anything = st.one_of(
    st.tuples(st.just("joined"), st.integers(-5, 10**6), st.integers(-5, 10**6)),
    st.tuples(st.just("answered"), st.just(0), st.just(0)),
    st.tuples(st.just("gone"), st.integers(0, 1), st.just(0)),
    st.tuples(st.just("handled"), st.floats(), st.just(0)),
    st.tuples(st.just("interval"), st.integers(-5, 10**6), st.integers(-5, 10**6)),
    st.tuples(st.just("promised"), st.integers(-5, 10), st.just(0)),
)


@settings(deadline=None, max_examples=200)
@given(st.booleans(), st.lists(st.tuples(anything, st.integers(1, 4), st.floats(-1e8, 1e8)), max_size=60))
def test_nothing_that_happens_makes_it_fail(with_past: bool, happenings: list[tuple[tuple[str, float, int], int, float]]) -> None:
    """Doubled, late, unknown, impossible, with a clock that jumps."""
    estimator = taught() if with_past else Estimator()
    for (what, first, second), who, seconds in happenings:
        contact, now = UUID(int=who), at(seconds)
        match what:
            case "joined":
                predicted = estimator.joined(contact, now, ahead=int(first), seats=second)
                assert predicted is None or predicted > 0
            case "answered":
                estimator.answered(contact, now)
            case "gone":
                estimator.gone(contact, now if first else None)
            case "handled":
                estimator.handled(first, now)
            case "promised":
                estimator.promised(contact, now, int(first))
            case _:
                told = estimator.interval(contact, ahead=int(first), seats=second, at=now)
                assert told is None or 0 <= told.low_s <= told.high_s < 3600 * 24
    share = estimator.calibration()
    assert share is None or 0 <= share <= 1

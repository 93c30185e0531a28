"""How long a caller will still wait: an honest interval, or nothing. Pure; standard library only, time is handed in.

Prediction. With s busy seats and a mean handling time h somebody leaves a seat every h/s seconds; the first of those whom a caller waits for
is already under way, which matters where handling times vary little (squared coefficient of variation c²: the rest of a talk under way lasts
h(1 + c²)/2 on average); and j people who wait leave at the rate jθ without being answered. So with n callers ahead

    P = (h/s)(1 + c²)/2 + Σ over j = 1…n of 1/(s/h + jθ)

which is (n + 1)·h/s for exponential handling times and patient callers (Whitt 1999; Ibrahim and Whitt 2009). h, c² and θ are those of the
latest calls. `routing.calibration` turns P into an interval of which the latest waits say that five in six fall into it.

Silence. Nothing is said without enough recent calls, with nobody on duty, when it would be an hour or more, when the interval is too wide to
help anybody, when the latest intervals did not hold, and when a caller has been told an instant that is not to be kept any more. An instant
once said never moves later for the same caller.

A caller who leaves without being answered counts as having waited longer than they did. Waits shorter than `AT_ONCE_S` are not the line's:
a seat was free.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from routing.calibration import ENOUGH, WINDOW, Calibration, Range

T = TypeVar("T")

#: Whoever is answered within this met a free seat; nobody is told anything before it either.
AT_ONCE_S = 20.0
#: Nothing is said of an hour or more.
FAR_S = 3600.0
#: An interval is too wide when its upper end is both later than this and more than so many times its lower one.
WIDE_S = 1200.0
WIDE_RATIO = 6.0
#: Intervals are believed while at least this share of the latest ones held.
TRUSTED_SHARE = 0.7
#: Callers that are remembered at most; a forgotten `gone` must not fill the memory.
MOST_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Seconds from now."""

    low_s: float
    high_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A past call, as the database has it."""

    #: None: it did not wait as the line's callers do and counts for the handling time only.
    queued_at: datetime | None = None
    #: Callers ahead and counsellors on duty when it joined.
    ahead: int = 0
    seats: int = 0
    #: Answered, or left; None for both: nothing is known of its wait.
    answered_at: datetime | None = None
    left_at: datetime | None = None
    #: What was predicted then; None: no prediction was possible.
    predicted_s: float | None = None
    #: Talk and wrap-up, if it was answered and is over.
    handled_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Joined:
    at: datetime
    place: int
    predicted_s: float | None
    said: Range | None


class Estimator:
    """Learns from every call, tells a caller what to expect. No method ever fails; unknown callers are ignored."""

    def __init__(self) -> None:
        self._calibration = Calibration()
        self._handled: deque[float] = deque(maxlen=WINDOW)
        #: Of the latest callers: seconds waited, and whether they left unanswered.
        self._waited: deque[tuple[float, bool]] = deque(maxlen=WINDOW)
        #: What `_measure` found; None: to be measured again.
        self._pace: tuple[float, float, float] | None = None
        self._joined: dict[UUID, _Joined] = {}
        self._until: dict[UUID, datetime] = {}
        self._places: dict[UUID, int] = {}

    # --- what happened

    def joined(self, contact_id: UUID, at: datetime, *, ahead: int, seats: int) -> float | None:
        """A caller entered the line behind `ahead` others with `seats` counsellors on duty. Returns the predicted wait in seconds.

        Not for a caller whom a restarted program found waiting: `promised` is.
        """
        predicted_s = self.predict(ahead=ahead, seats=seats)
        place = max(0, ahead) + 1
        said = None if predicted_s is None else self._calibration.range(predicted_s, place)
        _remember(self._joined, contact_id, _Joined(at=at, place=place, predicted_s=predicted_s, said=said))
        return predicted_s

    def answered(self, contact_id: UUID, at: datetime) -> None:
        """Somebody took the call."""
        self._over(contact_id, at, answered=True)

    def gone(self, contact_id: UUID, at: datetime | None = None) -> None:
        """The caller does not wait any more, and nobody answered. Without `at` their wait teaches nothing."""
        if at is None:
            self._joined.pop(contact_id, None)
        self._over(contact_id, at, answered=False)

    def handled(self, seconds: float, at: datetime | None = None) -> None:
        """A talk and its wrap-up took so long."""
        if 0 < seconds < math.inf:
            # Less than a second or more than a day is a fault of somebody's record.
            self._handled.append(min(max(seconds, 1.0), 86_400.0))
            self._pace = None

    def promised(self, contact_id: UUID, until: datetime | None, place: int | None = None) -> None:
        """What a caller was told before a restart; neither grows afterwards."""
        if until is not None:
            _remember(self._until, contact_id, min(until, self._until.get(contact_id, until)))
        if place is not None:
            _remember(self._places, contact_id, min(place, self._places.get(contact_id, place)))

    def load(self, samples: Iterable[Sample]) -> int:
        """Learn from past calls, oldest first, as if they happened now. Returns how many waits taught something."""
        taught = 0
        for sample in samples:
            if sample.handled_s is not None:
                self.handled(sample.handled_s)
            end = sample.answered_at or sample.left_at
            if end is None or sample.queued_at is None:
                continue
            place = max(0, sample.ahead) + 1
            said = None if sample.predicted_s is None else self._calibration.range(sample.predicted_s, place)
            joined = _Joined(at=sample.queued_at, place=place, predicted_s=sample.predicted_s, said=said)
            taught += self._learn(joined, end, answered=sample.answered_at is not None)
        return taught

    # --- what to say

    def predict(self, *, ahead: int, seats: int) -> float | None:
        """The raw prediction P in seconds; None with nobody on duty or before enough talks were seen."""
        if seats < 1 or len(self._handled) < ENOUGH:
            return None
        if self._pace is None:
            self._pace = self._measure()
        mean, variation, leaving = self._pace
        first = mean / seats * (1 + variation) / 2
        if not leaving:
            return first + max(0, ahead) * mean / seats
        return first + sum(1 / (seats / mean + j * leaving) for j in range(1, max(0, ahead) + 1))

    def interval(self, contact_id: UUID, *, ahead: int, seats: int, at: datetime, promise: bool = True) -> Interval | None:
        """What the caller may be told now; None: say nothing. With `promise` its upper end binds what is said to them later."""
        share = self._calibration.share()
        predicted_s = self.predict(ahead=ahead, seats=seats)
        if predicted_s is None or (share is not None and share < TRUSTED_SHARE):
            return None
        expected = self._calibration.range(predicted_s, max(0, ahead) + 1)
        if expected is None or expected.low_s >= FAR_S:
            return None
        until = at + timedelta(seconds=min(expected.high_s, 24 * FAR_S))
        if (told := self._until.get(contact_id)) is not None and told < until:
            until = told
        high_s = (until - at).total_seconds()
        # More likely than not later than was promised: reality has overtaken it.
        if high_s <= 0 or expected.middle_s > high_s:
            return None
        if high_s > WIDE_S and high_s > WIDE_RATIO * expected.low_s:
            return None
        if promise:
            _remember(self._until, contact_id, until)
        return Interval(low_s=expected.low_s, high_s=high_s)

    def place(self, contact_id: UUID, ahead: int) -> int | None:
        """The place to say (1 is next), which then binds; None when it would be a worse one than was said before."""
        place = max(0, ahead) + 1
        if place > self._places.get(contact_id, place):
            return None
        _remember(self._places, contact_id, place)
        return place

    def told(self, contact_id: UUID) -> tuple[datetime | None, int | None]:
        """The latest instant and the place that bind what is said to a caller, to be kept across a restart."""
        return self._until.get(contact_id), self._places.get(contact_id)

    def calibration(self) -> float | None:
        """Of the latest intervals that were or could have been said at joining, the share that held; None: too few to tell."""
        return self._calibration.share()

    # --- how

    def _over(self, contact_id: UUID, at: datetime | None, *, answered: bool) -> None:
        self._until.pop(contact_id, None)
        self._places.pop(contact_id, None)
        joined = self._joined.pop(contact_id, None)
        if joined is not None and at is not None:
            self._learn(joined, at, answered=answered)

    def _learn(self, joined: _Joined, at: datetime, *, answered: bool) -> bool:
        waited_s = (at - joined.at).total_seconds()
        # Less than nothing: the machine's clock was set meanwhile.
        if waited_s < 0 or (answered and waited_s < AT_ONCE_S):
            return False
        self._waited.append((waited_s, not answered))
        self._pace = None
        if joined.predicted_s is None or waited_s < AT_ONCE_S:
            return False
        self._calibration.add(joined.predicted_s, joined.place, waited_s, answered=answered, said=joined.said)
        return True

    def _measure(self) -> tuple[float, float, float]:
        """Mean handling time, its squared coefficient of variation, and how many callers leave per second and waiting caller."""
        mean = sum(self._handled) / len(self._handled)
        variation = sum((value - mean) ** 2 for value in self._handled) / len(self._handled) / mean**2
        total = sum(waited_s for waited_s, _ in self._waited)
        left = sum(left for _, left in self._waited)
        # A few marathons among the latest talks must not make everybody's rest endless.
        return mean, min(variation, 2.0), left / total if total > 0 and len(self._waited) >= ENOUGH else 0.0


def spoken_minutes(interval: Interval) -> tuple[int, int]:
    """The interval in minutes for speech: outwards to whole minutes, above ten to steps of five. A low of 0 is said as "within …".

    The upper number never grows either: its instant does not move later while time goes on.
    """
    low, high = interval.low_s / 60, interval.high_s / 60
    lower = math.floor(low) if low < 10 else 5 * math.floor(low / 5)
    upper = max(1, math.ceil(high) if high <= 10 else 5 * math.ceil(high / 5))
    return min(lower, upper - 1), upper


def _remember(where: dict[UUID, T], contact_id: UUID, what: T) -> None:
    where[contact_id] = what
    if len(where) > MOST_REMEMBERED:
        del where[next(iter(where))]

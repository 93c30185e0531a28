"""How far predictions of a wait were off lately, and what that allows to say about the next one. Pure; standard library only.

A predicted wait P of somebody at place k (1 is next) is compared with the wait W by the score z = 3√k · ((W/P)^⅓ − 1 + 1/(9k)). With s
busy seats of exponential handling times W/P is a gamma variable of shape k divided by k, whose cube root is nearly normal (Wilson and
Hilferty 1931), so scores of all places may be put in one pot: the first place's W is anything from a tenth of P to more than twice P, the
tenth's is within 40 % of it. Nothing rests on the model being right: the bounds said are quantiles of the scores that were really met
(split conformal prediction), so a line whose predictions are wrong gets bounds that are shifted or wide.

Callers who leave before anybody answers are neither thrown away (the long waits would be missing) nor taken as answered: their wait is
known to be longer than what they waited. The quantiles are those of the product-limit estimate (Kaplan and Meier 1958).
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from statistics import NormalDist

#: So many of the latest waits count.
WINDOW = 200
#: Fewer answered waits than this say nothing.
ENOUGH = 20
#: This share of the waits is to be below what is announced, and as many above. A tenth each would be four in five within it, if lines did
#: not change while they are learnt from; measured on queues that fill and drain it was three in four.
TAIL = 0.08

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Seconds: `TAIL` of the waits is below `low_s`, half below `middle_s`, `TAIL` above `high_s`."""

    low_s: float
    middle_s: float
    high_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Score:
    value: float
    #: Somebody answered; otherwise the caller left and the wait would have been longer.
    answered: bool


class Calibration:
    """The latest scores, and whether the ranges made from those before them held."""

    def __init__(self) -> None:
        self._scores: deque[_Score] = deque(maxlen=WINDOW)
        self._held: deque[bool] = deque(maxlen=WINDOW)
        self._quantiles: tuple[float, float, float] | None = None

    def add(self, predicted_s: float, place: int, waited_s: float, *, answered: bool, said: Range | None) -> None:
        """A wait is over. `said` is the range that was, or could have been, announced for it at its beginning."""
        if not (0 < predicted_s < math.inf and 0 <= waited_s < math.inf and place >= 1):
            return
        self._scores.append(_Score(value=_score(waited_s / predicted_s, place), answered=answered))
        self._quantiles = None
        if said is None:
            return
        if answered:
            self._held.append(said.low_s <= waited_s <= said.high_s)
        elif waited_s > said.high_s:
            self._held.append(False)
        # Who left earlier proves nothing: they might have been answered within the range.

    @property
    def enough(self) -> bool:
        """Whether there are enough answered waits to say anything."""
        return sum(score.answered for score in self._scores) >= ENOUGH

    def share(self) -> float | None:
        """Of the ranges whose end is known, how many held (0 to 1); None while fewer than `ENOUGH` are."""
        return sum(self._held) / len(self._held) if len(self._held) >= ENOUGH else None

    def range(self, predicted_s: float, place: int) -> Range | None:
        """What to expect of a wait predicted so; None without enough waits to learn from."""
        if not self.enough or not 0 < predicted_s < math.inf or place < 1:
            return None
        if self._quantiles is None:
            self._quantiles = _quantiles(list(self._scores))
        low, middle, high = (predicted_s * _ratio(quantile, place) for quantile in self._quantiles)
        return Range(low_s=low, middle_s=middle, high_s=high)


def _score(ratio: float, place: int) -> float:
    return float(3 * place**0.5 * (ratio ** (1 / 3) - 1 + 1 / (9 * place)))


def _ratio(score: float, place: int) -> float:
    """`_score` the other way round."""
    return float(max(0.0, 1 - 1 / (9 * place) + score / (3 * place**0.5)) ** 3)


def _quantiles(scores: list[_Score]) -> tuple[float, float, float]:
    """The scores at `TAIL`, a half and 1 - `TAIL`, widened as a sample of this size demands."""
    answered = sum(score.answered for score in scores)
    # Of two equal scores the answered one comes first: who left at that moment would have waited longer.
    ordered = sorted(scores, key=lambda score: (score.value, not score.answered))
    widened = min(1.0, (1 - TAIL) * (answered + 1) / answered)
    low = _product_limit(ordered, 1 - widened)
    middle = _product_limit(ordered, 0.5)
    high = _product_limit(ordered, widened)
    highest = ordered[-1].value
    # Where everybody with a long wait has left, nothing is known of the end; it is taken from the model, and never below what was met.
    return (
        ordered[0].value if low is None else low,
        max(highest, 0.0) if middle is None else middle,
        max(highest, _NORMAL.inv_cdf(1 - TAIL)) if high is None else high,
    )


def _product_limit(ordered: list[_Score], level: float) -> float | None:
    """The lowest score at which at least `level` of all waits are over; None where so many never are."""
    left, longer = len(ordered), 1.0
    for score in ordered:
        if score.answered:
            longer *= 1 - 1 / left
            if 1 - longer >= level - 1e-9:
                return score.value
        left -= 1
    return None

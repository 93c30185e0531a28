"""Figures of a set of samples."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of sorted samples: a value that really occurred. `share` is 0 to 1; no samples: NaN."""
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What the table shows of one measure; milliseconds."""

    n: int
    p50: float
    p90: float
    p99: float
    largest: float

    @classmethod
    def of(cls, samples: Iterable[float]) -> Summary:
        """Summarise samples in any order."""
        ordered = sorted(samples)
        return cls(
            n=len(ordered),
            p50=percentile(ordered, 0.50),
            p90=percentile(ordered, 0.90),
            p99=percentile(ordered, 0.99),
            largest=ordered[-1] if ordered else math.nan,
        )

    def figures(self) -> dict[str, float | None]:
        """The two figures of the result line; JSON has no NaN, so a measure without samples is null."""
        return {"p50": rounded(self.p50), "p99": rounded(self.p99)}


def rounded(value: float, digits: int = 2) -> float | None:
    """A figure as JSON can carry it."""
    return None if math.isnan(value) else round(value, digits)

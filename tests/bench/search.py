"""Looking for the highest rate a system sustains: short probes upwards, then full steps around the edge."""

from __future__ import annotations

from dataclasses import dataclass, field

#: Calls per second that are tried.
LADDER = (2, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95, 100, 110, 120, 130, 140, 150, 160, 180, 200)
_PROBES = (20, 40, 80, 120, 160, 200)


@dataclass(slots=True)
class Search:
    """One system's search. Ask `next`, run that step, tell `record`; only full steps count for the result."""

    probe_s: float
    full_s: float
    ladder: tuple[int, ...] = LADDER
    #: Highest rate of the ladder (its index) that passed a full step, and lowest that failed any.
    _confirmed: int = -1
    _failed: int = field(default=-1)
    _probed: list[int] = field(default_factory=list)
    _probing: bool = True

    def __post_init__(self) -> None:
        self._failed = len(self.ladder)

    @property
    def result(self) -> int:
        """The highest rate that passed a full step; 0 when none did."""
        return self.ladder[self._confirmed] if self._confirmed >= 0 else 0

    def next(self) -> tuple[int, float] | None:
        """Rate and seconds of the next step, or None when the edge is found."""
        if self._probing:
            last = max(self._probed, default=-1)
            ahead = [rate for rate in _PROBES if rate in self.ladder and last < self.ladder.index(rate) < self._failed]
            if ahead:
                return ahead[0], self.probe_s
            self._probing = False
        if self._failed - self._confirmed <= 1:
            return None
        # What a short probe promised comes first; then the middle of what is left.
        if self._confirmed < 0 and (promised := [index for index in self._probed if index < self._failed]):
            return self.ladder[max(promised)], self.full_s
        return self.ladder[(self._confirmed + self._failed) // 2], self.full_s

    def record(self, rate: int, passed: bool) -> None:
        """The step's outcome."""
        index = self.ladder.index(rate)
        if not passed:
            self._failed = min(self._failed, index)
            self._confirmed = min(self._confirmed, index - 1)
            self._probing = False
        elif self._probing:
            self._probed.append(index)
        else:
            self._confirmed = max(self._confirmed, index)

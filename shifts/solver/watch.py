"""How a search is ended, by the clock or by a stop, and made the same way twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ortools.sat.python import cp_model

from shifts.solver.effort import Effort

#: How often a stop is passed on to a search under way.
_PATIENCE_S = 0.05


class Watch:
    """A deadline and a stop signal, for one search."""

    def __init__(self, effort: Effort, stop: threading.Event | None = None) -> None:
        self.effort = effort
        self._stop = stop or threading.Event()
        self._began = time.monotonic()

    @property
    def stopped(self) -> bool:
        """Whether somebody wants it to end."""
        return self._stop.is_set()

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began

    @property
    def left(self) -> float:
        """Seconds; unlimited where steps are counted instead."""
        return 3600.0 if self.effort.steps is not None else max(0.0, self.effort.seconds - self.elapsed)

    def expired(self) -> bool:
        """Whether to stop for either reason."""
        return self.stopped or self.left <= 0

    def share(self, part: float) -> float:
        """A part of the whole time, as far as it is left."""
        return min(self.left, part * self.effort.seconds)

    def solve(self, model: cp_model.CpModel, seconds: float, callback: cp_model.CpSolverSolutionCallback | None = None) -> Solved:
        """One CP-SAT search, ended by the clock (or its deterministic stand-in) or by the stop signal."""
        solver = cp_model.CpSolver()
        parameters = solver.parameters
        parameters.random_seed = self.effort.seed
        if self.effort.steps is None:
            parameters.num_workers, parameters.max_time_in_seconds = max(2, self.effort.workers), max(0.05, min(seconds, self.left))
        else:
            parameters.num_workers, parameters.interleave_search, parameters.max_deterministic_time = 8, True, seconds
        if self.stopped:
            return Solved(solver, cp_model.UNKNOWN)
        with self._passing_on(solver):
            status = solver.solve(model, callback)
        return Solved(solver, status)

    @contextmanager
    def _passing_on(self, solver: cp_model.CpSolver) -> Iterator[None]:
        done = threading.Event()

        def watch() -> None:
            while not done.wait(_PATIENCE_S):
                if self._stop.is_set():
                    # Again until it has ended: a stop that comes before the search has begun is lost.
                    solver.stop_search()

        thread = threading.Thread(target=watch, name="solver-stop", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


@dataclass(frozen=True, slots=True)
class Solved:
    """A search that has ended. Values may be read only where there is a solution: without one the library returns garbage, not an error."""

    solver: cp_model.CpSolver
    status: cp_model.CpSolverStatus

    @property
    def found(self) -> bool:
        """Whether there is a solution."""
        return self.status in {cp_model.OPTIMAL, cp_model.FEASIBLE}

    @property
    def optimal(self) -> bool:
        """Whether it is proved that there is none better."""
        return self.status == cp_model.OPTIMAL

    @property
    def infeasible(self) -> bool:
        """Whether it is proved that there is none at all."""
        return self.status == cp_model.INFEASIBLE

"""Many seeds, spread over processes: what `annyeong120 simulate --seeds 1-60` and the tests run."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from helpline.simulation.broken import parts
from helpline.simulation.program import config
from helpline.simulation.run import Job, Result, simulate

#: With it sets of words have the same order in every process, so that a seed is the same everywhere.
HASH_SEED = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A job, and which program is to do it: the real one (""), or one that is broken on purpose."""

    job: Job
    router: str = ""


def deterministic() -> bool:
    """Whether this process gives the same answers as any other one."""
    return os.environ.get("PYTHONHASHSEED") == HASH_SEED


def work(task: Task) -> Result:
    """One task, in this process."""
    return simulate(task.job, config(parts(task.router)))


def run(tasks: Iterable[Task], *, processes: int | None = None, as_they_come: bool = False) -> Iterator[Result]:
    """Results in the tasks' order, or as they come. Every task runs in a process that gives the same answers as any other.

    `processes`: so many at once; by default as many as there are processors.
    """
    before = os.environ.get("PYTHONHASHSEED")
    os.environ["PYTHONHASHSEED"] = HASH_SEED
    try:
        context = multiprocessing.get_context("spawn")
        with context.Pool(processes or os.cpu_count() or 1, maxtasksperchild=50) as pool:
            yield from (pool.imap_unordered if as_they_come else pool.imap)(work, tasks)
    finally:
        if before is None:
            del os.environ["PYTHONHASHSEED"]
        else:
            os.environ["PYTHONHASHSEED"] = before

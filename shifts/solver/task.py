"""What is searched: people with patterns of their own, cells that cost, and rows that count over people. Pure but for numpy.

A choice is a number: 0 is off, others are shifts. A plan is one row of choices a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shifts.solver.patterns import Ints, Patterns

Plan = list[Ints]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """So many are needed among some cells; each one too few and too many costs."""

    #: Person, day, choice.
    cells: Ints
    needed: int
    under: int = 0
    over: int = 0
    #: How much each cell counts; None: one.
    sizes: Ints | None = None
    #: What it stands for, for whoever explains a result.
    name: tuple[object, ...] = ()

    @property
    def counts(self) -> Ints:
        """How much each cell counts."""
        return np.ones(len(self.cells), dtype=np.int64) if self.sizes is None else self.sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two shifts of one person (day, choice) with nothing but days off between that cost when both are worked.

    A first shift before the plan: None, and true; `off` names those of the days between that are in the plan.
    """

    person: int
    first: tuple[int, int] | None
    off: tuple[int, ...]
    then: tuple[int, int]
    cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Who, at what own cost by person, day and choice (whole numbers), and what they give together."""

    costs: Ints
    rows: tuple[Row, ...]
    #: What the patterns of `people` charge by themselves, said once more for the other model and for `cost`.
    pairs: tuple[Pair, ...] = ()
    constant: int = 0
    #: Everybody's lawful patterns, as far as they could be unfolded.
    people: tuple[Patterns, ...] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """People, days, choices."""
        people, days, choices = self.costs.shape
        return people, days, choices

    def cost(self, plan: Sequence[Ints]) -> int:
        """What a plan costs. Says nothing about its being lawful."""
        table = np.asarray(plan)
        people, days, _ = self.shape
        own = int(self.costs[np.arange(people)[:, None], np.arange(days)[None, :], table].sum())
        paired = sum(
            pair.cost
            for pair in self.pairs
            if table[pair.person, pair.then[0]] == pair.then[1]
            and not table[pair.person, list(pair.off)].any()
            and (pair.first is None or table[pair.person, pair.first[0]] == pair.first[1])
        )
        return self.constant + own + paired + sum(self.missed(row, table) for row in self.rows)

    @staticmethod
    def missed(row: Row, table: Ints) -> int:
        """What one row costs in a plan given as a table, people by days."""
        if not len(row.cells):
            return row.under * row.needed
        found = int(row.counts[table[row.cells[:, 0], row.cells[:, 1]] == row.cells[:, 2]].sum())
        return row.under * max(0, row.needed - found) + row.over * max(0, found - row.needed)

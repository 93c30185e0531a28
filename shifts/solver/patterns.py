"""Every lawful pattern of one person as a layered graph, and the cheapest of them by dynamic programming.

A person's rules look only at that person's own days, so they are a language over days. It is given as a step function over states (rows of
whole numbers); states reached day by day are its layers. A cheapest path then takes a millisecond, for any price of a shift on a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

#: More arcs than this in one layer and the graph costs more than it gains.
MOST_ARCS = 400_000


class TooLarge(Exception):
    """The rules need more states than can be looked through in time."""


class Rules(Protocol):
    """One person's rules; states are rows of whole numbers, none negative."""

    def start(self) -> Ints:
        """The state before the first day: one row."""

    def step(self, day: int, states: Ints, choice: int) -> tuple[Ints, Floats, Mask]:
        """From each state by a choice (0: off): the state after it, what the step costs by itself, and whether it is allowed."""

    def end(self, states: Ints) -> tuple[Floats, Mask]:
        """After the last day: what a state costs and whether it is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    #: Arcs sorted by the state they lead to.
    source: Ints
    target: Ints
    choice: Ints
    cost: Floats
    #: Where each target's arcs begin; every target has some.
    begins: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Patterns:
    """The graph. `choices` includes 0, off."""

    days: int
    choices: int
    layers: tuple[_Layer, ...]
    end_cost: Floats

    @property
    def arcs(self) -> int:
        """Its size."""
        return sum(len(layer.source) for layer in self.layers)

    def cheapest(self, price: Floats, number: int = 1) -> list[tuple[float, float, Ints]]:
        """Cheapest patterns with different ends, for a price by day and choice: (price, cost of the pattern's own, choices by day), cheapest first."""
        values, bests = self._forward(price)
        total = values[-1] + self.end_cost
        ends = np.argsort(total, kind="stable")[:number]
        return [(float(total[end]), *self._trace(int(end), bests)) for end in ends if np.isfinite(total[end])]

    def own(self, days: Ints) -> float | None:
        """What a pattern costs by itself; None: it is not lawful."""
        state, cost = 0, 0.0
        for layer, choice in zip(self.layers, days.tolist(), strict=True):
            arcs = np.flatnonzero((layer.source == state) & (layer.choice == choice))
            if not len(arcs):
                return None
            state, cost = int(layer.target[arcs[0]]), cost + float(layer.cost[arcs[0]])
        return cost + float(self.end_cost[state])

    def through(self, price: Floats) -> Floats:
        """The price of the cheapest pattern that makes a choice on a day, for each (infinite: none does)."""
        values, _ = self._forward(price)
        found = np.full((self.days, self.choices), np.inf)
        after = self.end_cost
        for day in range(self.days - 1, -1, -1):
            layer = self.layers[day]
            arc = layer.cost + price[day, layer.choice] + after[layer.target]
            np.minimum.at(found[day], layer.choice, values[day][layer.source] + arc)
            before = np.full(len(values[day]), np.inf)
            np.minimum.at(before, layer.source, arc)
            after = before
        return found

    def _forward(self, price: Floats) -> tuple[list[Floats], list[Floats]]:
        values, arcs = [np.zeros(1)], []
        for day, layer in enumerate(self.layers):
            arc = values[-1][layer.source] + layer.cost + price[day, layer.choice]
            arcs.append(arc)
            values.append(np.minimum.reduceat(arc, layer.begins))
        return values, arcs

    def _trace(self, state: int, arcs: list[Floats]) -> tuple[float, Ints]:
        cost, days = float(self.end_cost[state]), np.zeros(self.days, dtype=np.int64)
        for day in range(self.days - 1, -1, -1):
            layer = self.layers[day]
            first = int(layer.begins[state])
            last = int(layer.begins[state + 1]) if state + 1 < len(layer.begins) else len(layer.source)
            arc = first + int(np.argmin(arcs[day][first:last]))
            cost += float(layer.cost[arc])
            days[day] = layer.choice[arc]
            state = int(layer.source[arc])
        return cost, days


def unfold(rules: Rules, days: int, choices: int) -> Patterns:
    """The graph of a person's rules. Raises `TooLarge`, and `ValueError` where no pattern is lawful at all."""
    states = rules.start()
    rows: list[tuple[Ints, Ints, Ints, Floats, int]] = []
    for day in range(days):
        sources, targets, made, costs = [], [], [], []
        for choice in range(choices):
            after, cost, allowed = rules.step(day, states, choice)
            kept = np.flatnonzero(allowed)
            sources.append(kept)
            targets.append(after[kept])
            costs.append(cost[kept])
            made.append(np.full(len(kept), choice, dtype=np.int64))
        source = np.concatenate(sources)
        if not len(source):
            raise ValueError(f"no lawful pattern reaches day {day}")
        if len(source) > MOST_ARCS:
            raise TooLarge
        reached, target = _distinct(np.concatenate(targets))
        rows.append((source, target, np.concatenate(made), np.concatenate(costs), len(states)))
        states = reached
    end_cost, allowed = rules.end(states)
    end_cost = np.where(allowed, end_cost, np.inf)
    if not allowed.any():
        raise ValueError("no lawful pattern reaches the end")
    return _pruned(rows, end_cost, days, choices)


def _distinct(states: Ints) -> tuple[Ints, Ints]:
    """Different rows, and which of them each row is."""
    widths = states.max(axis=0) + 1
    key = np.zeros(len(states), dtype=np.int64)
    for column, width in enumerate(widths):
        key = key * width + states[:, column]
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    return states[first], which.reshape(-1)


def _pruned(rows: list[tuple[Ints, Ints, Ints, Floats, int]], end_cost: Floats, days: int, choices: int) -> Patterns:
    """Without what leads nowhere."""
    alive = np.isfinite(end_cost)
    end_cost = end_cost[alive]
    layers: list[_Layer] = []
    for source, target, choice, cost, before in reversed(rows):
        kept = alive[target]
        numbers = np.cumsum(alive) - 1
        source, target, choice, cost = source[kept], numbers[target[kept]], choice[kept], cost[kept]
        order = np.argsort(target, kind="stable")
        alive = np.zeros(before, dtype=np.bool_)
        alive[source] = True
        renumbered = np.cumsum(alive) - 1
        target = target[order]
        begins = np.flatnonzero(np.r_[True, target[1:] != target[:-1]])
        layers.append(_Layer(source=renumbered[source[order]], target=target, choice=choice[order], cost=cost[order], begins=begins))
    return Patterns(days=days, choices=choices, layers=tuple(reversed(layers)), end_cost=end_cost)

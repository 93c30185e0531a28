"""The line without an offer, in order, in groups of contacts who ask for the same: whoever can't be served is passed over with all alike. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Generic, TypeVar

from routing.ordered import Ordered

G = TypeVar("G")
K = TypeVar("K", bound=tuple[object, ...])
T = TypeVar("T")


class Queue(Generic[G, K, T]):
    """Items by a unique key, each in one group. Adding an item again moves it."""

    __slots__ = ("_groups", "_of")

    def __init__(self) -> None:
        self._groups: dict[G, Ordered[K, T]] = {}
        self._of: dict[T, G] = {}

    def __len__(self) -> int:
        return len(self._of)

    def __contains__(self, item: T) -> bool:
        return item in self._of

    def add(self, item: T, key: K, group: G) -> None:
        """Put an item at its place."""
        if self._of.get(item, group) != group:
            self.remove(item)
        self._groups.setdefault(group, Ordered()).add(item, key)
        self._of[item] = group

    def remove(self, item: T) -> bool:
        """Take an item out; False if it is not there."""
        if item not in self._of:
            return False
        group = self._of.pop(item)
        self._groups[group].remove(item)
        if not self._groups[group]:
            del self._groups[group]
        return True

    def walk(self) -> Walk[G, K, T]:
        """Everybody in order; the item that is being looked at may be removed meanwhile, nothing else."""
        return Walk(self._groups)


class Walk(Generic[G, K, T]):
    """One walk along the line: a step costs a heap of as many entries as there are groups."""

    __slots__ = ("_groups", "_heads", "_last")

    def __init__(self, groups: dict[G, Ordered[K, T]]) -> None:
        self._groups = list(groups.values())
        self._heads = [(group.key_at(0), number, 0) for number, group in enumerate(self._groups)]
        heapq.heapify(self._heads)
        #: The group that is being looked at, where in it, and the key there.
        self._last: tuple[int, int, K] | None = None

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._last is not None:
            number, at, key = self._last
            group = self._groups[number]
            if at < len(group) and group.key_at(at) == key:
                at += 1
            if at < len(group):
                heapq.heappush(self._heads, (group.key_at(at), number, at))
        if not self._heads:
            raise StopIteration
        key, number, at = heapq.heappop(self._heads)
        self._last = (number, at, key)
        return self._groups[number][at]

    def pass_over(self) -> None:
        """Nobody of the present one's group is looked at any more."""
        self._last = None

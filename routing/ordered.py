"""A set kept in order: adding, removing and asking for a place cost a binary search (and the shift of a C array). Pure."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=tuple[object, ...])
T = TypeVar("T")


class Ordered(Generic[K, T]):
    """Items by a key that is unique (put the item's id at its end). Adding an item again moves it."""

    __slots__ = ("_items", "_keys", "_sorted")

    def __init__(self) -> None:
        self._sorted: list[K] = []
        self._keys: dict[T, K] = {}
        self._items: dict[K, T] = {}

    def __len__(self) -> int:
        return len(self._sorted)

    def __contains__(self, item: T) -> bool:
        return item in self._keys

    def __iter__(self) -> Iterator[T]:
        return (self._items[key] for key in self._sorted)

    def __getitem__(self, index: int) -> T:
        return self._items[self._sorted[index]]

    def key_at(self, index: int) -> K:
        """By what the item at a place is there."""
        return self._sorted[index]

    def add(self, item: T, key: K) -> None:
        """Put an item at its place."""
        if self._keys.get(item) == key:
            return
        self.remove(item)
        insort(self._sorted, key)
        self._keys[item] = key
        self._items[key] = item

    def remove(self, item: T) -> bool:
        """Take an item out; False if it is not there."""
        key = self._keys.pop(item, None)
        if key is None:
            return False
        del self._sorted[bisect_left(self._sorted, key)]
        del self._items[key]
        return True

    def place(self, item: T) -> int | None:
        """How many are before it; None if it is not there."""
        key = self._keys.get(item)
        return None if key is None else bisect_left(self._sorted, key)

"""What the journal could not write, on disk: one batch a line, in JSON, readable by its owner only.

JSON knows neither instants nor ids nor bytes; they are written as `{"$at": …}`, `{"$id": …}`, `{"$bytes": …}`. An object of the caller's own
whose key begins with "$" is wrapped in `{"$map": …}`, so that every value comes back as it was.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One statement to run: its registered name and its parameters."""

    name: str
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Entries that are written in one transaction, exactly once: (journal, number) is remembered with them."""

    journal: UUID
    number: int
    entries: tuple[Entry, ...]


def append(path: Path, batches: Iterable[Batch], **extra: str) -> None:
    """Add batches to the file (made with mode 0600) and wait until they are on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lines = [
        json.dumps(
            {
                "v": VERSION,
                "journal": batch.journal.hex,
                "number": batch.number,
                "entries": [[entry.name, {name: encode(value) for name, value in entry.parameters.items()}] for entry in batch.entries],
                **extra,
            },
        )
        + "\n"
        for batch in batches
    ]
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w", encoding="utf-8") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())


def read(path: Path) -> tuple[list[Batch], list[int]]:
    """The file's batches, and the numbers of lines that are none. A last line cut short by a crash counts as not written."""
    batches: list[Batch] = []
    damaged: list[int] = []
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            batches.append(_batch(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError):
            if number < len(lines):
                damaged.append(number)
    return batches, damaged


def _batch(record: dict[str, Any]) -> Batch:
    if record["v"] != VERSION:
        raise ValueError("not a version this program reads")
    return Batch(
        journal=UUID(hex=record["journal"]),
        number=int(record["number"]),
        entries=tuple(
            Entry(name=str(name), parameters={key: decode(value) for key, value in parameters.items()})
            for name, parameters in record["entries"]
        ),
    )


def encode(value: object) -> object:
    """A value JSON can hold. Anything unknown becomes its text, marked: nothing is ever refused at this point."""
    match value:
        case None | bool() | float():
            return value
        case int():
            return int(value)
        case str():
            return str(value)
        case datetime():
            return {"$at": value.isoformat()}
        case UUID():
            return {"$id": value.hex}
        case bytes() | bytearray() | memoryview():
            return {"$bytes": base64.b64encode(bytes(value)).decode()}
        case Mapping():
            pairs = {str(key): encode(item) for key, item in value.items()}
            return {"$map": pairs} if any(key.startswith("$") for key in pairs) else pairs
        case list() | tuple():
            return [encode(item) for item in value]
        case _:
            return {"$text": f"{type(value).__name__}: {value!r}"[:1000]}


def decode(value: object) -> object:
    """The opposite of `encode`. A marked text stays a text."""
    match value:
        case list():
            return [decode(item) for item in value]
        case {"$at": str(text)}:
            return datetime.fromisoformat(text)
        case {"$id": str(text)}:
            return UUID(hex=text)
        case {"$bytes": str(text)}:
            return base64.b64decode(text, validate=True)
        case {"$text": str(text)}:
            return text
        case {"$map": dict(pairs)}:
            return {key: decode(item) for key, item in pairs.items()}
        case dict():
            return {key: decode(item) for key, item in value.items()}
        case _:
            return value

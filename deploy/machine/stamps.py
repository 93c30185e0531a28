"""Remembers what was done with which inputs, so that a repeated command does only what is missing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def digest(paths: Iterable[Path], *words: str) -> str:
    """SHA-256 over the files' names and contents and some words.

    A folder counts with all files below it and where they lie in it, a missing file as missing.
    """
    total = hashlib.sha256()
    for word in words:
        total.update(f"word {word}\n".encode())
    for name, path in sorted(_files(paths)):
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"
        total.update(f"{name} {content}\n".encode())
    return total.hexdigest()


class Stamps:
    """A folder with one small file per finished step."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def holds(self, name: str, value: str) -> bool:
        """Whether step `name` was finished with exactly these inputs."""
        try:
            return (self._folder / name).read_text(encoding="ascii").strip() == value
        except OSError:
            return False

    def set(self, name: str, value: str) -> None:
        """Note that step `name` is finished; written in one piece, so that an interruption leaves the old note or the new one."""
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = self._folder / f".{name}.partial"
        partial.write_text(value + "\n", encoding="ascii")
        partial.replace(self._folder / name)

    def clear(self, name: str) -> None:
        """Forget step `name`, before work starts that would make the note untrue."""
        (self._folder / name).unlink(missing_ok=True)


def _files(paths: Iterable[Path]) -> Iterable[tuple[str, Path]]:
    for path in paths:
        if path.is_dir():
            below = (each for each in path.rglob("*") if each.is_file() and "__pycache__" not in each.parts)
            yield from ((f"{path.name}/{each.relative_to(path).as_posix()}", each) for each in below)
        else:
            yield path.name, path

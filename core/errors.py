"""Errors every room may raise or meet. The docstring is the default message."""

from __future__ import annotations

from collections.abc import Sequence


class AnnyeongError(Exception):
    """Something went wrong in annyeong120."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or type(self).__name__).strip().splitlines()[0])


class SettingsError(AnnyeongError):
    """The settings can't be used."""

    def __init__(self, problems: Sequence[str] | str) -> None:
        #: One readable line each: where, which key, what is allowed.
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class SecretsError(AnnyeongError):
    """A key file can't be used."""


class CipherError(AnnyeongError):
    """A stored number can't be read: it was changed, or its key is missing."""


class DatabaseError(AnnyeongError):
    """The database refused a statement."""


class DatabaseUnavailable(DatabaseError):
    """The database can't be reached or does not answer in time; whether the statement took effect is unknown."""


class DatabaseConflict(DatabaseError):
    """A constraint of the database refused the row."""

    def __init__(self, message: str | None = None, *, constraint: str | None = None) -> None:
        #: The constraint that refused, as the database names it.
        self.constraint = constraint
        super().__init__(message)


class MigrationError(AnnyeongError):
    """The database is at a revision this program can't work with."""

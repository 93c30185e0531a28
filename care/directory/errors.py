"""What can be wrong with an entry of the directory, or a file of entries."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import AnnyeongError


class DirectoryError(AnnyeongError):
    """The directory can't be changed that way. Nothing of it was."""

    #: For programs and translations; stable.
    code = "directory"


class UnknownPlace(DirectoryError):
    """There is no such entry."""

    code = "unknown_place"


class ChangedMeanwhile(DirectoryError):
    """Somebody else changed the entry meanwhile."""

    code = "changed_meanwhile"

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__()


class KeyTaken(DirectoryError):
    """Another entry has this key."""

    code = "key_taken"


class PlaceRefused(DirectoryError):
    """Something about the entry is not right."""

    code = "place_refused"

    def __init__(self, wrong: Mapping[str, str]) -> None:
        #: Field -> what is wrong with it.
        self.wrong = dict(wrong)
        super().__init__()

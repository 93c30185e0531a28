"""What can be wrong with a roster or a change to it. Each carries a sentence for people and data for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from shifts.rules.violation import Violation


class RosterError(Exception):
    """A change that cannot be made. Nothing of it has been."""

    #: For programs and translations; stable.
    code = "roster"

    def __init__(self, message: str, **data: object) -> None:
        super().__init__(message)
        self.data: Mapping[str, object] = data


class UnknownPerson(RosterError):
    """Nobody of that id or name."""

    code = "unknown_person"


class UnknownShift(RosterError):
    """No shift type of that code."""

    code = "unknown_shift"


class OutOfPeriod(RosterError):
    """The day does not belong to the roster."""

    code = "out_of_period"


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """A cell that holds something else than was seen, and who made it so (None: the program)."""

    person_id: UUID
    day: date
    codes: tuple[str, ...]
    by: UUID | None


class EditedMeanwhile(RosterError):
    """Somebody else changed the same cells after the version that the change was based on."""

    code = "edited_meanwhile"

    def __init__(self, message: str, *, cells: Sequence[tuple[UUID, date]] = (), met: Sequence[Met] = (), **data: object) -> None:
        super().__init__(message, **data)
        self.cells = cells
        #: The same cells with what they hold now, where that is known.
        self.met = met


class NotPublishable(RosterError):
    """A hard rule is broken, or a policy is broken without an override and its reason."""

    code = "not_publishable"

    def __init__(self, message: str, *, violations: Sequence[Violation] = ()) -> None:
        super().__init__(message)
        self.violations = violations


class ReasonNeeded(RosterError):
    """A month that is in force is changed with a reason only."""

    code = "reason_needed"


class NothingToUndo(RosterError):
    """The person has not changed anything that could be taken back (or put back)."""

    code = "nothing_to_undo"

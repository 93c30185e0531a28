"""Words of a transfer to the centre: where it is in one call. Pure; standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Stage(StrEnum):
    """How far the member of staff is."""

    RINGING = "ringing"
    #: They answered, and hear who we are.
    BRIEFING = "briefing"
    #: They are being put into the talk.
    JOINING = "joining"
    #: With the caller.
    JOINED = "joined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A caller who is being put through, or talks with a member of the centre's staff."""

    order: UUID
    leg_id: str
    stage: Stage = Stage.RINGING

    @property
    def waits(self) -> bool:
        """Something must happen within a time: a deadline runs."""
        return self.stage is not Stage.JOINED

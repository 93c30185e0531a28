"""State and plan of a call between somebody of ours and a person (`ivr.linked.call`). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from escalation.centre.model import Result
from ivr.conference import CALM, Conference
from ivr.flow import Crisis
from ivr.linked.commands import Side

PREFIX: Final = "linked-"
#: What is said in a crisis where nothing else is written.
CRISIS: Final = Crisis()


class Phase(StrEnum):
    """Where the call is."""

    #: The first one's phone rings.
    FIRST = "first"
    #: Somebody answered at the first one's outside number and is asked to press 1: it may be a machine, or somebody else.
    GREETING = "greeting"
    #: On the way into the bridge.
    SEATING = "seating"
    #: The person's phone rings; the first hears music.
    PERSON = "person"
    #: Somebody answered there and is asked to press 1.
    ASKING = "asking"
    JOINING = "joining"
    TALKING = "talking"
    #: Last sentences are said.
    CLOSING = "closing"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How this one is made. Times in seconds."""

    #: The first is at an outside number, where somebody else may answer.
    ask_first: bool = False
    #: Whoever answers at the person's may hear the service's name before it is sure that it is the person.
    say_who: bool = False
    leave_message: bool = False
    message_says_who: bool = False
    first_ring_s: float = 25.0
    ring_s: float = 30.0
    #: How long whoever answered has to press a key.
    ask_s: float = 25.0
    #: What is said in a crisis, and when.
    crisis: Crisis = CRISIS

    @property
    def question(self) -> tuple[str, ...]:
        """What whoever answers at the person's hears."""
        return ("linked_ask_named",) if self.say_who else ("linked_ask",)

    @property
    def message(self) -> str:
        """What a machine there hears."""
        return "linked_message_named" if self.message_says_who else "linked_message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """State of one call."""

    phase: Phase = Phase.FIRST
    #: Was rung, and has not ended as far as we know.
    first: bool = False
    person: bool = False
    #: The playback under way to each, and the number of all so far.
    to_first: int = 0
    to_person: int = 0
    plays: int = 0
    #: Who pressed a star last.
    star: frozenset[Side] = frozenset()
    result: Result | None = None
    #: Emergency partners.
    crisis: Conference = CALM
    #: The key for a crisis was pressed, and the centre is being told.
    raising: bool = False
    #: The person's line dropped in a crisis; that is on record.
    person_left: bool = False

    @property
    def talking(self) -> bool:
        """The two hear each other, or have, and a crisis goes on."""
        return self.phase is Phase.TALKING

    def there(self, side: Side) -> bool:
        """Whether this one was rung and has not ended."""
        return self.first if side is Side.FIRST else self.person

    def playing(self, side: Side) -> int:
        """What is being said to this one; 0: nothing."""
        return self.to_first if side is Side.FIRST else self.to_person


#: A talk that goes on in Asterisk and was found by a program that has just started.
FOUND_TALKING = Linked(phase=Phase.TALKING, first=True, person=True, result=Result.TALKED)


def leg_id(order_id: str, side: Side) -> str:
    """The channel of one of the two; it says which order it belongs to."""
    return f"{PREFIX}{order_id}-{side}"


def side_of(leg: str) -> Side:
    """Whose leg this is."""
    return Side(leg.rpartition("-")[2])

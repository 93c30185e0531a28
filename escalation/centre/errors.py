"""What can be wrong with a change to a case. Nothing of a refused change has been made. Messages hold no text and no number of a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from core.errors import AnnyeongError


class CentreError(AnnyeongError):
    """A change of a case that cannot be made."""

    #: For programs and translations; stable.
    code = "centre"


class UnknownReferral(CentreError):
    """There is no such referral."""

    code = "unknown_referral"


class UnknownPart(CentreError):
    """The case has no such need, link, follow-up or attempt."""

    code = "unknown_part"


class UnknownStaff(CentreError):
    """Nobody of this id works at the centre."""

    code = "unknown_staff"


class IllegalTransition(CentreError):
    """This can't happen to a referral in that state."""

    code = "illegal_transition"

    def __init__(self, state: str, happened: str) -> None:
        self.state: Final = state
        self.happened: Final = happened
        super().__init__(f"{happened} can't happen to a referral that is {state}")


class NotTheirs(CentreError):
    """Somebody else has this case."""

    code = "not_theirs"


class AlreadyClaimed(NotTheirs):
    """Somebody else was first."""

    code = "already_claimed"


class NoConsent(CentreError):
    """The person has not agreed to this, and there is no imminent danger."""

    code = "no_consent"


class ConsentIncomplete(CentreError):
    """Something is missing without which a consent is none."""

    code = "consent_incomplete"

    def __init__(self, missing: Sequence[str]) -> None:
        #: Names of what is missing or wrong, all at once.
        self.missing: Final = tuple(missing)
        super().__init__(f"this consent lacks: {', '.join(missing)}")


class NotCallable(CentreError):
    """The person must not be called now."""

    code = "not_callable"

    def __init__(self, why: str, *, until: datetime | None = None) -> None:
        #: One of `escalation.centre.calling.Barrier`.
        self.why: Final = why
        #: When it may be tried again, if that alone is in the way.
        self.until: Final = until
        super().__init__(f"the person must not be called now: {why}")


class StaffBusy(CentreError):
    """This member of staff is in a call already."""

    code = "staff_busy"


class WorkLeft(CentreError):
    """Follow-ups or links are open: finish or cancel them before the case is closed."""

    code = "work_left"

    def __init__(self, follow_ups: int, links: int) -> None:
        self.follow_ups: Final = follow_ups
        self.links: Final = links
        super().__init__()


class TextTooLong(CentreError):
    """A text is longer than is kept; nothing was saved."""

    code = "text_too_long"

    def __init__(self, length: int, limit: int) -> None:
        self.length: Final = length
        self.limit: Final = limit
        super().__init__(f"a text of {length} characters; {limit} are kept")


class RulesError(CentreError):
    """The centre's rules can't be used."""

    code = "rules"

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems: Final = tuple(problems)
        super().__init__("\n".join(problems))

"""What can be wrong with a record, a plan or a request of a person. Each carries a code and data for programs; never what was typed."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import AnnyeongError


class CareError(AnnyeongError):
    """This can't be done; nothing of it has been."""

    #: For programs and translations; stable.
    code = "care"

    def __init__(self, message: str | None = None, **data: object) -> None:
        super().__init__(message)
        self.data: Mapping[str, object] = data


class Unknown(CareError):
    """There is no such thing, or not for them: the two look alike."""

    code = "not_found"


class NotYourCall(CareError):
    """The call is another counsellor's, and so is its record."""

    code = "not_your_call"


class WrittenMeanwhile(CareError):
    """It has been changed since the version that this was based on (`version`: what it is at now)."""

    code = "written_meanwhile"


class TextTooLong(CareError):
    """A text is longer than it may be (`field`, `length` and `limit` in characters); what is stored stays."""

    code = "text_too_long"


class WrongValue(CareError):
    """A value is none that the field can have (`field`)."""

    code = "wrong_value"


class ConsentMissing(CareError):
    """Sensitive data is stored with the person's own consent to it, or in an emergency (PIPA art. 23, 15(1)5)."""

    code = "consent_missing"


class NotFinal(CareError):
    """A record is final only when it says what kind of consultation it was (`field`)."""

    code = "not_final"


class ReasonNeeded(CareError):
    """A final record is changed with a reason only."""

    code = "reason_needed"


class Refused(CareError):
    """The law or an open case is in the way (`reasons`: codes)."""

    code = "erasure_refused"

"""What can be wrong with an isolation report or a change to it."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import AnnyeongError


class ReportError(AnnyeongError):
    """A report can't be made or changed that way. Nothing of it was."""

    #: For programs and translations; stable.
    code = "report"


class UnknownReport(ReportError):
    """There is no such report."""

    code = "unknown_report"


class ReportMoved(ReportError):
    """Somebody else claimed, released or closed it meanwhile."""

    code = "report_moved"

    def __init__(self, state: str) -> None:
        #: In which state it is now.
        self.state = state
        super().__init__()


class ReportIncomplete(ReportError):
    """Something is missing or does not fit together."""

    code = "report_incomplete"

    def __init__(self, wrong: Mapping[str, str]) -> None:
        #: Field -> what is wrong with it.
        self.wrong = dict(wrong)
        super().__init__()


class UnknownContact(ReportError):
    """There is no such contact."""

    code = "unknown_contact"


class NoFeedbackWanted(ReportError):
    """Whoever reported it wants to hear nothing, or was told already."""

    code = "no_feedback_wanted"

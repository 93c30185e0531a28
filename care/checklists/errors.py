"""What can be wrong with an instrument, with answers, or with a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.errors import AnnyeongError


class ChecklistError(AnnyeongError):
    """Something about a checklist can't be done."""

    #: For programs and translations; stable.
    code = "checklist"


class InstrumentRefused(ChecklistError):
    """An instrument's file can't be used."""

    code = "instrument_refused"

    def __init__(self, problems: Sequence[str]) -> None:
        #: One readable line each: which file, where in it, what is wrong.
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class UnknownInstrument(ChecklistError):
    """There is no such checklist, or not of that version."""

    code = "unknown_instrument"


class AnswersRefused(ChecklistError):
    """Answers that the instrument does not have."""

    code = "answers_refused"

    def __init__(self, wrong: Mapping[str, str]) -> None:
        #: Item -> unknown_item, unknown_answer; "" -> unknown_form.
        self.wrong = dict(wrong)
        super().__init__()


class NoteTooLong(ChecklistError):
    """A note is too long."""

    code = "note_too_long"


class UnknownContact(ChecklistError):
    """There is no such contact."""

    code = "unknown_contact"


class NotTheirs(ChecklistError):
    """The contact or the result is somebody else's."""

    code = "not_theirs"


class UnknownResult(ChecklistError):
    """There is no such result, or not for them: the two look alike."""

    code = "unknown_result"


class ResultFinished(ChecklistError):
    """A finished result is not changed any more; another one is made."""

    code = "result_finished"


class AnotherInstrument(ChecklistError):
    """A result keeps the instrument, the version, the form and the contact it was begun with."""

    code = "another_instrument"

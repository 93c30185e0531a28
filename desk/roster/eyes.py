"""What somebody sees of others in a roster, and in which words. One place decides it: what a browser must not show never reaches it. Pure.

Who decides about leave sees everything. Others see everybody's shifts and that somebody is away, never why; what they asked for or wished;
or what the law says of a person's own circumstances (night work while pregnant). Of oneself one sees everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from desk.access.model import Actor, Permission
from shifts.model import Leave, RequestState, Setting
from shifts.rules import Violation, mend_sentence, sentence

#: Rules that can be read off the shifts themselves. All others say something of a person, and a new one does until it is named here.
_OPEN = frozenset({
    "unknown_person", "unknown_shift", "out_of_period", "overlap", "week_hours", "rest_day", "breaks", "rest_between", "evening_day",
    "night_day", "night_off_day", "night_run", "day_run", "standby_clash", "not_supervisor", "supervisor_reachable", "cover_least",
    "cover_wanted", "overtime", "days_off_after_nights", "fair_nights", "fair_weekends", "fair_holidays",
})  # fmt: skip
PRIVATE = "private"
_PRIVATELY = {"ko": "이 사람의 사정으로 맞지 않는 근무입니다.", "en": "This shift does not fit this person's circumstances."}


@dataclass(frozen=True, slots=True, kw_only=True)
class Eyes:
    """Somebody who looks."""

    counsellor_id: UUID | None
    #: Sees drafts.
    drafts: bool
    #: Sees why.
    reasons: bool
    #: "ko" or "en".
    language: str

    def why(self, person_id: UUID | None) -> bool:
        """Whether this person's circumstances are theirs to see."""
        return self.reasons or person_id is None or person_id == self.counsellor_id

    def away(self, leave: Leave) -> bool:
        """Whether they see this leave at all: what is only asked for is nobody else's business."""
        return self.why(leave.person_id) or leave.state is RequestState.APPROVED

    def open(self, violation: Violation) -> bool:
        """Whether they see which rule it is."""
        return violation.rule in _OPEN or self.why(violation.person_id)

    def said(self, violation: Violation, setting: Setting) -> str:
        """Its sentence, or one that says nothing of why."""
        if self.open(violation):
            return sentence(violation, setting, self.language)
        person = setting.people.get(violation.person_id) if violation.person_id else None
        return f"{person.name}: {self.word(_PRIVATELY)}" if person else self.word(_PRIVATELY)

    def mend(self, violation: Violation, setting: Setting) -> str | None:
        """What would help."""
        if violation.mend is None or not self.open(violation):
            return None
        return mend_sentence(violation.mend, setting, self.language)

    def word(self, words: dict[str, str]) -> str:
        """In their language."""
        return words["en" if self.language == "en" else "ko"]


def eyes(actor: Actor) -> Eyes:
    """Of who asks."""
    return Eyes(
        counsellor_id=actor.counsellor_id,
        drafts=Permission.ROSTER_DRAFT in actor.permissions,
        reasons=Permission.LEAVE_DECIDE in actor.permissions,
        language=actor.language,
    )

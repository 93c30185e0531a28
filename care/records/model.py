"""What is written down of a consultation. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

#: Characters of one text. Ten pages; what is longer was pasted by mistake.
LONGEST_TEXT = 20_000
#: Characters of a note that says who somebody is.
LONGEST_ABOUT = 2_000


class Kind(StrEnum):
    """What the counsellor did; several in one call."""

    #: Plain information.
    INFORMATION = "information"
    #: A conversation about loneliness.
    LONELINESS = "loneliness"
    #: An isolation check with a checklist.
    ISOLATION_CHECK = "isolation_check"
    #: Somebody reports, or is found to be, isolated.
    ISOLATION_REPORT = "isolation_report"
    EMERGENCY = "emergency"


class NonCounselling(StrEnum):
    """Contacts without a consultation. They are counted, never dropped: a quarter of a helpline's load."""

    SILENT = "silent"
    WRONG_NUMBER = "wrong_number"
    PRANK = "prank"
    ABUSIVE = "abusive"


class Caller(StrEnum):
    """Who calls."""

    SELF = "self"
    FAMILY = "family"
    NEIGHBOUR = "neighbour"
    OTHER = "other"


class AgeBand(StrEnum):
    """How old the person is about whom it is, as far as known."""

    UNDER_14 = "under_14"
    TEENS = "14_19"
    TWENTIES = "20s"
    THIRTIES = "30s"
    FORTIES = "40s"
    FIFTIES = "50s"
    SIXTIES = "60s"
    SEVENTIES = "70s"
    OLDER = "80_up"


class Channel(StrEnum):
    """How they met."""

    PHONE = "phone"
    CHAT = "chat"
    FACE_TO_FACE = "face_to_face"
    #: Written down afterwards, of a call that the system did not see.
    MANUAL = "manual"


class State(StrEnum):
    """Drafts change freely, final records with a reason."""

    DRAFT = "draft"
    FINAL = "final"


class LinkKind(StrEnum):
    """What else belongs to the consultation."""

    INCIDENT = "incident"
    REFERRAL = "referral"
    REPORT = "report"
    CHECKLIST = "checklist"
    COMPANIONSHIP = "companionship"


class Purpose(StrEnum):
    """To what somebody consents."""

    RECORD = "record"
    #: Health, beliefs and what else PIPA art. 23 names: a consent of its own.
    SENSITIVE = "sensitive"
    CENTRE = "centre"
    COMPANION = "companion"
    AGENCY = "agency"
    RECORDING = "recording"
    CALL_BACK = "call_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a counsellor fills in. The texts are free, are kept sealed, and never show in a log."""

    kinds: frozenset[Kind] = frozenset()
    non_counselling: NonCounselling | None = None
    caller: Caller | None = None
    #: About whom, where that is not the caller and is known.
    subject_id: UUID | None = None
    #: One of Seoul's 25, or "outside".
    district: str | None = None
    age_band: AgeBand | None = None
    #: Codes of words.toml.
    skills: frozenset[str] = frozenset()
    #: 0 (very bad) to 10 (very good), as the person says.
    feeling_before: int | None = None
    feeling_after: int | None = None
    #: Who it is about, in words.
    about: str = field(default="", repr=False)
    #: What was talked about and done.
    text: str = field(default="", repr=False)
    #: Sensitive data in the law's sense.
    sensitive: str = field(default="", repr=False)
    #: What a companion is to know; the only part that companions see.
    companion_note: str = field(default="", repr=False)
    #: Why a final record was changed.
    reason: str = field(default="", repr=False)


#: Its free texts and how long each may be.
TEXTS = {
    "about": LONGEST_ABOUT,
    "text": LONGEST_TEXT,
    "sensitive": LONGEST_TEXT,
    "companion_note": LONGEST_ABOUT,
    "reason": LONGEST_ABOUT,
}


def with_texts(content: Content, texts: Mapping[str, str]) -> Content:
    """The content with these texts and no others."""
    return replace(
        content,
        about=texts.get("about", ""),
        text=texts.get("text", ""),
        sensitive=texts.get("sensitive", ""),
        companion_note=texts.get("companion_note", ""),
        reason=texts.get("reason", ""),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Something that belongs to the consultation."""

    kind: LinkKind
    target_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A yes or no to something that was read out."""

    id: UUID
    purpose: Purpose
    given: bool
    #: By the guardian, for somebody under 14 (PIPA art. 22-2).
    guardian: bool
    script_version: str
    recipient: str
    items: tuple[str, ...]
    #: The last day agreed to; None: until the purpose is reached.
    until: date | None
    at: datetime
    counsellor_id: UUID | None
    by: UUID
    recording: str | None = None
    withdrawn_at: datetime | None = None

    def in_force(self, day: date) -> bool:
        """Whether it allows on that day (in Seoul) what it is about."""
        return self.given and self.withdrawn_at is None and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record as it is now."""

    id: UUID
    contact_id: UUID | None
    #: Who called; None: withheld, or gave no number.
    person_id: UUID | None
    counsellor_id: UUID | None
    #: The desk account that made it; None: the line.
    created_by: UUID | None
    channel: Channel
    state: State
    version: int
    created_at: datetime
    changed_at: datetime
    final_at: datetime | None
    content: Content
    links: tuple[Link, ...] = ()
    consents: tuple[Consent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """An edit: who, when, what."""

    version: int
    at: datetime
    by: UUID | None
    changed: tuple[str, ...]
    #: Field -> registration numbers that were taken out of what was sent.
    removed: dict[str, int]
    #: None where it was not asked for, or is not to be seen.
    content: Content | None = None

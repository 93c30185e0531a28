"""What the API of records reads and answers."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from care.people import LONGEST_ADDRESS, LONGEST_NAME
from care.plans.model import LONGEST_TEXT as LONGEST_PLAN
from care.plans.model import LONGEST_WARNING, MOST_MINUTES, MOST_TIMES, MOST_WARNINGS
from care.records.model import LONGEST_ABOUT, LONGEST_TEXT, AgeBand, Caller, Kind, NonCounselling, Purpose
from care.scrub import scrub
from desk.routes import Loose, Wire

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Short = Annotated[str, Field(max_length=LONGEST_ABOUT)]
Long = Annotated[str, Field(max_length=LONGEST_TEXT)]
#: Kept in the access log, so nothing of a person may stand in it.
Reason = Annotated[str, Field(min_length=3, max_length=300), AfterValidator(lambda value: scrub(value).text)]
Version = Annotated[int, Field(ge=0, lt=2**31)]
Feeling = Annotated[int, Field(ge=0, le=10)]
Day = Annotated[date, Field(ge=date(2020, 1, 1), le=date(2120, 12, 31))]


class ContentIn(Wire):
    """A record's content, whole, and the version that it is based on. `reason`: needed for a final record."""

    version: Version
    kinds: Annotated[list[Kind], Field(max_length=5)]
    non_counselling: NonCounselling | None = None
    caller: Caller | None = None
    subject: UUID | None = None
    district: Code | None = None
    age_band: AgeBand | None = None
    skills: Annotated[list[Code], Field(max_length=40)]
    feeling_before: Feeling | None = None
    feeling_after: Feeling | None = None
    about: Short = ""
    text: Long = ""
    sensitive: Long = ""
    companion_note: Short = ""
    reason: Short = ""


class ContentOut(Wire):
    """What of it is theirs to see; the rest is empty, and `hidden` of the record names it."""

    kinds: list[str]
    non_counselling: str | None
    caller: str | None
    subject: UUID | None
    district: str | None
    age_band: str | None
    skills: list[str]
    feeling_before: int | None
    feeling_after: int | None
    about: str
    text: str
    sensitive: str
    companion_note: str
    reason: str


class LinkOut(Wire):
    """Something else that belongs to the consultation, in its state there. `by`: it is of the same call, of the same person, or linked by hand."""

    kind: str
    id: UUID
    state: str
    by: Literal["call", "person", "hand"]


class LinkIn(Wire):
    """Whether it belongs to the consultation. `reason`: needed for a final record; it stands in the access log."""

    linked: bool
    reason: Annotated[str, Field(max_length=300), AfterValidator(lambda value: scrub(value).text)] = ""


class ConsentOut(Wire):
    """What somebody said yes or no to."""

    id: UUID
    purpose: str
    given: bool
    guardian: bool
    script_version: str
    recipient: str
    items: list[str]
    until: date | None
    at: datetime
    counsellor: UUID | None
    recording: str | None
    withdrawn_at: datetime | None


class RecordOut(Wire):
    """A record. `number` is covered in its middle, but for who gave a reason. `mine`: may be written."""

    id: UUID
    contact: UUID | None
    person: UUID | None
    number: str | None
    counsellor: UUID | None
    channel: str
    state: str
    version: int
    created_at: datetime
    changed_at: datetime
    final_at: datetime | None
    mine: bool
    hidden: list[str]
    content: ContentOut
    links: list[LinkOut]
    consents: list[ConsentOut]


class RecordsOut(Wire):
    """The newest first; the next page begins before `next`."""

    records: list[RecordOut]
    next: UUID | None


class SavedOut(Wire):
    """A record after an edit. `removed`: how many registration numbers were taken out of which text."""

    record: RecordOut
    removed: dict[str, int]


class NewRecord(Wire):
    """A consultation that was no call through the system. `number`: in any form; without one nobody is found again by it."""

    channel: Literal["chat", "face_to_face", "manual"]
    number: Annotated[str, Field(max_length=40)] | None = None


class Finalised(Wire):
    """The version that is to be final."""

    version: Version


class VersionOut(Wire):
    """An edit: who, when, which fields. `content` is there only where one version was asked for."""

    version: int
    at: datetime
    by: UUID | None
    changed: list[str]
    removed: dict[str, int]
    content: ContentOut | None = None


class VersionsOut(Wire):
    """The first edit first."""

    versions: list[VersionOut]


class Unmasking(Wire):
    """Why everything is to be seen. It stands in the access log."""

    reason: Reason


class ConsentIn(Wire):
    """What was read out, and what they said. `script_version`: which wording. `until`: the last day that was agreed to."""

    purpose: Purpose
    given: bool
    script_version: Annotated[str, Field(min_length=1, max_length=100)]
    recipient: Annotated[str, Field(max_length=200)] = ""
    items: Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=30)]
    until: Day | None = None
    guardian: bool = False
    recording: Annotated[str, Field(max_length=200)] | None = None


class WordOut(Wire):
    """A choice."""

    code: str
    ko: str
    en: str


class WordsOut(Wire):
    """What there is to choose from."""

    kinds: list[str]
    non_counselling: list[str]
    callers: list[str]
    age_bands: list[str]
    skills: list[WordOut]
    districts: list[WordOut]
    longest_text: int


class Wanted(Loose):
    """Which records: one's own only, of a state, before a record (for the next page)."""

    mine: bool = False
    state: Literal["draft", "final"] | None = None
    before: UUID | None = None


class Before(Loose):
    """For the next page."""

    before: UUID | None = None


class AgreedTimeWire(Wire):
    """When they agreed to call, by Seoul's clock; 0 is Monday."""

    weekday: Annotated[int, Field(ge=0, le=6)]
    since: time
    until: time


class CautionWire(Wire):
    """What whoever answers must know, up to a day."""

    text: Annotated[str, Field(min_length=1, max_length=LONGEST_WARNING)]
    until: Day


class PlanIn(Wire):
    """A plan, whole, and the version that it is based on; 0 for the first."""

    version: Version
    times: Annotated[list[AgreedTimeWire], Field(max_length=MOST_TIMES)]
    minutes: Annotated[int, Field(ge=1, le=MOST_MINUTES)] | None = None
    named: UUID | None = None
    helps: Annotated[str, Field(max_length=LONGEST_PLAN)] = ""
    avoid: Annotated[str, Field(max_length=LONGEST_PLAN)] = ""
    warnings: Annotated[list[CautionWire], Field(max_length=MOST_WARNINGS)]


class PlanOut(Wire):
    """A plan. `agreed_now`: whether this is one of the agreed times; null where none were agreed."""

    person: UUID
    version: int
    ended: bool
    times: list[AgreedTimeWire]
    minutes: int | None
    named: UUID | None
    named_name: str | None
    helps: str
    avoid: str
    warnings: list[CautionWire]
    agreed_now: bool | None


class PlanFor(Wire):
    """The plan of whoever calls, if there is one."""

    plan: PlanOut | None


class NumberIn(Wire):
    """Whose number; in any form."""

    number: Annotated[str, Field(min_length=2, max_length=40)]
    reason: Reason


class PersonOut(Wire):
    """Somebody. Name and number are covered."""

    id: UUID
    number: str | None
    name: str
    held: bool


class WhoIn(Wire):
    """What they said of themselves."""

    name: Annotated[str, Field(max_length=LONGEST_NAME)]
    address: Annotated[str, Field(max_length=LONGEST_ADDRESS)]


class WhoOut(Wire):
    """Who somebody is, for whoever has to do with them; the number is covered in its middle, but for who gave a reason."""

    id: UUID
    number: str | None
    name: str
    address: str


class Because(Wire):
    """Why. It stands in the access log."""

    reason: Reason


class ProofOut(Wire):
    """That something was deleted: how many of which class, when; `digest` (SHA-256, hex) tells whoever holds a copy that it was among them."""

    at: datetime
    why: str
    retention: str
    records: int
    digest: str


class ProofsOut(Wire):
    """The newest first."""

    deletions: list[ProofOut]

"""What the API of incidents reads and answers. Instants are aware; durations are seconds."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from desk.routes import Loose, Wire
from escalation.decisions import LONGEST_TEXT
from escalation.model import CloseReason, Danger, OrderKind

#: More than any incident has; a page that shows fewer than there are is told.
_MANY = 10_000
PartnerId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]


class AttemptOut(Wire):
    """A call to a partner. `test`: the test endpoint was called, not the partner."""

    id: UUID
    number: int
    partner: str
    stage: str
    result: str | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    test: bool


class DueOut(Wire):
    """The next reminder, unless a human confirms or closes the incident before."""

    kind: str
    level: str
    at: datetime


class IncidentOut(Wire):
    """A crisis. `on_line`: the call goes on. `nags`: how often it was asked whether help arrived."""

    id: UUID
    contact: UUID
    raised_at: datetime
    raised_by: str
    state: str
    danger: str | None
    proposed: bool
    third_party: bool
    counsellor: UUID | None
    counsellor_name: str | None
    on_line: bool
    attempts: list[AttemptOut]
    taken_over_at: datetime | None
    caller_gone_at: datetime | None
    counsellor_gone_at: datetime | None
    redials: int
    nags: int
    next: DueOut | None
    ended_at: datetime | None
    ended_by: str | None
    close_reason: str | None


class IncidentsOut(Wire):
    """Those that are open, oldest first, or those that ended on the day that was asked for. `now`: the server's clock, for timers."""

    incidents: list[IncidentOut]
    now: datetime
    test: bool


class LineOut(Wire):
    """A line of the timeline: codes and ids. `who`: the name of whoever did it, if somebody did."""

    at: datetime
    kind: str
    attempt: UUID | None
    who: str | None
    detail: dict[str, str | bool]


class ReminderOut(Wire):
    """An alarm about the incident."""

    id: UUID
    kind: str
    at: datetime
    level: str
    seen_at: datetime | None
    seen_by: str | None


class OrderOut(Wire):
    """What the desk asked the call to do. `taken_at` None: nobody has taken it up yet. `new` False: it was asked for a moment ago."""

    id: UUID
    incident: UUID
    kind: str
    partner: str | None
    at: datetime
    taken_at: datetime | None
    new: bool = False


class IncidentDetail(Wire):
    """One incident. `chain`: whom it goes through by now, in order; `next_partner`: who would be called next."""

    incident: IncidentOut
    now: datetime
    test: bool
    chain: list[str]
    next_partner: str | None
    timeline: list[LineOut]
    reminders: list[ReminderOut]
    orders: list[OrderOut]


class CallOut(Wire):
    """A call in which a crisis can be raised; `incident`: there is one."""

    contact: UUID
    since: datetime
    state: str
    counsellor: str | None
    mine: bool
    incident: UUID | None


class CallsOut(Wire):
    """The longest first."""

    calls: list[CallOut]


class RaiseIn(Wire):
    """For which call. `third_party`: the whereabouts of somebody else are needed, so the police come first (Location Act art. 29)."""

    contact: UUID
    danger: Danger | None = None
    third_party: bool = False


class RaisedOut(Wire):
    """`new` False: it was raised already, and is the same one."""

    incident: UUID
    new: bool


class OrderIn(Wire):
    """What the call is to do. `attempts`: how many calls to partners the page showed; if there are more by now, nothing is done."""

    kind: Literal[
        OrderKind.DIAL_NEXT, OrderKind.DIAL, OrderKind.JOIN, OrderKind.PRIVATE, OrderKind.TAKEN_OVER, OrderKind.STOP, OrderKind.REDIAL
    ]
    partner: PartnerId | None = None
    attempts: Annotated[int, Field(ge=0, le=_MANY)]


class DescribeIn(Wire):
    """Which danger, whose whereabouts; what is left out stays."""

    danger: Danger | None = None
    third_party: bool | None = None


class CloseIn(Wire):
    """Why it ends without responders having met the person. `other` needs words."""

    reason: CloseReason
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""


class WordsOut(Wire):
    """What was said at the closing."""

    text: str


class PartnerOut(Wire):
    """An emergency partner. `number`: to call by hand; `open`: can be called now; `dialled`: the system can call them."""

    id: str
    kind: str
    name_ko: str
    name_en: str
    number: str | None
    needs: list[str]
    open: bool
    dialled: bool


class PartnersOut(Wire):
    """All of them, and who is called first, second, … for each danger. `test`: every call goes to the test endpoint."""

    partners: list[PartnerOut]
    order: dict[str, list[str]]
    test: bool


class Wanted(Loose):
    """Which incidents: without a day those that are open, else those that ended on that day in Seoul."""

    day: Annotated[date, Field(ge=date(2020, 1, 1), le=date(2120, 12, 31))] | None = None

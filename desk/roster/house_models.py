"""What the API of rules, demand, health checks and what-ifs reads and answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from desk.roster.models import Day, Month
from desk.routes import Loose, Wire

#: Why something of the house was changed; kept in the access log.
Why = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]
_Number = Annotated[int, Field(ge=0, le=100)]


class OfMonth(Loose):
    """A month, like `2027-01`."""

    month: Month


class MaybeMonth(Loose):
    """The month that is looked at, if any."""

    month: Month | None = None


class ParameterOut(Wire):
    """A value of a rule: what holds, what holds without the house's own, and between what it may lie."""

    name: str
    label: str
    value: int
    usual: int
    lowest: int
    highest: int


class RuleOut(Wire):
    """A rule as it holds in a month. `since`, `set_at`, `set_by`: the house's latest change of it, if any; `valid_from`: when the law began."""

    rule: str
    level: Literal["hard", "policy", "wish"]
    text: str
    source: str
    valid_from: date | None
    on: bool
    can_switch: bool
    parameters: list[ParameterOut]
    since: date | None
    set_at: datetime | None
    set_by: str | None


class RulesOut(Wire):
    """All rules of a month, in the order of the table."""

    month: str
    rules: list[RuleOut]


class NewRule(Wire):
    """What is to hold from a month on; what is not named stays."""

    month: Month
    on: bool | None = None
    values: Annotated[dict[Annotated[str, Field(max_length=60)], Annotated[int, Field(ge=-(2**31), lt=2**31)]], Field(max_length=20)] = (
        Field(default_factory=dict)
    )
    reason: Why


class DemandRow(Wire):
    """So many in a slot of such days: `starts` like `07:00`, `weekdays` 0 Monday to 6 Sunday (a holiday is a Sunday), none: every day."""

    starts: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    minutes: Annotated[int, Field(ge=1, le=1440)]
    least: _Number
    wanted: _Number
    weekdays: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(max_length=7, default_factory=list)]
    skill: Annotated[str, Field(min_length=1, max_length=40)] | None = None


class DemandOut(Wire):
    """How many are wanted on the line, in every month."""

    demand: list[DemandRow]


class ForecastOut(Wire):
    """What the load asks for. `days`: days of the line's own history that it rests on; 0: the load that ships alone."""

    demand: list[DemandRow]
    days: int


class NewDemand(Wire):
    """All of it anew."""

    demand: Annotated[list[DemandRow], Field(max_length=400)]
    reason: Why


class TakeForecast(Wire):
    """Take what the load asks for as the wanted number. `month`: the one that was looked at; demand is the same in all."""

    month: Month | None = None
    reason: Why


class Until(Loose):
    """The last day looked back from; by default today."""

    until: Day | None = None


class NightOut(Wire):
    """What somebody worked at night in the months looked at: stints of eight hours with all of 0 to 5 o'clock, minutes between 22 and 6."""

    person: UUID
    name: str
    stints: int
    night_minutes: int
    due: bool


class NightsOut(Wire):
    """Whom the health check of night workers is to be offered. `known_from`: the first day of which there is a record, where that is later."""

    since: date
    until: date
    months: int
    known_from: date | None
    least_stints: int
    least_night_minutes: int
    people: list[NightOut]


class NewWhatIf(Wire):
    """The draft against the forecast: how often the month is played, and how much of the forecast's load comes."""

    repetitions: Annotated[int, Field(ge=1, le=10)] = 3
    load_percent: Annotated[int, Field(ge=10, le=500)] = 100


class WhatIfHour(Wire):
    """One hour of day, over all days. Shares from 0 to 1, seconds; null: nothing to measure."""

    hour: int
    contacts_a_day: float
    service_level: float | None
    gave_up: float | None
    asa_s: float | None


class WhatIfResult(Wire):
    """What became of the contacts. `into_the_void`: came while no phone was on."""

    contacts: int
    repetitions: int
    service_level: float | None
    gave_up: float | None
    asa_s: float | None
    wait_p90_s: float | None
    into_the_void: float | None
    occupancy: float | None
    by_hour: list[WhatIfHour]


class WhatIfOut(Wire):
    """How a what-if stands. `version`: of the draft it is about."""

    state: Literal["running", "done", "cancelled", "failed"]
    progress: float
    version: int
    load_percent: int
    result: WhatIfResult | None

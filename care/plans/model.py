"""A plan for somebody who calls often. Pure.

A few people make most of the calls of such a line (Lifeline Australia: 3 % of the callers, 60 % of the calls). The answer is a plan made with
them, not a block: whoever answers knows what was agreed and what helps.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from uuid import UUID

from care.errors import TextTooLong, WrongValue
from care.scrub import scrub
from core.clock import seoul

LONGEST_TEXT = 2_000
LONGEST_WARNING = 300
MOST_TIMES = 28
MOST_WARNINGS = 10
MOST_MINUTES = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedTime:
    """When they agreed to call. On a clock in Seoul; `until` before `since` is after midnight."""

    #: 0 is Monday.
    weekday: int
    since: time
    until: time

    def holds(self, at: datetime) -> bool:
        """Whether an instant is in it."""
        local = seoul(at)
        now, day = local.time(), local.weekday()
        if self.since < self.until:
            return day == self.weekday and self.since <= now < self.until
        return (day == self.weekday and now >= self.since) or (day == (self.weekday + 1) % 7 and now < self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """What whoever answers must know. It has an end: what nobody renews is not true for ever."""

    text: str = field(repr=False)
    #: The last day on which it is shown, in Seoul.
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What was agreed."""

    times: tuple[AgreedTime, ...] = ()
    #: How long a call is meant to be; None: nothing agreed. Shown, and never a timer: no call is cut by it.
    minutes: int | None = None
    #: The counsellor who knows them.
    named_id: UUID | None = None
    helps: str = field(default="", repr=False)
    #: What makes it worse.
    avoid: str = field(default="", repr=False)
    warnings: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A version of a plan."""

    person_id: UUID
    version: int
    at: datetime
    by: UUID
    ended: bool
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A plan as it is shown with an offer."""

    person_id: UUID
    version: int
    plan: Plan
    #: Whether this is one of the agreed times; None where none were agreed.
    agreed_now: bool | None
    named: str | None


def current(plan: Plan, at: datetime) -> Plan:
    """Without warnings whose time is over."""
    today = seoul(at).date()
    return replace(plan, warnings=tuple(one for one in plan.warnings if today <= one.until))


def agreed(plan: Plan, at: datetime) -> bool | None:
    """Whether an instant is one of the agreed times; None where none were agreed."""
    return any(one.holds(at) for one in plan.times) if plan.times else None


def clean(plan: Plan) -> Plan:
    """The plan to be stored, without registration numbers. Raises TextTooLong, WrongValue."""
    if len(plan.times) > MOST_TIMES or any(map(_wrong, plan.times)):
        raise WrongValue(field="times")
    if plan.minutes is not None and not 1 <= plan.minutes <= MOST_MINUTES:
        raise WrongValue(field="minutes")
    if len(plan.warnings) > MOST_WARNINGS:
        raise WrongValue(field="warnings")
    return replace(
        plan,
        helps=_text(plan.helps, "helps", LONGEST_TEXT),
        avoid=_text(plan.avoid, "avoid", LONGEST_TEXT),
        warnings=tuple(replace(one, text=_text(one.text, "warnings", LONGEST_WARNING)) for one in plan.warnings),
    )


def _wrong(one: AgreedTime) -> bool:
    return not 0 <= one.weekday <= 6 or one.since == one.until or one.since.tzinfo is not None or one.until.tzinfo is not None


def _text(text: str, name: str, limit: int) -> str:
    if len(text) > limit:
        raise TextTooLong(field=name, length=len(text), limit=limit)
    return scrub(text).text

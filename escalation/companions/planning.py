"""Which calls a plan makes, who makes them, and whether they may be made. Pure; weekly times are Seoul's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from core.clock import SEOUL, seoul
from escalation.companions.model import Plan, Skip, Substitute, Support, SupportState


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A call that a plan makes; `skip`: one that it would make, and the reason why not."""

    plan_id: UUID
    due_at: datetime
    skip: Skip | None = None


def planned(plan: Plan, first: date, last: date, holidays: Mapping[date, str]) -> list[Planned]:
    """The calls of a plan from `first` to `last`, both included; on a holiday, if wished, one that is skipped and says so."""
    day = max(first, plan.first)
    day += timedelta(days=(plan.weekday - day.weekday()) % 7)
    end = last if plan.last is None else min(last, plan.last)
    found: list[Planned] = []
    while day <= end:
        at = datetime.combine(day, plan.at, SEOUL).astimezone(UTC)
        skip = Skip.HOLIDAY if plan.skip_holidays and day in holidays else None
        found.append(Planned(plan_id=plan.id, due_at=at, skip=skip))
        day += timedelta(days=7)
    return found


def who(support: Support, substitutes: Iterable[Substitute], at: datetime) -> UUID:
    """Which companion is to be rung: who stands in on that day, else the support's own."""
    day = seoul(at).date()
    return next((one.companion_id for one in substitutes if one.first <= day <= one.last), support.companion_id)


def barrier_of(support: Support, now: datetime, *, has_number: bool) -> Skip | None:
    """Why the person must not be called now; None: they may be."""
    if support.state is SupportState.ENDED:
        return Skip.SUPPORT_ENDED
    if support.state is not SupportState.ACTIVE:
        return Skip.SUPPORT_PAUSED
    if support.permission.may_call is not True:
        return Skip.NO_PERMISSION
    if now >= support.consent_until:
        return Skip.CONSENT_OVER
    return None if has_number else Skip.NO_NUMBER


def clash(plan: Plan, others: Sequence[Plan], minutes: int = 30) -> Plan | None:
    """Another plan of the same companion that begins within so many minutes on the same weekday, if any."""

    def minute(one: Plan) -> int:
        return one.at.hour * 60 + one.at.minute

    def together(one: Plan) -> bool:
        return (one.last is None or one.last >= plan.first) and (plan.last is None or plan.last >= one.first)

    near = (one for one in others if one.id != plan.id and one.weekday == plan.weekday and together(one))
    return next((one for one in near if abs(minute(one) - minute(plan)) < minutes), None)

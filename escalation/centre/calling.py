"""May the person be called now, and what may be said? Pure: permission, hours and spacing are data, and the careful answer is the default."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from core.clock import seoul
from escalation.centre.model import HELD, Basis, Hours, Permission, Referral
from escalation.centre.rules import Rules


class Barrier(StrEnum):
    """What is in the way of a call."""

    #: Nobody of the centre has the case, or it is at rest.
    NOT_HELD = "not_held"
    #: The person has not said that they may be called, or has said that they may not.
    NO_PERMISSION = "no_permission"
    #: The consent has run out.
    CONSENT_OVER = "consent_over"
    #: There is no number.
    NO_NUMBER = "no_number"
    UNDER_WAY = "under_way"
    #: All permitted attempts were made: somebody decides what to do.
    EXHAUSTED = "exhausted"
    TOO_SOON = "too_soon"
    OUTSIDE_HOURS = "outside_hours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """What may be said to whoever answers, and to a machine."""

    #: Before it is sure that it is the person. Afterwards they are told in any case.
    say_who: bool
    leave_message: bool
    #: The message may name us.
    message_says_who: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer: no barrier, then the person may be called in this manner."""

    barrier: Barrier | None
    #: When to try again, where waiting is all it takes.
    until: datetime | None = None
    manner: Manner = Manner(say_who=False, leave_message=False, message_says_who=False)


def permitted(permission: Permission, basis: Basis | None) -> bool:
    """Whether the person may be called at all. In danger silence is no refusal; a no is one: then emergency services are the way."""
    if basis is Basis.DANGER:
        return permission.may_call is not False
    return basis is not None and permission.may_call is True


def manner(permission: Permission) -> Manner:
    """What may be said. A telephone that others use hears who we are only if the person wished it so."""
    say_who = permission.may_say_who is True and permission.shared_phone is False
    message = permission.may_leave_message is True
    return Manner(say_who=say_who, leave_message=message, message_says_who=message and say_who)


def may_call(case: Referral, now: datetime, rules: Rules, *, has_number: bool) -> Answer:
    """Whether somebody of the centre may call the person now."""
    if case.state not in HELD:
        return Answer(barrier=Barrier.NOT_HELD)
    if not permitted(case.permission, case.basis):
        return Answer(barrier=Barrier.NO_PERMISSION)
    if case.basis is Basis.CONSENT and (case.consent_until is None or now >= case.consent_until):
        return Answer(barrier=Barrier.CONSENT_OVER)
    if not has_number:
        return Answer(barrier=Barrier.NO_NUMBER)
    if case.calling is not None:
        return Answer(barrier=Barrier.UNDER_WAY)
    if case.attempts >= rules.attempts:
        return Answer(barrier=Barrier.EXHAUSTED)
    # After a talk (no attempts since) there is nothing to space.
    if case.attempts and case.last_attempt_at is not None and now < case.last_attempt_at + rules.spacing:
        return Answer(barrier=Barrier.TOO_SOON, until=opens(case.permission.hours, case.last_attempt_at + rules.spacing, rules))
    if (at := opens(case.permission.hours, now, rules)) > now:
        return Answer(barrier=Barrier.OUTSIDE_HOURS, until=at)
    return Answer(barrier=None, manner=manner(case.permission))


def opens(hours: Hours, at: datetime, rules: Rules) -> datetime:
    """`at`, if it is within the hours, or when they begin next."""
    begin, end = rules.hours[hours]
    local = seoul(at)
    if begin <= local.hour < end:
        return at
    first = local.replace(hour=begin, minute=0, second=0, microsecond=0)
    return (first if first > local else first + timedelta(days=1)).astimezone(UTC)

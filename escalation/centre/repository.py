"""Rows of the centre as records and back; every function runs within its caller's transaction."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from escalation.centre import tables as t
from escalation.centre.errors import UnknownReferral
from escalation.centre.model import Basis, Consent, Hours, Outcome, Permission, Recipient, Referral, State, Urgency
from escalation.centre.staff import Duty, Human, Staff

#: Announced with the referral's id when a case has changed. A hint: whoever hears it reads.
CENTRE_CHANGED = "centre_changed"
_NOTIFY = text("SELECT pg_notify(:channel, :payload)")
_WORD = re.compile(r"(?<!^)(?=[A-Z])")


def permission_of(row: Row[Any]) -> Permission:
    """Consent to be called, of a referral or a support."""
    return Permission(
        may_call=row.may_call,
        may_say_who=row.may_say_who,
        may_leave_message=row.may_leave_message,
        shared_phone=row.shared_phone,
        hours=Hours(row.hours),
    )


def permission_values(permission: Permission) -> dict[str, object]:
    """The same as columns."""
    return {
        "may_call": permission.may_call,
        "may_say_who": permission.may_say_who,
        "may_leave_message": permission.may_leave_message,
        "shared_phone": permission.shared_phone,
        "hours": str(permission.hours),
    }


def referral_of(row: Row[Any]) -> Referral:
    """A row as the machine knows it."""
    return Referral(
        id=row.id,
        state=State(row.state),
        urgency=Urgency(row.urgency),
        created_at=row.created_at,
        due_at=row.due_at,
        basis=Basis(row.basis) if row.basis else None,
        consent_until=row.consent_until,
        permission=permission_of(row),
        owner_id=row.owner_id,
        outcome=Outcome(row.outcome) if row.outcome else None,
        attempts=row.attempts,
        last_attempt_at=row.last_attempt_at,
        calling=row.calling,
        version=row.version,
    )


def consent_of(row: Row[Any]) -> Consent:
    """What the person answered."""
    return Consent(
        id=row.id,
        given=row.given,
        recipient=Recipient(row.recipient),
        recipient_name=row.recipient_name,
        purpose=row.purpose,
        items=tuple(row.items),
        until=row.until,
        right_to_refuse_told=row.right_to_refuse_told,
        script_version=row.script_version,
        at=row.at,
        asked_by=row.asked_by,
        recording=row.recording,
        under_14=row.under_14,
        by_guardian=row.by_guardian,
    )


def staff_of(row: Row[Any]) -> Staff:
    """Somebody of the centre."""
    return Staff(
        id=row.id,
        name=row.name,
        extension=row.extension,
        languages=tuple(row.languages),
        human=Human(row.human),
        busy_until=row.busy_until,
        last_live_at=row.last_live_at,
        disabled=row.disabled_at is not None,
    )


def duty_of(row: Row[Any]) -> Duty:
    """Hours of somebody."""
    return Duty(staff_id=row.staff_id, weekday=row.weekday, day=row.day, starts=row.starts, ends=row.ends)


async def locked(session: AsyncConnection, referral_id: UUID) -> tuple[Referral, Row[Any]]:
    """A referral whose row is this transaction's until it ends. Raises UnknownReferral."""
    statement = select(t.referrals).where(t.referrals.c.id == referral_id).with_for_update()
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise UnknownReferral
    return referral_of(row), row


async def store(session: AsyncConnection, before: Referral, after: Referral, at: datetime) -> None:
    """Write what has changed."""
    values: dict[str, object] = {
        "state": str(after.state),
        "urgency": str(after.urgency),
        "due_at": after.due_at,
        "basis": str(after.basis) if after.basis else None,
        "consent_until": after.consent_until,
        **permission_values(after.permission),
        "owner_id": after.owner_id,
        "outcome": str(after.outcome) if after.outcome else None,
        "attempts": after.attempts,
        "last_attempt_at": after.last_attempt_at,
        "calling": after.calling,
        "version": after.version,
    }
    if after.state is not before.state:
        values["closed_at"] = at if after.state is State.CLOSED else None
    if after.due_at != before.due_at:
        # A new deadline has not been an alarm.
        values["alarmed_at"] = None
    await session.execute(update(t.referrals).where(t.referrals.c.id == after.id).values(values))


async def tell(
    session: AsyncConnection, case: Referral, kind: object, at: datetime, by: UUID | None, detail: Mapping[str, object] | None = None
) -> None:
    """Add a line to the story and announce it. `kind`: a happening, or a word."""
    word = kind if isinstance(kind, str) else _WORD.sub("_", type(kind).__name__).lower()
    line = {"referral_id": case.id, "at": at, "kind": word, "by": by, "state": str(case.state), "detail": dict(detail or {})}
    await session.execute(insert(t.referral_events), line)
    await session.execute(_NOTIFY, {"channel": CENTRE_CHANGED, "payload": str(case.id)})

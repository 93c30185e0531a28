"""Cases as the pages get them. What somebody must not see is left out here, on the server. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from desk import masking
from desk.centre.eyes import Eyes
from desk.centre.models import (
    AttemptOut,
    CallableOut,
    CaseOut,
    ConsentOut,
    EventOut,
    FollowUpOut,
    ItemOut,
    LinkOut,
    NeedOut,
    NoteOut,
)
from desk.centre.referrals_api import permission_out, referral_out
from escalation.centre.calling import may_call
from escalation.centre.case import Item
from escalation.centre.model import Referral
from escalation.centre.reading import Case
from escalation.centre.rules import Rules


def item(one: Item, names: Mapping[UUID, str], now: datetime) -> ItemOut:
    """A line of the worklist: no name, no number."""
    return ItemOut(
        id=one.referral_id,
        state=one.state,
        urgency=one.urgency,
        due_at=one.due_at,
        next_at=one.next_at,
        overdue=one.next_at <= now,
        owner=one.owner_id,
        owner_name=names.get(one.owner_id) if one.owner_id else None,
        district=one.district,
    )


def closed_item(case: Referral, district: str) -> ItemOut:
    """A line of what was closed: nothing is due of it."""
    return ItemOut(
        id=case.id, state=case.state, urgency=case.urgency, due_at=case.created_at, next_at=case.created_at, overdue=False, owner=None,
        owner_name=None, district=district,
    )  # fmt: skip


def case_out(
    case: Case, looking: Eyes, *, person: UUID | None, people: Mapping[UUID, str], users: Mapping[UUID | None, str], mine: UUID | None, now: datetime, rules: Rules
) -> CaseOut:  # fmt: skip
    """The case page."""
    referral, text = case.referral, looking.text
    answer = may_call(referral, now, rules, has_number=case.number is not None)
    return CaseOut(
        referral=referral_out(referral, case.district),
        person=person,
        name=looking.name(case.name),
        number=masking.number(case.number) if case.number is not None else None,
        language=case.language,
        age_band=case.age_band,
        basis=str(referral.basis) if referral.basis else None,
        consent_until=referral.consent_until,
        permission=permission_out(referral.permission),
        owner=referral.owner_id,
        owner_name=people.get(referral.owner_id) if referral.owner_id else None,
        mine=mine is not None and referral.owner_id == mine,
        call=CallableOut(
            barrier=str(answer.barrier) if answer.barrier else None,
            until=answer.until,
            say_who=answer.manner.say_who,
            leave_message=answer.manner.leave_message,
            message_says_who=answer.manner.message_says_who,
        ),
        consents=[
            ConsentOut(
                id=one.id, given=one.given, recipient=one.recipient, recipient_name=one.recipient_name, purpose=one.purpose,
                items=list(one.items), until=one.until, script_version=one.script_version, at=one.at, recording=one.recording,
                under_14=one.under_14, by_guardian=one.by_guardian,
            )
            for one in case.consents
        ],
        notes=[
            NoteOut(id=one.id, at=one.at, by=users.get(one.by), kind=one.kind, text=text(one.text), replaces=one.replaces)
            for one in case.notes
        ],
        needs=[NeedOut(id=one.id, area=one.area, state=one.state, text=text(one.text), at=one.at) for one in case.needs],
        links=[
            LinkOut(
                id=one.id, need=one.need_id, service_id=one.service_id, service=one.service, state=one.state, result=text(one.result),
                at=one.at, handed_over_at=one.handed_over_at,
            )
            for one in case.links
        ],
        follow_ups=[
            FollowUpOut(
                id=one.id, kind=one.kind, due_at=one.due_at, text=text(one.text), done_at=one.done_at, cancelled=one.cancelled,
                result=text(one.result),
            )
            for one in case.follow_ups
        ],
        attempts=[
            AttemptOut(
                id=one.id, staff=one.staff_id, ordered_at=one.ordered_at, talked_at=one.talked_at, ended_at=one.ended_at, result=one.result
            )
            for one in case.attempts
        ],
        events=[EventOut(at=one.at, kind=one.kind, by=users.get(one.by), state=one.state) for one in case.events],
    )  # fmt: skip

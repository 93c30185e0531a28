"""The incident's life: `advance(incident, happening, at) -> incident`. Pure.

The state follows from the attempts and from what people said, so no order of happenings can lose it: whatever is late or doubled changes
nothing, and only a human's word ends an incident.

    raised -> dialling -> answered -> joined -> taken_over -> confirmed
       ^         |            |          |
       +---------+------------+----------+      (the partner was not reached, or left)
       |
       +-> unreached (nobody is left; the next attempt begins another round)

    every state but the last two: -> confirmed, -> closed (with a reason)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from escalation import happenings as h
from escalation.errors import IllegalTransition
from escalation.model import Attempt, Incident, Result, Stage, State

#: What a happening makes of an attempt, and from which stages it does.
STAGES: Mapping[str, tuple[Stage, frozenset[Stage]]] = {
    h.Answered.kind: (Stage.ANSWERED, frozenset({Stage.DIALLING})),
    h.Briefed.kind: (Stage.BRIEFED, frozenset({Stage.DIALLING, Stage.ANSWERED})),
    h.Private.kind: (Stage.PRIVATE, frozenset(Stage) - {Stage.OVER, Stage.PRIVATE}),
    h.Joined.kind: (Stage.JOINED, frozenset(Stage) - {Stage.OVER, Stage.JOINED}),
}


def state_of(incident: Incident) -> State:
    """The state that follows from everything else in the record."""
    if incident.ended_at is not None:
        return State.CONFIRMED if incident.close_reason is None else State.CLOSED
    if incident.taken_over_at is not None:
        return State.TAKEN_OVER
    stages = {attempt.stage for attempt in incident.live}
    if Stage.JOINED in stages:
        return State.JOINED
    if stages - {Stage.DIALLING}:
        return State.ANSWERED
    if stages:
        return State.DIALLING
    return State.UNREACHED if incident.exhausted == len(incident.attempts) else State.RAISED


def advance(incident: Incident | None, happened: h.Happening, at: datetime) -> Incident:
    """The incident after a happening; the same one if that is late or doubled. `at`: aware, UTC.

    Raises IllegalTransition: for anything but `Raised` without an incident, a `Raised` of another one, and a person's word on one that is over.
    """
    if incident is None:
        if not isinstance(happened, h.Raised):
            raise IllegalTransition(f"{happened.kind}: nothing has been raised")
        return _raised(happened, at)
    if isinstance(happened, h.Raised) and happened.contact_id != incident.contact_id:
        raise IllegalTransition("raised: another contact's incident")
    if isinstance(happened, h.Confirmed | h.Closed):
        return _ended(incident, happened, at)
    changed = _changed(incident, happened, at)
    return replace(changed, state=state_of(changed))


def _raised(raised: h.Raised, at: datetime) -> Incident:
    return Incident(
        id=raised.incident_id,
        contact_id=raised.contact_id,
        raised_at=at,
        raised_by=raised.raised_by,
        counsellor_id=raised.counsellor_id,
        danger=raised.danger,
        proposed=raised.proposed,
        third_party=raised.third_party,
    )


def _ended(incident: Incident, deed: h.Deed, at: datetime) -> Incident:
    if incident.over:
        raise IllegalTransition(f"{deed.kind}: the incident is {incident.state} already")
    reason = deed.reason if isinstance(deed, h.Closed) else None
    ended = replace(incident, ended_at=at, ended_by=deed.by, close_reason=reason)
    return replace(ended, state=state_of(ended))


def _changed(incident: Incident, happened: h.Raised | h.Dialled | h.Fact, at: datetime) -> Incident:
    match happened:
        case h.Raised():
            # A second press tells nothing new, unless there was only a proposal.
            return replace(
                incident,
                proposed=incident.proposed and happened.proposed,
                called_off=incident.called_off and happened.proposed,
                danger=incident.danger or happened.danger,
                counsellor_id=incident.counsellor_id or happened.counsellor_id,
                third_party=incident.third_party or happened.third_party,
            )
        case h.Described(danger=danger, third_party=third_party):
            third = incident.third_party if third_party is None else third_party
            return replace(incident, danger=danger or incident.danger, third_party=third)
        case h.Dialled():
            return _dialled(incident, happened, at)
        case h.Answered() | h.Briefed() | h.Private() | h.Joined():
            return _on_the_phone(incident, happened, at)
        case h.TakenOver():
            return replace(incident, taken_over_at=incident.taken_over_at or at)
        case h.PartnerLeft() | h.AttemptFailed():
            return _attempt_over(incident, happened, at)
        case h.NobodyLeft():
            return replace(incident, exhausted=len(incident.attempts))
        case h.CalledOff():
            return replace(incident, called_off=True)
        case h.CallerGone() | h.CallerBack():
            gone_at = (incident.caller_gone_at or at) if isinstance(happened, h.CallerGone) else None
            return replace(incident, caller_gone_at=gone_at)
        case h.Redialled():
            return replace(incident, redials=incident.redials + 1)
        case h.CounsellorGone():
            return replace(incident, counsellor_gone_at=incident.counsellor_gone_at or at)
        case h.CounsellorBack(counsellor_id=counsellor_id):
            return replace(incident, counsellor_gone_at=None, counsellor_id=counsellor_id or incident.counsellor_id)


def _dialled(incident: Incident, dialled: h.Dialled, at: datetime) -> Incident:
    if incident.attempt(dialled.attempt_id) is not None:
        return incident
    attempt = Attempt(
        id=dialled.attempt_id,
        number=1 + max((attempt.number for attempt in incident.attempts), default=0),
        partner_id=dialled.partner_id,
        leg_id=dialled.leg_id,
        started_at=at,
        test=dialled.test,
    )
    # Whoever dials has decided.
    return replace(incident, attempts=(*incident.attempts, attempt), proposed=False, called_off=False)


def _on_the_phone(incident: Incident, happened: h.Answered | h.Briefed | h.Private | h.Joined, at: datetime) -> Incident:
    attempt = incident.attempt(happened.attempt_id)
    stage, before = STAGES[happened.kind]
    if attempt is None or attempt.stage not in before:
        return incident
    return _with(incident, replace(attempt, stage=stage, answered_at=attempt.answered_at or at))


def _attempt_over(incident: Incident, happened: h.PartnerLeft | h.AttemptFailed, at: datetime) -> Incident:
    attempt = incident.attempt(happened.attempt_id)
    if attempt is None or not attempt.live:
        return incident
    result = happened.result if isinstance(happened, h.AttemptFailed) else result_of_leaving(incident)
    return _with(incident, replace(attempt, stage=Stage.OVER, ended_at=at, result=result))


def result_of_leaving(incident: Incident) -> Result:
    """What came of a call that a partner leaves now."""
    return Result.LEFT if incident.taken_over_at is None else Result.TAKEN_OVER


def _with(incident: Incident, changed: Attempt) -> Incident:
    return replace(incident, attempts=tuple(changed if attempt.id == changed.id else attempt for attempt in incident.attempts))

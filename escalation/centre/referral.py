"""The machine of a referral: `advance(referral, happened, rules) -> referral`. Pure.

Three things hold whatever happens: every case that is not at rest has a deadline; none is closed without an outcome; and nothing is sent
without consent or danger. What comes late or twice, and is true all the same (a call that ends after the case was closed), changes nothing
and is kept in the timeline by whoever stores it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from escalation.centre.consent import missing
from escalation.centre.errors import AlreadyClaimed, ConsentIncomplete, IllegalTransition, NoConsent, NotTheirs
from escalation.centre.model import (
    FREE,
    HELD,
    NO_MORE,
    RESTING,
    UNCOUNTED,
    Basis,
    Consent,
    Danger,
    Outcome,
    Permission,
    Recipient,
    Referral,
    Result,
    State,
    Urgency,
)
from escalation.centre.rules import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """Something that happened to a referral. `by`: a desk account; None: the program."""

    at: datetime
    by: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Happened):
    """The person was asked whether the centre may have their data; and whether it may call them."""

    consent: Consent
    permission: Permission | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InDanger(Happened):
    """Somebody decided that there is imminent danger."""

    danger: Danger


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent(Happened):
    """It goes to the worklist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentLive(Happened):
    """The caller is being put through to somebody of the centre."""

    staff_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SentOn(Happened):
    """The one who was rung is not to be had: the caller is being put through to somebody else."""

    staff_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTaken(Happened):
    """They talk."""

    staff_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFailed(Happened):
    """Nobody of the centre could be put through: it waits on the worklist instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed(Happened):
    """Somebody takes it."""

    staff_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Released(Happened):
    """Back to the worklist."""

    staff_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver(Happened):
    """From one to another; `staff_id` None: by a supervisor."""

    to: UUID
    staff_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialling(Happened):
    """A call-back begins; whether it may was asked before (`escalation.centre.calling`)."""

    attempt_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkBegan(Happened):
    """The person answered, and it is they."""

    attempt_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Called(Happened):
    """A call-back ended."""

    attempt_id: UUID
    result: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Permitted(Happened):
    """The person says, or says anew, whether and how they may be called."""

    permission: Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Counselling(Happened):
    """In-depth counselling has begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep(Happened):
    """Something was done, and the next thing is due then; None: as the rules say."""

    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreUrgent(Happened):
    """It is more, or less, urgent than was thought."""

    urgency: Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(Happened):
    """It is over."""

    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened(Happened):
    """It is not over. `urgency`: as it is now."""

    urgency: Urgency = Urgency.TODAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn(Happened):
    """The person takes the consent back."""


def advance(referral: Referral, happened: Happened, rules: Rules) -> Referral:
    """What a referral becomes. Raises IllegalTransition, NoConsent, ConsentIncomplete, AlreadyClaimed, NotTheirs; then nothing has changed."""
    changed = _step(referral, happened, rules)
    return replace(changed, version=referral.version + 1) if changed is not referral else referral


def _step(case: Referral, happened: Happened, rules: Rules) -> Referral:
    match happened:
        case Answered() | InDanger() | Withdrawn() | Permitted():
            return _said(case, happened, rules)
        case Sent() | SentLive() | SentOn() | LiveTaken() | LiveFailed():
            return _sending(case, happened, rules)
        case Claimed() | Released() | HandedOver():
            return _owning(case, happened)
        case Dialling() | TalkBegan() | Called():
            return _calling(case, happened, rules)
        case Counselling() if case.state in HELD:
            return replace(case, state=State.IN_COUNSELLING, due_at=rules.next_step(happened.at))
        case NextStep() if case.state in HELD:
            due = rules.next_step(happened.at) if happened.due_at is None else happened.due_at
            # Before anybody has talked to the person the promise given with the urgency stands.
            return case if case.state is State.CLAIMED else replace(case, due_at=due)
        case MoreUrgent() if case.open:
            due = rules.due(happened.urgency, case.created_at)
            return replace(case, urgency=happened.urgency, due_at=min(due, case.due_at or due) if case.state not in FREE else due)
        case Closed() if case.state in HELD | FREE:
            return replace(case, state=State.CLOSED, outcome=happened.outcome, owner_id=None, due_at=None)
        case Closed() if case.state is State.CLOSED and case.outcome is happened.outcome:
            return case
        case Reopened() if case.state is State.CLOSED and case.basis is None:
            # The consent was taken back since: they are asked anew first.
            raise NoConsent
        case Reopened() if case.state is State.CLOSED:
            due = rules.due(happened.urgency, happened.at)
            return replace(case, state=State.REOPENED, urgency=happened.urgency, outcome=None, due_at=due, attempts=0, last_attempt_at=None)
        case _:
            raise IllegalTransition(case.state, type(happened).__name__)


def _said(case: Referral, happened: Answered | InDanger | Withdrawn | Permitted, rules: Rules) -> Referral:
    match happened:
        case Answered():
            if lacking := missing(happened.consent):
                raise ConsentIncomplete(lacking)
            if happened.consent.recipient is not Recipient.CENTRE:
                raise ConsentIncomplete(("recipient",))
            return _answered(case, happened, rules)
        case InDanger() if _may_be_asked(case):
            return replace(
                case,
                state=State.CONSENTED,
                outcome=None,
                basis=Basis.DANGER,
                consent_until=None,
                urgency=Urgency.IMMEDIATE,
                due_at=rules.send_by(happened.at),
            )
        case Permitted():
            # What the person says counts at any time; attempts before they said it do not speak against them.
            return replace(case, permission=happened.permission, attempts=0 if happened.permission.may_call else case.attempts)
        case Withdrawn() if case.state not in (State.CLOSED, State.REFUSED):
            withdrawn = replace(case.permission, may_call=False)
            if case.state is State.WITHDRAWN:
                return case
            return replace(case, state=State.WITHDRAWN, basis=None, consent_until=None, permission=withdrawn, owner_id=None, due_at=None)
        case Withdrawn():
            # At rest already: what is left is that nobody calls or passes anything on.
            return replace(case, basis=None, consent_until=None, permission=replace(case.permission, may_call=False))
        case _:
            raise IllegalTransition(case.state, type(happened).__name__)


def _may_be_asked(case: Referral) -> bool:
    """Not sent, or nothing holds any more by which it was."""
    return case.state in (State.PROPOSED, State.REFUSED, State.CONSENTED, State.WITHDRAWN) or (
        case.state is State.CLOSED and case.basis is None
    )


def _answered(case: Referral, happened: Answered, rules: Rules) -> Referral:
    consent, permission = happened.consent, happened.permission or case.permission
    if case.state in FREE | HELD:
        # Asked anew, because the consent runs out: the work goes on, or ends here.
        if not consent.given:
            return _taken_back(case)
        return replace(case, basis=Basis.CONSENT, consent_until=consent.until, permission=permission)
    if not _may_be_asked(case):
        raise IllegalTransition(case.state, "Answered")
    if not consent.given:
        return case if case.state is State.CLOSED else replace(case, state=State.REFUSED, basis=None, consent_until=None, due_at=None)
    return replace(
        case,
        state=State.CONSENTED,
        basis=Basis.CONSENT,
        consent_until=consent.until,
        permission=permission,
        outcome=None,
        due_at=rules.send_by(happened.at),
    )


def _taken_back(case: Referral) -> Referral:
    permission = replace(case.permission, may_call=False)
    return replace(case, state=State.WITHDRAWN, basis=None, consent_until=None, permission=permission, owner_id=None, due_at=None)


def _sending(case: Referral, happened: Sent | SentLive | SentOn | LiveTaken | LiveFailed, rules: Rules) -> Referral:
    match happened:
        case Sent() | SentLive() if case.state in (State.PROPOSED, State.REFUSED, State.WITHDRAWN):
            raise NoConsent
        case Sent() if case.state is State.CONSENTED:
            _has_basis(case, happened.at)
            return replace(case, state=State.WAITING, due_at=rules.due(case.urgency, happened.at))
        case SentLive() if case.state is State.CONSENTED:
            _has_basis(case, happened.at)
            return replace(case, state=State.LIVE, owner_id=happened.staff_id, due_at=rules.live_by(happened.at))
        case SentOn() if case.state is State.LIVE:
            return replace(case, owner_id=happened.staff_id, due_at=rules.live_by(happened.at))
        case LiveTaken() if case.state is State.LIVE:
            return replace(case, state=State.IN_CONTACT, owner_id=happened.staff_id, due_at=rules.next_step(happened.at))
        case LiveTaken() if case.state in FREE:
            # It took longer than was waited for, and succeeded.
            return replace(case, state=State.IN_CONTACT, owner_id=happened.staff_id, due_at=rules.next_step(happened.at))
        case LiveFailed() if case.state is State.LIVE:
            return replace(case, state=State.WAITING, owner_id=None, due_at=rules.due(case.urgency, happened.at))
        case LiveTaken() | LiveFailed() if case.state in HELD | FREE | RESTING:
            return case
        case _:
            raise IllegalTransition(case.state, type(happened).__name__)


def _has_basis(case: Referral, at: datetime) -> None:
    if case.basis is Basis.DANGER:
        return
    if case.basis is None or case.consent_until is None or at >= case.consent_until:
        raise NoConsent


def _owning(case: Referral, happened: Claimed | Released | HandedOver) -> Referral:
    match happened:
        case Claimed() if case.state in FREE:
            return replace(case, state=State.CLAIMED, owner_id=happened.staff_id)
        case Claimed() if case.state in HELD:
            if case.owner_id == happened.staff_id:
                return case
            raise AlreadyClaimed
        case Released() if case.state in HELD:
            _is_owner(case, happened.staff_id)
            return replace(case, state=State.WAITING, owner_id=None)
        case HandedOver() if case.state in HELD:
            if happened.staff_id is not None:
                _is_owner(case, happened.staff_id)
            return replace(case, owner_id=happened.to) if happened.to != case.owner_id else case
        case _:
            raise IllegalTransition(case.state, type(happened).__name__)


def _is_owner(case: Referral, staff_id: UUID) -> None:
    if case.owner_id != staff_id:
        raise NotTheirs


def _calling(case: Referral, happened: Dialling | TalkBegan | Called, rules: Rules) -> Referral:
    if isinstance(happened, Dialling):
        if case.state not in HELD or case.calling is not None:
            raise IllegalTransition(case.state, "Dialling")
        return replace(case, calling=happened.attempt_id)
    if case.calling != happened.attempt_id:
        # Told twice, or a call that was given up for lost goes on or ends after all.
        return case
    if isinstance(happened, TalkBegan):
        return _reached(case, happened.at, rules)
    ended = replace(case, calling=None)
    if happened.result is Result.TALKED:
        return _reached(ended, happened.at, rules)
    if happened.result in UNCOUNTED:
        return ended
    ended = replace(ended, attempts=case.attempts + 1, last_attempt_at=happened.at)
    return replace(ended, permission=replace(case.permission, may_call=False)) if happened.result in NO_MORE else ended


def _reached(case: Referral, at: datetime, rules: Rules) -> Referral:
    reached = replace(case, attempts=0, last_attempt_at=at)
    return replace(reached, state=State.IN_CONTACT, due_at=rules.next_step(at)) if case.state is State.CLAIMED else reached

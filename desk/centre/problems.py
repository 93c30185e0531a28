"""What can be wrong with what is asked of the centre or of companions, as problems a page can show."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from core.errors import DatabaseConflict
from desk.errors import NOT_FOUND, Problem, ProblemKind
from desk.routes import Call
from escalation.centre.errors import CentreError, ConsentIncomplete, IllegalTransition, NotCallable, TextTooLong, WorkLeft

NO_CONSENT = ProblemKind(
    409,
    "no_consent",
    "본인 동의가 없어 넘길 수 없습니다. 급박한 위험이 있을 때만 동의 없이 넘길 수 있습니다.",
    "The person has not agreed to this. Without consent only imminent danger is a ground.",
)
CONSENT_INCOMPLETE = ProblemKind(
    422, "consent_incomplete", "동의에 빠진 것이 있어 저장하지 않았습니다.", "Something is missing from the consent; nothing was saved."
)
ILLEGAL = ProblemKind(
    409, "illegal_transition", "지금 상태에서는 할 수 없는 일입니다.", "This can't be done in the state in which the case is now."
)
ALREADY_CLAIMED = ProblemKind(409, "already_claimed", "다른 사람이 먼저 맡았습니다.", "Somebody else was first.")
NOT_THEIRS = ProblemKind(409, "not_theirs", "다른 사람이 맡은 사례입니다.", "Somebody else has this case.")
NOT_CALLABLE = ProblemKind(409, "not_callable", "지금은 전화할 수 없습니다.", "The person must not be called now.")
STAFF_BUSY = ProblemKind(409, "staff_busy", "이미 통화 중이거나 준비 상태가 아닙니다.", "They are in a call, or not ready.")
WORK_LEFT = ProblemKind(
    409, "work_left", "끝나지 않은 후속 일이나 연계가 있습니다.", "Follow-ups or links are open: finish or cancel them first."
)
TEXT_TOO_LONG = ProblemKind(422, "text_too_long", "글이 너무 길어 저장하지 않았습니다.", "The text is too long; nothing was saved.")
UNKNOWN_STAFF = ProblemKind(422, "unknown_staff", "센터 직원이 아닙니다.", "Nobody of this id works at the centre.")
NOT_STAFF = ProblemKind(
    409, "not_staff", "이 계정은 센터 직원과 연결되어 있지 않습니다.", "This account does not belong to the centre's staff."
)
NOT_COMPANION = ProblemKind(
    409, "not_companion", "이 계정은 동행단과 연결되어 있지 않습니다.", "This account does not belong to a companion."
)
NOT_POSSIBLE = ProblemKind(409, "not_possible", "이 동행인은 지금 맡을 수 없습니다.", "This companion can't take this person.")
HAS_COMPANION = ProblemKind(409, "has_companion", "이미 동행인이 있습니다.", "The person has a companion.")
WRONG_STATE = ProblemKind(409, "wrong_state", "지금 상태에서는 할 수 없는 일입니다.", "This can't be done in this state.")
PLAN_CLASH = ProblemKind(409, "plan_clash", "같은 시간에 다른 통화가 있습니다.", "There is another call at that time.")
UNKNOWN_COMPANION = ProblemKind(422, "unknown_companion", "등록되지 않은 동행인입니다.", "There is no such companion.")
ACCOUNT_TAKEN = ProblemKind(409, "account_taken", "이미 다른 사람과 연결된 계정입니다.", "This account belongs to somebody already.")
NUMBER_WRONG = ProblemKind(422, "number_wrong", "전화번호가 아닙니다.", "This is not a telephone number.")

#: Whatever changes a case may answer with these.
OF_CASES = (
    NO_CONSENT, CONSENT_INCOMPLETE, ILLEGAL, ALREADY_CLAIMED, NOT_THEIRS, NOT_CALLABLE, STAFF_BUSY, WORK_LEFT, TEXT_TOO_LONG, UNKNOWN_STAFF,
    NOT_STAFF, NUMBER_WRONG, ACCOUNT_TAKEN,
)  # fmt: skip
#: … and what changes accompaniments, with these.
OF_COMPANIONS = (
    NO_CONSENT, ILLEGAL, TEXT_TOO_LONG, NOT_COMPANION, NOT_POSSIBLE, HAS_COMPANION, WRONG_STATE, PLAN_CLASH, UNKNOWN_COMPANION,
    ACCOUNT_TAKEN, NUMBER_WRONG,
)  # fmt: skip
_KINDS: Mapping[str, ProblemKind] = {kind.code: kind for kind in (*OF_CASES, *OF_COMPANIONS)}
#: There is no such thing, or not for them: the two look alike.
_GONE = frozenset({"unknown_referral", "unknown_part", "unknown_support", "unknown_call"})

P = ParamSpec("P")
Answer = TypeVar("Answer")
Self_ = TypeVar("Self_")


def problem(error: CentreError) -> Problem:
    """What the page gets: codes and times, never a text or a number."""
    if error.code in _GONE:
        return Problem(NOT_FOUND)
    kind = _KINDS.get(error.code, ILLEGAL)
    match error:
        case ConsentIncomplete():
            return Problem(kind, missing=list(error.missing))
        case NotCallable():
            return Problem(kind, why=str(error.why), until=error.until.isoformat() if error.until else None)
        case WorkLeft():
            return Problem(kind, follow_ups=error.follow_ups, links=error.links)
        case TextTooLong():
            return Problem(kind, length=error.length, limit=error.limit)
        case IllegalTransition():
            return Problem(kind, state=error.state)
        case _:
            return Problem(kind)


def told(
    handler: Callable[Concatenate[Self_, Call, P], Awaitable[Answer]],
) -> Callable[Concatenate[Self_, Call, P], Coroutine[Any, Any, Answer]]:
    """A handler whose errors reach the page as problems."""

    @wraps(handler)
    async def inside(self: Self_, call: Call, /, *arguments: P.args, **named: P.kwargs) -> Answer:
        try:
            return await handler(self, call, *arguments, **named)
        except CentreError as error:
            raise problem(error) from error
        except DatabaseConflict as error:
            if error.constraint is not None and error.constraint.endswith("_user_id"):
                raise Problem(ACCOUNT_TAKEN) from error
            raise

    return inside

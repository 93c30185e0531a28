"""What can be wrong with a record or a plan, as problems."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from care import errors as care
from desk.errors import NOT_FOUND, FieldError, Problem, ProblemKind
from desk.routes import Call

NOT_YOUR_CALL = ProblemKind(
    403,
    "not_your_call",
    "다른 상담사의 통화입니다. 그 기록은 쓸 수 없습니다.",
    "This is another counsellor's call; its record is not yours to write.",
)
WRITTEN_MEANWHILE = ProblemKind(
    409,
    "written_meanwhile",
    "그사이 내용이 바뀌어 저장하지 않았습니다. 저장된 내용은 그대로입니다.",
    "It has been changed meanwhile; nothing was saved, and what was there is still there.",
)
NOT_FINAL = ProblemKind(
    409,
    "not_final",
    "상담 종류(또는 비상담 종류)와 누가 전화했는지를 적어야 마칠 수 있습니다.",
    "A record is final only when it says what kind of consultation it was, and who called.",
)
REASON_NEEDED = ProblemKind(
    422, "reason_needed", "마친 기록을 고치려면 까닭을 적어야 합니다.", "A final record is changed with a reason only."
)
CONSENT_MISSING = ProblemKind(
    422,
    "consent_missing",
    "민감정보는 따로 동의를 받아야 저장할 수 있습니다(응급 대응은 예외). 저장된 내용은 그대로입니다.",
    "Sensitive data needs a consent of its own (but in an emergency); what was stored is still there.",
)
TEXT_TOO_LONG = ProblemKind(
    422, "text_too_long", "글이 너무 깁니다. 저장된 내용은 그대로입니다.", "The text is too long; what was stored is still there."
)
WRONG_VALUE = ProblemKind(422, "wrong_value", "쓸 수 없는 값입니다.", "This value can't be used.")
ERASURE_REFUSED = ProblemKind(
    409,
    "erasure_refused",
    "지금은 지울 수 없습니다: 열린 사건, 법적 보존, 또는 법이 정한 보존 기간이 있습니다.",
    "It can't be erased now: an open case, a legal hold, or a law that orders to keep it.",
)
NO_NUMBER = ProblemKind(422, "no_number", "전화번호가 아닙니다.", "This is no telephone number.")

_KINDS: Mapping[type[care.CareError], ProblemKind] = {
    care.Unknown: NOT_FOUND,
    care.NotYourCall: NOT_YOUR_CALL,
    care.WrittenMeanwhile: WRITTEN_MEANWHILE,
    care.NotFinal: NOT_FINAL,
    care.ReasonNeeded: REASON_NEEDED,
    care.ConsentMissing: CONSENT_MISSING,
    care.TextTooLong: TEXT_TOO_LONG,
    care.WrongValue: WRONG_VALUE,
    care.Refused: ERASURE_REFUSED,
}
#: Whatever writes a record may answer with these.
OF_WRITING = (NOT_YOUR_CALL, WRITTEN_MEANWHILE, REASON_NEEDED, CONSENT_MISSING, TEXT_TOO_LONG, WRONG_VALUE)

P = ParamSpec("P")
Answer = TypeVar("Answer")
Self_ = TypeVar("Self_")


def told(
    handler: Callable[Concatenate[Self_, Call, P], Awaitable[Answer]],
) -> Callable[Concatenate[Self_, Call, P], Coroutine[Any, Any, Answer]]:
    """A handler whose errors of records reach the page as problems."""

    @wraps(handler)
    async def inside(self: Self_, call: Call, /, *arguments: P.args, **named: P.kwargs) -> Answer:
        try:
            return await handler(self, call, *arguments, **named)
        except care.CareError as error:
            raise problem(error) from error

    return inside


def problem(error: care.CareError) -> Problem:
    """What the page gets: codes and figures, never what was typed."""
    kind = _KINDS.get(type(error), WRONG_VALUE)
    data = dict(error.data)
    field = data.pop("field", None)
    fields = [FieldError(field=str(field), code=kind.code, ko=kind.ko, en=kind.en)] if field else []
    return Problem(kind, fields=fields, headers=None, **data)

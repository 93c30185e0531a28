"""What can be wrong with what is asked in a crisis, as problems. Each says what helps now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from desk.errors import NOT_FOUND, Problem, ProblemKind
from desk.routes import Call
from escalation import errors as of
from escalation.decisions import ReasonMissing
from escalation.facts import UnknownField
from escalation.ledger import DisclosureError

CALL_OF_ANOTHER = ProblemKind(
    403,
    "call_of_another",
    "다른 상담사의 통화입니다. 위기라면 관리자에게 바로 알리세요.",
    "This is another counsellor's call. If it is a crisis, tell the supervisor at once.",
)
NO_LIVE_CALL = ProblemKind(
    409,
    "no_live_call",
    "이 통화는 끝나서 시스템이 연결할 수 없습니다. 인계 카드를 보면서 112·119·109에 직접 전화하세요.",
    "This call is over, so the system can't connect anybody to it. Call 112, 119 or 109 yourself, with the hand-over card.",
)
INCIDENT_OVER = ProblemKind(
    409,
    "incident_over",
    "이미 확인되었거나 종결된 사건입니다. 아직 위험하면 새로 발신하세요.",
    "This incident is confirmed or closed already. If there is still danger, raise another one.",
)
INCIDENT_MOVED = ProblemKind(
    409,
    "incident_moved",
    "그사이 다른 기관에 전화하기 시작했습니다. 지금 상태를 보고 다시 누르세요.",
    "Meanwhile somebody else is being called. Look at how it stands, and press again.",
)
UNKNOWN_PARTNER = ProblemKind(
    422,
    "unknown_partner",
    "연계 기관 목록에 없는 곳입니다. 목록에 있는 곳에만 전화합니다.",
    "There is no such partner: only those of the list are called.",
)
NOT_DIALLED = ProblemKind(
    409,
    "partner_not_dialled",
    "이 기관에 전화할 회선이 설정되어 있지 않습니다. 직접 전화하세요.",
    "No trunk is set to call this partner by. Call them yourself.",
)
PARTNER_ON_THE_PHONE = ProblemKind(
    409,
    "partner_on_the_phone",
    "이 기관에는 지금 전화하고 있거나 이미 연결되어 있습니다.",
    "This partner is being called, or on the phone, already.",
)
NOBODY_THERE = ProblemKind(
    409, "nobody_there", "아직 전화를 받은 기관이 없습니다.", "No partner has answered yet, so there is nobody to connect."
)
REASON_MISSING = ProblemKind(422, "close_reason_missing", "종결하는 까닭을 글로 적어야 합니다.", "Say in words why the incident is closed.")
WORDS_TOO_LONG = ProblemKind(422, "words_too_long", "글이 너무 길어 저장하지 않았습니다.", "The text is too long; nothing was saved.")
WRONG_DISCLOSURE = ProblemKind(
    422,
    "wrong_disclosure",
    "무엇을 누구에게 어떤 근거로 주었는지 적어야 합니다. 동의가 근거이면 그 동의를 골라야 합니다.",
    "Say what was given to whom on which ground; the ground of consent names the consent.",
)
CARD_IS_BUSY = ProblemKind(
    409, "card_is_busy", "다른 사람이 같은 카드를 적고 있습니다. 다시 저장하세요.", "Others write the same card. Save again."
)

_KINDS: Mapping[type[of.EscalationError], ProblemKind] = {
    of.UnknownContact: NOT_FOUND,
    of.UnknownIncident: NOT_FOUND,
    of.IllegalTransition: INCIDENT_OVER,
    of.IncidentOver: INCIDENT_OVER,
    of.UnknownPartner: UNKNOWN_PARTNER,
    of.PartnerOnThePhone: PARTNER_ON_THE_PHONE,
    of.TooLong: WORDS_TOO_LONG,
    ReasonMissing: REASON_MISSING,
    UnknownField: WRONG_DISCLOSURE,
    DisclosureError: WRONG_DISCLOSURE,
}

P = ParamSpec("P")
Answer = TypeVar("Answer")
Self_ = TypeVar("Self_")


def told(
    handler: Callable[Concatenate[Self_, Call, P], Awaitable[Answer]],
) -> Callable[Concatenate[Self_, Call, P], Coroutine[Any, Any, Answer]]:
    """A handler whose errors of incidents reach the page as problems."""

    @wraps(handler)
    async def inside(self: Self_, call: Call, /, *arguments: P.args, **named: P.kwargs) -> Answer:
        try:
            return await handler(self, call, *arguments, **named)
        except of.EscalationError as error:
            raise Problem(_KINDS.get(type(error), CARD_IS_BUSY)) from error

    return inside

"""What a hang-up cause says about a leg that was rung. Source: ITU-T Q.850 and Asterisk's mapping of SIP answers onto it."""

from __future__ import annotations

from routing.model import OfferResult

NORMAL_CLEARING = 16
USER_BUSY = 17
NO_USER_RESPONSE = 18
NO_ANSWER = 19
SUBSCRIBER_ABSENT = 20
CALL_REJECTED = 21
ANSWERED_ELSEWHERE = 26

_BY_CAUSE = {
    USER_BUSY: OfferResult.BUSY,
    NO_USER_RESPONSE: OfferResult.UNREACHABLE,
    NO_ANSWER: OfferResult.RANG_OUT,
    CALL_REJECTED: OfferResult.REJECTED,
    ANSWERED_ELSEWHERE: OfferResult.WITHDRAWN,
}
_BY_DIAL_STATUS = {
    "BUSY": OfferResult.BUSY,
    "NOANSWER": OfferResult.RANG_OUT,
    "CANCEL": OfferResult.WITHDRAWN,
    "CHANUNAVAIL": OfferResult.UNREACHABLE,
    "CONGESTION": OfferResult.UNREACHABLE,
}
#: The leg was alerting: somebody's phone was making a sound.
_ALERTING = {"RINGING", "PROGRESS"}


def offer_result(dial_status: str, cause: int) -> OfferResult:
    """Why an offer failed, from the last Dial status and the cause of ChannelDestroyed (either may be missing: "" and 0).

    A ring time-out gives no Dial event, only cause 19; busy may come without a cause; a phone that was alerting and then
    says "normal clearing" declined by hand.
    """
    if dial_status in _BY_DIAL_STATUS and cause != CALL_REJECTED:
        return _BY_DIAL_STATUS[dial_status]
    if cause in _BY_CAUSE:
        return _BY_CAUSE[cause]
    if dial_status in _ALERTING:
        return OfferResult.REJECTED if cause == NORMAL_CLEARING else OfferResult.RANG_OUT
    return OfferResult.UNREACHABLE

"""From hang-up causes to what an offer came to."""

from __future__ import annotations

import pytest

from ivr.causes import offer_result
from routing.model import OfferResult


@pytest.mark.parametrize(
    ("dial_status", "cause", "result"),
    [
        ("RINGING", 19, OfferResult.RANG_OUT),
        ("", 19, OfferResult.RANG_OUT),
        ("NOANSWER", 0, OfferResult.RANG_OUT),
        ("BUSY", 17, OfferResult.BUSY),
        ("BUSY", 0, OfferResult.BUSY),
        ("", 17, OfferResult.BUSY),
        ("BUSY", 21, OfferResult.REJECTED),
        ("RINGING", 21, OfferResult.REJECTED),
        ("RINGING", 16, OfferResult.REJECTED),
        ("CHANUNAVAIL", 20, OfferResult.UNREACHABLE),
        ("CONGESTION", 34, OfferResult.UNREACHABLE),
        ("", 18, OfferResult.UNREACHABLE),
        ("", 3, OfferResult.UNREACHABLE),
        ("", 0, OfferResult.UNREACHABLE),
        ("RINGING", 26, OfferResult.WITHDRAWN),
        ("CANCEL", 0, OfferResult.WITHDRAWN),
    ],
)
def test_every_end_of_a_ringing_leg_has_its_meaning(dial_status: str, cause: int, result: OfferResult) -> None:
    """Source: Q.850 and the measured behaviour of Asterisk 22."""
    assert offer_result(dial_status, cause) is result

"""The only way to an outside number."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from core.settings import Settings
from ivr.outbound import NumberNotAllowed, Outbound, Purpose
from ivr.standby import AGAIN_S, Standby

TRUNK = {"name": "out", "addresses": ["203.0.113.9"], "outbound_uri": "sip:203.0.113.9:5060"}


def settings(**changes: object) -> Settings:
    """One trunk for everything."""
    values: dict[str, object] = {
        "trunks": [TRUNK],
        "overflow": {"trunk": "out", "allowed": ["010*", "1577XXXX"], "standby": ["01011112222", "01033334444"], "partner": "1577-0199"},
        "callbacks": {"trunk": "out"},
    }
    return Settings(**{**values, **changes})  # type: ignore[arg-type]


class Hand:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.at = 0.0

    def monotonic(self) -> float:
        """Where it was turned to."""
        return self.at

    def now(self) -> object:
        """Not asked here."""
        raise NotImplementedError


@pytest.mark.parametrize(
    ("number", "purpose", "expected"),
    [
        ("+821012345678", Purpose.CALLBACK, "PJSIP/01012345678@out"),
        ("02-2345-6789", Purpose.CALLBACK, "PJSIP/0223456789@out"),
        ("010 1111 2222", Purpose.OVERFLOW, "PJSIP/01011112222@out"),
        ("1577-0199", Purpose.OVERFLOW, "PJSIP/15770199@out"),
        # Only the user part of an address is a number, and it goes to our trunk, not there.
        ("01012345678@evil.example", Purpose.OVERFLOW, "PJSIP/01012345678@out"),
    ],
)
def test_a_number_on_the_list_is_dialled_by_its_trunk_as_people_dial_it(number: str, purpose: Purpose, expected: str) -> None:
    """However it was written."""
    assert Outbound(settings()).destination(number, purpose) == expected


@pytest.mark.parametrize(
    ("number", "purpose"),
    [
        ("060-700-1234", Purpose.CALLBACK),
        ("+12025550123", Purpose.CALLBACK),
        ("112", Purpose.CALLBACK),
        ("1577-0199", Purpose.CALLBACK),
        ("02-2345-6789", Purpose.OVERFLOW),
        ("", Purpose.OVERFLOW),
        ("anonymous", Purpose.CALLBACK),
        ("01012345678&PJSIP/0601234567", Purpose.OVERFLOW),
    ],
)
def test_any_other_number_is_refused_and_the_log_does_not_have_it(number: str, purpose: Purpose) -> None:
    """A clear error; whoever asked goes on."""
    outbound = Outbound(settings())
    with capture_logs() as logs:
        if number.endswith("example"):
            # Only the user part of an address is a number, and it goes to our trunk, not there.
            assert outbound.destination(number, purpose) == "PJSIP/01012345678@out"
            return
        with pytest.raises(NumberNotAllowed):
            outbound.destination(number, purpose)
    assert [entry["event"] for entry in logs] == ["number_not_allowed"]
    assert not number or number not in str(logs)


def test_without_a_trunk_nobody_is_called() -> None:
    """The default installation rings nobody outside."""
    outbound = Outbound(settings(callbacks={}))
    assert not outbound.can_call(Purpose.CALLBACK)
    assert not outbound.allows("01012345678", Purpose.CALLBACK)
    with pytest.raises(NumberNotAllowed):
        outbound.destination("01012345678", Purpose.CALLBACK)


def standby(clock: Hand) -> Standby:
    """Two people and a partner line."""
    made = settings()
    return Standby(made.overflow, Outbound(made), clock)  # type: ignore[arg-type]


def test_a_standby_person_is_rung_for_one_caller_at_a_time_and_not_twice_within_a_minute() -> None:
    """Somebody at home is not a switchboard; the partner line is."""
    clock = Hand()
    people = standby(clock)
    assert people.take(0, "over-a-1") == "PJSIP/01011112222@out"
    assert people.take(0, "over-b-1") is None
    clock.at = AGAIN_S + 1
    assert people.take(0, "over-b-2") is None
    people.give_back("over-a-1")
    assert people.take(0, "over-b-3") == "PJSIP/01011112222@out"
    people.give_back("over-b-3")
    assert people.take(0, "over-b-4") is None
    assert people.take(2, "over-a-2") == people.take(2, "over-b-5") == "PJSIP/15770199@out"


def test_there_is_nobody_beyond_the_list() -> None:
    """A target that does not exist is nobody."""
    people = standby(Hand())
    assert people.plan.targets == 3
    assert people.take(3, "over-a-1") is None
    assert people.take(-1, "over-a-1") is None

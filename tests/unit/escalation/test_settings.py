"""The settings of crises."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from core.settings import Settings, TrunkSettings
from core.settings_escalation import EscalationSettings


def test_the_trunk_must_be_one_that_calls_out() -> None:
    """A partner that can't be dialled is found at the start, not in a crisis."""
    wanted = EscalationSettings(trunk="carrier")
    with pytest.raises(ValidationError, match="not the name of one of the trunks"):
        Settings(escalation=wanted)
    receiving = TrunkSettings(name="carrier", addresses=["10.0.0.1"])
    with pytest.raises(ValidationError, match="only receives"):
        Settings(trunks=[receiving], escalation=wanted)
    calling = TrunkSettings(name="carrier", addresses=["10.0.0.1"], outbound_uri="sip:10.0.0.1")
    assert Settings(trunks=[calling], escalation=wanted).escalation.trunk == "carrier"


def test_without_settings_nothing_is_dialled() -> None:
    """No trunk and no test endpoint: an installation calls nobody before it is told to."""
    assert (EscalationSettings().trunk, EscalationSettings().test_target) == ("", "")

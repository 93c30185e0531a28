"""What the rest of the telephone knows of a crisis: watchdog, drain, the way out, the row's state, the keys as data."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from core.errors import SettingsError
from core.settings import Settings
from ivr import flow as flows
from ivr.actor import state_of
from ivr.call_model import Call, Phase, Timer
from ivr.conference import Conference, Partner, Stage
from ivr.drain import unfinished
from ivr.outbound import NumberNotAllowed, Outbound
from ivr.watchdog import Facts, What, beside_the_bridge, violation
from routing.model import ContactState
from tests.unit.ivr.test_drain import OFFER, Actor, Calls

PARTNER = Partner(leg_id="crisis-1", endpoint="PJSIP/112@out", ring_s=25.0)


def chain(stage: Stage) -> Conference:
    """A chain in this stage."""
    return Conference(stage=stage, open=True, partner=PARTNER)


PRIVATE = Call(phase=Phase.TALKING, offer=OFFER, connected=True, holding=True, conference=chain(Stage.PRIVATE))
ALONE = Call(phase=Phase.PARTNER, connected=True, joined=True, conference=chain(Stage.JOINED))


@pytest.mark.parametrize(
    ("call", "timers", "fine"),
    [
        (Call(phase=Phase.TALKING, conference=chain(Stage.RINGING)), {Timer.PARTNER}, True),
        (Call(phase=Phase.TALKING, conference=chain(Stage.RINGING)), set(), False),
        (Call(phase=Phase.TALKING, conference=chain(Stage.ASKING)), set(), False),
        (Call(phase=Phase.TALKING, conference=chain(Stage.JOINED)), set(), True),
        (PRIVATE, {Timer.PARTNER, Timer.COMFORT}, True),
        (PRIVATE, {Timer.PARTNER}, False),
        (replace(PRIVATE, holding=False), {Timer.PARTNER, Timer.COMFORT}, False),
        (replace(PRIVATE, playing=2), {Timer.PARTNER, Timer.COMFORT}, False),
        (ALONE, set(), True),
        (replace(ALONE, conference=chain(Stage.IDLE)), set(), False),
        (replace(ALONE, offer=OFFER), set(), False),
        (replace(ALONE, offer=OFFER), {Timer.RING}, True),
    ],
)
def test_the_watchdog_knows_where_a_crisis_needs_a_deadline(call: Call, timers: Collection[Timer], fine: bool) -> None:
    """Whoever is being called, and whoever waits while others talk."""
    assert violation(call, timers, Facts()) is (None if fine else What.UNATTENDED)


def test_the_watchdog_knows_who_belongs_where() -> None:
    """In private the caller hears music; with a partner alone they talk."""
    assert beside_the_bridge(PRIVATE, held=True, together=True) is None
    assert beside_the_bridge(PRIVATE, held=False, together=True) is What.NOT_HELD
    assert beside_the_bridge(PRIVATE, held=True, together=False) is What.NOT_BRIDGED
    assert beside_the_bridge(ALONE, held=False, together=False) is What.NOT_BRIDGED


def test_only_an_attempt_that_is_being_written_is_waited_for_at_the_end() -> None:
    """A partner's phone rings on, and the next program takes it up."""
    for stage in (Stage.ASKING, Stage.RINGING, Stage.JOINED):
        calls = Calls()
        calls.add(Actor(Call(phase=Phase.TALKING, offer=OFFER, connected=True, conference=chain(stage))))
        assert unfinished(calls) == (stage is Stage.ASKING)


def test_nobody_but_a_partner_of_the_file_is_dialled() -> None:
    """Whatever a row may say."""
    outbound = Outbound(Settings(), partners={"PJSIP/112@out"})
    assert outbound.partner("PJSIP/112@out") == "PJSIP/112@out"
    for endpoint in ("PJSIP/119@out", "PJSIP/112@elsewhere", "", "PJSIP/112@out&PJSIP/0601234567@out"):
        with pytest.raises(NumberNotAllowed):
            outbound.partner(endpoint)


def test_the_row_says_whether_a_counsellor_is_looked_for() -> None:
    """With a partner alone."""
    assert state_of(ALONE) is ContactState.WAITING
    assert state_of(replace(ALONE, joined=False)) is ContactState.TALKING


@pytest.mark.parametrize("keys", [{"join": "*9"}, {"raise": "9"}, {"join": "*19", "private": "9*19"}, {"next": "*7"}])
def test_keys_that_could_be_taken_for_each_other_are_refused(keys: dict[str, str]) -> None:
    """A clear error at the start, not a surprise in a crisis."""
    with pytest.raises(SettingsError, match=r"crisis\.keys"):
        flows.load(crisis={"keys": keys})


def test_the_file_and_the_defaults_are_the_same() -> None:
    """An operator's file without the table has the shipped crisis."""
    assert flows.load().crisis == flows.Crisis()

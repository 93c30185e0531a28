"""A caller's line drops in a crisis, and counsellor and partner stay together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr import call_model as m
from ivr.call_model import Phase, Timer
from ivr.conference import Conference, Fact, Partner, Stage, What
from ivr.conference_model import CallingAgain
from ivr.watchdog import Facts, violation
from routing.model import Lane, OfferResult, Outcome
from tests.unit.ivr.test_call import OFFER, Line
from tests.unit.ivr.test_crisis_call import COUNSELLOR, ONE, attended, briefed, counsellor_hangs_up, joined, press, rung, with_number

NUMBER = "+821012345678"
FIRST = m.TimerFired(timer=Timer.REDIAL)


def dropped(line: Line | None = None) -> Line:
    """All three were together, and the caller's line dropped."""
    line = line or joined(with_number())
    line(m.CallerGone())
    assert line.call.phase is Phase.LEFT
    return line


def asked(line: Line | None = None) -> Line:
    """The caller's telephone was answered, and whoever is there hears the question."""
    line = line or dropped()
    line(FIRST)
    line(m.LegUp(leg_id=line.call.again, at=300.0))
    return line


def test_nobody_is_let_go_and_both_hear_of_it() -> None:
    """The counsellor says what is known; the caller is called again in a moment."""
    line = joined(with_number())
    commands = line(m.CallerGone())
    assert m.IncidentNote(fact=Fact.CALLER_GONE) in commands
    told = [command.leg_id for command in commands if isinstance(command, m.Whisper) and command.prompts == ("crisis_caller_gone",)]
    assert told == [COUNSELLOR, "crisis-1"]
    assert not any(isinstance(command, m.DropLeg | m.EndTalk | m.Finish | m.CallAgain) for command in commands)
    attended(line)
    assert m.RingCaller(leg_id=f"person-{line.call.id}-{line.call.plays + 1}", number=NUMBER) in line(FIRST)
    assert m.IncidentNote(fact=Fact.REDIALLED) in line.last
    attended(line)


def test_a_second_end_of_the_same_line_changes_nothing() -> None:
    """Asterisk tells of it more than once."""
    line = dropped()
    assert line(m.CallerGone()) == []


@pytest.mark.parametrize("before", [rung, briefed])
def test_whoever_is_being_called_is_still_called(before: object) -> None:
    """And then talks with the counsellor."""
    line = before(with_number())  # type: ignore[operator]
    line(m.CallerGone())
    assert line.call.phase is Phase.LEFT
    if line.call.conference.stage is Stage.RINGING:
        line(m.LegUp(leg_id="crisis-1", at=1.0), m.LegSaid(leg_id="crisis-1"), m.TimerFired(timer=Timer.PARTNER))
    assert m.Gather(partner="crisis-1", counsellor=COUNSELLOR, caller=False) in line.all
    attended(line)


def test_who_comes_back_is_with_both() -> None:
    """After pressing the key: nobody else is ever connected."""
    line = asked()
    again = line.call.again
    assert m.SayToLeg(leg_id=again, prompts=("callback_ask",)) in line.last
    commands = line(m.LegDigit(leg_id=again, digit="1"))
    assert commands[1] == m.CallerIs(leg_id=again)
    assert m.IncidentNote(fact=Fact.CALLER_BACK) in commands
    assert m.Gather(partner="crisis-1", counsellor=COUNSELLOR) in commands
    assert (line.call.phase, line.call.connected, line.call.again) == (Phase.TALKING, True, "")
    attended(line)


@pytest.mark.parametrize("ringing", [False, True])
def test_who_dials_again_is_with_both_at_once(ringing: bool) -> None:
    """They were faster than we; their telephone does not ring any more."""
    line = dropped()
    if ringing:
        line(FIRST)
    again = line.call.again
    commands = line(m.DialledAgain(channel_id="1795.7"))
    assert (m.DropLeg(leg_id=again) in commands) is ringing
    assert m.CallerIs(leg_id="1795.7") in commands
    assert m.IncidentNote(fact=Fact.CALLER_BACK) in commands
    assert m.Gather(partner="crisis-1", counsellor=COUNSELLOR) in commands
    assert (line.call.phase, line.call.connected, line.call.again) == (Phase.TALKING, True, "")
    attended(line)


def test_who_dials_again_when_nobody_waits_any_more_is_reached_by_the_dialplan() -> None:
    """The others hung up in that instant."""
    line = dropped()
    counsellor_hangs_up(line)
    assert line(m.DialledAgain(channel_id="1795.7")) == [m.SendOn(channel_id="1795.7")]


def test_a_machine_or_somebody_else_is_hung_up_and_called_later() -> None:
    """Who says that it is not them is not called there again."""
    line = asked()
    again = line.call.again
    assert m.DropLeg(leg_id=again) in line(FIRST)
    assert m.Start(timer=Timer.REDIAL, seconds=CallingAgain().every_s) in line.last
    asked(line)
    assert m.DropLeg(leg_id=line.call.again) in line(m.LegDigit(leg_id=line.call.again, digit="2"))
    assert m.Stop(timer=Timer.REDIAL) in line.last
    attended(line)


def test_busy_is_tried_again_so_often_and_no_more() -> None:
    """Counsellor and partner talk on all the while; the desk may have it tried once more."""
    line = dropped()
    for _ in range(CallingAgain().attempts):
        line(FIRST)
        assert line.call.again
        line(m.LegDown(leg_id=line.call.again, result=OfferResult.BUSY))
    assert m.Start(timer=Timer.REDIAL, seconds=CallingAgain().every_s) not in line.last
    assert line.call.phase is Phase.LEFT
    line(m.Ordered(what=What.REDIAL))
    assert line.call.again


def test_with_one_of_the_two_gone_the_call_is_over_and_the_call_back_goes_on() -> None:
    """The counsellor wraps up."""
    line = dropped()
    commands = counsellor_hangs_up(line)
    assert m.DropLeg(leg_id="crisis-1") in commands
    assert m.EndTalk(offer=OFFER, heavy=True) in commands
    assert m.CallAgain(number=NUMBER) in commands
    assert line.outcomes() == [Outcome.TALKED]
    line = dropped()
    commands = line(m.LegDown(leg_id="crisis-1", result=OfferResult.ANSWERED, by_hand=True, at=300.0))
    assert m.DropLeg(leg_id=COUNSELLOR) in commands
    assert m.CallAgain(number=NUMBER) in commands
    assert line.outcomes() == [Outcome.TALKED]


def test_who_is_just_being_asked_is_not_hung_up_when_the_others_leave() -> None:
    """They go to the front of the line, to the same counsellor first; or are called again if it is not them."""
    line = asked()
    assert not any(isinstance(command, m.CallAgain | m.Finish) for command in counsellor_hangs_up(line))
    attended(line)
    commands = line(m.LegDigit(leg_id=line.call.again, digit="1"))
    assert [(command.lane, command.named) for command in commands if isinstance(command, m.Join)] == [(Lane.CRISIS, OFFER.counsellor_id)]
    assert (line.call.phase, line.call.conference.open) == (Phase.WAITING, True)
    attended(line)
    line = asked()
    counsellor_hangs_up(line)
    assert m.CallAgain(number=NUMBER) in line(m.LegDown(leg_id=line.call.again, result=OfferResult.ANSWERED))
    assert line.outcomes() == [Outcome.TALKED]


def test_after_the_hand_over_nobody_is_called_again() -> None:
    """It is the partner's; the two talk until one of them hangs up."""
    line = dropped()
    press(line, "*3")
    assert not any(isinstance(command, m.RingCaller) for command in line(FIRST))
    assert not any(isinstance(command, m.CallAgain) for command in counsellor_hangs_up(line))


def test_the_watchdog_knows_where_somebody_has_to_be() -> None:
    """A deadline for the caller who is called; never a call with nobody in it."""
    chain = Conference(stage=Stage.JOINED, open=True, partner=Partner(leg_id="crisis-1", endpoint="", ring_s=1))
    call = m.Call(phase=Phase.LEFT, offer=OFFER, conference=chain)
    assert violation(call, (), Facts()) is None
    assert violation(replace(call, again="person-1"), (), Facts()) is not None
    assert violation(replace(call, again="person-1"), {Timer.REDIAL}, Facts()) is None
    assert violation(replace(call, offer=None), (), Facts()) is not None


def test_what_was_tried_is_tried_again_at_the_first_press() -> None:
    """ONE has left; nobody needs to press twice."""
    line = joined(with_number())
    line(m.LegDown(leg_id=ONE.leg_id, result=OfferResult.ANSWERED, by_hand=True, at=300.0))
    assert m.AskPartner(number=2, by="counsellor_key", counsellor=OFFER.counsellor_id, anew=True) in press(line, "*9", at=400.0)

"""A crisis by what caller, counsellor and partner experience."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr import call_model as m
from ivr.call_model import Command, Phase, Timer
from ivr.conference import Fact, Partner, Stage, What
from ivr.watchdog import Facts, violation
from routing.model import Lane, OfferResult, Outcome
from tests.unit.ivr.test_call import OFFER, OTHER, Line, holding, talking

ONE = Partner(leg_id="crisis-1", endpoint="PJSIP/112@t", ring_s=25.0, briefing=("crisis_briefing",))
TWO = replace(ONE, leg_id="crisis-2")
COUNSELLOR = OFFER.leg_id


def press(line: Line, keys: str, at: float = 200.0) -> list[Command]:
    """The counsellor presses keys; all commands."""
    before = len(line.all)
    for number, digit in enumerate(keys):
        line(m.LegDigit(leg_id=COUNSELLOR, digit=digit, at=at + number * 0.3))
    return line.all[before:]


def rung(line: Line | None = None) -> Line:
    """112 is being rung."""
    line = line or talking()
    press(line, "*9")
    line(m.PartnerFound(number=line.call.conference.asked, partner=ONE))
    return line


def briefed(line: Line | None = None) -> Line:
    """112 knows who we are."""
    line = rung(line)
    line(m.LegUp(leg_id="crisis-1", at=210.0), m.LegSaid(leg_id="crisis-1"))
    return line


def joined(line: Line | None = None) -> Line:
    """All three hear each other."""
    line = briefed(line)
    line(m.TimerFired(timer=Timer.PARTNER), m.Gathered(leg_id="crisis-1", caller=True, at=220.0))
    return line


def counsellor_hangs_up(line: Line) -> list[Command]:
    """By hand, after a while."""
    return line(m.LegDown(leg_id=COUNSELLOR, result=OfferResult.ANSWERED, by_hand=True, at=500.0))


def counsellor_dies(line: Line) -> list[Command]:
    """Their phone."""
    return line(m.LegDown(leg_id=COUNSELLOR, result=OfferResult.FAILED, by_hand=False, at=500.0))


def attended(line: Line) -> None:
    """Whatever timers run by now, the watchdog finds nothing."""
    running: set[Timer] = set()
    for command in line.all:
        if isinstance(command, m.Start):
            running.add(command.timer)
        elif isinstance(command, m.Stop):
            running.discard(command.timer)
    assert violation(line.call, running, Facts()) is None


def test_the_key_puts_an_attempt_on_record_and_the_talk_goes_on() -> None:
    """Before everybody else from now on; caller and counsellor stay where they are."""
    line = talking()
    commands = press(line, "*9")
    assert m.AskPartner(number=1, by="counsellor_key", counsellor=OFFER.counsellor_id, anew=True) in commands
    assert m.RaiseLane(lane=Lane.CRISIS) in commands
    assert line(m.PartnerFound(number=1, partner=ONE))[:2] == [m.Note(kind="partner_rung"), m.RingPartner(partner=ONE)]
    assert m.Whisper(leg_id=COUNSELLOR, prompts=("crisis_rung",)) in line.last
    assert not any(isinstance(command, m.Reconnect | m.HoldCaller | m.Gather) for command in line.all[-20:])
    attended(line)


def test_keys_that_are_no_code_mean_nothing() -> None:
    """A star long before the 9, keys of the caller, keys before the talk."""
    line = talking()
    press(line, "*", at=200.0)
    assert press(line, "9", at=260.0) == []
    assert line(m.Digit(digit="*"), m.Digit(digit="9")) == []
    assert press(line, "12390#") == []
    assert not line.call.conference.open
    assert press(line, "**9") != []


def test_a_partner_who_is_busy_is_followed_by_the_next_and_the_counsellor_hears_it() -> None:
    """At once, with the caller still in the talk."""
    line = rung()
    commands = line(m.LegDown(leg_id="crisis-1", result=OfferResult.BUSY))
    assert m.AskPartner(number=2, by="counsellor_key", counsellor=OFFER.counsellor_id) in commands
    assert m.Whisper(leg_id=COUNSELLOR, prompts=("crisis_busy",)) in commands
    assert m.IncidentNote(fact=Fact.FAILED, leg_id="crisis-1", result=OfferResult.BUSY) in commands
    line(m.PartnerFound(number=2, partner=None))
    assert m.Whisper(leg_id=COUNSELLOR, prompts=("crisis_nobody_left",)) in line.last
    assert line.call.phase is Phase.TALKING
    attended(line)


def test_a_briefed_partner_joins_by_key_or_by_itself() -> None:
    """The counsellor's key is the quicker."""
    assert m.Gather(partner="crisis-1", counsellor=COUNSELLOR) in briefed()(m.TimerFired(timer=Timer.PARTNER))
    assert m.Gather(partner="crisis-1", counsellor=COUNSELLOR) in press(briefed(), "*1")


def test_in_private_the_caller_hears_a_word_and_music_all_the_while() -> None:
    """And is back with both at the key, or after the longest time."""
    line = briefed()
    commands = press(line, "*2")
    assert m.HoldCaller() in commands
    assert line.prompts() == ("crisis_caller_waits",)
    assert m.Gather(partner="crisis-1", counsellor=COUNSELLOR, caller=False) in commands
    attended(line)
    line.done()
    assert any(isinstance(command, m.Play) for command in line(m.TimerFired(timer=Timer.COMFORT)))
    attended(line)
    assert m.Gather(partner="crisis-1", counsellor=COUNSELLOR) in press(line, "*1")
    assert not line.call.holding
    attended(line)


def test_without_music_there_is_no_word_in_private() -> None:
    """The caller is never left in silence for it."""
    line = briefed()
    press(line, "*2")
    assert m.Gather(partner="crisis-1", counsellor=COUNSELLOR) in line(m.HoldFailed())
    assert line.call.conference.stage is Stage.JOINED


def test_a_caller_in_other_hands_leaves_no_attempt_without_a_result() -> None:
    """Taken away by another program, or given to the dialplan since there is no music: whoever is called is withdrawn, who is there leaves."""
    withdrawn = m.IncidentNote(fact=Fact.FAILED, leg_id="crisis-1", result=OfferResult.WITHDRAWN)
    assert [command for command in rung()(m.TakenAway()) if isinstance(command, m.IncidentNote)] == [withdrawn]
    gone = [command for command in joined()(m.TakenAway()) if isinstance(command, m.IncidentNote | m.DropLeg)]
    assert gone[:2] == [m.DropLeg(leg_id="crisis-1"), m.IncidentNote(fact=Fact.PARTNER_LEFT, leg_id="crisis-1")]
    line = holding()
    line(m.Ordered(what=What.RAISE), m.PartnerFound(number=1, partner=ONE))
    while line.call.phase is Phase.WAITING:
        line.done()
        line(m.HoldFailed(), m.TimerFired(timer=Timer.HOLD))
    assert line.call.phase is Phase.SAFETY_NET
    assert withdrawn in line.all


def test_after_the_hand_over_the_counsellor_may_leave() -> None:
    """Caller and partner stay together, nobody is looked for, the counsellor rests."""
    line = joined()
    press(line, "*3")
    commands = counsellor_hangs_up(line)
    assert line.call.phase is Phase.PARTNER
    assert m.EndTalk(offer=OFFER, heavy=True, wrapup=True) in commands
    assert not any(isinstance(command, m.Join | m.HangUp | m.Finish) for command in commands)
    attended(line)
    assert line(m.CallerGone()) != []
    assert line.outcomes() == [Outcome.TALKED]
    assert not any(isinstance(command, m.CallAgain) for command in line.all)


def test_a_partner_who_leaves_last_leaves_the_caller_at_the_front_of_the_line() -> None:
    """With music and word."""
    line = joined()
    press(line, "*3")
    counsellor_hangs_up(line)
    commands = line(m.LegDown(leg_id="crisis-1", result=OfferResult.ANSWERED, by_hand=True, at=600.0))
    assert line.call.phase is Phase.WAITING
    assert [command.lane for command in commands if isinstance(command, m.Join)] == [Lane.CRISIS]
    assert line.prompts() == ("crisis_caller_again",)
    attended(line)


@pytest.mark.parametrize("leaves", [counsellor_hangs_up, counsellor_dies])
def test_who_loses_the_counsellor_too_early_stays_with_the_partner_and_in_the_line(leaves: object) -> None:
    """Another counsellor joins the same conversation."""
    line = joined()
    commands = leaves(line)  # type: ignore[operator]
    assert line.call.phase is Phase.PARTNER
    assert [command.lane for command in commands if isinstance(command, m.Join)] == [Lane.CRISIS]
    assert m.IncidentNote(fact=Fact.COUNSELLOR_GONE) in commands
    assert not any(isinstance(command, m.DropLeg | m.HoldCaller | m.Gather) for command in commands)
    attended(line)
    line(m.OfferGranted(offer=OTHER))
    attended(line)
    assert line(m.LegUp(leg_id="leg-2", at=510.0))[-1] == m.Connect(leg_id="leg-2", offer=OTHER)
    line(m.Connected(leg_id="leg-2", at=511.0))
    assert (line.call.phase, line.call.conference.stage) == (Phase.TALKING, Stage.JOINED)
    assert m.IncidentNote(fact=Fact.COUNSELLOR_BACK, counsellor=OTHER.counsellor_id) in line.last


def test_a_counsellor_who_can_not_be_connected_costs_the_caller_nothing() -> None:
    """They stay with the partner, and in the line."""
    line = joined()
    counsellor_dies(line)
    line(m.OfferGranted(offer=OTHER), m.LegUp(leg_id="leg-2", at=510.0), m.ConnectFailed(leg_id="leg-2"))
    assert line.call.phase is Phase.PARTNER
    assert line.call.joined
    attended(line)


@pytest.mark.parametrize("leaves", [counsellor_hangs_up, counsellor_dies])
def test_who_loses_the_counsellor_while_it_rings_waits_with_music_for_whoever_is_first(leaves: object) -> None:
    """The partner, once briefed, or another counsellor."""
    line = rung()
    leaves(line)  # type: ignore[operator]
    assert line.call.phase is Phase.WAITING
    assert line.call.lane is Lane.CRISIS
    line.done()
    attended(line)
    line(m.LegUp(leg_id="crisis-1", at=510.0))
    commands = line(m.LegSaid(leg_id="crisis-1"))
    assert m.Gather(partner="crisis-1") in commands
    line(m.Gathered(leg_id="crisis-1", caller=True, at=520.0))
    assert (line.call.phase, line.call.joined) == (Phase.PARTNER, True)
    attended(line)


def test_a_counsellor_lost_in_private_leaves_caller_and_partner_together() -> None:
    """At once."""
    line = briefed()
    press(line, "*2")
    commands = counsellor_dies(line)
    assert m.Gather(partner="crisis-1") in commands
    assert (line.call.phase, line.call.holding) == (Phase.PARTNER, False)
    attended(line)


def test_a_partner_who_leaves_in_private_gives_the_two_back_to_each_other() -> None:
    """No music without a reason."""
    line = briefed()
    press(line, "*2")
    commands = line(m.LegDown(leg_id="crisis-1", result=OfferResult.ANSWERED, by_hand=True, at=300.0))
    assert m.Reconnect(leg_id=COUNSELLOR) in commands
    assert not line.call.holding
    attended(line)


def test_who_can_not_be_bridged_is_let_go_and_the_two_talk_on() -> None:
    """The partner's channel failed us."""
    line = briefed()
    press(line, "*1")
    commands = line(m.GatherFailed(leg_id="crisis-1"))
    assert m.DropLeg(leg_id="crisis-1") in commands
    assert m.Reconnect(leg_id=COUNSELLOR) in commands
    assert line.call.conference.stage is Stage.IDLE


def test_a_caller_who_drops_is_called_back_before_everybody_else() -> None:
    """With no partner on the phone: the counsellor hears it, and wraps up."""
    line = with_number()
    press(line, "*9")
    line(m.PartnerFound(number=1, partner=None))
    commands = line(m.CallerGone())
    assert m.CallAgain(number="+821012345678") in commands
    assert m.DropLeg(leg_id=COUNSELLOR) in commands
    assert m.EndTalk(offer=OFFER, heavy=True) in commands
    assert m.IncidentNote(fact=Fact.CALLER_GONE) in commands


def with_number() -> Line:
    """A talk with somebody whose number is known."""
    line = talking()
    line.call = replace(line.call, number="+821012345678")
    return line


def test_called_off_the_talk_is_an_ordinary_one_again() -> None:
    """Its end is an end."""
    line = rung()
    commands = press(line, "*0")
    assert m.DropLeg(leg_id="crisis-1") in commands
    counsellor_hangs_up(line)
    assert line.call.phase is Phase.CLOSING
    assert line.outcomes() == [Outcome.TALKED]


def test_the_callers_danger_key_is_on_record_and_calls_nobody() -> None:
    """A person decides."""
    line = holding()
    commands = line(m.Digit(digit="9"))
    assert m.RaiseIncident(by="caller_key", proposed=True) in commands
    assert not any(isinstance(command, m.AskPartner) for command in commands)


def test_the_desk_may_call_for_one_who_still_waits() -> None:
    """They are joined with whoever answers, and stay in the line."""
    line = holding()
    assert m.AskPartner(number=1, by="counsellor_desk", partner="fire", anew=True) in line(m.Ordered(what=What.DIAL, partner="fire"))
    line(m.PartnerFound(number=1, partner=ONE), m.LegUp(leg_id="crisis-1", at=1.0), m.LegSaid(leg_id="crisis-1"))
    line(m.Gathered(leg_id="crisis-1", caller=True, at=2.0))
    assert (line.call.phase, line.call.joined, line.call.talked) == (Phase.PARTNER, True, True)
    commands = line(m.Ordered(what=What.TAKEN_OVER))
    assert m.Leave() in commands
    assert not line.call.joined


def test_an_order_for_one_in_the_menu_puts_them_before_everybody_else() -> None:
    """And somebody is called meanwhile."""
    line = Line()
    line(m.Entered())
    commands = line(m.Ordered(what=What.RAISE))
    assert [command.lane for command in commands if isinstance(command, m.Join)] == [Lane.CRISIS]
    assert m.AskPartner(number=1, by="counsellor_desk", anew=True) in commands
    attended(line)


def test_an_order_where_nobody_can_be_joined_is_an_alarm() -> None:
    """The goodbye is being said."""
    line = talking()
    counsellor_hangs_up(line)
    assert line.call.phase is Phase.CLOSING
    commands = line(m.Ordered(what=What.RAISE))
    assert m.Note(kind="crisis_refused", detail={"what": "raise"}) in commands
    assert [command.kind for command in commands if isinstance(command, m.Alarm)] == ["incident_unreached"]


def test_an_order_for_one_who_talks_outside_brings_the_partner_into_that_talk() -> None:
    """And keeps the caller when whoever is outside hangs up."""
    line = holding()
    line.call = replace(line.call, phase=Phase.OVERFLOW, joined=False, connected=True, talked=True, holding=False,
                        overflow=replace(line.call.overflow, leg_id="over-c-1"))  # fmt: skip
    line(m.Ordered(what=What.RAISE), m.PartnerFound(number=1, partner=ONE), m.LegUp(leg_id="crisis-1", at=1.0))
    assert m.Gather(partner="crisis-1") in line(m.LegSaid(leg_id="crisis-1"))
    line(m.Gathered(leg_id="crisis-1", caller=True, at=2.0))
    commands = line(m.LegDown(leg_id="over-c-1", result=OfferResult.ANSWERED, by_hand=True, at=100.0))
    assert (line.call.phase, line.call.joined) == (Phase.PARTNER, True)
    assert not any(isinstance(command, m.HangUp | m.Finish) for command in commands)
    attended(line)


def test_without_the_database_a_waiting_caller_in_a_crisis_is_not_handed_to_the_dialplan() -> None:
    """There is nobody there who knows of the partner."""
    line = rung()
    counsellor_dies(line)
    line.done()
    assert line(m.Unroutable()) == []

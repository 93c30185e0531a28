"""A caller is put through to the centre: every happening in every stage, by what caller, counsellor and centre experience."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from escalation.centre.model import PutThrough
from ivr import call_model as m
from ivr.call_model import Call, Command, Phase, Timer
from ivr.conference import Partner, What
from ivr.transfer import leg_of
from ivr.transfer_model import Stage, Transfer
from routing.model import Lane, OfferResult, Outcome
from tests.unit.ivr.test_call import OFFER, OTHER, Line, holding, talking
from tests.unit.ivr.test_crisis_call import COUNSELLOR, attended, counsellor_dies, counsellor_hangs_up, press

ORDER = UUID(int=70)
LEG = leg_of("c", ORDER)
WANTED = m.PutThroughTo(order=ORDER, extension="201")
TOGETHER = m.TransferNote(order=ORDER)
GATHER = m.Gather(partner=LEG, counsellor=COUNSELLOR)


def over(result: PutThrough) -> m.TransferNote:
    """It ended so."""
    return m.TransferNote(order=ORDER, ended=result)


def down(result: OfferResult = OfferResult.ANSWERED, *, by_hand: bool = True) -> m.LegDown:
    """The centre's leg ends."""
    return m.LegDown(leg_id=LEG, result=result, by_hand=by_hand, at=400.0)


def rung() -> Line:
    """The centre's phone rings."""
    line = talking()
    line(WANTED)
    return line


def briefing() -> Line:
    """Somebody answered, and hears who we are."""
    line = rung()
    line(m.LegUp(leg_id=LEG, at=200.0))
    return line


def joining() -> Line:
    """They are being put into the talk."""
    line = briefing()
    line(m.LegSaid(leg_id=LEG))
    return line


def joined() -> Line:
    """All three hear each other."""
    line = joining()
    line(m.Gathered(leg_id=LEG, caller=True, at=210.0))
    return line


def alone() -> Line:
    """… and the counsellor has left."""
    line = joined()
    counsellor_hangs_up(line)
    return line


BEFORE = [rung, briefing, joining]
EVERY = [*BEFORE, joined, alone]
Made = Callable[[], Line]


def whispers(commands: list[Command]) -> list[tuple[str, ...]]:
    """What the counsellor hears."""
    return [command.prompts for command in commands if isinstance(command, m.Whisper) and command.leg_id == COUNSELLOR]


def test_the_talk_goes_on_while_the_centre_is_rung_and_briefed_and_then_there_are_three() -> None:
    """The counsellor hears how far it is; the case is the centre's once all three are together, and not before."""
    line = talking()
    assert m.RingStaff(leg_id=LEG, extension="201") in line(WANTED)
    assert whispers(line.last) == [("centre_rung",)]
    attended(line)
    assert m.SayToLeg(leg_id=LEG, prompts=("centre_briefing",)) in line(m.LegUp(leg_id=LEG, at=200.0))
    assert whispers(line.last) == [("centre_answered",)]
    attended(line)
    assert GATHER in line(m.LegSaid(leg_id=LEG))
    attended(line)
    assert TOGETHER not in line.all
    assert TOGETHER in line(m.Gathered(leg_id=LEG, caller=True, at=210.0))
    assert whispers(line.last) == [("centre_joined",)]
    attended(line)
    assert not any(isinstance(command, m.HoldCaller | m.Reconnect | m.Play) for command in line.all[-15:])


@pytest.mark.parametrize("made", BEFORE)
@pytest.mark.parametrize(
    ("result", "ended", "word"),
    [
        (OfferResult.BUSY, PutThrough.BUSY, "centre_busy"),
        (OfferResult.REJECTED, PutThrough.REJECTED, "centre_no_answer"),
        (OfferResult.RANG_OUT, PutThrough.NO_ANSWER, "centre_no_answer"),
        (OfferResult.UNREACHABLE, PutThrough.UNREACHABLE, "centre_no_answer"),
        (OfferResult.FAILED, PutThrough.FAILED, "centre_no_answer"),
        (OfferResult.ANSWERED, PutThrough.REJECTED, "centre_no_answer"),
    ],
)
def test_whatever_goes_wrong_before_the_three_are_together_leaves_the_two_where_they_are(
    made: Made, result: OfferResult, ended: PutThrough, word: str
) -> None:
    """The counsellor hears it; the case is nobody's."""
    line = made()
    commands = line(down(result))
    assert over(ended) in commands
    assert whispers(commands) == [(word,)]
    assert (line.call.phase, line.call.connected, line.call.transfer) == (Phase.TALKING, True, None)
    assert not any(isinstance(command, m.DropLeg | m.Reconnect | m.EndTalk) for command in commands)
    attended(line)
    # Another time.
    assert any(isinstance(command, m.RingStaff) for command in line(replace(WANTED, order=UUID(int=71))))


@pytest.mark.parametrize("made", BEFORE)
def test_a_lost_event_holds_nothing_up(made: Made) -> None:
    """Each stage has its deadline: the ringing ends, the briefing is over, the three are gathered again."""
    line = made()
    commands = line(m.TimerFired(timer=Timer.TRANSFER))
    if made is rung:
        assert m.DropLeg(leg_id=LEG) in commands
        assert over(PutThrough.NO_ANSWER) in commands
    else:
        assert GATHER in commands
    attended(line)


def test_who_cannot_be_put_into_the_talk_is_let_go_and_the_two_are_put_together_again() -> None:
    """The bridge may have been the one that was gone."""
    line = joining()
    commands = line(m.GatherFailed(leg_id=LEG))
    assert m.DropLeg(leg_id=LEG) in commands
    assert m.Reconnect(leg_id=COUNSELLOR) in commands
    assert over(PutThrough.FAILED) in commands
    attended(line)


def test_a_caller_who_is_not_in_the_bridge_is_gathered_again() -> None:
    """By the deadline, or when the comparison finds it."""
    line = joining()
    assert line(m.Gathered(leg_id=LEG, caller=False)) == []
    assert GATHER in line(m.TimerFired(timer=Timer.TRANSFER))
    line(m.Gathered(leg_id=LEG, caller=True))
    assert GATHER in line(m.Unattended(what="not_bridged"))
    line = rung()
    line(m.Unattended(what="unattended"))
    attended(line)


@pytest.mark.parametrize("leaves", [counsellor_hangs_up, lambda line: [*press(line, "*3"), *counsellor_hangs_up(line)]])
def test_once_the_three_are_together_the_counsellor_may_leave(leaves: Callable[[Line], list[Command]]) -> None:
    """By hanging up, or by the key; they wrap up, caller and centre go on as two, in the same contact."""
    line = joined()
    commands = leaves(line)
    assert m.EndTalk(offer=OFFER) in commands
    assert (line.call.phase, line.call.connected, line.call.desk_leg, line.call.offer) == (Phase.TRANSFERRED, True, LEG, None)
    assert not any(isinstance(command, m.TransferNote | m.Connect | m.Join | m.Finish) for command in commands)
    assert m.DropLeg(leg_id=LEG) not in commands
    attended(line)
    commands = line(m.CallerGone())
    assert {m.DropLeg(leg_id=LEG), over(PutThrough.CALLER_GONE)} <= set(commands_of(commands))
    assert line.outcomes() == [Outcome.TALKED]


def commands_of(commands: list[Command]) -> list[Command]:
    """Those that can be in a set."""
    return [command for command in commands if isinstance(command, m.DropLeg | m.TransferNote)]


def test_the_key_drops_the_counsellors_leg_only_when_all_three_are_together() -> None:
    """Before that it means nothing; the key that stops lets the centre go, at any time."""
    for made in BEFORE:
        line = made()
        assert m.DropLeg(leg_id=COUNSELLOR) not in press(line, "*3")
        assert line.call.transfer is not None
    assert m.DropLeg(leg_id=COUNSELLOR) in press(joined(), "*3")
    for made in (*BEFORE, joined):
        line = made()
        commands = press(line, "*0")
        assert m.DropLeg(leg_id=LEG) in commands
        assert over(PutThrough.CALLED_OFF) in commands
        assert ("centre_stopped",) in whispers(commands)
        assert line.call.phase is Phase.TALKING
        attended(line)


def test_a_counsellor_whose_phone_dies_leaves_the_caller_with_the_centre() -> None:
    """And the supervisor knows."""
    line = joined()
    commands = counsellor_dies(line)
    assert m.EndTalk(offer=OFFER, wrapup=False) in commands
    assert any(isinstance(command, m.Alarm) and command.kind == "counsellor_lost" for command in commands)
    assert line.call.phase is Phase.TRANSFERRED


@pytest.mark.parametrize("goes", [counsellor_hangs_up, counsellor_dies])
@pytest.mark.parametrize("made", [rung, briefing])
def test_a_counsellor_gone_before_leaves_the_caller_in_the_line_and_the_centre_still_comes(
    made: Made, goes: Callable[[Line], list[Command]]
) -> None:
    """At its front, with a word and music; whoever comes first has the caller."""
    line = made()
    commands = goes(line)
    assert line.call.phase is Phase.WAITING
    assert line.call.lane is Lane.DROPPED
    assert any(isinstance(command, m.Join) for command in commands)
    attended(line)
    if made is rung:
        line(m.LegUp(leg_id=LEG, at=300.0))
    line.done()
    line(m.OfferGranted(offer=OTHER))
    commands = line(m.LegSaid(leg_id=LEG))
    assert m.DropLeg(leg_id=OTHER.leg_id, elsewhere=True) in commands
    assert m.CloseOffer(offer=OTHER, result=OfferResult.WITHDRAWN) in commands
    assert commands[-1] == m.Connect(leg_id=LEG)
    assert (line.call.phase, line.call.holding, line.call.offer) == (Phase.TRANSFERRED, False, None)
    attended(line)
    assert TOGETHER in line(m.Connected(leg_id=LEG, at=310.0))
    attended(line)


def test_a_counsellor_gone_in_the_moment_of_joining_leaves_two() -> None:
    """Whatever of it Asterisk had done by then."""
    line = joining()
    assert m.Connect(leg_id=LEG) in counsellor_hangs_up(line)
    assert line(m.Gathered(leg_id=LEG, caller=True)) == []
    assert TOGETHER in line(m.Connected(leg_id=LEG, at=310.0))
    line = joining()
    counsellor_hangs_up(line)
    commands = line(m.ConnectFailed(leg_id=LEG))
    assert m.DropLeg(leg_id=LEG) in commands
    assert over(PutThrough.FAILED) in commands
    assert line.call.phase is Phase.WAITING
    attended(line)


def test_another_counsellor_who_is_quicker_is_joined_by_the_centre() -> None:
    """The three of them, then."""
    line = briefing()
    counsellor_dies(line)
    line.done()
    line(m.OfferGranted(offer=OTHER), m.LegUp(leg_id=OTHER.leg_id, at=300.0), m.Connected(leg_id=OTHER.leg_id, at=300.0))
    assert line.call.phase is Phase.TALKING
    assert m.Gather(partner=LEG, counsellor=OTHER.leg_id) in line(m.LegSaid(leg_id=LEG))


def test_the_centre_leaves_and_the_caller_stays_with_the_counsellor() -> None:
    """Who hears it."""
    line = joined()
    commands = line(down())
    assert over(PutThrough.REJECTED) in commands
    assert whispers(commands) == [("centre_left",)]
    assert (line.call.phase, line.call.connected) == (Phase.TALKING, True)
    attended(line)
    counsellor_hangs_up(line)
    assert line.outcomes() == [Outcome.TALKED]


def test_the_centre_leaves_last_and_the_caller_is_at_the_front_of_the_line() -> None:
    """Never alone, never hung up."""
    line = alone()
    commands = line(down())
    assert line.call.phase is Phase.WAITING
    assert line.call.lane is Lane.DROPPED
    assert m.Join(lane=Lane.DROPPED) in commands
    assert line.prompts() == ("centre_caller_again",)
    assert not any(isinstance(command, m.HangUp | m.Finish) for command in commands)
    attended(line)
    line.done()
    line(m.OfferGranted(offer=OTHER))
    attended(line)


@pytest.mark.parametrize("made", EVERY)
def test_the_caller_hangs_up_and_all_is_over(made: Made) -> None:
    """Nobody is left on the phone, nothing is left open."""
    line = made()
    commands = line(m.CallerGone())
    assert m.DropLeg(leg_id=LEG) in commands
    assert over(PutThrough.CALLER_GONE) in commands
    assert line.call.phase is Phase.ENDED
    assert line.outcomes() == [Outcome.TALKED]


@pytest.mark.parametrize("made", EVERY)
def test_a_caller_in_other_hands_leaves_nobody_waiting(made: Made) -> None:
    """Taken away by another program."""
    line = made()
    commands = line(m.TakenAway())
    assert m.DropLeg(leg_id=LEG) in commands
    assert any(isinstance(command, m.TransferNote) and command.ended for command in commands)


@pytest.mark.parametrize("made", [*BEFORE, joined])
def test_a_crisis_comes_first(made: Made) -> None:
    """The centre is let go, and the counsellor has the first emergency partner called, as ever."""
    line = made()
    commands = press(line, "*9")
    assert any(isinstance(command, m.AskPartner) for command in commands)
    assert m.DropLeg(leg_id=LEG) in commands
    assert over(PutThrough.CRISIS) in commands
    assert line.call.transfer is None
    line(m.PartnerFound(number=1, partner=Partner(leg_id="crisis-1", endpoint="PJSIP/112@t", ring_s=25.0)))
    attended(line)
    assert over(PutThrough.NOT_IN_CALL).ended in [note.ended for note in notes(line(replace(WANTED, order=ORDER)))]


def notes(commands: list[Command]) -> list[m.TransferNote]:
    """What goes on record."""
    return [command for command in commands if isinstance(command, m.TransferNote)]


def test_the_centre_has_the_keys_of_a_crisis_once_the_counsellor_has_left() -> None:
    """And no key before that."""
    for made in (*BEFORE, joined):
        line = made()
        assert [command for digit in "*9" for command in line(m.LegDigit(leg_id=LEG, digit=digit, at=300.0))] == []
    line = alone()
    line(m.LegDigit(leg_id=LEG, digit="*", at=300.0))
    assert any(isinstance(command, m.AskPartner) for command in line(m.LegDigit(leg_id=LEG, digit="9", at=300.3)))
    assert (line.call.phase, line.call.desk_leg) == (Phase.TRANSFERRED, LEG)
    attended(line)


def test_in_a_crisis_the_centre_is_not_taken_from_a_caller_who_has_nobody_else() -> None:
    """A supervisor has an emergency partner called into their talk; whoever of the two leaves, the caller is not alone."""
    line = alone()
    line(m.Ordered(what=What.RAISE), m.PartnerFound(number=1, partner=Partner(leg_id="crisis-1", endpoint="PJSIP/112@t", ring_s=25.0)))
    assert (line.call.phase, line.call.desk_leg) == (Phase.TRANSFERRED, LEG)
    line(m.LegUp(leg_id="crisis-1", at=300.0), m.LegSaid(leg_id="crisis-1"))
    assert m.Gather(partner="crisis-1") in line.all
    line(m.Gathered(leg_id="crisis-1", caller=True))
    attended(line)
    commands = line(down())
    assert notes(commands) != []
    assert (line.call.phase, line.call.connected) == (Phase.PARTNER, True)
    attended(line)


@pytest.mark.parametrize("made", [holding, *EVERY])
def test_nobody_is_put_through_twice_or_without_a_counsellor(made: Made) -> None:
    """Said at once, and the case is a work item."""
    line = made()
    before = line.call.transfer
    wanted = m.PutThroughTo(order=UUID(int=71), extension="202")
    assert m.TransferNote(order=UUID(int=71), ended=PutThrough.NOT_IN_CALL) in line(wanted)
    assert not any(isinstance(command, m.RingStaff) for command in line.last)
    assert line.call.transfer == before


def test_who_answers_in_the_instant_of_being_given_up_is_hung_up() -> None:
    """Nobody hears an empty line for long."""
    line = talking()
    assert line(m.LegUp(leg_id=LEG, at=1.0)) == [m.DropLeg(leg_id=LEG)]


@pytest.mark.parametrize("stage", [Stage.RINGING, Stage.BRIEFING, Stage.JOINED])
def test_after_a_restart_it_goes_on(stage: Stage) -> None:
    """The phone rings on, who answered hears it once more, and that they are together is on record."""
    through = Transfer(order=ORDER, leg_id=LEG, stage=stage)
    line = Line(Call(id="c", phase=Phase.TALKING, offer=OFFER, leg_up=True, talked=True, connected=True, transfer=through))
    line(m.Resumed())
    attended(line)
    assert (TOGETHER in line.all) is (stage is Stage.JOINED)
    assert (m.SayToLeg(leg_id=LEG, prompts=("centre_briefing",)) in line.all) is (stage is Stage.BRIEFING)

"""The chain of emergency partners, transition by transition."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr import conference as c
from ivr.conference import Conference, Fact, Partner, Plan, Stage, What, Word
from routing.model import OfferResult

PLAN = Plan(choose_s=6.0, private_s=120.0)
ONE = Partner(leg_id="crisis-1", endpoint="PJSIP/112@t", ring_s=25.0, briefing=("crisis_briefing",))
TWO = replace(ONE, leg_id="crisis-2")


def happen(conference: Conference, *events: c.Event) -> tuple[Conference, list[c.Command]]:
    """One after the other; the commands of the last."""
    commands: list[c.Command] = []
    for event in events:
        conference, commands = c.advance(conference, event, PLAN)
    return conference, commands


def raised() -> Conference:
    """The key was pressed."""
    return happen(c.CALM, c.Asked(what=What.RAISE))[0]


def at(stage: Stage) -> Conference:
    """A chain in this stage, on the ordinary way there."""
    way: list[c.Event] = [
        c.Found(number=1, partner=ONE), c.Answered(leg_id=ONE.leg_id), c.Said(leg_id=ONE.leg_id), c.Asked(what=What.PRIVATE),
        c.Asked(what=What.JOIN),
    ]  # fmt: skip
    steps = [Stage.ASKING, Stage.RINGING, Stage.BRIEFING, Stage.BRIEFED, Stage.PRIVATE, Stage.JOINED].index(stage)
    conference = happen(raised(), *way[:steps])[0]
    assert conference.stage is stage
    return conference


def facts(commands: list[c.Command]) -> list[Fact]:
    """What the timeline is told."""
    return [command.fact for command in commands if isinstance(command, c.Record)]


def words(commands: list[c.Command]) -> list[Word]:
    """What the counsellor is told."""
    return [command.word for command in commands if isinstance(command, c.Tell)]


def test_an_attempt_is_on_record_before_anybody_is_rung() -> None:
    """The press asks for the row; the row rings."""
    conference, commands = happen(c.CALM, c.Asked(what=What.RAISE))
    assert c.Ask(number=1, anew=True) in commands
    assert not any(isinstance(command, c.Ring) for command in commands)
    conference, commands = happen(conference, c.Found(number=1, partner=ONE))
    assert commands[0] == c.Ring(partner=ONE)
    assert conference.stage is Stage.RINGING


@pytest.mark.parametrize("stage", [Stage.ASKING, Stage.RINGING, Stage.BRIEFING, Stage.BRIEFED, Stage.PRIVATE, Stage.JOINED])
def test_the_same_press_twice_is_one_dispatch(stage: Stage) -> None:
    """Wherever the first one is."""
    conference = at(stage)
    assert happen(conference, c.Asked(what=What.RAISE)) == (conference, [])


@pytest.mark.parametrize(
    ("result", "word"),
    [
        (OfferResult.BUSY, Word.BUSY), (OfferResult.REJECTED, Word.BUSY), (OfferResult.RANG_OUT, Word.NO_ANSWER),
        (OfferResult.UNREACHABLE, Word.NO_ANSWER), (OfferResult.FAILED, Word.NO_ANSWER),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stage", [Stage.RINGING, Stage.BRIEFING, Stage.BRIEFED])
def test_whoever_is_not_reached_is_followed_by_the_next_at_once_and_heard(stage: Stage, result: OfferResult, word: Word) -> None:
    """Busy, silence, rejection, no way there, and who hangs up in the briefing."""
    conference, commands = happen(at(stage), c.Ended(leg_id=ONE.leg_id, result=result))
    assert conference.stage is Stage.ASKING
    assert c.Ask(number=2) in commands
    assert facts(commands) == [Fact.FAILED]
    assert words(commands) == [word]


def test_nobody_left_is_heard_and_a_later_press_begins_again() -> None:
    """A person must act; the key still works."""
    conference, commands = happen(at(Stage.RINGING), c.Ended(leg_id=ONE.leg_id, result=OfferResult.BUSY), c.Found(number=2, partner=None))
    assert (conference.stage, conference.open) == (Stage.IDLE, True)
    assert words(commands) == [Word.NOBODY_LEFT]
    assert c.Ask(number=3, anew=True) in happen(conference, c.Asked(what=What.RAISE))[1]


def test_who_answers_is_briefed_before_anybody_is_connected() -> None:
    """Without a choice all three hear each other after some seconds."""
    conference, commands = happen(at(Stage.RINGING), c.Answered(leg_id=ONE.leg_id))
    assert c.Brief(partner=ONE) in commands
    conference, commands = happen(conference, c.Said(leg_id=ONE.leg_id))
    assert (facts(commands), conference.stage) == ([Fact.BRIEFED], Stage.BRIEFED)
    assert c.Deadline(seconds=6.0) in commands
    assert c.Together(leg_id=ONE.leg_id) in happen(conference, c.Overdue())[1]


def test_without_a_counsellor_the_briefing_is_followed_by_the_caller() -> None:
    """Nobody is there who could choose."""
    assert c.Together(leg_id=ONE.leg_id) in happen(at(Stage.BRIEFING), c.Said(leg_id=ONE.leg_id, alone=True))[1]
    assert c.Together(leg_id=ONE.leg_id) in happen(at(Stage.BRIEFED), c.Alone())[1]
    assert c.Together(leg_id=ONE.leg_id) in happen(at(Stage.PRIVATE), c.Alone())[1]


def test_a_word_in_private_ends_by_itself() -> None:
    """The caller is not forgotten in the music."""
    conference, commands = happen(at(Stage.BRIEFED), c.Asked(what=What.PRIVATE))
    assert c.Apart(leg_id=ONE.leg_id) in commands
    assert c.Deadline(seconds=120.0) in commands
    assert c.Together(leg_id=ONE.leg_id) in happen(conference, c.Overdue())[1]


def test_after_the_hand_over_the_crisis_is_nobodys_to_keep_open() -> None:
    """And whoever takes over in private is with the caller from then on."""
    conference, commands = happen(at(Stage.PRIVATE), c.Asked(what=What.TAKEN_OVER))
    assert (conference.taken_over, conference.open, conference.stage) == (True, False, Stage.JOINED)
    assert c.Together(leg_id=ONE.leg_id) in commands
    assert happen(conference, c.Asked(what=What.TAKEN_OVER)) == (conference, [])


@pytest.mark.parametrize("stage", [Stage.PRIVATE, Stage.JOINED])
def test_a_partner_who_leaves_leaves_the_others_together(stage: Stage) -> None:
    """And can be called again."""
    conference, commands = happen(at(stage), c.Ended(leg_id=ONE.leg_id, result=OfferResult.ANSWERED))
    assert conference.stage is Stage.IDLE
    assert c.Gone(private=stage is Stage.PRIVATE) in commands
    assert facts(commands) == [Fact.PARTNER_LEFT]
    assert c.Ask(number=2, anew=True) in happen(conference, c.Asked(what=What.RAISE))[1]


@pytest.mark.parametrize("stage", [Stage.RINGING, Stage.BRIEFING, Stage.BRIEFED])
def test_the_next_partner_can_be_asked_for_in_place_of_this_one(stage: Stage) -> None:
    """Also a certain one."""
    conference, commands = happen(at(stage), c.Asked(what=What.DIAL, partner="fire"))
    assert commands[0] == c.Drop(leg_id=ONE.leg_id)
    assert c.Ask(number=2, partner="fire") in commands
    assert conference.stage is Stage.ASKING


def test_an_attempt_that_came_too_late_is_never_rung() -> None:
    """It is on record as withdrawn."""
    late = c.Found(number=1, partner=TWO)
    _, commands = happen(at(Stage.JOINED), late)
    assert commands == [c.Record(fact=Fact.FAILED, leg_id=TWO.leg_id, result=OfferResult.WITHDRAWN)]


def test_a_leg_that_answers_after_it_was_given_up_is_let_go() -> None:
    """Nobody waits at the other end."""
    conference = at(Stage.RINGING)
    assert happen(conference, c.Answered(leg_id="crisis-9")) == (conference, [c.Drop(leg_id="crisis-9")])


def test_lost_events_are_met_by_deadlines() -> None:
    """Of the row, of the ringing, of the briefing."""
    conference = at(Stage.ASKING)
    for number in (2, 3):
        conference, commands = happen(conference, c.Overdue())
        assert c.Ask(number=number) in commands
    assert words(happen(conference, c.Overdue())[1]) == [Word.NOBODY_LEFT]
    conference, commands = happen(at(Stage.RINGING), c.Overdue())
    assert commands[0] == c.Drop(leg_id=ONE.leg_id)
    assert conference.stage is Stage.ASKING
    assert happen(at(Stage.BRIEFING), c.Overdue())[0].stage is Stage.BRIEFED


@pytest.mark.parametrize("stage", [Stage.ASKING, Stage.RINGING, Stage.BRIEFING, Stage.BRIEFED, Stage.PRIVATE, Stage.JOINED])
def test_whoever_calls_it_off_lets_everybody_go(stage: Stage) -> None:
    """By the counsellor's word; the call is an ordinary one again."""
    conference, commands = happen(at(stage), c.Asked(what=What.STOP))
    assert (conference.stage, conference.open) == (Stage.IDLE, False)
    assert (c.Drop(leg_id=ONE.leg_id) in commands) is (stage is not Stage.ASKING)
    assert not any(isinstance(command, c.Redial) for command in commands)


@pytest.mark.parametrize("stage", [Stage.ASKING, Stage.RINGING, Stage.BRIEFING, Stage.BRIEFED, Stage.PRIVATE, Stage.JOINED])
def test_a_caller_who_drops_out_is_called_again(stage: Stage) -> None:
    """Unless somebody has taken over."""
    conference, commands = happen(at(stage), c.Over())
    assert c.Redial() in commands
    assert Fact.CALLER_GONE in facts(commands)
    assert happen(conference, c.Over()) == (conference, [])


@pytest.mark.parametrize("stage", [Stage.ASKING, Stage.RINGING, Stage.BRIEFING, Stage.BRIEFED, Stage.PRIVATE, Stage.JOINED])
def test_a_caller_who_drops_while_others_stay_ends_nothing(stage: Stage) -> None:
    """Whoever rings rings on; whoever is there is with the counsellor."""
    conference, commands = happen(at(stage), c.Left())
    assert facts(commands) == [Fact.CALLER_GONE]
    assert conference.open
    expected = Stage.JOINED if stage in (Stage.BRIEFED, Stage.PRIVATE) else stage
    assert conference.stage is expected
    assert not any(isinstance(command, c.Drop | c.Redial) for command in commands)


def test_after_the_hand_over_nobody_is_called_again() -> None:
    """It is the partner's to decide."""
    _, commands = happen(at(Stage.JOINED), c.Asked(what=What.TAKEN_OVER), c.Over())
    assert c.Redial() not in commands

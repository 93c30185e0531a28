"""The call's state machine, by what the caller experiences."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from ivr import call_model as m
from ivr import flow as flows
from ivr.call import advance
from ivr.call_model import Call, Command, Happening, Phase, PlaceFor, Timer
from routing.model import Lane, Offer, OfferResult, Outcome

FLOW = flows.load(dasan={"1": "PJSIP/1001@dasan"})
OFFER = Offer(
    id=UUID(int=1), contact_id=UUID(int=2), counsellor_id=UUID(int=3), epoch=7, extension="101", leg_id="leg-1"
)  # fmt: skip
OTHER = Offer(id=UUID(int=4), contact_id=UUID(int=2), counsellor_id=UUID(int=5), epoch=1, extension="102", leg_id="leg-2")


class Line:
    """A call under test; remembers every command."""

    def __init__(self, call: Call | None = None, flow: flows.Flow = FLOW) -> None:
        self.call = call or Call(id="c")
        self.flow = flow
        self.last: list[Command] = []
        self.all: list[Command] = []

    def __call__(self, *happenings: Happening) -> list[Command]:
        for happening in happenings:
            self.call, self.last = advance(self.call, happening, self.flow)
            self.all += self.last
        return self.last

    def done(self) -> list[Command]:
        """The playback under way ends."""
        return self(m.PlaybackDone(number=self.call.playing))

    def outcomes(self) -> list[Outcome]:
        return [command.outcome for command in self.all if isinstance(command, m.Finish)]

    def prompts(self) -> tuple[str, ...]:
        """What was played last."""
        return next(command.prompts for command in reversed(self.all) if isinstance(command, m.Play))


def in_menu() -> Line:
    """A caller who hears the menu."""
    line = Line()
    line(m.Entered())
    return line


def waiting() -> Line:
    """A caller who pressed 5 and hears the notices."""
    line = in_menu()
    line(m.Digit(digit="5"))
    return line


def holding() -> Line:
    """A caller who hears music."""
    line = waiting()
    line.done()
    return line


def ringing() -> Line:
    """A caller for whom 101's phone rings."""
    line = holding()
    line(m.OfferGranted(offer=OFFER))
    return line


def talking() -> Line:
    """A caller who talks with 101."""
    line = ringing()
    line.done()
    line(m.LegUp(leg_id="leg-1", at=100.0), m.Connected(leg_id="leg-1", at=100.0))
    return line


def test_key_5_interrupts_the_greeting_and_joins_the_line() -> None:
    """Key 5 counts at any moment of the menu."""
    line = in_menu()
    commands = line(m.Digit(digit="5"))
    assert commands[0] == m.Join()
    assert m.StopPlay(number=1) in commands
    assert line.prompts() == ("notice_recording", "notice_protection")
    assert line.call.phase is Phase.WAITING


def test_key_5_pressed_twice_counts_once() -> None:
    """A doubled digit changes nothing."""
    line = waiting()
    assert line(m.Digit(digit="5")) == []


def test_silence_repeats_the_menu_once_and_then_leads_to_a_person() -> None:
    """No key at all reaches a human."""
    line = in_menu()
    line.done()
    line(m.TimerFired(timer=Timer.SILENCE))
    assert line.prompts() == ("menu_repeat",)
    line.done()
    commands = line(m.TimerFired(timer=Timer.SILENCE))
    assert m.Join() in commands
    assert line.prompts()[0] == "to_a_person"


def test_a_wrong_key_repeats_the_menu_once_and_then_leads_to_a_person() -> None:
    """A second wrong key reaches a human."""
    line = in_menu()
    line(m.Digit(digit="8"))
    assert line.prompts() == ("wrong_key", "menu_repeat")
    line(m.TimerFired(timer=Timer.SETTLE))
    assert m.Join() in line(m.Digit(digit="#"))


def test_many_wrong_keys_in_a_row_are_one_wrong_try() -> None:
    """A hand on the keypad is not two tries."""
    line = in_menu()
    line(m.Digit(digit="8"))
    for digit in "777999":
        assert line(m.Digit(digit=digit)) == [m.Start(timer=Timer.SETTLE, seconds=FLOW.menu.settle_s)]
    assert m.Join() in line(m.Digit(digit="5"))


def test_a_destination_of_the_dasan_centre_is_dialled_and_5_comes_back() -> None:
    """While another desk rings, key 5 still leads to the line."""
    line = in_menu()
    line(m.Digit(digit="1"))
    assert line.call.phase is Phase.DIALLING
    commands = line(m.Digit(digit="5"))
    assert any(isinstance(command, m.DropLeg) for command in commands)
    assert m.Join() in commands


def test_an_unreachable_desk_is_said_and_the_menu_offered_again() -> None:
    """The caller is not hung up when the Dasan centre cannot be reached."""
    line = in_menu()
    line(m.Digit(digit="1"))
    line(m.LegDown(leg_id=line.call.desk_leg, result=OfferResult.BUSY))
    assert line.prompts()[0] == "transfer_unreachable"
    assert m.Join() in line(m.Digit(digit="5"))


def test_music_plays_while_another_desk_rings() -> None:
    """No silence between the prompt and the answer."""
    line = in_menu()
    line(m.Digit(digit="1"))
    assert m.HoldCaller() in line.done()


def test_a_transfer_ends_as_transferred_whoever_hangs_up() -> None:
    """One outcome for a caller whom another desk took."""
    for end in (m.CallerGone(), "desk"):
        line = in_menu()
        line(m.Digit(digit="1"))
        leg = line.call.desk_leg
        line(m.LegUp(leg_id=leg), m.Connected(leg_id=leg))
        line(m.LegDown(leg_id=leg, result=OfferResult.FAILED, by_hand=True) if end == "desk" else end)  # type: ignore[arg-type]
        assert line.outcomes() == [Outcome.TRANSFERRED]


def test_an_early_answer_waits_for_the_end_of_the_notices() -> None:
    """The law wants the notice heard first; the counsellor hears music meanwhile."""
    line = waiting()
    line(m.OfferGranted(offer=OFFER))
    assert m.Seat(leg_id="leg-1") in line(m.LegUp(leg_id="leg-1"))
    assert m.Connect(leg_id="leg-1", offer=OFFER) in line.done()


def test_an_answer_while_music_plays_connects_at_once() -> None:
    """Announcements in the holding bridge hold nobody up."""
    line = ringing()
    assert m.Connect(leg_id="leg-1", offer=OFFER) in line(m.LegUp(leg_id="leg-1"))


@pytest.mark.parametrize("result", [OfferResult.BUSY, OfferResult.REJECTED, OfferResult.RANG_OUT, OfferResult.UNREACHABLE])
def test_a_failed_offer_goes_back_to_the_router_and_the_caller_stays(result: OfferResult) -> None:
    """The next counsellor is the router's business; the caller keeps the music."""
    line = ringing()
    commands = line(m.LegDown(leg_id="leg-1", result=result))
    assert m.CloseOffer(offer=OFFER, result=result) in commands
    assert line.call.phase is Phase.WAITING
    assert line(m.OfferGranted(offer=OTHER))
    assert line.call.offer == OTHER


def test_who_answers_and_hangs_up_during_the_notices_has_declined() -> None:
    """They are not rung again at once; a phone that died in that moment is nobody's refusal."""
    for by_hand, result in ((True, OfferResult.REJECTED), (False, OfferResult.FAILED)):
        line = waiting()
        line(m.OfferGranted(offer=OFFER), m.LegUp(leg_id="leg-1"))
        commands = line(m.LegDown(leg_id="leg-1", result=OfferResult.ANSWERED, by_hand=by_hand))
        assert m.CloseOffer(offer=OFFER, result=result) in commands
        assert line.call.phase is Phase.WAITING


def test_the_callers_hangup_stops_the_ringing_phone() -> None:
    """No phone rings for nobody, and the counsellor is free again."""
    line = ringing()
    commands = line(m.CallerGone())
    assert commands[0] == m.DropLeg(leg_id="leg-1", elsewhere=True)
    assert m.CloseOffer(offer=OFFER, result=OfferResult.WITHDRAWN) in commands
    assert line.outcomes() == [Outcome.ABANDONED_WAITING]


def test_an_offer_that_comes_after_the_hangup_is_given_back() -> None:
    """Hang-up and reservation in the same instant."""
    line = holding()
    line(m.CallerGone())
    commands = line(m.OfferGranted(offer=OFFER))
    assert m.DropLeg(leg_id="leg-1", elsewhere=True) in commands
    assert m.CloseOffer(offer=OFFER, result=OfferResult.WITHDRAWN) in commands
    assert line.outcomes() == [Outcome.ABANDONED_WAITING]


def test_hangup_in_the_menu_is_an_abandoned_menu() -> None:
    """Reported apart from the line."""
    line = in_menu()
    line(m.CallerGone())
    line(m.CallerGone())
    assert line.outcomes() == [Outcome.ABANDONED_IN_MENU]


def test_the_counsellor_hangs_up_and_the_caller_hears_goodbye() -> None:
    """A normal end: one outcome, goodbye, then hang-up."""
    line = talking()
    line(m.LegDown(leg_id="leg-1", result=OfferResult.ANSWERED, by_hand=True, at=160.0))
    assert line.prompts() == ("goodbye",)
    assert m.HangUp() in line.done()
    line(m.CallerGone())
    assert line.outcomes() == [Outcome.TALKED]


@pytest.mark.parametrize(("by_hand", "at"), [(False, 160.0), (True, 100.5)])
def test_a_dead_phone_keeps_the_caller_at_the_front(by_hand: bool, at: float) -> None:
    """A leg that dies, or ends in the moment it answered, never drops the caller."""
    line = talking()
    commands = line(m.LegDown(leg_id="leg-1", result=OfferResult.FAILED, by_hand=by_hand, at=at))
    assert m.Join(lane=Lane.DROPPED, named=OFFER.counsellor_id) in commands
    assert m.EndTalk(offer=OFFER, wrapup=False) in commands
    kinds = [type(command) for command in commands]
    assert kinds.index(m.Join) < kinds.index(m.EndTalk), "who comes free by this goes to nobody else before"
    assert any(isinstance(command, m.Alarm) and command.kind == "counsellor_lost" for command in commands)
    assert line.prompts() == ("reconnecting",)
    assert not line.outcomes()
    line(m.CallerGone())
    assert line.outcomes() == [Outcome.DROPPED]


def test_a_failed_connection_goes_back_into_the_line() -> None:
    """Answered, but the bridge could not be made."""
    line = ringing()
    line(m.LegUp(leg_id="leg-1"))
    commands = line(m.ConnectFailed(leg_id="leg-1"))
    assert m.DropLeg(leg_id="leg-1") in commands
    assert any(isinstance(command, m.Join) for command in commands)
    line(m.CallerGone())
    assert line.outcomes() == [Outcome.ABANDONED_WAITING]


def test_comfort_comes_again_and_again() -> None:
    """Whoever waits hears a voice from time to time."""
    line = holding()
    line.done()
    heard = []
    for _ in range(4):
        line(m.TimerFired(timer=Timer.COMFORT))
        line(m.Place(why=PlaceFor.COMFORT))
        heard.append(line.prompts())
        line.done()
    assert heard == [("comfort_1",), ("comfort_2", "waiting_keys"), ("comfort_3",), ("comfort_1", "waiting_keys")]


def test_without_a_database_the_dialplan_takes_over() -> None:
    """Nobody can be reserved, so the safety net rings."""
    line = holding()
    assert m.ToSafetyNet() in line(m.Unroutable())
    assert line(m.CallerGone()) == []
    assert not line.outcomes()


def test_a_direct_number_enters_at_the_notices() -> None:
    """No 120 menu before it."""
    line = Line(Call(id="c", phase=Phase.WAITING))
    line(m.Entered(direct=True))
    assert line.prompts() == ("notice_recording", "notice_protection")
    assert m.Join() in line.all


def test_a_lost_playback_end_is_made_up_for() -> None:
    """The guard lets the call go on."""
    line = in_menu()
    line(m.TimerFired(timer=Timer.PLAYBACK))
    assert m.Start(timer=Timer.SILENCE, seconds=FLOW.menu.silence_s) in line.last


def test_a_lost_ring_end_gives_the_counsellor_back() -> None:
    """The guard frees the counsellor and stops the leg."""
    line = ringing()
    commands = line(m.TimerFired(timer=Timer.RING))
    assert m.CloseOffer(offer=OFFER, result=OfferResult.FAILED) in commands
    assert m.DropLeg(leg_id="leg-1") in commands


@pytest.mark.parametrize("make", [in_menu, ringing, holding])
def test_a_caller_whom_somebody_else_has_is_given_up_without_a_word_about_the_end(make: Callable[[], Line]) -> None:
    """Place and counsellor are given back; no outcome, no hang-up, no call-back."""
    line = make()
    commands = line(m.TakenAway())
    assert line.call.phase is Phase.ENDED
    assert m.Leave() in commands
    assert (m.CloseOffer(offer=OFFER, result=OfferResult.WITHDRAWN) in commands) is (make is ringing)
    assert not any(isinstance(command, m.Finish | m.HangUp | m.Arrange) for command in (*commands, *line(m.CallerGone())))


def test_a_call_that_died_with_the_telephone_server_is_cut_off() -> None:
    """Nobody's fault but ours, so it can be called back."""
    line = holding()
    line(m.CallerGone(cut_off=True))
    assert line.outcomes() == [Outcome.CUT_OFF]


def test_after_a_restart_a_waiting_caller_waits_on_with_music() -> None:
    """The place is kept by the line; the music is started again."""
    line = Line(Call(id="c", phase=Phase.WAITING))
    commands = line(m.Resumed())
    assert m.Join() in commands
    assert m.HoldCaller() in commands

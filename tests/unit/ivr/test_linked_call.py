"""The machine of a call between somebody of ours and a person."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.centre.model import Result
from escalation.centre.ports import KEY_CENTRE, KEY_CRISIS, PERSON_RUNG, TALKING
from ivr import happenings as h
from ivr.linked import commands as c
from ivr.linked.call import FOUND_TALKING, Linked, Phase, Plan, advance, begin, leg_id
from ivr.linked.commands import Side
from ivr.phases import Timer
from routing.model import OfferResult

ORDER = "0190f000-0000-7000-8000-000000000001"
FIRST, PERSON = leg_id(ORDER, Side.FIRST), leg_id(ORDER, Side.PERSON)
RING, MUSIC, TALK = "ring", "music", "talk"


@dataclass
class Room:
    """The machine with a telephone that does what it is asked for, and knows what each of the two hears."""

    plan: Plan = field(default_factory=Plan)
    state: Linked = field(default_factory=Linked)
    commands: list[c.Command] = field(default_factory=list)
    #: Rung and not hung up: what they hear, "" for nothing.
    hears: dict[Side, str] = field(default_factory=dict)
    up: set[Side] = field(default_factory=set)
    timers: set[Timer] = field(default_factory=set)
    told: list[str] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    #: What the bridge will say of whom it was asked to take in.
    joining: list[Side] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state, commands = begin(self.plan)
        self._do(commands)

    def __call__(self, *happenings: h.Happening) -> Room:
        for happening in happenings:
            match happening:
                case h.LegUp(leg_id=leg):
                    self.up.add(Side(leg.rpartition("-")[2]))
                case h.LegDown(leg_id=leg):
                    side = Side(leg.rpartition("-")[2])
                    self.up.discard(side)
                    self.hears.pop(side, None)
                case h.TimerFired(timer=timer):
                    self.timers.discard(timer)
                case h.Connected(leg_id=leg):
                    side = Side(leg.rpartition("-")[2])
                    self.joining = [one for one in self.joining if one is not side]
                    if side is Side.PERSON and len(self.hears) == 2:
                        self.hears = dict.fromkeys(self.hears, TALK)
                case h.PlaybackDone(number=number):
                    self.hears = {side: "" if what == f"said {number}" else what for side, what in self.hears.items()}
                case _:
                    pass
            self.state, commands = advance(self.state, happening, self.plan)
            self._do(commands)
        return self

    def _do(self, commands: list[c.Command]) -> None:
        for command in commands:
            self.commands.append(command)
            match command:
                case c.Ring(side=side):
                    self.hears[side] = RING
                case c.Say(side=side, number=number):
                    self.hears[side] = f"said {number}"
                case c.StopSay(number=number):
                    self.hears = {side: "" if what == f"said {number}" else what for side, what in self.hears.items()}
                case c.Music():
                    self.hears[Side.FIRST] = MUSIC
                case c.Seat():
                    self.joining.append(Side.FIRST)
                case c.Join():
                    self.joining.append(Side.PERSON)
                case c.Drop(side=side):
                    self.hears.pop(side, None)
                case c.Start(timer=timer):
                    self.timers.add(timer)
                case c.Stop(timer=timer):
                    self.timers.discard(timer)
                case c.Tell(what=what):
                    self.told.append(what)
                case c.Done(result=result):
                    self.results.append(result)

    def said(self, side: Side) -> h.PlaybackDone:
        """What is being said there has ended."""
        return h.PlaybackDone(number=int(self.hears[side].removeprefix("said ")))


def up(leg: str) -> h.LegUp:
    """It is answered."""
    return h.LegUp(leg_id=leg)


def down(leg: str, result: OfferResult = OfferResult.ANSWERED) -> h.LegDown:
    """It ends."""
    return h.LegDown(leg_id=leg, result=result)


def key(leg: str, digits: str) -> list[h.Happening]:
    """Keys pressed there."""
    return [h.LegDigit(leg_id=leg, digit=digit) for digit in digits]


def seated(plan: Plan | None = None) -> Room:
    """The first waits for the person, whose phone rings."""
    return Room(plan or Plan())(up(FIRST), h.Connected(leg_id=FIRST))


def talking(plan: Plan | None = None) -> Room:
    """Both hear each other."""
    return seated(plan)(up(PERSON), *key(PERSON, "1"), h.Connected(leg_id=PERSON))


def test_the_person_is_rung_only_when_the_first_is_there_and_joined_only_when_they_say_so() -> None:
    """Music for the first, a question for the person, then both talk; who hangs up ends it for both."""
    room = Room()
    assert [type(command) for command in room.commands] == [c.Ring, c.Start]
    room(up(FIRST), h.Connected(leg_id=FIRST))
    assert (room.state.phase, room.told) == (Phase.PERSON, [PERSON_RUNG])
    room(room.said(Side.FIRST))
    assert room.hears == {Side.FIRST: MUSIC, Side.PERSON: RING}
    room(up(PERSON))
    assert room.hears[Side.PERSON].startswith("said")
    room(*key(PERSON, "1"))
    assert c.Join() in room.commands
    room(h.Connected(leg_id=PERSON))
    assert (room.state.phase, room.told) == (Phase.TALKING, [PERSON_RUNG, TALKING])
    room(down(PERSON))
    assert (room.results, room.hears) == ([Result.TALKED], {})


@pytest.mark.parametrize(
    ("happened", "result"),
    [
        ([down(PERSON, OfferResult.BUSY)], Result.BUSY),
        ([down(PERSON, OfferResult.UNREACHABLE)], Result.UNREACHABLE),
        ([down(PERSON, OfferResult.RANG_OUT)], Result.NO_ANSWER),
        ([h.TimerFired(timer=Timer.RING)], Result.NO_ANSWER),
        ([up(PERSON), down(PERSON)], Result.NO_ANSWER),
        ([up(PERSON), *key(PERSON, "2")], Result.WRONG_PERSON),
        ([up(PERSON), h.TimerFired(timer=Timer.SILENCE)], Result.NO_ANSWER),
        ([up(PERSON), *key(PERSON, "1"), h.ConnectFailed(leg_id=PERSON)], Result.INTERRUPTED),
        ([up(PERSON), *key(PERSON, "1"), h.TimerFired(timer=Timer.RING)], Result.INTERRUPTED),
    ],
)
def test_whoever_waited_in_vain_is_told_and_hung_up(happened: list[h.Happening], result: Result) -> None:
    """One result, a sentence for the first, then nobody is left."""
    room = seated()(*happened)
    assert room.state.phase is Phase.CLOSING
    assert room.hears[Side.FIRST].startswith("said")
    for side in tuple(room.hears):
        room(room.said(side))
    assert (room.results, room.hears, room.timers) == ([result], {}, set())


@pytest.mark.parametrize(
    ("happened", "result"),
    [
        ([down(FIRST, OfferResult.BUSY)], Result.STAFF_ABSENT),
        ([down(FIRST, OfferResult.FAILED)], Result.INTERRUPTED),
        ([h.TimerFired(timer=Timer.RING)], Result.STAFF_ABSENT),
        ([up(FIRST), h.ConnectFailed(leg_id=FIRST)], Result.INTERRUPTED),
        ([up(FIRST), down(FIRST)], Result.STAFF_ABSENT),
        ([h.CallerGone()], Result.INTERRUPTED),
    ],
)
def test_without_the_first_nobody_is_rung(happened: list[h.Happening], result: Result) -> None:
    """The person's phone stays quiet."""
    room = Room()(*happened)
    assert (room.results, room.hears) == ([result], {})
    assert not [command for command in room.commands if isinstance(command, c.Ring) and command.side is Side.PERSON]


def test_a_machine_at_the_firsts_telephone_has_nobody_rung() -> None:
    """An outside number: who answers there must press 1."""
    room = Room(Plan(ask_first=True))(up(FIRST))
    assert room.state.phase is Phase.GREETING
    room(h.TimerFired(timer=Timer.SILENCE))
    assert (room.results, room.hears) == ([Result.STAFF_ABSENT], {})
    refused = Room(Plan(ask_first=True))(up(FIRST), *key(FIRST, "2"))
    refused(refused.said(Side.FIRST))
    assert refused.results == [Result.STAFF_ABSENT]
    assert Room(Plan(ask_first=True))(up(FIRST), *key(FIRST, "1")).state.phase is Phase.SEATING


def test_what_is_said_goes_by_the_permission() -> None:
    """Without it no name is said, no message is left, and who presses 2 is somebody else; with it, each."""
    careful = seated()(up(PERSON))
    assert [command.prompts for command in careful.commands if isinstance(command, c.Say)][-1] == ("linked_ask",)
    open_ = seated(Plan(say_who=True, leave_message=True, message_says_who=True))(up(PERSON))
    assert [command.prompts for command in open_.commands if isinstance(command, c.Say)][-1] == ("linked_ask_named",)
    open_(h.TimerFired(timer=Timer.SILENCE))
    assert ("linked_message_named",) in [command.prompts for command in open_.commands if isinstance(command, c.Say)]
    for side in tuple(open_.hears):
        open_(open_.said(side))
    assert open_.results == [Result.MESSAGE_LEFT]
    refused = seated(Plan(say_who=True))(up(PERSON), *key(PERSON, "2"))
    assert refused.state.result is Result.DECLINED


def test_the_keys_of_either_lead_on_and_others_do_not() -> None:
    """Star nine is a crisis, star zero the centre; a nine alone is nothing, nor one whose star was the other's."""
    room = talking()
    room(*key(FIRST, "9"), *key(PERSON, "*"), *key(FIRST, "9"), *key(FIRST, "*5"), *key(FIRST, "9"))
    assert room.told == [PERSON_RUNG, TALKING]
    room(*key(PERSON, "9"), *key(FIRST, "*0"))
    assert room.told[2:] == [KEY_CRISIS, KEY_CENTRE]
    assert room.commands[-1] == c.Tell(what=KEY_CENTRE, side=Side.FIRST)


def test_who_was_asked_when_the_first_left_hears_that_it_is_not_their_fault() -> None:
    """The person is on the line: a sentence before the end, and it does not count."""
    room = seated()(up(PERSON), down(FIRST))
    assert ("linked_again",) in [command.prompts for command in room.commands if isinstance(command, c.Say)]
    room(room.said(Side.PERSON))
    assert room.results == [Result.INTERRUPTED]


def test_a_talk_that_was_found_ends_as_one() -> None:
    """After a restart: whoever hangs up ends it for both, and a cancelled one is hung up."""
    for happening in (down(FIRST), down(PERSON, OfferResult.FAILED), h.CallerGone()):
        state, commands = advance(FOUND_TALKING, happening, Plan())
        assert state.phase is Phase.OVER
        assert commands[-1] == c.Done(result=Result.TALKED)


_LEGS = st.sampled_from([FIRST, PERSON])
_HAPPENINGS = st.one_of(
    st.builds(h.LegUp, leg_id=_LEGS),
    st.builds(h.LegDown, leg_id=_LEGS, result=st.sampled_from(OfferResult)),
    st.builds(h.LegDigit, leg_id=_LEGS, digit=st.sampled_from("1290*")),
    st.builds(h.PlaybackDone, number=st.integers(0, 6)),
    st.builds(h.TimerFired, timer=st.sampled_from([Timer.RING, Timer.SILENCE, Timer.SETTLE, Timer.PLAYBACK])),
    st.builds(h.Connected, leg_id=_LEGS),
    st.builds(h.ConnectFailed, leg_id=_LEGS),
    st.builds(h.CallerGone),
)
_PLANS = st.builds(Plan, ask_first=st.booleans(), say_who=st.booleans(), leave_message=st.booleans())


def possible(room: Room, happening: h.Happening) -> bool:
    """Whether a telephone could report this now: legs that ring or talk, timers that run, bridges that were asked."""
    match happening:
        case h.LegUp(leg_id=leg):
            side = Side(leg.rpartition("-")[2])
            return side in room.hears and side not in room.up
        case h.LegDown(leg_id=leg):
            return Side(leg.rpartition("-")[2]) in room.hears
        case h.LegDigit(leg_id=leg):
            return Side(leg.rpartition("-")[2]) in room.up
        case h.TimerFired(timer=timer):
            return timer in room.timers
        case h.Connected(leg_id=leg) | h.ConnectFailed(leg_id=leg):
            return Side(leg.rpartition("-")[2]) in room.joining
        case _:
            return True


@settings(max_examples=400, deadline=None)
@given(plan=_PLANS, happenings=st.lists(_HAPPENINGS, max_size=40))
def test_nobody_is_left_in_silence_or_in_the_line(plan: Plan, happenings: list[h.Happening]) -> None:
    """Whoever is there hears something, or a deadline runs; time alone ends every call but a talk; then nobody is left, with one result."""
    room = Room(plan)
    for happening in happenings:
        if possible(room, happening):
            room(happening)
        if room.state.phase is Phase.OVER:
            break
        waits = {Timer.RING, Timer.SILENCE, Timer.SETTLE, Timer.PLAYBACK} & room.timers
        if room.state.phase is not Phase.TALKING:
            assert waits
        if room.state.phase not in (Phase.SEATING, Phase.JOINING, Phase.TALKING):
            # On the way into the bridge it is a moment, with a deadline.
            assert all(room.hears[side] for side in room.hears), (room.state, room.hears)
    for _ in range(20):
        if room.state.phase is Phase.TALKING:
            room(h.CallerGone())
        for timer in sorted(room.timers):
            room(h.TimerFired(timer=timer))
    assert room.state.phase is Phase.OVER
    assert len(room.results) == 1
    assert (room.hears, room.timers) == ({}, set())


@settings(max_examples=200, deadline=None)
@given(happenings=st.lists(_HAPPENINGS, max_size=30))
def test_whatever_comes_in_whatever_order_it_ends_once(happenings: list[h.Happening]) -> None:
    """Late, doubled and impossible happenings: no error, never two results, nothing after the end but a hang-up."""
    room = Room()
    for happening in happenings:
        over = room.state.phase is Phase.OVER
        before = len(room.commands)
        room(happening)
        if over:
            assert all(isinstance(command, c.Drop) for command in room.commands[before:])
    assert len(room.results) <= 1

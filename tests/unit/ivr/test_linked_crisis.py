"""A crisis in a call between somebody of ours and a person: who is called, who stays, and that the person is never alone."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.centre.model import Result
from escalation.centre.ports import KEY_CRISIS
from ivr import commands as m
from ivr import happenings as h
from ivr.conference import Conference, Fact, Partner, Stage, What
from ivr.linked import commands as c
from ivr.linked.call import FOUND_TALKING, Linked, Phase, Plan, advance
from ivr.linked.commands import Side
from ivr.phases import Timer
from routing.model import OfferResult
from tests.unit.ivr.test_linked_call import FIRST, PERSON, down, key, up

PLAN = Plan()
TEXTS = PLAN.crisis
RAISE = h.Ordered(what=What.RAISE)
#: The chain's stages on the ordinary way.
STAGES = (Stage.ASKING, Stage.RINGING, Stage.BRIEFING, Stage.BRIEFED, Stage.JOINED)


def partner(number: int) -> Partner:
    """The one whom that attempt is made for."""
    return Partner(leg_id=f"crisis-{number}", endpoint="PJSIP/112@t", ring_s=25.0)


@dataclass
class Talk:
    """Two who talk, and what is asked for."""

    state: Linked = FOUND_TALKING
    commands: list[c.Command] = field(default_factory=list)
    #: Legs rung for partners that are neither down nor hung up.
    partners: set[str] = field(default_factory=set)
    timers: set[Timer] = field(default_factory=set)
    #: Whoever is alone hears this; "" for nothing.
    hears: str = ""
    results: list[Result] = field(default_factory=list)

    def __call__(self, *happenings: h.Happening) -> Talk:
        for happening in happenings:
            if isinstance(happening, h.LegDown):
                self.partners.discard(happening.leg_id)
            if isinstance(happening, h.TimerFired):
                self.timers.discard(happening.timer)
            self.state, commands = advance(self.state, happening, PLAN)
            for command in commands:
                self._do(command)
        return self

    def _do(self, command: c.Command) -> None:
        self.commands.append(command)
        match command:
            case m.RingPartner(partner=rung):
                self.partners.add(rung.leg_id)
            case m.DropLeg(leg_id=leg):
                self.partners.discard(leg)
            case c.Start(timer=timer):
                self.timers.add(timer)
            case c.Stop(timer=timer):
                self.timers.discard(timer)
            case c.Say():
                self.hears = "word"
            case c.Music():
                self.hears = "music"
            case c.Done(result=result):
                self.results.append(result)
            case _:
                pass

    def asked(self) -> int:
        """How often an attempt was asked for."""
        return sum(isinstance(command, m.AskPartner) for command in self.commands)

    def found(self) -> Talk:
        """The attempt that was asked for is on record."""
        return self(h.PartnerFound(number=self.asked(), partner=partner(self.asked())))

    def nobody(self) -> Talk:
        """Nobody is left."""
        return self(h.PartnerFound(number=self.asked(), partner=None))

    def to(self, stage: Stage) -> Talk:
        """A crisis that is so far; the first partner."""
        leg = partner(self.asked() + 1).leg_id
        self(*key(FIRST, "*9"), RAISE)
        steps = STAGES.index(stage)
        if steps:
            self.found()
        way: list[h.Happening] = [h.LegUp(leg_id=leg), h.LegSaid(leg_id=leg), h.TimerFired(timer=Timer.PARTNER)]
        self(*way[: max(0, steps - 1)])
        if stage is Stage.JOINED:
            self(h.Gathered(leg_id=leg, caller=True))
        assert self.state.crisis.stage is stage
        return self

    def facts(self) -> list[Fact]:
        """What the incident's timeline is told."""
        return [command.fact for command in self.commands if isinstance(command, m.IncidentNote)]

    def whispered(self) -> list[tuple[str, ...]]:
        """What the first alone is told."""
        return [command.prompts for command in self.commands if isinstance(command, c.Whisper) and not command.leg_id]

    def count(self, kind: type[c.Command]) -> int:
        """How often something was asked for."""
        return sum(isinstance(command, kind) for command in self.commands)


def test_the_centre_hears_first_and_the_same_press_twice_is_one_dispatch() -> None:
    """Nobody is called before the centre was told, and then one partner is, however often it is pressed, by either."""
    talk = Talk()(*key(FIRST, "*9*9"), *key(PERSON, "*9"))
    assert [command for command in talk.commands if isinstance(command, c.Tell)] == [c.Tell(what=KEY_CRISIS, side=Side.FIRST)]
    assert talk.asked() == 0
    talk(RAISE, RAISE, *key(FIRST, "*9"))
    assert (talk.asked(), talk.count(c.Tell)) == (1, 1)


def test_who_answers_is_briefed_joins_and_takes_over_and_the_first_may_leave() -> None:
    """The timeline has every step; the person stays with the partner until one of them hangs up."""
    talk = Talk().to(Stage.JOINED)
    assert m.Gather(partner="crisis-1") in talk.commands
    talk(*key(FIRST, "*3"), down(FIRST))
    assert (talk.results, talk.partners) == ([], {"crisis-1"})
    talk(down(PERSON))
    assert (talk.results, talk.partners) == ([Result.TALKED], set())
    assert talk.facts() == [
        Fact.DIALLED, Fact.ANSWERED, Fact.BRIEFED, Fact.JOINED, Fact.TAKEN_OVER, Fact.COUNSELLOR_GONE, Fact.PARTNER_LEFT, Fact.CALLER_GONE,
    ]  # fmt: skip
    assert talk.count(c.CallAgain) == 0


@pytest.mark.parametrize("result", [OfferResult.BUSY, OfferResult.REJECTED, OfferResult.RANG_OUT, OfferResult.UNREACHABLE])
def test_who_is_not_reached_is_followed_by_the_next_at_once_and_heard(result: OfferResult) -> None:
    """Then nobody is left: the first is told, and the two stay together; another press begins again, and the centre knows already."""
    talk = Talk().to(Stage.RINGING)(down("crisis-1", result))
    busy = result in (OfferResult.BUSY, OfferResult.REJECTED)
    assert talk.whispered() == [TEXTS.rung, TEXTS.busy if busy else TEXTS.no_answer]
    talk.nobody()
    assert (talk.whispered()[-1], talk.results, talk.facts()[-1]) == (TEXTS.nobody_left, [], Fact.NOBODY_LEFT)
    talk(*key(FIRST, "*9"))
    assert (talk.asked(), talk.count(c.Tell)) == (3, 1)


@pytest.mark.parametrize("stage", STAGES)
def test_the_person_is_not_alone_when_the_first_leaves(stage: Stage) -> None:
    """Wherever the chain is: with the partner, or with a word and then music, again and again, while partners are called."""
    talk = Talk().to(stage)(down(FIRST))
    assert (talk.results, talk.count(c.Drop)) == ([], 0)
    if stage in (Stage.BRIEFED, Stage.JOINED):
        # Nobody is there any more who could choose.
        assert talk.state.crisis.there
        return
    assert (talk.hears, Timer.SETTLE in talk.timers) == ("word", True)
    talk(h.PlaybackDone(number=talk.state.to_person))
    assert (talk.hears, Timer.COMFORT in talk.timers) == ("music", True)
    talk(h.TimerFired(timer=Timer.COMFORT), h.TimerFired(timer=Timer.SETTLE), h.TimerFired(timer=Timer.COMFORT))
    assert talk.count(c.Say) == 3
    if stage is Stage.BRIEFING:
        talk(h.LegSaid(leg_id="crisis-1"))
        assert m.Gather(partner="crisis-1") in talk.commands
        assert not {Timer.COMFORT, Timer.SETTLE} & talk.timers


def test_a_person_whom_nobody_can_be_found_for_goes_on_in_the_line() -> None:
    """Not hung up: the line's counsellors are rung; the incident goes on there."""
    talk = Talk().to(Stage.RINGING)(down(FIRST), down("crisis-1", OfferResult.BUSY))
    talk.nobody()
    assert (talk.count(c.ToLine), talk.results, talk.count(c.Drop)) == (1, [Result.TALKED], 0)
    assert Fact.CALLER_GONE not in talk.facts()
    assert talk.timers == set()


def test_the_first_leaves_after_everybody_was_tried() -> None:
    """Another round, for the person who is alone now."""
    talk = Talk().to(Stage.RINGING)(down("crisis-1", OfferResult.BUSY)).nobody()
    talk(down(FIRST))
    assert (talk.asked(), talk.hears, talk.results) == (3, "word", [])
    assert talk.commands[-1] != c.ToLine()


def test_a_partner_who_leaves_leaves_nobody_alone() -> None:
    """The two stay; a person alone has the next partner, or after the hand-over the line."""
    assert Talk().to(Stage.JOINED)(down("crisis-1")).results == []
    alone = Talk().to(Stage.JOINED)(down(FIRST), down("crisis-1"))
    assert (alone.asked(), alone.hears, alone.results) == (2, "word", [])
    handed = Talk().to(Stage.JOINED)(*key(FIRST, "*3"), down(FIRST), down("crisis-1"))
    assert (handed.count(c.ToLine), handed.results) == (1, [Result.TALKED])


@pytest.mark.parametrize("stage", STAGES)
def test_the_person_drops_and_the_others_stay(stage: Stage) -> None:
    """The first hears it and can tell the partner what is known; when one of them leaves, the line calls the person back."""
    talk = Talk().to(stage)(down(PERSON))
    assert (talk.results, Fact.CALLER_GONE in talk.facts()) == ([], True)
    assert TEXTS.caller_gone in talk.whispered()
    talk(down(FIRST))
    assert (talk.results, talk.count(c.CallAgain), talk.facts().count(Fact.CALLER_GONE)) == ([Result.TALKED], 1, 1)
    assert talk.partners == set()


def test_the_person_has_dropped_and_nobody_is_left() -> None:
    """The first is told, then hung up; the person is called back."""
    talk = Talk().to(Stage.RINGING)(down(PERSON), down("crisis-1", OfferResult.RANG_OUT)).nobody()
    assert talk.state.phase is Phase.CLOSING
    talk(h.PlaybackDone(number=talk.state.to_first))
    assert (talk.results, talk.count(c.CallAgain), c.Drop(side=Side.FIRST) in talk.commands) == ([Result.TALKED], 1, True)


def test_pressed_in_the_last_instant_it_is_on_record_all_the_same() -> None:
    """The call ends before the centre has heard of it: the incident is raised, and the person called back."""
    talk = Talk()(*key(PERSON, "*9"), down(FIRST))
    assert (talk.count(m.RaiseIncident), talk.count(c.CallAgain), talk.results) == (1, 1, [Result.TALKED])


def test_what_the_desk_orders_is_done_or_refused_aloud() -> None:
    """Next, this one, join, taken over, stop: done. A private word, and anything before or after the talk: a note and an alarm."""
    talk = Talk()(h.Ordered(what=What.DIAL, partner="fire")).found()
    assert [command.partner for command in talk.commands if isinstance(command, m.AskPartner)] == ["fire"]
    talk(h.Ordered(what=What.NEXT)).found()
    assert talk.partners == {"crisis-2"}
    talk(up("crisis-2"), h.Ordered(what=What.JOIN))
    assert m.Gather(partner="crisis-2") in talk.commands
    talk(h.Ordered(what=What.PRIVATE))
    assert [command.kind for command in talk.commands if isinstance(command, m.Alarm)] == ["incident_order_waits"]
    talk(h.Ordered(what=What.TAKEN_OVER), h.Ordered(what=What.STOP))
    assert (talk.facts()[-1], talk.partners, talk.results) == (Fact.CALLED_OFF, set(), [])
    talk(down(PERSON), h.Ordered(what=What.NEXT))
    assert [command.kind for command in talk.commands if isinstance(command, m.Alarm)][-1] == "incident_unreached"
    assert talk(h.Ordered(what=What.REDIAL)).count(c.CallAgain) == 1


def test_whoever_gives_the_order_up_hangs_nobody_up_in_a_crisis() -> None:
    """Cancelled while a partner is called: all stay."""
    talk = Talk().to(Stage.RINGING)(h.CallerGone())
    assert (talk.results, talk.partners, talk.count(c.Drop)) == ([], {"crisis-1"}, 0)


def found_again(stage: Stage, *, first: bool = True, person: bool = True, is_open: bool = True) -> Talk:
    """What an earlier run left."""
    who = None if stage in (Stage.ASKING, Stage.IDLE) else partner(1)
    state = Linked(
        phase=Phase.TALKING, first=first, person=person, result=Result.TALKED, person_left=not person,
        crisis=Conference(stage=stage, open=is_open, partner=who),
    )  # fmt: skip
    return Talk(state=state)(h.Resumed())


def test_what_an_earlier_run_left_goes_on() -> None:
    """On to the next; ringing has a deadline; who answered is briefed anew; who is alone hears something; nobody waits for nobody."""
    assert found_again(Stage.ASKING).asked() == 1
    assert Timer.PARTNER in found_again(Stage.RINGING).timers
    assert m.SayToLeg(leg_id="crisis-1", prompts=TEXTS.briefing) in found_again(Stage.BRIEFING).commands
    assert found_again(Stage.JOINED).commands == []
    assert found_again(Stage.RINGING, first=False).hears == "word"
    assert found_again(Stage.JOINED, first=False).hears == ""
    assert found_again(Stage.IDLE, first=False).asked() == 1
    assert found_again(Stage.IDLE, person=False).state.phase is Phase.CLOSING
    assert found_again(Stage.IDLE).commands == []


_LEGS = st.sampled_from([FIRST, PERSON, "crisis-1", "crisis-2", "crisis-3", "crisis-4"])
_HAPPENINGS = st.one_of(
    st.builds(lambda leg, result: h.LegDown(leg_id=leg, result=result), _LEGS, st.sampled_from(OfferResult)),
    st.builds(lambda leg: h.LegUp(leg_id=leg), _LEGS),
    st.builds(lambda leg: h.LegSaid(leg_id=leg), _LEGS),
    st.builds(lambda leg: h.Gathered(leg_id=leg, caller=True), _LEGS),
    st.builds(lambda leg: h.GatherFailed(leg_id=leg), _LEGS),
    st.builds(lambda leg, digit: h.LegDigit(leg_id=leg, digit=digit), _LEGS, st.sampled_from("*0123489")),
    st.builds(lambda what: h.Ordered(what=what), st.sampled_from(What)),
    st.builds(
        lambda number, there: h.PartnerFound(number=number, partner=partner(number) if there else None), st.integers(1, 4), st.booleans()
    ),
    st.builds(lambda timer: h.TimerFired(timer=timer), st.sampled_from([Timer.PARTNER, Timer.COMFORT, Timer.SETTLE, Timer.PLAYBACK])),
    st.builds(lambda number: h.PlaybackDone(number=number), st.integers(1, 5)),
    st.just(h.CallerGone()),
)


@settings(max_examples=500, deadline=None)
@given(happenings=st.lists(_HAPPENINGS, max_size=40))
def test_nobody_is_left_alone_whatever_comes_in_whatever_order(happenings: list[h.Happening]) -> None:
    """Whoever waits hears something and somebody is being called; every partner's leg ends with the call; one result, one end."""
    talk = Talk()
    for happening in happenings:
        talk(happening)
        state = talk.state
        if state.phase is Phase.TALKING:
            assert state.first or state.person
            if not (state.first and state.person):
                assert state.crisis.stage is not Stage.IDLE
            if not state.first and not state.crisis.there:
                assert talk.hears
                assert {Timer.SETTLE, Timer.COMFORT} & talk.timers
            if state.crisis.waits:
                assert Timer.PARTNER in talk.timers
            if state.crisis.leg_id:
                assert talk.partners <= {state.crisis.leg_id}
    if talk.state.phase is Phase.OVER:
        assert (len(talk.results), talk.partners, talk.timers) == (1, set(), set())
    assert talk.count(c.ToLine) <= 1

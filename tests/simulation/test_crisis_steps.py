"""The program is killed at every step of a crisis and started again: no incident is lost, none is doubled, and the crisis is brought to its end.

The whole program over a simulated Asterisk and stores in memory. It dies in the instant in which something is on record and nothing has
been done about it; or just before, with what it had to say lost in its journal; or a moment later, in the middle of doing it.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest

from core.ids import new_id
from escalation import happenings as h
from escalation.model import Incident, State
from helpline.simulation.dialplan import BUSY, FAILURE, NORMAL
from helpline.simulation.emergency import EMERGENCY, Emergency
from helpline.simulation.faults import Faults
from helpline.simulation.loop import Universe
from helpline.simulation.oracle import Oracle
from helpline.simulation.people import CALLED_BACK, CalledBack, Caller, Phone
from helpline.simulation.program import Program, config
from helpline.simulation.switch import Callee, Channel
from helpline.simulation.world import Load, Trace, World
from routing.presence_model import PresenceEvent

pytestmark = [pytest.mark.simulation, pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")]

#: Virtual seconds.
A_MOMENT_S, DOWN_S, REST_S, LONG_S = 0.3, 2.0, 75.0, 400.0
#: Only `next_attempt` and `raise_` wait for the database; everything else may be lost in the journal of a program that is killed.
COMMITTED = ("raised", "dialled")


class Partner(Emergency):
    """112 is busy; everybody else answers and stays, if there is anybody at all."""

    def invited(self, channel: Channel) -> None:
        asterisk, universe = self.town.asterisk, self.town.universe
        if self.number == "112" or not self.town.anybody:  # type: ignore[attr-defined]  # `Stage`
            universe.after(0.5, asterisk.leg_refused, channel, BUSY)
        else:
            universe.after(0.3, asterisk.leg_ringing, channel)
            universe.after(2, asterisk.leg_answered, channel)


class Counsellor(Phone):
    """Answers, and presses the key for what is still to be done until it is done."""

    def begin(self) -> None:
        self.heard_words: list[str] = []
        self.town.asterisk.register(self.extension, True)
        self._desk(PresenceEvent.SIGN_IN)
        self._desk(PresenceEvent.READY)

    def invited(self, channel: Channel) -> None:
        self.legs.append(channel)
        self.town.universe.after(0.1, self.town.asterisk.leg_ringing, channel)
        self.town.universe.after(1, self.town.asterisk.leg_answered, channel)
        self.town.universe.after(3, self._press, channel)

    def heard(self, channel: Channel, prompt: str) -> None:
        self.heard_words.append(prompt)

    def _press(self, channel: Channel) -> None:
        if channel.gone:
            return
        for number, key in enumerate(self.town.next_key()):  # type: ignore[attr-defined]  # `Stage`
            self.town.universe.after(0.2 * number, self.town.asterisk.press, channel, key)
        self.town.universe.after(4, self._press, channel)


class Person(CalledBack):
    """Answers when called again, and says that it is them."""

    def invited(self, channel: Channel) -> None:
        self.channel = channel
        self.town.universe.after(2, self.town.asterisk.leg_answered, channel)

    def heard(self, channel: Channel, prompt: str) -> None:
        if self.accepted_at is None:
            self._press_later(1, "1")


class Stage(World):
    """One caller, two counsellors, and the partners."""

    def __init__(self, universe: Universe, oracle: Oracle) -> None:
        super().__init__(universe, 1, Load(calls_per_hour=1e-9, seats=2), Trace(universe), oracle)
        self.anybody = True
        #: What the counsellor wants, in order, each until it is so.
        self.wishes: list[Wish] = []

    def begin(self) -> None:
        for extension in ("101", "102"):
            counsellor_id = new_id()
            self.database.add_counsellor(counsellor_id, extension)
            phone = self.phones[extension] = Counsellor(self, counsellor_id, extension)
            self.asterisk.phones[extension] = False
            phone.begin()
        caller = Caller(self, "caller", number="01012345678", presentation="allowed", patience_s=1e6, talk_s=1e6, manner="silent")
        self.universe.after(3, caller.call, "direct")
        self.callers.append(caller)

    def next_key(self) -> str:
        (incident,) = self.incidents.incidents.values() or (None,)
        while self.wishes and incident is not None and self.wishes[0][1](incident):
            del self.wishes[0]
        return self.wishes[0][0] if self.wishes else ""

    def _dial(self, endpoint: str) -> Callee | None:
        number, _, trunk = endpoint.partition("/")[2].partition("@")
        if trunk == EMERGENCY:
            return Partner(self, number)
        if trunk == CALLED_BACK:
            person = Person(self, "again", number, busy=lambda: False)
            self.called.append(person)
            return person
        return super()._dial(endpoint)


class Drama:
    """The world with a program that is killed once, at `step`."""

    def __init__(self, step: str, when: str) -> None:
        self.step, self.when = step, when
        self.universe = Universe()
        self.told = config()
        self.oracle = Oracle(lambda: self.told.policy)
        self.stage = Stage(self.universe, self.oracle)
        self.faults = Faults(self.universe, 1, (), self.stage.note)
        self.oracle.watch(self.stage, self.faults)
        self.programs: list[Program] = []
        self.oracle.programs = lambda: self.programs
        self.stage.presence_changed = self._presence_changed
        #: Endpoint of every call to a partner, by leg.
        self.rung: list[str] = []
        self.killed = False
        self._invited = self.oracle.leg_invited
        self.oracle.leg_invited = self._leg_invited  # type: ignore[method-assign]
        self._happen = self.stage.incidents._happen
        self._start()
        self.stage.begin()

    def happen(self, incident_id: UUID, happened: h.Happening) -> None:
        """Instead of `MemoryBook._happen`: on record, unless the program dies with it in its journal."""
        due = happened.kind == self.step and not self.killed
        if not (due and self.when == "lost"):
            self._happen(incident_id, happened)
        if due:
            self.killed = True
            if self.when == "a moment later":
                self.universe.after(A_MOMENT_S, self._kill)
            else:
                self._kill()

    @property
    def incident(self) -> Incident:
        """There is one, whatever happened."""
        (incident,) = self.stage.incidents.incidents.values()
        return incident

    def play(self, *wishes: Wish) -> None:
        """Until all of it is done, and the program is there."""
        self.stage.wishes += wishes
        end = self.universe.now + LONG_S
        while self.stage.wishes or not self.programs:
            assert self.universe.now < end, "\n".join([self.stage.wishes[0][0] if self.stage.wishes else "", *self.stage.note.lines])
            self.universe.run(self.universe.now + 0.5)
            self.stage.next_key()

    def hang_up(self, who: type, cause: int = NORMAL) -> None:
        """They leave."""
        for channel in [one for one in self.stage.asterisk.channels.values() if isinstance(one.far, who)]:
            self.stage.asterisk.hang_up(channel, cause)

    def over(self) -> Incident:
        """Everybody leaves, and everything comes to rest: one incident, every call on record with its result, nobody rung twice by a leg."""
        assert self.killed, "\n".join(self.stage.note.lines)
        self.universe.run(self.universe.now + 10)
        self.stage.close()
        self.hang_up(Partner)
        self.stage.everybody_hangs_up()
        self.universe.run(self.universe.now + REST_S)
        self.oracle.at_the_end()
        incident = self.incident
        assert sorted(set(self.rung)) == sorted(self.rung)
        assert set(self.rung) <= {attempt.leg_id for attempt in incident.attempts}
        assert all(attempt.result for attempt in incident.attempts)
        return incident

    def _start(self) -> None:
        self.programs[:] = [Program(self.stage, self.faults, self.told, len(self.rung), "w1")]

    def _kill(self) -> None:
        # What is late in the moment after is not held against anybody.
        self.faults.jumped()
        self.stage.note("killed", self.step)
        (program,) = self.programs
        self.programs.clear()
        program.kill()
        self.universe.after(DOWN_S, self._start)

    def _presence_changed(self) -> None:
        for program in self.programs:
            if program.router is not None:
                program.process.post(program.router.wake)

    def _leg_invited(self, leg: Channel) -> None:
        self._invited(leg)
        if isinstance(leg.far, Partner):
            self.rung.append(leg.id)


Wish = tuple[str, Callable[[Incident], bool]]


def reached(*stages: str) -> Callable[[Incident], bool]:
    """An attempt is so far now."""
    return lambda incident: any(attempt.stage in stages for attempt in incident.attempts)


CALLED: Wish = ("*9", lambda incident: bool(incident.attempts))
ANSWERED: Wish = ("", reached("briefed", "private", "joined"))
PRIVATE: Wish = ("*2", reached("private"))
JOINED: Wish = ("*1", reached("joined"))
TAKEN_OVER: Wish = ("*3", lambda incident: incident.taken_over_at is not None)


@pytest.fixture(scope="module", autouse=True)
def _only_what_is_ours() -> Iterator[None]:
    """The end of each world collects garbage: of it, and not of everything that was ever imported."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def drama(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Drama]:
    """One program, one caller."""
    step, when = request.param
    made = Drama(step, when)
    monkeypatch.setattr(type(made.stage.incidents), "_happen", lambda _book, incident_id, happened: made.happen(incident_id, happened))
    yield made
    universe = made.universe
    # Nothing may keep what a killed process left behind: it is thrown away with the world.
    vars(made).clear()
    universe.dispose()


def killed_at(*steps: str) -> pytest.MarkDecorator:
    """Each step, in every way."""
    whens = ("on record", "lost", "a moment later")
    return pytest.mark.parametrize(
        "drama",
        [pytest.param((step, when), id=f"{step}, {when}") for step in steps for when in whens if when != "lost" or step not in COMMITTED],
        indirect=True,
    )


@killed_at("raised", "dialled", "attempt_failed", "answered", "briefed", "private", "joined", "taken_over")
def test_a_crisis_is_handed_over_whenever_the_program_dies(drama: Drama) -> None:
    """112 is busy, 119 answers, is spoken to in private, joins and takes over; the counsellor presses what is still to be done."""
    drama.play(CALLED, ANSWERED, PRIVATE, JOINED, TAKEN_OVER)
    assert drama.over().state is State.TAKEN_OVER


@killed_at("nobody_left")
def test_where_nobody_answers_the_next_press_begins_another_round(drama: Drama) -> None:
    """Everybody once, then a person decides."""
    drama.stage.anybody = False
    drama.play(CALLED, ("", lambda incident: incident.state is State.UNREACHED))
    chain = len(drama.incident.attempts)
    assert len({attempt.partner_id for attempt in drama.incident.attempts}) == chain
    drama.play(("*9", lambda incident: len(incident.attempts) > chain))
    assert drama.over().state is not State.TAKEN_OVER


@killed_at("partner_left")
def test_after_a_partner_who_left_the_next_is_called_by_a_press(drama: Drama) -> None:
    """Caller and counsellor stay together meanwhile."""
    drama.play(CALLED, JOINED)
    drama.hang_up(Partner)
    drama.play(("", lambda incident: not incident.live))
    drama.play(("*9", lambda incident: bool(incident.live)), JOINED, TAKEN_OVER)
    assert drama.over().state is State.TAKEN_OVER


@killed_at("called_off")
def test_what_is_called_off_stays_so(drama: Drama) -> None:
    """Nobody is called after a restart."""
    drama.play(CALLED, JOINED, ("*0", lambda incident: incident.called_off and not incident.live))
    rung = len(drama.rung)
    drama.universe.run(drama.universe.now + 60)
    assert (len(drama.rung), drama.incident.live) == (rung, ())
    drama.over()


@killed_at("caller_gone", "redialled", "caller_back")
def test_a_caller_who_drops_out_is_brought_back_whenever_the_program_dies(drama: Drama) -> None:
    """Called again, and in the same incident with whoever is there."""
    drama.play(CALLED, JOINED)
    drama.hang_up(Caller)
    drama.play(("", lambda incident: incident.redials > 0 and incident.caller_gone_at is None))
    drama.play(("*9", lambda incident: bool(incident.live)), JOINED, TAKEN_OVER)
    assert drama.over().state is State.TAKEN_OVER


@killed_at("counsellor_gone", "counsellor_back")
def test_a_counsellor_whose_phone_dies_is_replaced_whenever_the_program_dies(drama: Drama) -> None:
    """By the other one; the partner stays meanwhile."""
    drama.play(CALLED, JOINED)
    drama.hang_up(Counsellor, FAILURE)
    drama.play(("", lambda incident: incident.counsellor_gone_at is not None))
    drama.play(("", lambda incident: incident.counsellor_gone_at is None))
    drama.play(JOINED, TAKEN_OVER)
    assert drama.over().state is State.TAKEN_OVER


@pytest.mark.parametrize("drama", [("never", "")], indirect=True)
def test_the_counsellor_hears_what_becomes_of_it(drama: Drama) -> None:
    """Whispered in the talk."""
    drama.play(CALLED, ANSWERED, JOINED, TAKEN_OVER)
    (words,) = [phone.heard_words for phone in drama.stage.phones.values() if phone.heard_words]  # type: ignore[attr-defined]
    assert words == ["crisis_rung", "crisis_busy", "crisis_rung", "crisis_answered", "crisis_joined", "crisis_taken_over"]

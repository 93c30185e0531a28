"""Bad input to the line: a clear error or an ignored event, and no caller harmed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from core import metrics
from core.steady_clock import SteadyClock
from core.testing import ManualClock
from ivr import call_model as m
from ivr.call_model import Call, Phase, PlaceFor, Timer
from routing import engine_model as e
from routing.engine import Engine
from routing.model import Lane, OfferResult, Outcome, OverflowReason, Waiting
from routing.policy import PARAMETERS, Policy, PolicyError, parse
from routing.router import Router
from tests.regression.test_one_caller_one_counsellor import Books
from tests.unit.ivr.test_call import FLOW, OFFER, Line
from tests.unit.routing.lines import NOW, POLICY, after, contact, grant, join, line, pairs, seat


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_policy_value_out_of_range_is_refused_by_name(name: str) -> None:
    """Too low, too high, no number, not a number, endless: one clear error, from whatever side it comes."""
    low, high = (float(str(PARAMETERS[name][bound])) for bound in ("low", "high"))
    for value in (low - 1, high + 1, "nan", "inf", "-inf", "", "ten", None, [1]):
        with pytest.raises(PolicyError, match=name):
            parse({name: value})
    with pytest.raises(PolicyError, match=name):
        Policy(**{name: high + 1})  # type: ignore[arg-type]  # on purpose
    assert getattr(parse({name: low}), name) == low
    assert getattr(parse({name: str(int(high))}), name) == high


@pytest.mark.parametrize("name", ["missed_limit", "heavy_cap", "callback_attempts"])
def test_half_a_call_is_no_number_of_calls(name: str) -> None:
    """Whole numbers only."""
    with pytest.raises(PolicyError, match="whole number"):
        parse({name: 1.5})


def test_every_wrong_policy_value_is_named_at_once() -> None:
    """An unknown name, too."""
    with pytest.raises(PolicyError, match=r"(?s)no_such.*drain_s"):
        parse({"no_such": 1, "drain_s": -1})


async def test_an_unknown_counsellor_or_contact_changes_no_row() -> None:
    """The store says that there is nobody, or nothing to do."""
    books, nobody = Books(), UUID(int=9)
    assert await books.store.reserve(books.caller(), nobody, 0) == (None, None)
    assert (await books.store.reserve(nobody, books.kim, 0))[0] is None
    assert await books.store.answered(replace(OFFER, counsellor_id=nobody)) is None
    assert await books.store.close(OFFER, OfferResult.RANG_OUT, POLICY) is None
    assert await books.store.end_talk(nobody, 0, heavy=False, wrapup=True, policy=POLICY) is None
    assert (await books.seat()).system == "idle"


async def test_what_is_about_nobody_is_counted_and_the_line_goes_on() -> None:
    """The router counts it, and the next caller is served."""
    books = Books()
    router = Router(books.store, books.clock, retry_s=3000)
    counter = metrics.routing_events_ignored_total.labels(event="OverflowOver")
    before = counter._value.get()
    router.overflow_over(UUID(int=9))
    router.leave(UUID(int=9))
    assert router.place(UUID(int=9)) is None
    assert counter._value.get() == before + 1
    router.join(Waiting(contact_id=books.caller(), since=books.clock.now()))
    assert router.waiting == 1


def test_a_doubled_or_late_event_of_the_line_is_done_once() -> None:
    """Each is said to be ignored, and nobody is reserved twice."""
    kim = seat(1)
    engine = line(kim)
    assert pairs(join(engine, contact(1))) == [(1, 1)]
    grant(engine, 1, kim)
    refused = e.Refused(contact_id=UUID(int=1), counsellor_id=kim.counsellor_id)
    late: list[e.Event] = [
        e.Granted(contact_id=UUID(int=1), counsellor_id=kim.counsellor_id),
        e.ReserveLost(contact_id=UUID(int=1), counsellor_id=kim.counsellor_id, epoch=kim.epoch),
        e.SeatSeen(seat=kim),
    ]
    for event in late:
        assert engine.handle(event, NOW) == [e.Ignored(event=type(event).__name__)]
    assert engine.handle(refused, NOW) == []
    assert engine.handle(refused, NOW) == [e.Ignored(event="Refused")]
    engine.handle(e.Left(contact_id=UUID(int=1)), NOW)
    assert engine.handle(e.Left(contact_id=UUID(int=1)), NOW) == [e.Ignored(event="Left")]
    assert engine.handle(e.OverflowOver(contact_id=UUID(int=1)), NOW) == [e.Ignored(event="OverflowOver")]


LATE: tuple[m.Happening, ...] = (
    m.CallerGone(), m.OfferGranted(offer=OFFER), m.LegUp(leg_id="leg-1"), m.LegUp(leg_id="over-c-9"), m.LegDown(leg_id="leg-1", result=OfferResult.BUSY),
    m.LegDigit(leg_id="over-c-9", digit="1"), m.Connected(leg_id="leg-1"), m.ConnectFailed(leg_id="leg-1"), m.PlaybackDone(number=99), m.Held(),
    m.HoldFailed(), m.Digit(digit="5"), m.Spoke(), m.Place(why=PlaceFor.INTRO, ahead=1), m.DialogueDone(ok=True), m.Unroutable(),
    m.Overflowed(reason=OverflowReason.LONG_WAIT), m.Unattended(what="unattended"),
    *(m.TimerFired(timer=timer) for timer in Timer),
)  # fmt: skip


@pytest.mark.parametrize("happening", LATE, ids=lambda one: type(one).__name__)
def test_a_happening_after_the_end_of_a_call_starts_nothing(happening: m.Happening) -> None:
    """Impossible now: no prompt, no phone, no second outcome."""
    call = Line(Call(id="c", phase=Phase.ENDED, outcome=Outcome.TALKED), FLOW)
    commands = call(happening)
    harmless = (m.DropLeg, m.CloseOffer, m.OverflowOver)
    assert all(isinstance(command, harmless) for command in commands)
    assert call.call.phase is Phase.ENDED


def test_a_clock_that_goes_back_lets_nobody_wait_for_the_old_time() -> None:
    """Set back by an hour: refusals, the wait for a named counsellor and overflow count from the new time."""
    kim, lee = seat(1), seat(2, system="talking")
    engine = line(kim, lee)
    join(engine, contact(1))
    grant(engine, 1, kim)
    engine.handle(e.Refused(contact_id=UUID(int=1), counsellor_id=kim.counsellor_id), after(1))
    assert pairs(engine.handle(e.SeatSeen(seat=replace(kim, epoch=2, changed_at=after(2))), after(2))) == []
    assert pairs(engine.handle(e.Tick(), after(-3600))) == [(1, 1)], "a refusal of the old time is forgotten"
    engine = line(kim, lee)
    assert pairs(join(engine, contact(1, named=lee.counsellor_id))) == []
    back = after(-3600)
    assert pairs(engine.handle(e.Tick(), back)) == []
    assert pairs(engine.handle(e.Tick(), back + timedelta(seconds=POLICY.named_yield_s))) == [(1, 1)]


@pytest.mark.parametrize("empty", [True, False])
def test_a_clock_that_goes_back_does_not_put_overflow_off(empty: bool) -> None:
    """Neither an empty line nor a long wait hangs on an instant of the old time."""
    engine = line() if empty else line(seat(1, system="talking"))
    join(engine, contact(1))
    back = after(-3600)
    engine.handle(e.Tick(), back)
    due = back + timedelta(seconds=POLICY.overflow_empty_s if empty else POLICY.overflow_wait_s)
    assert [command for command in engine.handle(e.Tick(), due) if isinstance(command, e.Overflow)]


def test_network_time_that_corrects_the_clock_a_little_forgets_nothing() -> None:
    """Half a second back is not a clock that was set."""
    kim = seat(1)
    engine: Engine = line(kim)
    join(engine, contact(1))
    grant(engine, 1, kim)
    engine.handle(e.Refused(contact_id=UUID(int=1), counsellor_id=kim.counsellor_id), after(1))
    assert pairs(engine.handle(e.SeatSeen(seat=replace(kim, epoch=2, changed_at=after(2))), after(0.5))) == []


async def test_a_wall_clock_that_jumps_ends_no_lease_of_the_router() -> None:
    """What the router waits for is measured by the monotonic clock."""
    books, clock = Books(), ManualClock()
    router = Router(books.store, clock, retry_s=10)
    contact_id = books.caller()
    router.join(Waiting(contact_id=contact_id, since=clock.now(), lane=Lane.CRISIS))
    clock.jump(clock.now() - timedelta(days=365))
    assert 0.0 <= router._until_next_look() <= 10.0
    place = router.place(contact_id)
    assert place is not None
    assert place.ahead == 0


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1)])
async def test_a_clock_that_is_set_neither_reorders_the_line_nor_sends_everybody_outside(step: timedelta) -> None:
    """Who came later stays behind, nobody has waited longer than they have, and who rests rests as long as they should."""
    books, machine = Books(), ManualClock()
    clock = SteadyClock(machine)
    router = Router(books.store, clock, retry_s=10)
    callers = [books.caller() for _ in range(3)]
    for caller in callers:
        router.join(Waiting(contact_id=caller, since=clock.now()))
        machine.advance(1)
        if caller == callers[0]:
            machine.jump(machine.now() + step)
    router._happen(e.Tick())
    assert [place.ahead for caller in callers if (place := router.place(caller))] == [0, 1, 2]
    assert not [command for command in router._commands if isinstance(command, e.Overflow)]
    machine.advance(POLICY.overflow_wait_s + 60)
    router._happen(e.Tick())
    assert [command.contact_id for command in router._commands if isinstance(command, e.Overflow)] == callers


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=-1), timedelta(milliseconds=200)])
def test_what_a_database_with_another_clock_dates_ends_when_it_should(ahead: timedelta) -> None:
    """Rest, pause and shift by our time; who has been idle longest stays as it was."""
    there = NOW + ahead
    resting = seat(1, rest_until=there + timedelta(seconds=30), shift_until=there + timedelta(hours=2), read_at=there)
    ours = resting.dated_by(NOW)
    engine = line(ours)
    assert pairs(join(engine, contact(1))) == []
    assert pairs(engine.handle(e.Tick(), after(31))) == [(1, 1)]
    assert ours.idle_since == resting.idle_since
    assert seat(1, rest_until=NOW).dated_by(NOW).rest_until == NOW

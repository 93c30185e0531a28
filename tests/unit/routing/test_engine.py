"""The pure core of the line: who is offered to whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from routing import engine_model as e
from routing.engine import Engine
from routing.model import Kind, Lane, OverflowReason, Seat, Waiting
from tests.unit.routing.lines import NOW, POLICY, after, contact, grant, join, line, pairs, seat


def test_who_waits_longest_goes_to_who_has_been_idle_longest() -> None:
    """The two ends of fairness."""
    engine = line(seat(1, idle=5), seat(2, idle=50))
    assert pairs(join(engine, contact(1))) == [(1, 2)]
    engine = line()
    join(engine, contact(1, waited=5), contact(2, waited=60))
    assert pairs(engine.handle(e.SeatSeen(seat=seat(1)), NOW)) == [(2, 1)]


@pytest.mark.parametrize(("lane", "head_start"), [(Lane.CRISIS, 7200), (Lane.DROPPED, 1800), (Lane.SILENT, 300)])
def test_a_lane_is_a_head_start_and_starves_nobody(lane: Lane, head_start: float) -> None:
    """Who has waited longer than the head start is still served first."""
    for waited, first in ((head_start - 1, 2), (head_start + 1, 1)):
        engine = line()
        join(engine, contact(1, waited=waited), contact(2, lane=lane))
        assert pairs(engine.handle(e.SeatSeen(seat=seat(1)), NOW)) == [(first, 1)]


def test_danger_goes_before_dropped_before_silent_before_normal() -> None:
    """Of those who have waited equally long."""
    engine = line()
    join(engine, contact(1), contact(2, lane=Lane.SILENT), contact(3, lane=Lane.DROPPED), contact(4, lane=Lane.CRISIS))
    served = [engine.handle(e.SeatSeen(seat=seat(number)), NOW) for number in range(4)]
    assert [pairs(commands)[0][0] for commands in served] == [4, 3, 2, 1]


def test_a_callback_keeps_its_original_place() -> None:
    """It counts from when the person first waited."""
    engine = line()
    join(engine, contact(1, waited=100), contact(2, waited=500, kind=Kind.CALLBACK))
    assert pairs(engine.handle(e.SeatSeen(seat=seat(1)), NOW)) == [(2, 1)]


def test_a_raised_lane_counts_at_once() -> None:
    """The danger key while waiting."""
    engine = line()
    join(engine, contact(1, waited=100), contact(2))
    engine.handle(e.Raised(contact_id=UUID(int=2), lane=Lane.CRISIS), NOW)
    assert engine.ahead(UUID(int=2)) == 0
    assert pairs(engine.handle(e.SeatSeen(seat=seat(1)), NOW)) == [(2, 1)]


def test_a_named_counsellor_is_waited_for_and_then_anybody_takes_it() -> None:
    """Affinity yields after the policy's time."""
    busy = seat(1, system="talking")
    engine = line(busy, seat(2))
    assert pairs(join(engine, contact(1, named=busy.counsellor_id))) == []
    assert engine.next_due() == after(POLICY.named_yield_s)
    assert pairs(engine.handle(e.Tick(), after(POLICY.named_yield_s - 1))) == []
    assert pairs(engine.handle(e.Tick(), after(POLICY.named_yield_s))) == [(1, 2)]


def test_a_named_counsellor_who_comes_free_takes_it_though_idle_shorter() -> None:
    """The one the caller knows."""
    engine = line(seat(1, system="talking"), seat(2, idle=900))
    join(engine, contact(1, named=UUID(int=1001)))
    assert pairs(engine.handle(e.SeatSeen(seat=seat(1, changed_at=after(1))), after(1))) == [(1, 1)]


@pytest.mark.parametrize("state", [{"human": "off"}, {"human": "break"}, {"on_shift": False}, {"disabled": True}])
def test_a_named_counsellor_who_is_not_at_work_is_not_waited_for(state: dict[str, object]) -> None:
    """Nobody waits for somebody who has gone home."""
    engine = line(seat(1, **state), seat(2))  # type: ignore[arg-type]
    assert pairs(join(engine, contact(1, named=UUID(int=1001)))) == [(1, 2)]


def test_who_speaks_the_language_comes_first_and_yields() -> None:
    """An English caller goes to who speaks English, waits a little for them, then goes to anybody."""
    english = seat(1, languages=frozenset({"ko", "en"}))
    assert pairs(join(line(seat(2, idle=900), english), contact(1, language="en"))) == [(1, 1)]
    engine = line(seat(2), replace(english, system="talking"))
    assert pairs(join(engine, contact(1, language="en"))) == []
    assert pairs(engine.handle(e.Tick(), after(POLICY.language_yield_s))) == [(1, 2)]
    assert pairs(join(line(seat(2)), contact(1, language="en"))) == [(1, 2)], "nobody speaks it: waiting would be in vain"


def test_who_just_refused_is_not_asked_again_for_the_same_caller() -> None:
    """The next counsellor first; the same one again after the memory, because a caller must not wait for ever."""
    one = seat(1)
    engine = line(one)
    join(engine, contact(1))
    grant(engine, 1, one)
    free = replace(one, epoch=2, changed_at=after(1))
    assert pairs(engine.handle(e.Refused(contact_id=UUID(int=1), counsellor_id=one.counsellor_id), after(1))) == []
    assert pairs(engine.handle(e.SeatSeen(seat=free), after(1))) == []
    assert pairs(join(engine, contact(2), at=after(2))) == [(2, 1)], "somebody else's call is another matter"
    engine = line(one)
    join(engine, contact(1))
    grant(engine, 1, one)
    engine.handle(e.Refused(contact_id=UUID(int=1), counsellor_id=one.counsellor_id), after(1))
    engine.handle(e.SeatSeen(seat=free), after(1))
    due = engine.next_due()
    assert due is not None
    assert due <= after(1 + POLICY.refusal_memory_s)
    assert pairs(engine.handle(e.Tick(), after(1 + POLICY.refusal_memory_s))) == [(1, 1)]


def test_an_offer_taken_back_can_go_to_the_same_counsellor() -> None:
    """No refusal, no memory."""
    one = seat(1)
    engine = line(one)
    join(engine, contact(1))
    grant(engine, 1, one)
    engine.handle(e.Returned(contact_id=UUID(int=1)), NOW)
    assert pairs(engine.handle(e.SeatSeen(seat=replace(one, epoch=2, changed_at=after(1))), after(1))) == [(1, 1)]


def test_an_offer_that_comes_back_at_once_again_and_again_is_not_made_in_a_loop() -> None:
    """Asterisk is away: every ring fails within milliseconds. The first time the contact keeps its turn; then there is a pause."""
    one = seat(1)
    engine = line(one)
    join(engine, contact(1))
    granted = 0
    for millisecond in range(0, 1000, 4):
        at = after(millisecond / 1000)
        if UUID(int=1) in engine.offers:
            granted += 1
            grant(engine, 1, one, at)
            engine.handle(e.Returned(contact_id=UUID(int=1)), at)
            one = replace(one, epoch=one.epoch + 1, changed_at=at)
            engine.handle(e.SeatSeen(seat=one), at)
        else:
            engine.handle(e.Tick(), at)
    assert 3 <= granted <= 5
    assert pairs(engine.handle(e.Tick(), after(1.5))) == [(1, 1)], "it is tried again by itself"


@pytest.mark.parametrize(
    ("state", "until"),
    [({"rest_until": after(60)}, 60), ({"paused_until": after(90)}, 90)],
)
def test_rest_and_pause_end_by_themselves(state: dict[str, object], until: float) -> None:
    """After a crisis call, and after too many calls that rang out."""
    engine = line(seat(1, **state))  # type: ignore[arg-type]
    assert pairs(join(engine, contact(1))) == []
    assert pairs(engine.handle(e.Tick(), after(until - 1))) == []
    due = engine.next_due()
    assert due is not None
    assert due <= after(until)
    assert pairs(engine.handle(e.Tick(), after(until))) == [(1, 1)]


def test_no_new_call_in_the_last_minutes_of_a_shift() -> None:
    """The drain; who is idle when it begins drops out then."""
    engine = line(seat(1, shift_until=after(POLICY.drain_s + 10)))
    assert engine.available == 1
    assert pairs(join(engine, contact(1), at=after(11))) == []
    assert pairs(join(line(seat(1, shift_until=after(POLICY.drain_s + 10))), contact(1))) == [(1, 1)]


def test_who_had_heavy_calls_in_a_row_gets_the_next_one_only_if_nobody_else_is_there() -> None:
    """The cap protects counsellors, never at the cost of somebody in danger."""
    tired = seat(1, idle=900, heavy_run=POLICY.heavy_cap)
    assert pairs(join(line(tired, seat(2)), contact(1, lane=Lane.CRISIS))) == [(1, 2)]
    assert pairs(join(line(tired), contact(1, lane=Lane.CRISIS))) == [(1, 1)]
    assert pairs(join(line(tired, seat(2)), contact(1))) == [(1, 1)]


def test_a_lost_reservation_is_tried_with_the_next_counsellor() -> None:
    """Somebody else was faster."""
    engine = line(seat(1, idle=9), seat(2))
    assert pairs(join(engine, contact(1))) == [(1, 1)]
    engine.handle(e.SeatSeen(seat=seat(1, epoch=2, system="offered")), NOW)
    lost = e.ReserveLost(contact_id=UUID(int=1), counsellor_id=UUID(int=1001), epoch=1)
    assert pairs(engine.handle(lost, NOW)) == [(1, 2)]
    assert engine.handle(lost, NOW) == [e.Ignored(event="ReserveLost")]


def test_a_contact_the_database_refuses_makes_no_tight_loop() -> None:
    """It is tried again a little later; the counsellor takes the next one meanwhile."""
    engine = line(seat(1))
    join(engine, contact(1, waited=9))
    assert pairs(engine.handle(e.ReserveLost(contact_id=UUID(int=1), counsellor_id=UUID(int=1001), epoch=1), NOW)) == []
    assert pairs(join(engine, contact(2))) == [(2, 1)]
    due = engine.next_due()
    assert due is not None
    assert due <= after(1)


def test_an_older_picture_of_a_counsellor_is_ignored() -> None:
    """A refresh that was overtaken, and one from before the last reservation."""
    engine = line(seat(1, epoch=5, changed_at=after(2)))
    for stale in (seat(1, epoch=4, changed_at=after(9)), seat(1, epoch=5, changed_at=after(1))):
        assert engine.handle(e.SeatSeen(seat=replace(stale, system="talking")), after(9)) == [e.Ignored(event="SeatSeen")]
    assert engine.available == 1


def test_another_workers_caller_further_ahead_keeps_the_counsellor_for_a_moment() -> None:
    """It gets a hint; a dead worker does not keep ours waiting."""
    engine = line()
    join(engine, contact(1, waited=60, worker="other"), contact(2))
    commands = engine.handle(e.SeatSeen(seat=seat(1)), NOW)
    assert commands == [e.Hint(worker="other")]
    # Once: whoever gets one looks, and two who keep somebody for a third would never stop.
    assert engine.handle(e.Joined(contact=contact(1, waited=60, worker="other")), after(0.1)) == []
    assert engine.next_due() == after(POLICY.patience_s)
    assert pairs(engine.handle(e.Tick(), after(POLICY.patience_s))) == [(2, 1)]


def test_whose_rest_is_by_the_old_time_is_not_rung_in_the_moment_the_clock_is_set() -> None:
    """An hour later by our clock: nobody's rest is over by that, and whoever is read again has dates of the new time."""
    resting = replace(seat(1), rest_until=after(100))
    engine = line(resting)
    assert join(engine, contact(1)) == []
    assert pairs(engine.handle(e.ClockSet(), after(3600))) == []
    assert pairs(engine.handle(e.SeatSeen(seat=replace(resting, rest_until=after(3700))), after(3600))) == []
    assert pairs(engine.handle(e.Tick(), after(3700))) == [(1, 1)]


def test_another_workers_caller_behind_ours_changes_nothing() -> None:
    """The line is one, and ours is first in it."""
    engine = line()
    join(engine, contact(1, worker="other"), contact(2, waited=60))
    assert pairs(engine.handle(e.SeatSeen(seat=seat(1)), NOW)) == [(2, 1)]
    assert engine.ahead(UUID(int=1)) == 1


@pytest.mark.parametrize(
    ("seats", "reason"),
    [
        ((), OverflowReason.NOBODY_ON_SHIFT),
        ((seat(1, human="off"),), OverflowReason.NOBODY_ON_SHIFT),
        ((seat(1, on_shift=False),), OverflowReason.NOBODY_ON_SHIFT),
        ((seat(1, reachable=False),), OverflowReason.EVERYBODY_UNREACHABLE),
    ],
)
def test_an_empty_line_overflows_soon_and_once(seats: tuple[Seat, ...], reason: OverflowReason) -> None:
    """Never rings for ever: somebody outside is tried, and again only after a pause."""
    engine = line(*seats)
    engine.handle(e.Tick(), NOW)
    assert join(engine, contact(1)) == []
    at = after(POLICY.overflow_empty_s)
    assert engine.handle(e.Tick(), at) == [e.Overflow(contact_id=UUID(int=1), reason=reason)]
    assert join(engine, contact(2), at=at) == [e.Overflow(contact_id=UUID(int=2), reason=reason)]
    engine.handle(e.OverflowOver(contact_id=UUID(int=1)), at)
    assert engine.handle(e.Tick(), at) == []
    again = at + timedelta(seconds=POLICY.overflow_again_s)
    assert [command for command in engine.handle(e.Tick(), again) if isinstance(command, e.Overflow)]


def test_a_long_wait_overflows_though_counsellors_are_at_work() -> None:
    """All are busy, and the caller has waited long enough."""
    engine = line(seat(1, system="talking"))
    join(engine, contact(1), contact(2, kind=Kind.CALLBACK))
    at = after(POLICY.overflow_wait_s)
    assert engine.handle(e.Tick(), at) == [e.Overflow(contact_id=UUID(int=1), reason=OverflowReason.LONG_WAIT)]


def test_a_changed_policy_counts_at_once() -> None:
    """Also for who waits already."""
    engine = line()
    join(engine, contact(1, waited=100), contact(2, lane=Lane.SILENT))
    engine.handle(e.PolicyChanged(policy=replace(POLICY, silent_bonus_s=0)), NOW)
    assert pairs(engine.handle(e.SeatSeen(seat=seat(1)), NOW)) == [(1, 1)]


@pytest.mark.parametrize(
    "event",
    [
        e.Left(contact_id=UUID(int=9)),
        e.Raised(contact_id=UUID(int=9), lane=Lane.CRISIS),
        e.SeatGone(counsellor_id=UUID(int=9)),
        e.Granted(contact_id=UUID(int=9), counsellor_id=UUID(int=9)),
        e.ReserveLost(contact_id=UUID(int=9), counsellor_id=UUID(int=9), epoch=1),
        e.Refused(contact_id=UUID(int=9), counsellor_id=UUID(int=9)),
        e.Returned(contact_id=UUID(int=9)),
        e.OverflowOver(contact_id=UUID(int=9)),
    ],
)
def test_what_is_about_nobody_is_ignored_and_said(event: e.Event) -> None:
    """Unknown contacts and counsellors harm no caller."""
    engine = line(seat(1))
    assert engine.handle(event, NOW) == [e.Ignored(event=type(event).__name__)]
    assert pairs(join(engine, contact(1))) == [(1, 1)]


def test_a_clock_that_goes_back_keeps_the_line_in_order_and_moving() -> None:
    """Somebody set the machine's clock."""
    engine = line()
    join(engine, contact(1), at=after(100))
    join(engine, contact(2, waited=50), at=after(-3600))
    assert pairs(engine.handle(e.SeatSeen(seat=seat(1)), after(-3600))) == [(2, 1)]
    assert pairs(engine.handle(e.SeatSeen(seat=seat(2)), after(-3600))) == [(1, 2)]


class Counting(Engine):
    """Says how many contacts a decision looked at."""

    looked = 0

    def _choose(self, contact: Waiting, kept: set[UUID], now: datetime) -> Seat | None:
        self.looked += 1
        return super()._choose(contact, kept, now)


@pytest.mark.parametrize("foreign", [False, True])
def test_ten_thousand_who_wait_for_a_language_are_passed_over_together(foreign: bool) -> None:
    """Or for another worker: what speaks against the first of them speaks against all, and nobody looks at each."""
    engine = Counting(POLICY)
    engine.handle(e.SeatSeen(seat=seat(1, languages=frozenset({"ko", "en"}), system="talking")), NOW)
    for number in range(10_000):
        join(engine, contact(number, waited=50, joined=NOW, **({"worker": "main/w2"} if foreign else {"language": "en"})))
    engine.looked = 0
    later = after(POLICY.patience_s + 1)
    engine.handle(e.SeatSeen(seat=seat(2)), NOW)
    assert pairs(engine.handle(e.Joined(contact=contact(20_000)), later)) == [(20_000, 2)]
    engine.handle(e.SeatSeen(seat=seat(3)), later)
    assert engine.looked < 10


def test_whoever_waited_long_enough_for_a_language_takes_anybody() -> None:
    """Each at their own time, the longest waiting first among those."""
    engine = line(seat(1, languages=frozenset({"ko", "en"}), system="talking"))
    join(engine, contact(1, waited=9, joined=after(5), language="en"), contact(2, waited=5, joined=NOW, language="en"))
    assert pairs(engine.handle(e.SeatSeen(seat=seat(2)), after(6))) == []
    assert pairs(engine.handle(e.Tick(), after(POLICY.language_yield_s))) == [(2, 2)]
    engine.handle(e.SeatSeen(seat=seat(3)), after(POLICY.language_yield_s + 1))
    assert pairs(engine.handle(e.Tick(), after(POLICY.language_yield_s + 5))) == [(1, 3)]


def test_who_speaks_the_language_takes_it_before_who_has_been_idle_longer() -> None:
    """And somebody fresh before who had heavy calls, for a caller in danger."""
    english = frozenset({"ko", "en"})
    engine = line(seat(1, idle=99), seat(2, idle=50, languages=english, heavy_run=9), seat(3, idle=5, languages=english))
    assert pairs(join(engine, contact(1, language="en", lane=Lane.CRISIS))) == [(1, 3)]
    assert pairs(join(engine, contact(2, language="en", lane=Lane.CRISIS))) == [(2, 2)]
    assert pairs(join(engine, contact(3, language="en"))) == []
    engine.handle(e.SeatGone(counsellor_id=UUID(int=1002)), NOW)
    gone = engine.handle(e.SeatGone(counsellor_id=UUID(int=1003)), NOW)
    assert pairs(gone) == [(3, 1)], "nobody at work speaks it any more"


def overflows(commands: list[e.Command]) -> list[int]:
    """For whom somebody outside is tried."""
    return [command.contact_id.int for command in commands if isinstance(command, e.Overflow)]


def test_who_was_tried_outside_before_a_restart_is_not_tried_again_at_once() -> None:
    """Neither for the empty line nor for the long wait; the pause since the last round counts."""
    engine = line()
    join(engine, contact(1, waited=900, joined=after(-900), overflowed=after(-100)), contact(2))
    assert overflows(engine.handle(e.Tick(), after(POLICY.overflow_empty_s))) == [2]
    again = POLICY.overflow_again_s - 100
    assert overflows(engine.handle(e.Tick(), after(again - 1))) == []
    assert overflows(engine.handle(e.Tick(), after(again))) == [1]


def test_a_callback_whose_person_is_on_the_line_overflows_like_any_caller() -> None:
    """Nobody outside is rung for a person who is not there; for one who waits somebody is."""
    engine = line()
    join(engine, contact(1, kind=Kind.CALLBACK))
    assert overflows(engine.handle(e.Tick(), after(POLICY.overflow_wait_s))) == []
    assert overflows(join(engine, contact(1), at=after(POLICY.overflow_wait_s))) == [1]

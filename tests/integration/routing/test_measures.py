"""Every number by its definition, over a real PostgreSQL and calls made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert

from core.clock import SEOUL
from core.database import Database
from core.ids import new_id
from routing.estimate import Estimator
from routing.estimate_history import recent
from routing.measures import EVERY, Measures, MeasuresError, measure
from routing.tables import callbacks, contacts, counsellors, events, offers, presence_events

#: Half past one in the night in Seoul: another day than in UTC.
ONE = datetime(2026, 3, 2, 1, 30, tzinfo=SEOUL)
HALF = EVERY["30m"]


def at(seconds: float) -> datetime:
    """So many seconds after half past one."""
    return ONE + timedelta(seconds=seconds)


class Calls:
    """Writes calls as the program leaves them behind."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._epoch = 0
        self.counsellor = new_id()

    async def prepare(self) -> None:
        """One counsellor."""
        row = {"id": self.counsellor, "extension": "101", "name": "-", "pin_hash": "-", "created_at": at(0)}
        await self._db.execute(insert(counsellors).values(**row))

    async def call(
        self,
        begins: float,
        outcome: str | None,
        *,
        queued: float | None = None,
        answered: float | None = None,
        ended: float | None = None,
        **more: object,
    ) -> UUID:
        """A call; times in seconds after half past one, except `queued` (after its beginning), `answered`, `ended` (after queued)."""
        contact, base = new_id(), begins + (queued or 0)
        row: dict[str, object] = {
            "id": contact, "node": "main", "worker": "w", "channel_id": str(contact), "entry": "menu", "withheld": True,
            "state": "ended" if outcome else "waiting", "entered_at": at(begins), "queued_at": None if queued is None else at(base),
            "answered_at": None if answered is None else at(base + answered), "outcome": outcome,
            "ended_at": None if outcome is None else at(base + (answered or 0 if ended is None else ended)),
        }  # fmt: skip
        await self._db.execute(insert(contacts).values(**{**row, **more}))
        return contact

    async def offer(self, contact: UUID, offered: float, answered: float | None, result: str | None = "answered") -> None:
        """An offer to the counsellor."""
        self._epoch += 1
        row = {
            "id": new_id(), "contact_id": contact, "counsellor_id": self.counsellor, "epoch": self._epoch, "leg_id": str(self._epoch),
            "offered_at": at(offered), "ended_at": None if answered is None else at(answered), "result": result,
        }  # fmt: skip
        await self._db.execute(insert(offers).values(**row))

    async def note(self, contact: UUID, kind: str, seconds: float, **detail: object) -> None:
        """A line of the timeline."""
        await self._db.execute(insert(events).values(contact_id=contact, at=at(seconds), kind=kind, detail=detail))

    async def wrapup_ended(self, seconds: float) -> None:
        """The counsellor pressed the key."""
        row = {
            "counsellor_id": self.counsellor, "at": at(seconds), "kind": "wrapup_ended",
            "human": "ready", "system": "idle", "reachable": True,
        }  # fmt: skip
        await self._db.execute(insert(presence_events).values(**row))

    async def totals(self, *, hours: float = 1) -> Measures:
        """Everything from half past one on."""
        return (await measure(self._db, at(0), at(3600 * hours), every=HALF, wrapup_s=60))[1]


@pytest.fixture
async def calls(db: Database) -> Calls:
    """A place to write them."""
    made = Calls(db)
    await made.prepare()
    return made


async def test_a_period_without_calls_has_intervals_of_zeros(calls: Calls, db: Database) -> None:
    """An empty interval is data, and nothing is divided by zero."""
    found, total = await measure(db, at(0), at(7200), every=HALF, wrapup_s=60)
    assert [item.start for item in found] == [at(0), at(1800), at(3600), at(5400)]
    for item in (*found, total):
        assert (item.offered, item.answered, item.service_level, item.asa_s, item.wait_p99_s, item.outcomes) == (0, 0, None, None, None, {})
    assert (total.start, total.end) == (at(0), at(7200))


@pytest.mark.parametrize(("every", "count"), [("15m", 8), ("30m", 4), ("60m", 3), ("day", 1)])
async def test_a_call_on_the_edge_counts_once(calls: Calls, db: Database, every: str, count: int) -> None:
    """In the interval that begins with it; what is before the first and at the end of the last does not count."""
    for second in (-1e-6, 0, 1800, 1800 - 1e-6, 3600, 7200 - 1e-6, 7200):
        await calls.call(second, "abandoned_in_menu")
    found, total = await measure(db, at(0), at(7200), every=EVERY[every], wrapup_s=60)
    assert len(found) == count
    assert sum(item.entered for item in found) == total.entered
    if every == "30m":
        assert [item.entered for item in found] == [2, 1, 1, 1]
        assert total.ivr_abandoned == 5


async def test_days_are_those_of_seoul(calls: Calls, db: Database) -> None:
    """Midnight there is three in the afternoon of the day before in UTC."""
    await calls.call((datetime(2026, 3, 1, 14, 59, 59, tzinfo=UTC) - ONE).total_seconds(), "abandoned_in_menu")
    await calls.call((datetime(2026, 3, 1, 15, 0, 0, tzinfo=UTC) - ONE).total_seconds(), "abandoned_in_menu")
    found, _ = await measure(db, at(-86400), at(0), every=EVERY["day"], wrapup_s=60)
    assert [(item.start, item.entered) for item in found] == [
        (datetime(2026, 3, 1, tzinfo=SEOUL), 1),
        (datetime(2026, 3, 2, tzinfo=SEOUL), 1),
    ]


async def test_offered_is_who_entered_the_line_and_everybody_of_them_ends_somehow(calls: Calls) -> None:
    """Each of the six ways once; who never entered the line stands apart."""
    await calls.call(0, "abandoned_in_menu")
    await calls.call(0, "transferred")
    await calls.call(0, "cut_off")
    await calls.call(0, "talked", queued=5, answered=10)
    await calls.call(0, "abandoned_waiting", queued=5, ended=9.9)
    await calls.call(0, "abandoned_waiting", queued=5, ended=10)
    await calls.call(0, "callback_arranged", queued=5, ended=300)
    await calls.call(0, "cut_off", queued=5, ended=30)
    await calls.call(0, None, queued=5)
    total = await calls.totals()
    assert (total.entered, total.offered, total.ivr_abandoned, total.transferred_away) == (9, 6, 1, 1)
    ways = (total.answered, total.short_abandoned, total.queue_abandoned, total.callback_arranged, total.cut_off, total.still_waiting)
    assert ways == (1, 1, 1, 1, 1, 1)
    assert total.abandonment == pytest.approx(1 / 5)
    assert total.outcomes == {
        "abandoned_in_menu": 1, "abandoned_waiting": 2, "callback_arranged": 1, "cut_off": 2, "talked": 1, "transferred": 1,
    }  # fmt: skip


async def test_answered_means_bridged_with_a_human(calls: Calls) -> None:
    """By the line, by the dialplan, by somebody outside; also when only the outcome is known. A counsellor that rang is nobody."""
    await calls.call(0, "talked", queued=5, answered=8)
    await calls.call(0, "talked_safety_net", queued=5, answered=8)
    outside = await calls.call(0, "talked_overflow", queued=5, ended=400)
    await calls.note(outside, "overflow", 100, reason="long_wait")
    await calls.note(outside, "bridged_outside", 105)
    await calls.call(0, "talked", queued=5, ended=100)
    await calls.offer(await calls.call(0, "abandoned_waiting", queued=5, ended=50), 20, 40, "rang_out")
    await calls.call(0, "talked_safety_net", answered=12)
    await calls.call(0, "abandoned_safety_net", ended=30)
    total = await calls.totals()
    assert (total.offered, total.answered, total.queue_abandoned, total.overflow, total.overflow_talked) == (7, 5, 2, 1, 1)
    assert total.asa_s == pytest.approx((8 + 8 + 100 + 12) / 4)


async def test_service_level_counts_the_answered_and_who_gave_up_later(calls: Calls, db: Database) -> None:
    """Answered within T / (answered + abandoned after T): the second T belongs to those in time."""
    for wait in (5, 20, 20.001, 300):
        await calls.call(0, "talked", queued=0, answered=wait)
    for stayed in (5, 20, 21):
        await calls.call(0, "abandoned_waiting", queued=0, ended=stayed)
    assert (await calls.totals()).service_level == pytest.approx(2 / 5)
    _, within_a_minute = await measure(db, at(0), at(3600), every=HALF, wrapup_s=60, within_s=60)
    assert within_a_minute.service_level == pytest.approx(3 / 4)


async def test_waits_and_their_percentiles_are_those_of_the_answered(calls: Calls) -> None:
    """From entering the line to the human; a clock that went back makes no negative wait."""
    for wait in range(1, 101):
        await calls.call(0, "talked", queued=3, answered=wait)
    await calls.call(0, "abandoned_waiting", queued=3, ended=5000)
    total = await calls.totals()
    assert total.asa_s == pytest.approx(50.5)
    assert (total.wait_p50_s, total.wait_p90_s, total.wait_p95_s, total.wait_p99_s) == pytest.approx((50.5, 90.1, 95.05, 99.01))
    await calls.call(1800, "talked", queued=3, answered=-2, ended=60)
    assert (await calls.totals()).wait_p99_s == pytest.approx(99.0)


async def test_handling_is_talk_and_wrapup(calls: Calls) -> None:
    """Wrap-up ends by itself, by the counsellor's key, or with the next call; a call that goes on is not counted yet."""
    first = await calls.call(0, "talked", queued=0, answered=10, ended=310)
    await calls.offer(first, 0, 10)
    assert (await calls.totals()).aht_s == pytest.approx(300 + 60)
    second = await calls.call(600, "talked", queued=0, answered=10, ended=110)
    await calls.offer(second, 600, 610)
    await calls.wrapup_ended(725)
    assert (await calls.totals()).aht_s == pytest.approx((360 + 115) / 2)
    third = await calls.call(900, "talked", queued=0, answered=10, ended=110)
    await calls.offer(third, 900, 910)
    await calls.offer(await calls.call(1020, None, queued=0, answered=15), 1030, 1035)
    assert (await calls.totals()).aht_s == pytest.approx((360 + 115 + 120) / 3)


async def test_a_call_with_two_talks_counts_once(calls: Calls) -> None:
    """Rescued from a phone that died, or passed on: one call, answered once; its talks together are its handling time."""
    contact = await calls.call(0, "talked", queued=0, answered=10, ended=610)
    await calls.offer(contact, 0, 10)
    await calls.note(contact, "rescued", 110)
    await calls.offer(contact, 115, 120)
    total = await calls.totals()
    assert (total.offered, total.answered) == (1, 1)
    # 100 s without wrap-up, then 490 s with it.
    assert total.aht_s == pytest.approx(100 + 490 + 60)


async def test_a_call_back_counts_as_done_only_when_a_human_talked(calls: Calls, db: Database) -> None:
    """Requests by when they were made; the calls of ours are no calls that came in."""
    for reason, state, outcome in [
        ("asked", "done", "talked"), ("asked", "given_up", "no_answer"), ("asked", "open", None),
        ("dropped_out", "open", None), ("cut_off", "done", "talked"),
    ]:  # fmt: skip
        contact = await calls.call(0, "callback_arranged", queued=5, ended=60)
        row = {
            "id": new_id(), "contact_id": contact, "reason": reason, "number_cipher": b"-", "number_index": b"-", "language": "ko",
            "created_at": at(60), "virtual_start": at(5), "state": state, "due_at": at(60), "outcome": outcome,
            "ended_at": at(900) if outcome else None,
        }  # fmt: skip
        await db.execute(insert(callbacks).values(**row))
        await calls.call(800, "callback_no_answer", queued=0, answered=5, ended=40, kind="callback", callback_id=row["id"])
    total = await calls.totals()
    assert (total.entered, total.offered, total.answered, total.callback_arranged) == (5, 5, 0, 5)
    assert (total.callbacks_asked, total.callbacks_listed, total.callbacks_done) == (3, 2, 2)


async def test_what_callers_were_told_is_held_against_what_became_of_it(calls: Calls) -> None:
    """The first announcement counts; who left within it proves nothing, who left after it disproves it."""

    async def told(low: float, high: float, outcome: str | None, **ends: float) -> None:
        contact = await calls.call(0, outcome, queued=0, **ends)
        await calls.note(contact, "estimate", 30, low_s=low, high_s=high)
        await calls.note(contact, "estimate", 60, low_s=0, high_s=9999)

    await told(60, 300, "talked", answered=90)
    await told(60, 300, "talked", answered=330)
    await told(60, 300, "talked", answered=89)
    await told(60, 300, "talked", answered=331)
    await told(60, 300, "abandoned_waiting", ended=331)
    await told(60, 300, "abandoned_waiting", ended=200)
    await told(60, 300, None)
    await calls.note(await calls.call(0, "talked", queued=0, answered=50), "estimate", 30, low_s="x")
    total = await calls.totals()
    assert (total.told, total.told_held, total.told_share) == (5, 2, 0.4)


async def test_a_period_that_cannot_be_measured_is_refused(calls: Calls, db: Database) -> None:
    """Backwards, in too many pieces, in pieces of another length."""
    for start, end, every in [(at(3600), at(0), HALF), (at(0), at(3e8), HALF), (at(0), at(3600), timedelta(minutes=7))]:
        with pytest.raises(MeasuresError):
            await measure(db, start, end, every=every, wrapup_s=60)


async def test_the_estimator_learns_the_past_from_the_database(calls: Calls, db: Database) -> None:
    """After a restart it says what it said before; without a past nothing."""
    assert await recent(db, wrapup_s=60) == []
    for number in range(40):
        begins = number * 1200.0
        wait = 150 + 300 * (number * 17 % 40) / 40
        contact = await calls.call(begins, "talked", queued=0, answered=wait, ended=wait + 540)
        await calls.note(contact, "joined", begins, ahead=1, seats=2, predicted_s=300)
        await calls.offer(contact, begins + wait - 10, begins + wait)
    gone = await calls.call(60_000, "abandoned_waiting", queued=0, ended=900)
    await calls.note(gone, "joined", 60_000, ahead=0, seats=1, predicted_s=300.5)
    await calls.call(60_000, "talked", queued=0, answered=3, ended=60, kind="callback")
    live = await calls.call(61_000, None, queued=0)
    await calls.note(live, "joined", 61_000, ahead="x", seats=None)
    samples = await recent(db, wrapup_s=60)
    assert len(samples) == 43
    left = [sample for sample in samples if sample.left_at]
    assert [(sample.left_at, sample.seats, sample.predicted_s) for sample in left] == [(at(60_900), 1, 300.5)]
    assert {sample.handled_s for sample in samples if sample.answered_at} == {540.0 + 60}
    estimator = Estimator()
    assert estimator.load(samples) == 41
    assert estimator.interval(live, ahead=1, seats=2, at=at(61_000)) is not None

"""Sends what is due: one task for each channel, so that one that is stuck, slow or broken holds no other.

It may run in any number of processes at once and end at any moment: the book says what is due, and a lease who is at it. Nothing here runs in
the process that answers calls, and while something is being sent no transaction is open.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from core.alarms import AlarmKind
from core.clock import Clock
from core.database import Database
from core.errors import DatabaseError
from core.settings_alarms import AlarmSettings
from helpline.alarm_delivery.book import ALARMS_RAISED, PAGE, Book, Taken
from helpline.alarm_delivery.model import Channel, NotDelivered, Rule, pause

log = structlog.get_logger()

#: A lost hint costs at most this; seconds.
LOOK_EVERY_S = 10.0
#: Pause while the database is away, or after a fault of ours.
AWAY_S = 2.0
#: The lease outlives the attempt by this, so that its outcome can be written down while the database is slow; seconds.
LEASE_OVER_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A channel and what goes out by it."""

    channel: Channel
    rule: Rule


class Delivery:
    """Run `run()` as a task. It ends only by being cancelled."""

    def __init__(
        self, db: Database, clock: Clock, ways: Sequence[Way], settings: AlarmSettings, *, dice: Callable[[], float] = random.random
    ) -> None:
        self._db = db
        self._clock = clock
        self._ways = ways
        self._settings = settings
        self._dice = dice
        self._book = Book(db, clock)
        self._news = asyncio.Event()
        #: For each channel: look whether something is due.
        self._due = {way.channel.name: asyncio.Event() for way in ways}

    async def run(self) -> None:
        """Route and send until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._db.listen(ALARMS_RAISED, lambda _: self._news.set()), name="alarms heard")
            tasks.create_task(self._for_ever(self._route), name="alarms routed")
            for way in self._ways:
                tasks.create_task(self._for_ever(lambda way=way: self._work(way)), name=f"alarms by {way.channel.name}")  # type: ignore[misc]

    async def deliver_due(self, way: Way) -> bool:
        """Send one delivery that is due, if there is one. Raises `DatabaseError`."""
        taken = await self._book.take(way.channel.name, way.channel.limit_s + LEASE_OVER_S)
        if taken is None:
            return False
        if taken.seen:
            await self._book.skipped(taken, note="seen before")
        elif (self._clock.now() - taken.message.at).total_seconds() > self._settings.too_old_h * 3600:
            await self._book.skipped(taken, note="too old")
        elif taken.attempts > way.rule.attempts:
            # Each time whoever sent it did not come back to say how it went.
            await self._give_up(taken, "the process ended while sending")
        else:
            await self._send(way, taken)
        return True

    async def route(self) -> bool:
        """Make deliveries for new alarms; whether there may be more of them. Raises `DatabaseError`."""
        found = await self._book.route([way.rule for way in self._ways])
        if found:
            self._wake()
        return found == PAGE

    async def _for_ever(self, work: Callable[[], Awaitable[None]]) -> None:
        """A fault of ours costs a pause, not whatever else runs in this process."""
        while True:
            try:
                await work()
            except DatabaseError as error:
                log.info("alarm_delivery_waits", reason=type(error).__name__)
                await asyncio.sleep(AWAY_S)
            except Exception:
                log.exception("alarm_delivery_failed")
                await asyncio.sleep(AWAY_S)

    async def _route(self) -> None:
        while True:
            self._news.clear()
            while await self.route():
                pass
            await _within(self._news, LOOK_EVERY_S)

    async def _work(self, way: Way) -> None:
        due = self._due[way.channel.name]
        while True:
            due.clear()
            while await self.deliver_due(way):
                pass
            await _within(due, self._sleep_s(await self._book.next_at(way.channel.name)))

    def _sleep_s(self, until: datetime | None) -> float:
        if until is None:
            return LOOK_EVERY_S
        return min(max((until - self._clock.now()).total_seconds(), 0.05), LOOK_EVERY_S)

    async def _send(self, way: Way, taken: Taken) -> None:
        channel, message = way.channel, taken.message
        try:
            async with asyncio.timeout(channel.limit_s):
                note = await channel.send(message)
        except NotDelivered as error:
            await self._failed(way, taken, str(error))
        except TimeoutError:
            await self._failed(way, taken, f"no answer within {channel.limit_s:g} s")
        except Exception as error:  # noqa: BLE001  (one channel's fault is not another's)
            # Its message may hold an address or a secret, and so may what a traceback shows; its kind and its place don't.
            last = traceback.extract_tb(error.__traceback__)[-1]
            log.error("alarm_channel_failed", channel=channel.name, reason=type(error).__name__, where=f"{last.name}, line {last.lineno}")
            await self._failed(way, taken, type(error).__name__)
        else:
            now = self._clock.now()
            await self._book.sent(taken, note=note, again_at=way.rule.again_at(now, message.round))
            log.info("alarm_sent", channel=channel.name, alarm=str(message.alarm_id), kind=message.kind, round=message.round, note=note)

    async def _failed(self, way: Way, taken: Taken, reason: str) -> None:
        log.warning("alarm_not_sent", channel=taken.channel, alarm=str(taken.message.alarm_id), attempt=taken.attempts, reason=reason)
        if taken.attempts >= way.rule.attempts:
            await self._give_up(taken, reason)
            return
        wait = pause(taken.attempts, first=self._settings.first_retry_s, last=self._settings.last_retry_s, dice=self._dice())
        await self._book.later(taken, note=reason, at=self._clock.now() + wait)

    async def _give_up(self, taken: Taken, reason: str) -> None:
        log.error("alarm_given_up", channel=taken.channel, alarm=str(taken.message.alarm_id), kind=taken.message.kind, reason=reason)
        if await self._book.dead(taken, note=reason):
            log.error("alarm", kind=str(AlarmKind.ALARM_NOT_DELIVERED), about=str(taken.message.alarm_id), channel=taken.channel)
            self._news.set()
        self._wake()

    def _wake(self) -> None:
        for due in self._due.values():
            due.set()


async def _within(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()

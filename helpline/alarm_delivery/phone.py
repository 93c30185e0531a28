"""A telephone call to the supervisor on duty, by the published roster.

How a telephone is rung is a matter of whoever has the telephone (`Caller`); whom to ring, in which order, and what their answer means is said
here. Whoever presses the key has seen to the alarm. Of many alarms at once the first one's call tells: the others ring nobody again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from sqlalchemy import DateTime, bindparam, text

from core.clock import Clock
from core.database import Database
from core.errors import DatabaseError
from helpline import alarm_book
from helpline.alarm_delivery.model import Message, NotDelivered
from helpline.alarm_delivery.words import TEST

NAME = "phone"
#: What is said: that there is an alarm, and to press 1 to confirm.
PROMPTS = ("alarm_call", "alarm_ask")
#: Whoever answered is not rung for another alarm sooner.
QUIET = timedelta(minutes=3)
#: So many are rung for one attempt at most, and what is said takes so long at most; seconds.
MOST, SAY_S = 3, 40.0

# Who began last knows best what is going on.
_ON_DUTY = text(
    """
    SELECT DISTINCT ON (c.extension) c.extension, s.starts_at FROM published_shifts AS s JOIN counsellors AS c ON c.id = s.counsellor_id
    WHERE s.duty = 'supervisor' AND s.starts_at <= :now AND :now < s.ends_at AND c.disabled_at IS NULL ORDER BY c.extension, s.starts_at DESC
    """
).bindparams(bindparam("now", type_=DateTime(timezone=True)))


class Heard(StrEnum):
    """How a call ended."""

    #: Answered, heard, and the key pressed.
    CONFIRMED = "confirmed"
    #: Answered and hung up without the key: a person, or a machine.
    ANSWERED = "answered"
    #: Busy, no answer, rejected, or not to be reached.
    NOT_REACHED = "not_reached"


class Caller(Protocol):
    """Whoever can ring a telephone."""

    async def ring(self, extension: str, prompts: Sequence[str], *, ring_s: float) -> Heard:
        """Ring an extension of the house, say the prompts to whoever answers until a key is pressed. Raises nothing; hangs up if cancelled."""
        ...


class PhoneCall:
    """See the module."""

    name = NAME

    def __init__(self, db: Database, clock: Clock, caller: Caller, *, ring_s: float = 25.0) -> None:
        self._db = db
        self._clock = clock
        self._caller = caller
        self._ring_s = ring_s
        self._answered_at: datetime | None = None

    @property
    def limit_s(self) -> float:
        """See `Channel.limit_s`."""
        return MOST * (self._ring_s + SAY_S) + 10.0

    async def send(self, message: Message) -> str:
        """See `Channel.send`."""
        now = self._clock.now()
        if self._answered_at is not None and now - self._answered_at < QUIET and message.kind != TEST:
            return "told by the call before"
        on_duty = await self._on_duty()
        if not on_duty:
            raise NotDelivered("the roster has no supervisor on duty")
        unsure = False
        for extension in on_duty[:MOST]:
            match await self._caller.ring(extension, PROMPTS, ring_s=self._ring_s):
                case Heard.CONFIRMED:
                    self._answered_at = self._clock.now()
                    await self._seen(message, extension)
                    return f"confirmed at {extension}"
                case Heard.ANSWERED:
                    unsure = True
                case Heard.NOT_REACHED:
                    pass
        raise NotDelivered("answered, but not confirmed by the key" if unsure else "no supervisor on duty answers")

    async def check(self) -> str:
        """See `Channel.check`."""
        on_duty = await self._on_duty()
        if not on_duty:
            raise NotDelivered("the roster has no supervisor on duty")
        return f"rings {', '.join(on_duty[:MOST])}"

    async def _on_duty(self) -> list[str]:
        try:
            rows = await self._db.execute(_ON_DUTY, {"now": self._clock.now()})
        except DatabaseError as error:
            raise NotDelivered(f"the roster can't be read ({type(error).__name__})") from None
        return [row.extension for row in sorted(rows, key=lambda row: row.starts_at, reverse=True)]

    async def _seen(self, message: Message, extension: str) -> None:
        if message.kind != TEST:
            # If this fails it was heard all the same, and stays on the list.
            try:
                await alarm_book.seen(self._db, str(message.alarm_id), by=f"phone {extension}", now=self._clock.now())
            except (DatabaseError, alarm_book.AlarmBookError):
                return

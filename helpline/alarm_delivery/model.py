"""What goes out where, when, and how often: the rules, without a database, a network or a clock.

An alarm has one delivery per channel: due, then sent or, after enough attempts in vain, dead. Sending one may be repeated (a process that ends
between sending and noting it sends again), always under the same `key`, by which the far end knows it. A delivery that nobody sees to may
begin another round under a key of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from core.alarms import AlarmKind
from core.clock import seoul
from core.errors import AnnyeongError
from core.settings_alarms import ChannelSettings
from helpline.alarm_delivery.words import is_urgent, words

#: The channel whose failure an alarm is about.
CHANNEL = "channel"


class State(StrEnum):
    """How a delivery stands."""

    #: To be sent at `next_at`, for the first time or again.
    DUE = "due"
    #: The far end has taken it.
    SENT = "sent"
    #: Given up after enough attempts.
    DEAD = "dead"
    #: Needed no sending: somebody had seen to the alarm, or it was too old.
    SKIPPED = "skipped"


class NotDelivered(AnnyeongError):
    """The channel did not take it. The message goes into the database and before people: no address, no secret, nothing a server said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a channel is given: kind, time and id, never who it is about."""

    alarm_id: UUID
    kind: str
    at: datetime
    #: The same for every attempt of one round; what the far end may tell repetitions by.
    key: str
    round: int = 1

    @property
    def urgent(self) -> bool:
        """Whether somebody must know it now."""
        return is_urgent(self.kind)

    @property
    def title(self) -> str:
        """One line, Korean first."""
        korean, english = words(self.kind)
        again = f" ({self.round}번째 / no. {self.round})" if self.round > 1 else ""
        return f"[외로움안녕120] 경보: {korean} / {english}{again}"

    @property
    def text(self) -> str:
        """What happened, when, and how to see to it; Korean, then English."""
        korean, english = words(self.kind)
        at = f"{seoul(self.at):%Y-%m-%d %H:%M:%S}"
        return (
            f"경보: {korean}\n시각: {at} (서울)\n번호: {self.alarm_id}\n"
            f"확인하신 뒤: annyeong120 alarms seen {self.alarm_id} --by 이름\n\n"
            f"Alarm: {english}\nTime: {at} (Seoul)\nId: {self.alarm_id}\n"
            f"Once you see to it: annyeong120 alarms seen {self.alarm_id} --by NAME\n"
        )


class Channel(Protocol):
    """A way out. One message at a time is given to it."""

    @property
    def name(self) -> str:
        """As in the table of deliveries: `webhook.chat`."""
        ...

    @property
    def limit_s(self) -> float:
        """Seconds after which an attempt is given up at the latest."""
        ...

    async def send(self, message: Message) -> str:
        """Send it; a remark for people, or nothing. Raises `NotDelivered`."""
        ...

    async def check(self) -> str:
        """Whether it would work, without sending anything: a sentence. Raises `NotDelivered`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A row of `alarms`, as far as it decides where it goes."""

    id: UUID
    kind: str
    at: datetime
    #: For an alarm about a channel that failed: which one.
    failed_channel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a channel takes, and how hard it tries."""

    channel: str
    kinds: frozenset[str] = frozenset()
    urgent_only: bool = False
    after: timedelta = timedelta(0)
    again_every: timedelta = timedelta(0)
    again_times: int = 0
    attempts: int = 8

    @classmethod
    def of(cls, channel: str, settings: ChannelSettings) -> Rule:
        """From the settings."""
        return cls(
            channel=channel,
            kinds=frozenset(map(str, settings.kinds)),
            urgent_only=settings.urgent_only,
            after=timedelta(seconds=settings.after_s),
            again_every=timedelta(seconds=settings.again_every_s),
            again_times=settings.again_times if settings.again_every_s else 0,
            attempts=settings.attempts,
        )

    def takes(self, alarm: Alarm) -> bool:
        """Whether it goes out here. Of a channel's failure that channel itself is not told."""
        if alarm.kind == AlarmKind.ALARM_NOT_DELIVERED and alarm.failed_channel == self.channel:
            return False
        return (not self.kinds or alarm.kind in self.kinds) and (not self.urgent_only or is_urgent(alarm.kind))

    def again_at(self, sent_at: datetime, round_: int) -> datetime | None:
        """When the next round begins if nobody sees to it; None: no more."""
        return sent_at + self.again_every if round_ <= self.again_times else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A delivery to be made."""

    alarm_id: UUID
    channel: str
    urgent: bool
    next_at: datetime


def plan(alarm: Alarm, rules: Iterable[Rule], now: datetime) -> list[Planned]:
    """Where an alarm goes, once each. What was raised while nobody was there to send it does not wait again."""
    return [
        Planned(alarm_id=alarm.id, channel=rule.channel, urgent=is_urgent(alarm.kind), next_at=max(now, alarm.at + rule.after))
        for rule in rules
        if rule.takes(alarm)
    ]


def key(alarm_id: UUID, channel: str, round_: int) -> str:
    """What the far end tells repetitions by."""
    return f"{alarm_id}.{channel}.{round_}"


def pause(attempts: int, *, first: float, last: float, dice: float) -> timedelta:
    """How long after so many attempts in vain; `dice` of [0, 1) spreads what failed together over a fifth of it."""
    return timedelta(seconds=min(last, first * 2.0 ** min(attempts - 1, 30)) * (0.9 + 0.2 * dice))

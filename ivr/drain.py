"""Ending in good order: what has been begun with a caller or a counsellor is finished first.

Calls as such are not waited for: they go on in Asterisk, and the next start adopts them. But a leg that is being bridged, or a call-back
that is being stored, is half a step, and a step is cheaper to finish than to repair.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

import structlog

from core.clock import Clock, SystemClock
from ivr.call_model import Call
from ivr.conference import Stage

log = structlog.get_logger()

_LOOK_EVERY_S = 0.02


class Live(Protocol):
    """A live call: `ivr.actor.CallActor`."""

    @property
    def call(self) -> Call:
        """Its state."""

    @property
    def idle(self) -> bool:
        """Nothing is being done, and nothing has happened that was not looked at yet."""

    @property
    def over(self) -> bool:
        """Nothing more will happen."""


class LiveCalls(Protocol):
    """What is asked of the calls: `ivr.calls.Calls`."""

    @property
    def actors(self) -> Mapping[UUID, Live]:
        """Live calls."""

    @property
    def arriving(self) -> Collection[str]:
        """Channels that are being claimed or greeted."""


def unfinished(calls: LiveCalls) -> int:
    """How many calls are in the middle of a step: being taken in, a phone ringing or being connected, a request being stored. Pure."""
    return len(calls.arriving) + sum(_half_done(actor) for actor in calls.actors.values() if not actor.over)


async def drained(calls: LiveCalls, within_s: float, *, clock: Clock | None = None) -> bool:
    """Wait until no call is in the middle of a step; False if some still are after `within_s` seconds.

    New calls must not be claimed and counsellors not be reserved any more when this is called, else it may never come about.
    """
    clock = clock or SystemClock()
    deadline = clock.monotonic() + within_s
    while left := unfinished(calls):
        if clock.monotonic() >= deadline:
            log.warning("drain_unfinished", calls=left, within_s=within_s)
            return False
        await asyncio.sleep(_LOOK_EVERY_S)
    return True


def _half_done(actor: Live) -> bool:
    call = actor.call
    connecting = call.offer is not None and not call.connected
    return not actor.idle or connecting or call.request is not None or call.conference.stage is Stage.ASKING

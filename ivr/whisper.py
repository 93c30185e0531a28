"""Saying something to one who talks, and to nobody else.

A prompt on a bridged channel itself would take the place of what its owner hears and says until it ends (measured on 22.10.1: the other side's
tone is gone meanwhile). A snoop channel that whispers is mixed into it instead: the talk goes on, the other side hears nothing of the prompt.
It is made when it is needed first, takes 2 ms, can be played on once it has entered our application, and ends with the leg.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from ivr.ari import AriError, Event, NotFound, StasisStart
from ivr.services import Services

log = structlog.get_logger()

PREFIX: Final = "whisper-"
#: A snoop channel that has not entered our application after this long is played on all the same.
ENTERED_S = 2.0


class Whisperer:
    """Whispers to the legs of one call."""

    def __init__(self, services: Services, attach: Callable[[str], None]) -> None:
        self._services = services
        self._attach = attach
        #: Snoop channels that there are, and whether they can be played on.
        self._there: dict[str, asyncio.Event] = {}
        self._said = 0
        self._playing: dict[str, str] = {}
        self._turn = asyncio.Lock()

    def say(self, leg_id: str, prompts: tuple[str, ...]) -> None:
        """Say it in place of what is being said to this leg. Never blocks; what fails was not heard."""
        self._services.spawn(self._say(leg_id, prompts), f"whisper {leg_id}")

    def event(self, event: Event) -> bool:
        """Whether an event is about one of these channels."""
        subject = next((key for key in event.subjects if key in self._there), None)
        if subject is not None and isinstance(event, StasisStart):
            self._there[subject].set()
        return subject is not None

    async def _say(self, leg_id: str, prompts: tuple[str, ...]) -> None:
        services, channel_id = self._services, f"{PREFIX}{leg_id}"
        media = services.catalogue.sequence(prompts, "ko")
        async with self._turn:
            try:
                await self._enter(leg_id, channel_id)
                if before := self._playing.get(channel_id):
                    await services.ari.stop_playback(before)
                self._said += 1
                self._playing[channel_id] = playback_id = f"said-{leg_id}-{services.clock.monotonic():.3f}-{self._said}"
                await services.ari.play_on_channel(channel_id, media, playback_id)
            except AriError as error:
                if isinstance(error, NotFound):
                    self._there.pop(channel_id, None)
                log.warning("not_whispered", prompts=prompts, status=error.status)

    async def _enter(self, leg_id: str, channel_id: str) -> None:
        if channel_id in self._there:
            return
        self._there[channel_id] = entered = asyncio.Event()
        self._attach(channel_id)
        try:
            if not await self._services.ari.whisper(leg_id, channel_id):
                # Made by the program before us, or its answer was lost.
                return
        except AriError:
            self._there.pop(channel_id)
            raise
        try:
            async with asyncio.timeout(ENTERED_S):
                await entered.wait()
        except TimeoutError:
            log.info("whisper_not_entered", leg_id=leg_id)

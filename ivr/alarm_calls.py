"""Rings an extension of the house and says that something needs its owner, until they press 1: for alarms."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import structlog

from core.ids import new_id
from ivr import happenings as h
from ivr.ari import AriError, Event, Mailbox, PlaybackFinished
from ivr.legs import Leg
from ivr.outbound import is_extension
from ivr.services import Message, Services
from ivr.shown import with_word

log = structlog.get_logger()

PREFIX: Final = "alarm-"
SHOWN: Final = "경보"
CONFIRM, THANKS = "1", "alarm_thanks"
#: How long it is said to somebody who presses nothing; how much longer than its ring time a leg may take to end.
SAY_S, GUARD_S, LINGER_S = 35.0, 5.0, 5.0


class Answer(StrEnum):
    """How a call ended."""

    #: Answered, heard, and the key pressed.
    CONFIRMED = "confirmed"
    #: Answered, and no key.
    ANSWERED = "answered"
    NOT_REACHED = "not_reached"


class AlarmCalls:
    """See the module."""

    def __init__(self, services: Services, *, language: str) -> None:
        self._services = services
        self._language = language

    async def ring(self, extension: str, prompts: Sequence[str], *, ring_s: float) -> Answer:
        """Ring, say the prompts again and again until 1 is pressed. Hangs up if cancelled."""
        if not is_extension(extension):
            log.error("alarm_call_to_no_extension")
            return Answer.NOT_REACHED
        call = _AlarmCall(self._services, tuple(prompts), self._language)
        try:
            return await call.run(extension, ring_s)
        finally:
            call.leg.drop(elsewhere=False)
            self._services.spawn(call.linger(), f"alarm call ends {call.leg.id}")


class _AlarmCall:
    """One of them."""

    def __init__(self, services: Services, prompts: tuple[str, ...], language: str) -> None:
        self._services = services
        self._prompts = prompts
        self._language = language
        key = f"{PREFIX}{new_id()}"
        self._mailbox: Mailbox[Message] = Mailbox(key)
        services.switchboard.attach(key, self._mailbox)
        self.leg = Leg(key, services, self._mailbox.put)
        self._plays = 0

    async def run(self, extension: str, ring_s: float) -> Answer:
        """Until it is over."""
        answer, shown = Answer.NOT_REACHED, with_word(self._services.caller_id, SHOWN)
        self.leg.ring(endpoint=f"PJSIP/{extension}", timeout_s=ring_s, call_id=self.leg.id, originator="", caller_id=shown)
        try:
            async with asyncio.timeout(ring_s + GUARD_S) as limit:
                while True:
                    match self._read(await self._mailbox.get()):
                        case h.LegUp():
                            answer = Answer.ANSWERED
                            limit.reschedule(asyncio.get_running_loop().time() + SAY_S)
                            await self._say(*self._prompts)
                        case h.PlaybackDone(number=number) if number == self._plays and answer is Answer.CONFIRMED:
                            return answer
                        case h.PlaybackDone(number=number) if number == self._plays:
                            await self._say(*self._prompts)
                        case h.LegDigit(digit=digit) if digit == CONFIRM and answer is Answer.ANSWERED:
                            answer = Answer.CONFIRMED
                            await self._stop_saying()
                            await self._say(THANKS)
                        case h.LegDown():
                            return answer
                        case _:
                            pass
        except TimeoutError:
            return answer

    async def linger(self) -> None:
        """Until its channel is no more."""
        try:
            async with asyncio.timeout(LINGER_S):
                while not self.leg.gone:
                    self._read(await self._mailbox.get())
        except TimeoutError:
            log.warning("alarm_call_lingers", leg_id=self.leg.id)
        self._services.switchboard.detach_all(self._mailbox)

    def _read(self, message: Message) -> h.Happening | None:
        if not isinstance(message, Event):
            return message
        if isinstance(message, PlaybackFinished):
            return h.PlaybackDone(number=int(message.playback.id.rpartition("-")[2]))
        self.leg.handle(message)
        return None

    async def _say(self, *prompts: str) -> None:
        self._plays += 1
        playback_id = self._saying()
        self._services.switchboard.attach(playback_id, self._mailbox)
        media = self._services.catalogue.sequence(prompts, self._language)
        try:
            await self._services.ari.play_on_channel(self.leg.id, media, playback_id)
        except AriError as error:
            # Its channel has ended, which is told; else the time limit ends the call.
            log.warning("prompt_not_played", prompts=prompts, status=error.status)

    async def _stop_saying(self) -> None:
        try:
            await self._services.ari.stop_playback(self._saying())
        except AriError as error:
            log.info("operation_failed", operation=error.operation, status=error.status)

    def _saying(self) -> str:
        return f"say-{self.leg.id}-{self._plays}"

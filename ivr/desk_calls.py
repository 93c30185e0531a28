"""Runs `desk_codes` on real calls: one task and one mailbox for each counsellor who dials a `*1…` code."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog

from core.clock import Clock
from core.errors import DatabaseError
from ivr.ari.client import Ari
from ivr.ari.errors import AriError, NotFound
from ivr.ari.events import ChannelDestroyed, DtmfReceived, Event, HangupRequest, PlaybackFinished, StasisEnd, StasisStart
from ivr.ari.mailbox import Mailbox, Switchboard
from ivr.desk_codes import step
from ivr.desk_model import (
    Action,
    Answer,
    ChangeResult,
    DeskCall,
    DeskCommand,
    DeskEvent,
    Dialled,
    Digit,
    Do,
    HangUp,
    HungUp,
    LineDown,
    Phase,
    Play,
    PlaybackDone,
    SignInResult,
    StartTimer,
    StopPlay,
    StopTimer,
    TimeUp,
    TrySignIn,
)
from ivr.keypad import Keypad
from routing.counsellors import Change, Counsellors
from routing.presence_model import BreakReason

log = structlog.get_logger()

#: Nobody needs longer to press a code; a channel that is forgotten open must end some time.
LONGEST_CALL_S = 120.0


class Prompts(Protocol):
    """Where prompts are: `ivr.prompts.catalogue.Catalogue`."""

    def media(self, prompt_id: str, language: str) -> str:
        """The media URI of a prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What every call works with."""

    ari: Ari
    switchboard: Switchboard
    counsellors: Counsellors
    catalogue: Prompts
    clock: Clock
    language: str


class DeskCalls:
    """Takes calls whose StasisStart arguments are `desk`, what was dialled, and the phone it was dialled on."""

    def __init__(
        self, ari: Ari, switchboard: Switchboard, counsellors: Counsellors, catalogue: Prompts, clock: Clock, *, language: str = "ko"
    ) -> None:
        self._parts = _Parts(ari=ari, switchboard=switchboard, counsellors=counsellors, catalogue=catalogue, clock=clock, language=language)

    def run_call(self, event: StasisStart) -> Coroutine[object, object, None]:
        """The task of one call; ends with the call. Never raises, except when cancelled.

        An ordinary function that returns a coroutine: the channel's events have an owner from the moment of this call, not only
        from when the task first runs, so a key pressed in between is not lost.
        """
        mailbox: Mailbox[Event] = Mailbox(f"desk {event.channel.id}")
        self._parts.switchboard.attach(event.channel.id, mailbox)
        return _Run(self._parts, event, mailbox).run()


class _Run:
    """One call."""

    def __init__(self, parts: _Parts, start: StasisStart, mailbox: Mailbox[Event]) -> None:
        self._parts = parts
        self._channel = start.channel.id
        code, phone = (*start.args[1:3], "", "")[:2]
        self._code, self._phone = code, phone
        self._mailbox = mailbox
        self._keypad = Keypad()
        self._call = DeskCall()
        self._due: float | None = None
        # The second digit group of `*11`+PIN is a secret: only the code itself may be logged.
        self._log = log.bind(channel_id=self._channel, extension=phone, code=code[:3])

    async def run(self) -> None:
        try:
            self._log.info("desk_call_started")
            await self._feed(Dialled(code=self._code))
            async with asyncio.timeout(LONGEST_CALL_S):
                while self._call.phase is not Phase.DONE:
                    await self._feed(await self._next())
        except TimeoutError:
            self._log.warning("desk_call_too_long")
        except Exception:  # noqa: BLE001 - see the comment
            # One call's fault must not take the others with it.
            self._log.exception("desk_call_failed")
        finally:
            self._parts.switchboard.detach_all(self._mailbox)
            with suppress(AriError):
                await self._parts.ari.hangup(self._channel)
            self._log.info("desk_call_ended")

    async def _next(self) -> DeskEvent:
        """The next thing that means something here."""
        clock = self._parts.clock
        while True:
            try:
                async with asyncio.timeout(None if self._due is None else max(0.0, self._due - clock.monotonic())):
                    event = await self._mailbox.get()
            except TimeoutError:
                if self._due is None or self._due > clock.monotonic():
                    continue
                self._due = None
                return TimeUp()
            if (meaning := self._meaning(event)) is not None:
                return meaning

    def _meaning(self, event: Event) -> DeskEvent | None:
        match event:
            case DtmfReceived():
                key = self._keypad.pressed(event)
                return Digit(digit=key) if key else None
            case PlaybackFinished(playback=playback):
                number = playback.id.rpartition("-")[2]
                return PlaybackDone(number=int(number)) if number.isdecimal() else None
            case StasisEnd() | ChannelDestroyed() | HangupRequest():
                return HungUp()
            case _:
                return None

    async def _feed(self, event: DeskEvent) -> None:
        """Let an event count, and then whatever its commands answer at once."""
        answers: list[DeskEvent] = [event]
        while answers:
            self._call, commands = step(self._call, answers.pop(0))
            for command in commands:
                if (answer := await self._do(command)) is None:
                    continue
                answers.append(answer)
                if isinstance(answer, HungUp):
                    # Nobody is there for the rest.
                    break

    async def _do(self, command: DeskCommand) -> DeskEvent | None:
        match command:
            case StartTimer(seconds=seconds):
                self._due = self._parts.clock.monotonic() + seconds
            case StopTimer():
                self._due = None
            case TrySignIn(pin=pin):
                try:
                    return SignInResult(result=await self._parts.counsellors.sign_in(self._phone, pin))
                except DatabaseError as error:
                    return self._line_down(error)
            case Do(action=action, reason=reason):
                try:
                    return ChangeResult(action=action, result=await self._change(action, reason), reason=reason)
                except DatabaseError as error:
                    return self._line_down(error)
            case Answer() | Play() | StopPlay() | HangUp():
                return await self._telephone(command)
        return None

    async def _telephone(self, command: Answer | Play | StopPlay | HangUp) -> DeskEvent | None:
        ari = self._parts.ari
        try:
            match command:
                case Answer():
                    await ari.answer(self._channel)
                case StopPlay(number=number):
                    await ari.stop_playback(self._playback_id(number))
                case HangUp():
                    await ari.hangup(self._channel)
                case Play(number=number, prompts=prompts):
                    media = [self._parts.catalogue.media(prompt, self._parts.language) for prompt in prompts]
                    self._parts.switchboard.attach(self._playback_id(number), self._mailbox)
                    await ari.play_on_channel(self._channel, media, self._playback_id(number), self._parts.language)
        except NotFound:
            return None if isinstance(command, StopPlay) else HungUp()
        except AriError as error:
            self._log.warning("desk_call_request_failed", operation=error.operation, reason=type(error).__name__)
            # A prompt that can't be played has ended; anything else goes on without.
            return PlaybackDone(number=command.number) if isinstance(command, Play) else None
        return None

    async def _change(self, action: Action, reason: BreakReason | None) -> Change:
        counsellors, phone = self._parts.counsellors, self._phone
        match action:
            case Action.READY:
                return await counsellors.set_ready(phone)
            case Action.BREAK:
                return await counsellors.set_break(phone, reason or BreakReason.OTHER)
            case Action.SIGN_OUT:
                return await counsellors.sign_out(phone)
            case Action.END_WRAPUP:
                return await counsellors.end_wrapup(phone)
            case Action.SIGN_IN:
                raise ValueError("signing in needs a PIN")

    def _line_down(self, error: DatabaseError) -> LineDown:
        self._log.error("desk_call_without_database", reason=type(error).__name__)
        return LineDown()

    def _playback_id(self, number: int) -> str:
        return f"code-{self._channel}-{number}"

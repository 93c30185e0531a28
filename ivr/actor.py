"""One call: reads its mailbox, turns messages into happenings, advances the state machine, has the stage carry out the commands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

import structlog

from core import metrics
from ivr import call_model as m
from ivr.ari import AriError, ChannelDestroyed, DtmfReceived, Event, HangupRequest, Mailbox, PlaybackFinished, StasisEnd, TalkingFinished
from ivr.call import advance
from ivr.call_model import Call, Happening, Phase, Timer
from ivr.keypad import Keypad
from ivr.services import Message, Services
from ivr.stage import Stage
from ivr.voice import spoke
from ivr.watchdog import Facts
from routing.model import ContactState, Offer

log = structlog.get_logger()

#: Channels end within milliseconds of their hang-up; this is for events that never come.
LINGER_S = 10.0

_STATES = {
    Phase.MENU: ContactState.MENU,
    Phase.DIALLING: ContactState.TRANSFER,
    Phase.TRANSFERRED: ContactState.TRANSFER,
    Phase.WAITING: ContactState.WAITING,
    Phase.TALKING: ContactState.TALKING,
    Phase.LEFT: ContactState.TALKING,
    Phase.OVERFLOW: ContactState.OVERFLOW,
    Phase.SAFETY_NET: ContactState.SAFETY_NET,
}


def state_of(call: Call) -> ContactState | None:
    """How the contact's row calls it; None where the row says nothing new. Pure."""
    if call.phase is Phase.PARTNER:
        # In the line, or for good with whom they have.
        return ContactState.WAITING if call.joined or call.offer is not None else ContactState.TALKING
    return _STATES.get(call.phase)


class CallActor:
    """One task per call. It alone changes the call's state, so nothing is locked."""

    def __init__(self, call: Call, contact_id: UUID, channel_id: str, language: str, mailbox: Mailbox[Message], services: Services) -> None:
        self.contact_id = contact_id
        self.channel_id = channel_id
        self.call = call
        #: Monotonic seconds: when this actor began, when its picture last changed, when the comparison last saw it in Asterisk.
        self.since = self.changed_at = self.seen_at = services.clock.monotonic()
        #: Called when a human talks with them for the first time.
        self.on_talk: Callable[[], None] = lambda: None
        self._busy_since: float | None = None
        self._mailbox = mailbox
        self._services = services
        self._owned = [channel_id]
        self._counted: Phase | None = None
        self._keypad = Keypad()
        self._caller_gone = False
        self._hung_up = False
        self._taken_away = False
        self._cause: int | None = None
        self.stage = Stage(contact_id, channel_id, language, services, self._attach)
        self.stage.post_to(mailbox.put)
        self._attach(channel_id)

    @property
    def over(self) -> bool:
        """Nothing more will happen."""
        return self.call.phase in (Phase.ENDED, Phase.SAFETY_NET)

    def post(self, message: Message) -> None:
        """Let something happen to the call."""
        self._mailbox.put(message)

    def take_in(self, channel_id: str, unread: Mailbox[Message]) -> None:
        """The caller who dropped out dials again on this channel; `unread`: what has happened to it since."""
        self._attach(channel_id)
        self.post(m.DialledAgain(channel_id=channel_id))
        for message in unread.drain():
            self.post(message)

    def ring(self, offer: Offer) -> None:
        """The router reserved a counsellor."""
        self.stage.ring(offer, self.call)

    @property
    def deadlines(self) -> frozenset[Timer]:
        """Timers that run."""
        return self.stage.deadlines

    @property
    def idle(self) -> bool:
        """Nothing is being done, and nothing has happened that was not looked at yet."""
        return self._busy_since is None and not len(self._mailbox)

    def facts(self) -> Facts:
        """For the watchdog."""
        now = self._services.clock.monotonic()
        # Not yet read is not yet wrong.
        busy = now - self._busy_since if self._busy_since is not None else 0.001 if len(self._mailbox) else 0.0
        return Facts(unseen_s=now - self.seen_at, busy_s=busy)

    async def run(self, first: Happening) -> None:
        """Live until the call is over."""
        with structlog.contextvars.bound_contextvars(call_id=str(self.contact_id)):
            try:
                await self._happen(first)
                while not self.over:
                    message = await self._mailbox.get()
                    if (happening := self._read(message)) is not None:
                        await self._happen(happening)
                if self._taken_away:
                    self._let_go()
                else:
                    await self.stage.clear()
                await self._linger()
            finally:
                self._count(self._counted, None)
                for object_id in self._owned:
                    # A caller who was away for a moment may be another actor's by now.
                    if self._services.switchboard.owner(object_id) is self._mailbox:
                        self._services.switchboard.detach(object_id)

    def _let_go(self) -> None:
        """Caller and bridges, which are named after the contact, are somebody else's; only the legs are ours."""
        self._caller_gone = True
        # A partner who is found now is never rung.
        self.stage.crisis.over = True
        self._services.switchboard.detach(self.channel_id)
        for leg in self.stage.legs.values():
            if not leg.gone:
                leg.drop(elsewhere=True)

    async def _happen(self, happening: Happening) -> None:
        before = self.call
        self._taken_away = self._taken_away or (isinstance(happening, m.TakenAway) and not self.over)
        self.call, commands = advance(self.call, happening, self._services.flow)
        self._busy_since = self._services.clock.monotonic()
        if _picture(self.call) != _picture(before):
            self.changed_at = self._busy_since
        if (state := state_of(self.call)) is not None and state is not state_of(before):
            self._services.contacts.state(self.contact_id, state)
        self._count(self._counted, None if self.over else self.call.phase)
        if self.call.talked and not before.talked:
            self.on_talk()
        for command in commands:
            await self.stage.do(command)
        if self.stage.channel_id != self.channel_id:
            # Called again, and back.
            self.channel_id = self.stage.channel_id
            self._caller_gone = self._hung_up = False
            self._cause = None
        if commands and _picture(self.call) != _picture(before):
            self.changed_at = self._services.clock.monotonic()
        self._busy_since = None

    def _count(self, before: Phase | None, now: Phase | None) -> None:
        if before is not now:
            if before is not None:
                metrics.live_calls.labels(state=str(before)).dec()
            if now is not None:
                metrics.live_calls.labels(state=str(now)).inc()
            self._counted = now

    async def _linger(self) -> None:
        """Until every channel of the call is gone: what is granted in the last instant is given back, causes are noted."""
        try:
            async with asyncio.timeout(LINGER_S):
                while not (self._caller_gone and all(leg.gone for leg in self.stage.legs.values())):
                    if (happening := self._read(await self._mailbox.get())) is not None:
                        await self._happen(happening)
        except TimeoutError:
            # The comparison ends what is left.
            log.warning("call_lingers")

    def _read(self, message: Message) -> Happening | None:
        if not isinstance(message, Event):
            return message
        if isinstance(message, PlaybackFinished) and (said := self.stage.said_to_leg(message.playback.id)) is not None:
            return said
        if self.stage.leg_event(message):
            return None
        match message:
            case DtmfReceived():
                key = self._keypad.pressed(message)
                at = self._services.clock.monotonic() if message.at is None else message.at.timestamp()
                return m.Digit(digit=key, at=at) if key else None
            case TalkingFinished():
                return m.Spoke() if spoke(message) else None
            case PlaybackFinished(playback=playback) if playback.id.startswith("play-"):
                if playback.state == "failed":
                    log.warning("playback_failed", playback=playback.id)
                return m.PlaybackDone(number=int(playback.id.rpartition("-")[2]))
            case StasisEnd() if message.channel.id == self.channel_id and not (self._hung_up or self.over):
                # Without a hang-up: somebody else has moved the channel.
                self._services.spawn(self._look_for_caller(message), f"look {self.channel_id}")
                return None
            case StasisEnd() | ChannelDestroyed() | HangupRequest() if message.channel.id == self.channel_id:
                self._note_end(message)
                return m.CallerGone()
            case _:
                return None

    async def _look_for_caller(self, end: StasisEnd) -> None:
        """The channel has left us: gone, or somewhere else? Without an answer the comparison finds out."""
        try:
            channel = await self._services.ari.channel(self.channel_id)
        except AriError as error:
            log.info("operation_failed", operation=error.operation, status=error.status)
            return
        if channel is None:
            self._note_end(end)
            self.post(m.CallerGone())
        else:
            self.post(m.TakenAway())

    def _note_end(self, message: StasisEnd | ChannelDestroyed | HangupRequest) -> None:
        """An incoming channel's last event is StasisEnd, without a cause; that comes with the hang-up request (measured on 22.10.1)."""
        if not isinstance(message, StasisEnd):
            self._hung_up = True
            self._cause = message.cause
        if not isinstance(message, HangupRequest) and not self._caller_gone:
            self._caller_gone = True
            self._services.leg_book.ended(self.channel_id, self._cause)

    def _attach(self, object_id: str) -> None:
        self._owned.append(object_id)
        self._services.switchboard.attach(object_id, self._mailbox)


def _picture(call: Call) -> tuple[object, ...]:
    """What of a call shows in Asterisk's bridges."""
    chain = call.conference
    return (
        call.phase, call.holding, call.leg_up, call.connected, call.offer, call.desk_leg, call.overflow.leg_id, chain.stage, chain.leg_id,
        call.transfer,
    )  # fmt: skip

"""The hands of one call between somebody of ours and a person, in a crisis with an emergency partner: legs, bridge, what is heard, deadlines.

Both legs show the helpline's number only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from ivr import commands as m
from ivr import happenings as h
from ivr.ari import AriError, Event, Mailbox, PlaybackFinished
from ivr.conference import Partner
from ivr.legs import Leg
from ivr.linked.commands import Join, Music, PartnerCommand, Ring, Say, Seat, Side, Start, Stop, StopSay, Whisper
from ivr.linked.model import PREFIX, leg_id
from ivr.outbound import NumberNotAllowed
from ivr.phases import Timer
from ivr.picture import Picture
from ivr.services import Message, Services
from ivr.stage import MUSIC
from ivr.whisper import Whisperer
from routing.model import OfferResult

log = structlog.get_logger()

BRIDGE_PREFIX = PREFIX
#: What a key in the talk leads to: heard by whoever pressed it, and by nobody else.
TOLD, NOT_TOLD = "linked_told", "linked_not_told"
#: Music that did not start is tried again.
MUSIC_AGAIN_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Where one of the two is rung."""

    #: Holds a telephone number; never logged.
    endpoint: str = field(repr=False)
    #: What is shown there: the helpline.
    caller_id: str


class LinkedStage:
    """Owns what Asterisk has of one call. Ids are made from the order's."""

    def __init__(
        self, order_id: str, lines: Mapping[Side, Line], languages: Mapping[Side, str], mailbox: Mailbox[Message],
        services: Services,
    ) -> None:  # fmt: skip
        """`languages`: what each of the two is spoken to in."""
        self.order_id = order_id
        self.bridge = f"{BRIDGE_PREFIX}{order_id}"
        self.legs: dict[str, Leg] = {}
        self._lines = lines
        self._languages = languages
        self._mailbox = mailbox
        self._services = services
        self._timers: dict[Timer, asyncio.TimerHandle] = {}
        self._bridged = False
        self._music = False
        #: What is being said to a partner who answered: playback -> leg.
        self._briefings: dict[str, str] = {}
        self._whisperer = Whisperer(services, self._attach)

    def read(self, message: Message) -> h.Happening | None:
        """What a message means to the call; events of a leg come back from it as happenings."""
        if not isinstance(message, Event):
            return message
        if isinstance(message, PlaybackFinished) and message.playback.id.startswith(self._saying("")):
            return h.PlaybackDone(number=int(message.playback.id.rpartition("-")[2]))
        if isinstance(message, PlaybackFinished) and (briefed := self._briefings.pop(message.playback.id, "")):
            return h.LegSaid(leg_id=briefed)
        if self._whisperer.event(message):
            return None
        for subject in message.subjects:
            if leg := self.legs.get(subject):
                leg.handle(message)
                return None
        return None

    async def do(self, command: Ring | Seat | Music | Join | Say | StopSay | Start | Stop | PartnerCommand) -> None:
        """Carry out a command. A failure becomes a happening."""
        match command:
            case m.RingPartner(partner=partner):
                self._ring_partner(partner)
            case m.SayToLeg():
                await self._brief(command)
            case m.Gather(partner=leg):
                await self._gather(leg)
            case m.DropLeg(leg_id=leg):
                self._any_leg(leg).drop(elsewhere=False)
            case Whisper(prompts=prompts, leg_id=leg):
                self._whisperer.say(leg or leg_id(self.order_id, Side.FIRST), prompts)
            case Ring(side=side, seconds=seconds):
                line = self._lines[side]
                self._leg(side).ring(
                    endpoint=line.endpoint, timeout_s=seconds, call_id=self.order_id, originator="", caller_id=line.caller_id
                )  # fmt: skip
            case Seat():
                await self._seat()
            case Music():
                await self._start_music()
            case Join():
                await self._join()
            case Say():
                await self._say(command)
            case StopSay(number=number):
                await self._quietly(self._services.ari.stop_playback(self._saying(number)))
            case Start(timer=timer, seconds=seconds):
                self.start(timer, seconds)
            case Stop(timer=timer):
                self.stop(timer)

    def drop(self, side: Side) -> None:
        """Hang up, if it was rung."""
        if leg := self.legs.get(leg_id(self.order_id, side)):
            leg.drop(elsewhere=False)

    def whisper(self, side: Side, prompt: str) -> None:
        """Say something to one of two who talk."""
        self._whisperer.say(leg_id(self.order_id, side), (prompt,))

    def adopt(self, legs: Iterable[tuple[str, bool]]) -> None:
        """The bridge and these legs are there, answered or not: an earlier run of this program made them."""
        self._bridged = True
        # An earlier run may have begun it; stopping none does no harm.
        self._music = True
        for leg, up in legs:
            self._any_leg(leg).up = up

    def check(self, picture: Picture, *, looked_at: float, settled_s: float) -> None:
        """Tell the legs what they missed."""
        for leg in self.legs.values():
            if not leg.gone and looked_at - leg.since >= settled_s:
                leg.found(picture.channels.get(leg.id))

    # --- the bridge ----------------------------------------------------------------------------------------------------

    async def _seat(self) -> None:
        ari, leg = self._services.ari, leg_id(self.order_id, Side.FIRST)
        try:
            self._bridged = True
            await ari.create_bridge(self.bridge, "mixing", ari.app)
            await ari.add_to_bridge(self.bridge, leg)
        except AriError as error:
            log.warning("linked_first_not_seated", order_id=self.order_id, status=error.status)
            self._mailbox.put(h.ConnectFailed(leg_id=leg))
        else:
            self._mailbox.put(h.Connected(leg_id=leg))

    async def _join(self) -> None:
        leg = leg_id(self.order_id, Side.PERSON)
        try:
            await self._silence()
            await self._services.ari.add_to_bridge(self.bridge, leg)
        except AriError as error:
            log.warning("linked_not_joined", order_id=self.order_id, status=error.status)
            self._mailbox.put(h.ConnectFailed(leg_id=leg))
        else:
            self._mailbox.put(h.Connected(leg_id=leg))

    async def _start_music(self) -> None:
        try:
            await self._services.ari.start_bridge_music(self.bridge, MUSIC)
            self._music = True
        except AriError as error:
            log.warning("linked_music_not_started", order_id=self.order_id, status=error.status)
            self.start(Timer.SETTLE, MUSIC_AGAIN_S)

    async def _silence(self) -> None:
        if self._music:
            self._music = False
            await self._quietly(self._services.ari.stop_bridge_music(self.bridge))

    # --- an emergency partner ------------------------------------------------------------------------------------------

    def _ring_partner(self, partner: Partner) -> None:
        services = self._services
        try:
            endpoint = services.outbound.partner(partner.endpoint)
        except NumberNotAllowed:
            self._mailbox.put(h.LegDown(leg_id=partner.leg_id, result=OfferResult.UNREACHABLE))
            return
        services.leg_book.made(partner.leg_id, UUID(self.order_id), "emergency")
        self._any_leg(partner.leg_id).ring(
            endpoint=endpoint, timeout_s=partner.ring_s, call_id=self.order_id, originator="", caller_id=partner.caller_id or None
        )

    async def _brief(self, command: m.SayToLeg) -> None:
        services, leg = self._services, command.leg_id
        playback_id = f"brief-{leg}-{services.clock.monotonic():.3f}"
        self._attach(playback_id)
        self._briefings[playback_id] = leg
        try:
            await services.ari.play_on_channel(leg, services.catalogue.sequence(command.prompts, "ko"), playback_id)
        except AriError as error:
            log.warning("prompt_not_played", prompts=command.prompts, status=error.status)
            del self._briefings[playback_id]
            self._mailbox.put(h.LegSaid(leg_id=leg))

    async def _gather(self, leg: str) -> None:
        """The partner to whoever is in the bridge."""
        try:
            await self._silence()
            await self._services.ari.add_to_bridge(self.bridge, leg)
        except AriError as error:
            log.warning("partner_not_connected", leg_id=leg, status=error.status, reason=error.reason)
            self._mailbox.put(h.GatherFailed(leg_id=leg))
        else:
            self._mailbox.put(h.Gathered(leg_id=leg, caller=True, at=self._services.clock.monotonic()))

    async def release(self) -> str:
        """The person is somebody else's from here on; their channel."""
        leg = leg_id(self.order_id, Side.PERSON)
        await self._silence()
        self._services.switchboard.detach(leg)
        self.legs.pop(leg, None)
        return leg

    # --- what is said --------------------------------------------------------------------------------------------------

    async def _say(self, command: Say) -> None:
        services, playback_id = self._services, self._saying(command.number)
        self._attach(playback_id)
        media = services.catalogue.sequence(command.prompts, self._languages[command.side])
        try:
            if command.in_bridge:
                # Music and voice at once are not understood.
                await self._silence()
                await services.ari.play_on_bridge(self.bridge, media, playback_id)
            else:
                await services.ari.play_on_channel(leg_id(self.order_id, command.side), media, playback_id)
        except AriError as error:
            log.warning("prompt_not_played", prompts=command.prompts, status=error.status)
            self._mailbox.put(h.PlaybackDone(number=command.number))

    def _saying(self, number: object) -> str:
        return f"say-{self.order_id}-{number}"

    # --- time, and the end ---------------------------------------------------------------------------------------------

    def start(self, timer: Timer, seconds: float) -> None:
        """Start a deadline."""
        self.stop(timer)
        self._timers[timer] = asyncio.get_running_loop().call_later(seconds, self._fire, timer)

    def stop(self, timer: Timer) -> None:
        """Stop it."""
        if handle := self._timers.pop(timer, None):
            handle.cancel()

    def _fire(self, timer: Timer) -> None:
        self._timers.pop(timer, None)
        self._mailbox.put(h.TimerFired(timer=timer))

    async def clear(self) -> None:
        """Nothing is left behind: legs are hung up, the bridge is gone."""
        for timer in tuple(self._timers):
            self.stop(timer)
        for leg in self.legs.values():
            if not leg.gone:
                leg.drop(elsewhere=False)
        if self._bridged:
            await self._quietly(self._services.ari.destroy_bridge(self.bridge))

    def _leg(self, side: Side) -> Leg:
        return self._any_leg(leg_id(self.order_id, side))

    def _any_leg(self, key: str) -> Leg:
        # The mailbox stands before the request: events may overtake the reply.
        self._attach(key)
        return self.legs.setdefault(key, Leg(key, self._services, self._mailbox.put))

    def _attach(self, object_id: str) -> None:
        self._services.switchboard.attach(object_id, self._mailbox)

    async def _quietly(self, operation: Awaitable[object]) -> None:
        try:
            await operation
        except AriError as error:
            log.info("operation_failed", operation=error.operation, status=error.status)

"""The hands of one call: carries out what the state machine asks for, over ARI."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

import structlog

from core import metrics
from ivr import call_model as m
from ivr.ari import AriError, Channel, Event
from ivr.call_model import Command, Happening
from ivr.legs import Leg
from ivr.services import Message, Services
from routing.model import Offer, Waiting

log = structlog.get_logger()

#: What a line of the timeline adds to `keys_total`.
_KEYS = {"key_5": "five", "transfer": "dasan", "wrong_key": "wrong", "silence": "silence"}
#: Dialplan context that rings counsellors without this program.
SAFETY_NET = "safety-net"
MUSIC = "waiting"


class Stage:
    """Owns the call's bridges, playbacks, timers and legs in Asterisk. Their ids are made from the contact's id."""

    def __init__(self, contact_id: UUID, channel_id: str, language: str, services: Services, attach: Callable[[str], None]) -> None:
        self.contact_id = contact_id
        self.channel_id = channel_id
        self.language = language
        self.legs: dict[str, Leg] = {}
        self.hold_bridge = f"hold-{contact_id}"
        self.talk_bridge = f"talk-{contact_id}"
        self._services = services
        self._attach = attach
        self._inbox: Callable[[Message], None] = lambda _: None
        self._bridges: set[str] = set()
        self._seated: set[str] = set()
        self._music_in_talk = False
        self._timers: dict[m.Timer, asyncio.TimerHandle] = {}
        #: Since when the caller has been in the line; kept when they come back into it.
        self._joined_since: datetime | None = None
        #: The wait was measured; one after a rescue is another matter.
        self._answered = False

    def post_to(self, inbox: Callable[[Message], None]) -> None:
        """Where happenings go."""
        self._inbox = inbox

    def resume(self, *, bridges: set[str], since: Waiting | None) -> None:
        """After a restart: what already exists in Asterisk, and since when the caller has been waiting."""
        self._bridges |= bridges
        # Whether the counsellor's music plays there is not known; stopping what does not play is harmless.
        self._music_in_talk = self.talk_bridge in bridges
        if since is not None:
            self._joined_since = since.since

    def _post(self, happening: Happening) -> None:
        self._inbox(happening)

    def ring(self, offer: Offer) -> None:
        """Ring a reserved counsellor."""
        self._post(m.OfferGranted(offer=offer))
        self._services.leg_book.made(offer.leg_id, self.contact_id, "counsellor", offer.counsellor_id)
        self._leg(offer.leg_id).ring(
            endpoint=f"PJSIP/{offer.extension}",
            timeout_s=self._services.flow.ring_timeout_s,
            call_id=str(self.contact_id),
            originator=self.channel_id,
        )

    def adopt_leg(self, leg_id: str, *, up: bool) -> None:
        """A leg that an earlier run of this program made."""
        self._leg(leg_id).up = up

    def _leg(self, leg_id: str) -> Leg:
        if leg_id not in self.legs:
            # The mailbox stands before the request: events may overtake the reply.
            self._attach(leg_id)
            self.legs[leg_id] = Leg(leg_id, self._services, self._post)
        return self.legs[leg_id]

    def leg_event(self, event: Event) -> bool:
        """Give an event to the leg it is about, if it is about one."""
        for subject in event.subjects:
            if leg := self.legs.get(subject):
                leg.handle(event)
                return True
        return False

    def check_legs(self, channels: Mapping[str, Channel], *, now: float, settled_s: float) -> None:
        """Tell the legs what they missed, from a list of Asterisk's channels."""
        for leg in self.legs.values():
            if not leg.gone and now - leg.since >= settled_s:
                leg.found(channels.get(leg.id))

    async def do(self, command: Command) -> None:
        """Carry out one command. A failure becomes a happening; it never ends the call."""
        services = self._services
        match command:
            case m.Play():
                await self._play(command)
            case m.StopPlay(number=number):
                await self._quietly(services.ari.stop_playback(self._playback_id(number)))
            case m.Start(timer=timer, seconds=seconds):
                self._start_timer(timer, seconds)
            case m.Stop(timer=timer):
                self._stop_timer(timer)
            case m.Join(dropped=dropped):
                self._joined_since = self._joined_since or services.clock.now()
                services.contacts.queued(self.contact_id, self._joined_since)
                services.router.join(Waiting(contact_id=self.contact_id, since=self._joined_since, dropped=dropped))
            case m.Leave():
                services.router.leave(self.contact_id)
            case m.HoldCaller():
                await self._hold()
            case m.DialDesk(key=key, leg_id=leg_id):
                flow = services.flow
                services.leg_book.made(leg_id, self.contact_id, "dasan")
                self._leg(leg_id).ring(
                    endpoint=flow.dasan[key],
                    timeout_s=flow.transfer.ring_timeout_s,
                    call_id=str(self.contact_id),
                    originator=self.channel_id,
                )
            case m.Seat(leg_id=leg_id):
                await self._seat(leg_id)
            case m.Connect(leg_id=leg_id, offer=offer):
                await self._connect(leg_id, offer)
            case m.DropLeg(leg_id=leg_id, elsewhere=elsewhere):
                self._leg(leg_id).drop(elsewhere=elsewhere)
            case m.CloseOffer(offer=offer, result=result):
                metrics.offers_total.labels(result=str(result)).inc()
                await services.router.close(offer, result)
            case m.EndTalk(offer=offer):
                await services.router.end_talk(offer.counsellor_id, offer.epoch)
            case m.HangUp():
                await self._quietly(services.ari.hangup(self.channel_id, "normal"))
            case m.ToSafetyNet():
                await self._quietly(services.ari.move_to_dialplan(self.channel_id, SAFETY_NET))
            case m.Note(kind=kind, detail=detail):
                if kind in _KEYS:
                    metrics.keys_total.labels(what=_KEYS[kind]).inc()
                elif kind == "rescued":
                    metrics.rescues_total.inc()
                services.contacts.note(self.contact_id, kind, detail)
            case m.Finish(outcome=outcome):
                metrics.outcomes_total.labels(outcome=str(outcome)).inc()
                services.contacts.ended(self.contact_id, outcome)
                services.contacts.note(self.contact_id, "outcome", {"outcome": str(outcome)})

    async def clear(self) -> None:
        """The call is over: no timer, bridge or leg is left behind."""
        for timer in list(self._timers):
            self._stop_timer(timer)
        for leg in self.legs.values():
            if not leg.gone and not leg.dropped:
                leg.drop(elsewhere=False)
        for bridge_id in self._bridges:
            await self._quietly(self._services.ari.destroy_bridge(bridge_id))

    def _playback_id(self, number: int) -> str:
        return f"play-{self.contact_id}-{number}"

    async def _play(self, command: m.Play) -> None:
        playback_id = self._playback_id(command.number)
        self._attach(playback_id)
        media = [self._services.catalogue.media(prompt, self.language) for prompt in command.prompts]
        try:
            if command.in_bridge:
                await self._services.ari.play_on_bridge(self.hold_bridge, media, playback_id)
            else:
                await self._services.ari.play_on_channel(self.channel_id, media, playback_id)
        except AriError as error:
            log.warning("prompt_not_played", prompts=command.prompts, status=error.status)
            self._post(m.PlaybackDone(number=command.number))

    def _start_timer(self, timer: m.Timer, seconds: float) -> None:
        self._stop_timer(timer)
        loop = asyncio.get_running_loop()
        self._timers[timer] = loop.call_later(seconds, self._fire, timer)

    def _fire(self, timer: m.Timer) -> None:
        self._timers.pop(timer, None)
        self._post(m.TimerFired(timer=timer))

    def _stop_timer(self, timer: m.Timer) -> None:
        if handle := self._timers.pop(timer, None):
            handle.cancel()

    async def _hold(self) -> None:
        try:
            await self._bridge(self.hold_bridge, "holding")
            # A holding bridge plays the default music to whom it holds. Music started over ARI would take the place of the one
            # announcer that such a bridge may have, and no comfort message could be said (measured on 22.10.1).
            await self._services.ari.add_to_bridge(self.hold_bridge, self.channel_id)
        except AriError as error:
            log.error("caller_not_held", status=error.status, reason=error.reason)
            self._services.contacts.note(self.contact_id, "music_failed")

    async def _bridge(self, bridge_id: str, kind: Literal["mixing", "holding"]) -> None:
        if bridge_id not in self._bridges:
            self._bridges.add(bridge_id)
            await self._services.ari.create_bridge(bridge_id, kind, bridge_id)

    async def _seat(self, leg_id: str) -> None:
        try:
            await self._bridge(self.talk_bridge, "mixing")
            await self._services.ari.add_to_bridge(self.talk_bridge, leg_id)
            self._seated.add(leg_id)
            await self._services.ari.start_bridge_music(self.talk_bridge, MUSIC)
            self._music_in_talk = True
        except AriError as error:
            # The connection is tried again when the caller is ready.
            log.warning("counsellor_not_seated", leg_id=leg_id, status=error.status)

    async def _connect(self, leg_id: str, offer: Offer | None) -> None:
        services = self._services
        if offer is not None and not await services.router.answered(offer):
            log.warning("reservation_lost", leg_id=leg_id)
            self._post(m.ConnectFailed(leg_id=leg_id))
            return
        try:
            await self._bridge(self.talk_bridge, "mixing")
            if self._music_in_talk:
                self._music_in_talk = False
                await services.ari.stop_bridge_music(self.talk_bridge)
            if leg_id not in self._seated:
                await services.ari.add_to_bridge(self.talk_bridge, leg_id)
            await services.ari.add_to_bridge(self.talk_bridge, self.channel_id)
        except AriError as error:
            log.warning("not_connected", leg_id=leg_id, status=error.status, reason=error.reason)
            self._post(m.ConnectFailed(leg_id=leg_id))
            return
        if offer is not None:
            metrics.offers_total.labels(result="answered").inc()
            now = services.clock.now()
            if self._joined_since is not None and not self._answered:
                metrics.wait_seconds.observe(max(0.0, (now - self._joined_since).total_seconds()))
            self._answered = True
            services.contacts.talking(self.contact_id, offer.counsellor_id, now)
        self._post(m.Connected(leg_id=leg_id, at=services.clock.monotonic()))

    async def _quietly(self, operation: Awaitable[object]) -> None:
        """Run an operation whose failure changes nothing: gone already, or found by the next comparison."""
        try:
            await operation
        except AriError as error:
            log.info("operation_failed", operation=error.operation, status=error.status)

"""The hands of one call: carries out what the state machine asks for, over ARI."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal
from uuid import UUID

import structlog

from core import metrics
from ivr import call_model as m
from ivr.ari import AriError, Channel, Conflict, Event, NotFound
from ivr.call_model import Call, Command, Happening
from ivr.commands import BookCommand, CrisisCommand, PartnerCommand, StageCommand
from ivr.crisis_books import CrisisBooks
from ivr.crisis_stage import CrisisStage
from ivr.legs import Leg
from ivr.line_books import LineBooks
from ivr.outside import is_outside
from ivr.services import Message, Services
from ivr.shown import shown_as
from ivr.voice import SETTING, TALK_DETECT
from routing.contacts import LiveContact
from routing.model import Offer, OfferResult

log = structlog.get_logger()

#: Dialplan context that rings counsellors without this program.
SAFETY_NET = "safety-net"
MUSIC = "waiting"
#: A playback that has not ended so long after its time has lost its end event; nobody is to hear nothing for longer.
END_LOST_S = 4.0
#: How long a prompt may take that is not in the manifest.
UNKNOWN_S = 12.0


def _telling(leg_id: str) -> str:
    return f"tell-{leg_id}"


class Stage:
    """Owns the call's bridges, playbacks, timers and legs in Asterisk. Their ids are made from the contact's id."""

    def __init__(self, contact_id: UUID, channel_id: str, language: str, services: Services, attach: Callable[[str], None]) -> None:
        self.contact_id = contact_id
        self.channel_id = channel_id
        self.legs: dict[str, Leg] = {}
        self.hold_bridge = f"hold-{contact_id}"
        self.talk_bridge = f"talk-{contact_id}"
        self._services = services
        self._attach = attach
        self._inbox: Callable[[Message], None] = lambda _: None
        self._bridges: set[str] = set()
        #: Legs in the talk bridge.
        self.seated: set[str] = set()
        #: Legs that something is said to.
        self._told: set[str] = set()
        self._music_in_talk = False
        #: How long what was played last takes.
        self._playing_s = 0.0
        self._timers: dict[m.Timer, asyncio.TimerHandle] = {}
        self.books = LineBooks(contact_id, language, services, self._post)
        self.crisis = CrisisBooks(contact_id, services, self._post)
        self.partners = CrisisStage(self, services, attach, self._post)

    def post_to(self, inbox: Callable[[Message], None]) -> None:
        """Where happenings go."""
        self._inbox = inbox

    @property
    def deadlines(self) -> frozenset[m.Timer]:
        """Timers that run."""
        return frozenset(self._timers)

    def resume(self, *, bridges: set[str], row: LiveContact) -> None:
        """After a restart: what already exists in Asterisk, and what the rows know."""
        self._bridges |= bridges
        # Whether the counsellor's music plays there is not known.
        self._music_in_talk = self.talk_bridge in bridges
        self.books.resume(row)

    def _post(self, happening: Happening) -> None:
        self._inbox(happening)

    def ring(self, offer: Offer, call: Call) -> None:
        """Ring a reserved counsellor; their phone shows what kind of call it is."""
        self._post(m.OfferGranted(offer=offer))
        self.ring_leg(offer, call)

    def ring_leg(self, offer: Offer, call: Call) -> None:
        """Ring the counsellor of an offer that the call knows of already."""
        self._services.leg_book.made(offer.leg_id, self.contact_id, "counsellor", offer.counsellor_id)
        self.leg(offer.leg_id).ring(
            endpoint=f"PJSIP/{offer.extension}",
            timeout_s=self._services.flow.ring_timeout_s,
            call_id=str(self.contact_id),
            originator=self.channel_id,
            caller_id=shown_as(self._services.caller_id, call),
        )

    def _ring_outside(self, target: int, leg_id: str) -> None:
        """Ring one of the standby list, or the partner line; who can't be rung now is down at once."""
        services = self._services
        destination = services.standby.take(target, leg_id)
        if destination is None:
            self._post(m.LegDown(leg_id=leg_id, result=OfferResult.BUSY))
            return
        whom = "partner" if services.standby.plan.is_partner(target) else "standby"
        services.contacts.note(self.contact_id, "outside_rung", {"whom": whom})
        services.leg_book.made(leg_id, self.contact_id, whom)
        leg = self.leg(leg_id)
        leg.on_gone = lambda: services.standby.give_back(leg_id)
        leg.ring(
            endpoint=destination,
            timeout_s=services.standby.plan.ring_s,
            call_id=str(self.contact_id),
            originator=self.channel_id,
            caller_id=services.standby.caller_id,
        )

    async def _say_to_leg(self, leg_id: str, prompts: tuple[str, ...]) -> None:
        self._told.add(leg_id)
        self._attach(_telling(leg_id))
        media = [self._services.catalogue.media(prompt, "ko") for prompt in prompts]
        try:
            if media:
                await self._services.ari.play_on_channel(leg_id, media, _telling(leg_id))
                return
        except AriError as error:
            log.warning("prompt_not_played", prompts=prompts, status=error.status)
        self._post(m.LegSaid(leg_id=leg_id))

    def said_to_leg(self, playback_id: str) -> m.LegSaid | None:
        """What was said to a leg has ended."""
        leg_id = playback_id.removeprefix(_telling(""))
        return m.LegSaid(leg_id=leg_id) if leg_id != playback_id and leg_id in self.legs else None

    def adopt_leg(self, leg_id: str, *, up: bool) -> None:
        """A leg that an earlier run of this program made."""
        self.leg(leg_id).up = up

    def leg(self, leg_id: str) -> Leg:
        """A leg of this call, made when it is asked for first."""
        if leg_id not in self.legs:
            # The mailbox stands before the request: events may overtake the reply.
            self._attach(leg_id)
            self.legs[leg_id] = Leg(leg_id, self._services, self._post)
        return self.legs[leg_id]

    def leg_event(self, event: Event) -> bool:
        """Give an event to the leg it is about, if it is about one."""
        if self.partners.event(event):
            return True
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
        if isinstance(command, BookCommand):
            self.books.do(command)
        elif isinstance(command, CrisisCommand):
            self.crisis.do(command)
        elif isinstance(command, PartnerCommand):
            await self.partners.do(command)
        else:
            await self._telephone(command)

    async def _telephone(self, command: StageCommand) -> None:
        services = self._services
        match command:
            case m.Play():
                await self._play(command)
            case m.StopPlay(number=number):
                await self._quietly(services.ari.stop_playback(self._playback_id(number)))
            case m.Start(timer=m.Timer.PLAYBACK, seconds=seconds):
                self._start_timer(m.Timer.PLAYBACK, min(seconds, self._playing_s + END_LOST_S))
            case m.Start(timer=timer, seconds=seconds):
                self._start_timer(timer, seconds)
            case m.Stop(timer=timer):
                self._stop_timer(timer)
            case m.Listen():
                await self._quietly(services.ari.set_variable(self.channel_id, TALK_DETECT, SETTING))
            case m.HoldCaller():
                await self._hold()
            case m.DialDesk(key=key, leg_id=leg_id):
                flow = services.flow
                services.leg_book.made(leg_id, self.contact_id, "dasan")
                self.leg(leg_id).ring(
                    endpoint=flow.dasan[key],
                    timeout_s=flow.transfer.ring_timeout_s,
                    call_id=str(self.contact_id),
                    originator=self.channel_id,
                )
            case m.RingOutside(target=target, leg_id=leg_id):
                self._ring_outside(target, leg_id)
            case m.SayToLeg(leg_id=leg_id, prompts=prompts):
                await self._say_to_leg(leg_id, prompts)
            case m.Seat(leg_id=leg_id):
                await self._seat(leg_id)
            case m.Connect(leg_id=leg_id, offer=offer):
                await self._connect(leg_id, offer)
            case m.Reconnect(leg_id=leg_id):
                await self._reconnect(leg_id)
            case m.DropLeg(leg_id=leg_id, elsewhere=elsewhere):
                self.leg(leg_id).drop(elsewhere=elsewhere)
            case m.CloseOffer(offer=offer, result=result):
                metrics.offers_total.labels(result=str(result)).inc()
                await services.router.close(offer, result)
            case m.EndTalk(offer=offer, heavy=heavy, wrapup=wrapup):
                await services.router.end_talk(offer.counsellor_id, offer.epoch, heavy=heavy, wrapup=wrapup)
            case m.HangUp():
                await self._quietly(services.ari.hangup(self.channel_id, "normal"))
            case m.ToSafetyNet():
                await self._quietly(services.ari.move_to_dialplan(self.channel_id, SAFETY_NET))
            case m.SendOn(channel_id=channel_id):
                services.switchboard.detach(channel_id)
                await self._quietly(services.ari.move_to_dialplan(channel_id, SAFETY_NET))

    async def clear(self) -> None:
        """The call is over: no timer, bridge or leg is left behind."""
        self.crisis.over = True
        for timer in list(self._timers):
            self._stop_timer(timer)
        for leg in self.legs.values():
            if not leg.gone and not leg.dropped:
                leg.drop(elsewhere=False)
        for bridge_id in list(self._bridges):
            await self._quietly(self._services.ari.destroy_bridge(bridge_id))

    def _playback_id(self, number: int) -> str:
        return f"play-{self.contact_id}-{number}"

    async def _play(self, command: m.Play) -> None:
        playback_id = self._playback_id(command.number)
        self._attach(playback_id)
        catalogue, language = self._services.catalogue, self.books.language
        media = [catalogue.media(prompt, language) for prompt in command.prompts]
        self._playing_s = sum(catalogue.seconds(prompt, language) or UNKNOWN_S for prompt in command.prompts)
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
        known = self.hold_bridge in self._bridges
        try:
            await self.bridge(self.hold_bridge, "holding")
            # A holding bridge plays the default music to whom it holds. Music started over ARI would take the place of the one
            # announcer that such a bridge may have, and no comfort message could be said (measured on 22.10.1).
            await self._services.ari.add_to_bridge(self.hold_bridge, self.channel_id)
        except AriError as error:
            self._bridges.discard(self.hold_bridge)
            if known:
                # It may be the bridge that is gone: once more with a new one.
                await self._hold()
                return
            log.error("caller_not_held", status=error.status, reason=error.reason)
            self._post(m.HoldFailed())
        else:
            self._post(m.Held())

    async def bridge(self, bridge_id: str, kind: Literal["mixing", "holding"]) -> None:
        """Make a bridge, if it is not there as far as we know. Raises `AriError`."""
        if bridge_id not in self._bridges:
            # Conflict: there is one with our id, so it is ours.
            with contextlib.suppress(Conflict):
                # Its name says whose it is: another worker's empty bridges are not ours to destroy.
                await self._services.ari.create_bridge(bridge_id, kind, self._services.ari.app)
            self._bridges.add(bridge_id)

    async def _seat(self, leg_id: str) -> None:
        try:
            await self.bridge(self.talk_bridge, "mixing")
            await self._services.ari.add_to_bridge(self.talk_bridge, leg_id)
            self.seated.add(leg_id)
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
            await self.bridge(self.talk_bridge, "mixing")
            await self.hush(leg_id)
            if leg_id not in self.seated:
                await services.ari.add_to_bridge(self.talk_bridge, leg_id)
            await services.ari.add_to_bridge(self.talk_bridge, self.channel_id)
        except AriError as error:
            log.warning("not_connected", leg_id=leg_id, status=error.status, reason=error.reason)
            if not self.partners.talk:
                # Whoever comes next must not find this one there: its hang-up may be lost as well.
                await self._quietly(services.ari.destroy_bridge(self.talk_bridge))
                self._bridges.discard(self.talk_bridge)
                self.seated.clear()
            self._post(m.ConnectFailed(leg_id=leg_id))
            return
        if offer is not None:
            self.books.talking(offer)
        elif is_outside(leg_id):
            self.books.talking_outside()
        self._post(m.Connected(leg_id=leg_id, at=services.clock.monotonic()))

    async def caller_is(self, leg_id: str) -> None:
        """Who answered this leg is the caller from now on: its events are theirs."""
        await self.hush(leg_id)
        if self.legs.pop(leg_id, None) is None:
            # Not a leg of ours that says whose it is: they have dialled again.
            self._services.contacts.channel(self.contact_id, leg_id)
        self.channel_id = leg_id

    def forget_bridge(self) -> None:
        """The talk bridge is gone, it seems: the next who needs it makes it."""
        self._bridges.discard(self.talk_bridge)

    async def hush(self, leg_id: str) -> None:
        """What still plays to the leg would hold the request up, and the music of the talk bridge is for those who wait there."""
        if leg_id in self._told:
            self._told.discard(leg_id)
            await self._quietly(self._services.ari.stop_playback(_telling(leg_id)))
        if self._music_in_talk:
            self._music_in_talk = False
            # After a restart it is not known whether it plays: 409 where it does not (measured on 22.10.1).
            with contextlib.suppress(Conflict, NotFound):
                await self._services.ari.stop_bridge_music(self.talk_bridge)

    async def _reconnect(self, leg_id: str) -> None:
        """Both into the talk bridge again, wherever they are."""
        self._bridges.discard(self.talk_bridge)
        try:
            await self.bridge(self.talk_bridge, "mixing")
            for channel_id in (leg_id, self.channel_id):
                await self._services.ari.add_to_bridge(self.talk_bridge, channel_id)
        except AriError as error:
            log.warning("not_reconnected", leg_id=leg_id, status=error.status, reason=error.reason)

    async def _quietly(self, operation: Awaitable[object]) -> None:
        """Run an operation whose failure changes nothing: gone already, or found by the next comparison."""
        try:
            await operation
        except AriError as error:
            log.info("operation_failed", operation=error.operation, status=error.status)

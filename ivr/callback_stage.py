"""The hands of one call-back before the talk: its two legs, what is heard on either, its deadlines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from uuid import UUID

import structlog

from core import metrics
from ivr import happenings as h
from ivr.ari import AriError, Event, Mailbox, PlaybackFinished
from ivr.callback_call import person_leg
from ivr.legs import Leg
from ivr.outbound import NumberNotAllowed, Purpose
from ivr.phases import Timer
from ivr.services import Message, Services
from ivr.shown import with_word
from ivr.stage import MUSIC
from routing.callback_model import Due
from routing.model import Offer, OfferResult

log = structlog.get_logger()

#: What the counsellor's phone shows after the service's name.
SHOWN = "콜백"
#: How long a sentence to the counsellor takes when nobody knows.
SENTENCE_S = 4.0


class CallbackStage:
    """Owns legs, talk bridge, playbacks and timers; their ids are made from the contact's id."""

    def __init__(self, due: Due, contact_id: UUID, mailbox: Mailbox[Message], services: Services, *, language: str) -> None:
        """`language`: what the counsellor hears."""
        self.contact_id = contact_id
        self.talk_bridge = f"talk-{contact_id}"
        #: The talk bridge is there.
        self.bridged = False
        #: A phone was rung.
        self.rang = False
        self.legs: dict[str, Leg] = {}
        self._due = due
        self._mailbox = mailbox
        self._services = services
        self._language = language
        self._owned: list[str] = []
        self._timers: dict[Timer, asyncio.TimerHandle] = {}
        #: What the counsellor hears in the bridge before the music; "" once nothing is to be heard there.
        self._telling = ""
        self._releases: list[asyncio.Task[None]] = []

    def read(self, message: Message) -> h.Happening | None:
        """What a message means to the call-back; events of a leg come back from it as happenings."""
        if not isinstance(message, Event):
            return message
        for subject in message.subjects:
            if leg := self.legs.get(subject):
                leg.handle(message)
                return None
        if isinstance(message, PlaybackFinished):
            if message.playback.id == self._telling:
                self._services.spawn(self._music(), f"music {self.contact_id}")
            elif message.playback.id.startswith("ask-"):
                return h.PlaybackDone(number=int(message.playback.id.rpartition("-")[2]))
        return None

    # --- legs ----------------------------------------------------------------------------------------------------------

    def ring_counsellor(self, offer: Offer) -> None:
        """Ring the reserved counsellor."""
        self.rang = True
        self._services.leg_book.made(offer.leg_id, self.contact_id, "counsellor", offer.counsellor_id)
        self._leg(offer.leg_id).ring(
            endpoint=f"PJSIP/{offer.extension}",
            timeout_s=self._services.flow.ring_timeout_s,
            call_id=str(self.contact_id),
            originator="",
            caller_id=with_word(self._services.caller_id, SHOWN),
        )

    def ring_person(self, timeout_s: float) -> None:
        """Dial the person, if the number may be dialled."""
        services, leg_id = self._services, person_leg(str(self.contact_id))
        try:
            destination = services.outbound.destination(self._due.number, Purpose.CALLBACK)
        except NumberNotAllowed:
            self._mailbox.put(h.LegDown(leg_id=leg_id, result=OfferResult.UNREACHABLE))
            return
        self.rang = True
        services.leg_book.made(leg_id, self.contact_id, "person")
        self._leg(leg_id).ring(
            endpoint=destination,
            timeout_s=timeout_s,
            call_id=str(self.contact_id),
            originator="",
            caller_id=services.outbound.caller_id(Purpose.CALLBACK),
        )

    def drop(self, leg_id: str, *, elsewhere: bool = False) -> None:
        """Hang a leg up, if it was made."""
        if leg := self.legs.get(leg_id):
            leg.drop(elsewhere=elsewhere)

    def _leg(self, leg_id: str) -> Leg:
        # The mailbox stands before the request: events may overtake the reply.
        self._attach(leg_id)
        return self.legs.setdefault(leg_id, Leg(leg_id, self._services, self._mailbox.put))

    # --- what the counsellor hears -------------------------------------------------------------------------------------

    async def seat(self, leg_id: str) -> None:
        """The counsellor into the talk bridge: what this is, then music."""
        ari, self._telling = self._services.ari, f"tell-{self.contact_id}-0"
        try:
            self.bridged = True
            await ari.create_bridge(self.talk_bridge, "mixing", ari.app)
            await ari.add_to_bridge(self.talk_bridge, leg_id)
            self._attach(self._telling)
            await ari.play_on_bridge(
                self.talk_bridge, [self._services.catalogue.media("callback_counsellor", self._language)], self._telling
            )
        except AriError as error:
            # The connection is made later all the same.
            log.warning("counsellor_not_seated", leg_id=leg_id, status=error.status)

    async def _music(self) -> None:
        if self._telling:
            await self.quietly(self._services.ari.start_bridge_music(self.talk_bridge, MUSIC))

    async def silence(self) -> None:
        """Nothing more is heard in the talk bridge."""
        telling, self._telling = self._telling, ""
        if telling:
            await self.quietly(self._services.ari.stop_playback(telling))
            await self.quietly(self._services.ari.stop_bridge_music(self.talk_bridge))

    def release(self, offer: Offer) -> None:
        """Tell the counsellor that it came to nothing, hang up, set them free; `clear` waits for it."""
        self._releases.append(self._services.spawn(self._release(offer), f"release {offer.leg_id}"))

    async def released(self) -> None:
        """The counsellor has heard it, and is free."""
        for release in self._releases:
            await release

    async def _release(self, offer: Offer) -> None:
        prompt, services = "callback_not_reached", self._services
        await self.silence()
        media = services.catalogue.media(prompt, self._language)
        await self.quietly(services.ari.play_on_bridge(self.talk_bridge, [media], f"told-{self.contact_id}-0"))
        await asyncio.sleep((services.catalogue.seconds(prompt, self._language) or SENTENCE_S) + 0.3)
        self.drop(offer.leg_id)
        metrics.offers_total.labels(result=str(OfferResult.WITHDRAWN)).inc()
        await services.router.close(offer, OfferResult.WITHDRAWN)

    # --- what the person hears -----------------------------------------------------------------------------------------

    async def say(self, number: int, prompts: tuple[str, ...]) -> None:
        """Say something at the person's phone; its end is a happening."""
        playback_id = self._saying(number)
        self._attach(playback_id)
        media = self._services.catalogue.sequence(prompts, self._due.language)
        try:
            await self._services.ari.play_on_channel(person_leg(str(self.contact_id)), media, playback_id)
        except AriError as error:
            log.warning("prompt_not_played", prompts=prompts, status=error.status)
            self._mailbox.put(h.PlaybackDone(number=number))

    async def stop_saying(self, number: int) -> None:
        """Stop that."""
        await self.quietly(self._services.ari.stop_playback(self._saying(number)))

    def _saying(self, number: int) -> str:
        return f"ask-{self.contact_id}-{number}"

    # --- time, and the end ---------------------------------------------------------------------------------------------

    def start(self, timer: Timer, seconds: float) -> None:
        """Start a deadline."""
        self.stop(timer)
        self._timers[timer] = asyncio.get_running_loop().call_later(seconds, self._fire, timer)

    def stop(self, *timers: Timer) -> None:
        """Stop deadlines; without a name, all."""
        for timer in timers or tuple(self._timers):
            if handle := self._timers.pop(timer, None):
                handle.cancel()

    def _fire(self, timer: Timer) -> None:
        self._timers.pop(timer, None)
        self._mailbox.put(h.TimerFired(timer=timer))

    async def clear(self) -> None:
        """Nothing is left behind: the counsellor has heard it, legs are hung up, the bridge is gone."""
        self.stop()
        await self.released()
        for leg in self.legs.values():
            if not leg.gone:
                leg.drop(elsewhere=False)
        if self.bridged:
            await self.quietly(self._services.ari.destroy_bridge(self.talk_bridge))

    def detach(self) -> None:
        """No event comes here any more."""
        for object_id in self._owned:
            if self._services.switchboard.owner(object_id) is self._mailbox:
                self._services.switchboard.detach(object_id)

    def _attach(self, object_id: str) -> None:
        self._owned.append(object_id)
        self._services.switchboard.attach(object_id, self._mailbox)

    async def quietly(self, operation: Awaitable[object]) -> None:
        """Run an operation whose failure changes nothing."""
        try:
            await operation
        except AriError as error:
            log.info("operation_failed", operation=error.operation, status=error.status)

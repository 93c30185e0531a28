"""All calls of this worker: claims new ones, gives each an actor, and is the router's telephone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog

from core import metrics
from core.errors import DatabaseConflict, DatabaseError
from core.ids import new_id
from core.phone import Number, normalise
from escalation.happenings import CallerBack
from escalation.model import Incident
from ivr import call_model as m
from ivr.actor import CallActor
from ivr.ari import AriError, CallBroadcast, Channel, Event, Mailbox, OutcomeUnknown, StasisEnd, StasisStart
from ivr.call_model import Call, Phase
from ivr.crisis_recovery import back_in, crisis_of
from ivr.picture import known_of
from ivr.services import Message, Services
from ivr.stage import SAFETY_NET
from routing.contacts import LiveContact
from routing.model import ContactState, Offer, OfferResult, OverflowReason

log = structlog.get_logger()

#: After a won claim, StasisStart follows within milliseconds.
STASIS_START_S = 5.0


class Ringable(Protocol):
    """Has a contact in the line, and is told when a counsellor is reserved for it."""

    @property
    def offer(self) -> Offer | None:
        """The reserved counsellor."""

    def ring(self, offer: Offer) -> None:
        """A counsellor is reserved. Must not block."""

    def post(self, happening: m.Happening) -> None:
        """Let something happen to it."""


def numbers_from(contact: LiveContact, at: datetime) -> int:
    """Where prompts and legs are numbered from when a call is taken up again: beyond what an earlier run can have used (about one a second).

    A number that comes twice names a prompt that still plays, or a leg whose end has been seen.
    """
    return 1000 + max(0, int((at - contact.entered_at).total_seconds()))


class Calls:
    """Owns the actors. `accepting` says whether new calls are claimed; the dialplan takes care of those that are not."""

    def __init__(
        self,
        services: Services,
        *,
        accepting: Callable[[], bool],
        desk: Callable[[StasisStart], Awaitable[None]],
        other: Callable[[Event], None],
        language: str,
    ) -> None:
        """`desk` serves counsellors' codes; `other` gets events that belong to no call (phones, devices)."""
        self._services = services
        self._accepting = accepting
        self._desk = desk
        self._other = other
        self._language = language
        self._actors: dict[UUID, CallActor] = {}
        #: Call-backs whose person is not on the line yet.
        self._callbacks: dict[UUID, Ringable] = {}
        #: Channels that are being taken in, so that nobody takes them for orphans.
        self._arriving: set[str] = set()

    @property
    def actors(self) -> Mapping[UUID, CallActor]:
        """Live calls."""
        return self._actors

    @property
    def callbacks(self) -> Collection[UUID]:
        """Contacts of call-backs whose person is not on the line yet; they have no actor here."""
        return self._callbacks.keys()

    def join_callback(self, contact_id: UUID, callback: Ringable) -> None:
        """A call-back is in the line."""
        self._callbacks[contact_id] = callback

    def leave_callback(self, contact_id: UUID) -> None:
        """It is over, or an ordinary call from now on; unknown ones are fine."""
        self._callbacks.pop(contact_id, None)

    @property
    def arriving(self) -> frozenset[str]:
        """Channels that are being claimed or greeted."""
        return frozenset(self._arriving)

    # --- from Asterisk -------------------------------------------------------------------------------------------------

    def on_event(self, event: Event) -> None:
        """Events that belong to no call yet. Never blocks."""
        match event:
            case CallBroadcast(channel=channel) if self._accepting():
                self._take_in(channel.id, claim=True)
            case StasisStart(channel=channel) if event.args and event.args[0] != "leg":
                self._take_in(channel.id, claim=False).put(event)
            case _:
                self._other(event)

    def _take_in(self, channel_id: str, *, claim: bool) -> Mailbox[Message]:
        mailbox: Mailbox[Message] = Mailbox(channel_id)
        self._services.switchboard.attach(channel_id, mailbox)
        self._arriving.add(channel_id)
        self._services.spawn(self._arrive(channel_id, mailbox, claim=claim), f"call {channel_id}")
        return mailbox

    async def _arrive(self, channel_id: str, mailbox: Mailbox[Message], *, claim: bool) -> None:
        services = self._services
        try:
            if claim and not await self._claimed(channel_id):
                return
            start = await self._stasis_start(mailbox)
            if start is None:
                return
            if start.args[0] == "desk":
                # The desk call has a mailbox of its own.
                services.switchboard.detach(channel_id)
                await self._desk(start)
            elif start.args[0] == "call":
                await self._caller(start, mailbox)
            else:
                log.warning("unknown_stasis_arguments", count=len(start.args))
                await services.ari.move_to_dialplan(channel_id, SAFETY_NET)
        except AriError as error:
            # The caller is in the dialplan (not claimed) or found by the next comparison with Asterisk's channels.
            log.error("call_not_taken_in", status=error.status, reason=error.reason)
        finally:
            self._arriving.discard(channel_id)
            if services.switchboard.owner(channel_id) is mailbox:
                services.switchboard.detach(channel_id)

    async def _claimed(self, channel_id: str) -> bool:
        try:
            return await self._services.ari.claim(channel_id)
        except OutcomeUnknown:
            # If we have it, its StasisStart is here, or will be in a moment.
            return True

    async def _stasis_start(self, mailbox: Mailbox[Message]) -> StasisStart | None:
        try:
            async with asyncio.timeout(STASIS_START_S):
                while True:
                    event = await mailbox.get()
                    if isinstance(event, StasisStart):
                        return event
                    if isinstance(event, StasisEnd):
                        return None
        except TimeoutError:
            log.warning("no_stasis_start")
            return None

    async def _caller(self, start: StasisStart, mailbox: Mailbox[Message]) -> None:
        """A person is on the line: the books first, then a voice."""
        _, entry, dialled, presentation, *_ = (*start.args, "", "", "", "")
        channel = start.channel
        number = normalise("" if presentation.startswith("prohib") else channel.caller_number)
        contact_id = new_id()
        direct = entry != "menu"
        services = self._services
        if waiting := self._waits_for(number):
            await self._again(waiting, channel, mailbox)
            return
        at = services.clock.now()

        async def enter() -> bool:
            return await services.contacts.enter(
                contact_id,
                channel_id=channel.id,
                entry=entry,
                dialled=dialled,
                language=self._language,
                number=number,
                at=at,
                state=ContactState.WAITING if direct else ContactState.MENU,
            )

        try:
            row, earlier = (None, None) if await enter() else await self._returned(channel.id, contact_id, number, at, enter)
            left = await services.contacts.last_offers([row.id]) if row else {}
        except DatabaseError:
            log.error("call_not_written")
            await services.ari.move_to_dialplan(channel.id, SAFETY_NET)
            return
        crisis = None
        if row is None and number.e164 and (crisis := await self._dropped(contact_id)) is not None:
            direct = True
        if row is not None:
            contact_id, direct = row.id, True
            crisis = await crisis_of(contact_id, services, earlier=earlier)
            services.contacts.note(contact_id, "back_from_safety_net")
            services.contacts.state(contact_id, ContactState.WAITING)
            for offer in left.values():
                services.spawn(self.give_back(offer), f"give back {offer.leg_id}")
        services.leg_book.made(channel.id, contact_id, "caller")
        services.leg_book.answered(channel.id)
        metrics.calls_entered_total.labels(entry="direct" if direct else "menu").inc()
        if channel.state != "Up":
            try:
                await services.ari.answer(channel.id)
            except AriError as error:
                # Most likely it happened, or else the caller hears us nevertheless (early media) and the comparison answers.
                log.warning("call_not_answered", call_id=str(contact_id), status=error.status, reason=error.reason)
        new = Call(id=str(contact_id), language=self._language, number=None if number.withheld else number.e164)
        known = replace(known_of(row), plays=numbers_from(row, at)) if row else new
        call = replace(known, phase=Phase.WAITING if direct else Phase.MENU)
        if crisis is not None:
            call = back_in(call, crisis, alone=row is None)
            services.contacts.lane(contact_id, call.lane)
        actor = CallActor(call, contact_id, channel.id, call.language, mailbox, services)
        if row is not None:
            actor.stage.resume(bridges=set(), row=row)
        if crisis is not None:
            actor.stage.crisis.resume(crisis)
            if crisis.caller_gone_at is not None:
                services.incidents.note(crisis.id, CallerBack())
        await self.run(actor, m.Entered(direct=direct))

    def _waits_for(self, number: Number) -> CallActor | None:
        """The call of somebody who dropped out of a crisis, and whose counsellor and partner are still there."""
        known = None if number.withheld else number.e164
        calls = self._actors.values() if known else ()
        return next((actor for actor in calls if actor.call.phase is Phase.LEFT and actor.call.number == known), None)

    async def _again(self, actor: CallActor, channel: Channel, mailbox: Mailbox[Message]) -> None:
        """They have dialled again: the same call. Its timeline and this leg say so; there is no other contact."""
        if channel.state != "Up":
            await self._services.ari.answer(channel.id)
        self._services.leg_book.made(channel.id, actor.contact_id, "caller")
        self._services.leg_book.answered(channel.id)
        actor.take_in(channel.id, mailbox)

    async def _dropped(self, contact_id: UUID) -> Incident | None:
        """The crisis that this caller dropped out of some time ago: they are in it again, and past the menu."""
        services = self._services
        if (earlier := await services.incidents.dropped(contact_id)) is None:
            return None
        if (crisis := await crisis_of(contact_id, services, earlier=earlier)) is not None:
            services.contacts.note(contact_id, "continues", {"contact": str(earlier)})
            services.contacts.state(contact_id, ContactState.WAITING)
        return crisis

    async def _returned(
        self, channel_id: str, contact_id: UUID, number: Number, at: datetime, enter: Callable[[], Awaitable[bool]]
    ) -> tuple[LiveContact, UUID | None]:
        """Back from the dialplan, or from a worker that is no more: with the place they had. Raises `DatabaseError`.

        If their contact has ended meanwhile (nobody saw that they live on), another one, `contact_id`, goes on from there: then also the
        id of the one that has ended.
        """
        contacts = self._services.contacts
        if (row := await contacts.take(channel_id)) is not None:
            return row, None
        ended = await contacts.part(channel_id)
        if ended is None or not await enter():
            raise DatabaseConflict("the contact of a channel has changed meanwhile")
        contacts.note(contact_id, "continues", {"contact": str(ended.id)})
        row = replace(
            ended,
            id=contact_id,
            channel_id=channel_id,
            state=ContactState.WAITING,
            entered_at=at,
            queued_at=None,
            answered_at=None,
            virtual_start=ended.virtual_start or ended.queued_at,
            number=None if number.withheld else number.e164,
        )
        contacts.language(contact_id, row.language)
        contacts.lane(contact_id, row.lane)
        contacts.promised(contact_id, row.promised_until, row.promised_place)
        return row, ended.id

    async def give_back(self, offer: Offer) -> None:
        """The counsellor of a leg whose end nobody saw: it rang, or was talked with; what does not fit changes nothing."""
        await self._services.router.close(offer, OfferResult.FAILED)
        await self._services.router.end_talk(offer.counsellor_id, offer.epoch)

    async def run(self, actor: CallActor, first: m.Happening) -> None:
        """Give a call its actor until it is over."""
        self._actors[actor.contact_id] = actor
        self._arriving.discard(actor.channel_id)
        try:
            await actor.run(first)
        except Exception:
            # A fault of ours: the dialplan reaches a human without us.
            self._services.contacts.note(actor.contact_id, "program_fault")
            # Not ours any more: the comparison must not take it up again.
            self._services.contacts.state(actor.contact_id, ContactState.SAFETY_NET)
            await self._services.ari.move_to_dialplan(actor.channel_id, SAFETY_NET)
            raise
        finally:
            # A caller who was away for a moment may have another actor by now.
            if self._actors.get(actor.contact_id) is actor:
                del self._actors[actor.contact_id]
                self._services.router.leave(actor.contact_id)

    # --- the router's telephone ----------------------------------------------------------------------------------------

    def ring(self, offer: Offer) -> None:
        """Ring the reserved counsellor for the contact."""
        actor = self._callbacks.get(offer.contact_id) or self._actors.get(offer.contact_id)
        if actor is None or (isinstance(actor, CallActor) and actor.over):
            self._services.spawn(self._services.router.close(offer, OfferResult.WITHDRAWN), "offer withdrawn")
        else:
            actor.ring(offer)

    def open_offers(self) -> list[Offer]:
        """See `routing.ports.Telephony`."""
        calls = [actor.call.offer for actor in self._actors.values() if actor.call.phase in (Phase.WAITING, Phase.PARTNER)]
        return [offer for offer in (*calls, *(callback.offer for callback in self._callbacks.values())) if offer is not None]

    def reservation_lost(self, offer: Offer) -> None:
        """See `routing.ports.Telephony`."""
        if actor := self._callbacks.get(offer.contact_id) or self._actors.get(offer.contact_id):
            actor.post(m.ConnectFailed(leg_id=offer.leg_id))

    def overflow(self, contact_id: UUID, reason: OverflowReason) -> None:
        """Standby list and partner line are to be tried; the contact stays in the line."""
        actor = self._actors.get(contact_id)
        if actor is None or actor.over:
            self._services.router.overflow_over(contact_id)
        else:
            actor.post(m.Overflowed(reason=reason))

    def unroutable(self, contact_id: UUID) -> None:
        """Nobody can be reserved: the dialplan rings counsellors without us, unless somebody of a crisis is being called."""
        actor = self._actors.get(contact_id)
        if actor is None or actor.over:
            self._services.router.leave(contact_id)
        else:
            actor.post(m.Unroutable())

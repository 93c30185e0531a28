"""The hands of one call for whoever is brought into a talk: rings emergency partners and the centre, whispers, brings everybody together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import structlog

from ivr import call_model as m
from ivr.ari import AriError, Event, NotFound
from ivr.call_model import Happening
from ivr.commands import PartnerCommand
from ivr.conference import Partner
from ivr.crisis import is_partner
from ivr.outbound import NumberNotAllowed, Purpose, is_extension
from ivr.services import Services
from ivr.shown import with_word
from ivr.whisper import Whisperer
from routing.model import OfferResult

if TYPE_CHECKING:
    from ivr.stage import Stage

log = structlog.get_logger()

#: What the centre's phones show after the service's name.
SHOWN: Final = "연결"


class CrisisStage:
    """What `ivr.stage` does for a partner."""

    def __init__(self, stage: Stage, services: Services, attach: Callable[[str], None], post: Callable[[Happening], None]) -> None:
        self._stage = stage
        self._services = services
        self._post = post
        self._whisperer = Whisperer(services, attach)

    def event(self, event: Event) -> bool:
        """Whether an event is about what is only whispered."""
        return self._whisperer.event(event)

    async def do(self, command: PartnerCommand) -> None:
        """Carry out one command; a failure becomes a happening."""
        match command:
            case m.RingPartner(partner=partner, caller=caller):
                self._ring_partner(partner, originator=self._stage.channel_id if caller else "")
            case m.Whisper(leg_id=leg_id, prompts=prompts):
                self._whisperer.say(leg_id, prompts)
            case m.Gather():
                await self._gather(command)
            case m.RingStaff(leg_id=leg_id, extension=extension):
                self._ring_staff(leg_id, extension)
            case m.TransferNote():
                self._services.transfer_notes.add(command)
            case m.RingCaller():
                self._ring_caller(command)
            case m.CallerIs(leg_id=leg_id):
                await self._stage.caller_is(leg_id)

    @property
    def talk(self) -> bool:
        """An emergency partner is in the talk bridge, as far as we know."""
        return any(not leg.gone for leg_id, leg in self._stage.legs.items() if leg_id in self._stage.seated and is_partner(leg_id))

    def _ring_partner(self, partner: Partner, *, originator: str) -> None:
        """Ring an emergency partner."""
        services, leg_id = self._services, partner.leg_id
        try:
            endpoint = services.outbound.partner(partner.endpoint)
        except NumberNotAllowed:
            self._post(m.LegDown(leg_id=leg_id, result=OfferResult.UNREACHABLE))
            return
        services.leg_book.made(leg_id, self._stage.contact_id, "emergency")
        self._stage.leg(leg_id).ring(
            endpoint=endpoint,
            timeout_s=partner.ring_s,
            call_id=str(self._stage.contact_id),
            originator=originator,
            caller_id=partner.caller_id or None,
        )

    def _ring_staff(self, leg_id: str, extension: str) -> None:
        """Ring a member of the centre's staff, who may see at a glance that it is a caller who is put through."""
        services = self._services
        if not is_extension(extension):
            log.error("centre_without_extension")
            self._post(m.LegDown(leg_id=leg_id, result=OfferResult.UNREACHABLE))
            return
        services.leg_book.made(leg_id, self._stage.contact_id, "centre")
        self._stage.leg(leg_id).ring(
            endpoint=f"PJSIP/{extension}",
            timeout_s=services.flow.ring_timeout_s,
            call_id=str(self._stage.contact_id),
            originator=self._stage.channel_id,
            caller_id=with_word(services.caller_id, SHOWN),
        )

    def _ring_caller(self, command: m.RingCaller) -> None:
        """Call back who dropped out of the crisis, if that number may be dialled."""
        services, leg_id = self._services, command.leg_id
        if not services.outbound.allows(command.number, Purpose.CALLBACK):
            self._post(m.LegDown(leg_id=leg_id, result=OfferResult.UNREACHABLE))
            return
        endpoint = services.outbound.destination(command.number, Purpose.CALLBACK)
        services.leg_book.made(leg_id, self._stage.contact_id, "person")
        self._stage.leg(leg_id).ring(
            endpoint=endpoint,
            timeout_s=services.flow.redial.ring_s,
            call_id=str(self._stage.contact_id),
            originator="",
            caller_id=services.outbound.caller_id(Purpose.CALLBACK),
        )

    async def _gather(self, command: m.Gather) -> None:
        """The partner first: without them there is nothing to be gathered for.

        Of the others, who can't come has just left, or is put there by the next comparison.
        """
        ari, bridge, partner = self._services.ari, self._stage.talk_bridge, command.partner
        try:
            await self._stage.bridge(bridge, "mixing")
            await self._stage.hush(partner)
            try:
                await ari.add_to_bridge(bridge, partner)
            except NotFound:
                # It may be the bridge that is gone.
                self._stage.forget_bridge()
                await self._stage.bridge(bridge, "mixing")
                await ari.add_to_bridge(bridge, partner)
        except AriError as error:
            log.warning("partner_not_connected", leg_id=partner, status=error.status, reason=error.reason)
            self._post(m.GatherFailed(leg_id=partner))
            return
        self._stage.seated.add(partner)
        there = True
        for channel_id in filter(None, (self._stage.channel_id if command.caller else "", command.counsellor)):
            try:
                await ari.add_to_bridge(bridge, channel_id)
            except AriError as error:
                there = there and channel_id != self._stage.channel_id
                log.warning("not_gathered", status=error.status, reason=error.reason)
        if command.caller and there and not command.counsellor:
            self._stage.books.talking_with_partner()
        self._post(m.Gathered(leg_id=partner, caller=command.caller and there, at=self._services.clock.monotonic()))

"""Comparing our books with Asterisk's channels, on every connect and every few seconds, and mending what differs.

After a crash the calls go on in Asterisk without us: talks are not interrupted, waiting callers hear music. What was missed is
nowhere recorded, so it is found by comparison (docs: architecture, "Truth").
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

import structlog

from core import metrics
from core.errors import DatabaseError
from ivr import call_model as m
from ivr.actor import CallActor
from ivr.ari import AriError, Bridge, Channel, Mailbox
from ivr.call_model import Call, Phase
from ivr.calls import Calls
from ivr.services import Message, Services
from ivr.stage import SAFETY_NET
from routing.contacts import LiveContact
from routing.model import ContactState, Offer, Outcome, Waiting

log = structlog.get_logger()

_LEG_PREFIXES = ("leg-", "desk-")
_BRIDGE_PREFIXES = ("hold-", "talk-")
#: Dialplan context of counsellors' phones.
FROM_COUNSELLOR = "from-counsellor"
#: A call younger than this may be ahead of a list that was made a moment ago.
SETTLED_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Asterisk at one instant."""

    channels: dict[str, Channel]
    bridges: dict[str, Bridge]
    started_at: datetime | None

    def together(self, bridge_id: str, *channel_ids: str) -> bool:
        """Whether all of these channels are in that bridge."""
        bridge = self.bridges.get(bridge_id)
        return bridge is not None and all(channel_id in bridge.channel_ids for channel_id in channel_ids)


def resumed(contact: LiveContact, offer: Offer | None, picture: Picture) -> Call:
    """The state in which a call is found after a restart. Pure."""
    call_id = str(contact.id)
    talked = contact.answered_at is not None
    desk_leg = next((key for key in picture.channels if key.startswith(f"desk-{call_id}-")), "")
    if desk_leg:
        together = picture.together(f"talk-{call_id}", contact.channel_id, desk_leg)
        return Call(id=call_id, phase=Phase.TRANSFERRED if together else Phase.DIALLING, desk_leg=desk_leg)
    leg = picture.channels.get(offer.leg_id) if offer else None
    if offer and leg:
        if picture.together(f"talk-{call_id}", contact.channel_id, offer.leg_id):
            return Call(id=call_id, phase=Phase.TALKING, offer=offer, leg_up=True, talked=True)
        return Call(id=call_id, phase=Phase.WAITING, offer=offer, leg_up=leg.state == "Up", talked=talked)
    if contact.state is ContactState.MENU:
        return Call(id=call_id, phase=Phase.MENU)
    return Call(id=call_id, phase=Phase.WAITING, talked=talked, holding=False)


class Recovery:
    """Makes the books and Asterisk agree."""

    def __init__(self, services: Services, calls: Calls) -> None:
        self._services = services
        self._calls = calls
        #: Found once by the periodic comparison; acted on when found again, since lists are a moment old when they arrive.
        self._suspects: set[str] = set()

    async def look(self) -> Picture:
        """List Asterisk's channels and bridges. Raises `AriError`."""
        ari = self._services.ari
        info, channels, bridges = await asyncio.gather(ari.asterisk_info(), ari.channels(), ari.bridges())
        return Picture(
            channels={channel.id: channel for channel in channels},
            bridges={bridge.id: bridge for bridge in bridges},
            started_at=info.started_at,
        )

    async def on_connect(self) -> None:
        """Adopt what goes on in Asterisk, close what is over. Runs before any event is delivered."""
        picture = await self.look()
        self._check_actors(picture, settled_s=0.0)
        try:
            rows = await self._services.contacts.live()
            offers = await self._services.contacts.last_offers([row.id for row in rows])
        except DatabaseError:
            # The dialplan keeps the callers; the periodic comparison adopts them when the database is back.
            log.error("recovery_without_database")
            return
        for row in rows:
            # What became of a call in the dialplan's hands is in its record, which is read meanwhile.
            if row.state is not ContactState.SAFETY_NET:
                self._settle(row, offers.get(row.id), picture)
        await self._services.router.free_ended()
        await self._orphans(picture, {row.channel_id for row in rows}, certain=True)

    async def run(self, every_s: float) -> None:
        """Compare again and again, until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            try:
                picture = await self.look()
                self._check_actors(picture, settled_s=SETTLED_S)
                rows = await self._services.contacts.live()
                unowned = [row for row in rows if row.id not in self._calls.actors and row.channel_id not in self._calls.arriving]
                missing = {f"row-{row.id}" for row in unowned}
                offers = await self._services.contacts.last_offers([row.id for row in unowned])
                for row in unowned:
                    if f"row-{row.id}" in self._suspects and row.id not in self._calls.actors:
                        self._settle(row, offers.get(row.id), picture)
                orphans = await self._orphans(picture, {row.channel_id for row in rows}, certain=False)
                self._suspects = missing | orphans
                await self._services.router.free_ended()
            except (AriError, DatabaseError) as error:
                log.info("comparison_put_off", reason=type(error).__name__)

    def _check_actors(self, picture: Picture, *, settled_s: float) -> None:
        """Tell live calls what they missed."""
        now = self._services.clock.monotonic()
        for actor in list(self._calls.actors.values()):
            if actor.over or now - actor.since < settled_s:
                continue
            if actor.channel_id not in picture.channels:
                metrics.repairs_total.labels(kind="caller_gone").inc()
                actor.post(m.CallerGone(cut_off=self._restarted_since(actor, picture)))
                continue
            actor.stage.check_legs(picture.channels, now=now, settled_s=settled_s)

    def _restarted_since(self, actor: CallActor, picture: Picture) -> bool:
        return picture.started_at is not None and picture.started_at > actor.entered_at

    def _settle(self, row: LiveContact, offer: Offer | None, picture: Picture) -> None:
        """A live row without an actor: adopt the call, or end the row."""
        contacts = self._services.contacts
        if row.id in self._calls.actors:
            return
        channel = picture.channels.get(row.channel_id)
        if channel is None:
            outcome = _outcome_unseen(row, picture.started_at)
            metrics.repairs_total.labels(kind="row_ended").inc()
            metrics.outcomes_total.labels(outcome=str(outcome)).inc()
            contacts.note(row.id, "found_gone")
            contacts.ended(row.id, outcome)
            contacts.note(row.id, "outcome", {"outcome": str(outcome)})
            return
        if row.state is ContactState.SAFETY_NET:
            # The dialplan has it; it ends there, or comes back by itself.
            return
        call = resumed(row, offer, picture)
        mailbox: Mailbox[Message] = Mailbox(row.channel_id)
        actor = CallActor(call, row.id, row.channel_id, row.language, mailbox, self._services)
        actor.stage.resume(
            bridges={bridge_id for bridge_id in (actor.stage.hold_bridge, actor.stage.talk_bridge) if bridge_id in picture.bridges},
            since=Waiting(contact_id=row.id, since=row.queued_at or row.entered_at),
        )
        for leg_id in filter(None, (call.offer.leg_id if call.offer else "", call.desk_leg)):
            actor.stage.adopt_leg(leg_id, up=picture.channels[leg_id].state == "Up")
        metrics.repairs_total.labels(kind="adopted").inc()
        contacts.note(row.id, "adopted", {"phase": str(call.phase)})
        log.info("call_adopted", call_id=str(row.id), phase=str(call.phase))
        self._services.spawn(self._calls.run(actor, m.Resumed()), f"call {row.channel_id}")

    async def _orphans(self, picture: Picture, known: set[str], *, certain: bool) -> set[str]:
        """Channels and bridges of ours that no call owns: legs are hung up, callers reach a human through the dialplan."""
        ari, found = self._services.ari, set()
        application = await ari.application()
        owned = set().union(*(actor.stage.legs for actor in self._calls.actors.values()))
        callers = {actor.channel_id for actor in self._calls.actors.values()}
        for channel_id in application.channel_ids if application else ():
            if channel_id in owned | callers | known | self._calls.arriving or self._services.switchboard.owner(channel_id):
                continue
            found.add(channel_id)
            if not (certain or channel_id in self._suspects):
                continue
            metrics.repairs_total.labels(kind="orphan").inc()
            channel = picture.channels.get(channel_id)
            # A counsellor dialling a code tries again; a caller is never hung up.
            ours = channel_id.startswith(_LEG_PREFIXES) or (channel is not None and channel.dialplan_context == FROM_COUNSELLOR)
            log.warning("orphan_channel", hung_up=ours)
            if ours:
                await ari.hangup(channel_id, "normal")
            else:
                await ari.move_to_dialplan(channel_id, SAFETY_NET)
        live = {str(contact_id) for contact_id in self._calls.actors}
        for bridge_id in picture.bridges:
            if (
                bridge_id.startswith(_BRIDGE_PREFIXES)
                and bridge_id.partition("-")[2] not in live
                and picture.bridges[bridge_id].channel_ids == ()
            ):
                found.add(bridge_id)
                if certain or bridge_id in self._suspects:
                    await ari.destroy_bridge(bridge_id)
        return found


def _outcome_unseen(row: LiveContact, asterisk_started_at: datetime | None) -> Outcome:
    """How a contact ended that nobody watched."""
    if row.answered_at is not None:
        return Outcome.TALKED
    if asterisk_started_at is not None and asterisk_started_at > row.entered_at:
        return Outcome.CUT_OFF
    match row.state:
        case ContactState.WAITING | ContactState.TALKING:
            return Outcome.ABANDONED_WAITING
        case ContactState.TRANSFER:
            return Outcome.TRANSFERRED
        case ContactState.SAFETY_NET:
            return Outcome.ABANDONED_SAFETY_NET
        case _:
            return Outcome.ABANDONED_IN_MENU

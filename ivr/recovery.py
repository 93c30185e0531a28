"""Comparing our books with Asterisk's channels, on every connect and every few seconds, and mending what differs.

After a crash the calls go on in Asterisk without us: talks are not interrupted, waiting callers hear music. What was missed is
nowhere recorded, so it is found by comparison (docs: architecture, "Truth").
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from core import metrics
from core.errors import DatabaseError
from ivr import call_model as m
from ivr.actor import CallActor
from ivr.ari import AriError, Bridge, Channel, Mailbox
from ivr.call_model import Call, Phase
from ivr.calls import Calls, known_of, numbers_from
from ivr.line_books import list_dropped_out
from ivr.overflow import Chain
from ivr.services import Message, Services
from ivr.stage import SAFETY_NET
from ivr.watchdog import Watchdog, beside_the_bridge
from routing.contacts import LiveContact
from routing.model import ContactState, Offer, OfferResult, Outcome

log = structlog.get_logger()

_LEG_PREFIXES = ("leg-", "desk-", "over-")
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
    call_id, known = str(contact.id), known_of(contact)
    desk_leg = next((key for key in picture.channels if key.startswith(f"desk-{call_id}-")), "")
    if desk_leg:
        together = picture.together(f"talk-{call_id}", contact.channel_id, desk_leg)
        return replace(known, phase=Phase.TRANSFERRED if together else Phase.DIALLING, desk_leg=desk_leg, connected=together)
    outside = sorted((key for key in picture.channels if key.startswith(f"over-{call_id}-")), key=lambda key: int(key.rpartition("-")[2]))
    for key in outside:
        if picture.together(f"talk-{call_id}", contact.channel_id, key):
            return replace(known, phase=Phase.OVERFLOW, overflow=Chain(call_id=call_id, leg_id=key), talked=True, connected=True)
    if outside:
        # Whoever was rung or asked is let go; the line asks again, with other legs.
        known = replace(known, overflow=Chain(call_id=call_id, legs=int(outside[-1].rpartition("-")[2])))
    leg = picture.channels.get(offer.leg_id) if offer else None
    if offer and leg:
        if picture.together(f"talk-{call_id}", contact.channel_id, offer.leg_id):
            return replace(known, phase=Phase.TALKING, offer=offer, leg_up=True, talked=True, connected=True)
        return replace(known, phase=Phase.WAITING, offer=offer, leg_up=leg.state == "Up")
    if contact.state is ContactState.MENU:
        return replace(known, phase=Phase.MENU)
    return replace(known, phase=Phase.WAITING)


class Recovery:
    """Makes the books and Asterisk agree."""

    def __init__(self, services: Services, calls: Calls) -> None:
        self._services = services
        self._calls = calls
        #: Its task is the caller's to start: `watchdog.run()`.
        self.watchdog = Watchdog(lambda: calls.actors, services.alarms, services.clock)
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
        looked_at = self._services.clock.monotonic()
        picture = await self.look()
        self._check_actors(picture, settled_s=0.0, looked_at=looked_at)
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
        await self._orphans(picture, _ours(rows), certain=True)

    async def run(self, every_s: float) -> None:
        """Compare again and again, until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            try:
                looked_at = self._services.clock.monotonic()
                picture = await self.look()
                self._check_actors(picture, settled_s=SETTLED_S, looked_at=looked_at)
                rows = await self._services.contacts.live()
                unowned = [row for row in rows if not self._owned(row) and row.channel_id not in self._calls.arriving]
                missing = {f"row-{row.id}" for row in unowned}
                offers = await self._services.contacts.last_offers([row.id for row in unowned])
                for row in unowned:
                    if f"row-{row.id}" in self._suspects and not self._owned(row):
                        self._settle(row, offers.get(row.id), picture)
                orphans = await self._orphans(picture, _ours(rows), certain=False)
                self._suspects = missing | orphans
                await self._services.router.free_ended()
            except (AriError, DatabaseError) as error:
                log.info("comparison_put_off", reason=type(error).__name__)

    def _check_actors(self, picture: Picture, *, settled_s: float, looked_at: float) -> None:
        """Tell live calls what they missed. `looked_at`: when the picture was begun (monotonic)."""
        # A list may be seconds on its way (a repeated request): what is younger than the question cannot be in the answer.
        now = looked_at
        for actor in list(self._calls.actors.values()):
            if actor.over or now - actor.since < settled_s:
                continue
            if actor.channel_id not in picture.channels:
                metrics.repairs_total.labels(kind="caller_gone").inc()
                actor.post(m.CallerGone(cut_off=self._restarted_since(actor, picture)))
                continue
            actor.stage.check_legs(picture.channels, now=now, settled_s=settled_s)
            actor.seen_at = now
            self._check_bridges(actor, picture, looked_at=looked_at)

    def _check_bridges(self, actor: CallActor, picture: Picture, *, looked_at: float) -> None:
        """Whoever should hear music or talk is where that is to be heard."""
        call, stage = actor.call, actor.stage
        # A picture says nothing about what has changed since, or was about to change when it was taken.
        if not actor.idle or looked_at - actor.changed_at < SETTLED_S:
            return
        leg = call.overflow.leg_id if call.phase is Phase.OVERFLOW else call.offer.leg_id if call.offer else call.desk_leg
        if call.phase in (Phase.TALKING, Phase.OVERFLOW, Phase.TRANSFERRED) and leg not in picture.channels:
            # It was told that its leg is gone.
            return
        what = beside_the_bridge(
            call,
            held=picture.together(stage.hold_bridge, actor.channel_id),
            together=picture.together(stage.talk_bridge, actor.channel_id, leg),
        )
        if what is not None:
            self.watchdog.mend(actor, what)

    def _restarted_since(self, actor: CallActor, picture: Picture) -> bool:
        return picture.started_at is not None and picture.started_at > actor.entered_at

    def _owned(self, row: LiveContact) -> bool:
        return row.id in self._calls.actors or row.id in self._calls.callbacks

    def _settle(self, row: LiveContact, offer: Offer | None, picture: Picture) -> None:
        """A live row without an actor: adopt the call, or end the row."""
        contacts = self._services.contacts
        if self._owned(row):
            return
        if row.state is ContactState.CALLING_BACK and not (offer and picture.together(f"talk-{row.id}", row.channel_id, offer.leg_id)):
            self._callback_interrupted(row)
            return
        channel = picture.channels.get(row.channel_id)
        if channel is None:
            outcome = _outcome_unseen(row, picture.started_at)
            metrics.repairs_total.labels(kind="row_ended").inc()
            metrics.outcomes_total.labels(outcome=str(outcome)).inc()
            contacts.note(row.id, "found_gone")
            contacts.ended(row.id, outcome)
            contacts.note(row.id, "outcome", {"outcome": str(outcome)})
            list_dropped_out(self._services, row.id, outcome)
            return
        if row.state is ContactState.SAFETY_NET:
            # The dialplan has it; it ends there, or comes back by itself.
            return
        call = replace(resumed(row, offer, picture), plays=numbers_from(row, self._services.clock.now()))
        if offer is not None and call.offer is None:
            self._services.spawn(self._give_back(offer), f"give back {offer.leg_id}")
        mailbox: Mailbox[Message] = Mailbox(row.channel_id)
        actor = CallActor(call, row.id, row.channel_id, row.language, mailbox, self._services)
        actor.stage.resume(
            bridges={bridge_id for bridge_id in (actor.stage.hold_bridge, actor.stage.talk_bridge) if bridge_id in picture.bridges},
            row=row,
        )
        for leg_id in filter(None, (call.offer.leg_id if call.offer else "", call.desk_leg, call.overflow.leg_id)):
            actor.stage.adopt_leg(leg_id, up=picture.channels[leg_id].state == "Up")
        metrics.repairs_total.labels(kind="adopted").inc()
        contacts.note(row.id, "adopted", {"phase": str(call.phase)})
        log.info("call_adopted", call_id=str(row.id), phase=str(call.phase))
        self._services.spawn(self._calls.run(actor, m.Resumed()), f"call {row.channel_id}")

    async def _give_back(self, offer: Offer) -> None:
        """The counsellor of a leg whose end nobody saw: it rang, or was talked with; what does not fit changes nothing."""
        await self._services.router.close(offer, OfferResult.FAILED)
        await self._services.router.end_talk(offer.counsellor_id, offer.epoch)

    def _callback_interrupted(self, row: LiveContact) -> None:
        """A call-back of an earlier run whose person was not talking yet: nobody hears anything from us; it is tried again.

        Its counsellor's leg is an orphan and is hung up as one; the request is reclaimed when its lease ends.
        """
        metrics.repairs_total.labels(kind="callback_ended").inc()
        metrics.outcomes_total.labels(outcome=str(Outcome.CALLBACK_INTERRUPTED)).inc()
        self._services.contacts.ended(row.id, Outcome.CALLBACK_INTERRUPTED)
        self._services.contacts.note(row.id, "outcome", {"outcome": str(Outcome.CALLBACK_INTERRUPTED)})
        self._services.spawn(self._hang_up(row.channel_id), f"hang up {row.channel_id}")

    async def _hang_up(self, channel_id: str) -> None:
        try:
            await self._services.ari.hangup(channel_id, "normal")
        except AriError as error:
            log.info("operation_failed", operation=error.operation, status=error.status)

    async def _orphans(self, picture: Picture, known: set[str], *, certain: bool) -> set[str]:
        """Channels and bridges of ours that no call owns: legs are hung up, callers reach a human through the dialplan."""
        ari, found = self._services.ari, set()
        application = await ari.application()
        legs = [leg for actor in self._calls.actors.values() for leg in actor.stage.legs.values()]
        # A leg that its call believes gone is nobody's, if it is there.
        owned, forgotten = {leg.id for leg in legs if not leg.gone}, {leg.id for leg in legs if leg.gone}
        callers = {actor.channel_id for actor in self._calls.actors.values()}
        for channel_id in application.channel_ids if application else ():
            has_owner = self._services.switchboard.owner(channel_id) is not None and channel_id not in forgotten
            if has_owner or channel_id in owned | callers | known | self._calls.arriving:
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
        live = {str(contact_id) for contact_id in (*self._calls.actors, *self._calls.callbacks)}
        for bridge_id in picture.bridges:
            if (
                bridge_id.startswith(_BRIDGE_PREFIXES)
                and picture.bridges[bridge_id].name == ari.app
                and bridge_id.partition("-")[2] not in live
                and picture.bridges[bridge_id].channel_ids == ()
            ):
                found.add(bridge_id)
                if certain or bridge_id in self._suspects:
                    await ari.destroy_bridge(bridge_id)
        return found


def _ours(rows: list[LiveContact]) -> set[str]:
    """Channels that a call of ours owns. One that was handed to the dialplan and is still with us never got there."""
    return {row.channel_id for row in rows if row.state is not ContactState.SAFETY_NET}


def _outcome_unseen(row: LiveContact, asterisk_started_at: datetime | None) -> Outcome:
    """How a contact ended that nobody watched."""
    if row.answered_at is not None:
        return Outcome.TALKED_OVERFLOW if row.state is ContactState.OVERFLOW else Outcome.TALKED
    if asterisk_started_at is not None and asterisk_started_at > row.entered_at:
        return Outcome.CUT_OFF
    if row.arranged:
        return Outcome.CALLBACK_ARRANGED
    match row.state:
        case ContactState.WAITING | ContactState.TALKING:
            return Outcome.ABANDONED_WAITING
        case ContactState.TRANSFER:
            return Outcome.TRANSFERRED
        case ContactState.SAFETY_NET:
            return Outcome.ABANDONED_SAFETY_NET
        case _:
            return Outcome.ABANDONED_IN_MENU

"""Comparing our books with Asterisk's channels, on every connect and every few seconds, and mending what differs.

After a crash the calls go on in Asterisk without us: talks are not interrupted, waiting callers hear music. What was missed is
nowhere recorded, so it is found by comparison (docs: architecture, "Truth").
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import structlog

from core import metrics
from core.errors import DatabaseError
from escalation.model import OpenIncident
from ivr import call_model as m
from ivr.actor import CallActor
from ivr.ari import AriError, Conflict, Mailbox
from ivr.call_model import Phase
from ivr.calls import Calls, numbers_from
from ivr.conference import Stage
from ivr.crisis_recovery import caller_gone_unseen, ended_unseen, found, note_all, open_crises, partners_let_go, without_caller
from ivr.line_books import list_dropped_out
from ivr.picture import CALLED_PREFIX, Beside, Picture, legs_of, outcome_unseen, resumed, talkers
from ivr.safety_net_log import SafetyNetLog
from ivr.services import Message, Services
from ivr.stage import SAFETY_NET
from ivr.watchdog import Watchdog, beside_the_bridge
from routing.contacts import LiveContact
from routing.model import ContactState, Offer, Outcome

__all__ = ["Picture", "Recovery", "resumed"]

log = structlog.get_logger()

_BRIDGE_PREFIXES = ("hold-", "talk-")
#: Dialplan context in which calls are offered to the programs that are there.
ENTRY = "from-trunk"
#: Pause after a comparison that failed since Asterisk did not tell everything.
RETRY_S = 1.0
#: A call younger than this may be ahead of a list that was made a moment ago.
SETTLED_S = 3.0


class Recovery:
    """Makes the books and Asterisk agree."""

    def __init__(self, services: Services, calls: Calls) -> None:
        self._services = services
        self._calls = calls
        self.beside: tuple[Beside, ...] = ()
        #: The safety net's record, where it is on this machine.
        self.record: SafetyNetLog | None = None
        #: Its task is the caller's to start: `watchdog.run()`.
        self.watchdog = Watchdog(lambda: calls.actors, services.alarms, services.clock)
        #: Found once by the periodic comparison; acted on when found again, since lists are a moment old when they arrive.
        self._suspects: set[str] = set()
        #: When the Asterisk of the last picture was started.
        self._started_at: datetime | None = None
        #: Connected, and the rows are not ours yet: an earlier run of this worker, or another process of its name, may think they are.
        self._unadopted = True

    async def look(self) -> Picture:
        """List Asterisk's channels and bridges. Raises `AriError`."""
        ari = self._services.ari
        info, channels, bridges, application = await asyncio.gather(ari.asterisk_info(), ari.channels(), ari.bridges(), ari.application())
        return Picture(
            channels={channel.id: channel for channel in channels},
            bridges={bridge.id: bridge for bridge in bridges},
            started_at=info.started_at,
            ours=None if application is None else frozenset(application.channel_ids),
        )

    async def on_connect(self) -> None:
        """Adopt what goes on in Asterisk, close what is over. Runs before any event is delivered."""
        looked_at = self._services.clock.monotonic()
        picture = await self.look()
        self._check_actors(picture, settled_s=0.0, looked_at=looked_at)
        self._unadopted = True
        try:
            rows = [picture.with_caller(row) for row in await self._rows()]
            offers = await self._services.contacts.last_offers([row.id for row in rows])
            crises = await open_crises(self._services, rows)
        except DatabaseError:
            log.error("recovery_without_database")
            self._suspects = await self._without_database(picture, before=set())
            return
        for row in rows:
            # What became of a call in the dialplan's hands is in its record, which is read meanwhile.
            if row.state is not ContactState.SAFETY_NET:
                self._settle(row, offers.get(row.id), picture, crises.get(row.id))
        await self._services.router.free_ended()
        await self._orphans(picture, _ours(rows), certain=True)

    async def run(self, every_s: float) -> None:
        """Compare again and again, until cancelled."""
        pause_s = every_s
        while True:
            await asyncio.sleep(pause_s)
            pause_s = every_s
            try:
                looked_at = self._services.clock.monotonic()
                picture = await self.look()
                away = self._check_actors(picture, settled_s=SETTLED_S, looked_at=looked_at)
                try:
                    self._suspects = away | await self._compare(picture)
                    await self._services.router.free_ended()
                except DatabaseError as error:
                    log.info("comparison_put_off", reason=type(error).__name__)
                    self._suspects = away | await self._without_database(picture, before=self._suspects)
            except AriError as error:
                # Whoever is missed waits for it.
                pause_s = min(every_s, RETRY_S)
                log.info("comparison_put_off", reason=type(error).__name__)

    async def _rows(self) -> list[LiveContact]:
        """This worker's live contacts; ours from the first time on that they can be read after a connect."""
        if not self._unadopted:
            return await self._services.contacts.live()
        rows = await self._services.contacts.adopt()
        self._unadopted = False
        return rows

    async def _compare(self, picture: Picture) -> set[str]:
        """Once; what was found and is to be found again before it is acted on."""
        contacts, certain = self._services.contacts, self._unadopted
        if self.record is not None:
            # Of a call that is not in the picture everything is on record by now: what is read of it is how it ended. A record that
            # cannot be read is its own task's to complain of.
            with contextlib.suppress(OSError):
                await self.record.take_in()
        rows = [picture.with_caller(row) for row in await self._rows()]
        mine = [row for row in rows if not self._taken_care_of(row)]
        # A talk goes on without a program, and its own worker may yet come back to it.
        behind = (picture.with_caller(row) for row in await contacts.left_behind())
        left = [row for row in behind if not picture.talks(row.channel_id)]
        offers = await contacts.last_offers([row.id for row in (*mine, *left)])
        crises = await open_crises(self._services, (*mine, *left))
        seen = await ended_unseen(self._services, list(self._calls.actors.values()), picture, self._suspects)
        for row in (*mine, *left):
            key = f"row-{row.id}-{row.owner}"
            seen.add(key)
            sure = key in self._suspects or (certain and row in mine and row.channel_id in picture.channels)
            if not sure or self._taken_care_of(row) or not (contacts.owns(row) or await contacts.claim(row)):
                continue
            if row in left:
                metrics.repairs_total.labels(kind="taken_over").inc()
                contacts.note(row.id, "taken_over")
            self._settle(row, offers.get(row.id), picture, crises.get(row.id), left_behind=row in left)
        return seen | await self._orphans(picture, _ours(rows), certain=False)

    # --- calls that have an actor --------------------------------------------------------------------------------------

    def _check_actors(self, picture: Picture, *, settled_s: float, looked_at: float) -> set[str]:
        """Tell live calls what they missed. `looked_at`: when the picture was begun (monotonic). Returns who seems to be elsewhere."""
        # A list may be seconds on its way (a repeated request): what is younger than the question cannot be in the answer.
        now, away = looked_at, set()
        for others in self.beside:
            others.compare(picture, looked_at=looked_at, settled_s=settled_s)
        # Whoever had a call before Asterisk was started anew lost it by that; no clock has to be right for this.
        cut_off = None not in (self._started_at, picture.started_at) and self._started_at != picture.started_at
        self._started_at = picture.started_at or self._started_at
        for actor in list(self._calls.actors.values()):
            if actor.over or now - actor.since < settled_s:
                continue
            without_caller = actor.call.phase is Phase.LEFT
            if actor.channel_id not in picture.channels and not without_caller:
                if not cut_off and (not actor.idle or looked_at < actor.changed_at):
                    # Perhaps they are just coming back by another channel.
                    continue
                metrics.repairs_total.labels(kind="caller_gone").inc()
                actor.post(m.CallerGone(cut_off=cut_off))
                continue
            if picture.elsewhere(actor.channel_id):
                away.add(key := f"away-{actor.channel_id}")
                if not settled_s or key in self._suspects:
                    metrics.repairs_total.labels(kind="taken_away").inc()
                    actor.post(m.TakenAway())
                continue
            if not without_caller and picture.channels[actor.channel_id].state == "Ring":
                metrics.repairs_total.labels(kind="answered").inc()
                self._services.spawn(self._answer(actor.channel_id), f"answer {actor.channel_id}")
            actor.stage.check_legs(picture.channels, now=now, settled_s=settled_s)
            actor.seen_at = now
            self._check_bridges(actor, picture, looked_at=looked_at)
        return away

    async def _answer(self, channel_id: str) -> None:
        """The request never arrived. Whoever is not answered loses the line after some minutes."""
        try:
            await self._services.ari.answer(channel_id)
        except AriError as error:
            log.info("operation_failed", operation=error.operation, status=error.status)

    def _check_bridges(self, actor: CallActor, picture: Picture, *, looked_at: float) -> None:
        """Whoever should hear music or talk is where that is to be heard."""
        call, stage = actor.call, actor.stage
        # A picture says nothing about what has changed since, or was about to change when it was taken.
        if not actor.idle or looked_at - actor.changed_at < SETTLED_S:
            return
        legs = talkers(call)
        if any(leg not in picture.channels for leg in legs):
            # It was told that its leg is gone.
            return
        private = call.phase is Phase.LEFT or (call.phase is Phase.TALKING and call.conference.stage is Stage.PRIVATE)
        what = beside_the_bridge(
            call,
            held=picture.together(stage.hold_bridge, actor.channel_id),
            together=picture.together(stage.talk_bridge, *(() if private else (actor.channel_id,)), *legs),
        )
        if what is not None:
            self.watchdog.mend(actor, what)

    # --- rows that have none -------------------------------------------------------------------------------------------

    def _owned(self, row: LiveContact) -> bool:
        return row.id in self._calls.actors or row.id in self._calls.callbacks

    def _taken_care_of(self, row: LiveContact) -> bool:
        return self._owned(row) or row.channel_id in self._calls.arriving

    def _settle(
        self, row: LiveContact, offer: Offer | None, picture: Picture, crisis: OpenIncident | None = None, *, left_behind: bool = False
    ) -> None:
        """A live row without an actor: adopt the call, leave it to the dialplan, or end the row. `left_behind`: by another worker."""
        contacts = self._services.contacts
        if self._owned(row):
            return
        if row.state is ContactState.CALLING_BACK and not (offer and picture.together(f"talk-{row.id}", row.channel_id, offer.leg_id)):
            self._callback_interrupted(row, picture.legs_of(row.id, offer))
            return
        channel = picture.channels.get(row.channel_id)
        state = found(crisis, row, offer, picture)
        left = without_caller(row, offer, picture, crisis, state) if channel is None else None
        if channel is None and left is None:
            outcome = outcome_unseen(row, picture.started_at)
            metrics.repairs_total.labels(kind="row_ended").inc()
            metrics.outcomes_total.labels(outcome=str(outcome)).inc()
            contacts.note(row.id, "found_gone")
            contacts.ended(row.id, outcome)
            contacts.note(row.id, "outcome", {"outcome": str(outcome)})
            list_dropped_out(self._services, row.id, outcome)
            partners = caller_gone_unseen(self._services, row, crisis, state)
            self._services.spawn(self._clear(row, offer, picture, *partners), f"clear {row.id}")
            return
        note_all(self._services, crisis, state.facts)
        if row.state is ContactState.SAFETY_NET and not left_behind:
            # The dialplan has it; it ends there, or comes back by itself. Whoever talked with them before does so no more.
            if offer is not None and offer.leg_id not in picture.channels:
                self._services.spawn(self._calls.give_back(offer), f"give back {offer.leg_id}")
            return
        if picture.elsewhere(row.channel_id):
            if not picture.talks(row.channel_id):
                partners = partners_let_go(self._services, crisis, state)
                self._services.spawn(self._offer_again(row, offer, picture, *partners), f"offer {row.id}")
            return
        call = replace(left or resumed(row, offer, picture, state.conference), plays=numbers_from(row, self._services.clock.now()))
        if offer is not None and call.offer is None:
            self._services.spawn(self._calls.give_back(offer), f"give back {offer.leg_id}")
        mailbox: Mailbox[Message] = Mailbox(row.channel_id)
        actor = CallActor(call, row.id, row.channel_id, row.language, mailbox, self._services)
        actor.stage.resume(
            bridges={bridge_id for bridge_id in (actor.stage.hold_bridge, actor.stage.talk_bridge) if bridge_id in picture.bridges},
            row=row,
        )
        for leg_id in legs_of(call):
            actor.stage.adopt_leg(leg_id, up=picture.channels[leg_id].state == "Up")
        if crisis is not None:
            actor.stage.crisis.resume(crisis.incident)
            self._services.spawn(self._hang_up(*state.stray), f"hang up {row.id}")
        metrics.repairs_total.labels(kind="adopted").inc()
        contacts.note(row.id, "adopted", {"phase": str(call.phase)})
        log.info("call_adopted", call_id=str(row.id), phase=str(call.phase))
        self._services.spawn(self._calls.run(actor, m.Resumed()), f"call {row.channel_id}")

    async def _offer_again(self, row: LiveContact, offer: Offer | None, picture: Picture, *partners: str) -> None:
        """The caller is in the dialplan's hands, or in those of a program that is no more: then they are offered to those that are there."""
        services = self._services
        # First, since the next program makes bridges of the same names; the caller is there in a moment.
        await self._clear(row, offer, picture, *partners)
        if offer is not None:
            await self._calls.give_back(offer)
        try:
            await services.ari.move_to_dialplan(row.channel_id, ENTRY)
            log.warning("caller_offered_again", call_id=str(row.id))
        except Conflict:
            # The dialplan has it.
            log.info("caller_in_dialplan", call_id=str(row.id))
        except AriError as error:
            log.warning("caller_not_offered", call_id=str(row.id), operation=error.operation, status=error.status)
            if row.state is ContactState.SAFETY_NET:
                # That is not so, it seems; the next comparison tries again.
                services.contacts.state(row.id, ContactState.WAITING)
            return
        if not self._taken_care_of(row):
            metrics.repairs_total.labels(kind="in_dialplan").inc()
            services.contacts.state(row.id, ContactState.SAFETY_NET)

    async def _clear(self, row: LiveContact, offer: Offer | None, picture: Picture, *partners: str) -> None:
        """Legs and bridges of a contact that nobody needs any more."""
        await self._hang_up(*picture.legs_of(row.id, offer), *(leg for leg in partners if leg in picture.channels))
        for bridge_id in (f"{prefix}{row.id}" for prefix in _BRIDGE_PREFIXES):
            if bridge_id in picture.bridges:
                try:
                    await self._services.ari.destroy_bridge(bridge_id)
                except AriError as error:
                    log.info("operation_failed", operation=error.operation, status=error.status)

    def _callback_interrupted(self, row: LiveContact, legs: list[str]) -> None:
        """A call-back of an earlier run whose person was not talking yet: nobody hears anything from us; it is tried again.

        The request is reclaimed when its lease ends.
        """
        metrics.repairs_total.labels(kind="callback_ended").inc()
        metrics.outcomes_total.labels(outcome=str(Outcome.CALLBACK_INTERRUPTED)).inc()
        self._services.contacts.ended(row.id, Outcome.CALLBACK_INTERRUPTED)
        self._services.contacts.note(row.id, "outcome", {"outcome": str(Outcome.CALLBACK_INTERRUPTED)})
        self._services.spawn(self._hang_up(row.channel_id, *legs), f"hang up {row.channel_id}")

    async def _hang_up(self, *channel_ids: str) -> None:
        for channel_id in channel_ids:
            try:
                await self._services.ari.hangup(channel_id, "normal")
            except AriError as error:
                log.info("operation_failed", operation=error.operation, status=error.status)

    # --- channels of nobody --------------------------------------------------------------------------------------------

    async def _without_database(self, picture: Picture, *, before: set[str]) -> set[str]:
        """Nobody can be taken up: callers who hear nothing go to the dialplan at once, those with music if that lasts. Talks go on."""
        found = set()
        for channel_id in self._unowned(picture, known=()):
            bridge = picture.bridge_of(channel_id)
            if picture.talks(channel_id) or (bridge is None and channel_id.startswith(CALLED_PREFIX)):
                continue
            found.add(channel_id)
            silent = bridge is None or bridge.kind != "holding"
            if channel_id in before or (silent and not picture.is_leg(channel_id)):
                await self._let_go(channel_id, picture)
        return found

    async def _orphans(self, picture: Picture, known: set[str], *, certain: bool) -> set[str]:
        """Channels and bridges of ours that no call owns: legs are hung up, callers reach a human through the dialplan."""
        ari, found = self._services.ari, set()
        for channel_id in self._unowned(picture, known):
            found.add(channel_id)
            if certain or channel_id in self._suspects:
                await self._let_go(channel_id, picture)
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

    def _unowned(self, picture: Picture, known: Iterable[str]) -> list[str]:
        """Channels in our application that belong to no call of ours, nor to one of `known` channels."""
        legs = [leg for actor in self._calls.actors.values() for leg in actor.stage.legs.values()]
        # A leg that its call believes gone is nobody's, if it is there.
        owned, forgotten = {leg.id for leg in legs if not leg.gone}, {leg.id for leg in legs if leg.gone}
        owned |= {actor.channel_id for actor in self._calls.actors.values()} | self._calls.arriving | set(known)
        owner = self._services.switchboard.owner
        return [key for key in sorted(picture.ours or ()) if key not in owned and (owner(key) is None or key in forgotten)]

    async def _let_go(self, channel_id: str, picture: Picture) -> None:
        """A counsellor dialling a code tries again; a caller is never hung up."""
        ours = picture.is_leg(channel_id)
        metrics.repairs_total.labels(kind="orphan").inc()
        log.warning("orphan_channel", hung_up=ours)
        if ours:
            await self._hang_up(channel_id)
            return
        try:
            await self._services.ari.move_to_dialplan(channel_id, SAFETY_NET)
        except AriError as error:
            # It has left us meanwhile, or the next comparison tries again.
            log.info("operation_failed", operation=error.operation, status=error.status)


def _ours(rows: list[LiveContact]) -> set[str]:
    """Channels that a call of ours owns. One that was handed to the dialplan and is still with us never got there."""
    return {row.channel_id for row in rows if row.state is not ContactState.SAFETY_NET}

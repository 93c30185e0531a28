"""The oracle: sees everything, believes only Asterisk, the tables and the people, and says which invariant is broken.

The bounds, in seconds. Without a fault under way or just over (`faults.RECOVERED_S`) nothing may be late: a caller hears nothing for
`SILENCE_S` at most (`KEY_WAIT_S` where a key is waited for), nobody waits beside an available counsellor for more than `IDLE_S`. While
something is wrong the same holds with `TROUBLED_SILENCE_S`, and as long as there is no program at all. What fencing guards (one grant
per epoch, nobody in two talks, no second counsellor in a talk) and that nobody is hung up on holds at every instant.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from datetime import timedelta
from uuid import UUID

from helpline.simulation.faults import Faults
from helpline.simulation.oracle_callbacks import CallbackOracle
from helpline.simulation.oracle_crises import CrisisOracle, dropped_out
from helpline.simulation.oracle_order import REFUSED, OrderOracle
from helpline.simulation.people import CalledBack, Caller, Phone
from helpline.simulation.program import Program
from helpline.simulation.switch import Bridge, Channel
from helpline.simulation.world import World
from routing.model import Offer, Seat
from routing.policy import Policy
from routing.presence_model import System
from routing.testing import Counsellor

SILENCE_S = 2.5
#: After a prompt of the menu or of a dialogue the line listens for a key this long (flow.toml), and then says something.
KEY_WAIT_S = 11.0
TROUBLED_SILENCE_S = 30.0
#: Whose worker is no more is found by another one's comparison (twice, 5 s apart).
ORPHANED_S = 15.0
#: Another worker learns at its next look (5 s) that a counsellor came free, and leaves them to a caller further ahead for 1 s.
IDLE_S = 8.0
#: A hang-up takes so long at most to reach Asterisk when nothing is wrong.
HANGING_UP_S = 0.02
STUCK_S = 60.0
#: One contact is reserved somebody no more often than this: what fails at once is not tried again at once.
GRANTS_A_SECOND = 30
#: A row outlives its channel no longer (FAILURES 13).
GHOST_S = 30.0
#: Ours, as in `ivr.recovery`.
_BRIDGES = ("hold-", "talk-")


class Violation(Exception):
    """An invariant is broken."""

    def __init__(self, invariant: str, text: str, at: float) -> None:
        super().__init__(f"{invariant}: {text}")
        self.invariant = invariant
        self.text = text
        self.at = at


class Oracle:
    """Told of everything (`asterisk.Watcher`), and looks around twice a second."""

    every_s = 0.5

    def __init__(self, policy: Callable[[], Policy]) -> None:
        self.world: World
        self.faults: Faults
        self.programs: Callable[[], Iterable[Program]] = tuple
        self.talks = 0
        #: When a caller was last seen to be a dead worker's.
        self._orphaned: dict[str, float] = {}
        self.longest_silence: dict[str, float] = {}
        self.callbacks = CallbackOracle(self.broken, policy, self._clocks_right)
        self.crises = CrisisOracle(self.broken)
        self._order: OrderOracle
        self._granted: set[tuple[UUID, int]] = set()
        #: When each contact was granted somebody, the last times.
        self._grants: dict[UUID, deque[float]] = {}
        self._heard: dict[str, float] = {}
        self._pairs: dict[tuple[UUID, UUID], float] = {}
        self._busy: dict[UUID, float] = {}
        self._ghosts: dict[UUID, float] = {}
        self._unwritten: dict[str, float] = {}
        self._turn = False
        #: Until when a worker was dead, frozen or cut off: its callers have Asterisk alone.
        self._gone_until: dict[str, float] = {}
        self._workers = {"w1"}

    def watch(self, world: World, faults: Faults) -> None:
        """Begin."""
        self.world, self.faults = world, faults
        world.database.on_grant = self.granted
        self.callbacks.watch(world, faults)
        self.crises.watch(world, faults)
        self._order = OrderOracle(self.broken, world, self.programs)
        world.universe.after(self.every_s, self._look)

    def broken(self, invariant: str, text: str) -> Violation:
        """What is raised."""
        return Violation(invariant, text, self.world.universe.now)

    # --- told by Asterisk ------------------------------------------------------------------------------------------------------------

    def leg_invited(self, leg: Channel) -> None:
        """A phone is going to ring."""
        self.callbacks.leg_invited(leg)
        self.crises.leg_invited(leg)
        if not isinstance(leg.far, Phone) or leg.net_for is not None or not self.faults.quiet():
            return
        for other in self.world.asterisk.channels.values():
            if other is leg or not other.dialled or not isinstance(other.far, Phone):
                continue
            if other.far is leg.far or other.arguments[1:2] == leg.arguments[1:2]:
                # The hang-up of the other one may be on its way.
                self.world.universe.after(HANGING_UP_S, self._still_both, leg, other)

    def _still_both(self, leg: Channel, other: Channel) -> None:
        if not leg.gone and not other.gone:
            if other.far is leg.far:
                raise self.broken("I1", f"{leg.endpoint} is rung for {leg.id} while it has {other.id} ({other.state})")
            raise self.broken("I2", f"{leg.arguments[1]} is offered at {leg.endpoint} and at {other.endpoint}")

    def leg_up(self, leg: Channel) -> None:
        """A phone answered."""
        if isinstance(leg.far, Phone):
            up = [other for other in leg.far.legs if other is not leg and other.state == "Up" and not other.gone]
            if up:
                raise self.broken("I1", f"{leg.endpoint} is in two calls: {leg.id} and {up[0].id}")

    def joined(self, bridge: Bridge, channel: Channel) -> None:
        """A channel is in a bridge: perhaps two people hear each other from now on."""
        counsellors = [other for other in bridge.channels if isinstance(other.far, Phone)]
        callers = [other.far for other in bridge.channels if isinstance(other.far, Caller)]
        if len(counsellors) > 1:
            raise self.broken("I2", f"two counsellors in {bridge.id}")
        if len(callers) > 1:
            raise self.broken("I1", f"two callers in {bridge.id}")
        if bridge.kind == "mixing" and callers and len(bridge.channels) > 1:
            self._talks(callers[0])
            if counsellors and isinstance(callers[0], CalledBack) and callers[0].channel is not None:
                self.callbacks.talks(callers[0].channel)

    def net_connected(self, caller: Channel, leg: Channel) -> None:
        """The safety net found somebody."""
        if isinstance(caller.far, Caller):
            self._talks(caller.far)

    def _talks(self, caller: Caller) -> None:
        self.talks += not caller.talked
        caller.talk_began()

    def ended(self, channel: Channel) -> None:
        """A channel is no more."""
        caller = channel.far
        self.crises.ended(channel)
        if isinstance(caller, CalledBack) and (not self.faults.quiet() or not self.callbacks.accepted(channel)):
            # Somebody else, a machine, or a failure of ours: then they are called again.
            return
        if isinstance(caller, Caller):
            if channel.ended_by in ("program", "dialplan") and not caller.talked:
                invariant = "I7" if caller.danger else "lost"
                raise self.broken(invariant, f"{caller.name} ({channel.id}) was hung up by the {channel.ended_by} without having talked")
            return
        for other in self.world.people():
            if other.channel is not None and not other.channel.gone and other.talked:
                bridged = other.channel.bridge is not None and len(other.channel.bridge.channels) > 1
                if not bridged and other.channel.net_talk_since is None:
                    other.talk_broke()

    # --- told by the database --------------------------------------------------------------------------------------------------------

    def granted(self, offer: Offer, before: Seat) -> None:
        """A reservation was made."""
        world, now = self.world, self.world.universe.instant
        world.note("grant", offer.extension, f"epoch {offer.epoch}", f"contact {str(offer.contact_id)[-6:]}")
        if (offer.counsellor_id, offer.epoch) in self._granted:
            raise self.broken("I1", f"epoch {offer.epoch} of {offer.extension} was granted twice")
        self._granted.add((offer.counsellor_id, offer.epoch))
        lately = self._grants.setdefault(offer.contact_id, deque(maxlen=GRANTS_A_SECOND))
        if len(lately) == GRANTS_A_SECOND and world.universe.now - lately[0] < 1.0:
            raise self.broken("loop", f"contact {offer.contact_id} was granted somebody more than {GRANTS_A_SECOND} times within a second")
        lately.append(world.universe.now)
        live = [row.offer for row in world.database.offers.values() if row.result is None and row.offer.id != offer.id]
        if any(other.counsellor_id == offer.counsellor_id for other in live):
            raise self.broken("I1", f"{offer.extension} has two live offers")
        if any(other.contact_id == offer.contact_id for other in live):
            raise self.broken("I2", f"contact {offer.contact_id} has two live offers")
        if before.system != "idle":
            raise self.broken("I1", f"{offer.extension} was {before.system} when reserved")
        if before.human != "ready" or not before.on_shift or before.disabled:
            raise self.broken("I6", f"{offer.extension} was {before.human} when reserved")
        alone = any(until is not None and until > now + timedelta(seconds=1) for until in (before.rest_until, before.paused_until))
        if alone and self.faults.quiet():
            raise self.broken("I6", f"{offer.extension} was to be left alone when reserved")
        if self.faults.quiet(5.0):
            self._order.check(offer, before)

    # --- looking around --------------------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        self.world.universe.after(self.every_s, self._look)
        now = self.world.universe.now
        # Without its rows a restarted program does not know whom it has.
        able = [program for program in self.programs() if program.serving_since is not None and program.gate.answered]
        serving = {program.worker for program in able if not program.process.frozen}
        quiet = self.faults.quiet()
        self._workers |= serving
        # Whoever is not back when nothing is wrong any more is no excuse.
        self._gone_until.update((worker, now) for worker in self._workers - serving if not quiet)
        self._silence(now, quiet, serving)
        if quiet:
            # Their bounds are seconds: every other time is often enough.
            self._turn = not self._turn
            if self._turn:
                self._idle(now)
                self._stuck(now)
                self.callbacks.look(now)
                self.crises.look(now)
        else:
            self._pairs.clear()
            self._busy.clear()
            self._ghosts.clear()
            self._unwritten.clear()
        for program in self.programs():
            for fault in program.faults_of_ours():
                raise self.broken("program", fault)

    def _silence(self, now: float, quiet: bool, serving: set[str]) -> None:
        """I8."""
        asterisk = self.world.asterisk
        for channel in asterisk.channels.values():
            if not isinstance(channel.far, Caller):
                continue
            if asterisk.hears(channel):
                self._heard[channel.id] = now
                continue
            gap = now - self._heard.setdefault(channel.id, now)
            row = self.world.database.by_channel.get(channel.id)
            asked = isinstance(channel.far, CalledBack) and channel.far.accepted_at is None and dropped_out(self.world, channel.id)
            if asked or (isinstance(channel.far, CalledBack) and row is not None and row.state == "calling_back"):
                # Their telephone rings, or a machine listens to us.
                self._heard[channel.id] = now
                continue
            listening = row is None or row.state in ("menu", "transfer")
            where = "troubled" if not quiet else "key" if listening else "calm"
            alone_until = self._gone_until.get(row.worker if row else "w1", 0.0)
            if gap > self.longest_silence.get(where, 0.0) and now - alone_until > gap:
                self.longest_silence[where] = gap
            limit = TROUBLED_SILENCE_S if not quiet else KEY_WAIT_S if listening else SILENCE_S
            if row is not None and row.worker not in serving:
                self._orphaned[channel.id] = now
            # Also in the moment after somebody else has taken it: the silence began before.
            if now - self._orphaned.get(channel.id, -gap) <= gap:
                limit = max(limit, ORPHANED_S)
            if gap > limit and now - alone_until > limit:
                raise self.broken(
                    "I8", f"{channel.far.name} ({channel.id}, {row.state if row else 'no row'}) hears nothing for {gap:.1f} s"
                )

    def _idle(self, now: float) -> None:
        """I4: nobody waits beside an available counsellor."""
        world, database = self.world, self.world.database
        free = [row for row in database.counsellors.values() if self._free(row)]
        pairs: dict[tuple[UUID, UUID], float] = {}
        if free:
            offered = {row.offer.contact_id for row in database.live_offers.values()}
            for contact in database.live_contacts():
                if contact.queued_at is None or contact.id in offered:
                    continue
                channel = world.asterisk.channels.get(contact.channel_id)
                if contact.state == "calling_back" and channel is None:
                    if not self._waits_for_somebody(contact.id):
                        pairs.update(self._beside(contact.id, free, now))
                    continue
                if contact.state != "waiting" or (
                    channel is None
                    or channel.gone
                    or not channel.in_stasis
                    or contact.language != "ko"
                    or self._waits_for_somebody(contact.id)
                ):
                    continue
                if world.asterisk.hears(channel) == "talk":
                    continue
                pairs.update(self._beside(contact.id, free, now))
        for (contact_id, counsellor_id), since in pairs.items():
            if now - since > IDLE_S:
                extension = database.counsellors[counsellor_id].extension
                raise self.broken("I4", f"contact {contact_id} waits while {extension} is available for {now - since:.1f} s")
        self._pairs = pairs

    def _beside(self, contact_id: UUID, free: list[Counsellor], now: float) -> dict[tuple[UUID, UUID], float]:
        pairs = [(contact_id, row.id) for row in free if not self._refused(contact_id, row.id)]
        return {pair: self._pairs.get(pair, now) for pair in pairs}

    def _clocks_right(self) -> bool:
        now = self.world.universe.instant
        return all(abs((program.now() - now).total_seconds()) < 1.0 for program in self.programs())

    def _waits_for_somebody(self, contact_id: UUID) -> bool:
        """By the policy a caller who lost the counsellor waits for the same one for a moment."""
        for program in self.programs():
            engine = program.router.engine if program.router else None
            contact = engine.contacts.get(contact_id) if engine else None
            if engine and contact and contact.named and contact.joined:
                return (program.now() - contact.joined).total_seconds() < engine.policy.named_yield_s + 2
        return False

    def _free(self, row: Counsellor) -> bool:
        presence, now = row.presence, self.world.universe.instant
        alone = any(until is not None and until > now for until in (presence.rest_until, presence.paused_until))
        phone = self.world.phones[row.extension]
        there = self.world.asterisk.phones.get(row.extension) and not phone.legs and self.world.universe.now >= phone.away_until
        return bool(presence.available and row.on_shift and not row.disabled and not alone and there)

    def _refused(self, contact_id: UUID, counsellor_id: UUID) -> bool:
        now = self.world.universe.instant
        return any(
            row.offer.contact_id == contact_id and row.offer.counsellor_id == counsellor_id and row.ended_at is not None
            and row.result in REFUSED and (now - row.ended_at).total_seconds() < 35
            for row in self.world.database.offers.values()
        )  # fmt: skip

    def _stuck(self, now: float) -> None:
        """Nobody is kept busy by nothing, and no row outlives its call."""
        world = self.world
        for row in world.database.counsellors.values():
            phone = world.phones[row.extension]
            contact = world.database.contacts.get(row.contact_id) if row.contact_id else None
            called = contact is not None and contact.channel_id in world.asterisk.channels and contact.more["kind"] == "callback"
            idle = row.presence.system is System.IDLE or bool(phone.legs) or called
            late = row.presence.system is System.WRAPUP and row.deadline is not None and row.deadline > world.universe.instant
            if idle or late:
                self._busy.pop(row.id, None)
            elif now - self._busy.setdefault(row.id, now) > STUCK_S:
                raise self.broken("stuck", f"{row.extension} is {row.presence.system} without a call for {STUCK_S:g} s")
        in_line = {contact_id for program in self.programs() if program.calls for contact_id in program.calls.callbacks}
        for contact in world.database.live_contacts():
            ghost = contact.channel_id not in world.asterisk.channels and contact.id not in in_line and not self.crises.goes_on(contact)
            if not ghost:
                self._ghosts.pop(contact.id, None)
            elif now - self._ghosts.setdefault(contact.id, now) > GHOST_S:
                raise self.broken("I5", f"contact {contact.id} ({contact.state}) has no outcome {GHOST_S:g} s after its end")

        for channel in world.asterisk.channels.values():
            if isinstance(channel.far, Caller) and channel.in_stasis:
                self._written(channel, channel.far, now)

    def _written(self, channel: Channel, caller: Caller, now: float) -> None:
        """I5: whoever is with a program has a row without an outcome: otherwise nobody can be reserved for them."""
        row = self.world.database.by_channel.get(channel.id) or dropped_out(self.world, channel.id)
        # Hearing the goodbye.
        over = row is None or (row.outcome is not None and not caller.talked)
        if not over:
            self._unwritten.pop(channel.id, None)
        elif now - self._unwritten.setdefault(channel.id, now) > GHOST_S:
            raise self.broken("I5", f"{caller.name} ({channel.id}) is on the line, but the row is {row.outcome if row else 'missing'}")

    # --- at the end ------------------------------------------------------------------------------------------------------------------

    def at_the_end(self) -> None:
        """Everybody has left: everything is free and empty, every call has its one outcome."""
        world, database = self.world, self.world.database
        if world.asterisk.channels:
            raise self.broken("empty", f"channels are left: {', '.join(world.asterisk.channels)}")
        if left := [bridge for bridge in world.asterisk.bridges if bridge.startswith(_BRIDGES)]:
            raise self.broken("empty", f"bridges are left: {', '.join(left)}")
        if database.live_offers:
            raise self.broken("empty", f"{len(database.live_offers)} offers are live")
        for row in database.counsellors.values():
            if row.presence.system in (System.OFFERED, System.TALKING):
                raise self.broken("stuck", f"{row.extension} is still {row.presence.system}")
        for contact in database.contacts.values():
            if contact.outcome is None:
                raise self.broken("I5", f"contact {contact.id} ({contact.state}) has no outcome")
        self.callbacks.at_the_end()
        self.crises.at_the_end()
        for caller in world.callers:
            self._accounted(caller)
        for program in self.programs():
            if program.router and (waiting := [one for one in program.router.engine.contacts if not self._just_ended(one)]):
                raise self.broken("empty", f"{len(waiting)} contacts are still in the line")
            if program.calls and program.calls.actors:
                raise self.broken("empty", f"{len(program.calls.actors)} calls still have an actor")
            if program.journal.waiting:
                raise self.broken("empty", f"{program.journal.waiting} entries of the journal are not written")

    def _just_ended(self, contact_id: UUID) -> bool:
        """Another worker's contact, whose end this one hears of at its next slow check."""
        row = self.world.database.contacts.get(contact_id)
        return row is not None and row.ended_at is not None and self.world.universe.instant - row.ended_at < timedelta(seconds=IDLE_S)

    def _accounted(self, caller: Caller) -> None:
        channel = caller.channel
        if channel is None or not (caller.spoken_to or channel.net_recorded):
            return
        row = self.world.database.by_channel.get(channel.id)
        if row is None:
            raise self.broken("I5", f"{caller.name} ({channel.id}) was on the line and has no row")
        if channel.ended_by == "asterisk" and not caller.talked and row.outcome not in ("cut_off", "callback_arranged"):
            raise self.broken("I5", f"{caller.name} was cut off by Asterisk's end, but the outcome is {row.outcome}")

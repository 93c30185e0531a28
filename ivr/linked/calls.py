"""Calls between somebody of ours (a desk of the centre, a companion at home) and a person: `escalation.centre.ports.Telephony`.

Every call is a task of its own. A talk survives the program: it goes on in Asterisk, its legs carry the order's id, and the next run takes it up;
whoever was only being rung or asked then is let go, and the order ends as interrupted. What an order that nobody here awaits any more came to
is told to `Afterwards`.

In a crisis (`ivr.linked.crisis`) the call is a contact with an incident of its own; which ones are is read before Asterisk is looked at (`prepare`).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Final, Protocol
from uuid import UUID

import structlog

from core.errors import AnnyeongError, DatabaseError
from escalation.centre.model import Result
from escalation.centre.ports import CallOrder, Progress
from escalation.model import OpenIncident
from ivr import happenings as h
from ivr.ari import AriError, Mailbox
from ivr.calls import Calls
from ivr.crisis_books import call_again
from ivr.crisis_recovery import going_on
from ivr.linked.books import LinkedBooks, LinkedContacts
from ivr.linked.call import PREFIX, Linked, Plan, begin
from ivr.linked.commands import Command, Side
from ivr.linked.life import TELL_AGAIN_S, LinkedCall
from ivr.linked.line import to_line
from ivr.linked.recovery import Found, found
from ivr.linked.stage import BRIDGE_PREFIX, Line, LinkedStage
from ivr.outbound import NumberNotAllowed, Purpose, is_extension
from ivr.picture import Picture
from ivr.services import Message, Services
from ivr.shown import with_word

log = structlog.get_logger()

#: What our own phones show after the service's name.
SHOWN: Final = "연결"
_LEG = re.compile(rf"{PREFIX}([0-9a-f-]{{36}})-(?:{'|'.join(Side)})")


class Afterwards(Protocol):
    """Told about calls that an earlier run of this program was ordered to make."""

    async def progress(self, order_id: UUID, what: str) -> None:
        """As `Progress`. May raise: it is told again."""
        ...

    async def ended(self, order_id: UUID, result: Result) -> None:
        """As the result of `Telephony.call`. May raise: it is told again."""
        ...


class LinkedCalls:
    """See the module. Also asked by the comparison with Asterisk (`ivr.recovery`): its legs are nobody's otherwise."""

    def __init__(self, services: Services, calls: Calls, *, language: str) -> None:
        """`calls`: those of the line; `language`: what somebody of ours hears."""
        self._services = services
        self._calls = calls
        self._language = language
        self._live: dict[UUID, LinkedCall] = {}
        #: Hears what became of orders of an earlier run; without one only the leases of those orders end them.
        self.afterwards: Afterwards | None = None
        #: Makes a call a contact in a crisis; without one no crisis is raised.
        self.contacts: LinkedContacts | None = None
        #: What an earlier run left in a crisis; None: not known yet, and nothing is taken up.
        self._left: Mapping[UUID, OpenIncident | None] | None = {}
        self._taken_up = True
        #: Legs that nobody may hang up until that is known.
        self._kept: dict[str, Mailbox[Message]] = {}

    @property
    def live(self) -> frozenset[UUID]:
        """Orders whose call goes on."""
        return frozenset(key for key, call in self._live.items() if not call.over)

    # --- what the desk orders in a crisis (`ivr.crisis_orders`) ----------------------------------------------------------

    async def claim(self) -> None:
        """What is ordered for calls that go on here is ours to take; without the database it stays where it is."""
        if self.contacts is not None:
            try:
                await self.contacts.claim(self.live)
            except DatabaseError as error:
                log.info("linked_contacts_not_claimed", reason=type(error).__name__)

    def ordered(self, order_id: UUID, order: h.Ordered) -> bool:
        """Let it happen; False: no such call goes on here."""
        if order_id not in self.live:
            return False
        self._live[order_id].mailbox.put(order)
        return True

    # --- escalation.centre.ports.Telephony -----------------------------------------------------------------------------

    async def call(self, order: CallOrder, progress: Progress) -> Result:
        """See `Telephony.call`. The same id while its call goes on is that call; `progress` is then told from here on."""
        call = self._live.get(order.id)
        if call is None:
            lines = self._lines(order)
            if isinstance(lines, Result):
                return lines
            plan = Plan(
                ask_first=not order.first_is_extension,
                say_who=order.manner.say_who,
                leave_message=order.manner.leave_message,
                message_says_who=order.manner.message_says_who,
                first_ring_s=self._services.flow.ring_timeout_s,
                ring_s=self._services.router.policy.callback_ring_s,
                ask_s=self._services.callback_ask_s,
                crisis=self._services.flow.crisis,
            )
            call = self._make(order.id, lines, order.language, plan)
            call.state, commands = begin(plan)
            self._services.spawn(self._run(call, commands), f"linked {order.id}")
        call.progress = progress
        call.waiting += 1
        try:
            return await asyncio.shield(call.result)
        except asyncio.CancelledError:
            if call.waiting == 1:
                call.mailbox.put(h.CallerGone())
            raise
        finally:
            call.waiting -= 1

    def _lines(self, order: CallOrder) -> dict[Side, Line] | Result:
        """Where to ring; if one of the two can't be, what that comes to: nobody is rung then."""
        services = self._services
        if not services.outbound.can_call(Purpose.CALLBACK):
            log.error("linked_call_without_trunk", order_id=str(order.id))
            return Result.INTERRUPTED
        shown = services.outbound.caller_id(Purpose.CALLBACK)
        refused = Result.UNREACHABLE
        try:
            person = Line(endpoint=services.outbound.destination(order.person, Purpose.CALLBACK), caller_id=shown)
            refused = Result.STAFF_ABSENT
            if not order.first_is_extension:
                first = Line(endpoint=services.outbound.destination(order.first, Purpose.CALLBACK), caller_id=shown)
            elif is_extension(order.first):
                first = Line(endpoint=f"PJSIP/{order.first}", caller_id=with_word(services.caller_id, SHOWN))
            else:
                log.error("linked_call_to_no_extension", order_id=str(order.id))
                return refused
        except NumberNotAllowed:
            return refused
        return {Side.FIRST: first, Side.PERSON: person}

    def _make(self, order_id: UUID, lines: dict[Side, Line], language: str, plan: Plan) -> LinkedCall:
        mailbox: Mailbox[Message] = Mailbox(f"linked {order_id}")
        languages = {Side.FIRST: self._language, Side.PERSON: language}
        stage = LinkedStage(str(order_id), lines, languages, mailbox, self._services)
        books = LinkedBooks(order_id, self._services, mailbox.put, self.contacts, language)

        async def line(channel_id: str) -> None:
            await to_line(order_id, channel_id, language, self._services, self._calls)

        call = LinkedCall(order_id, plan, stage, books, mailbox, self._services, line)
        self._live[order_id] = call
        return call

    async def _run(self, call: LinkedCall, commands: list[Command]) -> None:
        try:
            await call.run(commands)
        finally:
            if self._live.get(call.order_id) is call:
                del self._live[call.order_id]
            self._services.switchboard.detach_all(call.mailbox)

    # --- after a restart -----------------------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Read which calls of an earlier run are in a crisis. Without the database nothing is taken up, or hung up, until it is back."""
        self._left, self._taken_up = None, False
        try:
            waiting = frozenset() if self.contacts is None else await self.contacts.adopt() - self.live
            self._left = {order_id: await self._services.incidents.open_of(order_id) for order_id in waiting}
        except AnnyeongError as error:
            log.warning("linked_calls_not_read", reason=type(error).__name__)

    def compare(self, picture: Picture, *, looked_at: float, settled_s: float) -> None:
        """See `ivr.picture.Beside`."""
        for call in list(self._live.values()):
            call.stage.check(picture, looked_at=looked_at, settled_s=settled_s)
        if self._left is None:
            self._keep(picture)
            if settled_s:
                self._services.spawn(self.prepare(), "linked calls read")
        elif not settled_s or not self._taken_up:
            self._taken_up = True
            self._take_up(picture, self._left)

    def _keep(self, picture: Picture) -> None:
        for channel_id in picture.ours or ():
            if _LEG.fullmatch(channel_id) and self._services.switchboard.owner(channel_id) is None:
                mailbox: Mailbox[Message] = Mailbox(channel_id)
                self._kept[channel_id] = mailbox
                self._services.switchboard.attach(channel_id, mailbox)

    def _take_up(self, picture: Picture, left: Mapping[UUID, OpenIncident | None]) -> None:
        """Talks of an earlier run are ours again; whoever was only rung or asked then is let go by the comparison, as a leg of nobody."""
        kept, self._kept = self._kept, {}
        for mailbox in kept.values():
            self._services.switchboard.detach_all(mailbox)
        legs: dict[UUID, list[str]] = {order_id: [] for order_id in left if order_id not in self._live}
        for channel_id in picture.ours or ():
            named, owner = _LEG.fullmatch(channel_id), self._services.switchboard.owner(channel_id)
            # Whoever went on in the line is the line's.
            if named and owner is None and (order_id := UUID(named[1])) not in self._live:
                legs.setdefault(order_id, []).append(channel_id)
        for order_id, channel_ids in legs.items():
            crisis = left.get(order_id)
            one = found(order_id, crisis, picture)
            if crisis is not None:
                for fact in one.facts:
                    self._services.incidents.note(crisis.incident.id, fact)
            if one.state is not None:
                self._adopt(order_id, one.state, one, crisis)
                continue
            if order_id in left:
                self._over_unseen(order_id, crisis)
            if channel_ids:
                self._services.spawn(self._tell_interrupted(order_id), f"linked end {order_id}")
        for bridge in picture.bridges.values():
            ours = bridge.id.startswith(BRIDGE_PREFIX) and bridge.name == self._services.ari.app
            if ours and bridge.id.removeprefix(BRIDGE_PREFIX) not in map(str, self._live):
                self._services.spawn(self._destroy(bridge.id), f"destroy {bridge.id}")

    def _adopt(self, order_id: UUID, state: Linked, one: Found, crisis: OpenIncident | None) -> None:
        log.info("linked_call_adopted", order_id=str(order_id), crisis=str(state.crisis.stage), legs=len(one.legs))
        call = self._make(order_id, {}, self._language, Plan(crisis=self._services.flow.crisis))
        call.state = state
        call.stage.adopt(one.legs)
        if crisis is not None:
            call.books.resume(crisis.incident)
        call.progress = self._progress_of(order_id)
        self._services.spawn(self._run(call, call.resume()), f"linked {order_id}")
        self._services.spawn(self._tell_end(call), f"linked end {order_id}")

    def _over_unseen(self, order_id: UUID, crisis: OpenIncident | None) -> None:
        """One in a crisis has ended while nobody watched: its person is called back."""
        if self.contacts is not None:
            self.contacts.ended(order_id)
        if crisis is not None and going_on(crisis.incident).open:
            again = call_again(self._services, order_id, None, self._language, crisis.incident.id)
            self._services.spawn(again, f"redial {order_id}")

    def _progress_of(self, order_id: UUID) -> Progress:
        async def progress(what: str) -> None:
            if self.afterwards is None:
                raise AnnyeongError("nobody hears of it")
            await self.afterwards.progress(order_id, what)

        return progress

    async def _tell_end(self, call: LinkedCall) -> None:
        result = await call.result
        if not call.waiting:
            await self._tell_afterwards(call.order_id, result)

    async def _tell_interrupted(self, order_id: UUID) -> None:
        await self._tell_afterwards(order_id, Result.INTERRUPTED)

    async def _tell_afterwards(self, order_id: UUID, result: Result) -> None:
        if self.afterwards is None:
            return
        for _ in range(60):
            try:
                await self.afterwards.ended(order_id, result)
            except AnnyeongError as error:
                log.info("linked_end_put_off", order_id=str(order_id), reason=type(error).__name__)
                await asyncio.sleep(TELL_AGAIN_S)
            else:
                return

    async def _destroy(self, bridge_id: str) -> None:
        try:
            await self._services.ari.destroy_bridge(bridge_id)
        except AriError as error:
            log.info("operation_failed", operation=error.operation, status=error.status)

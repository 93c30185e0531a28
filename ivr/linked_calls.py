"""Calls between somebody of ours (a desk of the centre, a companion at home) and a person: `escalation.centre.ports.Telephony`.

Every call is a task of its own. A talk survives the program: it goes on in Asterisk, its legs carry the order's id, and the next run takes it up;
whoever was only being rung or asked then is let go, and the order ends as interrupted. What an order that nobody here awaits any more came to
is told to `Afterwards`.
"""

from __future__ import annotations

import asyncio
import re
from typing import Final, Protocol
from uuid import UUID

import structlog

from core.errors import AnnyeongError
from escalation.centre.model import Result
from escalation.centre.ports import CallOrder, Progress
from ivr import happenings as h
from ivr.ari import AriError, Mailbox
from ivr.linked_call import FOUND_TALKING, PREFIX, Linked, Phase, Plan, advance, begin, leg_id
from ivr.linked_commands import Command, Done, Drop, Side, Tell
from ivr.linked_stage import BRIDGE_PREFIX, NOT_TOLD, TOLD, Line, LinkedStage
from ivr.outbound import NumberNotAllowed, Purpose, is_extension
from ivr.picture import Picture
from ivr.services import Message, Services
from ivr.shown import with_word

log = structlog.get_logger()

#: Channels end within milliseconds of their hang-up; this is for events that never come.
LINGER_S: Final = 10.0
#: How often and how far apart a step is tried to be told; whoever is told may have no database just now.
TELL_TRIES, TELL_AGAIN_S = 5, 1.0
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


class _Call:
    """One call's life."""

    def __init__(self, order_id: UUID, plan: Plan, stage: LinkedStage, mailbox: Mailbox[Message], services: Services) -> None:
        self.order_id = order_id
        self.state = Linked()
        self.result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self.progress: Progress | None = None
        #: Whoever awaits it.
        self.waiting = 0
        self.stage = stage
        self.mailbox = mailbox
        self._plan = plan
        self._services = services
        self._told: asyncio.Queue[Tell | Done] = asyncio.Queue()

    async def run(self, commands: list[Command]) -> None:
        """From the first command until both legs are no more."""
        telling = self._services.spawn(self._tell(), f"linked told {self.order_id}")
        try:
            await self._do(commands)
            while self.state.phase is not Phase.OVER:
                await self._read()
        except Exception:
            # A fault of ours: nobody stays in a bridge with nobody. (When the program is told to stop the talk goes on and is taken up again.)
            self._told.put_nowait(Done(result=self.state.result or Result.INTERRUPTED))
            await self.stage.clear()
            raise
        await self.stage.clear()
        try:
            async with asyncio.timeout(LINGER_S):
                while not all(leg.gone for leg in self.stage.legs.values()):
                    await self._read()
        except TimeoutError:
            log.warning("linked_call_lingers", order_id=str(self.order_id))
        await telling

    async def _read(self) -> None:
        happening = self.stage.read(await self.mailbox.get())
        if happening is not None:
            before = self.state.phase
            self.state, commands = advance(self.state, happening, self._plan)
            if self.state.phase is not before:
                log.info("linked_call", order_id=str(self.order_id), phase=str(self.state.phase))
            await self._do(commands)

    async def _do(self, commands: list[Command]) -> None:
        for command in commands:
            match command:
                case Tell() | Done():
                    self._told.put_nowait(command)
                case Drop(side=side):
                    self.stage.drop(side)
                case _:
                    await self.stage.do(command)

    async def _tell(self) -> None:
        """One after another, so that the end comes last; beside the call, so that a slow listener keeps nobody waiting."""
        while True:
            match await self._told.get():
                case Tell(what=what, side=side):
                    heard = await self._tell_once(what)
                    if side is not None:
                        self.stage.whisper(side, TOLD if heard else NOT_TOLD)
                case Done(result=result):
                    if not self.result.done():
                        self.result.set_result(result)
                    return

    async def _tell_once(self, what: str) -> bool:
        if self.progress is None:
            return False
        for left in reversed(range(TELL_TRIES)):
            try:
                await self.progress(what)
            except Exception as error:  # noqa: BLE001 - whatever fails there, the two talk on
                log.warning("linked_progress_not_told", order_id=str(self.order_id), what=what, reason=type(error).__name__)
                if left:
                    await asyncio.sleep(TELL_AGAIN_S)
            else:
                return True
        return False


class LinkedCalls:
    """See the module. Also asked by the comparison with Asterisk (`ivr.recovery`): its legs are nobody's otherwise."""

    def __init__(self, services: Services, *, language: str) -> None:
        """`language`: what somebody of ours hears."""
        self._services = services
        self._language = language
        self._live: dict[UUID, _Call] = {}
        #: Hears what became of orders of an earlier run; without one only the leases of those orders end them.
        self.afterwards: Afterwards | None = None

    @property
    def live(self) -> frozenset[UUID]:
        """Orders whose call goes on."""
        return frozenset(key for key, call in self._live.items() if call.state.phase is not Phase.OVER)

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

    def _make(self, order_id: UUID, lines: dict[Side, Line], language: str, plan: Plan) -> _Call:
        mailbox: Mailbox[Message] = Mailbox(f"linked {order_id}")
        languages = {Side.FIRST: self._language, Side.PERSON: language}
        call = _Call(order_id, plan, LinkedStage(str(order_id), lines, languages, mailbox, self._services), mailbox, self._services)
        self._live[order_id] = call
        return call

    async def _run(self, call: _Call, commands: list[Command]) -> None:
        try:
            await call.run(commands)
        finally:
            if self._live.get(call.order_id) is call:
                del self._live[call.order_id]
            self._services.switchboard.detach_all(call.mailbox)

    # --- after a restart -----------------------------------------------------------------------------------------------

    def compare(self, picture: Picture, *, looked_at: float, settled_s: float) -> None:
        """See `ivr.picture.Beside`."""
        for call in list(self._live.values()):
            call.stage.check(picture, looked_at=looked_at, settled_s=settled_s)
        if not settled_s:
            self._adopt(picture)

    def _adopt(self, picture: Picture) -> None:
        """Talks of an earlier run are ours again; whoever was only rung or asked then is let go by the comparison, as a leg of nobody."""
        found: dict[UUID, set[str]] = {}
        for channel_id in picture.ours or ():
            if (named := _LEG.fullmatch(channel_id)) and (order_id := UUID(named[1])) not in self._live:
                found.setdefault(order_id, set()).add(channel_id)
        for order_id, legs in found.items():
            both = {leg_id(str(order_id), side) for side in Side}
            if legs == both and picture.together(f"{BRIDGE_PREFIX}{order_id}", *both):
                log.info("linked_call_adopted", order_id=str(order_id))
                call = self._make(order_id, {}, self._language, Plan())
                call.state = FOUND_TALKING
                call.stage.adopt()
                call.progress = self._progress_of(order_id)
                self._services.spawn(self._run(call, []), f"linked {order_id}")
                self._services.spawn(self._tell_end(call), f"linked end {order_id}")
            else:
                self._services.spawn(self._tell_interrupted(order_id), f"linked end {order_id}")
        for bridge in picture.bridges.values():
            ours = bridge.id.startswith(BRIDGE_PREFIX) and bridge.name == self._services.ari.app
            if ours and bridge.id.removeprefix(BRIDGE_PREFIX) not in map(str, self._live):
                self._services.spawn(self._destroy(bridge.id), f"destroy {bridge.id}")

    def _progress_of(self, order_id: UUID) -> Progress:
        async def progress(what: str) -> None:
            if self.afterwards is None:
                raise AnnyeongError("nobody hears of it")
            await self.afterwards.progress(order_id, what)

        return progress

    async def _tell_end(self, call: _Call) -> None:
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

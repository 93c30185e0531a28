"""One call between somebody of ours and a person, from its first command until both legs are no more (`ivr.linked.calls`)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

import structlog

from escalation.centre.model import Result
from escalation.centre.ports import KEY_CRISIS, Progress
from ivr import commands as m
from ivr import happenings as h
from ivr.ari import Mailbox
from ivr.conference import Fact, What
from ivr.linked.books import LinkedBooks
from ivr.linked.call import Linked, Phase, Plan, advance
from ivr.linked.commands import CallAgain, Command, Done, Drop, Side, Tell, ToLine
from ivr.linked.crisis import goes_on
from ivr.linked.stage import NOT_TOLD, TOLD, LinkedStage
from ivr.services import Message, Services
from routing.model import OfferResult

log = structlog.get_logger()

#: Channels end within milliseconds of their hang-up; this is for events that never come.
LINGER_S: Final = 10.0
#: How often and how far apart a step is tried to be told; whoever is told may have no database just now.
TELL_TRIES, TELL_AGAIN_S = 5, 1.0
#: The centre hears of a crisis before partners are called, unless that takes longer than this.
CENTRE_FIRST_S: Final = 0.4


class LinkedCall:
    """One call's life."""

    def __init__(
        self, order_id: UUID, plan: Plan, stage: LinkedStage, books: LinkedBooks, mailbox: Mailbox[Message], services: Services,
        line: Callable[[str], Awaitable[None]],
    ) -> None:  # fmt: skip
        """`line`: takes the person, by their channel, when everybody has left them in a crisis."""
        self.order_id = order_id
        self.state = Linked()
        self.result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self.progress: Progress | None = None
        #: Whoever awaits it.
        self.waiting = 0
        self.stage = stage
        self.books = books
        self.mailbox = mailbox
        self._plan = plan
        self._services = services
        self._line = line
        self._told: asyncio.Queue[Tell | Done] = asyncio.Queue()
        #: When partners are called, whether the centre has heard of it or not.
        self._crisis_by: asyncio.TimerHandle | None = None

    @property
    def over(self) -> bool:
        """Nobody is in it any more, as far as we are concerned."""
        return self.state.phase is Phase.OVER

    def resume(self) -> list[Command]:
        """What is to be done first for one that an earlier run began."""
        self.state, commands = advance(self.state, h.Resumed(), self._plan)
        return commands

    async def run(self, commands: list[Command]) -> None:
        """From the first command until both legs are no more."""
        telling = self._services.spawn(self._tell(), f"linked told {self.order_id}")
        try:
            await self._do(commands)
            while not self.over:
                await self._read()
        except Exception:
            # A fault of ours: nobody stays in a bridge with nobody. (When the program is told to stop the talk goes on and is taken up again.)
            await self._after_fault()
            self.books.close()
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
                case Tell(what=what):
                    if what == KEY_CRISIS:
                        self._crisis_by = asyncio.get_running_loop().call_later(CENTRE_FIRST_S, self._raise)
                    self._told.put_nowait(command)
                case Done():
                    self.books.close()
                    self._told.put_nowait(command)
                case Drop(side=side):
                    self.stage.drop(side)
                case ToLine():
                    await self._to_line()
                case m.Note() | m.Alarm() | CallAgain() | m.RaiseIncident() | m.AskPartner() | m.IncidentNote():
                    self.books.carry_out(command)
                case _:
                    await self.stage.do(command)

    async def _to_line(self) -> None:
        self.books.handed_on()
        await self._line(await self.stage.release())

    async def _after_fault(self) -> None:
        """Whoever is in danger has the line, which knows nothing of what failed here."""
        chain = self.state.crisis
        if chain.partner is not None:
            fact = Fact.PARTNER_LEFT if chain.there else Fact.FAILED
            self.books.carry_out(m.IncidentNote(fact=fact, leg_id=chain.leg_id, result=OfferResult.FAILED))
        if goes_on(self.state) and self.state.person:
            await self._to_line()

    def _raise(self) -> None:
        """The centre has heard of the crisis, or takes too long."""
        if self._crisis_by is not None:
            self._crisis_by.cancel()
            self._crisis_by = None
            self.mailbox.put(h.Ordered(what=What.RAISE))

    async def _tell(self) -> None:
        """One after another, so that the end comes last; beside the call, so that a slow listener keeps nobody waiting."""
        while True:
            match await self._told.get():
                case Tell(what=what, side=side):
                    heard = await self._tell_once(what)
                    if what == KEY_CRISIS:
                        self._raise()
                    # What becomes of a crisis the first hears otherwise.
                    if side is not None and (what != KEY_CRISIS or (heard and side is Side.PERSON)):
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

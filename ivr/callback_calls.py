"""Call-backs of this worker: takes the requests that are due, puts each into the line, and gives each an actor.

A claimed request waits in the line with the place that was kept for it, like any caller; the person is dialled only when the line has
reserved a counsellor for it. So there are never more people rung than counsellors kept for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

import structlog

from core.alarms import AlarmKind
from core.errors import DatabaseError
from core.ids import new_id
from ivr.ari import Mailbox
from ivr.callback_actor import CallbackActor
from ivr.callback_commands import Result
from ivr.calls import Calls
from ivr.outbound import Purpose
from ivr.services import Message, Services
from routing.callback_model import CallbackState, Due

log = structlog.get_logger()

#: How often requests that are due are looked for; a `wake` does it at once.
LOOK_EVERY_S = 3.0
#: How often callers who broke off are listed, and requests of workers that died are opened again.
SWEEP_EVERY_S = 5.0
#: A worker that died leaves its requests to others after this long.
LEASE_S = 60.0
#: How many of this worker's call-backs wait in the line at once.
MOST = 50
#: After an attempt that failed through us nobody is called for so long: what is broken must not ring counsellors in a loop.
PAUSE_S = 30.0


class CallbackCalls:
    """Service task. `accepting`: as for new calls."""

    def __init__(self, services: Services, calls: Calls, *, worker: str, language: str, accepting: Callable[[], bool]) -> None:
        """`worker`: under which name requests are claimed; `language`: what counsellors hear."""
        self._services = services
        self._calls = calls
        self._worker = worker
        self._language = language
        self._accepting = accepting
        self._wake = asyncio.Event()
        self._live: dict[UUID, CallbackActor] = {}
        self._paused_until = 0.0
        self._sweep_at = 0.0

    @property
    def live(self) -> int:
        """Call-backs in the line or under way."""
        return len(self._live)

    def wake(self) -> None:
        """A request may be due now."""
        self._wake.set()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self._look()
            except DatabaseError as error:
                log.info("callbacks_put_off", reason=type(error).__name__)
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()

    async def _look(self) -> None:
        services = self._services
        now = services.clock.monotonic()
        if not self._accepting():
            return
        if now >= self._sweep_at:
            self._sweep_at = now + SWEEP_EVERY_S
            await services.callbacks.sweep()
            for callback_id, state in await services.callbacks.reclaim():
                self._given_up(callback_id, state)
        if now < self._paused_until or not services.outbound.can_call(Purpose.CALLBACK):
            return
        for due in await services.callbacks.claim(self._worker, MOST - len(self._live), LEASE_S):
            self._begin(due)

    def _begin(self, due: Due) -> None:
        mailbox: Mailbox[Message] = Mailbox(f"callback {due.id}")
        actor = CallbackActor(due, new_id(), mailbox, self._services, self._calls, language=self._language, lease_s=LEASE_S)
        self._live[due.id] = actor
        self._services.spawn(self._run(due, actor), f"callback {due.id}")

    async def _run(self, due: Due, actor: CallbackActor) -> None:
        try:
            result, state = await actor.run()
        finally:
            self._live.pop(due.id, None)
        if result is Result.INTERRUPTED and actor.rang:
            self._paused_until = self._services.clock.monotonic() + PAUSE_S
        if state is not None:
            self._given_up(due.id, state)

    def _given_up(self, callback_id: UUID, state: CallbackState) -> None:
        if state is CallbackState.GIVEN_UP:
            self._services.alarms.raise_(AlarmKind.CALLBACK_GIVEN_UP, about=callback_id)

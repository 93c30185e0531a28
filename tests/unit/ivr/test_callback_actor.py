"""A call-back in the line when the hours end in which the person may be called."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from core.ids import new_id
from ivr.ari import Mailbox
from ivr.callback_actor import CallbackActor
from ivr.callback_call import Phase
from ivr.callback_commands import Result
from ivr.services import Message
from routing.callback_model import CallbackState, CallHours, Consent, Due
from routing.policy import Policy
from routing.testing_callbacks import MemoryCallbacks, Request
from tests.unit.ivr.workers import Worker, World


class Keeping(MemoryCallbacks):
    """Tells when a request is held for another while."""

    def __init__(self, world: World) -> None:
        super().__init__(world.database, world.clock)
        self.kept = asyncio.Event()

    async def keep(self, due: Due, lease_s: float) -> bool:
        """See `Callbacks.keep`."""
        self.kept.set()
        return await super().keep(due, lease_s)

    async def again(self) -> None:
        """Wait until it was held a few times more."""
        async with asyncio.timeout(10):
            for _ in range(3):
                self.kept.clear()
                await self.kept.wait()


async def _in_line(world: World, worker: Worker) -> tuple[CallbackActor, Request, Keeping]:
    """Asked for at noon, to be called in the daytime, and now waiting for a counsellor."""
    callbacks, services = Keeping(world), cast(Any, worker.services)
    services.callbacks, services.router.policy, services.callback_ask_s = callbacks, Policy(), 25.0
    caller = await world.waiting(worker)
    consent = Consent(may_call=True, hours=CallHours.DAYTIME)
    await callbacks.ask(caller.id, number=None, consent=consent, language="ko", virtual_start=world.clock.now())
    caller.outcome = "callback_arranged"
    (due,) = await callbacks.claim("w1", 1, 60)
    mailbox: Mailbox[Message] = Mailbox("callback")
    actor = CallbackActor(due, new_id(), mailbox, worker.services, worker.calls, language="ko", lease_s=0.01)
    return actor, world.database.callbacks[due.id], callbacks


@pytest.mark.asyncio
async def test_a_call_back_leaves_the_line_when_its_hours_end() -> None:
    """Nobody's phone has rung, no attempt is counted, and it is there again the next day with its place."""
    world = World()
    worker = world.worker()
    actor, request, callbacks = await _in_line(world, worker)
    place = request.virtual_start
    running = asyncio.create_task(actor.run())
    await callbacks.again()
    assert not running.done()
    world.clock.advance(6 * 3600)
    async with asyncio.timeout(10):
        assert await running == (Result.INTERRUPTED, CallbackState.OPEN)
    assert not actor.rang
    assert (request.state, request.attempts, request.virtual_start) == ("open", 0, place)
    await worker.write()
    assert await callbacks.claim("w1", 1, 60) == []
    world.clock.advance(timedelta(hours=15).total_seconds())
    (again,) = await callbacks.claim("w1", 1, 60)
    assert again.id == request.id
    await world.end()


@pytest.mark.asyncio
async def test_a_phone_that_rings_already_rings_on_when_the_hours_end() -> None:
    """The person was dialled within them."""
    world = World()
    worker = world.worker()
    actor, request, callbacks = await _in_line(world, worker)
    actor.state = replace(actor.state, phase=Phase.PERSON, dialled=True)
    running = asyncio.create_task(actor.run())
    await callbacks.again()
    world.clock.advance(6 * 3600)
    await callbacks.again()
    assert not running.done()
    assert request.state == "calling"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await world.end()

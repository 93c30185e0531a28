"""A leg whose originate is answered late or never, and what is whispered meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ivr.ari import Channel, ChannelCreated, NotFound, OutcomeUnknown, StasisStart
from ivr.happenings import Happening, LegDown, LegUp
from ivr.legs import Leg
from ivr.whisper import Whisperer
from routing.model import OfferResult
from tests.unit.ivr.workers import Worker, World

LEG = "crisis-1"


@pytest_asyncio.fixture
async def worker() -> AsyncIterator[Worker]:
    """A program whose originates get no answer in time."""
    world = World()
    world.asterisk.deaf_to.add("originate")
    yield world.worker()
    await world.end()


async def rung(worker: Worker) -> tuple[Leg, list[Happening]]:
    """A partner, as far as anybody knows."""
    posted: list[Happening] = []
    leg = Leg(LEG, worker.services, posted.append)
    leg.ring(endpoint="PJSIP/112@carrier", timeout_s=20, call_id="c", originator="")
    await worker.settle()
    return leg, posted


async def test_who_rings_is_not_given_up_for_a_late_answer(worker: Worker) -> None:
    """Asterisk is asked: the leg is there, and its answer counts."""
    worker.world.asterisk.where[LEG] = ""
    leg, posted = await rung(worker)
    assert (posted, worker.world.asterisk.hung_up) == ([], [])
    leg.handle(StasisStart(channel=Channel(id=LEG, state="Up"), args=("leg",)))
    assert [type(one) for one in posted] == [LegUp]


async def test_a_leg_that_comes_after_it_was_given_up_is_hung_up_at_once(worker: Worker) -> None:
    """Somebody else is called by then: nobody is to answer it."""
    leg, posted = await rung(worker)
    assert [(type(one), getattr(one, "result", None)) for one in posted] == [(LegDown, OfferResult.FAILED)]
    worker.world.asterisk.hung_up.clear()
    worker.world.asterisk.where[LEG] = ""
    leg.handle(ChannelCreated(channel=Channel(id=LEG, state="Down")))
    await worker.settle()
    assert worker.world.asterisk.hung_up == [LEG]
    leg.handle(StasisStart(channel=Channel(id=LEG, state="Up"), args=("leg",)))
    await worker.settle()
    assert len(posted) == 1


@pytest.mark.parametrize(("error", "made"), [(OutcomeUnknown("play_on_channel"), 1), (NotFound("play_on_channel"), 2)])
async def test_a_word_that_was_lost_does_not_silence_the_next(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, error: Exception, made: int
) -> None:
    """Its channel is made anew only where it is gone: Asterisk refuses a second one of that name."""
    whispers: list[str] = []
    said: list[str] = []

    async def whisper(_leg_id: str, whisper_id: str) -> bool:
        whispers.append(whisper_id)
        return False

    async def play(_channel_id: str, _media: object, playback_id: str) -> None:
        said.append(playback_id)
        if len(said) == 1:
            raise error

    monkeypatch.setattr(worker.ari, "whisper", whisper, raising=False)
    monkeypatch.setattr(worker.ari, "play_on_channel", play, raising=False)
    whisperer = Whisperer(worker.services, lambda _: None)
    for word in ("crisis_rung", "crisis_answered"):
        whisperer.say("leg-1", (word,))
        await worker.settle()
    assert (len(said), len(whispers)) == (2, made)

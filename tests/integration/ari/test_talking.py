"""Whether a caller speaks, as Asterisk hears it."""

from __future__ import annotations

from ivr.ari import StasisStart, TalkingFinished
from ivr.voice import SETTING, TALK_DETECT, spoke
from tests.integration.ari.server import AriAsterisk
from tests.kit.ari_client import connect, expect


async def test_a_word_is_heard_and_silence_is_not(asterisk: AriAsterisk, name: str) -> None:
    """One channel sends silence and one says a word; only the word is reported, with its own length."""
    async with connect(asterisk, name) as client:
        still, speaks = (client.mailbox(f"{name}-{who}") for who in ("still", "speaks"))
        for who, mailbox in (("still", still), ("speaks", speaks)):
            asterisk.call(who, f"direct-{name}", f"{name}-{who}")
            await expect(mailbox, StasisStart)
            await client.ari.answer(f"{name}-{who}")
            await client.ari.set_variable(f"{name}-{who}", TALK_DETECT, SETTING)
        heard = await expect(speaks, TalkingFinished, 10)
        assert spoke(heard)
        assert heard.duration_ms < 2000
        assert not [event for event in still.drain() if isinstance(event, TalkingFinished)]

"""Whether a caller spoke, from what Asterisk's TALK_DETECT reports when it is quiet again.

Measured on 22.10.1 (tests/integration/ari/test_talking.py): silence is not reported, a word is, with its own length.
"""

from __future__ import annotations

from typing import Final

from ivr.ari import TalkingFinished

#: The function, and what it is set to: milliseconds of quiet that end talking, and the loudness that counts (Asterisk's own default).
TALK_DETECT: Final = "TALK_DETECT(set)"
SETTING: Final = "1000,256"
#: A click or a breath is no speech.
SHORTEST_MS: Final = 300


def spoke(event: TalkingFinished) -> bool:
    """Whether that was somebody speaking."""
    return event.duration_ms >= SHORTEST_MS

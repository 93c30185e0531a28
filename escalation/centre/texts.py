"""Texts of people at rest: limited, without registration numbers, sealed so that a row's text opens only as that row's."""

from __future__ import annotations

from uuid import UUID

from care.scrub import scrub
from core.sealing import Sealer
from escalation.centre.errors import TextTooLong

#: What the sealer of these texts is for.
PURPOSE = "centre texts"
#: Characters of a text.
LONGEST = 20_000


class Texts:
    """Seals and opens texts."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def seal(self, text: str, owner: UUID, *, limit: int = LONGEST) -> bytes:
        """What is kept of a text, for the row `owner`. Raises TextTooLong: nothing is cut off in silence."""
        if len(text) > limit:
            raise TextTooLong(len(text), limit)
        return self._sealer.seal(scrub(text).text.encode(), owner=owner.bytes)

    def open(self, sealed: bytes | None, owner: UUID) -> str:
        """The text; "" for none. Raises CipherError."""
        return self._sealer.open(sealed, owner=owner.bytes).decode() if sealed is not None else ""

"""Keys as a person pressed them."""

from __future__ import annotations

from datetime import datetime, timedelta

from ivr.ari import DtmfReceived

#: Asterisk reports a key twice when the next one follows within about 45 ms of it (memory dialling); the copy comes 18 to 68 ms after
#: the original with the same digit and length (measured on 22.10.1). Two presses of one key by a person or a phone are 80 ms apart.
COPY_WITHIN = timedelta(milliseconds=70)


class Keypad:
    """Tells presses from copies, for one channel."""

    def __init__(self) -> None:
        self._last: tuple[str, int] | None = None
        self._at: datetime | None = None

    def pressed(self, event: DtmfReceived) -> str | None:
        """The key, or None for the copy of one that was reported already."""
        key = (event.digit, event.duration_ms)
        copy = key == self._last and event.at is not None and self._at is not None and event.at - self._at <= COPY_WITHIN
        self._last, self._at = key, event.at
        return None if copy else event.digit

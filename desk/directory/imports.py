"""Files that were looked at and may be applied: in memory, of one session, for half an hour. The file itself is kept nowhere."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from uuid import UUID

from care.directory.preview import Preview
from core.clock import Clock

#: Seconds.
VALID_S = 1800.0
#: Of all sessions together; the oldest goes first.
MOST = 20


@dataclass(slots=True, kw_only=True)
class PlaceImports:
    """See the module."""

    clock: Clock
    _kept: dict[str, tuple[UUID, Preview, float]] = field(default_factory=dict)

    def keep(self, session_id: UUID, preview: Preview) -> str:
        """Its token."""
        self._tidy()
        while len(self._kept) >= MOST:
            del self._kept[next(iter(self._kept))]
        token = secrets.token_urlsafe(24)
        self._kept[token] = (session_id, preview, self.clock.monotonic() + VALID_S)
        return token

    def find(self, token: str, session_id: UUID) -> Preview | None:
        """What was looked at, for the session that did."""
        self._tidy()
        found = self._kept.get(token)
        return found[1] if found is not None and found[0] == session_id else None

    def forget(self, token: str) -> None:
        """It was applied."""
        self._kept.pop(token, None)

    def _tidy(self) -> None:
        now = self.clock.monotonic()
        for token in [token for token, (_, _, until) in self._kept.items() if until <= now]:
            del self._kept[token]

"""Files that were looked at and may be applied: in memory, of one session, for half an hour. The file itself is kept nowhere."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from core.clock import Clock
from shifts.spreadsheet import Preview

#: Seconds.
VALID_S = 1800.0
#: A session that looks at a fifth file forgets the first.
PER_SESSION = 4
#: All of them together; nobody fills the memory by looking at files.
MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A file's outcome."""

    first: date
    session_id: UUID
    preview: Preview
    until: float


@dataclass(slots=True, kw_only=True)
class Imports:
    """See the module."""

    clock: Clock
    _kept: dict[str, Looked] = field(default_factory=dict)

    def keep(self, first: date, session_id: UUID, preview: Preview) -> str:
        """Its token."""
        self._tidy()
        own = [token for token, one in self._kept.items() if one.session_id == session_id]
        for token in own[: len(own) - PER_SESSION + 1]:
            del self._kept[token]
        while len(self._kept) >= MOST:
            del self._kept[next(iter(self._kept))]
        token = secrets.token_urlsafe(24)
        self._kept[token] = Looked(first=first, session_id=session_id, preview=preview, until=self.clock.monotonic() + VALID_S)
        return token

    def find(self, token: str, first: date, session_id: UUID) -> Preview | None:
        """What was looked at, for the session that did, and the month it was looked at for."""
        self._tidy()
        found = self._kept.get(token)
        if found is None or found.session_id != session_id or found.first != first:
            return None
        return found.preview

    def forget(self, token: str) -> None:
        """It was applied."""
        self._kept.pop(token, None)

    def _tidy(self) -> None:
        now = self.clock.monotonic()
        for token in [token for token, one in self._kept.items() if one.until <= now]:
            del self._kept[token]

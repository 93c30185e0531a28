"""Alarms for supervisors: something that a person must know now. Kept in a table, logged as an error, counted.

Raising never blocks and never fails: the row goes through the journal, so an absent database only delays it. What is open shows in
`annyeong120 alarms` and `annyeong120 line`. The same alarm about the same thing is raised again only after `REPEAT_S`.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import structlog
from sqlalchemy import Executable, insert

from core import metrics
from core.alarm_kinds import AlarmKind
from core.clock import Clock
from core.ids import new_id
from core.journal import Journal
from core.tables import alarms

__all__ = ["JOURNAL_STATEMENTS", "REPEAT_S", "AlarmKind", "Alarms"]

log = structlog.get_logger()

#: The same alarm about the same thing is silent for this long.
REPEAT_S = 300.0

JOURNAL_STATEMENTS: Mapping[str, Executable] = {"alarm": insert(alarms)}


class Alarms:
    """Raises alarms. `raise_` is safe to call from anywhere in the event loop."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._raised: dict[tuple[AlarmKind, UUID | None], float] = {}

    def raise_(self, kind: AlarmKind, *, about: UUID | None = None, detail: Mapping[str, object] | None = None) -> bool:
        """Raise an alarm about a contact, a counsellor, an incident …; False: it was raised a moment ago.

        `detail` never holds a number or a name.
        """
        now = self._clock.monotonic()
        self._raised = {key: at for key, at in self._raised.items() if now - at < REPEAT_S}
        if (kind, about) in self._raised:
            return False
        self.remind(kind, about=about, detail=detail)
        return True

    def remind(self, kind: AlarmKind, *, about: UUID | None = None, detail: Mapping[str, object] | None = None) -> None:
        """Raise it, however short ago it was raised: for whoever has a schedule of their own."""
        self._raised[kind, about] = self._clock.monotonic()
        metrics.alarms_total.labels(kind=str(kind)).inc()
        log.error("alarm", kind=str(kind), about=str(about) if about else None, **dict(detail or {}))
        self._journal.add(
            "alarm", {"id": new_id(), "kind": str(kind), "at": self._clock.now(), "about": about, "detail": dict(detail or {})}
        )

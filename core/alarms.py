"""Alarms for supervisors: something that a person must know now. Kept in a table, logged as an error, counted.

Raising never blocks and never fails: the row goes through the journal, so an absent database only delays it. What is open shows in
`annyeong120 alarms` and `annyeong120 line`. The same alarm about the same thing is raised again only after `REPEAT_S`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

import structlog
from sqlalchemy import Executable, insert

from core import metrics
from core.clock import Clock
from core.ids import new_id
from core.journal import Journal
from core.tables import alarms

log = structlog.get_logger()

#: The same alarm about the same thing is silent for this long.
REPEAT_S = 300.0

JOURNAL_STATEMENTS: Mapping[str, Executable] = {"alarm": insert(alarms)}


class AlarmKind(StrEnum):
    """What is wrong."""

    #: A caller pressed the danger key.
    DANGER_KEY = "danger_key"
    #: Nobody who is on shift can take a call.
    NOBODY_ON_SHIFT = "nobody_on_shift"
    #: Somebody is on shift, and no phone can be reached.
    EVERYBODY_UNREACHABLE = "everybody_unreachable"
    #: A caller waits longer than the limit.
    LONG_WAIT = "long_wait"
    #: Standby list and partner line did not help either.
    OVERFLOW_EXHAUSTED = "overflow_exhausted"
    #: A number that is not on the allow-list was to be dialled.
    NUMBER_NOT_ALLOWED = "number_not_allowed"
    #: A counsellor's phone died in a talk.
    COUNSELLOR_LOST = "counsellor_lost"
    #: A counsellor is left alone after too many calls that rang out.
    COUNSELLOR_PAUSED = "counsellor_paused"
    #: A live caller heard nothing or had no deadline.
    SILENT_CALLER_LINE = "silent_caller_line"
    #: A call-back was given up.
    CALLBACK_GIVEN_UP = "callback_given_up"
    #: No published roster covers now: everybody who is signed in is rung.
    NO_ROSTER = "no_roster"
    #: The published roster has too few on the line, soon.
    THIN_SEAT = "thin_seat"
    #: Somebody is due on the line and has not signed in.
    NOT_SIGNED_IN = "not_signed_in"
    #: Calls ended by a failure of ours.
    CALLS_CUT_OFF = "calls_cut_off"


class Alarms:
    """Raises alarms. `raise_` is safe to call from anywhere in the event loop."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._raised: dict[tuple[AlarmKind, UUID | None], float] = {}

    def raise_(self, kind: AlarmKind, *, about: UUID | None = None, detail: Mapping[str, object] | None = None) -> bool:
        """Raise an alarm about a contact or a counsellor; False: it was raised a moment ago. `detail` never holds a number or a name."""
        now = self._clock.monotonic()
        self._raised = {key: at for key, at in self._raised.items() if now - at < REPEAT_S}
        if (kind, about) in self._raised:
            return False
        self._raised[kind, about] = now
        metrics.alarms_total.labels(kind=str(kind)).inc()
        log.error("alarm", kind=str(kind), about=str(about) if about else None, **dict(detail or {}))
        self._journal.add(
            "alarm", {"id": new_id(), "kind": str(kind), "at": self._clock.now(), "about": about, "detail": dict(detail or {})}
        )
        return True

"""Presence in PostgreSQL: each of `presence_model`'s events as ONE conditional statement, committed when it returns.

A statement changes the row, keeps the change in `presence_events`, and tells what was there before; two that meet on one row wait
for each other and the later one judges what the earlier one left. Offers and talks are written by `routing.reservations`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Text, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from core.database import Database
from routing.presence_model import BreakReason, Human, PresenceEvent, System

#: Wrap-up, if it was that, is over.
_FINISHED = """
    system = CASE p.system WHEN 'wrapup' THEN 'idle' ELSE p.system END,
    deadline = CASE p.system WHEN 'wrapup' THEN NULL ELSE p.deadline END
"""


def _statement(kind: str, changes: str, condition: str) -> TextClause:
    # Put together from the constants below only; what comes from outside is bound.
    return text(
        f"""
        WITH changed AS (
            UPDATE presence p SET {changes}, changed_at = now()
            FROM counsellors c
            WHERE c.extension = :extension AND c.disabled_at IS NULL AND p.counsellor_id = c.id AND ({condition})
            RETURNING p.counsellor_id, p.human, p.system, p.reachable, p.break_reason
        ), kept AS (
            INSERT INTO presence_events (counsellor_id, at, kind, human, system, reachable, reason)
            SELECT counsellor_id, now(), '{kind}', human, system, reachable, break_reason FROM changed
        )
        SELECT c.id, c.disabled_at IS NOT NULL AS disabled, p.human, p.system, changed.counsellor_id IS NOT NULL AS changed
        FROM counsellors c JOIN presence p ON p.counsellor_id = c.id LEFT JOIN changed ON changed.counsellor_id = c.id
        WHERE c.extension = :extension
        """  # noqa: S608
    )


_STATEMENTS: Mapping[PresenceEvent, TextClause] = {
    PresenceEvent.SIGN_IN: _statement("signed_in", "human = 'break', break_reason = NULL", "p.human = 'off'"),
    PresenceEvent.READY: _statement(
        "ready",
        f"human = 'ready', break_reason = NULL, {_FINISHED}, "
        # The condition below leaves only rows that were not ready and idle before.
        "idle_since = CASE WHEN p.system IN ('idle', 'wrapup') THEN now() ELSE p.idle_since END",
        "p.human <> 'off' AND (p.human <> 'ready' OR p.system = 'wrapup')",
    ),
    PresenceEvent.BREAK: _statement(
        "break",
        "human = 'break', break_reason = :reason",
        "p.human <> 'off' AND (p.human <> 'break' OR p.break_reason IS DISTINCT FROM :reason)",
    ),
    PresenceEvent.SIGN_OUT: _statement("signed_out", f"human = 'off', break_reason = NULL, {_FINISHED}", "p.human <> 'off'"),
    PresenceEvent.END_WRAPUP: _statement(
        "wrapup_ended",
        "system = 'idle', deadline = NULL, idle_since = CASE p.human WHEN 'ready' THEN now() ELSE p.idle_since END",
        "p.system = 'wrapup'",
    ),
    PresenceEvent.PHONE_REACHABLE: _statement("reachable", "reachable = true", "NOT p.reachable"),
    PresenceEvent.PHONE_UNREACHABLE: _statement("unreachable", "reachable = false", "p.reachable"),
}

_SEED = text(
    """
    WITH changed AS (
        UPDATE presence p SET reachable = c.extension = ANY(:online), changed_at = now()
        FROM counsellors c
        WHERE p.counsellor_id = c.id AND p.reachable <> (c.extension = ANY(:online))
        RETURNING p.counsellor_id, p.human, p.system, p.reachable, p.break_reason
    ), kept AS (
        INSERT INTO presence_events (counsellor_id, at, kind, human, system, reachable, reason)
        SELECT counsellor_id, now(), CASE WHEN reachable THEN 'reachable' ELSE 'unreachable' END, human, system, reachable, break_reason
        FROM changed
    )
    SELECT counsellor_id FROM changed
    """
).bindparams(bindparam("online", type_=ARRAY(Text)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What a statement met: `human` and `system` are those before it."""

    counsellor_id: UUID
    disabled: bool
    human: Human
    system: System
    changed: bool


class PresenceStore:
    """Presence rows. Every method is one round trip; all raise `DatabaseUnavailable` and other `DatabaseError`s."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def apply(self, extension: str, event: PresenceEvent, reason: BreakReason | None = None) -> Applied | None:
        """Let an event happen to a counsellor; None: nobody has this extension."""
        parameters: dict[str, object] = {"extension": extension}
        if event is PresenceEvent.BREAK:
            parameters["reason"] = str(reason or BreakReason.OTHER)
        rows = await self._db.execute(_STATEMENTS[event], parameters)
        if not rows:
            return None
        row = rows[0]
        return Applied(counsellor_id=row.id, disabled=row.disabled, human=Human(row.human), system=System(row.system), changed=row.changed)

    async def set_reachable_phones(self, extensions: Collection[str]) -> list[UUID]:
        """Exactly these phones can be reached; returns the counsellors for whom that is news."""
        rows = await self._db.execute(_SEED, {"online": sorted(extensions)})
        return [row.counsellor_id for row in rows]

"""Presence in PostgreSQL: each of `presence_model`'s events as ONE conditional statement, committed when it returns.

A statement changes the row, keeps the change in `presence_events`, and tells what was there before; two that meet on one row wait
for each other and the later one judges what the earlier one left. Offers and talks are written by `routing.reservations`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, DateTime, Text, TextClause, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from core.database import Database
from routing.presence_model import BreakReason, Human, PresenceEvent, System

#: Wrap-up, if it was that, is over.
_FINISHED = """
    system = CASE p.system WHEN 'wrapup' THEN 'idle' ELSE p.system END,
    deadline = CASE p.system WHEN 'wrapup' THEN NULL ELSE p.deadline END
"""
#: Of two pictures of a row with the same epoch the one changed later counts, so this must grow even when a statement that began earlier
#: got the row later, or the server's clock was set back.
_CHANGED = "changed_at = greatest(clock_timestamp(), p.changed_at + interval '1 microsecond')"
#: The person, or their phone, is there again: what rang out is forgotten.
_BACK = "missed = 0, paused_until = NULL"
_WAS_AWAY = "p.missed <> 0 OR p.paused_until IS NOT NULL"


def _statement(kind: str, changes: str, condition: str, *, news: str = "true", account: str = "c.extension = :extension") -> TextClause:
    # Put together from the constants below only; what comes from outside is bound. `news`: whether the change is worth a line in
    # presence_events and an announcement, judged by the row as it was.
    return text(
        f"""
        WITH before AS (
            SELECT c.id, c.disabled_at IS NOT NULL AS disabled, p.human, p.system, {news} AS news,
                   c.disabled_at IS NULL AND ({condition}) AS due
            FROM counsellors c JOIN presence p ON p.counsellor_id = c.id
            WHERE {account}
            FOR UPDATE OF p
        ), changed AS (
            UPDATE presence p SET {changes}, {_CHANGED}
            FROM before WHERE before.due AND p.counsellor_id = before.id
            RETURNING p.counsellor_id, {kind} AS kind, p.human, p.system, p.reachable, p.break_reason, before.news
        ), kept AS (
            INSERT INTO presence_events (counsellor_id, at, kind, human, system, reachable, reason)
            SELECT counsellor_id, now(), kind, human, system, reachable, break_reason FROM changed WHERE news
        )
        SELECT before.id, before.disabled, before.human, before.system, coalesce(changed.news, false) AS changed
        FROM before LEFT JOIN changed ON changed.counsellor_id = before.id
        """  # noqa: S608
    )


_STATEMENTS: Mapping[PresenceEvent, TextClause] = {
    PresenceEvent.SIGN_IN: _statement(
        # "back": they were signed in already, and have only ended a pause.
        "CASE before.human WHEN 'off' THEN 'signed_in' ELSE 'back' END",
        f"""human = CASE p.human WHEN 'off' THEN 'break' ELSE p.human END,
            break_reason = CASE p.human WHEN 'off' THEN NULL ELSE p.break_reason END, {_BACK}""",
        f"p.human = 'off' OR {_WAS_AWAY}",
    ),
    PresenceEvent.READY: _statement(
        "'ready'",
        f"""human = 'ready', break_reason = NULL, rest_until = NULL, {_BACK}, {_FINISHED},
            idle_since = CASE WHEN p.system = 'wrapup' OR (p.system = 'idle' AND p.human <> 'ready') THEN now() ELSE p.idle_since END""",
        f"p.human <> 'off' AND (p.human <> 'ready' OR p.system = 'wrapup' OR p.rest_until IS NOT NULL OR {_WAS_AWAY})",
    ),
    PresenceEvent.BREAK: _statement(
        "'break'",
        f"human = 'break', break_reason = :reason, {_BACK}",
        f"p.human <> 'off' AND (p.human <> 'break' OR p.break_reason IS DISTINCT FROM :reason OR {_WAS_AWAY})",
    ),
    PresenceEvent.SIGN_OUT: _statement("'signed_out'", f"human = 'off', break_reason = NULL, {_FINISHED}", "p.human <> 'off'"),
    PresenceEvent.END_WRAPUP: _statement(
        "CASE before.system WHEN 'wrapup' THEN 'wrapup_ended' ELSE 'back' END",
        f"""{_BACK}, {_FINISHED},
            idle_since = CASE WHEN p.system = 'wrapup' AND p.human = 'ready' THEN now() ELSE p.idle_since END""",
        f"p.system = 'wrapup' OR {_WAS_AWAY}",
    ),
    PresenceEvent.PHONE_REACHABLE: _statement(
        "'reachable'",
        """reachable = true, node = :node,
           missed = CASE WHEN p.reachable THEN p.missed ELSE 0 END,
           paused_until = CASE WHEN p.reachable THEN p.paused_until END""",
        "NOT p.reachable OR p.node IS DISTINCT FROM :node",
        # A phone that only moved from one node to another was there all the time.
        news="NOT p.reachable",
    ),
    PresenceEvent.PHONE_UNREACHABLE: _statement("'unreachable'", "reachable = false", "p.reachable AND (p.node IS NULL OR p.node = :node)"),
}
_OF_PHONES = frozenset({PresenceEvent.PHONE_REACHABLE, PresenceEvent.PHONE_UNREACHABLE})

_HERE = "c.extension = ANY(:online)"
# The same two events for all phones of a node at once.
_COMPARE = text(
    f"""
    WITH before AS (
        SELECT c.id, p.reachable, {_HERE} AS here
        FROM presence p JOIN counsellors c ON c.id = p.counsellor_id
        WHERE CASE WHEN {_HERE} THEN NOT p.reachable OR p.node IS DISTINCT FROM :node
                   ELSE p.reachable AND (p.node IS NULL OR p.node = :node) END
        -- Two that compare at once lock in the same order.
        ORDER BY c.id
        FOR UPDATE OF p
    ), changed AS (
        UPDATE presence p
        SET reachable = before.here, node = CASE WHEN before.here THEN :node ELSE p.node END, {_CHANGED},
            missed = CASE WHEN before.here AND NOT before.reachable THEN 0 ELSE p.missed END,
            paused_until = CASE WHEN before.here AND NOT before.reachable THEN NULL ELSE p.paused_until END
        FROM before WHERE p.counsellor_id = before.id
        RETURNING p.counsellor_id, p.human, p.system, p.reachable, p.break_reason, before.reachable <> before.here AS news
    ), kept AS (
        INSERT INTO presence_events (counsellor_id, at, kind, human, system, reachable, reason)
        SELECT counsellor_id, now(), CASE WHEN reachable THEN 'reachable' ELSE 'unreachable' END, human, system, reachable, break_reason
        FROM changed WHERE news
    )
    SELECT counsellor_id FROM changed WHERE news
    """  # noqa: S608
).bindparams(bindparam("online", type_=ARRAY(Text)), bindparam("node", type_=Text))

_SHIFT = _statement(
    "CASE WHEN :on_shift THEN 'on_shift' ELSE 'off_shift' END",
    "on_shift = :on_shift, shift_until = :until",
    "p.on_shift <> :on_shift OR p.shift_until IS DISTINCT FROM :until",
    account="c.id = :id OR c.extension = :extension",
).bindparams(bindparam("on_shift", type_=Boolean), bindparam("until", type_=DateTime(timezone=True)))

# The same for everybody at once: exactly these are on shift, or everybody is.
_SHIFTS = text(
    f"""
    WITH wanted AS (
        SELECT p.counsellor_id, p.on_shift AS was, :everybody OR w.id IS NOT NULL AS on_shift, w.until
        FROM presence p LEFT JOIN unnest(:ids, :untils) AS w (id, until) ON w.id = p.counsellor_id
        -- Two that do this at once lock in the same order.
        ORDER BY p.counsellor_id
        FOR UPDATE OF p
    ), changed AS (
        UPDATE presence p SET on_shift = wanted.on_shift, shift_until = wanted.until, {_CHANGED}
        FROM wanted
        WHERE p.counsellor_id = wanted.counsellor_id AND (p.on_shift <> wanted.on_shift OR p.shift_until IS DISTINCT FROM wanted.until)
        RETURNING p.counsellor_id, p.human, p.system, p.reachable, p.on_shift, p.on_shift <> wanted.was AS news
    ), kept AS (
        INSERT INTO presence_events (counsellor_id, at, kind, human, system, reachable)
        SELECT counsellor_id, now(), CASE WHEN on_shift THEN 'on_shift' ELSE 'off_shift' END, human, system, reachable FROM changed WHERE news
    )
    SELECT counsellor_id FROM changed
    """  # noqa: S608
).bindparams(
    bindparam("everybody", type_=Boolean),
    bindparam("ids", type_=ARRAY(Uuid)),
    bindparam("untils", type_=ARRAY(DateTime(timezone=True))),
)

_SIGNED_OUT = text("SELECT counsellor_id FROM presence WHERE counsellor_id = ANY(:ids) AND human = 'off'").bindparams(
    bindparam("ids", type_=ARRAY(Uuid))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What a statement met: `human` and `system` are those before it. `changed`: something that others must know."""

    counsellor_id: UUID
    disabled: bool
    human: Human
    system: System
    changed: bool


class PresenceStore:
    """Presence rows. Every method is one round trip; all raise `DatabaseUnavailable` and other `DatabaseError`s."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def apply(
        self, extension: str, event: PresenceEvent, reason: BreakReason | None = None, *, node: str | None = None
    ) -> Applied | None:
        """Let an event happen to a counsellor; None: nobody has this extension. `node`: the one that tells of a phone."""
        parameters: dict[str, object] = {"extension": extension}
        if event is PresenceEvent.BREAK:
            parameters["reason"] = str(reason or BreakReason.OTHER)
        if event in _OF_PHONES:
            parameters["node"] = node
        return await self._applied(_STATEMENTS[event], parameters)

    async def set_shift(self, who: UUID | str, *, on_shift: bool, until: datetime | None) -> Applied | None:
        """Whether somebody (by id or extension) is on shift, and until when; None: nobody is called so."""
        known = {"id": who, "extension": None} if isinstance(who, UUID) else {"id": None, "extension": who}
        return await self._applied(_SHIFT, {**known, "on_shift": on_shift, "until": until})

    async def set_shifts(self, until: Mapping[UUID, datetime] | None) -> list[UUID]:
        """Exactly these are on shift, until then; None: everybody is, open-ended. Returns those for whom anything changed."""
        until = dict(until) if until is not None else None
        parameters = {"everybody": until is None, "ids": list(until or ()), "untils": list((until or {}).values())}
        return [row.counsellor_id for row in await self._db.execute(_SHIFTS, parameters)]

    async def signed_out(self, counsellor_ids: Collection[UUID]) -> frozenset[UUID]:
        """Who of these has not signed in."""
        rows = await self._db.execute(_SIGNED_OUT, {"ids": sorted(counsellor_ids)})
        return frozenset(row.counsellor_id for row in rows)

    async def set_reachable_phones(self, extensions: Collection[str], node: str) -> list[UUID]:
        """Exactly these phones can be reached on this node; returns the counsellors for whom that is news."""
        rows = await self._db.execute(_COMPARE, {"online": sorted(extensions), "node": node})
        return [row.counsellor_id for row in rows]

    async def _applied(self, statement: TextClause, parameters: Mapping[str, object]) -> Applied | None:
        rows = await self._db.execute(statement, dict(parameters))
        if not rows:
            return None
        row = rows[0]
        return Applied(counsellor_id=row.id, disabled=row.disabled, human=Human(row.human), system=System(row.system), changed=row.changed)

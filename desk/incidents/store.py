"""Incidents as somebody at the desk may see them: lists and single reads ask the same condition."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, DateTime, Row, TextClause, Uuid, bindparam, text

from core.database import Database
from desk.access.model import Actor, Permission
from escalation.confirmation import Standing
from escalation.model import Incident, OrderKind
from escalation.rows import find

_ON_LINE = "EXISTS (SELECT FROM presence s WHERE s.counsellor_id = :me AND s.contact_id = c.id AND s.system <> 'idle')"
#: The call of an incident, and the calls by which somebody who dropped out of it is called back.
_ITS_CALLS = """
    EXISTS (
        SELECT FROM contacts c WHERE (
            c.id = i.contact_id
            OR c.callback_id IN (SELECT b.id FROM callbacks b WHERE b.contact_id = i.contact_id AND b.lane = 'crisis')
        ) AND
"""
#: Whose incident it is: raised in their talk, or they have the call now.
_THEIRS = f"(i.counsellor_id = :me OR {_ITS_CALLS} (c.counsellor_id = :me OR {_ON_LINE})))"
_SEEN = f"""
    SELECT i.*, n.name AS counsellor_name, u.name AS ended_by_name,
           {_ITS_CALLS} c.outcome IS NULL) AS on_line
    FROM incidents i LEFT JOIN counsellors n ON n.id = i.counsellor_id LEFT JOIN desk_users u ON u.id = i.ended_by
    WHERE (:everything OR {_THEIRS}) AND
"""  # noqa: S608 - put together from the constants above
_ORDER = "ORDER BY i.raised_at, i.id"


def _asked(sql: str, *times: str) -> TextClause:
    binds = [bindparam("me", type_=Uuid), bindparam("everything", type_=Boolean)]
    binds += [bindparam(name, type_=DateTime(timezone=True)) for name in times]
    return text(sql).bindparams(*binds)


_OPEN = _asked(f"{_SEEN} i.ended_at IS NULL {_ORDER}")
_ENDED = _asked(f"{_SEEN} i.ended_at >= :since AND i.ended_at < :until {_ORDER}", "since", "until")
_ONE = _asked(f"{_SEEN} i.id = :incident_id {_ORDER}").bindparams(bindparam("incident_id", type_=Uuid))
_RELATED = _asked(f"{_SEEN} (i.contact_id = ANY(:contacts) OR i.id = ANY(:ids)) {_ORDER}").bindparams(
    bindparam("contacts", type_=ARRAY(Uuid)), bindparam("ids", type_=ARRAY(Uuid))
)
# Somebody whose caller has just hung up still writes: they may say that it was a crisis.
_CALLS_SQL = f"""
    SELECT c.id, c.entered_at, c.state, c.counsellor_id, n.name, i.id AS incident_id,
           c.outcome IS NULL OR EXISTS (SELECT FROM presence s WHERE s.contact_id = c.id AND s.system <> 'idle') AS live,
           (c.counsellor_id IS NOT DISTINCT FROM :me AND c.counsellor_id IS NOT NULL) OR {_ON_LINE} AS mine
    FROM contacts c LEFT JOIN counsellors n ON n.id = c.counsellor_id
    LEFT JOIN incidents i ON i.contact_id = c.id AND i.ended_at IS NULL
"""  # noqa: S608
_CALLS = _asked(
    f"SELECT * FROM ({_CALLS_SQL}) found WHERE live AND (:everything OR mine) ORDER BY entered_at LIMIT 200"  # noqa: S608
)
_CALL = text(f"{_CALLS_SQL} WHERE c.id = :contact_id").bindparams(bindparam("me", type_=Uuid), bindparam("contact_id", type_=Uuid))
_NUMBER = text("SELECT number_cipher, language FROM contacts WHERE id = :id").bindparams(bindparam("id", type_=Uuid))
_REMINDERS = text("SELECT id, kind, at, detail, seen_at, seen_by FROM alarms WHERE about = :id ORDER BY at, id").bindparams(
    bindparam("id", type_=Uuid)
)
_ORDERS = text(
    "SELECT id, incident_id, kind, partner_id, at, taken_at FROM incident_orders WHERE incident_id = :id ORDER BY at DESC, id DESC LIMIT 20"
).bindparams(bindparam("id", type_=Uuid))
_NAMES = text(
    "SELECT id, name FROM desk_users WHERE id = ANY(:ids) UNION ALL SELECT id, name FROM counsellors WHERE id = ANY(:ids)"
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Onlooker:
    """Who looks."""

    counsellor_id: UUID | None
    #: At everybody's calls.
    everything: bool

    @property
    def values(self) -> dict[str, object]:
        """For the statements."""
        return {"me": self.counsellor_id, "everything": self.everything}


def onlooker(actor: Actor) -> Onlooker:
    """Somebody at the desk, as incidents know them."""
    return Onlooker(counsellor_id=actor.counsellor_id, everything=Permission.INCIDENT_ALL in actor.permissions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An incident with what a page shows beside it."""

    incident: Incident
    standing: Standing
    counsellor_name: str | None
    ended_by_name: str | None
    #: The call goes on.
    on_line: bool


class Store:
    """Reads. Raises DatabaseUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def open(self, who: Onlooker) -> tuple[Seen, ...]:
        """Those that no human has ended, oldest first."""
        return await self._seen(await self._db.execute(_OPEN, who.values))

    async def ended(self, who: Onlooker, since: datetime, until: datetime) -> tuple[Seen, ...]:
        """Those that were ended in a stretch of time (half-open)."""
        return await self._seen(await self._db.execute(_ENDED, {**who.values, "since": since, "until": until}))

    async def related(self, who: Onlooker, contacts: Collection[UUID], ids: Collection[UUID]) -> Sequence[Row[Any]]:
        """Rows of those in some calls, and of those with some ids."""
        return await self._db.execute(_RELATED, {**who.values, "contacts": list(contacts), "ids": list(ids)})

    async def one(self, who: Onlooker, incident_id: UUID) -> Seen | None:
        """One; None: there is none, or it is not theirs to see."""
        return next(iter(await self._seen(await self._db.execute(_ONE, {**who.values, "incident_id": incident_id}))), None)

    async def calls(self, who: Onlooker) -> Sequence[Row[Any]]:
        """Calls in which they may raise one, the longest first."""
        return await self._db.execute(_CALLS, who.values)

    async def call(self, who: Onlooker, contact_id: UUID) -> Row[Any] | None:
        """A call, whoever has it; None: there is none."""
        rows = await self._db.execute(_CALL, {"me": who.counsellor_id, "contact_id": contact_id})
        return rows[0] if rows else None

    async def caller(self, contact_id: UUID) -> tuple[bytes | None, str]:
        """The sealed number of a call (None: withheld), and its language."""
        rows = await self._db.execute(_NUMBER, {"id": contact_id})
        return (rows[0].number_cipher, rows[0].language) if rows else (None, "")

    async def reminders(self, incident_id: UUID) -> Sequence[Row[Any]]:
        """Alarms about an incident, oldest first."""
        return await self._db.execute(_REMINDERS, {"id": incident_id})

    async def orders(self, incident_id: UUID) -> Sequence[Row[Any]]:
        """What the desk asked for, the newest first."""
        return await self._db.execute(_ORDERS, {"id": incident_id})

    async def last_order(self, incident_id: UUID, kind: OrderKind, partner_id: str | None) -> Row[Any] | None:
        """The newest order of a kind (for that partner)."""
        found = await self.orders(incident_id)
        return next((row for row in found if row.kind == kind and row.partner_id == partner_id), None)

    async def names(self, ids: Collection[UUID]) -> Mapping[UUID, str]:
        """Of desk users and counsellors."""
        if not ids:
            return {}
        return {row.id: row.name for row in await self._db.execute(_NAMES, {"ids": list(ids)})}

    async def _seen(self, rows: Sequence[Row[Any]]) -> tuple[Seen, ...]:
        found: list[Seen] = []
        for row in rows:
            incident = await find(self._db, row.id)
            if incident is not None:
                found.append(
                    Seen(
                        incident=incident,
                        standing=_standing(row, incident),
                        counsellor_name=row.counsellor_name,
                        ended_by_name=row.ended_by_name,
                        on_line=row.on_line,
                    )
                )
        return tuple(found)


def _standing(row: Row[Any], incident: Incident) -> Standing:
    return Standing(
        id=incident.id,
        contact_id=incident.contact_id,
        raised_at=incident.raised_at,
        state=incident.state,
        proposed=incident.proposed,
        taken_over_at=incident.taken_over_at,
        exhausted=incident.exhausted,
        told_at=row.told_at,
        told_exhausted=row.told_exhausted,
        nags=row.nags,
        nagged_at=row.nagged_at,
    )

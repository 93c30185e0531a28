"""Calls of the centre and of companions as contacts of the line, for their crises: `ivr.linked.books.LinkedContacts`.

An incident belongs to a contact. Such a call becomes one when somebody is in danger in it, with the number of its person, so that incident,
hand-over card and call-back work as for every other. Its id is the call's; its kind, `linked`, is in no line and in no statistics, and its worker's
name is that of no worker, so that nobody takes it for a call of the line, unless the person goes on there.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import ARRAY, DateTime, Executable, TextClause, Uuid, bindparam, text
from sqlalchemy.types import TypeEngine

from core.clock import Clock
from core.database import Database
from core.errors import DatabaseError
from core.journal import Journal

log = structlog.get_logger()

#: How long the database is waited for before the journal is used instead; with what raising and dialling wait for it is under two seconds.
ENTER_WITHIN_S: Final = 0.2


_KINDS: Final[Mapping[str, TypeEngine[Any]]] = {
    "id": Uuid(),
    "ids": ARRAY(Uuid),
    "owner": Uuid(),
    "referral_id": Uuid(),
    "at": DateTime(timezone=True),
}


def _statement(sql: str) -> TextClause:
    return text(sql).bindparams(*(bindparam(name, type_=_KINDS[name]) for name in set(re.findall(r"(?<!:):(\w+)", sql)) & _KINDS.keys()))


_CALL = """
    SELECT c.id, c.referral_id, c.talked_at FROM centre_calls c WHERE c.id = :id
    UNION ALL
    SELECT c.id, s.referral_id, c.talked_at FROM companion_calls c JOIN companion_supports s ON s.id = c.support_id WHERE c.id = :id
"""
#: Also where the desk was faster, which has no process of its own for it. One that is over stays so.
ENTER = _statement(
    f"""
    WITH entered AS (
        INSERT INTO contacts (id, node, worker, channel_id, entry, language, number_cipher, number_index, withheld, state, entered_at,
                              answered_at, kind, lane, owner)
        SELECT call.id, :node, :worker, 'linked-' || call.id || '-person', 'linked', r.language, r.number_cipher, r.number_index,
               r.number_index IS NULL, 'talking', least(call.talked_at, :at), coalesce(call.talked_at, :at), 'linked', 'crisis', :owner
        FROM ({_CALL}) call JOIN referrals r ON r.id = call.referral_id
        ON CONFLICT (id) DO UPDATE SET node = excluded.node, worker = excluded.worker, owner = excluded.owner
        WHERE contacts.outcome IS NULL AND excluded.owner IS NOT NULL
        RETURNING id, xmax = 0 AS new
    )
    INSERT INTO events (contact_id, at, kind) SELECT id, :at, 'linked_crisis' FROM entered WHERE new
    """  # noqa: S608 - put together from the constant above
)
#: Nobody is on the phone: something that an incident can belong to, over from the beginning. Once for each accompaniment or case.
ENTER_ABOUT = _statement(
    """
    INSERT INTO contacts (id, node, worker, channel_id, entry, language, number_cipher, number_index, withheld, state, entered_at, ended_at,
                          outcome, kind, lane)
    SELECT :id, '', '', 'linked-' || CAST(:id AS text), 'linked', r.language, r.number_cipher, r.number_index, r.number_index IS NULL,
           'ended', :at, :at, 'no_call', 'linked', 'crisis'
    FROM referrals r WHERE r.id = :referral_id
    ON CONFLICT DO NOTHING
    """
)
_ADOPT = _statement(
    """
    UPDATE contacts SET owner = :owner
    WHERE kind = 'linked' AND outcome IS NULL AND node = :node AND worker = :worker RETURNING id
    """
)
#: What the desk entered in the instant in which its call ended is over, too: then whoever comes first refuses what was ordered.
_CLAIM = _statement(
    """
    WITH claimed AS (
        UPDATE contacts SET owner = :owner, node = :node, worker = :worker
        WHERE id = ANY(:ids) AND kind = 'linked' AND outcome IS NULL AND owner IS DISTINCT FROM :owner
    )
    UPDATE contacts c SET state = 'ended', outcome = 'talked', ended_at = greatest(:at, entered_at)
    WHERE c.worker = '' AND c.kind = 'linked' AND c.outcome IS NULL AND NOT c.id = ANY(:ids)
      AND NOT EXISTS (SELECT FROM centre_calls k WHERE k.id = c.id AND k.result IS NULL)
      AND NOT EXISTS (SELECT FROM companion_calls k WHERE k.id = c.id AND k.ended_at IS NULL)
    """
)
#: Statements of the journal, by the name under which they are replayed.
JOURNAL_STATEMENTS: Mapping[str, Executable] = {
    "linked_entered": ENTER,
    "linked_ended": _statement(
        "UPDATE contacts SET state = 'ended', ended_at = :at, outcome = 'talked' WHERE id = :id AND kind = 'linked' AND outcome IS NULL"
    ),
}


class LinkedContacts:
    """See the module. Its journal, the line's, must know `JOURNAL_STATEMENTS`."""

    def __init__(self, db: Database, journal: Journal, clock: Clock, *, node: str, worker: str) -> None:
        """`worker`: unique in its node."""
        self._db = db
        self._journal = journal
        self._clock = clock
        self._here = {"node": node, "worker": f"{worker} (linked)", "owner": journal.id}
        self._late: set[asyncio.Task[bool]] = set()

    async def enter(self, order_id: UUID) -> None:
        """See `ivr.linked.books.LinkedContacts.enter`."""
        values = enter_values(order_id, self._clock.now()) | self._here
        # A statement that is cancelled waits for the server; one that goes on does no harm.
        entering = asyncio.get_running_loop().create_task(self._enter(values), name=f"linked contact {order_id}")
        self._late.add(entering)
        entering.add_done_callback(self._late.discard)
        done, _ = await asyncio.wait({entering}, timeout=ENTER_WITHIN_S)
        if not done or not entering.result():
            log.warning("linked_contact_by_journal", call_id=str(order_id))
            self._journal.add("linked_entered", values)

    async def _enter(self, values: dict[str, object]) -> bool:
        try:
            await self._db.execute(ENTER, values)
        except DatabaseError as error:
            log.info("linked_contact_not_entered", reason=type(error).__name__)
            return False
        return True

    async def adopt(self) -> frozenset[UUID]:
        """See `ivr.linked.books.LinkedContacts.adopt`."""
        return frozenset(row.id for row in await self._db.execute(_ADOPT, self._here))

    async def claim(self, order_ids: Collection[UUID]) -> None:
        """See `ivr.linked.books.LinkedContacts.claim`."""
        await self._db.execute(_CLAIM, {"ids": list(order_ids), "at": self._clock.now(), **self._here})

    def ended(self, order_id: UUID) -> None:
        """See `ivr.linked.books.LinkedContacts.ended`."""
        self._journal.add("linked_ended", {"id": order_id, "at": self._clock.now()})


def enter_values(order_id: UUID, at: datetime) -> dict[str, object]:
    """Of a contact that has no process yet; also what `ENTER` needs besides its process."""
    return {"id": order_id, "at": at, "node": "", "worker": "", "owner": None}

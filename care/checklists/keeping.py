"""What checklists keep of people, for the retention job and for whoever asks for their data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select

from care.checklists.tables import checklist_results as t
from care.holding import Holding, by_call, by_person, removal
from care.people import Person
from care.retention import Retention
from core.database import Database
from core.sealing import Sealer

#: Sealed columns, and what they were sealed as (`care.checklists.results`).
_SEALED = {"answers": "answers", "note": "note", "decision_note": "decision"}
_RESULTS = Holding(
    retention=Retention.CHECKLIST,
    table=t,
    id=t.c.id,
    contact=t.c.contact_id,
    of=(by_person(t, t.c.person_id), by_call(t, t.c.contact_id)),
    since=t.c.changed_at,
    remove=removal(t, *_SEALED),
)


class ChecklistKeeping:
    """See `care.holding.Room`. `sealer`: of results."""

    def __init__(self, db: Database, sealer: Sealer) -> None:
        self._db = db
        self._sealer = sealer

    def holdings(self) -> Sequence[Holding]:
        """Results."""
        return (_RESULTS,)

    async def in_use(self) -> Mapping[UUID, str]:
        """None: a sheet is not a case. What it raised is one."""
        return {}

    async def copy(self, person: Person) -> Mapping[str, object]:
        """Every result with its answers."""
        rows = await self._db.execute(select(t).where(t.c.id.in_(_RESULTS.theirs(person.id))).order_by(t.c.started_at))
        return {
            "checklists": [
                {"at": row.started_at, "instrument": row.instrument, "version": row.version, "form": row.form, "complete": row.complete}
                | {"answers": json.loads(self._opened(row.answers, row.id, "answers")), "note": self._opened(row.note, row.id, "note")}
                | {"scores": row.scores, "outcome": row.outcome, "level": row.level, "decision": row.decision}
                | {"decision_note": self._opened(row.decision_note, row.id, "decision")}
                for row in rows
            ]
        }

    async def catch_up(self) -> None:
        """Nothing to make up for."""

    def _opened(self, sealed: bytes | None, result_id: UUID, part: str) -> str:
        return "" if sealed is None else self._sealer.open(sealed, owner=result_id.bytes + part.encode()).decode()

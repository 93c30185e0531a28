"""Results: saved with every answer, scored at once, and an alarm proposed before anything is written.

An answer that is an alarm leads to a proposal whether or not the database, the contact or the permission to keep it is there: the proposal goes
first. It is repeated with each saving until somebody has taken it; an alarm stays on the sheet when its answer is changed later.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Row, Uuid, and_, bindparam, column, desc, false, func, or_, select, table, text, true, update
from sqlalchemy.dialects.postgresql import insert as upsert

from care.checklists import errors
from care.checklists.catalogue import Catalogue
from care.checklists.engine import Engine
from care.checklists.model import Answers, Scored
from care.checklists.records import Decision, Point, Result, Saved, Sheet, Trend, Viewer
from care.checklists.tables import checklist_results as t
from care.proposals import Danger, Proposal, Proposals
from care.scrub import scrub
from core.clock import Clock
from core.database import Database
from core.errors import DatabaseError
from core.sealing import Sealer

log = structlog.get_logger()

#: What `Sealer` is made for here.
PURPOSE = "checklist"
#: Characters of a note.
LONGEST_NOTE = 10_000
#: Results listed at once.
PAGE = 100
#: What a sheet was begun with.
_FIXED = ("instrument", "version", "form", "contact_id")

_CONTACT = text(
    "SELECT c.counsellor_id, p.id AS person_id FROM contacts c LEFT JOIN care_people p ON p.number_index = c.number_index WHERE c.id = :id"
).bindparams(bindparam("id", type_=Uuid))
#: Another room's, of which only this is read.
_contacts = table("contacts", column("id", Uuid), column("counsellor_id", Uuid))


class Results:
    """See the module. Raises as `core.database.Database` does, and the errors of `care.checklists.errors`."""

    def __init__(self, db: Database, clock: Clock, sealer: Sealer, catalogue: Catalogue, proposals: Proposals) -> None:
        self._db = db
        self._clock = clock
        self._sealer = sealer
        self.catalogue = catalogue
        self._proposals = proposals

    async def save(self, sheet: Sheet, by: Viewer) -> Saved:
        """Keep the answers as they are now. Raises UnknownInstrument and AnswersRefused before, everything else after an alarm went out."""
        engine = self.catalogue.engine(sheet.instrument, sheet.version)
        answers = engine.check(sheet.answers, sheet.form)
        scored = engine.score(answers, sheet.form)
        row, failed = await self._before(sheet.id)
        alarms = frozenset(row.alarms if row is not None else ()) | {alarm.item for alarm in scored.alarms}
        proposed = frozenset(row.proposed if row is not None else ())
        if due := alarms - proposed:
            proposed |= await self._propose(sheet, engine, due, by)
        if failed is not None:
            raise failed
        if len(sheet.note) > LONGEST_NOTE:
            raise errors.NoteTooLong
        if row is not None:
            _check_same(sheet, row, by)
        person_id = await self._person(sheet.contact_id, by)
        await self._write(sheet, engine, answers, scored, alarms, proposed, person_id, by)
        return Saved(scored=scored, alarms=tuple(sorted(alarms)), proposed=alarms <= proposed)

    async def result(self, result_id: UUID, viewer: Viewer) -> Result:
        """One of them. Raises UnknownResult."""
        rows = await self._db.execute(select(t).where(t.c.id == result_id, visible(viewer)))
        if not rows:
            raise errors.UnknownResult
        return self._read(rows[0])

    async def of_contact(self, contact_id: UUID, viewer: Viewer) -> list[Result]:
        """Those of a contact that are theirs to see, the latest first."""
        statement = select(t).where(t.c.contact_id == contact_id, visible(viewer)).order_by(desc(t.c.started_at)).limit(PAGE)
        return [self._read(row) for row in await self._db.execute(statement)]

    async def trends(self, contact_id: UUID, viewer: Viewer) -> list[Trend]:
        """The caller's complete and finished results by instrument and version; empty for a number that is withheld.

        Open to whoever has the contact. Raises UnknownContact, NotTheirs.
        """
        person_id = await self._person(contact_id, viewer)
        if person_id is None:
            return []
        statement = (
            select(t)
            .where(t.c.person_id == person_id, t.c.complete, t.c.finished_at.is_not(None))
            .order_by(t.c.instrument, t.c.version, t.c.fingerprint, t.c.started_at, t.c.id)
        )
        found: dict[tuple[str, str, str], list[Point]] = {}
        for row in await self._db.execute(statement):
            point = Point(
                result_id=row.id, at=row.started_at, form=row.form, scores=row.scores, outcome=row.outcome, level=row.level
            )  # fmt: skip
            found.setdefault((row.instrument, row.version, row.fingerprint), []).append(point)
        return [Trend(instrument=key[0], version=key[1], points=tuple(points)) for key, points in found.items()]

    async def decide(self, result_id: UUID, decision: Decision, note: str, by: Viewer) -> Result:
        """Say what was made of what it recommends; the latest counts. Raises UnknownResult."""
        values = {
            "decision": str(decision),
            "decided_at": self._clock.now(),
            "decided_by": by.user_id,
            "decision_note": self._sealed(note, result_id, "decision"),
        }
        rows = await self._db.execute(update(t).where(t.c.id == result_id, visible(by)).values(values).returning(t))
        if not rows:
            raise errors.UnknownResult
        return self._read(rows[0])

    async def _before(self, result_id: UUID) -> tuple[Row[Any] | None, DatabaseError | None]:
        """What is kept of the sheet already; without a database an alarm goes out all the same."""
        try:
            rows = await self._db.execute(select(t).where(t.c.id == result_id))
        except DatabaseError as error:
            return None, error
        return (rows[0] if rows else None), None

    async def _propose(self, sheet: Sheet, engine: Engine, due: frozenset[str], by: Viewer) -> frozenset[str]:
        """One proposal for each kind of danger; which items it was taken for."""
        taken: frozenset[str] = frozenset()
        rules = {rule.item: rule.danger for rule in engine.instrument.alarms}
        for danger in Danger:
            items = frozenset(item for item in due if rules.get(item) is danger)
            if not items:
                continue
            proposal = Proposal(
                danger=danger,
                source="checklist",
                about=sheet.id,
                contact_id=sheet.contact_id,
                by=by.user_id,
                reasons=tuple(f"{sheet.instrument}:{item}" for item in sorted(items)),
            )
            try:
                await self._proposals.propose(proposal)
            except Exception as error:  # noqa: BLE001 - whatever it is, the answers are kept and the page says that nobody was told
                log.error("checklist_alarm_not_proposed", result_id=str(sheet.id), error=type(error).__name__)
            else:
                taken |= items
        return taken

    async def _person(self, contact_id: UUID | None, by: Viewer) -> UUID | None:
        if contact_id is None:
            return None
        rows = await self._db.execute(_CONTACT, {"id": contact_id})
        if not rows:
            raise errors.UnknownContact
        if not by.sees_all and (by.counsellor_id is None or rows[0].counsellor_id != by.counsellor_id):
            raise errors.NotTheirs
        person_id: UUID | None = rows[0].person_id
        return person_id

    async def _write(
        self,
        sheet: Sheet,
        engine: Engine,
        answers: Answers,
        scored: Scored,
        alarms: frozenset[str],
        proposed: frozenset[str],
        person_id: UUID | None,
        by: Viewer,
    ) -> None:
        now = self._clock.now()
        levels = engine.instrument.levels
        told = scored.level is not None and scored.settled
        state = {
            "person_id": person_id,
            "answers": self._sealed(json.dumps(dict(answers)), sheet.id, "answers"),
            "note": self._sealed(sheet.note, sheet.id, "note") if sheet.note else None,
            "complete": scored.complete,
            "scores": dict(scored.scores),
            "outcome": scored.outcome.id if scored.outcome else None,
            "level": levels[scored.level].id if told and scored.level is not None else None,
            "changed_at": now,
            "finished_at": now if sheet.finished else None,
        }
        made = {
            "id": sheet.id,
            "contact_id": sheet.contact_id,
            "made_by": by.user_id,
            "instrument": sheet.instrument,
            "version": sheet.version,
            "fingerprint": engine.instrument.fingerprint,
            "form": sheet.form,
            "alarms": sorted(alarms),
            "proposed": sorted(proposed),
            "started_at": now,
        }
        statement = upsert(t).values({**made, **state})
        statement = statement.on_conflict_do_update(
            index_elements=["id"],
            set_={
                **{name: statement.excluded[name] for name in state},
                # Two savings at one time: neither takes the other's alarm away.
                "alarms": _union(t.c.alarms, statement.excluded.alarms),
                "proposed": _union(t.c.proposed, statement.excluded.proposed),
                "edits": t.c.edits + 1,
            },
            # What was looked at before may have been made meanwhile, by whoever it was.
            where=and_(
                t.c.finished_at.is_(None),
                true() if by.sees_all else t.c.made_by.is_not_distinct_from(by.user_id),
                *(t.c[name].is_not_distinct_from(statement.excluded[name]) for name in _FIXED),
            ),
        )
        if not await self._db.execute(statement.returning(t.c.id), retry=True):
            raise errors.ResultFinished

    def _sealed(self, plain: str, result_id: UUID, field: str) -> bytes:
        return self._sealer.seal(scrub(plain).text.encode(), owner=result_id.bytes + field.encode())

    def _opened(self, sealed: bytes | None, result_id: UUID, field: str) -> str:
        return "" if sealed is None else self._sealer.open(sealed, owner=result_id.bytes + field.encode()).decode()

    def _read(self, row: Row[Any]) -> Result:
        return Result(
            id=row.id,
            instrument=row.instrument,
            version=row.version,
            form=row.form,
            contact_id=row.contact_id,
            made_by=row.made_by,
            answers=json.loads(self._opened(row.answers, row.id, "answers")),
            note=self._opened(row.note, row.id, "note"),
            complete=row.complete,
            scores=row.scores,
            outcome=row.outcome,
            level=row.level,
            alarms=tuple(row.alarms),
            proposed=tuple(row.proposed),
            started_at=row.started_at,
            changed_at=row.changed_at,
            finished_at=row.finished_at,
            decision=None if row.decision is None else Decision(row.decision),
            decided_at=row.decided_at,
            decided_by=row.decided_by,
        )


def _check_same(sheet: Sheet, row: Row[Any], by: Viewer) -> None:
    if not by.sees_all and row.made_by != by.user_id:
        raise errors.UnknownResult
    if row.finished_at is not None:
        raise errors.ResultFinished
    if any(getattr(row, name) != getattr(sheet, name) for name in _FIXED):
        raise errors.AnotherInstrument


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """The same for lists and for single ones: what one made oneself, what was made in a contact of one's own, or everything."""
    if viewer.sees_all:
        return true()
    ways: list[ColumnElement[bool]] = []
    if viewer.user_id is not None:
        ways.append(t.c.made_by == viewer.user_id)
    if viewer.counsellor_id is not None:
        ways.append(t.c.contact_id.in_(select(_contacts.c.id).where(_contacts.c.counsellor_id == viewer.counsellor_id)))
    return or_(false(), *ways)


def _union(first: ColumnElement[Any], second: ColumnElement[Any]) -> ColumnElement[Any]:
    every = func.unnest(func.array_cat(first, second)).table_valued("item").render_derived(name="every")
    return select(func.coalesce(func.array_agg(every.c.item.distinct()), text("'{}'::text[]"))).scalar_subquery()

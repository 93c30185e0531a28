"""What supervisors do with rosters: look, edit, undo, compare, publish. Every change is one transaction with its entry in the history.

A draft belongs to everybody who may edit it. Each edit names the shifts that were seen in the cells it changes; whoever comes second to a
cell is told, and nothing of their edit is done. What is in force is the published version alone, whatever is drafted meanwhile.
"""

from __future__ import annotations

import contextlib
from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock
from core.database import Database
from core.errors import DatabaseError
from shifts import repository
from shifts.breaks import stagger
from shifts.edits import Change, Wanted, apply, between, resolve, undoing
from shifts.errors import EditedMeanwhile, Met, NothingToUndo, NotPublishable, ReasonNeeded, RosterError
from shifts.in_force import ROSTER_PUBLISHED
from shifts.model import Assignment, Period, Roster, Setting
from shifts.on_shift import duty_times
from shifts.repository import Edit, Head
from shifts.rules import Level, Parameters, Violation, check, in_the_way

log = structlog.get_logger()

_TELL = text(f"SELECT pg_notify('{ROSTER_PUBLISHED}', '')")


def month(day: date) -> Period:
    """The calendar month of a day; rosters are made by it."""
    return Period(day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A roster as it is being worked on, and everything it is checked against."""

    head: Head
    roster: Roster
    setting: Setting
    parameters: Parameters

    def violations(self) -> tuple[Violation, ...]:
        """Everything that is wrong with it, the gravest first."""
        return check(self.setting, self.roster, self.parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A draft after a change of it, and what changed."""

    draft: Draft
    changes: tuple[Change, ...]


class Rosters:
    """See the module. Methods raise the errors of `shifts.errors`, and `DatabaseUnavailable`: then nothing has changed, or it is unknown.

    `on_edit(month's first day, version, by, changes)` and `on_publish(first day)` are called after the commit; they must not block.
    """

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self.on_edit: Callable[[date, int, UUID | None, tuple[Change, ...]], None] = lambda *_: None
        self.on_publish: Callable[[date], None] = lambda _: None

    async def draft(self, day: date) -> Draft:
        """The roster of the month of `day`; an empty one where there is none yet."""
        async with self._db.begin() as session:
            return await read(session, month(day))

    async def edit(
        self,
        day: date,
        wanted: Sequence[Wanted],
        *,
        by: UUID | None,
        kind: str = "edit",
        reason: str | None = None,
        base: int | None = None,
    ) -> Edited:
        """Change cells. `base`: only if the draft still has this version (a solver's answer concerns the whole of it).

        Raises `ReasonNeeded` where the month is in force, as `undo` and `redo` do.
        """
        async with self._db.begin() as session:
            draft = _with_reason(await read(session, month(day), lock=True), reason)
            if base is not None and draft.head.version != base:
                raise EditedMeanwhile("the roster was changed meanwhile", version=draft.head.version)
            changes = await self._told_by_whom(session, draft, lambda: resolve(draft.setting, draft.roster, wanted))
            edited = await self.write(session, draft, changes, by=by, kind=kind, reason=reason)
        self._announce(edited, by)
        return edited

    async def undo(self, day: date, *, by: UUID | None, reason: str | None = None) -> Edited:
        """Take back the latest change of `by` that is not taken back yet. Raises `NothingToUndo`, `EditedMeanwhile`."""
        return await self._take_back(day, by=by, kind="undo", reason=reason)

    async def redo(self, day: date, *, by: UUID | None, reason: str | None = None) -> Edited:
        """Put back what `by` took back last, unless they have changed something since."""
        return await self._take_back(day, by=by, kind="redo", reason=reason)

    async def publish(
        self, day: date, *, version: int, by: UUID | None, reason: str = "", overrides: Mapping[str, str] | None = None
    ) -> Draft:
        """Put the draft in force. `overrides`: a reason for each policy that is broken knowingly, by the violation's key.

        Raises `EditedMeanwhile` if the draft is not at `version`; `NotPublishable` (its `violations`) for a hard rule, and for a policy
        without a reason; `ReasonNeeded` where a month that is in force already is changed without one.
        """
        reasons = {key: text.strip() for key, text in (overrides or {}).items() if text.strip()}
        async with self._db.begin() as session:
            draft = await read(session, month(day), lock=True)
            await self.put_in_force(session, draft, version=version, by=by, reason=reason.strip(), reasons=reasons)
        await self.announce_publication(draft)
        return draft

    async def announce_publication(self, draft: Draft) -> None:
        """Let everybody look at what is in force. After the commit: whoever hears of it reads it."""
        with contextlib.suppress(DatabaseError):
            # A lost hint costs minutes, not the publication.
            await self._db.execute(_TELL)
        self.on_publish(draft.head.period.first)

    async def put_in_force(
        self, session: AsyncConnection, draft: Draft, *, version: int, by: UUID | None, reason: str, reasons: Mapping[str, str]
    ) -> None:
        """`publish` within a transaction that does more; `on_publish` is for the caller to call afterwards."""
        if draft.head.version != version:
            raise EditedMeanwhile("the roster was changed meanwhile", version=draft.head.version)
        _with_reason(draft, reason)
        violations = draft.violations()
        if wrong := in_the_way(violations, reasons):
            raise NotPublishable("rules are broken", violations=wrong)
        used = [
            {"key": one.key, "rule": one.rule, "reason": reasons[one.key]}
            for one in violations
            if one.level is Level.POLICY and one.key in reasons
        ]
        # Those who work together have their breaks one after another, as the check has counted them.
        times = duty_times(stagger(draft.roster, draft.setting).assignments, draft.setting.shift_types)
        at = self._clock.now()
        await repository.publish(session, draft.head, times, at=at, by=by, reason=reason, overrides=used)
        log.info("roster_published", first=draft.head.period.first.isoformat(), version=version, shifts=len(times), overrides=len(used))

    async def history(self, day: date) -> list[Edit]:
        """Every version of a month's draft, the latest first."""
        async with self._db.begin() as session:
            return await repository.edits(session, await repository.head(session, month(day)))

    async def at_version(self, day: date, version: int) -> frozenset[Assignment]:
        """What a version held. Raises `RosterError` for one that does not exist."""
        async with self._db.begin() as session:
            head = await repository.head(session, month(day))
            return await _at_version(session, head, version)

    async def compare(self, day: date, old: int, new: int) -> tuple[Change, ...]:
        """What differs between two versions, by date and person."""
        async with self._db.begin() as session:
            head = await repository.head(session, month(day))
            return between(await _at_version(session, head, old), await _at_version(session, head, new))

    async def write(
        self,
        session: AsyncConnection,
        draft: Draft,
        changes: tuple[Change, ...],
        *,
        by: UUID | None,
        kind: str,
        reason: str | None = None,
        about: int | None = None,
    ) -> Edited:
        """Write changes of a locked draft within a transaction; none at all make no version. `announce` afterwards."""
        if not changes:
            return Edited(draft=draft, changes=())
        version = await repository.write_edit(
            session, draft.head, changes, at=self._clock.now(), by=by, kind=kind, reason=reason, about=about
        )
        head = Head(id=draft.head.id, period=draft.head.period, version=version, published=draft.head.published)
        after = Draft(head=head, roster=apply(draft.roster, changes), setting=draft.setting, parameters=draft.parameters)
        return Edited(draft=after, changes=changes)

    def _announce(self, edited: Edited, by: UUID | None) -> None:
        if edited.changes:
            self.on_edit(edited.draft.head.period.first, edited.draft.head.version, by, edited.changes)

    async def _take_back(self, day: date, *, by: UUID | None, kind: str, reason: str | None) -> Edited:
        async with self._db.begin() as session:
            draft = _with_reason(await read(session, month(day), lock=True), reason)
            done, undone = _stacks(await repository.edits(session, draft.head, by=by, mine=True))
            stack = done if kind == "undo" else undone
            if not stack:
                raise NothingToUndo(f"there is nothing of yours to {kind}")
            edit = stack[-1]
            changes = await self._told_by_whom(session, draft, lambda: undoing(draft.roster, edit.changes))
            edited = await self.write(session, draft, changes, by=by, kind=kind, reason=reason, about=edit.version)
        self._announce(edited, by)
        return edited

    async def _told_by_whom(self, session: AsyncConnection, draft: Draft, find: Callable[[], tuple[Change, ...]]) -> tuple[Change, ...]:
        """Run `find`; its `EditedMeanwhile` gains what the cells hold now and who made them so."""
        try:
            return find()
        except EditedMeanwhile as error:
            missing = set(error.cells)
            now = {key: {one.code for one in draft.roster.assignments if (one.person_id, one.day) == key} for key in missing}
            by: dict[tuple[UUID, date], UUID | None] = {}
            for edit in await repository.edits(session, draft.head):
                for change in edit.changes:
                    if (change.person_id, change.day) in missing:
                        by.setdefault((change.person_id, change.day), edit.by)
            found = tuple(Met(person_id=key[0], day=key[1], codes=tuple(sorted(now[key])), by=by.get(key)) for key in sorted(missing))
            raise EditedMeanwhile(str(error), cells=sorted(missing), met=found, version=draft.head.version) from None


async def read(session: AsyncConnection, period: Period, *, lock: bool = False) -> Draft:
    """Everything about the roster of a period. `lock`: nobody else changes it until the transaction ends."""
    head = await repository.head(session, period, lock=lock)
    setting = await repository.setting(session, period)
    return Draft(
        head=head,
        roster=await repository.roster(session, head),
        setting=setting,
        parameters=await repository.rule_parameters(session, period.first),
    )


def _with_reason(draft: Draft, reason: str | None) -> Draft:
    if draft.head.published is not None and not (reason or "").strip():
        raise ReasonNeeded("a roster that is in force is changed with a reason only")
    return draft


async def _at_version(session: AsyncConnection, head: Head, version: int) -> frozenset[Assignment]:
    if not 0 <= version <= head.version:
        raise RosterError(f"the roster has no version {version}", version=version)
    roster = await repository.roster(session, head)
    for edit in await repository.edits(session, head, after=version):
        roster = apply(roster, (change.inverse for change in edit.changes))
    return roster.assignments


def _stacks(mine: list[Edit]) -> tuple[list[Edit], list[Edit]]:
    """What can be taken back and what can be put back, the next one last. `mine`: somebody's edits, the latest first."""
    done: list[Edit] = []
    undone: list[Edit] = []
    for edit in reversed(mine):
        if edit.kind == "undo":
            done.pop()
            undone.append(edit)
        elif edit.kind == "redo":
            undone.pop()
            done.append(edit)
        else:
            done.append(edit)
            undone.clear()
    return done, undone

"""A month's roster: look, edit, undo, compare, publish."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from core.clock import Clock
from desk.access.model import Actor, Permission
from desk.errors import INVALID, FieldError, Problem
from desk.roster import problems, views
from desk.roster.eyes import Eyes, eyes
from desk.roster.models import (
    Base,
    CandidateOut,
    CandidatesOut,
    CellChange,
    Compared,
    DiffOut,
    EditedOut,
    EditOut,
    Edits,
    HistoryOut,
    Month,
    PeriodOut,
    Publication,
    PublicationOut,
    PublishedOut,
    RosterOut,
    Seat,
    ViolationsOut,
    Which,
)
from desk.roster.problems import Words, told
from desk.roster.reading import Beside, tallies
from desk.roster.store import InForce, Store, as_cells
from desk.routes import Audit, Call, Route
from shifts.coverage import coverage
from shifts.edits import Entry, Wanted
from shifts.errors import OutOfPeriod, RosterError, UnknownPerson, UnknownShift
from shifts.model import Roster
from shifts.rosters import Draft, Edited, Rosters
from shifts.substitutes import candidates

#: A month of edits, bytes.
EDITS_LIMIT = 1024 * 1024
_MONTH = "/api/rosters/{month}"
_MOST_EDITS = 500
_KINDS = {
    UnknownPerson.code: (problems.UNKNOWN_PERSON, "person"),
    UnknownShift.code: (problems.UNKNOWN_SHIFT, "after"),
    OutOfPeriod.code: (problems.OUT_OF_PERIOD, "day"),
}


def first_of(month: str) -> date:
    """The first day of `2027-01`."""
    return date(int(month[:4]), int(month[5:]), 1)


def roster_audit(action: str, *detail: str) -> Audit:
    """A line of the access log about a month."""
    return Audit(action=action, about_kind="roster", about="month", detail=detail)


class RosterApi:
    """Its routes."""

    def __init__(self, rosters: Rosters, store: Store, beside: Beside, words: Words, clock: Clock) -> None:
        self._rosters = rosters
        self._store = store
        self._beside = beside
        self._clock = clock
        self.words = words

    def routes(self) -> list[Route]:
        """See each."""
        read, draft, edit = Permission.ROSTER_READ, Permission.ROSTER_DRAFT, Permission.ROSTER_EDIT
        undo = (*problems.OF_EDITS, problems.NOTHING_TO_UNDO)
        return [
            Route(method="GET", path=_MONTH, handler=self.look, permission=read, audit=roster_audit("roster_read")),
            Route(
                method="POST", path=f"{_MONTH}/edits", handler=self.edit, permission=edit, body_limit=EDITS_LIMIT,
                problems=problems.OF_EDITS, audit=roster_audit("roster_edited", "base_version", "reason"),
            ),
            Route(method="POST", path=f"{_MONTH}/undo", handler=self.undo, permission=edit, problems=undo,
                  audit=roster_audit("roster_edit_undone", "reason")),
            Route(method="POST", path=f"{_MONTH}/redo", handler=self.redo, permission=edit, problems=undo,
                  audit=roster_audit("roster_edit_redone", "reason")),
            Route(
                method="POST", path=f"{_MONTH}/publish", handler=self.publish, permission=Permission.ROSTER_PUBLISH, body_limit=EDITS_LIMIT,
                problems=(problems.EDITED_MEANWHILE, problems.NOT_PUBLISHABLE, problems.REASON_NEEDED, problems.ROSTER_REFUSED),
                audit=roster_audit("roster_published", "version", "reason"),
            ),
            Route(method="GET", path=f"{_MONTH}/violations", handler=self.violations, permission=draft, audit=roster_audit("roster_read")),
            Route(method="GET", path=f"{_MONTH}/diff", handler=self.diff, permission=draft, audit=roster_audit("roster_read")),
            Route(method="GET", path=f"{_MONTH}/history", handler=self.history, permission=draft, audit=roster_audit("roster_read")),
            Route(method="GET", path=f"{_MONTH}/substitutes", handler=self.substitutes, permission=draft,
                  problems=(problems.UNKNOWN_SHIFT, problems.OUT_OF_PERIOD), audit=roster_audit("roster_read")),
        ]  # fmt: skip

    @told
    async def look(self, call: Call, month: Month) -> RosterOut:
        """The month with everything that is shown beside it. Who may not see drafts gets what is in force."""
        draft = await self._rosters.draft(first_of(month))
        force = await self._store.in_force(draft.head.period.first)
        looking = eyes(call.actor)
        if looking.drafts:
            return await self._draft(draft, force, looking, call.actor)
        return await self._published(draft, force, looking, call.actor)

    @told
    async def edit(self, call: Call, month: Month, body: Edits) -> EditedOut:
        """Change cells: all of them, or, where somebody else was at one of them meanwhile, none."""
        first = first_of(month)
        _each_once(body.changes)
        try:
            done = await self._rosters.edit(first, [_wanted(one) for one in body.changes], by=call.actor.user_id, reason=body.reason)
        except (UnknownPerson, UnknownShift, OutOfPeriod) as error:
            raise _at_cells(error, body.changes) from error
        return await self.answered(done, call.actor)

    @told
    async def undo(self, call: Call, month: Month, body: Base) -> EditedOut:
        """Take back one's own latest change."""
        return await self.answered(await self._rosters.undo(first_of(month), by=call.actor.user_id, reason=body.reason), call.actor)

    @told
    async def redo(self, call: Call, month: Month, body: Base) -> EditedOut:
        """Put back what one took back last."""
        return await self.answered(await self._rosters.redo(first_of(month), by=call.actor.user_id, reason=body.reason), call.actor)

    @told
    async def publish(self, call: Call, month: Month, body: Publication) -> PublishedOut:
        """Put the draft in force. Hard rules must be kept; a policy is broken with a reason only, and so is a month changed that is in force."""
        reasons = {one.key: one.reason for one in body.overrides}
        draft = await self._rosters.publish(
            first_of(month), version=body.version, by=call.actor.user_id, reason=body.reason, overrides=reasons
        )
        now = self._clock.now()
        coming = [slot for slot in coverage(draft.setting, draft.roster) if slot.span.end > now]
        return PublishedOut(published_version=draft.head.version, alarms=views.alarms(coming, call.actor.language))

    @told
    async def violations(self, call: Call, month: Month, query: Which) -> ViolationsOut:
        """What is wrong with the draft: of one person, of one level, or all of it."""
        draft = await self._rosters.draft(first_of(month))
        force = await self._store.in_force(draft.head.period.first)
        found = self._beside.violations(draft, force.reasons, eyes(call.actor))
        wanted = [one for one in found if query.person in (None, one.person) and query.level in (None, one.level)]
        return ViolationsOut(version=draft.head.version, violations=wanted)

    @told
    async def diff(self, call: Call, month: Month, query: Compared) -> DiffOut:
        """What differs between two versions."""
        first = first_of(month)
        head = (await self._rosters.draft(first)).head
        named = {"draft": head.version, "published": head.published or 0}
        older, newer = (named[one] if one in named else int(one) for one in (query.older, query.newer))
        if max(older, newer) > head.version:
            raise problems.gone()
        return DiffOut(changes=views.changes_out(await self._rosters.compare(first, older, newer)))

    @told
    async def history(self, call: Call, month: Month) -> HistoryOut:
        """Who changed what and why."""
        first = first_of(month)
        head = (await self._rosters.draft(first)).head
        edits = (await self._rosters.history(first))[:_MOST_EDITS]
        published = await self._store.publications(head.id)
        names = await self._store.names({by for by in (*(one.by for one in edits), *(row.by for row in published)) if by is not None})
        return HistoryOut(
            edits=[
                EditOut(
                    version=one.version,
                    at=one.at,
                    by=names.get(one.by) if one.by else None,
                    kind=one.kind,
                    reason=one.reason,
                    about=one.about,
                    cells=len(one.changes),
                )
                for one in edits
            ],
            publications=[
                PublicationOut(
                    version=row.version, at=row.at, by=names.get(row.by), reason=row.reason, overrides=len(row.overrides)
                )
                for row in published
            ],
        )  # fmt: skip

    @told
    async def substitutes(self, call: Call, month: Month, query: Seat) -> CandidatesOut:
        """Who can take a shift, the lawful ones first."""
        draft = await self._rosters.draft(first_of(month))
        if query.day not in draft.head.period:
            raise problems.at(problems.OUT_OF_PERIOD, "query.day")
        if query.code not in draft.setting.shift_types:
            raise problems.at(problems.UNKNOWN_SHIFT, "query.code")
        looking = eyes(call.actor)
        found = candidates(draft.setting, draft.roster, (query.day, query.code), draft.parameters)
        return CandidatesOut(
            candidates=[
                CandidateOut(
                    person=one.person_id,
                    name=draft.setting.people[one.person_id].name,
                    lawful=one.lawful,
                    standby=one.standby,
                    breaks=[looking.said(each, draft.setting) for each in one.breaks_rules],
                    minutes=one.tally.minutes,
                    nights=one.tally.nights,
                )
                for one in found
            ]
        )

    async def answered(self, done: Edited, actor: Actor) -> EditedOut:
        """What follows from a change."""
        force = await self._store.in_force(done.draft.head.period.first)
        return await self._beside.edited(done.draft, done.changes, force.reasons, eyes(actor))

    async def _draft(self, draft: Draft, force: InForce, looking: Eyes, actor: Actor) -> RosterOut:
        setting, roster = draft.setting, draft.roster
        return RosterOut(
            id=draft.head.id,
            period=PeriodOut(first=draft.head.period.first, last=draft.head.period.last),
            version=draft.head.version,
            published_version=draft.head.published,
            published_at=force.at,
            people=[views.person(one, looking) for one in setting.people.values()],
            shift_types=[views.shift_type(one) for one in setting.shift_types.values()],
            cells=views.cells_out(roster.assignments),
            before=views.cells_out(roster.before),
            leaves=[views.away(one, looking) for one in setting.leaves if looking.away(one)],
            wishes=[views.wish(one) for one in setting.wishes if looking.why(one.person_id)],
            holidays=dict(setting.holidays),
            violations=self._beside.violations(draft, force.reasons, looking),
            coverage=await self._beside.slots(draft),
            fairness=tallies(setting, roster, looking),
            editors=await self._store.editors(draft.head.id, without=actor.user_id),
            can=sorted(actor.permissions),
        )

    async def _published(self, draft: Draft, force: InForce, looking: Eyes, actor: Actor) -> RosterOut:
        period, setting = draft.head.period, draft.setting
        times = await self._store.published(views.with_history(period))
        return RosterOut(
            id=force.id,
            period=PeriodOut(first=period.first, last=period.last),
            version=force.version,
            published_version=force.version or None,
            published_at=force.at,
            people=[views.person(one, looking) for one in setting.people.values() if one.active],
            shift_types=[views.shift_type(one) for one in setting.shift_types.values()],
            cells=views.cells_out(as_cells(time for time in times if time.day in period)),
            before=views.cells_out(as_cells(time for time in times if time.day < period.first)),
            leaves=[views.away(one, looking) for one in setting.leaves if looking.away(one)],
            wishes=[views.wish(one) for one in setting.wishes if looking.why(one.person_id)],
            holidays=dict(setting.holidays),
            violations=[],
            coverage=[],
            # Of what is in force, not of a draft that they don't see.
            fairness=tallies(setting, Roster(period=period, assignments=frozenset(as_cells(times))), looking),
            editors=[],
            can=sorted(actor.permissions),
        )


def _wanted(one: CellChange) -> Wanted:
    entries = tuple(Entry(code=code, pinned=one.pinned) for code in dict.fromkeys(one.after))
    return Wanted(person_id=one.person, day=one.day, entries=entries, seen=frozenset(one.before))


def _each_once(changes: Sequence[CellChange]) -> None:
    seen: set[tuple[object, object]] = set()
    for number, one in enumerate(changes):
        if (one.person, one.day) in seen:
            field = FieldError(
                field=f"changes.{number}", code="twice", ko="같은 칸이 두 번 있습니다.", en="The same cell is there twice."
            )  # fmt: skip
            raise Problem(INVALID, fields=[field])
        seen.add((one.person, one.day))


def _at_cells(error: RosterError, changes: Sequence[CellChange]) -> Problem:
    """The problem, at each cell that has it."""
    kind, field = _KINDS[error.code]
    said = error.data
    wrong = [
        number
        for number, one in enumerate(changes)
        if said.get("person") == str(one.person) or said.get("day") == one.day.isoformat() or said.get("code") in one.after
    ]
    return Problem(kind, fields=[FieldError(field=f"changes.{number}.{field}", code=kind.code, ko=kind.ko, en=kind.en) for number in wrong])

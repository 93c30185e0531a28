"""The API of plans: shown with an offer to whoever is rung, written by supervisors."""

from __future__ import annotations

from uuid import UUID

from care.errors import Unknown
from care.plans.book import PlanBook
from care.plans.model import Plan, agreed, current
from care.records.reading import RecordReader
from core.clock import Clock
from desk.access.model import Permission
from desk.records import models as m
from desk.records import problems, views
from desk.records.desk_reader import Shown, reader
from desk.records.problems import told
from desk.routes import Audit, Call, Route


class Plans:
    """Its routes."""

    def __init__(self, plans: PlanBook, records: RecordReader, shown: Shown, clock: Clock) -> None:
        self._plans = plans
        self._records = records
        self._shown = shown
        self._clock = clock

    def routes(self) -> list[Route]:
        """See each."""
        plan, edit = "/api/people/{person_id}/plan", Permission.PLAN_EDIT

        def audit(action: str) -> Audit:
            return Audit(action=action, about_kind="person", about="person_id")

        wrong = (problems.WRITTEN_MEANWHILE, problems.TEXT_TOO_LONG, problems.WRONG_VALUE)
        return [
            Route(method="GET", path="/api/contacts/{contact_id}/plan", handler=self.for_contact, permission=Permission.PLAN_READ,
                  audit=Audit(action="contact_plan_read", about_kind="contact", about="contact_id")),
            Route(method="GET", path=plan, handler=self.get, permission=edit, audit=audit("plan_read")),
            Route(method="PUT", path=plan, handler=self.save, permission=edit, problems=wrong, audit=audit("plan_written")),
            Route(method="POST", path=f"{plan}/end", handler=self.end, permission=edit, problems=wrong, audit=audit("plan_ended")),
        ]  # fmt: skip

    @told
    async def for_contact(self, call: Call, contact_id: UUID) -> m.PlanFor:
        """The plan of whoever is on the line, or is being offered: for the counsellor whose call it is, and for supervisors."""
        if Permission.PLAN_EDIT not in call.actor.permissions and contact_id not in await self._records.on_line(reader(call.actor)):
            raise Unknown
        found = await self._plans.plan_for(contact_id)
        if found is None:
            return m.PlanFor(plan=None)
        await self._shown.about(call.actor, "plan_read", found.person_id, task="on_line", contact=str(contact_id))
        return m.PlanFor(plan=_plan(found.person_id, found.version, found.plan, found.agreed_now, named=found.named))

    @told
    async def get(self, call: Call, person_id: UUID) -> m.PlanOut:
        """A person's plan, warnings whose time is over included."""
        found = await self._plans.latest(person_id)
        if found is None:
            raise Unknown
        return self._out(person_id, found.version, found.plan, ended=found.ended)

    @told
    async def save(self, call: Call, person_id: UUID, body: m.PlanIn) -> m.PlanOut:
        """The next version of a person's plan; one that was ended is in force again."""
        saved = await self._plans.save(person_id, views.plan_in(body), version=body.version, by=call.actor.user_id)
        return self._out(person_id, saved.version, saved.plan, ended=saved.ended)

    @told
    async def end(self, call: Call, person_id: UUID, body: m.Finalised) -> m.PlanOut:
        """It is not shown any more."""
        ended = await self._plans.end(person_id, version=body.version, by=call.actor.user_id)
        return self._out(person_id, ended.version, ended.plan, ended=True)

    def _out(self, person_id: UUID, version: int, plan: Plan, *, ended: bool) -> m.PlanOut:
        return _plan(person_id, version, plan, agreed(current(plan, self._clock.now()), self._clock.now()), ended=ended)


def _plan(
    person_id: UUID, version: int, plan: Plan, agreed_now: bool | None, *, named: str | None = None, ended: bool = False
) -> m.PlanOut:
    return m.PlanOut(
        person=person_id,
        version=version,
        ended=ended,
        times=[m.AgreedTimeWire(weekday=one.weekday, since=one.since, until=one.until) for one in plan.times],
        minutes=plan.minutes,
        named=plan.named_id,
        named_name=named,
        helps=plan.helps,
        avoid=plan.avoid,
        warnings=[m.CautionWire(text=one.text, until=one.until) for one in plan.warnings],
        agreed_now=agreed_now,
    )

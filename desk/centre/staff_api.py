"""The centre's staff: who they are, their hours, and what each says of themselves."""

from __future__ import annotations

from uuid import UUID

from core.clock import Clock
from desk.access.model import Permission
from desk.centre import problems
from desk.centre.models import DutiesIn, DutyIn, DutyOut, HumanIn, MadeOut, NewStaff, StaffListOut, StaffOut
from desk.centre.problems import told
from desk.errors import INVALID, Problem
from desk.routes import Audit, Call, Route
from desk.validation import one
from escalation.centre.staff import Duty
from escalation.centre.staff_book import StaffBook

_KINDS = (problems.UNKNOWN_STAFF, problems.NOT_STAFF, problems.ACCOUNT_TAKEN)


class StaffApi:
    """Its routes."""

    def __init__(self, staff: StaffBook, clock: Clock) -> None:
        self._staff = staff
        self._clock = clock

    def routes(self) -> list[Route]:
        """See each."""
        path, edit = "/api/centre/staff", Permission.CENTRE_STAFF

        def audit(action: str, *detail: str, about: str = "staff_id") -> Audit:
            return Audit(action=action, about_kind="centre_staff", about=about, detail=detail)

        return [
            Route(method="GET", path=path, handler=self.everybody, permission=Permission.CASE_READ,
                  audit=Audit(action="centre_staff_read", about_kind="centre_staff")),
            Route(method="POST", path=path, handler=self.add, permission=edit, status=201, problems=_KINDS,
                  audit=Audit(action="centre_staff_added", about_kind="desk_user", detail=("user",))),
            Route(method="PUT", path=f"{path}/{{staff_id}}/duties", handler=self.duties, permission=edit, problems=_KINDS,
                  audit=audit("centre_duties_changed")),
            Route(method="POST", path=f"{path}/{{staff_id}}/leave", handler=self.leave, permission=edit, problems=_KINDS,
                  audit=audit("centre_staff_left")),
            Route(method="POST", path="/api/centre/presence", handler=self.say, permission=Permission.CASE_WORK, problems=_KINDS,
                  audit=Audit(action="centre_presence", about_kind="centre_staff", detail=("human",))),
        ]  # fmt: skip

    @told
    async def everybody(self, call: Call) -> StaffListOut:
        """Who works at the centre, who is on duty and free, and everybody's hours."""
        now, until = self._clock.now(), await self._staff.at_work()
        return StaffListOut(
            staff=[
                StaffOut(
                    id=who.id,
                    name=who.name,
                    extension=who.extension,
                    languages=list(who.languages),
                    human=who.human,
                    free=who.free(now),
                    until=until.get(who.id),
                )
                for who in await self._staff.everybody()
            ],
            duties=[
                DutyOut(staff=duty.staff_id, weekday=duty.weekday, day=duty.day, starts=duty.starts, ends=duty.ends)
                for duty in await self._staff.duties()
            ],
            mine=await self._staff.of_user(call.actor.user_id),
        )

    @told
    async def add(self, call: Call, body: NewStaff) -> MadeOut:
        """Somebody new."""
        made = await self._staff.add(body.name, extension=body.extension, user_id=body.user, languages=body.languages)
        return MadeOut(id=made)

    @told
    async def duties(self, call: Call, staff_id: UUID, body: DutiesIn) -> None:
        """Exchange somebody's hours, all of them."""
        await self._staff.set_duties(staff_id, [_duty(staff_id, number, wanted) for number, wanted in enumerate(body.duties)])

    @told
    async def leave(self, call: Call, staff_id: UUID) -> None:
        """They work here no more."""
        await self._staff.leave(staff_id)

    @told
    async def say(self, call: Call, body: HumanIn) -> None:
        """Sign in, take a break, sign out."""
        staff_id = await self._staff.of_user(call.actor.user_id)
        if staff_id is None:
            raise Problem(problems.NOT_STAFF)
        await self._staff.say(staff_id, body.human)


def _duty(staff_id: UUID, number: int, wanted: DutyIn) -> Duty:
    if (wanted.weekday is None) == (wanted.day is None) or (wanted.starts is None) != (wanted.ends is None):
        ko, en = "요일 또는 날짜 하나와, 시작과 끝을 함께 적으세요.", "A weekday or a date, and both times or none."
        raise Problem(INVALID, fields=one(f"duties.{number}", "duty", ko, en))
    if any(at is not None and at.tzinfo is not None for at in (wanted.starts, wanted.ends)):
        raise Problem(INVALID, fields=one(f"duties.{number}", "zone", "시간대 없이 적으세요.", "Times are Seoul's: leave the zone out."))
    return Duty(staff_id=staff_id, weekday=wanted.weekday, day=wanted.day, starts=wanted.starts, ends=wanted.ends)

"""Companions: who they are, and who fits a person."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from core.ids import new_id
from core.phone import normalise
from desk.access.model import Permission
from desk.centre import problems
from desk.centre.eyes import eyes
from desk.centre.models import MadeOut
from desk.centre.problems import told
from desk.companions.models import (
    CandidateOut,
    CandidatesOut,
    CompanionBase,
    CompanionIn,
    CompanionOut,
    CompanionsOut,
    NewCompanion,
    ReasonOut,
    TimesWire,
    WantedIn,
)
from desk.errors import INVALID, NOT_FOUND, FieldError, Problem
from desk.routes import Audit, Call, Route
from desk.validation import one
from escalation.centre.reading import Reading
from escalation.companions.model import Companion, Status, Times, Wanted
from escalation.companions.people import People


class PeopleApi:
    """Its routes."""

    def __init__(self, people: People, reading: Reading) -> None:
        self._people = people
        self._reading = reading

    def routes(self) -> list[Route]:
        """See each."""
        path, manage, kinds = "/api/companions", Permission.COMPANION_MANAGE, problems.OF_COMPANIONS
        return [
            Route(method="GET", path=path, handler=self.everybody, permission=manage,
                  audit=Audit(action="companions_read", about_kind="companion")),
            Route(method="POST", path=path, handler=self.add, permission=manage, status=201, problems=kinds,
                  audit=Audit(action="companion_added", about_kind="desk_user", detail=("user",))),
            Route(method="PUT", path=f"{path}/{{companion_id}}", handler=self.change, permission=manage, problems=kinds,
                  audit=Audit(action="companion_changed", about_kind="companion", about="companion_id", detail=("status",))),
            Route(method="POST", path=f"{path}/match", handler=self.match, permission=manage, problems=kinds,
                  audit=Audit(action="companions_matched", about_kind="referral", detail=("referral",))),
        ]  # fmt: skip

    @told
    async def everybody(self, call: Call) -> CompanionsOut:
        """All who have not left, with how many people they have."""
        return CompanionsOut(companions=[_out(who) for who in await self._people.everybody()])

    @told
    async def add(self, call: Call, body: NewCompanion) -> MadeOut:
        """Somebody new."""
        companion = _companion(new_id(), body, Status.ACTIVE)
        return MadeOut(id=await self._people.add(companion, _number(body.number), user_id=body.user))

    @told
    async def change(self, call: Call, companion_id: UUID, body: CompanionIn) -> None:
        """All that is known of somebody."""
        number = _number(body.number) if body.number is not None else None
        await self._people.change(_companion(companion_id, body, body.status), number)

    @told
    async def match(self, call: Call, body: WantedIn) -> CandidatesOut:
        """Who fits, each with reasons for and against, who can't at the end. A person decides."""
        case, _, _ = await self._reading.head(body.referral)
        if not eyes(call.actor).case(case):
            raise Problem(NOT_FOUND)
        names = {who.id: who.name for who in await self._people.everybody()}
        wanted = Wanted(
            referral_id=body.referral,
            district=body.district,
            language=body.language,
            times=_times(body.times),
            topics=frozenset(body.topics),
            gender=body.gender,
            age_bands=tuple(body.age_bands),
        )
        return CandidatesOut(
            candidates=[
                CandidateOut(
                    companion=found.companion_id,
                    name=names.get(found.companion_id, ""),
                    possible=found.possible,
                    points=found.points,
                    load=found.load,
                    reasons=[ReasonOut(reason=reason, count=count) for reason, count in found.reasons],
                )
                for found in await self._people.candidates(wanted)
            ]
        )


def _number(written: str) -> str:
    number = normalise(written).e164
    if number is None:
        kind = problems.NUMBER_WRONG
        raise Problem(kind, fields=[FieldError(field="number", code=kind.code, ko=kind.ko, en=kind.en)])
    return number


def _times(times: Sequence[TimesWire]) -> tuple[Times, ...]:
    for number, at in enumerate(times):
        if at.starts >= at.ends or at.starts.tzinfo is not None or at.ends.tzinfo is not None:
            ko, en = "시작이 끝보다 앞서야 합니다 (시간대 없이).", "The start must be before the end, both without a zone."
            raise Problem(INVALID, fields=one(f"times.{number}", "times", ko, en))
    return tuple(Times(weekday=at.weekday, starts=at.starts, ends=at.ends) for at in times)


def _companion(companion_id: UUID, body: CompanionBase, status: Status) -> Companion:
    return Companion(
        id=companion_id,
        name=body.name,
        districts=frozenset(body.districts),
        languages=frozenset(body.languages),
        topics=frozenset(body.topics),
        gender=body.gender,
        age_band=body.age_band,
        times=_times(body.times),
        most=body.most,
        status=status,
    )


def _out(who: Companion) -> CompanionOut:
    return CompanionOut(
        id=who.id,
        name=who.name,
        districts=sorted(who.districts),
        languages=sorted(who.languages),
        topics=sorted(who.topics),
        gender=who.gender,
        age_band=who.age_band,
        times=[TimesWire(weekday=at.weekday, starts=at.starts, ends=at.ends) for at in who.times],
        most=who.most,
        status=who.status,
        load=who.load,
    )

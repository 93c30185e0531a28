"""On which terms somebody is rostered: contract hours, night work and why it is barred, whether they are a supervisor on call, since and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert as upsert

from core.clock import Clock, seoul
from core.database import Database
from shifts import repository
from shifts import tables as t
from shifts.errors import RosterError, UnknownPerson
from shifts.model import NightWork, Person, Protection

#: Working time that can be agreed on, minutes a week; more is overtime (Labour Standards Act art. 50).
MOST_CONTRACT_MINUTES = 40 * 60


class NoSuchTerms(RosterError):
    """Terms that contradict themselves or the law; `field` says where, `why` as a code."""

    code = "no_such_terms"

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}", field=field, why=why)
        self.field, self.why = field, why


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Of one person. Dates are days in the service's zone, both included; None: open."""

    contract_minutes: int
    night_work: NightWork
    protection: Protection | None
    supervisor: bool
    since: date | None
    until: date | None

    def check(self) -> None:
        """Raises `NoSuchTerms`."""
        if not 0 <= self.contract_minutes <= MOST_CONTRACT_MINUTES:
            raise NoSuchTerms("contract_minutes", "out_of_bounds")
        if self.protection is not None and self.night_work is not NightWork.BARRED:
            raise NoSuchTerms("protection", "not_barred")
        if self.since is not None and self.until is not None and self.until < self.since:
            raise NoSuchTerms("until", "before_since")


class People:
    """See the module. Raises `DatabaseUnavailable`."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def everybody(self) -> Sequence[Person]:
        """Who is rostered, by extension."""
        async with self._db.begin() as session:
            return await repository.people(session, seoul(self._clock.now()).date())

    async def put(self, person_id: UUID, terms: Terms) -> Person:
        """Set the terms of somebody, all of them. Checks and solver go by them at once. Raises `NoSuchTerms`, `UnknownPerson`."""
        terms.check()
        values = {
            "contract_minutes": terms.contract_minutes,
            "night_work": terms.night_work.value,
            "protection": None if terms.protection is None else terms.protection.value,
            "supervisor": terms.supervisor,
            "since": terms.since,
            "until": terms.until,
        }
        async with self._db.begin() as session:
            if person_id not in {one.id for one in await repository.people(session, seoul(self._clock.now()).date())}:
                raise UnknownPerson("nobody of this id is rostered", person=str(person_id))
            row = upsert(t.roster_people).values(counsellor_id=person_id, **values)
            await session.execute(row.on_conflict_do_update(index_elements=[t.roster_people.c.counsellor_id], set_=values))
            found = await repository.people(session, seoul(self._clock.now()).date())
        return next(one for one in found if one.id == person_id)

"""What the centre keeps of people: referrals with all that belongs to them. See `care.holding.Room`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from uuid import UUID

from sqlalchemy import Uuid, case, column, delete, exists, func, select, table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from care.holding import Gone, Holding, by_call, by_number
from care.people import Person
from care.retention import Retention
from core.database import Database
from escalation.centre import tables as t
from escalation.centre.model import RESTING
from escalation.centre.reading import Reading

_r = t.referrals.c
#: The companions', of which only this is read.
_supports = table("companion_supports", column("referral_id", Uuid))
#: What stands below a referral, and its sealed columns.
_BELOW = (
    (t.referral_notes, ("text_cipher",)),
    (t.referral_needs, ("text_cipher",)),
    (t.referral_links, ("result_cipher",)),
    (t.referral_follow_ups, ("text_cipher", "result_cipher")),
)
_IN_USE = text(
    f"""
    SELECT r.id, r.contact_id, p.id AS person_id, c.id AS caller_id
    FROM referrals r LEFT JOIN care_people p ON p.number_index = r.number_index
    LEFT JOIN contacts k ON k.id = r.contact_id LEFT JOIN care_people c ON c.number_index = k.number_index
    WHERE r.state NOT IN ({t.words(*sorted(RESTING))})
    """  # noqa: S608 - words of ours
)


async def _remove(session: AsyncConnection, ids: Sequence[UUID]) -> Gone:
    found: list[tuple[UUID, bytes]] = []
    for below, sealed in _BELOW:
        rows = await session.execute(select(below.c.id, *(below.c[name] for name in sealed)).where(below.c.referral_id.in_(ids)))
        found += [(row[0], b"".join(bytes(part or b"") for part in row[1:])) for row in rows]
    # What lies below goes with it.
    rows = await session.execute(delete(t.referrals).where(_r.id.in_(ids)).returning(_r.id, _r.name_cipher))
    return [*found, *((row[0], bytes(row[1] or b"")) for row in rows)]


def _at_rest_since() -> object:
    events = t.referral_events.c
    last = select(func.max(events.at)).where(events.referral_id == _r.id).correlate(t.referrals).scalar_subquery()
    return case((_r.state.in_(sorted(RESTING)), func.coalesce(_r.closed_at, last, _r.created_at)))


_REFERRALS = Holding(
    retention=Retention.REFERRAL,
    table=t.referrals,
    id=_r.id,
    contact=_r.contact_id,
    # One without a number of its own is of whoever called.
    of=(by_number(t.referrals, _r.number_index), by_call(t.referrals, _r.contact_id, _r.number_index.is_(None))),
    since=case((exists().where(_supports.c.referral_id == _r.id), None), else_=_at_rest_since()),
    remove=_remove,
)


class CentreKeeping:
    """Of whoever was referred."""

    def __init__(self, db: Database, reading: Reading) -> None:
        self._db = db
        self._reading = reading

    def holdings(self) -> Sequence[Holding]:
        """Referrals."""
        return (_REFERRALS,)

    async def in_use(self) -> Mapping[UUID, str]:
        """Referrals that are not closed, refused or withdrawn."""
        return {one: "open_referral" for row in await self._db.execute(_IN_USE) for one in row if one is not None}

    async def copy(self, person: Person) -> Mapping[str, object]:
        """The cases, with everything that was written down; who did it stays out: that is somebody else's data."""
        found = [await self._reading.case(row[0]) for row in await self._db.execute(_REFERRALS.theirs(person.id))]
        return {
            "referrals": [
                {"at": one.referral.created_at, "state": one.referral.state, "outcome": one.referral.outcome, "name": one.name}
                | {"number": one.number, "district": one.district, "age_band": one.age_band, "basis": one.referral.basis}
                | {
                    kind: [_without(asdict(line), "id", "by", "asked_by", "staff_id", "need_id", "service_id", "replaces") for line in lines]
                    for kind, lines in (
                        ("consents", one.consents), ("notes", one.notes), ("needs", one.needs), ("links", one.links),
                        ("follow_ups", one.follow_ups), ("calls", one.attempts),
                    )
                }
                for one in found
            ]
        }  # fmt: skip

    async def catch_up(self) -> None:
        """Nothing to make up for."""


def _without(values: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in values.items() if name not in names}

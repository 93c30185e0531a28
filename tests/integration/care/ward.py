"""Records, plans and people on a real PostgreSQL, two counsellors, and calls of people who have numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from care import retention
from care.keeping import Keeping
from care.people import People, Person
from care.plans.book import PlanBook
from care.records.book import RecordBook
from care.records.reading import Reader, RecordReader
from core.cipher import NumberCipher
from core.database import Database
from core.ids import new_id
from core.sealing import Sealer
from core.testing import ManualClock
from tests.integration.routing.rows import add_counsellor

KEY, INDEX_KEY = b"k" * 32, b"i" * 32
NUMBER = "+821012345678"
OTHER_NUMBER = "+821087654321"
_CONTACT = text(
    "INSERT INTO contacts (id, node, worker, channel_id, entry, withheld, state, entered_at, counsellor_id, number_cipher, number_index) "
    "VALUES (:id, 'main', 'w1', CAST(:id AS text), 'menu', :withheld, 'talking', now(), :counsellor_id, :cipher, :index)"
).bindparams(
    *(bindparam(name, type_=Uuid) for name in ("id", "counsellor_id")),
    *(bindparam(name, type_=LargeBinary) for name in ("cipher", "index")),
)


@dataclass(slots=True)
class Cases:
    """What is handed over, open, and known elsewhere: a room above, played."""

    referred: dict[UUID, frozenset[UUID]] = field(default_factory=dict)
    open: dict[UUID, str] = field(default_factory=dict)
    erased: list[UUID] = field(default_factory=list)
    forgotten: datetime | None = None

    async def people(self, reader: Reader) -> frozenset[UUID]:
        """See `Referred.people`."""
        return self.referred.get(reader.user_id, frozenset())

    async def in_use(self) -> Mapping[UUID, str]:
        """See `Elsewhere.in_use`."""
        return self.open

    async def copy(self, person: Person, contacts: Collection[UUID]) -> Mapping[str, object]:
        """See `Elsewhere.copy`."""
        return {"cases": [str(one) for one in contacts]}

    async def erase(self, session: AsyncConnection, person: Person, contacts: Collection[UUID]) -> None:
        """See `Elsewhere.erase`."""
        self.erased.append(person.id)

    async def forget(self, before: datetime) -> None:
        """See `Elsewhere.forget`."""
        self.forgotten = before


@dataclass(frozen=True, slots=True, kw_only=True)
class Ward:
    """All of it."""

    db: Database
    clock: ManualClock
    cipher: NumberCipher
    people: People
    book: RecordBook
    plans: PlanBook
    records: RecordReader
    keeping: Keeping
    cases: Cases
    witnessed: list[Mapping[str, str | int]]
    #: Counsellors, and their accounts.
    first: UUID
    second: UUID
    users: tuple[UUID, UUID]

    async def call(self, number: str | None = NUMBER, counsellor: UUID | None = None) -> UUID:
        """A contact that somebody talks with."""
        contact_id = new_id()
        sealed = (self.cipher.encrypt(number), self.cipher.index(number)) if number else (None, None)
        values = {"id": contact_id, "withheld": number is None, "counsellor_id": counsellor, "cipher": sealed[0], "index": sealed[1]}
        await self.db.execute(_CONTACT, values)
        return contact_id

    async def hang_up(self, contact_id: UUID) -> None:
        """The call is over."""
        await self.db.execute(
            text("UPDATE contacts SET outcome = 'talked', ended_at = now(), state = 'ended' WHERE id = :id"), {"id": contact_id}
        )

    def reader(self, role: str = "counsellor", who: int = 0) -> Reader:
        """Somebody at the desk; `who`: which of the two counsellors."""
        return Reader(role=role, user_id=self.users[who], counsellor_id=(self.first, self.second)[who] if role == "counsellor" else None)


async def ward(db: Database) -> Ward:
    """An empty one."""
    clock, cipher, cases = ManualClock(), NumberCipher({"k": KEY}, INDEX_KEY), Cases()
    people = People(db, clock, cipher, Sealer({"k": KEY}, "person"))
    book = RecordBook(db, clock, Sealer({"k": KEY}, "consultation record"))
    plans = PlanBook(db, clock, Sealer({"k": KEY}, "plan of a caller"))
    witnessed: list[Mapping[str, str | int]] = []

    async def witness(detail: Mapping[str, str | int]) -> None:
        witnessed.append(detail)

    return Ward(
        db=db,
        clock=clock,
        cipher=cipher,
        people=people,
        book=book,
        plans=plans,
        records=RecordReader(db, book, cases),
        keeping=Keeping(db, clock, retention.shipped(), people=people, book=book, plans=plans, witness=witness, elsewhere=(cases,)),
        cases=cases,
        witnessed=witnessed,
        first=await add_counsellor(db, "101"),
        second=await add_counsellor(db, "102"),
        users=(UUID(int=101), UUID(int=102)),
    )

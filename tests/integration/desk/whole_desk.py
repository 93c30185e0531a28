"""The desk with all its rooms, as the program puts it together, and somebody of every role signed in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import Uuid, bindparam, text

from core.alarms import JOURNAL_STATEMENTS
from core.database import Database
from core.journal import Journal
from core.secrets import load_cipher
from core.settings import Settings
from core.testing import ManualClock
from desk.access.model import Role
from helpline.desk_rooms import CaseRooms
from tests.integration.care.ward import _CONTACT
from tests.integration.desk.kit import Browser, Served, served
from tests.integration.routing.rows import add_counsellor

NUMBER = "+821012345678"


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeDesk:
    """See the module. `by`: `counsellor` and `other` are counsellors, the rest is named by role."""

    here: Served
    by: dict[str, Browser]
    users: dict[str, UUID]
    counsellor: UUID
    other: UUID

    @property
    def db(self) -> Database:
        """What it stands in."""
        return self.here.db

    async def call(self, counsellor: UUID | None = None, number: str | None = NUMBER) -> str:
        """A call that a counsellor has, the first one if nothing else is said."""
        contact_id, cipher = uuid4(), load_cipher(self.here.settings)
        sealed = (cipher.encrypt(number), cipher.index(number)) if number else (None, None)
        values = {"id": contact_id, "withheld": number is None, "cipher": sealed[0], "index": sealed[1]}
        await self.db.execute(_CONTACT, {**values, "counsellor_id": counsellor or self.counsellor})
        return str(contact_id)

    async def hang_up(self, contact: str) -> None:
        """It is over."""
        over = text("UPDATE contacts SET outcome = 'talked', ended_at = now(), state = 'ended' WHERE id = :id")
        await self.db.execute(over.bindparams(bindparam("id", type_=Uuid)), {"id": UUID(contact)})


@asynccontextmanager
async def whole_desk(db: Database, settings: Settings) -> AsyncIterator[WholeDesk]:
    """Its clock stands still."""
    clock = ManualClock()
    journal = Journal(db, JOURNAL_STATEMENTS, spool=settings.data_dir / "journal")
    counsellor, other = await add_counsellor(db, "101"), await add_counsellor(db, "102")
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(
            served(db, settings, clock=clock, rooms=lambda events, audit: CaseRooms(settings, db, clock, events, audit, journal))
        )
        by, users = {}, {}
        for name, role, who in (
            *((str(role), role, counsellor if role is Role.COUNSELLOR else None) for role in Role),
            ("other", Role.COUNSELLOR, other),
        ):
            users[name] = (await here.person(name, role, counsellor=who)).id
            by[name] = await stack.enter_async_context(here.browser())
            assert (await by[name].sign_in(name)).status == 200
        yield WholeDesk(here=here, by=by, users=users, counsellor=counsellor, other=other)

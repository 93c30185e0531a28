"""Accounts of the desk in the database. Nothing here decides who may do what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, LargeBinary, Row, Uuid, bindparam, insert, text, update

from core.clock import Clock
from core.database import Database
from core.errors import AnnyeongError, CipherError, DatabaseConflict
from core.ids import new_id
from core.sealing import Sealer
from desk.access import totp
from desk.access.model import Role, sign_in_form
from desk.tables import desk_users

#: An account name: short enough for a list.
MAX_NAME = 60


class NameTaken(AnnyeongError):
    """Somebody signs in by this name already."""


class NoSuchUser(AnnyeongError):
    """There is no such account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account, without its secrets."""

    id: UUID
    sign_in_name: str
    name: str
    role: Role
    counsellor_id: UUID | None
    language: str
    created_at: datetime
    password_at: datetime
    disabled_at: datetime | None
    must_change_password: bool
    second_factor: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a sign-in is checked against."""

    user: User
    password_hash: str
    one_time_until: datetime | None
    one_time_used_at: datetime | None
    totp_secret: bytes | None


_BY_NAME = text("SELECT * FROM desk_users WHERE sign_in_name = :name")
_BY_ID = text("SELECT * FROM desk_users WHERE id = :id").bindparams(bindparam("id", type_=Uuid))
_ALL = text("SELECT * FROM desk_users ORDER BY disabled_at IS NOT NULL, name, sign_in_name")
_AT = DateTime(timezone=True)
_USE_ONE_TIME = text(
    "UPDATE desk_users SET one_time_used_at = :now WHERE id = :id AND one_time_until IS NOT NULL AND one_time_used_at IS NULL RETURNING id"
).bindparams(bindparam("id", type_=Uuid), bindparam("now", type_=_AT))
_REHASH = text("UPDATE desk_users SET password_hash = :new WHERE id = :id AND password_hash = :old").bindparams(bindparam("id", type_=Uuid))
# The comparison and the change are one statement: of two who bring the same code at the same moment one gets in.
_USE_STEP = text(
    "UPDATE desk_users SET totp_step = :step WHERE id = :id AND (totp_step IS NULL OR totp_step < :step) RETURNING id"
).bindparams(bindparam("id", type_=Uuid))
_CONFIRM = text(
    """
    UPDATE desk_users SET totp_secret = totp_pending, totp_pending = NULL, totp_step = :step
    WHERE id = :id AND totp_pending = :pending RETURNING id
    """
).bindparams(bindparam("id", type_=Uuid), bindparam("pending", type_=LargeBinary))


class Accounts:
    """Reads and writes accounts. `sealer` keeps secrets of second factors."""

    def __init__(self, db: Database, clock: Clock, sealer: Sealer) -> None:
        self._db = db
        self._clock = clock
        self._sealer = sealer

    async def add(
        self,
        *,
        sign_in_name: str,
        name: str,
        role: Role,
        password_hash: str,
        one_time_until: datetime | None,
        counsellor_id: UUID | None = None,
        language: str = "ko",
    ) -> User:
        """Make an account. Raises NameTaken, NoSuchUser (no such counsellor)."""
        now, user_id = self._clock.now(), new_id()
        values = {
            "id": user_id, "sign_in_name": sign_in_form(sign_in_name), "name": name.strip(), "role": str(role), "language": language,
            "counsellor_id": counsellor_id, "password_hash": password_hash, "password_at": now, "one_time_until": one_time_until,
            "created_at": now,
        }  # fmt: skip
        try:
            await self._db.execute(insert(desk_users).values(values))
        except DatabaseConflict as error:
            if "counsellor" in (error.constraint or ""):
                raise NoSuchUser("there is no such counsellor") from error
            raise NameTaken from error
        return await self.get(user_id)

    async def get(self, user_id: UUID) -> User:
        """One account. Raises NoSuchUser."""
        return _user(await self._row(user_id))

    async def credentials(self, user_id: UUID) -> Credentials:
        """The same with its secrets. Raises NoSuchUser."""
        return self._credentials(await self._row(user_id))

    async def by_sign_in_name(self, name: str) -> Credentials | None:
        """Who signs in by this name, if anybody."""
        rows = await self._db.execute(_BY_NAME, {"name": sign_in_form(name)})
        return self._credentials(rows[0]) if rows else None

    async def everybody(self) -> Sequence[User]:
        """All accounts, by name, the closed ones last."""
        return [_user(row) for row in await self._db.execute(_ALL)]

    async def change(self, user_id: UUID, values: Mapping[str, object]) -> User:
        """Set name, role, language, counsellor_id or disabled_at. Raises NoSuchUser."""
        try:
            rows = await self._db.execute(update(desk_users).where(desk_users.c.id == user_id).values(**values).returning(desk_users))
        except DatabaseConflict as error:
            raise NoSuchUser("there is no such counsellor") from error
        if not rows:
            raise NoSuchUser
        return _user(rows[0])

    async def set_password(self, user_id: UUID, password_hash: str, *, one_time_until: datetime | None = None) -> None:
        """A new password; `one_time_until`: somebody else made it. Raises NoSuchUser."""
        values = {
            "password_hash": password_hash, "password_at": self._clock.now(), "one_time_until": one_time_until, "one_time_used_at": None
        }  # fmt: skip
        await self.change(user_id, values)

    async def rehash(self, user_id: UUID, old: str, new: str) -> None:
        """The same password in a newer hash, unless it was changed meanwhile."""
        await self._db.execute(_REHASH, {"id": user_id, "old": old, "new": new})

    async def use_one_time(self, user_id: UUID) -> bool:
        """Take the one-time password; False: somebody has."""
        return bool(await self._db.execute(_USE_ONE_TIME, {"id": user_id, "now": self._clock.now()}))

    async def use_code(self, user_id: UUID, secret: bytes, code: str) -> bool:
        """Take a code of the second factor; False: wrong, or taken before."""
        step = totp.matching_step(secret, code, self._clock.now().timestamp())
        return step is not None and bool(await self._db.execute(_USE_STEP, {"id": user_id, "step": step}))

    async def begin_second_factor(self, user_id: UUID) -> bytes:
        """A new secret, which counts only when it is confirmed."""
        secret = totp.make_secret()
        await self.change(user_id, {"totp_pending": self._sealer.seal(secret, owner=user_id.bytes)})
        return secret

    async def pending_secret(self, user_id: UUID) -> bytes | None:
        """The secret that is not confirmed yet."""
        sealed: bytes | None = (await self._row(user_id)).totp_pending
        return None if sealed is None else self._sealer.open(sealed, owner=user_id.bytes)

    async def confirm_second_factor(self, user_id: UUID, code: str) -> bool:
        """The pending secret is theirs if this is its code; False: it is not."""
        pending: bytes | None = (await self._row(user_id)).totp_pending
        if pending is None:
            return False
        step = totp.matching_step(self._sealer.open(pending, owner=user_id.bytes), code, self._clock.now().timestamp())
        return step is not None and bool(await self._db.execute(_CONFIRM, {"id": user_id, "pending": pending, "step": step}))

    async def remove_second_factor(self, user_id: UUID) -> None:
        """The password alone from now on. Raises NoSuchUser."""
        await self.change(user_id, {"totp_secret": None, "totp_pending": None, "totp_step": None})

    async def _row(self, user_id: UUID) -> Row[tuple[object, ...]]:
        rows = await self._db.execute(_BY_ID, {"id": user_id})
        if not rows:
            raise NoSuchUser
        return rows[0]

    def _credentials(self, row: Row[tuple[object, ...]]) -> Credentials:
        return Credentials(
            user=_user(row),
            password_hash=row.password_hash,
            one_time_until=row.one_time_until,
            one_time_used_at=row.one_time_used_at,
            totp_secret=None if row.totp_secret is None else self._opened(row),
        )

    def _opened(self, row: Row[tuple[object, ...]]) -> bytes:
        try:
            return self._sealer.open(row.totp_secret, owner=row.id.bytes)
        except CipherError:
            # Its key is gone: no code fits, and a supervisor takes the factor away.
            return totp.make_secret()


def _user(row: Row[tuple[object, ...]]) -> User:
    return User(
        id=row.id,
        sign_in_name=row.sign_in_name,
        name=row.name,
        role=Role(row.role),
        counsellor_id=row.counsellor_id,
        language=row.language,
        created_at=row.created_at,
        password_at=row.password_at,
        disabled_at=row.disabled_at,
        must_change_password=row.one_time_until is not None,
        second_factor=row.totp_secret is not None,
    )

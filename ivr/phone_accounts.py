"""Counsellors' accounts: the person and the SIP account of their phone, made, changed and closed together in one transaction.

A secret or PIN made here is returned once, to be shown once; only its digest (SIP) or argon2id hash (PIN) is stored.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import column, delete, func, insert, literal, select, table, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.database import Database
from core.errors import AnnyeongError, DatabaseConflict
from core.ids import new_id
from ivr.phone_rows import TABLES, phone_rows, rows_for_digest
from routing import abilities, pin_rules
from routing.pins import PinHasher
from routing.presence_model import Human, System
from routing.tables import counsellors, presence, presence_events

FIRST_EXTENSION = 101
_EXTENSION = re.compile(r"[1-9][0-9]{2,4}")
#: Dialled in need or as our own number: no phone may be called so.
RESERVED = frozenset({"109", "110", "112", "113", "117", "118", "119", "120", "129", "182", "1366", "1388"})
NAME_LENGTH = 60

#: Letters and digits that nobody confuses when copying them from paper: 31 of them, 16 make 79 bits.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


#: What an account shows of its owner's presence.
_PRESENCE = ("human", "break_reason", "system", "reachable", "on_shift", "paused_until")


class AccountError(AnnyeongError):
    """This account can't be made or changed."""


class BadExtension(AccountError):
    """An extension is 3 to 5 digits, the first not 0, and not a public number."""


class BadName(AccountError):
    """A name is 1 to 60 characters."""


class ExtensionTaken(AccountError):
    """Somebody has this extension."""


class UnknownExtension(AccountError):
    """Nobody has this extension."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One counsellor as a supervisor sees them."""

    id: UUID
    extension: str
    name: str
    human: Human
    break_reason: str | None
    system: System
    reachable: bool
    locked_until: datetime | None
    disabled_at: datetime | None
    languages: tuple[str, ...]
    skills: tuple[str, ...]
    on_shift: bool
    #: Nothing is offered until then, because calls rang out.
    paused_until: datetime | None


def new_secret() -> str:
    """A SIP secret that can be typed: four groups of four."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


class PhoneAccounts:
    """All accounts. Every method raises `AccountError` for what the operator can put right, and `DatabaseError`."""

    def __init__(self, db: Database, *, hasher: PinHasher | None = None) -> None:
        self._db = db
        self._hasher = hasher or PinHasher()

    async def add(
        self,
        name: str,
        *,
        extension: str | None = None,
        pin: str,
        languages: Sequence[str] = abilities.DEFAULT_LANGUAGES,
        skills: Sequence[str] = (),
    ) -> tuple[Account, str]:
        """Make an account; returns it and the SIP secret. Without `extension` the next free one from 101 is taken.

        The phone can register, and its owner sign in, as soon as this returns. Raises `WeakPin` and `AbilityError` as well.
        """
        name = _checked_name(name)
        able = {"languages": abilities.languages(languages), "skills": abilities.skills(skills)}
        if extension is None:
            extension = _next_free([account.extension for account in await self.list(everybody=True)])
        check_extension(extension)
        pin_rules.check(pin, extension=extension)
        pin_hash = await self._hasher.hash(pin)
        secret, counsellor_id = new_secret(), new_id()
        try:
            async with self._db.begin() as connection:
                await connection.execute(
                    insert(counsellors).values(
                        id=counsellor_id, extension=extension, name=name, pin_hash=pin_hash, created_at=func.now(), **able
                    )
                )
                await connection.execute(insert(presence).values(counsellor_id=counsellor_id, changed_at=func.now()))
                await _put(connection, phone_rows(extension, secret))
        except DatabaseConflict as error:
            raise ExtensionTaken(
                f"내선 {extension}번은 이미 쓰고 있습니다. / Extension {extension} is taken (annyeong120 counsellor list)."
            ) from error
        return await self.get(extension), secret

    async def list(self, *, everybody: bool = False) -> list[Account]:
        """All counsellors by extension; those who left only with `everybody`."""
        statement = (
            select(counsellors, *(presence.c[name] for name in _PRESENCE))
            .join(presence, presence.c.counsellor_id == counsellors.c.id)
            .order_by(func.length(counsellors.c.extension), counsellors.c.extension)
        )
        if not everybody:
            statement = statement.where(counsellors.c.disabled_at.is_(None))
        return [
            Account(
                id=row.id,
                extension=row.extension,
                name=row.name,
                human=Human(row.human),
                break_reason=row.break_reason,
                system=System(row.system),
                reachable=row.reachable,
                locked_until=row.pin_locked_until,
                disabled_at=row.disabled_at,
                languages=tuple(row.languages),
                skills=tuple(row.skills),
                on_shift=row.on_shift,
                paused_until=row.paused_until,
            )
            for row in await self._db.execute(statement)
        ]

    async def get(self, extension: str) -> Account:
        """One account, closed or not. Raises `UnknownExtension`."""
        for account in await self.list(everybody=True):
            if account.extension == extension:
                return account
        raise _unknown(extension)

    async def set_pin(self, extension: str, pin: str) -> None:
        """Give somebody a new PIN; also ends a lock. Raises `WeakPin` as well."""
        pin_rules.check(pin, extension=extension)
        values = {"pin_hash": await self._hasher.hash(pin), "pin_failures": 0, "pin_locked_until": None}
        async with self._db.begin() as connection:
            result = await connection.execute(update(counsellors).where(counsellors.c.extension == extension).values(values))
            if not result.rowcount:
                raise _unknown(extension)

    async def set_abilities(self, extension: str, *, languages: Sequence[str] | None = None, skills: Sequence[str] | None = None) -> None:
        """What somebody speaks and is asked for from now on; None leaves it as it is. Raises `AbilityError` as well."""
        values: dict[str, list[str]] = {}
        if languages is not None:
            values["languages"] = abilities.languages(languages)
        if skills is not None:
            values["skills"] = abilities.skills(skills)
        async with self._db.begin() as connection:
            # Naming the name announces the change (a trigger on counsellors): the line must know it for the next call.
            statement = update(counsellors).where(counsellors.c.extension == extension).values(name=counsellors.c.name, **values)
            if not (await connection.execute(statement)).rowcount:
                raise _unknown(extension)

    async def renew_secret(self, extension: str) -> str:
        """A new SIP secret; the phone must be set up again with it. A call under way is not touched."""
        if (await self.get(extension)).disabled_at is not None:
            raise AccountError(
                f"내선 {extension}번은 사용 중지 상태입니다. / {extension} is disabled: annyeong120 counsellor enable {extension}"
            )
        secret = new_secret()
        async with self._db.begin() as connection:
            await _remove(connection, extension, TABLES)
            await _put(connection, phone_rows(extension, secret))
            # Announces the change (a trigger on counsellors): Asterisk's static copy of the accounts must follow.
            await connection.execute(update(counsellors).where(counsellors.c.extension == extension).values(name=counsellors.c.name))
        return secret

    async def disable(self, extension: str) -> bool:
        """Somebody leaves: signed out, and their phone is no account any more. False: had left already.

        The row stays because contacts point at it; a talk under way goes on. The phone's digest is kept for `enable`.
        """
        async with self._db.begin() as connection:
            changed = await connection.execute(
                update(counsellors)
                .where(counsellors.c.extension == extension, counsellors.c.disabled_at.is_(None))
                .values(disabled_at=func.now())
                .returning(counsellors.c.id)
            )
            counsellor_id = changed.scalar_one_or_none()
            if counsellor_id is not None:
                values = {"human": "off", "break_reason": None, "reachable": False, "changed_at": func.clock_timestamp()}
                await connection.execute(update(presence).where(presence.c.counsellor_id == counsellor_id).values(values))
                await _keep(connection, counsellor_id, "disabled")
                await _remove(connection, extension, ("ps_endpoints", "ps_aors"))
                return True
        await self.get(extension)
        return False

    async def enable(self, extension: str) -> bool:
        """Somebody comes back, with the PIN and the phone they had. False: had not left."""
        async with self._db.begin() as connection:
            changed = await connection.execute(
                update(counsellors)
                .where(counsellors.c.extension == extension, counsellors.c.disabled_at.is_not(None))
                .values(disabled_at=None, pin_failures=0, pin_locked_until=None)
                .returning(counsellors.c.id)
            )
            counsellor_id = changed.scalar_one_or_none()
            if counsellor_id is not None:
                auths = table("ps_auths", column("id"), column("md5_cred"))
                digest = await connection.scalar(select(auths.c.md5_cred).where(auths.c.id == extension))
                await _remove(connection, extension, TABLES)
                # Without a digest the account waits for `renew_secret`.
                await _put(connection, rows_for_digest(extension, digest) if digest else phone_rows(extension, new_secret()))
                await _keep(connection, counsellor_id, "enabled")
                return True
        await self.get(extension)
        return False


def check_extension(extension: str) -> None:
    """Accept an extension or raise `BadExtension`."""
    if not _EXTENSION.fullmatch(extension):
        raise BadExtension(
            "내선번호는 0으로 시작하지 않는 숫자 3~5자리입니다(예: 101). / An extension is 3 to 5 digits, the first not 0 (e.g. 101)."
        )
    if extension in RESERVED:
        raise BadExtension(f"{extension}번은 공공 번호라서 내선으로 쓸 수 없습니다. / {extension} is a public number.")


def _checked_name(name: str) -> str:
    cleaned = " ".join(unicodedata.normalize("NFC", name).split())
    if not 1 <= len(cleaned) <= NAME_LENGTH or any(unicodedata.category(letter) in ("Cc", "Cf", "Cs") for letter in cleaned):
        raise BadName(f"이름은 1~{NAME_LENGTH}자입니다. / A name is 1 to {NAME_LENGTH} characters, none of them a control character.")
    return cleaned


def _next_free(taken: Sequence[str]) -> str:
    return next(name for number in range(FIRST_EXTENSION, 100_000) if (name := str(number)) not in taken and name not in RESERVED)


def _unknown(extension: str) -> UnknownExtension:
    return UnknownExtension(f"내선 {extension}번 상담사가 없습니다. / Nobody has extension {extension} (annyeong120 counsellor list).")


async def _put(connection: AsyncConnection, rows: Mapping[str, Mapping[str, str | int]]) -> None:
    for name in TABLES:
        row = rows[name]
        await connection.execute(insert(table(name, *(column(key) for key in row))).values({key: str(value) for key, value in row.items()}))


async def _remove(connection: AsyncConnection, extension: str, tables: Sequence[str]) -> None:
    for name in reversed(tables):
        target = table(name, column("id"))
        await connection.execute(delete(target).where(target.c.id == extension))


async def _keep(connection: AsyncConnection, counsellor_id: UUID, kind: str) -> None:
    now_so = select(presence.c.counsellor_id, func.now(), literal(kind), presence.c.human, presence.c.system, presence.c.reachable).where(
        presence.c.counsellor_id == counsellor_id
    )
    await connection.execute(insert(presence_events).from_select(["counsellor_id", "at", "kind", "human", "system", "reachable"], now_so))

"""Codes for callers whose number is withheld: six spoken digits that give the place, or the case, back on the next call.

800,000 codes; a call has two tries, so with a hundred codes out a guess succeeds in one call of four thousand, and gains a place in a line. No
code begins with 9, which means danger to whoever hears it, or with 0, which says everything again. Codes are drawn at random, are good
once, and only for as long as the policy says. Nobody's code is matched with anybody else's call.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import Uuid, bindparam, text

from core.clock import Clock
from core.database import Database
from core.errors import AnnyeongError, DatabaseConflict
from routing.callback_model import UnknownContact
from routing.policy import Policy

log = structlog.get_logger()

_FIRST: Final = 100_000
_COUNT: Final = 800_000
#: Codes drawn before it is clear that there are none left.
_DRAWS: Final = 20
_CODE = re.compile(r"[1-8][0-9]{5}", re.ASCII)

# A code that was used or has run out may be given again; a call has one.
_GIVE = text(
    """
    WITH has AS (
        SELECT code FROM place_codes WHERE contact_id = :contact_id AND used_at IS NULL AND expires_at > :now LIMIT 1
    ), made AS (
        INSERT INTO place_codes (code, contact_id, virtual_start, created_at, expires_at)
        SELECT :code, :contact_id, :virtual_start, :now, :expires_at WHERE NOT EXISTS (SELECT 1 FROM has)
        ON CONFLICT (code) DO UPDATE
        SET contact_id = excluded.contact_id, virtual_start = excluded.virtual_start, created_at = excluded.created_at,
            expires_at = excluded.expires_at, used_at = NULL
        WHERE place_codes.used_at IS NOT NULL OR place_codes.expires_at <= excluded.created_at
        RETURNING code
    )
    SELECT code FROM has UNION ALL SELECT code FROM made
    """
).bindparams(bindparam("contact_id", type_=Uuid))

# Who has talked since then has had the place; what is left is the case.
_TAKE = text(
    """
    UPDATE place_codes p SET used_at = :now
    FROM contacts c
    WHERE p.code = :code AND p.used_at IS NULL AND p.expires_at > :now AND c.id = p.contact_id
    RETURNING p.contact_id, CASE WHEN c.answered_at IS NULL THEN p.virtual_start ELSE :now END AS virtual_start
    """
)


class CodesExhausted(AnnyeongError):
    """No free code was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a code gave back."""

    #: The call in which the code was given.
    contact_id: UUID
    #: Its place in line; now, if that call reached a human.
    virtual_start: datetime


class PlaceCodes:
    """Gives codes and takes them back. All methods raise `DatabaseUnavailable` when PostgreSQL can't be reached."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        policy: Callable[[], Policy] = Policy,
        *,
        randbelow: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        self._db = db
        self._clock = clock
        self._policy = policy
        self._randbelow = randbelow

    async def give(self, contact_id: UUID, virtual_start: datetime) -> str:
        """The code of this call, stored before it is said; asked again, the same. Raises UnknownContact, CodesExhausted."""
        now = self._clock.now()
        expires_at = now + timedelta(seconds=self._policy().place_code_valid_s)
        for _ in range(_DRAWS):
            code = str(_FIRST + self._randbelow(_COUNT))
            values = {"code": code, "contact_id": contact_id, "virtual_start": virtual_start, "now": now, "expires_at": expires_at}
            try:
                rows = await self._db.execute(_GIVE, values)
            except DatabaseConflict as error:
                raise UnknownContact(f"there is no contact {contact_id}") from error
            if rows:
                log.info("place_code_given", contact_id=str(contact_id))
                return str(rows[0].code)
        raise CodesExhausted

    async def take(self, code: str) -> Taken | None:
        """What the code gives back, once; None: there is no such code, or it was used, or has run out."""
        if not _CODE.fullmatch(code):
            return None
        rows = await self._db.execute(_TAKE, {"code": code, "now": self._clock.now()})
        if not rows:
            return None
        log.info("place_code_taken", contact_id=str(rows[0].contact_id))
        return Taken(contact_id=rows[0].contact_id, virtual_start=rows[0].virtual_start)

"""The disclosure ledger: who was given which data about whom, when, on which legal ground, by whose decision.

A public body keeps a record of what it hands to third parties (Personal Information Protection Act, PIPA). Rows are only ever added: a trigger
refuses the rest. Every row has a twin in the access log, written before it, with the same content; that log is chained
(`core.audit`), so `verify` finds a row that was changed, removed or slipped in by whoever got past the trigger.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select

from core.audit import Access, AccessLog
from core.audit_check import entries
from core.clock import Clock
from core.database import Database
from core.ids import new_id
from escalation.errors import EscalationError
from escalation.ledger_model import Disclosure, Entry, Ground
from escalation.tables import disclosures

#: The access log's word for a twin.
ACTION = "disclosed"
_CODE = re.compile(r"[a-z][a-z0-9_-]{0,60}")


class DisclosureError(EscalationError):
    """The ledger can't take this."""


class LedgerFlaw(StrEnum):
    """What is wrong with a row."""

    #: It is not what was written.
    CHANGED = "changed"
    #: Written, and not there any more (or its writing was interrupted).
    MISSING = "missing"
    #: Nobody wrote it through this program.
    SLIPPED_IN = "slipped_in"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFinding:
    """A flaw of the row with this id."""

    id: UUID
    flaw: LedgerFlaw


class Ledger:
    """Writes and reads the ledger. Raises DatabaseUnavailable."""

    def __init__(self, db: Database, clock: Clock, access_log: AccessLog) -> None:
        self._db = db
        self._clock = clock
        self._access_log = access_log

    async def record(self, disclosure: Disclosure) -> UUID:
        """Write it down; its id. Raises DisclosureError for no items, a word that is no code, CONSENT without a consent and the reverse."""
        _check(disclosure)
        made = new_id()
        await self._access_log.write(
            Access(
                action=ACTION,
                actor=disclosure.decided_by,
                about_kind=disclosure.about_kind,
                about=str(disclosure.about),
                detail={"disclosure": str(made), **_content(disclosure)},
            )
        )
        values = {
            "id": made, "at": self._clock.now(), "about_kind": disclosure.about_kind, "about": disclosure.about,
            "recipient": disclosure.recipient, "items": list(disclosure.items), "ground": str(disclosure.ground),
            "decided_by": disclosure.decided_by, "consent_id": disclosure.consent_id,
        }  # fmt: skip
        await self._db.execute(insert(disclosures).values(values))
        return made

    async def about(self, about: UUID) -> tuple[Entry, ...]:
        """What was disclosed for one incident or referral, oldest first."""
        rows = await self._db.execute(select(disclosures).where(disclosures.c.about == about).order_by(disclosures.c.at, disclosures.c.id))
        return tuple(_entry(row) for row in rows)

    async def between(self, since: datetime, until: datetime) -> tuple[Entry, ...]:
        """The ledger of a period (half-open), oldest first: for printing."""
        period = (disclosures.c.at >= since, disclosures.c.at < until)
        rows = await self._db.execute(select(disclosures).where(*period).order_by(disclosures.c.at, disclosures.c.id))
        return tuple(_entry(row) for row in rows)


async def verify(db: Database) -> tuple[LedgerFinding, ...]:
    """Every row against its twin; whether the twins are whole is `core.audit_check.verify`. Nothing found: the ledger is as it was written."""
    rows = {row.id: _entry(row).disclosure for row in await db.execute(select(disclosures))}
    findings: list[LedgerFinding] = []
    seen: set[UUID] = set()
    async for entry, _ in entries(db):
        access = entry.access
        if access.action != ACTION:
            continue
        detail = dict(access.detail)
        made = UUID(str(detail.pop("disclosure")))
        seen.add(made)
        found = rows.get(made)
        if found is None:
            findings.append(LedgerFinding(id=made, flaw=LedgerFlaw.MISSING))
        elif (_content(found), str(found.about), found.about_kind, found.decided_by) != (
            detail, access.about, access.about_kind, access.actor,
        ):  # fmt: skip
            findings.append(LedgerFinding(id=made, flaw=LedgerFlaw.CHANGED))
    findings.extend(LedgerFinding(id=made, flaw=LedgerFlaw.SLIPPED_IN) for made in rows.keys() - seen)
    return tuple(findings)


def _check(disclosure: Disclosure) -> None:
    if not disclosure.items:
        raise DisclosureError("a disclosure names what was given")
    for word in (disclosure.about_kind, disclosure.recipient, *disclosure.items):
        if not _CODE.fullmatch(word):
            raise DisclosureError(f"{word!r} is no code: small letters, digits, - and _")
    if (disclosure.ground is Ground.CONSENT) != (disclosure.consent_id is not None):
        raise DisclosureError("the ground of consent goes with a consent, and only that")


def _content(disclosure: Disclosure) -> dict[str, str | int | bool | None]:
    return {
        "recipient": disclosure.recipient,
        "items": " ".join(disclosure.items),
        "ground": str(disclosure.ground),
        "consent": str(disclosure.consent_id) if disclosure.consent_id else None,
    }


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        id=row.id,
        at=row.at,
        disclosure=Disclosure(
            about_kind=row.about_kind,
            about=row.about,
            recipient=row.recipient,
            items=tuple(row.items),
            ground=Ground(row.ground),
            decided_by=row.decided_by,
            consent_id=row.consent_id,
        ),
    )

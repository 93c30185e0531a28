"""Verifying the access log: every row against the one before, and the head against the last."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select

from core.audit import GENESIS, PAGE, Entry, chained, entry_of, head_mac
from core.database import Database
from core.tables import access_log, access_log_head

#: More are not listed: the log is beyond repair.
MANY = 100


class Flaw(StrEnum):
    """What is wrong with a row."""

    #: It, or its place, is not what was written.
    CHANGED = "changed"
    #: Rows are missing before it.
    MISSING = "missing"
    #: Rows are missing at the end, or were added without the key.
    CUT_OFF = "cut_off"
    #: The head is gone or was forged.
    HEAD = "head"
    #: It is not the row that was noted elsewhere.
    NOT_AS_NOTED = "not_as_noted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A flaw at the row with this number."""

    number: int
    flaw: Flaw


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the verification found; `head` is `number:mac` of the last row, to be noted elsewhere."""

    rows: int
    head: str
    findings: tuple[Finding, ...]

    @property
    def whole(self) -> bool:
        """Nothing is wrong."""
        return not self.findings


async def verify(db: Database, key: bytes, *, noted: str = "") -> Verdict:
    """Read the whole log. `noted`: a head from an earlier time, which must still be there. Raises ValueError for one that is none."""
    noted_number, noted_mac = _noted(noted)
    findings: list[Finding] = []
    # The head first: rows that are written meanwhile are not taken for too many.
    head = next(iter(await db.execute(select(access_log_head))), None)
    number, mac, rows = 0, GENESIS, 0
    at_head, as_noted = b"", noted_number == 0
    async for entry, stored in entries(db):
        if entry.number != number + 1:
            findings.append(Finding(number=entry.number, flaw=Flaw.MISSING))
        elif not hmac.compare_digest(chained(key, mac, entry), stored):
            findings.append(Finding(number=entry.number, flaw=Flaw.CHANGED))
        number, mac, rows = entry.number, stored, rows + 1
        if head is not None and number == head.last:
            at_head = mac
        as_noted = as_noted or (number == noted_number and mac == noted_mac)
        if len(findings) >= MANY:
            break
    if head is None:
        if rows:
            findings.append(Finding(number=number, flaw=Flaw.HEAD))
    elif not hmac.compare_digest(head_mac(key, head.last, head.mac), head.head_mac):
        findings.append(Finding(number=head.last, flaw=Flaw.HEAD))
    elif at_head != head.mac:
        findings.append(Finding(number=head.last, flaw=Flaw.CUT_OFF))
    if not as_noted:
        findings.append(Finding(number=noted_number, flaw=Flaw.NOT_AS_NOTED))
    return Verdict(rows=rows, head=f"{number}:{mac.hex()}", findings=tuple(findings))


async def entries(db: Database, after: int = 0) -> AsyncIterator[tuple[Entry, bytes]]:
    """Every row after that number, in order, with its mac."""
    while True:
        page = await db.execute(select(access_log).where(access_log.c.id > after).order_by(access_log.c.id).limit(PAGE))
        for row in page:
            yield entry_of(row), row.mac
            after = row.id
        if len(page) < PAGE:
            return


def _noted(text: str) -> tuple[int, bytes]:
    if not text:
        return 0, b""
    number, _, mac = text.strip().partition(":")
    if not number.isascii() or not number.isdigit() or len(mac) != 64:
        raise ValueError("a noted head is NUMBER:64 hexadecimal digits")
    return int(number), bytes.fromhex(mac)

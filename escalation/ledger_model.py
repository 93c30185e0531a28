"""What a row of the disclosure ledger is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Ground(StrEnum):
    """Why it was lawful (PIPA)."""

    #: Art. 17(1)2 with 15(1)5: plainly needed for urgent interests of life, body or property, within the purpose of collection.
    URGENT = "pipa_17_1_2"
    #: Art. 18(2)3: the same, beyond that purpose.
    URGENT_BEYOND_PURPOSE = "pipa_18_2_3"
    #: Art. 17(1)1: the person consented.
    CONSENT = "pipa_17_1_1"
    #: Art. 18(2)2: another law provides for it.
    OTHER_LAW = "pipa_18_2_2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """Something was handed over. Codes and ids only: what was said is not in the ledger."""

    #: `incident`, `referral`, …: what it belongs to, and its id.
    about_kind: str
    about: UUID
    #: A partner's id, or a code of another recipient.
    recipient: str
    #: Which items, as codes: the names of the hand-over card's lines.
    items: tuple[str, ...]
    ground: Ground
    #: The desk user who decided.
    decided_by: UUID
    #: With CONSENT: which one.
    consent_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of the ledger."""

    id: UUID
    at: datetime
    disclosure: Disclosure

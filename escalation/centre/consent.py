"""Is a consent one? Pure. The law's list: recipient, purpose, items, period, the right to refuse (PIPA art. 17(2)); a guardian under 14 (art. 22-2)."""

from __future__ import annotations

from datetime import datetime

from escalation.centre.model import Consent, Recipient

#: What may be passed on. A code that is not here is refused: nobody consents to "everything".
ITEMS: tuple[str, ...] = (
    "name", "number", "district", "address", "age_band", "household", "reason", "record", "checklist", "health", "needs", "wishes",
)  # fmt: skip


def missing(consent: Consent) -> tuple[str, ...]:
    """Names of what a consent lacks; empty: it is complete. A refusal needs only to say what was asked and by which wording."""
    asked = [
        ("script_version", bool(consent.script_version.strip())),
        ("recipient_name", bool(consent.recipient_name.strip())),
        ("purpose", bool(consent.purpose.strip())),
    ]
    if consent.given:
        asked += [
            ("items", bool(consent.items) and all(item in ITEMS for item in consent.items)),
            ("until", consent.until is not None and consent.until > consent.at),
            ("right_to_refuse_told", consent.right_to_refuse_told),
            ("guardian", consent.by_guardian or not consent.under_14),
        ]
    return tuple(name for name, there in asked if not there)


def covers(consent: Consent, recipient: Recipient, at: datetime, *, name: str = "") -> bool:
    """Whether data may go to that recipient then. A service is meant by name."""
    right_one = consent.recipient is recipient and (recipient is not Recipient.SERVICE or consent.recipient_name == name)
    return right_one and consent.given and not missing(consent) and consent.until is not None and consent.at <= at < consent.until

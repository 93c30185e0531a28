"""How a record's content lies in the database: sealed, bound to its row and version, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from care.records.model import (
    AgeBand,
    Caller,
    Channel,
    Consent,
    Content,
    Kind,
    Link,
    LinkKind,
    NonCounselling,
    Purpose,
    Record,
    State,
    Version,
)
from core.sealing import Sealer

#: What `Sealer` is made for here.
PURPOSE = "consultation record"


def seal(sealer: Sealer, record_id: UUID, version: int, content: Content) -> dict[str, bytes | None]:
    """The columns `content` and `sensitive` of a version, and of the record while it is the latest."""
    plain = json.dumps(_plain(content), ensure_ascii=False, separators=(",", ":")).encode()
    sensitive = content.sensitive.encode()
    return {
        "content": sealer.seal(plain, owner=_owner(record_id, version, "content")),
        "sensitive": sealer.seal(sensitive, owner=_owner(record_id, version, "sensitive")) if sensitive else None,
    }


def unseal(sealer: Sealer, record_id: UUID, version: int, content: bytes | None, sensitive: bytes | None) -> Content:
    """See `seal`. Raises CipherError."""
    if content is None:
        return Content()
    plain = json.loads(sealer.open(content, owner=_owner(record_id, version, "content")))
    secret = "" if sensitive is None else sealer.open(sensitive, owner=_owner(record_id, version, "sensitive")).decode()
    return Content(
        kinds=frozenset(Kind(one) for one in plain["kinds"]),
        non_counselling=_of(NonCounselling, plain["non_counselling"]),
        caller=_of(Caller, plain["caller"]),
        subject_id=_of(UUID, plain["subject_id"]),
        district=plain["district"],
        age_band=_of(AgeBand, plain["age_band"]),
        skills=frozenset(plain["skills"]),
        feeling_before=plain["feeling_before"],
        feeling_after=plain["feeling_after"],
        about=plain["about"],
        text=plain["text"],
        companion_note=plain["companion_note"],
        reason=plain["reason"],
        sensitive=secret,
    )


def columns(content: Content) -> dict[str, object]:
    """The columns that are counted."""
    return {
        "kinds": sorted(content.kinds),
        "non_counselling": content.non_counselling,
        "caller": content.caller,
        "subject_id": content.subject_id,
        "district": content.district,
        "age_band": content.age_band,
        "skills": sorted(content.skills),
        "feeling_before": content.feeling_before,
        "feeling_after": content.feeling_after,
    }


def record(sealer: Sealer, row: Row[Any], links: tuple[Link, ...] = (), consents: tuple[Consent, ...] = ()) -> Record:
    """A row of `care_records`. Raises CipherError."""
    content = unseal(sealer, row.id, row.version, row.content, row.sensitive)
    return Record(
        id=row.id,
        contact_id=row.contact_id,
        person_id=row.person_id,
        counsellor_id=row.counsellor_id,
        created_by=row.created_by,
        channel=Channel(row.channel),
        state=State(row.state),
        version=row.version,
        created_at=row.created_at,
        changed_at=row.changed_at,
        final_at=row.final_at,
        # Whoever was erased is no subject any more.
        content=replace(content, subject_id=row.subject_id),
        links=links,
        consents=consents,
    )


def version(row: Row[Any], content: Content | None = None) -> Version:
    """A row of `care_record_versions`."""
    return Version(version=row.version, at=row.at, by=row.by, changed=tuple(row.changed), removed=dict(row.removed), content=content)


def link(row: Row[Any]) -> Link:
    """A row of `care_record_links`."""
    return Link(kind=LinkKind(row.kind), target_id=row.target_id)


def consent(row: Row[Any]) -> Consent:
    """A row of `care_consents`."""
    return Consent(
        id=row.id,
        purpose=Purpose(row.purpose),
        given=row.given,
        guardian=row.guardian,
        script_version=row.script_version,
        recipient=row.recipient,
        items=tuple(row.items),
        until=row.until,
        at=row.at,
        counsellor_id=row.counsellor_id,
        by=row.by,
        recording=row.recording,
        withdrawn_at=row.withdrawn_at,
    )


def _plain(content: Content) -> Mapping[str, object]:
    counted = columns(content)
    return {
        **counted,
        "subject_id": str(content.subject_id) if content.subject_id else None,
        "about": content.about,
        "text": content.text,
        "companion_note": content.companion_note,
        "reason": content.reason,
    }


def _owner(record_id: UUID, number: int, part: str) -> bytes:
    # A version's text does not open as another's, nor as another record's.
    return record_id.bytes + number.to_bytes(4) + part.encode()


def _of(kind: Any, value: str | None) -> Any:  # noqa: ANN401 - an enum or UUID, from its text
    return None if value is None else kind(value)

"""Records, plans and proofs as the API answers them, and back."""

from __future__ import annotations

from care.keeping import Proof
from care.plans.model import AgreedTime, Caution, Plan
from care.records.book import Asked
from care.records.model import Consent, Content, Version
from care.records.reading import WRITING
from care.records.visible import Part, Seen, hidden
from desk.records import models as m


def content_in(body: m.ContentIn) -> Content:
    """What was sent."""
    return Content(
        kinds=frozenset(body.kinds),
        non_counselling=body.non_counselling,
        caller=body.caller,
        subject_id=body.subject,
        district=body.district,
        age_band=body.age_band,
        skills=frozenset(body.skills),
        feeling_before=body.feeling_before,
        feeling_after=body.feeling_after,
        about=body.about,
        text=body.text,
        sensitive=body.sensitive,
        companion_note=body.companion_note,
        reason=body.reason,
    )


def content(found: Content) -> m.ContentOut:
    """Covered before."""
    return m.ContentOut(
        kinds=sorted(found.kinds),
        non_counselling=found.non_counselling,
        caller=found.caller,
        subject=found.subject_id,
        district=found.district,
        age_band=found.age_band,
        skills=sorted(found.skills),
        feeling_before=found.feeling_before,
        feeling_after=found.feeling_after,
        about=found.about,
        text=found.text,
        sensitive=found.sensitive,
        companion_note=found.companion_note,
        reason=found.reason,
    )


def record(seen: Seen, links: list[m.LinkOut], number: str | None = None) -> m.RecordOut:
    """As somebody sees it."""
    found = seen.record
    return m.RecordOut(
        id=found.id,
        contact=found.contact_id,
        person=found.person_id,
        number=number,
        counsellor=found.counsellor_id,
        channel=found.channel,
        state=found.state,
        version=found.version,
        created_at=found.created_at,
        changed_at=found.changed_at,
        final_at=found.final_at,
        mine=seen.task in WRITING,
        hidden=sorted(set(Part) - seen.parts),
        content=content(found.content),
        links=links,
        consents=[_consent(one) for one in found.consents],
    )


def version(found: Version, seen: Seen) -> m.VersionOut:
    """An edit, as who sees the record like that sees it."""
    return m.VersionOut(
        version=found.version,
        at=found.at,
        by=found.by,
        changed=list(found.changed),
        removed=found.removed,
        content=None if found.content is None else content(hidden(found.content, seen.parts)),
    )


def asked(body: m.ConsentIn) -> Asked:
    """What was sent."""
    return Asked(
        purpose=body.purpose,
        given=body.given,
        script_version=body.script_version,
        recipient=body.recipient,
        items=tuple(body.items),
        until=body.until,
        guardian=body.guardian,
        recording=body.recording,
    )


def plan_in(body: m.PlanIn) -> Plan:
    """What was sent."""
    return Plan(
        times=tuple(AgreedTime(weekday=one.weekday, since=one.since, until=one.until) for one in body.times),
        minutes=body.minutes,
        named_id=body.named,
        helps=body.helps,
        avoid=body.avoid,
        warnings=tuple(Caution(text=one.text, until=one.until) for one in body.warnings),
    )


def proof(found: Proof) -> m.ProofOut:
    """Without anybody in it."""
    return m.ProofOut(at=found.at, why=found.why, retention=found.retention, records=found.records, digest=found.digest.hex())


def _consent(found: Consent) -> m.ConsentOut:
    return m.ConsentOut(
        id=found.id,
        purpose=found.purpose,
        given=found.given,
        guardian=found.guardian,
        script_version=found.script_version,
        recipient=found.recipient,
        items=list(found.items),
        until=found.until,
        at=found.at,
        counsellor=found.counsellor_id,
        recording=found.recording,
        withdrawn_at=found.withdrawn_at,
    )

"""Tables of people, records of consultations and plans. What people say or write is sealed; what is counted stands in columns."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from core.schema import metadata

_AT = DateTime(timezone=True)

#: Who is known to the line. Withheld numbers make no row: they are never matched to each other.
care_people = Table(
    "care_people",
    metadata,
    Column("id", Uuid, primary_key=True),
    # None for somebody who came in person and gave no number.
    Column("number_cipher", LargeBinary),
    Column("number_index", LargeBinary, unique=True),
    # Name and address, sealed.
    Column("details", LargeBinary),
    Column("created_at", _AT, nullable=False),
    # A legal hold: nothing of them is deleted while it lasts. The reason is sealed.
    Column("held_at", _AT),
    Column("held_by", Uuid),
    Column("held_why", LargeBinary),
)

#: One a consultation, as it is now.
care_records = Table(
    "care_records",
    metadata,
    Column("id", Uuid, primary_key=True),
    # NULL: face to face, or written down by hand.
    Column("contact_id", Uuid, ForeignKey("contacts.id", ondelete="SET NULL"), unique=True),
    # Who called; NULL: withheld.
    Column("person_id", Uuid, ForeignKey("care_people.id")),
    # About whom, where that is somebody else who is known.
    Column("subject_id", Uuid, ForeignKey("care_people.id", ondelete="SET NULL")),
    Column("counsellor_id", Uuid, ForeignKey("counsellors.id")),
    # The desk account that made it; NULL: the line, with the call.
    Column("created_by", Uuid),
    Column("channel", Text, nullable=False, server_default="phone"),
    Column("state", Text, nullable=False, server_default="draft"),
    # Counts its edits; 0 for an untouched draft.
    Column("version", Integer, nullable=False, server_default="0"),
    Column("created_at", _AT, nullable=False),
    Column("changed_at", _AT, nullable=False),
    Column("final_at", _AT),
    Column("kinds", ARRAY(Text), nullable=False, server_default="{}"),
    Column("non_counselling", Text),
    Column("caller", Text),
    Column("district", Text),
    Column("age_band", Text),
    Column("skills", ARRAY(Text), nullable=False, server_default="{}"),
    Column("feeling_before", SmallInteger),
    Column("feeling_after", SmallInteger),
    # How long it is kept: a class of care/retention.toml.
    Column("retention", Text, nullable=False, server_default="untouched"),
    # The free text, sealed. What is sensitive in the law's sense lies apart, so that it can go when its consent is withdrawn.
    Column("content", LargeBinary),
    Column("sensitive", LargeBinary),
    CheckConstraint("channel IN ('phone', 'chat', 'face_to_face', 'manual')", name="channel"),
    CheckConstraint("state IN ('draft', 'final')", name="state"),
    CheckConstraint("(state = 'final') = (final_at IS NOT NULL)", name="final_with_time"),
    CheckConstraint("kinds <@ ARRAY['information', 'loneliness', 'isolation_check', 'isolation_report', 'emergency']", name="kinds"),
    CheckConstraint("non_counselling IN ('silent', 'wrong_number', 'prank', 'abusive')", name="non_counselling"),
    CheckConstraint("non_counselling IS NULL OR kinds = '{}'", name="one_or_the_other"),
    CheckConstraint("state = 'draft' OR non_counselling IS NOT NULL OR kinds <> '{}'", name="final_says_what"),
    CheckConstraint("feeling_before BETWEEN 0 AND 10 AND feeling_after BETWEEN 0 AND 10", name="feelings"),
    Index(None, "person_id", "created_at"),
    Index(None, "counsellor_id", "created_at"),
    Index(None, "created_at"),
    Index(None, "retention", "changed_at"),
    Index("ix_care_records_subject_id", "subject_id", postgresql_where=text("subject_id IS NOT NULL")),
)

#: Every edit, whole. Nothing of a row changes any more but that its sensitive part may go.
care_record_versions = Table(
    "care_record_versions",
    metadata,
    Column("record_id", Uuid, ForeignKey("care_records.id", ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", _AT, nullable=False),
    Column("by", Uuid),
    # Names of the fields.
    Column("changed", ARRAY(Text), nullable=False),
    # Field -> how many registration numbers were taken out of what was sent.
    Column("removed", JSONB, nullable=False, server_default="{}"),
    Column("content", LargeBinary, nullable=False),
    Column("sensitive", LargeBinary),
    PrimaryKeyConstraint("record_id", "version"),
)

#: What else belongs to the consultation. The rooms above own the rows that are pointed to.
care_record_links = Table(
    "care_record_links",
    metadata,
    Column("record_id", Uuid, ForeignKey("care_records.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("target_id", Uuid, nullable=False),
    Column("at", _AT, nullable=False),
    PrimaryKeyConstraint("record_id", "kind", "target_id"),
    CheckConstraint("kind IN ('incident', 'referral', 'report', 'checklist', 'companionship')", name="kind"),
    Index(None, "target_id"),
)

#: Consent as data: what was read out, to what the person said yes or no, and when it was taken back.
care_consents = Table(
    "care_consents",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("record_id", Uuid, ForeignKey("care_records.id", ondelete="CASCADE"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("given", Boolean, nullable=False),
    # By the guardian of somebody under 14.
    Column("guardian", Boolean, nullable=False, server_default="false"),
    Column("script_version", Text, nullable=False),
    Column("recipient", Text, nullable=False, server_default=""),
    Column("items", ARRAY(Text), nullable=False, server_default="{}"),
    # The last day of the period that was agreed to; NULL: until the purpose is reached.
    Column("until", Date),
    Column("at", _AT, nullable=False),
    Column("counsellor_id", Uuid, ForeignKey("counsellors.id")),
    Column("by", Uuid, nullable=False),
    # Where it can be heard.
    Column("recording", Text),
    Column("withdrawn_at", _AT),
    Column("withdrawn_by", Uuid),
    CheckConstraint(
        "purpose IN ('record', 'sensitive', 'centre', 'companion', 'agency', 'recording', 'call_back')",
        name="purpose",
    ),
    CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn_by_somebody"),
    Index(None, "record_id"),
)

#: Plans of repeat callers, one row a version; the latest counts.
care_plans = Table(
    "care_plans",
    metadata,
    Column("person_id", Uuid, ForeignKey("care_people.id", ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", _AT, nullable=False),
    Column("by", Uuid, nullable=False),
    Column("named_id", Uuid, ForeignKey("counsellors.id")),
    Column("ended", Boolean, nullable=False, server_default="false"),
    # Sealed.
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("person_id", "version"),
)

#: Proof of what was deleted; rows are only ever added, and none says who it was.
care_deletions = Table(
    "care_deletions",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", _AT, nullable=False),
    # retention, request.
    Column("why", Text, nullable=False),
    Column("retention", Text, nullable=False),
    Column("records", Integer, nullable=False),
    # SHA-256; see care.retention.digest.
    Column("digest", LargeBinary, nullable=False),
)

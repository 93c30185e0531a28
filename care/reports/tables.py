"""Tables of isolation reports. Who reports and about whom lie in rows of their own, sealed, so that one is read without the other."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from core.schema import metadata

_AT = DateTime(timezone=True)


def _report(*, primary_key: bool = False) -> Column[object]:
    return Column("report_id", Uuid, ForeignKey("isolation_reports.id", ondelete="CASCADE"), primary_key=primary_key, nullable=False)


isolation_reports = Table(
    "isolation_reports",
    metadata,
    Column("id", Uuid, primary_key=True),
    # NULL: not by telephone, or the contact is kept no longer.
    Column("contact_id", Uuid, ForeignKey("contacts.id", ondelete="SET NULL")),
    Column("made_at", _AT, nullable=False),
    Column("made_by", Uuid, nullable=False),
    Column("urgency", Text, nullable=False),
    Column("due_at", _AT, nullable=False),
    # A code of care.districts; "" unknown.
    Column("district", Text, nullable=False, server_default=""),
    Column("signs", ARRAY(Text), nullable=False, server_default="{}"),
    Column("state", Text, nullable=False, server_default="open"),
    Column("claimed_by", Uuid),
    Column("closed_at", _AT),
    Column("outcome", Text),
    # Counts its changes.
    Column("version", Integer, nullable=False, server_default="1"),
    CheckConstraint("urgency IN ('now', 'today', 'soon', 'routine')", name="urgency"),
    CheckConstraint("state IN ('open', 'claimed', 'closed')", name="state"),
    CheckConstraint("(state = 'claimed') = (claimed_by IS NOT NULL)", name="claimed_by_somebody"),
    CheckConstraint(
        "(state = 'closed') = (closed_at IS NOT NULL) AND (state = 'closed') = (outcome IS NOT NULL)", name="closed_with_outcome"
    ),
    CheckConstraint(
        "outcome IN ('supported', 'referred', 'not_needed', 'declined', 'not_found', 'duplicate', 'passed_on')",
        name="outcome",
    ),
    Index("ix_isolation_reports_worklist", "due_at", postgresql_where=text("state <> 'closed'")),
    Index(None, "made_by", "made_at"),
    Index(None, "contact_id"),
)

#: Who told of it; no row: they would not say.
report_reporters = Table(
    "report_reporters",
    metadata,
    _report(primary_key=True),
    # Name, number, how they know the person.
    Column("details", LargeBinary, nullable=False),
    # As in care_people; b"": no number that can be read. NULL: written before there was this column, and not looked at yet.
    Column("number_index", LargeBinary, index=True),
    Column("relation", Text, nullable=False),
    Column("wants_feedback", Boolean, nullable=False, server_default="false"),
    Column("consent_at", _AT),
    Column("consent_script", Text),
    Column("feedback_at", _AT),
    Column("feedback_by", Uuid),
    CheckConstraint("relation IN ('family', 'neighbour', 'friend', 'landlord', 'worker', 'other')", name="relation"),
    CheckConstraint("NOT wants_feedback OR (consent_at IS NOT NULL AND consent_script IS NOT NULL)", name="feedback_by_consent"),
    CheckConstraint("feedback_at IS NULL OR (wants_feedback AND feedback_by IS NOT NULL)", name="feedback_if_wanted"),
)

#: Of whom is told.
report_subjects = Table(
    "report_subjects",
    metadata,
    _report(primary_key=True),
    # Name, number, whereabouts, what was noticed.
    Column("details", LargeBinary, nullable=False),
    # As a reporter's.
    Column("number_index", LargeBinary, index=True),
    Column("age_band", Text),
)

#: Keyed hashes by which two reports may be about one person: never the words themselves.
report_traces = Table(
    "report_traces",
    metadata,
    _report(),
    Column("kind", Text, nullable=False),
    Column("trace", LargeBinary, nullable=False),
    PrimaryKeyConstraint("report_id", "kind"),
    CheckConstraint("kind IN ('number', 'place', 'name')", name="kind"),
    Index(None, "trace"),
)

#: What happened to a report; rows are only added.
report_events = Table(
    "report_events",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    _report(),
    Column("at", _AT, nullable=False),
    Column("by", Uuid, nullable=False),
    Column("what", Text, nullable=False),
    Column("note", LargeBinary),
    CheckConstraint("what IN ('made', 'claimed', 'released', 'noted', 'urgency', 'closed', 'reopened', 'feedback')", name="what"),
    Index(None, "report_id", "id"),
)

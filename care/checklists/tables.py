"""Table of results. Answers and notes are sealed; what is counted and compared stands in columns."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, LargeBinary, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from core.schema import metadata

_AT = DateTime(timezone=True)

checklist_results = Table(
    "checklist_results",
    metadata,
    Column("id", Uuid, primary_key=True),
    # NULL: outside of a contact, or the contact is kept no longer.
    Column("contact_id", Uuid, ForeignKey("contacts.id", ondelete="SET NULL")),
    # Whose it is, where their number is known: for comparing with earlier ones.
    Column("person_id", Uuid, ForeignKey("care_people.id", ondelete="CASCADE")),
    # The desk account that asked; NULL: a self test.
    Column("made_by", Uuid),
    Column("instrument", Text, nullable=False),
    Column("version", Text, nullable=False),
    # Of the instrument's content: one that was changed under the same version is not compared with.
    Column("fingerprint", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("answers", LargeBinary, nullable=False),
    Column("note", LargeBinary),
    Column("complete", Boolean, nullable=False),
    Column("scores", JSONB, nullable=False, server_default="{}"),
    Column("outcome", Text),
    # NULL also where the level is unresolved.
    Column("level", Text),
    # Items that were ever answered with an alarm; an answer that is changed takes none away.
    Column("alarms", ARRAY(Text), nullable=False, server_default="{}"),
    # Of these, those that an incident was proposed for.
    Column("proposed", ARRAY(Text), nullable=False, server_default="{}"),
    Column("started_at", _AT, nullable=False),
    Column("changed_at", _AT, nullable=False),
    Column("finished_at", _AT),
    # Counts how often it was saved.
    Column("edits", Integer, nullable=False, server_default="1"),
    Column("decision", Text),
    Column("decision_note", LargeBinary),
    Column("decided_at", _AT),
    Column("decided_by", Uuid),
    CheckConstraint("complete OR outcome IS NULL", name="incomplete_says_nothing"),
    CheckConstraint("proposed <@ alarms", name="proposed_alarms"),
    CheckConstraint("decision IN ('followed', 'otherwise', 'declined')", name="decision"),
    CheckConstraint("(decision IS NULL) = (decided_at IS NULL) AND (decision IS NULL) = (decided_by IS NULL)", name="decided_by_somebody"),
    Index(None, "contact_id"),
    Index(None, "person_id", "instrument", "started_at"),
    Index(None, "made_by", "started_at"),
)

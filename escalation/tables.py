"""Tables of crises: incidents, calls to partners, the timeline, what the desk ordered, the disclosure ledger."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from core.schema import metadata
from escalation.model import CloseReason, OrderKind, Stage, State

_AT = DateTime(timezone=True)


def _one_of(column: str, words: type[State | Stage | CloseReason | OrderKind]) -> str:
    return f"{column} IN ({', '.join(repr(str(word)) for word in words)})"


incidents = Table(
    "incidents",
    metadata,
    Column("id", Uuid, primary_key=True),
    # An incident does not go away with its contact: no cascade.
    Column("contact_id", Uuid, ForeignKey("contacts.id"), nullable=False),
    Column("raised_at", _AT, nullable=False),
    Column("raised_by", Text, nullable=False),
    # No foreign key: whoever pressed, a crisis is not refused for it.
    Column("counsellor_id", Uuid),
    Column("danger", Text),
    Column("proposed", Boolean, nullable=False, server_default="false"),
    Column("third_party", Boolean, nullable=False, server_default="false"),
    # Follows from the rest (escalation.incident.state_of); kept for lists.
    Column("state", Text, nullable=False),
    # How many attempts there were when nobody was left.
    Column("exhausted", Integer),
    Column("taken_over_at", _AT),
    Column("caller_gone_at", _AT),
    Column("counsellor_gone_at", _AT),
    Column("redials", Integer, nullable=False, server_default="0"),
    Column("ended_at", _AT),
    # A desk user.
    Column("ended_by", Uuid),
    Column("close_reason", Text),
    # Words of a person, sealed.
    Column("close_text", LargeBinary),
    # The confirmation loop: that it began was said; of which end of the chain; how many reminders, and when the last one.
    Column("told_at", _AT),
    Column("told_exhausted", Integer),
    Column("nags", Integer, nullable=False, server_default="0"),
    Column("nagged_at", _AT),
    CheckConstraint(_one_of("state", State), name="state"),
    CheckConstraint(_one_of("close_reason", CloseReason), name="close_reason"),
    CheckConstraint("(ended_at IS NULL) = (state NOT IN ('confirmed', 'closed'))", name="ended_by_a_word"),
    CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_by_somebody"),
    CheckConstraint("(state = 'closed') = (close_reason IS NOT NULL)", name="closed_with_a_reason"),
    # One open incident per contact: the same press twice, two counsellors, two processes.
    Index("uq_incidents_open", "contact_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    Index("ix_incidents_raised_at", "raised_at"),
)

incident_attempts = Table(
    "incident_attempts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("incident_id", Uuid, ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    # From 1. Two processes that would dial at once want the same number, and one of them is refused.
    Column("number", Integer, nullable=False),
    Column("partner_id", Text, nullable=False),
    Column("leg_id", Text, nullable=False, unique=True),
    Column("started_at", _AT, nullable=False),
    Column("stage", Text, nullable=False),
    Column("answered_at", _AT),
    Column("ended_at", _AT),
    Column("result", Text),
    # The test endpoint was called.
    Column("test", Boolean, nullable=False, server_default="false"),
    UniqueConstraint("incident_id", "number"),
    CheckConstraint(_one_of("stage", Stage), name="stage"),
    CheckConstraint("(stage = 'over') = (ended_at IS NOT NULL)", name="over_with_its_end"),
    CheckConstraint("(ended_at IS NULL) = (result IS NULL)", name="over_with_a_result"),
)

#: The timeline: everything that happened, also what came late and changed nothing. No words of people, no numbers.
incident_events = Table(
    "incident_events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("incident_id", Uuid, ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    Column("at", _AT, nullable=False),
    Column("kind", Text, nullable=False),
    Column("attempt_id", Uuid),
    Column("detail", JSONB, nullable=False, server_default="{}"),
    Index(None, "incident_id", "id"),
)

#: What is known about the person in danger, sealed; see escalation.facts.
incident_facts = Table(
    "incident_facts",
    metadata,
    Column("incident_id", Uuid, ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("changed_at", _AT, nullable=False),
    # A desk user.
    Column("changed_by", Uuid, nullable=False),
)

#: What the desk asked the process to do that has the call; taken once.
incident_orders = Table(
    "incident_orders",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("incident_id", Uuid, ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    Column("contact_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("partner_id", Text),
    Column("counsellor_id", Uuid),
    Column("at", _AT, nullable=False),
    Column("taken_at", _AT),
    # The journal of the process that took it.
    Column("taken_by", Uuid),
    # The loop has said that nobody takes it.
    Column("told_at", _AT),
    CheckConstraint(_one_of("kind", OrderKind), name="kind"),
    Index("ix_incident_orders_waiting", "contact_id", postgresql_where=text("taken_at IS NULL")),
)

#: Who was given what about whom, and on which ground. Rows are only ever added (a trigger refuses the rest), and each has its twin in
#: the chained access log. No foreign keys: it outlives what it tells of.
disclosures = Table(
    "disclosures",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", _AT, nullable=False),
    # What it belongs to: incident, referral, …, and its id.
    Column("about_kind", Text, nullable=False),
    Column("about", Uuid, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("items", ARRAY(Text), nullable=False),
    Column("ground", Text, nullable=False),
    # A desk user.
    Column("decided_by", Uuid, nullable=False),
    # Where the ground is consent.
    Column("consent_id", Uuid),
    Index(None, "about", "at"),
    Index(None, "at"),
)

"""Tables of companions. A person's name and number are the referral's; a companion's own number is sealed."""

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
    Table,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

import escalation.centre.tables  # what ours point to
from core.schema import metadata
from escalation.centre.tables import permission_columns, words
from escalation.companions.model import CallState, EndReason, Skip, Status, SupportState

_AT = DateTime(timezone=True)
_REFERRALS = escalation.centre.tables.referrals.c.id


def _companion(*, index: bool = False) -> Column[object]:
    return Column("companion_id", Uuid, ForeignKey("companions.id"), nullable=False, index=index)


def _support(*, index: bool = False) -> Column[object]:
    return Column("support_id", Uuid, ForeignKey("companion_supports.id", ondelete="CASCADE"), nullable=False, index=index)


companions = Table(
    "companions",
    metadata,
    Column("id", Uuid, primary_key=True),
    # Their account at the desk, if they have one.
    Column("user_id", Uuid, unique=True),
    Column("name", Text, nullable=False),
    Column("number_cipher", LargeBinary, nullable=False),
    Column("districts", ARRAY(Text), nullable=False, server_default="{}"),
    Column("languages", ARRAY(Text), nullable=False, server_default="{ko}"),
    Column("topics", ARRAY(Text), nullable=False, server_default="{}"),
    Column("gender", Text, nullable=False, server_default=""),
    Column("age_band", Text, nullable=False, server_default=""),
    # How many people at a time.
    Column("most", Integer, nullable=False, server_default="2"),
    Column("status", Text, nullable=False, server_default="active"),
    Column("created_at", _AT, nullable=False),
    CheckConstraint(f"status IN ({words(*Status)})", name="status"),
    CheckConstraint("most BETWEEN 0 AND 20", name="most"),
)

companion_times = Table(
    "companion_times",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("companion_id", Uuid, ForeignKey("companions.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("weekday", Integer, nullable=False),
    Column("starts", Time, nullable=False),
    Column("ends", Time, nullable=False),
    CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
)

companion_supports = Table(
    "companion_supports",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("referral_id", Uuid, ForeignKey(_REFERRALS, ondelete="CASCADE"), nullable=False),
    _companion(index=True),
    Column("state", Text, nullable=False),
    Column("consent_until", _AT, nullable=False),
    *permission_columns(),
    Column("created_at", _AT, nullable=False),
    Column("started_at", _AT),
    Column("ended_at", _AT),
    Column("end_reason", Text),
    CheckConstraint(f"state IN ({words(*SupportState)})", name="state"),
    CheckConstraint(f"end_reason IN ({words(*EndReason)})", name="end_reason"),
    CheckConstraint("(state = 'ended') = (end_reason IS NOT NULL)", name="ended_with_reason"),
    # One companion at a time.
    Index("uq_companion_supports_open", "referral_id", unique=True, postgresql_where=text("state <> 'ended'")),
)

companion_substitutes = Table(
    "companion_substitutes",
    metadata,
    Column("id", Uuid, primary_key=True),
    _support(index=True),
    _companion(),
    Column("first", Date, nullable=False),
    Column("last", Date, nullable=False),
    CheckConstraint("last >= first", name="period"),
)

companion_plans = Table(
    "companion_plans",
    metadata,
    Column("id", Uuid, primary_key=True),
    _support(index=True),
    Column("weekday", Integer, nullable=False),
    # By the clock in Seoul.
    Column("at", Time, nullable=False),
    Column("skip_holidays", Boolean, nullable=False),
    Column("first", Date, nullable=False),
    Column("last", Date),
    CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
)

companion_calls = Table(
    "companion_calls",
    metadata,
    Column("id", Uuid, primary_key=True),
    _support(index=True),
    # NULL: made by hand.
    Column("plan_id", Uuid, ForeignKey("companion_plans.id", ondelete="CASCADE")),
    # Who was rung, or is to be.
    _companion(),
    Column("due_at", _AT, nullable=False),
    Column("state", Text, nullable=False),
    Column("next_at", _AT),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("skip", Text),
    Column("taken_by", Uuid),
    Column("lease_until", _AT),
    Column("talked_at", _AT),
    Column("ended_at", _AT),
    Column("alarmed_at", _AT),
    CheckConstraint(f"state IN ({words(*CallState)})", name="state"),
    CheckConstraint(f"skip IN ({words(*Skip)})", name="skip"),
    CheckConstraint("(state = 'skipped') = (skip IS NOT NULL)", name="skipped_with_reason"),
    UniqueConstraint("plan_id", "due_at"),
    Index("ix_companion_calls_next", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    Index("ix_companion_calls_under_way", "lease_until", postgresql_where=text("lease_until IS NOT NULL")),
)

companion_call_events = Table(
    "companion_call_events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("call_id", Uuid, ForeignKey("companion_calls.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", _AT, nullable=False),
    Column("kind", Text, nullable=False),
    Column("detail", JSONB, nullable=False, server_default="{}"),
)

companion_notes = Table(
    "companion_notes",
    metadata,
    Column("id", Uuid, primary_key=True),
    _support(index=True),
    Column("call_id", Uuid, ForeignKey("companion_calls.id", ondelete="SET NULL")),
    Column("by", Uuid),
    Column("at", _AT, nullable=False),
    Column("text_cipher", LargeBinary, nullable=False),
)

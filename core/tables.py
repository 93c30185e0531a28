"""Tables of core's own."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from core.schema import metadata

#: Which batches a journal has written: what makes writing one twice impossible. A journal's older rows are deleted as it goes on.
journal_batches = Table(
    "journal_batches",
    metadata,
    Column("journal", Uuid, primary_key=True),
    Column("batch", BigInteger, primary_key=True, autoincrement=False),
    Column("written_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

#: What a supervisor must know; open until somebody has seen to it.
alarms = Table(
    "alarms",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    # A contact or a counsellor, by the kind.
    Column("about", Uuid),
    Column("detail", JSONB, nullable=False, server_default="{}"),
    Column("seen_at", DateTime(timezone=True)),
    Column("seen_by", Text),
    # When it was decided by which channels it goes out; every insert is announced on `alarms_raised` (migration 0007).
    Column("routed_at", DateTime(timezone=True)),
    Index("ix_alarms_open", "at", postgresql_where=text("seen_at IS NULL")),
    Index("ix_alarms_unrouted", "at", postgresql_where=text("routed_at IS NULL")),
)

#: By which channel an alarm went out, or is to; see helpline.alarm_delivery.
alarm_deliveries = Table(
    "alarm_deliveries",
    metadata,
    Column("alarm_id", Uuid, ForeignKey("alarms.id", ondelete="CASCADE"), primary_key=True),
    # As the settings name it; it may be there no longer.
    Column("channel", Text, primary_key=True),
    Column("state", Text, nullable=False, server_default="due"),
    Column("urgent", Boolean, nullable=False),
    # An alarm that nobody sees to may go out again: the second, third … time.
    Column("round", Integer, nullable=False, server_default="1"),
    # Of this round, counted when one begins.
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", DateTime(timezone=True), nullable=False),
    # Whoever is sending it just now, and until when nobody else tries.
    Column("leased_by", Uuid),
    Column("leased_until", DateTime(timezone=True)),
    Column("sent_at", DateTime(timezone=True)),
    # A short sentence of ours; never an address, a secret or what a stranger's server said.
    Column("last_error", Text),
    CheckConstraint("state IN ('due', 'sent', 'dead', 'skipped')", name="state"),
    CheckConstraint("(leased_by IS NULL) = (leased_until IS NULL)", name="lease"),
    Index("ix_alarm_deliveries_due", "channel", "next_at", postgresql_where=text("state = 'due'")),
)

#: Telephone calls for alarms, ordered by whoever sends alarms; see helpline.alarm_delivery.phone_orders.
alarm_calls = Table(
    "alarm_calls",
    metadata,
    Column("id", Uuid, primary_key=True),
    # Of the house; no outside number.
    Column("extension", Text, nullable=False),
    Column("prompts", ARRAY(Text), nullable=False, server_default="{}"),
    Column("ring_s", Integer, nullable=False),
    Column("ordered_at", DateTime(timezone=True), nullable=False),
    # Not taken by then, or given up before: nobody is rung.
    Column("void_at", DateTime(timezone=True), nullable=False),
    Column("taken_by", Text),
    Column("ended_at", DateTime(timezone=True)),
    Column("result", Text),
    CheckConstraint("result IN ('confirmed', 'answered', 'not_reached')", name="result"),
    CheckConstraint("(result IS NULL) = (ended_at IS NULL)", name="ended"),
    Index("ix_alarm_calls_open", "ordered_at", postgresql_where=text("result IS NULL")),
)

#: Who read or changed what; see core.audit. Rows are only ever added.
access_log = Table(
    "access_log",
    metadata,
    # Without gaps.
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), nullable=False),
    # A desk user; NULL: the program itself.
    Column("actor", Uuid),
    Column("action", Text, nullable=False),
    Column("about_kind", Text, nullable=False),
    # An id, never a name or a number.
    Column("about", Text, nullable=False),
    Column("detail", JSONB, nullable=False, server_default="{}"),
    Column("mac", LargeBinary, nullable=False),
    Index("ix_access_log_actor", "actor", "id"),
    Index("ix_access_log_action", "action", "id"),
    Index("ix_access_log_at", "at"),
    Index("ix_access_log_about", "about", "id"),
)

#: The last row of the access log, kept apart so that cutting off its end shows.
access_log_head = Table(
    "access_log_head",
    metadata,
    Column("name", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Column("head_mac", LargeBinary, nullable=False),
)

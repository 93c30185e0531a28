"""Tables of core's own."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Index, LargeBinary, Table, Text, Uuid, func, text
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
    Index("ix_alarms_open", "at", postgresql_where=text("seen_at IS NULL")),
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

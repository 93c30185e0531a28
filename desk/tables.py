"""Tables of the desk."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Integer, LargeBinary, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

import routing.tables  # the table that ours point to
from core.schema import metadata

_AT = DateTime(timezone=True)

desk_users = Table(
    "desk_users",
    metadata,
    Column("id", Uuid, primary_key=True),
    # What is typed to sign in, in the one form in which it is compared.
    Column("sign_in_name", Text, nullable=False, unique=True),
    # What others see.
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    # Whose shifts and calls are theirs.
    Column("counsellor_id", Uuid, ForeignKey(routing.tables.counsellors.c.id)),
    Column("language", Text, nullable=False, server_default="ko"),
    Column("password_hash", Text, nullable=False),
    Column("password_at", _AT, nullable=False),
    # Set while the password is one that somebody else made: good for one sign-in until then, to choose an own one.
    Column("one_time_until", _AT),
    Column("one_time_used_at", _AT),
    # Second factor, sealed; and one that is not confirmed yet.
    Column("totp_secret", LargeBinary),
    Column("totp_pending", LargeBinary),
    # The time step of the last code that was taken: none is taken twice.
    Column("totp_step", BigInteger),
    Column("created_at", _AT, nullable=False),
    Column("disabled_at", _AT),
)

desk_devices = Table(
    "desk_devices",
    metadata,
    # A browser on which this person has signed in before: a flood of wrong passwords from elsewhere does not slow it down.
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, ForeignKey("desk_users.id", ondelete="CASCADE"), nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("seen_at", _AT, nullable=False),
    Index(None, "user_id"),
)

desk_sessions = Table(
    "desk_sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, ForeignKey("desk_users.id", ondelete="CASCADE"), nullable=False),
    # SHA-256 of what the browser holds: who reads this table can't sign in by it.
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("created_at", _AT, nullable=False),
    Column("seen_at", _AT, nullable=False),
    Column("ended_at", _AT),
    Index(None, "user_id"),
)

desk_attempts = Table(
    "desk_attempts",
    metadata,
    # What is counted: a source, an account, a device, or two of them.
    Column("key", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("since", _AT, nullable=False),
    Index(None, "since"),
)

desk_events = Table(
    "desk_events",
    metadata,
    # Without gaps and in the order of commits: see desk_event_counter.
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", _AT, nullable=False),
    Column("kind", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    # Who hears of it: whoever has the permission, or one person.
    Column("permission", Text),
    Column("user_id", Uuid),
    Index(None, "at"),
)

#: One row. Its lock is held until the transaction that took a number ends, so a number that is seen has all smaller ones before it.
desk_event_counter = Table(
    "desk_event_counter",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)

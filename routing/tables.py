"""Tables of the line: counsellors, their presence, contacts, offers, and the timeline."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, DateTime, ForeignKey, Identity, Index, LargeBinary, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from core.schema import metadata

_AT = DateTime(timezone=True)

counsellors = Table(
    "counsellors",
    metadata,
    Column("id", Uuid, primary_key=True),
    # What their phone registers as and what others dial: "101".
    Column("extension", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("pin_hash", Text, nullable=False),
    Column("pin_failures", BigInteger, nullable=False, server_default="0"),
    Column("pin_locked_until", _AT),
    Column("created_at", _AT, nullable=False),
    # Set when the person leaves; the row stays because contacts point at it.
    Column("disabled_at", _AT),
)

presence = Table(
    "presence",
    metadata,
    Column("counsellor_id", Uuid, ForeignKey("counsellors.id", ondelete="CASCADE"), primary_key=True),
    # What the person says: off, ready, break.
    Column("human", Text, nullable=False, server_default="off"),
    Column("break_reason", Text),
    # What the system knows: idle, offered, talking, wrapup.
    Column("system", Text, nullable=False, server_default="idle"),
    Column("reachable", Boolean, nullable=False, server_default="false"),
    # Grows with every reservation; a write that names an older epoch changes no row (fencing).
    Column("epoch", BigInteger, nullable=False, server_default="0"),
    Column("contact_id", Uuid),
    # Longest idle first is ordered by this.
    Column("idle_since", _AT),
    # Until when the system state may last before it is re-checked (reservation lease, end of wrap-up).
    Column("deadline", _AT),
    Column("changed_at", _AT, nullable=False),
    CheckConstraint("human IN ('off', 'ready', 'break')", name="human"),
    CheckConstraint("system IN ('idle', 'offered', 'talking', 'wrapup')", name="system"),
)

contacts = Table(
    "contacts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("node", Text, nullable=False),
    # The worker that owns the call; a restarted one finds its own by this.
    Column("worker", Text, nullable=False),
    Column("channel_id", Text, nullable=False, unique=True),
    Column("entry", Text, nullable=False),
    Column("dialled", Text, nullable=False, server_default=""),
    Column("language", Text, nullable=False, server_default="ko"),
    Column("number_cipher", LargeBinary),
    # Keyed hash of the E.164 number. NULL for withheld numbers: they are never matched to each other.
    Column("number_index", LargeBinary),
    Column("withheld", Boolean, nullable=False),
    # Where the call is: menu, transfer, waiting, talking, safety_net, ended.
    Column("state", Text, nullable=False),
    Column("entered_at", _AT, nullable=False),
    Column("queued_at", _AT),
    Column("answered_at", _AT),
    Column("ended_at", _AT),
    Column("counsellor_id", Uuid, ForeignKey("counsellors.id")),
    Column("outcome", Text),
    CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="outcome_with_end"),
    CheckConstraint("withheld = (number_index IS NULL)", name="withheld_shares_nothing"),
    Index(None, "number_index"),
    Index(None, "entered_at"),
    Index("ix_contacts_live", "worker", postgresql_where="outcome IS NULL"),
)

offers = Table(
    "offers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("contact_id", Uuid, ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("counsellor_id", Uuid, ForeignKey("counsellors.id"), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("leg_id", Text, nullable=False, unique=True),
    Column("offered_at", _AT, nullable=False),
    Column("ended_at", _AT),
    # answered, rang_out, busy, rejected, unreachable, withdrawn, failed; NULL while it rings.
    Column("result", Text),
    Index("uq_offers_counsellor_epoch", "counsellor_id", "epoch", unique=True),
    # A contact is never offered to two at once, a counsellor never has two live offers.
    Index("uq_offers_live_contact", "contact_id", unique=True, postgresql_where="result IS NULL"),
    Index("uq_offers_live_counsellor", "counsellor_id", unique=True, postgresql_where="result IS NULL"),
)

events = Table(
    "events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("contact_id", Uuid, ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
    Column("at", _AT, nullable=False),
    Column("kind", Text, nullable=False),
    # Never a number, never the digits of a person, never a word of a conversation.
    Column("detail", JSONB, nullable=False, server_default="{}"),
    Index(None, "contact_id", "at"),
)

presence_events = Table(
    "presence_events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("counsellor_id", Uuid, ForeignKey("counsellors.id", ondelete="CASCADE"), nullable=False),
    Column("at", _AT, nullable=False),
    # signed_in, ready, break, signed_out, wrapup_ended, reachable, unreachable, disabled, enabled. What the line itself does to a
    # counsellor (offered, talking, wrap-up) is in offers and contacts.
    Column("kind", Text, nullable=False),
    # The state after the change.
    Column("human", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("reachable", Boolean, nullable=False),
    # Of a break: meal, rest, training, other.
    Column("reason", Text),
    Index(None, "counsellor_id", "at"),
)

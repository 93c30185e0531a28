"""Tables of the line: counsellors, their presence, contacts, offers, and the timeline."""

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
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

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
    # What they speak (ko, en …) and what else they are asked for.
    Column("languages", ARRAY(Text), nullable=False, server_default="{ko}"),
    Column("skills", ARRAY(Text), nullable=False, server_default="{}"),
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
    # The Asterisk node where the phone is registered.
    Column("node", Text),
    # Whether the roster has them at work, and until when; the drain before the end is counted from there. NULL: open-ended.
    Column("on_shift", Boolean, nullable=False, server_default="true"),
    Column("shift_until", _AT),
    # Calls that rang out in a row; at the policy's limit nothing is offered until `paused_until`, or until the phone or the person is back.
    Column("missed", Integer, nullable=False, server_default="0"),
    Column("paused_until", _AT),
    # Heavy calls in a row, and until when they rest after one.
    Column("heavy_run", Integer, nullable=False, server_default="0"),
    Column("rest_until", _AT),
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
    # phone, callback, linked.
    Column("kind", Text, nullable=False, server_default="phone"),
    # normal, silent, dropped, crisis.
    Column("lane", Text, nullable=False, server_default="normal"),
    # The place in line is by this: a call-back and a place taken up again by a code keep their original one. NULL until queued.
    Column("virtual_start", _AT),
    # Nobody spoke and no key was pressed.
    Column("silent", Boolean, nullable=False, server_default="false"),
    # Who is to take it if they can: named in the caller's plan, spoken to last, or lost in the middle of a talk.
    Column("named_id", Uuid, ForeignKey("counsellors.id")),
    # The latest instant and the place that were announced: after a restart, too, neither may grow.
    Column("promised_until", _AT),
    Column("promised_place", Integer),
    # The journal of the process that has the call: state is written by nobody else. NULL: by a version that did not know of it.
    Column("owner", Uuid),
    # The request that this call answers.
    Column("callback_id", Uuid),
    CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="outcome_with_end"),
    CheckConstraint("withheld = (number_index IS NULL)", name="withheld_shares_nothing"),
    Index(None, "number_index"),
    Index(None, "entered_at"),
    Index("ix_contacts_live", "worker", postgresql_where=text("outcome IS NULL")),
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
    Index("uq_offers_live_contact", "contact_id", unique=True, postgresql_where=text("result IS NULL")),
    Index("uq_offers_live_counsellor", "counsellor_id", unique=True, postgresql_where=text("result IS NULL")),
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
    # signed_in, ready, break, signed_out, wrapup_ended, reachable, unreachable, back, on_shift, off_shift, disabled, enabled.
    # What the line itself does to a counsellor (offered, talking, wrap-up) is in offers and contacts.
    Column("kind", Text, nullable=False),
    # The state after the change.
    Column("human", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("reachable", Boolean, nullable=False),
    # Of a break: meal, rest, training, other.
    Column("reason", Text),
    Index(None, "counsellor_id", "at"),
)

workers = Table(
    "workers",
    metadata,
    # node/worker: the same name that makes the ARI application.
    Column("name", Text, primary_key=True),
    # A worker that has not been seen for the lease is dead: nobody keeps a counsellor for its callers.
    Column("seen_at", _AT, nullable=False),
)

policies = Table(
    "policies",
    metadata,
    # The newest row is in force; rows are only ever added, so who changed what when stays known.
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", _AT, nullable=False),
    Column("by", Text, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    # Only what differs from the defaults of routing.policy.
    Column("parameters", JSONB, nullable=False),
)

callbacks = Table(
    "callbacks",
    metadata,
    Column("id", Uuid, primary_key=True),
    # The call in which it was asked for, or which broke off.
    Column("contact_id", Uuid, ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
    # asked (by key), dropped_out (left before anybody answered), cut_off (our failure).
    Column("reason", Text, nullable=False),
    Column("number_cipher", LargeBinary, nullable=False),
    Column("number_index", LargeBinary, nullable=False),
    Column("language", Text, nullable=False),
    Column("created_at", _AT, nullable=False),
    # The place in line that is kept.
    Column("virtual_start", _AT, nullable=False),
    Column("lane", Text, nullable=False, server_default="normal"),
    # Consent as data. NULL: not asked. Without `may_call` it stands on the list for a person to decide and is never dialled by itself.
    Column("may_call", Boolean),
    Column("may_say_who", Boolean),
    Column("may_leave_message", Boolean),
    Column("shared_phone", Boolean),
    # any, daytime, evening: not dialled at other hours.
    Column("hours", Text, nullable=False, server_default="any"),
    # open, calling, done, cancelled, given_up.
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    # Not dialled before this.
    Column("due_at", _AT, nullable=False),
    # While calling: who has it and until when before it counts as forgotten; the epoch fences late writes.
    Column("worker", Text),
    Column("lease_until", _AT),
    Column("epoch", BigInteger, nullable=False, server_default="0"),
    # talked, no_answer, declined, wrong_person, unreachable, called_again, cancelled; with the end.
    Column("outcome", Text),
    Column("ended_at", _AT),
    CheckConstraint("state IN ('open', 'calling', 'done', 'cancelled', 'given_up')", name="state"),
    CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="outcome_with_end"),
    # One live request for a call.
    Index("uq_callbacks_contact", "contact_id", unique=True, postgresql_where=text("outcome IS NULL")),
    Index("ix_callbacks_due", "due_at", postgresql_where=text("state = 'open'")),
    Index(None, "number_index"),
)

callback_attempts = Table(
    "callback_attempts",
    metadata,
    Column("callback_id", Uuid, ForeignKey("callbacks.id", ondelete="CASCADE"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("contact_id", Uuid, ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
    Column("at", _AT, nullable=False),
    # NULL while it is under way; talked, no_answer, busy, declined, wrong_person, unreachable, interrupted.
    Column("result", Text),
)

place_codes = Table(
    "place_codes",
    metadata,
    # What a caller whose number is withheld was told: gives the place or the case back on the next call. Digits.
    Column("code", Text, primary_key=True),
    Column("contact_id", Uuid, ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
    Column("virtual_start", _AT, nullable=False),
    Column("created_at", _AT, nullable=False),
    Column("expires_at", _AT, nullable=False),
    Column("used_at", _AT),
)

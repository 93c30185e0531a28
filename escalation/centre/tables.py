"""Tables of the centre. Instants are aware. Texts of people are sealed, each as its own row's; numbers by the installation's cipher."""

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
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from core.schema import metadata
from escalation.centre.case import Area, FollowUpKind, LinkState, NeedState, NoteKind
from escalation.centre.model import FREE, HELD, RESTING, Basis, Hours, Outcome, PutThrough, Recipient, Result, State, Urgency
from escalation.centre.staff import Human

_AT = DateTime(timezone=True)


def words(*values: str) -> str:
    """As SQL's list, in a fixed order: what stands in a constraint must not change from run to run."""
    return ", ".join(f"'{value}'" for value in values)


def _referral(*, index: bool = False) -> Column[object]:
    return Column("referral_id", Uuid, ForeignKey("referrals.id", ondelete="CASCADE"), nullable=False, index=index)


def permission_columns() -> list[Column[object]]:
    """Consent to be called, as data. NULL: not asked."""
    return [
        Column("may_call", Boolean),
        Column("may_say_who", Boolean),
        Column("may_leave_message", Boolean),
        Column("shared_phone", Boolean),
        Column("hours", Text, nullable=False, server_default="any"),
    ]


centre_staff = Table(
    "centre_staff",
    metadata,
    Column("id", Uuid, primary_key=True),
    # Their account at the desk.
    Column("user_id", Uuid, unique=True),
    Column("name", Text, nullable=False),
    # What their phone registers as; "": they have none.
    Column("extension", Text, nullable=False, server_default=""),
    Column("languages", ARRAY(Text), nullable=False, server_default="{ko}"),
    Column("human", Text, nullable=False, server_default="off"),
    # The referral they are in a call for, until when at the latest.
    Column("busy_with", Uuid),
    Column("busy_until", _AT),
    Column("last_live_at", _AT),
    Column("changed_at", _AT, nullable=False),
    Column("disabled_at", _AT),
    CheckConstraint(f"human IN ({words(*Human)})", name="human"),
)

centre_duties = Table(
    "centre_duties",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("staff_id", Uuid, ForeignKey("centre_staff.id", ondelete="CASCADE"), nullable=False, index=True),
    # 0 Monday to 6 Sunday, or one date.
    Column("weekday", Integer),
    Column("day", Date),
    # NULL: off that day. Ends that are not after the start are on the next day.
    Column("starts", Time),
    Column("ends", Time),
    CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
    CheckConstraint("weekday IS NULL OR day IS NULL", name="one_of_both"),
    CheckConstraint("(starts IS NULL) = (ends IS NULL)", name="both_ends"),
)

referrals = Table(
    "referrals",
    metadata,
    Column("id", Uuid, primary_key=True),
    # The call in which it was made, as long as that is kept.
    Column("contact_id", Uuid, ForeignKey("contacts.id", ondelete="SET NULL"), index=True),
    # A desk account.
    Column("made_by", Uuid),
    Column("state", Text, nullable=False),
    Column("urgency", Text, nullable=False),
    Column("created_at", _AT, nullable=False),
    Column("sent_at", _AT),
    Column("due_at", _AT),
    # consent, danger.
    Column("basis", Text),
    Column("consent_until", _AT),
    *permission_columns(),
    Column("owner_id", Uuid, ForeignKey("centre_staff.id")),
    Column("outcome", Text),
    Column("closed_at", _AT),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("last_attempt_at", _AT),
    Column("calling", Uuid),
    Column("version", BigInteger, nullable=False, server_default="0"),
    # When it was last an alarm that this is overdue.
    Column("alarmed_at", _AT),
    # The person. Sealed, as this row's.
    Column("name_cipher", LargeBinary),
    Column("number_cipher", LargeBinary),
    Column("number_index", LargeBinary, index=True),
    Column("language", Text, nullable=False, server_default="ko"),
    Column("district", Text, nullable=False, server_default=""),
    Column("age_band", Text, nullable=False, server_default=""),
    CheckConstraint(f"state IN ({words(*State)})", name="state"),
    CheckConstraint(f"urgency IN ({words(*Urgency)})", name="urgency"),
    CheckConstraint(f"basis IN ({words(*Basis)})", name="basis"),
    CheckConstraint(f"hours IN ({words(*Hours)})", name="hours"),
    CheckConstraint(f"outcome IN ({words(*Outcome)})", name="outcome"),
    # Nothing is forgotten: whatever is not at rest is due.
    CheckConstraint(f"(state IN ({words(*sorted(RESTING))})) = (due_at IS NULL)", name="due"),
    CheckConstraint("(state = 'closed') = (outcome IS NOT NULL)", name="closed_with_outcome"),
    CheckConstraint(f"state NOT IN ('live', {words(*sorted(HELD))}) OR owner_id IS NOT NULL", name="held_by_somebody"),
    # Nothing is sent without consent or danger.
    CheckConstraint(f"state NOT IN ('consented', 'live', {words(*sorted(FREE | HELD))}) OR basis IS NOT NULL", name="sent_with_basis"),
    CheckConstraint("basis IS DISTINCT FROM 'consent' OR consent_until IS NOT NULL", name="consent_ends"),
    Index("ix_referrals_open", "due_at", postgresql_where=text("due_at IS NOT NULL")),
)

#: Lines of a case's story; only ever added.
referral_events = Table(
    "referral_events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _referral(),
    Column("at", _AT, nullable=False),
    Column("kind", Text, nullable=False),
    Column("by", Uuid),
    # The state afterwards.
    Column("state", Text, nullable=False),
    # Ids and codes, never text.
    Column("detail", JSONB, nullable=False, server_default="{}"),
    Index(None, "referral_id", "id"),
)

#: What the person answered when asked; never changed.
referral_consents = Table(
    "referral_consents",
    metadata,
    Column("id", Uuid, primary_key=True),
    _referral(index=True),
    Column("given", Boolean, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("recipient_name", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("items", ARRAY(Text), nullable=False),
    Column("until", _AT),
    Column("right_to_refuse_told", Boolean, nullable=False),
    Column("script_version", Text, nullable=False),
    Column("at", _AT, nullable=False),
    Column("asked_by", Uuid),
    Column("recording", Text, nullable=False, server_default=""),
    Column("under_14", Boolean, nullable=False),
    Column("by_guardian", Boolean, nullable=False),
    # Set when it was taken back.
    Column("withdrawn_at", _AT),
    CheckConstraint(f"recipient IN ({words(*Recipient)})", name="recipient"),
    CheckConstraint(
        "NOT given OR (until IS NOT NULL AND until > at AND right_to_refuse_told AND cardinality(items) > 0 AND (by_guardian OR NOT under_14))",
        name="complete",
    ),
)

referral_notes = Table(
    "referral_notes",
    metadata,
    Column("id", Uuid, primary_key=True),
    _referral(index=True),
    Column("at", _AT, nullable=False),
    Column("by", Uuid),
    Column("kind", Text, nullable=False),
    Column("text_cipher", LargeBinary, nullable=False),
    # The note that this one corrects.
    Column("replaces", Uuid),
    CheckConstraint(f"kind IN ({words(*NoteKind)})", name="kind"),
)

referral_needs = Table(
    "referral_needs",
    metadata,
    Column("id", Uuid, primary_key=True),
    _referral(index=True),
    Column("area", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("text_cipher", LargeBinary, nullable=False),
    Column("at", _AT, nullable=False),
    CheckConstraint(f"area IN ({words(*Area)})", name="area"),
    CheckConstraint(f"state IN ({words(*NeedState)})", name="state"),
)

referral_links = Table(
    "referral_links",
    metadata,
    Column("id", Uuid, primary_key=True),
    _referral(index=True),
    Column("need_id", Uuid, ForeignKey("referral_needs.id", ondelete="CASCADE"), nullable=False),
    # In the directory.
    Column("service_id", Uuid),
    Column("service", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("result_cipher", LargeBinary),
    Column("at", _AT, nullable=False),
    Column("handed_over_at", _AT),
    CheckConstraint(f"state IN ({words(*LinkState)})", name="state"),
    CheckConstraint("state <> 'handed_over' OR handed_over_at IS NOT NULL", name="handed_over"),
)

referral_follow_ups = Table(
    "referral_follow_ups",
    metadata,
    Column("id", Uuid, primary_key=True),
    _referral(index=True),
    Column("kind", Text, nullable=False),
    Column("at", _AT, nullable=False),
    Column("due_at", _AT, nullable=False),
    Column("text_cipher", LargeBinary, nullable=False),
    Column("done_at", _AT),
    Column("cancelled", Boolean, nullable=False, server_default="false"),
    Column("result_cipher", LargeBinary),
    Column("alarmed_at", _AT),
    CheckConstraint(f"kind IN ({words(*FollowUpKind)})", name="kind"),
    Index("ix_referral_follow_ups_open", "due_at", postgresql_where=text("done_at IS NULL AND NOT cancelled")),
)

#: Calls back. A row is there before anything is dialled.
centre_calls = Table(
    "centre_calls",
    metadata,
    Column("id", Uuid, primary_key=True),
    _referral(index=True),
    Column("staff_id", Uuid, ForeignKey("centre_staff.id"), nullable=False),
    Column("ordered_at", _AT, nullable=False),
    # The process that has it, and until when before it counts as lost.
    Column("taken_by", Uuid),
    Column("lease_until", _AT, nullable=False),
    Column("talked_at", _AT),
    Column("ended_at", _AT),
    Column("result", Text),
    CheckConstraint(f"result IN ({words(*Result)})", name="result"),
    CheckConstraint("(result IS NULL) = (ended_at IS NULL)", name="result_with_end"),
    # One call at a time, of a case and of a member of staff.
    Index("uq_centre_calls_live_referral", "referral_id", unique=True, postgresql_where=text("result IS NULL")),
    Index("uq_centre_calls_live_staff", "staff_id", unique=True, postgresql_where=text("result IS NULL")),
)

#: Callers to be put through in the same call. A row is there before anybody is rung; one that is not taken in time is void.
centre_transfers = Table(
    "centre_transfers",
    metadata,
    Column("id", Uuid, primary_key=True),
    _referral(index=True),
    # The call. No foreign key: whoever erases calls need not know of this.
    Column("contact_id", Uuid, nullable=False),
    Column("staff_id", Uuid, ForeignKey("centre_staff.id"), nullable=False),
    Column("ordered_at", _AT, nullable=False),
    Column("void_at", _AT, nullable=False),
    # The journal of the process that took it.
    Column("taken_by", Uuid),
    # Caller, counsellor and member of staff were together.
    Column("joined_at", _AT),
    Column("ended_at", _AT),
    Column("result", Text),
    CheckConstraint(f"result IN ({words(*PutThrough)})", name="result"),
    CheckConstraint("(result IS NULL) = (ended_at IS NULL)", name="result_with_end"),
    CheckConstraint("joined_at IS NULL OR taken_by IS NOT NULL", name="joined_after_taken"),
    # One at a time in a call.
    Index("uq_centre_transfers_open", "contact_id", unique=True, postgresql_where=text("result IS NULL")),
)

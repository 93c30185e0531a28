"""The centre: staff, referrals with consents, notes, needs, links, follow-ups and calls; companions: people, supports, plans, calls, notes.

Only adds tables, so a program of the version before goes on working on it. What a person answered when asked for consent is never changed: a trigger
lets through nothing but the time at which it was taken back.

Revision ID: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)
_TABLES = (
    "companion_notes companion_call_events companion_calls referral_links companion_substitutes companion_plans "
    "referral_notes referral_needs referral_follow_ups referral_events referral_consents companion_supports "
    "centre_calls referrals companion_times centre_duties companions centre_staff"
).split()


def upgrade() -> None:
    """Add everything."""
    _centre()
    _companions()
    op.execute(
        """
        CREATE FUNCTION referral_consents_stay() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF (to_jsonb(OLD) - 'withdrawn_at') <> (to_jsonb(NEW) - 'withdrawn_at') OR OLD.withdrawn_at IS NOT NULL THEN
                RAISE EXCEPTION 'what a person answered is not changed' USING ERRCODE = 'insufficient_privilege';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute("CREATE TRIGGER stays BEFORE UPDATE ON referral_consents FOR EACH ROW EXECUTE FUNCTION referral_consents_stay()")


def _permission() -> list[sa.Column[bool] | sa.Column[str]]:
    said = [sa.Column(name, sa.Boolean) for name in ("may_call", "may_say_who", "may_leave_message", "shared_phone")]
    return [*said, sa.Column("hours", sa.Text, server_default="any", nullable=False)]


def _centre() -> None:
    op.create_table(
        "centre_staff",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("user_id", sa.Uuid),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("extension", sa.Text, server_default="", nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.Text), server_default="{ko}", nullable=False),
        sa.Column("human", sa.Text, server_default="off", nullable=False),
        sa.Column("busy_with", sa.Uuid),
        sa.Column("busy_until", _AT),
        sa.Column("last_live_at", _AT),
        sa.Column("changed_at", _AT, nullable=False),
        sa.Column("disabled_at", _AT),
        sa.CheckConstraint("human IN ('off', 'ready', 'break')", name=op.f("ck_centre_staff_human")),
        sa.UniqueConstraint("user_id", name=op.f("uq_centre_staff_user_id")),
    )
    op.create_table(
        "centre_duties",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("staff_id", sa.Uuid, sa.ForeignKey("centre_staff.id", ondelete="CASCADE"), nullable=False),
        sa.Column("weekday", sa.Integer),
        sa.Column("day", sa.Date),
        sa.Column("starts", sa.Time),
        sa.Column("ends", sa.Time),
        sa.CheckConstraint("(starts IS NULL) = (ends IS NULL)", name=op.f("ck_centre_duties_both_ends")),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_centre_duties_weekday")),
        sa.CheckConstraint("weekday IS NULL OR day IS NULL", name=op.f("ck_centre_duties_one_of_both")),
    )
    op.create_index(op.f("ix_centre_duties_staff_id"), "centre_duties", ["staff_id"])
    op.create_table(
        "referrals",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("contact_id", sa.Uuid, sa.ForeignKey("contacts.id", ondelete="SET NULL")),
        sa.Column("made_by", sa.Uuid),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("urgency", sa.Text, nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("sent_at", _AT),
        sa.Column("due_at", _AT),
        sa.Column("basis", sa.Text),
        sa.Column("consent_until", _AT),
        *_permission(),
        sa.Column("owner_id", sa.Uuid, sa.ForeignKey("centre_staff.id")),
        sa.Column("outcome", sa.Text),
        sa.Column("closed_at", _AT),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.Column("last_attempt_at", _AT),
        sa.Column("calling", sa.Uuid),
        sa.Column("version", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("alarmed_at", _AT),
        sa.Column("name_cipher", sa.LargeBinary),
        sa.Column("number_cipher", sa.LargeBinary),
        sa.Column("number_index", sa.LargeBinary),
        sa.Column("language", sa.Text, server_default="ko", nullable=False),
        sa.Column("district", sa.Text, server_default="", nullable=False),
        sa.Column("age_band", sa.Text, server_default="", nullable=False),
        sa.CheckConstraint("(state = 'closed') = (outcome IS NOT NULL)", name=op.f("ck_referrals_closed_with_outcome")),
        sa.CheckConstraint("(state IN ('closed', 'refused', 'withdrawn')) = (due_at IS NULL)", name=op.f("ck_referrals_due")),
        sa.CheckConstraint("basis IN ('consent', 'danger')", name=op.f("ck_referrals_basis")),
        sa.CheckConstraint("basis IS DISTINCT FROM 'consent' OR consent_until IS NOT NULL", name=op.f("ck_referrals_consent_ends")),
        sa.CheckConstraint("hours IN ('any', 'daytime', 'evening')", name=op.f("ck_referrals_hours")),
        sa.CheckConstraint(
            "outcome IN ('relieved', 'linked', 'companion', 'declined', 'unreached', 'wrong_person', 'emergency', 'moved_away', 'deceased', 'duplicate')",
            name=op.f("ck_referrals_outcome"),
        ),
        sa.CheckConstraint(
            "state IN ('proposed', 'refused', 'consented', 'live', 'waiting', 'claimed', 'in_contact', 'in_counselling', 'closed', 'reopened', 'withdrawn')",
            name=op.f("ck_referrals_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('consented', 'live', 'claimed', 'in_contact', 'in_counselling', 'reopened', 'waiting') OR basis IS NOT NULL",
            name=op.f("ck_referrals_sent_with_basis"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('live', 'claimed', 'in_contact', 'in_counselling') OR owner_id IS NOT NULL",
            name=op.f("ck_referrals_held_by_somebody"),
        ),
        sa.CheckConstraint("urgency IN ('immediate', 'today', 'soon', 'routine')", name=op.f("ck_referrals_urgency")),
    )
    op.create_index(op.f("ix_referrals_contact_id"), "referrals", ["contact_id"])
    op.create_index(op.f("ix_referrals_number_index"), "referrals", ["number_index"])
    op.create_index("ix_referrals_open", "referrals", ["due_at"], unique=False, postgresql_where=sa.text("due_at IS NOT NULL"))
    op.create_table(
        "centre_calls",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("referral_id", sa.Uuid, sa.ForeignKey("referrals.id", ondelete="CASCADE"), nullable=False),
        sa.Column("staff_id", sa.Uuid, sa.ForeignKey("centre_staff.id"), nullable=False),
        sa.Column("ordered_at", _AT, nullable=False),
        sa.Column("taken_by", sa.Uuid),
        sa.Column("lease_until", _AT, nullable=False),
        sa.Column("talked_at", _AT),
        sa.Column("ended_at", _AT),
        sa.Column("result", sa.Text),
        sa.CheckConstraint(
            "result IN ('talked', 'no_answer', 'message_left', 'busy', 'unreachable', 'declined', 'wrong_person', 'staff_absent', 'interrupted')",
            name=op.f("ck_centre_calls_result"),
        ),
        sa.CheckConstraint("(result IS NULL) = (ended_at IS NULL)", name=op.f("ck_centre_calls_result_with_end")),
    )
    op.create_index(op.f("ix_centre_calls_referral_id"), "centre_calls", ["referral_id"])
    op.create_index(
        "uq_centre_calls_live_referral", "centre_calls", ["referral_id"], unique=True, postgresql_where=sa.text("result IS NULL")
    )
    op.create_index("uq_centre_calls_live_staff", "centre_calls", ["staff_id"], unique=True, postgresql_where=sa.text("result IS NULL"))
    op.create_table(
        "referral_consents",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("referral_id", sa.Uuid, sa.ForeignKey("referrals.id", ondelete="CASCADE"), nullable=False),
        sa.Column("given", sa.Boolean, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("recipient_name", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("items", postgresql.ARRAY(sa.Text), nullable=False),
        sa.Column("until", _AT),
        sa.Column("right_to_refuse_told", sa.Boolean, nullable=False),
        sa.Column("script_version", sa.Text, nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("asked_by", sa.Uuid),
        sa.Column("recording", sa.Text, server_default="", nullable=False),
        sa.Column("under_14", sa.Boolean, nullable=False),
        sa.Column("by_guardian", sa.Boolean, nullable=False),
        sa.Column("withdrawn_at", _AT),
        sa.CheckConstraint("recipient IN ('centre', 'companions', 'service')", name=op.f("ck_referral_consents_recipient")),
        sa.CheckConstraint(
            "NOT given OR (until IS NOT NULL AND until > at AND right_to_refuse_told AND cardinality(items) > 0 AND (by_guardian OR NOT under_14))",
            name=op.f("ck_referral_consents_complete"),
        ),
    )
    op.create_index(op.f("ix_referral_consents_referral_id"), "referral_consents", ["referral_id"])
    op.create_table(
        "referral_events",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("referral_id", sa.Uuid, sa.ForeignKey("referrals.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("by", sa.Uuid),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("detail", postgresql.JSONB(), server_default="{}", nullable=False),
    )
    op.create_index(op.f("ix_referral_events_referral_id_id"), "referral_events", ["referral_id", "id"])
    op.create_table(
        "referral_follow_ups",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("referral_id", sa.Uuid, sa.ForeignKey("referrals.id", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("due_at", _AT, nullable=False),
        sa.Column("text_cipher", sa.LargeBinary, nullable=False),
        sa.Column("done_at", _AT),
        sa.Column("cancelled", sa.Boolean, server_default="false", nullable=False),
        sa.Column("result_cipher", sa.LargeBinary),
        sa.Column("alarmed_at", _AT),
        sa.CheckConstraint("kind IN ('call', 'visit', 'ask_service', 'companion', 'other')", name=op.f("ck_referral_follow_ups_kind")),
    )
    op.create_index(
        "ix_referral_follow_ups_open",
        "referral_follow_ups",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL AND NOT cancelled"),
    )
    op.create_index(op.f("ix_referral_follow_ups_referral_id"), "referral_follow_ups", ["referral_id"])
    op.create_table(
        "referral_needs",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("referral_id", sa.Uuid, sa.ForeignKey("referrals.id", ondelete="CASCADE"), nullable=False),
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("text_cipher", sa.LargeBinary, nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.CheckConstraint("area IN ('welfare', 'medical', 'housing', 'psychological')", name=op.f("ck_referral_needs_area")),
        sa.CheckConstraint("state IN ('open', 'met', 'declined')", name=op.f("ck_referral_needs_state")),
    )
    op.create_index(op.f("ix_referral_needs_referral_id"), "referral_needs", ["referral_id"])
    op.create_table(
        "referral_notes",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("referral_id", sa.Uuid, sa.ForeignKey("referrals.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("by", sa.Uuid),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("text_cipher", sa.LargeBinary, nullable=False),
        sa.Column("replaces", sa.Uuid),
        sa.CheckConstraint("kind IN ('reason', 'counselling', 'note', 'closing')", name=op.f("ck_referral_notes_kind")),
    )
    op.create_index(op.f("ix_referral_notes_referral_id"), "referral_notes", ["referral_id"])
    op.create_table(
        "referral_links",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("referral_id", sa.Uuid, sa.ForeignKey("referrals.id", ondelete="CASCADE"), nullable=False),
        sa.Column("need_id", sa.Uuid, sa.ForeignKey("referral_needs.id", ondelete="CASCADE"), nullable=False),
        sa.Column("service_id", sa.Uuid),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("result_cipher", sa.LargeBinary),
        sa.Column("at", _AT, nullable=False),
        sa.Column("handed_over_at", _AT),
        sa.CheckConstraint("state <> 'handed_over' OR handed_over_at IS NOT NULL", name=op.f("ck_referral_links_handed_over")),
        sa.CheckConstraint(
            "state IN ('planned', 'told', 'handed_over', 'accepted', 'refused', 'queued', 'cancelled')",
            name=op.f("ck_referral_links_state"),
        ),
    )
    op.create_index(op.f("ix_referral_links_referral_id"), "referral_links", ["referral_id"])


def _companions() -> None:
    op.create_table(
        "companions",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("user_id", sa.Uuid),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("number_cipher", sa.LargeBinary, nullable=False),
        sa.Column("districts", postgresql.ARRAY(sa.Text), server_default="{}", nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.Text), server_default="{ko}", nullable=False),
        sa.Column("topics", postgresql.ARRAY(sa.Text), server_default="{}", nullable=False),
        sa.Column("gender", sa.Text, server_default="", nullable=False),
        sa.Column("age_band", sa.Text, server_default="", nullable=False),
        sa.Column("most", sa.Integer, server_default="2", nullable=False),
        sa.Column("status", sa.Text, server_default="active", nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.CheckConstraint("status IN ('active', 'paused', 'left')", name=op.f("ck_companions_status")),
        sa.CheckConstraint("most BETWEEN 0 AND 20", name=op.f("ck_companions_most")),
        sa.UniqueConstraint("user_id", name=op.f("uq_companions_user_id")),
    )
    op.create_table(
        "companion_times",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("companion_id", sa.Uuid, sa.ForeignKey("companions.id", ondelete="CASCADE"), nullable=False),
        sa.Column("weekday", sa.Integer, nullable=False),
        sa.Column("starts", sa.Time, nullable=False),
        sa.Column("ends", sa.Time, nullable=False),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_companion_times_weekday")),
    )
    op.create_index(op.f("ix_companion_times_companion_id"), "companion_times", ["companion_id"])
    op.create_table(
        "companion_supports",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("referral_id", sa.Uuid, sa.ForeignKey("referrals.id", ondelete="CASCADE"), nullable=False),
        sa.Column("companion_id", sa.Uuid, sa.ForeignKey("companions.id"), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("consent_until", _AT, nullable=False),
        *_permission(),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("started_at", _AT),
        sa.Column("ended_at", _AT),
        sa.Column("end_reason", sa.Text),
        sa.CheckConstraint("(state = 'ended') = (end_reason IS NOT NULL)", name=op.f("ck_companion_supports_ended_with_reason")),
        sa.CheckConstraint(
            "end_reason IN ('goal_reached', 'person_wishes', 'companion_stops', 'not_taken', 'not_reached', 'back_to_centre', 'consent_over', 'deceased')",
            name=op.f("ck_companion_supports_end_reason"),
        ),
        sa.CheckConstraint("state IN ('offered', 'active', 'paused', 'ended')", name=op.f("ck_companion_supports_state")),
    )
    op.create_index(op.f("ix_companion_supports_companion_id"), "companion_supports", ["companion_id"])
    op.create_index(
        "uq_companion_supports_open", "companion_supports", ["referral_id"], unique=True, postgresql_where=sa.text("state <> 'ended'")
    )
    op.create_table(
        "companion_plans",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("support_id", sa.Uuid, sa.ForeignKey("companion_supports.id", ondelete="CASCADE"), nullable=False),
        sa.Column("weekday", sa.Integer, nullable=False),
        sa.Column("at", sa.Time, nullable=False),
        sa.Column("skip_holidays", sa.Boolean, nullable=False),
        sa.Column("first", sa.Date, nullable=False),
        sa.Column("last", sa.Date),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_companion_plans_weekday")),
    )
    op.create_index(op.f("ix_companion_plans_support_id"), "companion_plans", ["support_id"])
    op.create_table(
        "companion_substitutes",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("support_id", sa.Uuid, sa.ForeignKey("companion_supports.id", ondelete="CASCADE"), nullable=False),
        sa.Column("companion_id", sa.Uuid, sa.ForeignKey("companions.id"), nullable=False),
        sa.Column("first", sa.Date, nullable=False),
        sa.Column("last", sa.Date, nullable=False),
        sa.CheckConstraint("last >= first", name=op.f("ck_companion_substitutes_period")),
    )
    op.create_index(op.f("ix_companion_substitutes_support_id"), "companion_substitutes", ["support_id"])
    op.create_table(
        "companion_calls",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("support_id", sa.Uuid, sa.ForeignKey("companion_supports.id", ondelete="CASCADE"), nullable=False),
        sa.Column("plan_id", sa.Uuid, sa.ForeignKey("companion_plans.id", ondelete="CASCADE")),
        sa.Column("companion_id", sa.Uuid, sa.ForeignKey("companions.id"), nullable=False),
        sa.Column("due_at", _AT, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("next_at", _AT),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.Column("skip", sa.Text),
        sa.Column("taken_by", sa.Uuid),
        sa.Column("lease_until", _AT),
        sa.Column("talked_at", _AT),
        sa.Column("ended_at", _AT),
        sa.Column("alarmed_at", _AT),
        sa.CheckConstraint("(state = 'skipped') = (skip IS NOT NULL)", name=op.f("ck_companion_calls_skipped_with_reason")),
        sa.CheckConstraint(
            "skip IN ('holiday', 'support_paused', 'support_ended', 'plan_changed', 'no_permission', 'consent_over', 'no_number', 'cancelled')",
            name=op.f("ck_companion_calls_skip"),
        ),
        sa.CheckConstraint(
            "state IN ('due', 'companion_rung', 'person_rung', 'talked', 'missed', 'given_up', 'skipped')",
            name=op.f("ck_companion_calls_state"),
        ),
        sa.UniqueConstraint("plan_id", "due_at", name=op.f("uq_companion_calls_plan_id_due_at")),
    )
    op.create_index(
        "ix_companion_calls_next", "companion_calls", ["next_at"], unique=False, postgresql_where=sa.text("next_at IS NOT NULL")
    )
    op.create_index(op.f("ix_companion_calls_support_id"), "companion_calls", ["support_id"])
    op.create_index(
        "ix_companion_calls_under_way",
        "companion_calls",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("lease_until IS NOT NULL"),
    )
    op.create_table(
        "companion_call_events",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("call_id", sa.Uuid, sa.ForeignKey("companion_calls.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("detail", postgresql.JSONB(), server_default="{}", nullable=False),
    )
    op.create_index(op.f("ix_companion_call_events_call_id"), "companion_call_events", ["call_id"])
    op.create_table(
        "companion_notes",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("support_id", sa.Uuid, sa.ForeignKey("companion_supports.id", ondelete="CASCADE"), nullable=False),
        sa.Column("call_id", sa.Uuid, sa.ForeignKey("companion_calls.id", ondelete="SET NULL")),
        sa.Column("by", sa.Uuid),
        sa.Column("at", _AT, nullable=False),
        sa.Column("text_cipher", sa.LargeBinary, nullable=False),
    )
    op.create_index(op.f("ix_companion_notes_support_id"), "companion_notes", ["support_id"])


def downgrade() -> None:
    """Take everything away again."""
    for table in _TABLES:
        op.drop_table(table)
    op.execute("DROP FUNCTION referral_consents_stay()")

"""People, records of consultations with every version, consents, plans, and the proof of deletions.

Only adds tables. What was written down of a consultation is never changed in its versions: a trigger sees to it.

Revision ID: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)
_TABLES = (
    "care_deletions",
    "care_plans",
    "care_consents",
    "care_record_links",
    "care_record_versions",
    "care_records",
    "care_people",
)


def upgrade() -> None:
    """Add everything."""
    op.create_table(
        "care_people",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("number_cipher", sa.LargeBinary),
        sa.Column("number_index", sa.LargeBinary, unique=True),
        sa.Column("details", sa.LargeBinary),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("held_at", _AT),
        sa.Column("held_by", sa.Uuid),
        sa.Column("held_why", sa.LargeBinary),
    )
    _records()
    _versions()
    op.create_table(
        "care_record_links",
        _of_a_record(),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("target_id", sa.Uuid, nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("record_id", "kind", "target_id"),
        sa.CheckConstraint("kind IN ('incident', 'referral', 'report', 'checklist', 'companionship')", name="kind"),
    )
    op.create_index("ix_care_record_links_target_id", "care_record_links", ["target_id"])
    _consents()
    op.create_table(
        "care_plans",
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("care_people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("by", sa.Uuid, nullable=False),
        sa.Column("named_id", sa.Uuid, sa.ForeignKey("counsellors.id")),
        sa.Column("ended", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "version"),
    )
    op.create_table(
        "care_deletions",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("at", _AT, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("retention", sa.Text, nullable=False),
        sa.Column("records", sa.Integer, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
    )
    _guards()


def _records() -> None:
    op.create_table(
        "care_records",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("contact_id", sa.Uuid, sa.ForeignKey("contacts.id", ondelete="SET NULL"), unique=True),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("care_people.id")),
        sa.Column("subject_id", sa.Uuid, sa.ForeignKey("care_people.id", ondelete="SET NULL")),
        sa.Column("counsellor_id", sa.Uuid, sa.ForeignKey("counsellors.id")),
        sa.Column("created_by", sa.Uuid),
        sa.Column("channel", sa.Text, nullable=False, server_default="phone"),
        sa.Column("state", sa.Text, nullable=False, server_default="draft"),
        sa.Column("version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("changed_at", _AT, nullable=False),
        sa.Column("final_at", _AT),
        sa.Column("kinds", ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("non_counselling", sa.Text),
        sa.Column("caller", sa.Text),
        sa.Column("district", sa.Text),
        sa.Column("age_band", sa.Text),
        sa.Column("skills", ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("feeling_before", sa.SmallInteger),
        sa.Column("feeling_after", sa.SmallInteger),
        sa.Column("retention", sa.Text, nullable=False, server_default="untouched"),
        sa.Column("content", sa.LargeBinary),
        sa.Column("sensitive", sa.LargeBinary),
        sa.CheckConstraint("channel IN ('phone', 'chat', 'face_to_face', 'manual')", name="channel"),
        sa.CheckConstraint("state IN ('draft', 'final')", name="state"),
        sa.CheckConstraint("(state = 'final') = (final_at IS NOT NULL)", name="final_with_time"),
        sa.CheckConstraint(
            "kinds <@ ARRAY['information', 'loneliness', 'isolation_check', 'isolation_report', 'emergency']",
            name="kinds",
        ),
        sa.CheckConstraint("non_counselling IN ('silent', 'wrong_number', 'prank', 'abusive')", name="non_counselling"),
        sa.CheckConstraint("non_counselling IS NULL OR kinds = '{}'", name="one_or_the_other"),
        sa.CheckConstraint("state = 'draft' OR non_counselling IS NOT NULL OR kinds <> '{}'", name="final_says_what"),
        sa.CheckConstraint("feeling_before BETWEEN 0 AND 10 AND feeling_after BETWEEN 0 AND 10", name="feelings"),
    )
    op.create_index("ix_care_records_person_id_created_at", "care_records", ["person_id", "created_at"])
    op.create_index("ix_care_records_counsellor_id_created_at", "care_records", ["counsellor_id", "created_at"])
    op.create_index("ix_care_records_created_at", "care_records", ["created_at"])
    op.create_index("ix_care_records_retention_changed_at", "care_records", ["retention", "changed_at"])
    op.create_index("ix_care_records_subject_id", "care_records", ["subject_id"], postgresql_where=sa.text("subject_id IS NOT NULL"))


def _versions() -> None:
    op.create_table(
        "care_record_versions",
        _of_a_record(),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("by", sa.Uuid),
        sa.Column("changed", ARRAY(sa.Text), nullable=False),
        sa.Column("removed", JSONB, nullable=False, server_default="{}"),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("sensitive", sa.LargeBinary),
        sa.PrimaryKeyConstraint("record_id", "version"),
    )


def _consents() -> None:
    op.create_table(
        "care_consents",
        sa.Column("id", sa.Uuid, primary_key=True),
        _of_a_record(),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("given", sa.Boolean, nullable=False),
        sa.Column("guardian", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("script_version", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False, server_default=""),
        sa.Column("items", ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("until", sa.Date),
        sa.Column("at", _AT, nullable=False),
        sa.Column("counsellor_id", sa.Uuid, sa.ForeignKey("counsellors.id")),
        sa.Column("by", sa.Uuid, nullable=False),
        sa.Column("recording", sa.Text),
        sa.Column("withdrawn_at", _AT),
        sa.Column("withdrawn_by", sa.Uuid),
        sa.CheckConstraint(
            "purpose IN ('record', 'sensitive', 'centre', 'companion', 'agency', 'recording', 'call_back')",
            name="purpose",
        ),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn_by_somebody"),
    )
    op.create_index("ix_care_consents_record_id", "care_consents", ["record_id"])


def _of_a_record() -> sa.Column[object]:
    return sa.Column("record_id", sa.Uuid, sa.ForeignKey("care_records.id", ondelete="CASCADE"), nullable=False)


def _guards() -> None:
    op.execute(
        """
        CREATE FUNCTION care_versions_stay() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF to_jsonb(NEW) - 'sensitive' IS DISTINCT FROM to_jsonb(OLD) - 'sensitive' OR NEW.sensitive IS NOT NULL THEN
                RAISE EXCEPTION 'versions of a record are not changed' USING ERRCODE = 'insufficient_privilege';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute("CREATE TRIGGER stays BEFORE UPDATE ON care_record_versions FOR EACH ROW EXECUTE FUNCTION care_versions_stay()")
    op.execute(
        """
        CREATE FUNCTION care_deletions_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'rows of care_deletions are only ever added' USING ERRCODE = 'insufficient_privilege';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON care_deletions "
        "FOR EACH STATEMENT EXECUTE FUNCTION care_deletions_only_grow()"
    )


def downgrade() -> None:
    """Take everything away again."""
    for table in _TABLES:
        op.drop_table(table)
    op.execute("DROP FUNCTION care_versions_stay()")
    op.execute("DROP FUNCTION care_deletions_only_grow()")

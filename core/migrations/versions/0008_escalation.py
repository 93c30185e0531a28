"""Crises: incidents with their attempts, timeline, facts and orders; the disclosure ledger, to which rows are only ever added.

Only adds tables, so a program of the version before goes on working on it.

Revision ID: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)
_STATES = "state IN ('raised', 'dialling', 'answered', 'joined', 'taken_over', 'unreached', 'confirmed', 'closed')"
_REASONS = "close_reason IN ('false_alarm', 'caller_safe', 'in_other_hands', 'not_needed', 'duplicate', 'exercise', 'other')"
_STAGES = "stage IN ('dialling', 'answered', 'briefed', 'private', 'joined', 'over')"
_ORDERS = "kind IN ('raise', 'dial_next', 'dial', 'join', 'private', 'taken_over', 'stop', 'redial')"
_TABLES = ("disclosures", "incident_facts", "incident_orders", "incident_events", "incident_attempts", "incidents")


def upgrade() -> None:
    """Add everything."""
    op.create_table(
        "incidents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("raised_at", _AT, nullable=False),
        sa.Column("raised_by", sa.Text(), nullable=False),
        sa.Column("counsellor_id", sa.Uuid(), nullable=True),
        sa.Column("danger", sa.Text(), nullable=True),
        sa.Column("proposed", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("third_party", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("exhausted", sa.Integer(), nullable=True),
        sa.Column("taken_over_at", _AT, nullable=True),
        sa.Column("caller_gone_at", _AT, nullable=True),
        sa.Column("counsellor_gone_at", _AT, nullable=True),
        sa.Column("redials", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ended_at", _AT, nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("close_reason", sa.Text(), nullable=True),
        sa.Column("close_text", sa.LargeBinary(), nullable=True),
        sa.Column("told_at", _AT, nullable=True),
        sa.Column("told_exhausted", sa.Integer(), nullable=True),
        sa.Column("nags", sa.Integer(), server_default="0", nullable=False),
        sa.Column("nagged_at", _AT, nullable=True),
        sa.CheckConstraint(_STATES, name=op.f("ck_incidents_state")),
        sa.CheckConstraint(_REASONS, name=op.f("ck_incidents_close_reason")),
        sa.CheckConstraint("(ended_at IS NULL) = (state NOT IN ('confirmed', 'closed'))", name=op.f("ck_incidents_ended_by_a_word")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_incidents_ended_by_somebody")),
        sa.CheckConstraint("(state = 'closed') = (close_reason IS NOT NULL)", name=op.f("ck_incidents_closed_with_a_reason")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_incidents_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    op.create_index("uq_incidents_open", "incidents", ["contact_id"], unique=True, postgresql_where=sa.text("ended_at IS NULL"))
    op.create_index("ix_incidents_raised_at", "incidents", ["raised_at"], unique=False)
    op.create_table(
        "incident_attempts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("leg_id", sa.Text(), nullable=False),
        sa.Column("started_at", _AT, nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("answered_at", _AT, nullable=True),
        sa.Column("ended_at", _AT, nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("test", sa.Boolean(), server_default="false", nullable=False),
        sa.CheckConstraint(_STAGES, name=op.f("ck_incident_attempts_stage")),
        sa.CheckConstraint("(stage = 'over') = (ended_at IS NOT NULL)", name=op.f("ck_incident_attempts_over_with_its_end")),
        sa.CheckConstraint("(ended_at IS NULL) = (result IS NULL)", name=op.f("ck_incident_attempts_over_with_a_result")),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_incident_attempts_incident_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_attempts")),
        sa.UniqueConstraint("incident_id", "number", name=op.f("uq_incident_attempts_incident_id_number")),
        sa.UniqueConstraint("leg_id", name=op.f("uq_incident_attempts_leg_id")),
    )
    op.create_table(
        "incident_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("detail", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_incident_events_incident_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_events")),
    )
    op.create_index("ix_incident_events_incident_id_id", "incident_events", ["incident_id", "id"], unique=False)
    _orders()
    _disclosures()


def _orders() -> None:
    op.create_table(
        "incident_facts",
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", _AT, nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_incident_facts_incident_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_incident_facts")),
    )
    op.create_table(
        "incident_orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Text(), nullable=True),
        sa.Column("counsellor_id", sa.Uuid(), nullable=True),
        sa.Column("at", _AT, nullable=False),
        sa.Column("taken_at", _AT, nullable=True),
        sa.Column("taken_by", sa.Uuid(), nullable=True),
        sa.Column("told_at", _AT, nullable=True),
        sa.CheckConstraint(_ORDERS, name=op.f("ck_incident_orders_kind")),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_incident_orders_incident_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_orders")),
    )
    op.create_index(
        "ix_incident_orders_waiting", "incident_orders", ["contact_id"], unique=False, postgresql_where=sa.text("taken_at IS NULL")
    )


def _disclosures() -> None:
    op.create_table(
        "disclosures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("about_kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("items", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("consent_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosures")),
    )
    op.create_index("ix_disclosures_about_at", "disclosures", ["about", "at"], unique=False)
    op.create_index("ix_disclosures_at", "disclosures", ["at"], unique=False)
    op.execute(
        """
        CREATE FUNCTION disclosures_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'rows of disclosures are only ever added' USING ERRCODE = 'insufficient_privilege';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON disclosures "
        "FOR EACH STATEMENT EXECUTE FUNCTION disclosures_only_grow()"
    )


def downgrade() -> None:
    """Take everything away again."""
    for table in _TABLES:
        op.drop_table(table)
    op.execute("DROP FUNCTION disclosures_only_grow()")

"""The line: lanes and kept places, policy, call-backs with their consent, codes for withheld numbers, alarms, live workers.

Only adds (columns with defaults, tables), so a program of the version before goes on working on it.

Revision ID: 0002
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)

_COLUMNS: dict[str, list[sa.Column[Any]]] = {
    "counsellors": [
        sa.Column("languages", postgresql.ARRAY(sa.Text), nullable=False, server_default="{ko}"),
        sa.Column("skills", postgresql.ARRAY(sa.Text), nullable=False, server_default="{}"),
    ],
    "presence": [
        sa.Column("node", sa.Text),
        sa.Column("on_shift", sa.Boolean, nullable=False, server_default="true"),
        sa.Column("shift_until", _AT),
        sa.Column("missed", sa.Integer, nullable=False, server_default="0"),
        sa.Column("paused_until", _AT),
        sa.Column("heavy_run", sa.Integer, nullable=False, server_default="0"),
        sa.Column("rest_until", _AT),
    ],
    "contacts": [
        sa.Column("kind", sa.Text, nullable=False, server_default="phone"),
        sa.Column("lane", sa.Text, nullable=False, server_default="normal"),
        sa.Column("virtual_start", _AT),
        sa.Column("silent", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("named_id", sa.Uuid, sa.ForeignKey("counsellors.id")),
        sa.Column("promised_until", _AT),
        sa.Column("promised_place", sa.Integer),
        sa.Column("callback_id", sa.Uuid),
    ],
}


def upgrade() -> None:
    """Add everything."""
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.add_column(table, column)
    op.create_table("workers", sa.Column("name", sa.Text, primary_key=True), sa.Column("seen_at", _AT, nullable=False))
    op.create_table(
        "policies",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("at", _AT, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("parameters", postgresql.JSONB, nullable=False),
    )
    op.create_table(
        "callbacks",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("contact_id", sa.Uuid, sa.ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("number_cipher", sa.LargeBinary, nullable=False),
        sa.Column("number_index", sa.LargeBinary, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("virtual_start", _AT, nullable=False),
        sa.Column("lane", sa.Text, nullable=False, server_default="normal"),
        sa.Column("may_call", sa.Boolean),
        sa.Column("may_say_who", sa.Boolean),
        sa.Column("may_leave_message", sa.Boolean),
        sa.Column("shared_phone", sa.Boolean),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("due_at", _AT, nullable=False),
        sa.Column("worker", sa.Text),
        sa.Column("lease_until", _AT),
        sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("outcome", sa.Text),
        sa.Column("ended_at", _AT),
        sa.CheckConstraint("state IN ('open', 'calling', 'done', 'cancelled', 'given_up')", name="state"),
        sa.CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="outcome_with_end"),
    )
    op.create_index("uq_callbacks_contact", "callbacks", ["contact_id"], unique=True, postgresql_where=sa.text("outcome IS NULL"))
    op.create_index("ix_callbacks_due", "callbacks", ["due_at"], postgresql_where=sa.text("state = 'open'"))
    op.create_index("ix_callbacks_number_index", "callbacks", ["number_index"])
    op.create_table(
        "callback_attempts",
        sa.Column("callback_id", sa.Uuid, sa.ForeignKey("callbacks.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("attempt", sa.Integer, primary_key=True),
        sa.Column("contact_id", sa.Uuid, sa.ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("result", sa.Text),
    )
    op.create_table(
        "place_codes",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("contact_id", sa.Uuid, sa.ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("virtual_start", _AT, nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("expires_at", _AT, nullable=False),
        sa.Column("used_at", _AT),
    )
    op.create_table(
        "alarms",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("about", sa.Uuid),
        sa.Column("detail", postgresql.JSONB, nullable=False, server_default="{}"),
        sa.Column("seen_at", _AT),
        sa.Column("seen_by", sa.Text),
    )
    op.create_index("ix_alarms_open", "alarms", ["at"], postgresql_where=sa.text("seen_at IS NULL"))


def downgrade() -> None:
    """Take everything away again."""
    for table in ("alarms", "place_codes", "callback_attempts", "callbacks", "policies", "workers"):
        op.drop_table(table)
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.drop_column(table, column.name)

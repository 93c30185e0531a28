"""Telephone calls for alarms: whoever sends alarms orders them, whoever has the telephone makes them.

A program of the version before goes on working on it; an order that nobody takes is void after some seconds.

Revision ID: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the orders."""
    op.create_table(
        "alarm_calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("extension", sa.Text(), nullable=False),
        sa.Column("prompts", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("ring_s", sa.Integer(), nullable=False),
        sa.Column("ordered_at", _AT, nullable=False),
        sa.Column("void_at", _AT, nullable=False),
        sa.Column("taken_by", sa.Text(), nullable=True),
        sa.Column("ended_at", _AT, nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.CheckConstraint("result IN ('confirmed', 'answered', 'not_reached')", name=op.f("ck_alarm_calls_result")),
        sa.CheckConstraint("(result IS NULL) = (ended_at IS NULL)", name=op.f("ck_alarm_calls_ended")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_calls")),
    )
    op.create_index("ix_alarm_calls_open", "alarm_calls", ["ordered_at"], unique=False, postgresql_where=sa.text("result IS NULL"))


def downgrade() -> None:
    """Forget them."""
    op.drop_table("alarm_calls")

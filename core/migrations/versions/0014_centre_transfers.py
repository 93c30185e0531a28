"""Callers put through to the centre in the same call: the desk orders it, the process that has the call carries it out.

A program of the version before goes on working on it: what it sends goes to the worklist.

Revision ID: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the orders."""
    op.create_table(
        "centre_transfers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("ordered_at", _AT, nullable=False),
        sa.Column("void_at", _AT, nullable=False),
        sa.Column("taken_by", sa.Uuid(), nullable=True),
        sa.Column("joined_at", _AT, nullable=True),
        sa.Column("ended_at", _AT, nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "result IN ('taken', 'busy', 'no_answer', 'rejected', 'unreachable', 'failed', 'called_off', 'crisis', 'caller_gone', "
            "'not_in_call', 'not_begun', 'interrupted')",
            name=op.f("ck_centre_transfers_result"),
        ),
        sa.CheckConstraint("(result IS NULL) = (ended_at IS NULL)", name=op.f("ck_centre_transfers_result_with_end")),
        sa.CheckConstraint("joined_at IS NULL OR taken_by IS NOT NULL", name=op.f("ck_centre_transfers_joined_after_taken")),
        sa.ForeignKeyConstraint(["referral_id"], ["referrals.id"], name=op.f("fk_centre_transfers_referral_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["centre_staff.id"], name=op.f("fk_centre_transfers_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_centre_transfers")),
    )
    op.create_index(op.f("ix_centre_transfers_referral_id"), "centre_transfers", ["referral_id"])
    op.create_index("uq_centre_transfers_open", "centre_transfers", ["contact_id"], unique=True, postgresql_where=sa.text("result IS NULL"))


def downgrade() -> None:
    """Forget them."""
    op.drop_table("centre_transfers")

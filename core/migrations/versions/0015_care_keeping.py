"""Whose an isolation report's reporter and subject are, by the index of their number; the access log found by action and by day.

Only adds columns and indexes, so a program of the version before goes on working on it. Rows that are there get theirs from the retention job:
the keys are not here.

Revision ID: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_OF_REPORTS = ("report_reporters", "report_subjects")


def upgrade() -> None:
    """Add them."""
    for table in _OF_REPORTS:
        op.add_column(table, sa.Column("number_index", sa.LargeBinary))
        op.create_index(op.f(f"ix_{table}_number_index"), table, ["number_index"])
    op.create_index("ix_access_log_action", "access_log", ["action", "id"])
    op.create_index("ix_access_log_at", "access_log", ["at"])


def downgrade() -> None:
    """Take them away again."""
    op.drop_index("ix_access_log_at", "access_log")
    op.drop_index("ix_access_log_action", "access_log")
    for table in _OF_REPORTS:
        op.drop_column(table, "number_index")

"""Who has a call: a process that was replaced, or whose callers another one took over, changes no state of it any more.

Only adds (a column that may be empty), so a program of the version before goes on working on it.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it."""
    op.add_column("contacts", sa.Column("owner", sa.Uuid))


def downgrade() -> None:
    """Take it away again."""
    op.drop_column("contacts", "owner")

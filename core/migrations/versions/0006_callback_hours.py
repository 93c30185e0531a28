"""The hours in which a person may be called back.

A program of the version before goes on working on it, without heeding them.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Whoever was not asked may be called at any time, as before."""
    op.add_column("callbacks", sa.Column("hours", sa.Text, nullable=False, server_default="any"))


def downgrade() -> None:
    """Forget them."""
    op.drop_column("callbacks", "hours")

"""Why somebody is barred from night work.

A program of the version before goes on working on it, without heeding it.

Revision ID: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of those who are barred already it is not stated."""
    op.add_column("roster_people", sa.Column("protection", sa.Text))
    op.create_check_constraint(
        op.f("ck_roster_people_protection"), "roster_people", "protection IN ('pregnant', 'postpartum', 'minor', 'doctor')"
    )
    op.create_check_constraint(op.f("ck_roster_people_protected"), "roster_people", "protection IS NULL OR night_work = 'barred'")


def downgrade() -> None:
    """Forget it."""
    op.drop_column("roster_people", "protection")

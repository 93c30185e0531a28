"""Alarms that reach somebody: what was sent by which channel, and a hint the moment an alarm is raised.

Alarms from before count as routed, so that switching on a channel does not send old ones. A program of the version before goes on working
on it: the alarms it raises are routed like any other.

Revision ID: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)

# Whoever raises an alarm, now or from a journal later, is heard; the payload is empty because the hint may be lost anyway.
ANNOUNCE = """
CREATE FUNCTION announce_alarms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('alarms_raised', '');
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    """Add everything."""
    op.add_column("alarms", sa.Column("routed_at", _AT, nullable=True))
    op.execute("UPDATE alarms SET routed_at = now()")
    op.create_index("ix_alarms_unrouted", "alarms", ["at"], unique=False, postgresql_where=sa.text("routed_at IS NULL"))
    op.create_table(
        "alarm_deliveries",
        sa.Column("alarm_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="due", nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("round", sa.Integer(), server_default="1", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", _AT, nullable=False),
        sa.Column("leased_by", sa.Uuid(), nullable=True),
        sa.Column("leased_until", _AT, nullable=True),
        sa.Column("sent_at", _AT, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('due', 'sent', 'dead', 'skipped')", name=op.f("ck_alarm_deliveries_state")),
        sa.CheckConstraint("(leased_by IS NULL) = (leased_until IS NULL)", name=op.f("ck_alarm_deliveries_lease")),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarms.id"], name=op.f("fk_alarm_deliveries_alarm_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("alarm_id", "channel", name=op.f("pk_alarm_deliveries")),
    )
    op.create_index(
        "ix_alarm_deliveries_due", "alarm_deliveries", ["channel", "next_at"], unique=False, postgresql_where=sa.text("state = 'due'")
    )
    op.execute(ANNOUNCE)
    op.execute("CREATE TRIGGER announce_alarms AFTER INSERT ON alarms FOR EACH STATEMENT EXECUTE FUNCTION announce_alarms()")


def downgrade() -> None:
    """Drop it; what was sent is forgotten, the alarms stay."""
    op.execute("DROP TRIGGER announce_alarms ON alarms")
    op.execute("DROP FUNCTION announce_alarms()")
    op.drop_table("alarm_deliveries")
    op.drop_index("ix_alarms_unrouted", table_name="alarms")
    op.drop_column("alarms", "routed_at")

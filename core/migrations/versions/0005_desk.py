"""The desk: accounts, sessions, known browsers, attempts, events for open pages; and the access log, to which rows are only ever added.

Only adds tables, so a program of the version before goes on working on it.

Revision ID: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)
_TABLES = (
    "desk_event_counter",
    "desk_events",
    "desk_attempts",
    "desk_sessions",
    "desk_devices",
    "desk_users",
    "access_log_head",
    "access_log",
)


def upgrade() -> None:
    """Add everything."""
    _access_log()
    op.create_table(
        "desk_users",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("sign_in_name", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("counsellor_id", sa.Uuid, sa.ForeignKey("counsellors.id")),
        sa.Column("language", sa.Text, nullable=False, server_default="ko"),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("password_at", _AT, nullable=False),
        sa.Column("one_time_until", _AT),
        sa.Column("one_time_used_at", _AT),
        sa.Column("totp_secret", sa.LargeBinary),
        sa.Column("totp_pending", sa.LargeBinary),
        sa.Column("totp_step", sa.BigInteger),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("disabled_at", _AT),
    )
    op.create_table(
        "desk_devices",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("user_id", sa.Uuid, sa.ForeignKey("desk_users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("seen_at", _AT, nullable=False),
    )
    op.create_index("ix_desk_devices_user_id", "desk_devices", ["user_id"])
    op.create_table(
        "desk_sessions",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("user_id", sa.Uuid, sa.ForeignKey("desk_users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("seen_at", _AT, nullable=False),
        sa.Column("ended_at", _AT),
    )
    op.create_index("ix_desk_sessions_user_id", "desk_sessions", ["user_id"])
    op.create_table(
        "desk_attempts",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("since", _AT, nullable=False),
    )
    op.create_index("ix_desk_attempts_since", "desk_attempts", ["since"])
    op.create_table(
        "desk_events",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("data", postgresql.JSONB, nullable=False),
        sa.Column("permission", sa.Text),
        sa.Column("user_id", sa.Uuid),
    )
    op.create_index("ix_desk_events_at", "desk_events", ["at"])
    op.create_table(
        "desk_event_counter",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("last", sa.BigInteger, nullable=False),
    )


def _access_log() -> None:
    op.create_table(
        "access_log",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("actor", sa.Uuid),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("about_kind", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("detail", postgresql.JSONB, nullable=False, server_default="{}"),
        sa.Column("mac", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_access_log_actor", "access_log", ["actor", "id"])
    op.create_index("ix_access_log_about", "access_log", ["about", "id"])
    op.create_table(
        "access_log_head",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
        sa.Column("head_mac", sa.LargeBinary, nullable=False),
    )
    op.execute(
        """
        CREATE FUNCTION access_log_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'rows of access_log are only ever added' USING ERRCODE = 'insufficient_privilege';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON access_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION access_log_only_grows()"
    )


def downgrade() -> None:
    """Take everything away again."""
    for table in _TABLES:
        op.drop_table(table)
    op.execute("DROP FUNCTION access_log_only_grows()")

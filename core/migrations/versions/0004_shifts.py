"""Shifts: the roster with its drafts, publications and requests, and the safety net's members by the published roster.

Only adds tables; the safety net's view keeps its columns, so a program of the version before goes on working on it.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)

# Law: 30 minutes per 4 hours of work, so an hour in eight (Labour Standards Act art. 54); its own start is staggered by the roster.
SHIFT_TYPES = """
INSERT INTO shift_types (code, name, name_en, starts, minutes, duty, pauses, position) VALUES
    ('D', '낮', 'Day', '07:00', 480, 'line', '[[210, 60]]', 1),
    ('E', '저녁', 'Evening', '15:00', 480, 'line', '[[210, 60]]', 2),
    ('N', '밤', 'Night', '23:00', 480, 'line', '[[210, 60]]', 3),
    ('SB', '대기', 'Standby', '07:00', 1440, 'standby', '[]', 4),
    ('SV', '당직', 'Supervisor on call', '07:00', 1440, 'supervisor', '[]', 5)
"""

# What 14 people can sustain; the least is what is left while one of them has a break.
DEMAND = """
INSERT INTO demand (id, starts, minutes, least, wanted) VALUES
    (gen_random_uuid(), '07:00', 480, 2, 3), (gen_random_uuid(), '15:00', 480, 2, 3), (gen_random_uuid(), '23:00', 480, 1, 2)
"""

# Those whom the published roster has on the line now: signed in and ready first, then those on a break, then those who have not signed in.
# Where none of them has signed in, whoever else is signed in comes after them; with no published roster for now, as before: everybody who is
# signed in, or else everybody. Never nobody.
SAFETY_NET_MEMBERS = """
CREATE OR REPLACE VIEW safety_net_members AS
WITH staff AS (
    SELECT counsellors.extension, COALESCE(presence.human, 'off') AS human,
        EXISTS (SELECT FROM published_shifts s
                WHERE s.counsellor_id = counsellors.id AND s.duty = 'line' AND s.starts_at <= now() AND now() < s.ends_at) AS due
    FROM counsellors LEFT JOIN presence ON presence.counsellor_id = counsellors.id
    WHERE counsellors.disabled_at IS NULL
), known AS (
    SELECT bool_or(due) AS planned, bool_or(due AND human <> 'off') AS manned, bool_or(human <> 'off') AS signed_in FROM staff
)
SELECT
    extension AS uniqueid,
    'safety-net'::text AS queue_name,
    'PJSIP/' || extension AS interface,
    'counsellor-' || extension AS membername,
    'PJSIP/' || extension AS state_interface,
    CASE human WHEN 'ready' THEN 0 WHEN 'break' THEN 5 ELSE 9 END + CASE WHEN planned AND NOT due THEN 10 ELSE 0 END AS penalty,
    0 AS paused,
    ''::text AS reason_paused
FROM staff CROSS JOIN known
WHERE CASE WHEN planned THEN due OR (NOT manned AND (human <> 'off' OR NOT signed_in)) ELSE human <> 'off' OR NOT signed_in END
"""

SAFETY_NET_MEMBERS_BEFORE = """
CREATE OR REPLACE VIEW safety_net_members AS
WITH staff AS (
    SELECT counsellors.extension, COALESCE(presence.human, 'off') AS human
    FROM counsellors LEFT JOIN presence ON presence.counsellor_id = counsellors.id
    WHERE counsellors.disabled_at IS NULL
)
SELECT
    extension AS uniqueid,
    'safety-net'::text AS queue_name,
    'PJSIP/' || extension AS interface,
    'counsellor-' || extension AS membername,
    'PJSIP/' || extension AS state_interface,
    CASE human WHEN 'ready' THEN 0 WHEN 'break' THEN 5 ELSE 9 END AS penalty,
    0 AS paused,
    ''::text AS reason_paused
FROM staff
WHERE human <> 'off' OR NOT EXISTS (SELECT 1 FROM staff AS others WHERE others.human <> 'off')
"""

_TABLES = (
    "feed_secrets",
    "extra_holidays",
    "rule_parameters",
    "demand",
    "wishes",
    "swaps",
    "leaves",
    "published_shifts",
    "roster_publications",
    "roster_edits",
    "roster_cells",
    "rosters",
    "roster_people",
    "shift_types",
)


def upgrade() -> None:
    """Add everything."""
    op.create_table(
        "shift_types",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("duty", sa.Text(), server_default="line", nullable=False),
        sa.Column("pauses", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("duty IN ('line', 'standby', 'supervisor')", name=op.f("ck_shift_types_duty")),
        sa.CheckConstraint("minutes BETWEEN 1 AND 1440", name=op.f("ck_shift_types_minutes")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_shift_types")),
    )
    op.create_table(
        "roster_people",
        sa.Column("counsellor_id", sa.Uuid(), nullable=False),
        sa.Column("contract_minutes", sa.Integer(), server_default="2400", nullable=False),
        sa.Column("night_work", sa.Text(), server_default="allowed", nullable=False),
        sa.Column("supervisor", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.CheckConstraint("night_work IN ('allowed', 'no_consent', 'barred')", name=op.f("ck_roster_people_night_work")),
        sa.ForeignKeyConstraint(["counsellor_id"], ["counsellors.id"], name=op.f("fk_roster_people_counsellor_id")),
        sa.PrimaryKeyConstraint("counsellor_id", name=op.f("pk_roster_people")),
    )
    op.create_table(
        "rosters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("published_version", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("last >= first", name=op.f("ck_rosters_period")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rosters")),
        sa.UniqueConstraint("first", name=op.f("uq_rosters_first")),
    )
    op.create_table(
        "roster_cells",
        sa.Column("roster_id", sa.Uuid(), nullable=False),
        sa.Column("counsellor_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("pauses", postgresql.JSONB(), nullable=True),
        sa.Column("pinned", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(["code"], ["shift_types.code"], name=op.f("fk_roster_cells_code")),
        sa.ForeignKeyConstraint(["counsellor_id"], ["counsellors.id"], name=op.f("fk_roster_cells_counsellor_id")),
        sa.ForeignKeyConstraint(["roster_id"], ["rosters.id"], name=op.f("fk_roster_cells_roster_id")),
        sa.PrimaryKeyConstraint("roster_id", "counsellor_id", "day", "code", name=op.f("pk_roster_cells")),
    )
    op.create_table(
        "roster_edits",
        sa.Column("roster_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("by", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("about", sa.BigInteger(), nullable=True),
        sa.Column("changes", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["roster_id"], ["rosters.id"], name=op.f("fk_roster_edits_roster_id")),
        sa.PrimaryKeyConstraint("roster_id", "version", name=op.f("pk_roster_edits")),
    )
    op.create_table(
        "roster_publications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("roster_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("overrides", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.ForeignKeyConstraint(["roster_id"], ["rosters.id"], name=op.f("fk_roster_publications_roster_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_publications")),
    )
    op.create_index("ix_roster_publications_roster_id", "roster_publications", ["roster_id", "at"], unique=False)
    op.create_table(
        "published_shifts",
        sa.Column("counsellor_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", _AT, nullable=False),
        sa.Column("ends_at", _AT, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("duty", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("pauses", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("roster_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_published_shifts_span")),
        sa.ForeignKeyConstraint(["counsellor_id"], ["counsellors.id"], name=op.f("fk_published_shifts_counsellor_id")),
        sa.ForeignKeyConstraint(["roster_id"], ["rosters.id"], name=op.f("fk_published_shifts_roster_id")),
        sa.PrimaryKeyConstraint("counsellor_id", "starts_at", "code", name=op.f("pk_published_shifts")),
    )
    op.create_index("ix_published_shifts_ends_at", "published_shifts", ["ends_at", "starts_at"], unique=False)
    op.create_table(
        "leaves",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("counsellor_id", sa.Uuid(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("asked_at", _AT, nullable=False),
        sa.Column("decided_at", _AT, nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('annual', 'sick', 'other')", name=op.f("ck_leaves_kind")),
        sa.CheckConstraint("state IN ('requested', 'approved', 'refused', 'withdrawn')", name=op.f("ck_leaves_state")),
        sa.CheckConstraint("last >= first", name=op.f("ck_leaves_period")),
        sa.ForeignKeyConstraint(["counsellor_id"], ["counsellors.id"], name=op.f("fk_leaves_counsellor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leaves")),
    )
    op.create_index("ix_leaves_counsellor_id", "leaves", ["counsellor_id", "first"], unique=False)
    op.create_table(
        "swaps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("counsellor_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("their_day", sa.Date(), nullable=True),
        sa.Column("their_code", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", _AT, nullable=False),
        sa.Column("decided_at", _AT, nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("state IN ('requested', 'agreed', 'approved', 'refused', 'withdrawn')", name=op.f("ck_swaps_state")),
        sa.CheckConstraint("(their_day IS NULL) = (their_code IS NULL)", name=op.f("ck_swaps_whole")),
        sa.CheckConstraint("counsellor_id <> other_id", name=op.f("ck_swaps_two_people")),
        sa.ForeignKeyConstraint(["counsellor_id"], ["counsellors.id"], name=op.f("fk_swaps_counsellor_id")),
        sa.ForeignKeyConstraint(["other_id"], ["counsellors.id"], name=op.f("fk_swaps_other_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_swaps")),
    )
    op.create_index("ix_swaps_open", "swaps", ["asked_at"], unique=False, postgresql_where=sa.text("state IN ('requested', 'agreed')"))
    op.create_table(
        "wishes",
        sa.Column("counsellor_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("code", sa.Text(), server_default="", nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("weight", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("weight BETWEEN 1 AND 10", name=op.f("ck_wishes_weight")),
        sa.ForeignKeyConstraint(["counsellor_id"], ["counsellors.id"], name=op.f("fk_wishes_counsellor_id")),
        sa.PrimaryKeyConstraint("counsellor_id", "day", "code", name=op.f("pk_wishes")),
    )
    op.create_table(
        "demand",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("least", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("weekdays", postgresql.ARRAY(sa.Integer()), server_default="{}", nullable=False),
        sa.Column("skill", sa.Text(), nullable=True),
        sa.CheckConstraint("least >= 0 AND wanted >= least", name=op.f("ck_demand_numbers")),
        sa.CheckConstraint("minutes BETWEEN 1 AND 1440", name=op.f("ck_demand_minutes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demand")),
    )
    op.create_table(
        "rule_parameters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("set_at", _AT, nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("name", "valid_from", name=op.f("pk_rule_parameters")),
    )
    op.create_table(
        "extra_holidays",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_extra_holidays")),
    )
    op.create_table(
        "feed_secrets",
        sa.Column("counsellor_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", _AT, nullable=False),
        sa.ForeignKeyConstraint(["counsellor_id"], ["counsellors.id"], name=op.f("fk_feed_secrets_counsellor_id")),
        sa.PrimaryKeyConstraint("counsellor_id", name=op.f("pk_feed_secrets")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_feed_secrets_secret_hash")),
    )
    op.execute(SHIFT_TYPES)
    op.execute(DEMAND)
    op.execute(SAFETY_NET_MEMBERS)


def downgrade() -> None:
    """Take everything away again."""
    op.execute(SAFETY_NET_MEMBERS_BEFORE)
    for table in _TABLES:
        op.drop_table(table)

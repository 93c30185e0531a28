"""Tables of the roster. Days are dates in the service's zone; instants are aware."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from core.schema import metadata

_AT = DateTime(timezone=True)


def _counsellor(name: str = "counsellor_id", *, primary_key: bool = False, nullable: bool = False) -> Column[object]:
    return Column(name, Uuid, ForeignKey("counsellors.id"), primary_key=primary_key, nullable=nullable)


shift_types = Table(
    "shift_types",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("starts", Time, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("duty", Text, nullable=False, server_default="line"),
    # [[minutes after the start, minutes], …]
    Column("pauses", JSONB, nullable=False, server_default="[]"),
    # The order in which they are shown and tried.
    Column("position", Integer, nullable=False, server_default="0"),
    CheckConstraint("duty IN ('line', 'standby', 'supervisor')", name="duty"),
    CheckConstraint("minutes BETWEEN 1 AND 1440", name="minutes"),
)

#: What the roster knows of a counsellor beyond their account. Without a row: 40 hours, night work allowed, no supervisor.
roster_people = Table(
    "roster_people",
    metadata,
    _counsellor(primary_key=True),
    Column("contract_minutes", Integer, nullable=False, server_default="2400"),
    Column("night_work", Text, nullable=False, server_default="allowed"),
    Column("supervisor", Boolean, nullable=False, server_default="false"),
    Column("since", Date),
    Column("until", Date),
    # Why somebody is barred from night work; NULL: not stated.
    Column("protection", Text),
    CheckConstraint("protection IN ('pregnant', 'postpartum', 'minor', 'doctor')", name="protection"),
    CheckConstraint("protection IS NULL OR night_work = 'barred'", name="protected"),
    CheckConstraint("night_work IN ('allowed', 'no_consent', 'barred')", name="night_work"),
)

#: One a month. `version` counts its edits; `published_version` is the one in force.
rosters = Table(
    "rosters",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("first", Date, nullable=False, unique=True),
    Column("last", Date, nullable=False),
    Column("version", BigInteger, nullable=False, server_default="0"),
    Column("published_version", BigInteger),
    CheckConstraint("last >= first", name="period"),
)

#: The draft as it is now.
roster_cells = Table(
    "roster_cells",
    metadata,
    Column("roster_id", Uuid, ForeignKey("rosters.id"), nullable=False),
    _counsellor(),
    Column("day", Date, nullable=False),
    Column("code", Text, ForeignKey("shift_types.code"), nullable=False),
    Column("pauses", JSONB),
    Column("pinned", Boolean, nullable=False, server_default="false"),
    PrimaryKeyConstraint("roster_id", "counsellor_id", "day", "code"),
)

#: Every change of a draft, one row a version; never changed. What a version held is found by going back from now.
roster_edits = Table(
    "roster_edits",
    metadata,
    Column("roster_id", Uuid, ForeignKey("rosters.id"), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("at", _AT, nullable=False),
    # Who; NULL: the program or its command line.
    Column("by", Uuid),
    # edit, undo, redo, solve, import, sick, swap.
    Column("kind", Text, nullable=False),
    Column("reason", Text),
    # The version that an undo took back, or a redo put back.
    Column("about", BigInteger),
    # [{"person", "day", "before": [cell …], "after": [cell …]}, …]
    Column("changes", JSONB, nullable=False),
    PrimaryKeyConstraint("roster_id", "version"),
)

roster_publications = Table(
    "roster_publications",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("roster_id", Uuid, ForeignKey("rosters.id"), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("at", _AT, nullable=False),
    Column("by", Uuid),
    Column("reason", Text, nullable=False, server_default=""),
    # [{"key", "rule", "reason"}, …]: policies that were broken knowingly.
    Column("overrides", JSONB, nullable=False, server_default="[]"),
    Index("ix_roster_publications_roster_id", "roster_id", "at"),
)

#: What the router and the safety net go by: the published rosters as instants.
published_shifts = Table(
    "published_shifts",
    metadata,
    _counsellor(),
    Column("starts_at", _AT, nullable=False),
    Column("ends_at", _AT, nullable=False),
    Column("code", Text, nullable=False),
    Column("duty", Text, nullable=False),
    Column("day", Date, nullable=False),
    # [[start, end], …] as ISO instants: breaks with the phone off.
    Column("pauses", JSONB, nullable=False, server_default="[]"),
    Column("roster_id", Uuid, ForeignKey("rosters.id"), nullable=False),
    PrimaryKeyConstraint("counsellor_id", "starts_at", "code"),
    Index("ix_published_shifts_ends_at", "ends_at", "starts_at"),
    CheckConstraint("ends_at > starts_at", name="span"),
)

leaves = Table(
    "leaves",
    metadata,
    Column("id", Uuid, primary_key=True),
    _counsellor(),
    Column("first", Date, nullable=False),
    Column("last", Date, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    # Seen by the person and by supervisors, by nobody else.
    Column("note", Text, nullable=False, server_default=""),
    Column("asked_at", _AT, nullable=False),
    Column("decided_at", _AT),
    Column("decided_by", Uuid),
    CheckConstraint("last >= first", name="period"),
    CheckConstraint("kind IN ('annual', 'sick', 'other')", name="kind"),
    CheckConstraint("state IN ('requested', 'approved', 'refused', 'withdrawn')", name="state"),
    Index("ix_leaves_counsellor_id", "counsellor_id", "first"),
)

#: Two people exchange a shift each, or one gives a shift to another (`their_day` is NULL).
swaps = Table(
    "swaps",
    metadata,
    Column("id", Uuid, primary_key=True),
    _counsellor(),
    Column("day", Date, nullable=False),
    Column("code", Text, nullable=False),
    _counsellor("other_id"),
    Column("their_day", Date),
    Column("their_code", Text),
    # requested → agreed (by the other) → approved or refused; or withdrawn.
    Column("state", Text, nullable=False),
    Column("asked_at", _AT, nullable=False),
    Column("decided_at", _AT),
    Column("decided_by", Uuid),
    CheckConstraint("counsellor_id <> other_id", name="two_people"),
    CheckConstraint("(their_day IS NULL) = (their_code IS NULL)", name="whole"),
    CheckConstraint("state IN ('requested', 'agreed', 'approved', 'refused', 'withdrawn')", name="state"),
    Index("ix_swaps_open", "asked_at", postgresql_where=text("state IN ('requested', 'agreed')")),
)

wishes = Table(
    "wishes",
    metadata,
    _counsellor(primary_key=True),
    Column("day", Date, primary_key=True),
    # "" for any shift.
    Column("code", Text, primary_key=True, server_default=""),
    Column("wanted", Boolean, nullable=False),
    Column("weight", Integer, nullable=False, server_default="1"),
    CheckConstraint("weight BETWEEN 1 AND 10", name="weight"),
)

demand = Table(
    "demand",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("starts", Time, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("least", Integer, nullable=False),
    Column("wanted", Integer, nullable=False),
    Column("weekdays", ARRAY(Integer), nullable=False, server_default="{}"),
    Column("skill", Text),
    CheckConstraint("least >= 0 AND wanted >= least", name="numbers"),
    CheckConstraint("minutes BETWEEN 1 AND 1440", name="minutes"),
)

#: Rule parameters that differ from the program's own; dated, the latest one that is valid counts.
rule_parameters = Table(
    "rule_parameters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("value", Integer, nullable=False),
    Column("set_at", _AT, nullable=False),
    Column("set_by", Uuid),
)

#: Holidays that no rule knows beforehand (임시공휴일).
extra_holidays = Table(
    "extra_holidays",
    metadata,
    Column("day", Date, primary_key=True),
    Column("name", Text, nullable=False),
)

#: The secret link of a person's own calendar, as a hash.
feed_secrets = Table(
    "feed_secrets",
    metadata,
    _counsellor(primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("made_at", _AT, nullable=False),
    UniqueConstraint("secret_hash"),
)

"""Table of the directory. Nothing in it is about a person."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Date, DateTime, Index, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from core.schema import metadata

directory_places = Table(
    "directory_places",
    metadata,
    Column("id", Uuid, primary_key=True),
    # By it a file's row finds its entry.
    Column("key", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, server_default=""),
    Column("run_by", Text, nullable=False, server_default=""),
    # A code of care.districts; "" the whole city.
    Column("district", Text, nullable=False, server_default=""),
    Column("address", Text, nullable=False, server_default=""),
    Column("phone", Text, nullable=False, server_default=""),
    Column("url", Text, nullable=False, server_default=""),
    Column("areas", ARRAY(Text), nullable=False, server_default="{}"),
    # Rules; empty: not known. See care.directory.stored.
    Column("hours", JSONB, nullable=False, server_default="[]"),
    Column("planned", Boolean, nullable=False, server_default="false"),
    Column("mobile", Boolean, nullable=False, server_default="false"),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("note", Text, nullable=False, server_default=""),
    Column("source", Text, nullable=False),
    Column("source_date", Date, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    # NULL: it came with the program.
    Column("changed_by", Uuid),
    CheckConstraint("kind IN ('mind_store', 'service', 'helpline')", name="kind"),
    CheckConstraint("areas <@ ARRAY['emergency', 'emotional', 'welfare', 'medical', 'housing', 'psychological']", name="areas"),
    CheckConstraint("valid_to >= valid_from", name="period"),
    CheckConstraint("source <> ''", name="source"),
    Index(None, "kind", "district"),
)

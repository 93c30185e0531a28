"""Tables of the telephone: legs, and the rows Asterisk reads as SIP accounts (PJSIP realtime)."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, ForeignKey, Integer, Table, Text, Uuid

from core.schema import metadata

_AT = DateTime(timezone=True)

legs = Table(
    "legs",
    metadata,
    # The channel id, which is ours.
    Column("id", Text, primary_key=True),
    Column("contact_id", Uuid, ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False, index=True),
    # caller, counsellor, dasan.
    Column("kind", Text, nullable=False),
    Column("counsellor_id", Uuid, ForeignKey("counsellors.id")),
    Column("created_at", _AT, nullable=False),
    Column("answered_at", _AT),
    Column("ended_at", _AT),
    # Q.850 cause of the hang-up.
    Column("cause", Integer),
)

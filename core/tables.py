"""Tables of core's own."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Table, Uuid, func

from core.schema import metadata

#: Which batches a journal has written: what makes writing one twice impossible. A journal's older rows are deleted as it goes on.
journal_batches = Table(
    "journal_batches",
    metadata,
    Column("journal", Uuid, primary_key=True),
    Column("batch", BigInteger, primary_key=True, autoincrement=False),
    Column("written_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

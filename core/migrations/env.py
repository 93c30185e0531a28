"""Run by alembic. The connection comes from `core.migrate`, so nothing here knows a URL or the current folder."""

from __future__ import annotations

from alembic import context

from core.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()

"""Alembic's folder: hand-written migrations, run by `core.migrate`."""

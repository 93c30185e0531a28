"""A real PostgreSQL where the lesson is about SQL."""

from __future__ import annotations

from tests.integration.conftest import database_url, db, postgres

__all__ = ["database_url", "db", "postgres"]

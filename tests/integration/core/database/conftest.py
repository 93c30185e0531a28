"""A database with one more table."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from core.database import Database


@pytest.fixture
async def db(db: Database) -> Database:
    """With the table of this file."""
    await db.execute(
        text("CREATE TABLE things (id uuid PRIMARY KEY, n bigint NOT NULL, name text, sealed bytea, at timestamptz, detail jsonb)")
    )
    await db.execute(text("ALTER TABLE things ADD CONSTRAINT ck_things_positive CHECK (n >= 0)"))
    return db

"""A centre for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.database import Database
from tests.integration.escalation.centre.kit import Centre, centre


@pytest.fixture
def house(db: Database, tmp_path: Path) -> Centre:
    """At noon, nobody on duty."""
    return centre(db, tmp_path)

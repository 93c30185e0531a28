"""What files of this folder share."""

from __future__ import annotations

import pytest

from core.database import Database
from tests.integration.routing.callers import Desk


@pytest.fixture
def desk(db: Database) -> Desk:
    """Call-backs over the test's database."""
    return Desk(db)

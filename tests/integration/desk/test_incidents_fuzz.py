"""The API of incidents against its own description, asked by a supervisor: whatever is sent, it answers as it says, and never with a failure."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text

from core.database import Database
from core.settings import Settings
from tests.integration.desk.crises import crises
from tests.integration.desk.test_records_fuzz import fuzz


@pytest.mark.timeout(300)
async def test_whatever_is_sent_to_the_board_it_answers_as_described(db: Database, settings: Settings) -> None:
    """Valid and invalid requests, made from the description, to every route of incidents, cards, the ledger and alarms."""
    async with crises(db, settings) as house:
        browser, alarm = house.by["supervisor"], uuid4()
        await db.execute(text("INSERT INTO alarms (id, kind, at) VALUES (CAST(:id AS uuid), 'long_wait', now())"), {"id": str(alarm)})
        known = {"incident_id": str(await house.raised()), "alarm_id": str(alarm)}
        document = (await browser.get("/api/openapi.json")).json
        signed_in = await browser.sign_in("supervisor")
        prefixes = ("/api/incidents", "/api/partners", "/api/disclosures", "/api/alarms")
        paths = {route.path for route in house.here.desk.routes if route.path.startswith(prefixes)}
        token = signed_in.cookies["annyeong120-session"].value
        asked = await asyncio.to_thread(fuzz, house.here.url, document, token, paths, known)
        assert asked > 20

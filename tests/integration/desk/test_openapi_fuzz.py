"""The roster's API against its own description, asked by a supervisor: whatever is sent, it answers as it says, and never with a failure."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from core.database import Database
from core.settings import Settings
from tests.integration.desk.office import Office, office, on
from tests.integration.desk.test_fuzz import ROSTER, attack, schemathesis
from tests.integration.desk.test_roster_live import puppets

#: For each route; more find more, and take longer.
EXAMPLES = [4, pytest.param(16, marks=pytest.mark.soak)]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("examples", EXAMPLES)
async def test_whatever_is_sent_to_the_roster_it_answers_as_described(db: Database, settings: Settings, examples: int) -> None:
    """Valid and invalid requests, made from the description, to every route of the roster; searches are puppets."""
    async with office(db, settings, work=True, roster=puppets(db, settings, [])) as here:
        await db.execute(text("UPDATE desk_users SET counsellor_id = :id WHERE sign_in_name = 'deputy'"), {"id": here.people[2]})
        await here.edit(here.cell(2, 4, "", "D"), here.cell(1, 4, "", "E"))
        assert (await here.publish()).status == 200
        await here.first.post("/api/leaves", {"first": on(9), "last": on(9)})
        document = (await here.chief.get("/api/openapi.json")).json
        signed_in = await here.deputy.sign_in("deputy")
        token = signed_in.cookies["annyeong120-session"].value
        asked = await asyncio.to_thread(fuzz, here, document, token, examples)
        assert asked > 40


def fuzz(here: Office, document: dict[str, Any], token: str, examples: int) -> int:
    """In a thread: schemathesis waits for its answers. How often a route was attacked."""
    asked = 0
    for operations in document["paths"].values():
        for operation in operations.values():
            # We bring the session; schemathesis would try without and wonder.
            operation["security"] = []
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = found.ok()
        if operation.path.startswith(ROSTER):
            for mode in schemathesis.GenerationMode:
                # What takes nothing has nothing to be wrong.
                if mode is schemathesis.GenerationMode.POSITIVE or operation.body or operation.query or operation.path_parameters:
                    attack(operation, mode, here.here.url, token, examples=examples)
                    asked += 1
    return asked

"""The API of care against its own description, asked by a supervisor: whatever is sent, it answers as it says, and never with a failure."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.database import Database
from core.settings import Settings
from tests.integration.desk.test_fuzz import attack, schemathesis
from tests.integration.desk.whole_desk import whole_desk

#: For each route; more find more, and take longer.
EXAMPLES = 4
ROOMS = ("desk.records.", "desk.checklists.", "desk.reports.", "desk.directory.")


@pytest.mark.timeout(300)
async def test_whatever_is_sent_to_care_it_answers_as_described(db: Database, settings: Settings) -> None:
    """Valid and invalid requests, made from the description, to every route of records, plans, people, checklists, reports and the directory."""
    async with whole_desk(db, settings) as desk:
        chief = desk.by["supervisor"]
        signed_in = await chief.sign_in("supervisor")
        document = (await chief.get("/api/openapi.json")).json
        made = await chief.post("/api/records", {"channel": "manual", "number": "010-1234-5678"})
        known = {"record_id": made.json["id"], "person_id": made.json["person"]}
        paths = {route.path for route in desk.here.desk.routes if route.handler.__module__.startswith(ROOMS)}
        asked = await asyncio.to_thread(fuzz, desk.here.url, document, signed_in.cookies["annyeong120-session"].value, paths, known)
        assert asked > 80


def fuzz(url: str, document: dict[str, Any], token: str, paths: set[str], known: dict[str, str]) -> int:
    """In a thread: schemathesis waits for its answers. Half of the time about somebody who is there. How often a route was attacked."""
    asked = 0
    for operations in document["paths"].values():
        for operation in operations.values():
            # We bring the session; schemathesis would try without and wonder.
            operation["security"] = []
            for parameter in operation.get("parameters", []):
                if parameter["name"] in known:
                    parameter["schema"]["examples"] = [known[parameter["name"]]]
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = found.ok()
        if operation.path in paths:
            for mode in schemathesis.GenerationMode:
                # What takes nothing has nothing to be wrong.
                if mode is schemathesis.GenerationMode.POSITIVE or operation.body or operation.query or operation.path_parameters:
                    attack(operation, mode, url, token, examples=EXAMPLES)
                    asked += 1
    return asked

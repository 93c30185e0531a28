"""The API against its own description: whatever is sent, it answers as it says it does, and never with a failure of the program."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from core.database import Database
from core.settings import Settings
from desk.access.model import Role
from desk.routes import Route
from tests.integration.desk.kit import Served, served

schemathesis = pytest.importorskip("schemathesis")

#: For each route; more find more, and take longer.
EXAMPLES = [6, pytest.param(24, marks=pytest.mark.soak)]
CHECKS = [
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_schema_conformance,
    schemathesis.checks.negative_data_rejection,
]
#: What would end the session with which is asked.
LEFT_OUT = {("DELETE", "/api/session"), ("POST", "/api/session")}


#: Asked in test_openapi_fuzz, by who may.
ROSTER = ("/api/rosters", "/api/leaves", "/api/swaps", "/api/me")


def fuzzed(route: Route) -> bool:
    """The event stream never ends."""
    ours = route.path.startswith("/api/") and not route.path.startswith(ROSTER)
    return ours and route.path != "/api/events" and (route.method, route.path) not in LEFT_OUT


@pytest.mark.timeout(300)
@pytest.mark.parametrize("examples", EXAMPLES)
async def test_whatever_is_sent_the_api_answers_as_described(db: Database, settings: Settings, examples: int) -> None:
    """Valid and invalid requests, made from the description, to every route, as one who may do everything."""
    async with served(db, settings) as here, here.browser() as browser:
        await here.person("haneul", Role.OPERATOR)
        await here.person("gamsa", Role.AUDITOR)
        document = (await browser.get("/api/openapi.json")).json
        for name, only in (("haneul", None), ("gamsa", "/api/access-log")):
            signed_in = await browser.sign_in(name)
            token = signed_in.cookies["annyeong120-session"].value
            await asyncio.to_thread(fuzz, here, document, token, only, examples)


def fuzz(here: Served, document: dict[str, Any], token: str, only: str | None, examples: int) -> None:
    """In a thread: schemathesis waits for its answers."""
    for operations in document["paths"].values():
        for operation in operations.values():
            # We bring the session; schemathesis would try without and wonder.
            operation["security"] = []
    schema = schemathesis.openapi.from_dict(document)
    wanted = {(route.method, route.path) for route in here.desk.routes if fuzzed(route) and only in (None, route.path)}
    for found in schema.get_all_operations():
        operation = found.ok()
        if (operation.method.upper(), operation.path) in wanted:
            for mode in schemathesis.GenerationMode:
                # What takes nothing has nothing to be wrong.
                if mode is schemathesis.GenerationMode.POSITIVE or operation.body or operation.query or operation.path_parameters:
                    attack(operation, mode, here.url, token, examples=examples)


def attack(operation: Any, mode: Any, url: str, token: str, *, examples: int) -> None:  # noqa: ANN401 - schemathesis' own types
    """One route, with what the description allows, or with what it does not."""

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(settings_of_a_run, max_examples=examples)
    def run(case: Any) -> None:  # noqa: ANN401
        response = case.call(base_url=url, headers={"Origin": url, "Cookie": f"annyeong120-session={token}"})
        # Too large is refused as well, which its own list of refusals does not know.
        case.validate_response(response, checks=CHECKS[:-1] if response.status_code == 413 else CHECKS)

    run()


settings_of_a_run = settings(
    deadline=None, derandomize=True, database=None, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)  # fmt: skip

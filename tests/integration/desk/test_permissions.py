"""Every route of the desk, all rooms, asked by everybody: open exactly to whom it is said to be open."""

from __future__ import annotations

import asyncio
import re
from uuid import uuid4

from core.database import Database
from core.settings import Settings
from desk.access.model import Open, Permission, Role
from desk.routes import Route
from desk.services import Desk
from tests.integration.desk.kit import HASH, Browser
from tests.integration.desk.whole_desk import whole_desk

P = Permission
#: What stands for a part of a path that is no id.
PARTS = {"month": "2027-01", "day": "2027-01-05", "rule": "evening_day", "token": "none", "kind": "incident", "number": "1"}
COUNSELLOR, SUPERVISOR, CENTRE, COMPANION, AUDITOR, OPERATOR = Role
#: Who may what, said once more by hand: what is opened to somebody in the program must be opened here, too.
DOORS: dict[Permission, tuple[Role, ...]] = {
    P.OWN: tuple(Role),
    **dict.fromkeys((P.SHIFT_OWN, P.LEAVE_OWN, P.PLAN_READ, P.INCIDENT_READ, P.INCIDENT_ACT, P.INCIDENT_CLOSE), (COUNSELLOR, SUPERVISOR)),
    P.ROSTER_READ: (COUNSELLOR, SUPERVISOR, AUDITOR),
    P.ROSTER_DRAFT: (SUPERVISOR, AUDITOR),
    **dict.fromkeys((P.ROSTER_EDIT, P.ROSTER_PUBLISH, P.LEAVE_DECIDE, P.RECORD_UNMASK, P.PLAN_EDIT, P.PERSON_RIGHTS), (SUPERVISOR,)),
    **dict.fromkeys((P.CASE_ASSIGN, P.CENTRE_STAFF, P.INCIDENT_ALL, P.ALARM_SEEN), (SUPERVISOR,)),
    P.RECORD_READ: (COUNSELLOR, SUPERVISOR, CENTRE, COMPANION),
    **dict.fromkeys((P.RECORD_WRITE, P.CHECKLIST_USE, P.REPORT_MAKE, P.REFERRAL_MAKE), (COUNSELLOR, SUPERVISOR, CENTRE)),
    **dict.fromkeys((P.CHECKLIST_ALL, P.REPORT_WORK, P.DIRECTORY_EDIT, P.CASE_READ, P.COMPANION_MANAGE), (SUPERVISOR, CENTRE)),
    P.DIRECTORY_READ: (COUNSELLOR, SUPERVISOR, CENTRE, COMPANION),
    P.CASE_WORK: (CENTRE,),
    P.SUPPORT_OWN: (COMPANION,),
    P.LEDGER_READ: (SUPERVISOR, AUDITOR),
    P.ALARM_READ: (SUPERVISOR, OPERATOR),
    P.USER_READ: (SUPERVISOR, AUDITOR, OPERATOR),
    P.USER_EDIT: (SUPERVISOR, OPERATOR),
    P.AUDIT_READ: (AUDITOR,),
}
ANYBODY = {
    ("GET", "/api/session"),
    ("POST", "/api/session"),
    ("DELETE", "/api/session"),
    ("GET", "/api/health"),
    ("GET", "/api/openapi.json"),
}
#: Also for whoever must choose a password first.
SIGNED_IN = {("POST", "/api/session/password")}
#: Never ends, and has tests of its own.
STREAM = "/api/events"


def address(route: Route) -> str:
    """An address of the route with something in each part."""
    return re.sub(r"\{(\w+)\}", lambda part: PARTS.get(part[1], str(uuid4())), route.path)


def api_routes(desk: Desk) -> list[Route]:
    """All of the API."""
    return [route for route in desk.routes if route.path.startswith("/api/")]


async def everything(browser: Browser, routes: list[Route]) -> dict[tuple[str, str], str]:
    """Every route asked once: which problem it had, "500" for a failure of ours."""
    found: dict[tuple[str, str], str] = {}
    for route in routes:
        answer = await browser.ask(route.method, address(route))
        found[route.method, route.path] = "500" if answer.status >= 500 else answer.code
    return found


async def test_every_route_is_open_to_exactly_those_roles_that_are_named_for_it(db: Database, settings: Settings) -> None:
    """Every role, nobody, a session that is over, and who must choose a password first; all rooms."""
    async with whole_desk(db, settings) as desk:
        routes = api_routes(desk.here.desk)
        assert len(routes) > 150
        assert {(one.method, one.path) for one in routes if one.permission is Open.ANYBODY} == ANYBODY
        assert {(one.method, one.path) for one in routes if one.permission is Open.SIGNED_IN} == SIGNED_IN
        of_people = [one for one in routes if str(one.permission).startswith(("record", "plan", "person", "case", "support", "referral"))]
        assert {one.path for one in of_people if one.audit is None} == {"/api/record-words"}
        asked = [one for one in routes if one.permission is not Open.ANYBODY and one.path != STREAM]
        roles = list(Role)
        for role, found in zip(roles, await asyncio.gather(*(everything(desk.by[role], asked) for role in roles)), strict=True):
            for route in asked:
                may = isinstance(route.permission, Open) or role in DOORS[route.permission]
                code = found[route.method, route.path]
                assert (code == "forbidden") is not may, f"{role} {route.method} {route.path}: {code}"
                assert code not in {"500", "sign_in_required", "session_expired"}, f"{role} {route.method} {route.path}: {code}"
        async with desk.here.browser() as nobody, desk.here.browser() as new:
            assert set((await everything(nobody, asked)).values()) == {"sign_in_required"}
            await desk.here.desk.accounts.add(
                sign_in_name="new", name="new", role=SUPERVISOR, password_hash=HASH, one_time_until=desk.here.clock.now().replace(year=2999)
            )
            await new.sign_in("new")
            for place, code in (await everything(new, asked)).items():
                assert (code == "password_change_required") is (place not in SIGNED_IN), f"{place}: {code}"
        desk.here.manual.advance(settings.desk.session_limit_s + 1)
        assert set((await everything(desk.by["supervisor"], asked)).values()) == {"session_expired"}
        assert (await desk.by["supervisor"].get(STREAM)).code == "session_expired"

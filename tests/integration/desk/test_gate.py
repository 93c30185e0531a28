"""What every request must pass: declared routes, permission, origin, form."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp
import pytest
import structlog
from aiohttp import web
from sqlalchemy import text

from core.database import Database
from core.settings import Settings
from core.testing import ManualClock
from desk.access.model import Open, Permission
from desk.access.passwords import PasswordBook
from desk.app import UndeclaredRoute
from desk.errors import NOT_FOUND, Problem
from desk.routes import Audit, Call, File, Route, RouteError, Upload, Wire
from desk.services import Desk
from tests.integration.desk.kit import PASSWORD, QUICK, Browser, Served, desk_settings, served


async def test_a_handler_without_a_line_in_the_table_keeps_the_desk_from_starting(db: Database, settings: Settings) -> None:
    """By whatever way it got into the application."""

    async def forgotten(_: web.Request) -> web.Response:
        return web.Response()

    for way in (
        "a route",
        "a folder",
        "an application",
    ):
        app = Desk(settings, db, ManualClock(), passwords=PasswordBook(QUICK)).app()
        match way:
            case "a route":
                app.router.add_get("/api/forgotten", forgotten)
            case "a folder":
                app.router.add_static("/files", Path(__file__).parent)
            case _:
                inner = web.Application()
                inner.router.add_get("/inside", forgotten)
                app.add_subapp("/sub", inner)
        runner = web.AppRunner(app)
        with pytest.raises(UndeclaredRoute, match="nobody has said"):
            await runner.setup()
        await runner.cleanup()


class Thing(Wire):
    """What the routes of these tests read and answer."""

    count: int
    note: str = ""


class ThingApi:
    """Routes of a room, small as they come."""

    def __init__(self) -> None:
        self.seen: list[object] = []

    def routes(self) -> list[Route]:
        """Three."""
        audit = Audit(action="thing_changed", about_kind="thing", about="thing_id", detail=("note",))
        return [
            Route(method="PUT", path="/api/things/{thing_id}", handler=self.put, permission=Permission.OWN, audit=audit, body_limit=2000),
            Route(method="POST", path="/api/import", handler=self.load, permission=Permission.OWN, body_limit=2000),
            Route(method="GET", path="/api/export", handler=self.save, permission=Permission.OWN),
        ]

    async def put(self, call: Call, thing_id: UUID, body: Thing) -> Thing:
        """Change a thing."""
        if body.count == 0:
            raise Problem(NOT_FOUND, thing=str(thing_id))
        if body.count < 0:
            raise ValueError(f"about {body.note}")
        self.seen.append((thing_id, body))
        return body

    async def load(self, call: Call, upload: Upload) -> Thing:
        """Read a file."""
        return Thing(count=len(upload.data), note=upload.name)

    async def save(self, call: Call) -> File:
        """Write a file."""
        return File(name="근무표.csv", content_type="text/csv", data=b"a,b")


THING = f"/api/things/{uuid4()}"


BAD: list[tuple[bytes, dict[str, str], int, str, str | None]] = [
    (b'{"count": 1', {}, 400, "malformed", "body"),
    (b'{"count": NaN}', {}, 400, "malformed", "body"),
    (b'{"count": 1, "count": 2}', {}, 400, "malformed", "body"),
    (b"\xff\xfe", {}, 400, "malformed", "body"),
    (b"[" * 100_000, {}, 413, "too_large", None),
    (b"[" * 1900, {}, 400, "malformed", "body"),
    (b'{"count": 1' + b"0" * 1900 + b"}", {}, 422, "invalid", "body"),
    (b"[1]", {}, 422, "invalid", "body"),
    (b'{"count": "1"}', {}, 422, "invalid", "count"),
    (b'{"note": "x"}', {}, 422, "invalid", "count"),
    (b'{"count": 1, "colour": 2}', {}, 422, "invalid", "colour"),
    (b'{"count": 1, "note": "\\u0000"}', {}, 422, "invalid", "body"),
    (b'{"count": 1, "note": "\\ud800"}', {}, 422, "invalid", "body"),
    (b'{"count": 1}', {"Content-Type": "text/plain"}, 415, "wrong_content_type", "Content-Type"),
    (b"count=1", {"Content-Type": "application/x-www-form-urlencoded"}, 415, "wrong_content_type", "Content-Type"),
    (b'{"count": 1}', {"Content-Type": "application/json; charset=euc-kr"}, 415, "wrong_content_type", "Content-Type"),
    (b"", {}, 400, "malformed", "body"),
]


async def test_what_cannot_be_used_is_said_at_the_field_in_both_languages(db: Database, settings: Settings) -> None:
    """And the handler never sees it."""
    api = ThingApi()
    async with served(db, settings, apis=(api,)) as here, here.browser() as browser:
        await here.person()
        await browser.sign_in("haneul")
        for sent, headers, status, code, field in BAD:
            answer = await browser.ask("PUT", THING, data=sent, headers={"Content-Type": "application/json", **headers})
            assert (answer.status, answer.code) == (status, code), sent[:50]
            assert answer.headers["Content-Type"].startswith("application/problem+json")
            problems = [answer.json, *answer.json.get("fields", [])]
            assert all(problem["message"]["ko"] and problem["message"]["en"] for problem in problems)
            assert [problem["field"] for problem in problems[1:]] == ([field] if field else []), sent[:50]
        assert not api.seen


async def test_a_room_says_in_one_line_who_may_and_what_is_written_down(db: Database, settings: Settings) -> None:
    """Path, body, permission, access log and answer of a route; refusals stand in the log, too."""
    api = ThingApi()
    async with served(db, settings, apis=(api,)) as here, here.browser() as browser:
        user = await here.person()
        await browser.sign_in("haneul")
        done = await browser.ask("PUT", THING, {"count": 7, "note": "왜냐하면"})
        assert done.json == {"count": 7, "note": "왜냐하면"}
        refused = await browser.ask("PUT", THING, {"count": 0, "note": "b"})
        assert (refused.status, refused.code, refused.json["thing"]) == (404, "not_found", THING.rpartition("/")[2])
        assert (await browser.ask("PUT", "/api/things/7", {"count": 7})).json["fields"][0]["field"] == "path.thing_id"
        rows = await db.execute(text("SELECT * FROM access_log WHERE action = 'thing_changed' ORDER BY id"))
        assert [(row.actor, row.about, row.detail) for row in rows] == [
            (user.id, THING.rpartition("/")[2], {"note": "왜냐하면"}),
            (user.id, THING.rpartition("/")[2], {"note": "b"}),
            (user.id, THING.rpartition("/")[2], {"note": "b", "refused": "not_found"}),
        ]


async def test_a_failure_of_the_program_tells_the_page_nothing_but_its_number(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the log has no number of a caller."""
    # A command that ran in this process before may have silenced the module's own.
    monkeypatch.setattr("desk.app.log", structlog.get_logger())
    async with served(db, settings, apis=(ThingApi(),)) as here, here.browser() as browser:
        await here.person()
        await browser.sign_in("haneul")
        with structlog.testing.capture_logs() as logs:
            answer = await browser.ask("PUT", THING, {"count": -1, "note": "secret 010-1234-5678"})
        assert (answer.status, answer.code) == (500, "internal")
        assert "secret" not in answer.text
        (line,) = [line for line in logs if line["event"] == "desk_request_failed"]
        assert line["failure"] == answer.json["failure"]
        assert "secret" not in repr(line)
        assert "5678" not in repr(line)
        assert line["route"] == "/api/things/{thing_id}"


async def test_nothing_is_done_when_the_access_log_cannot_be_written(db: Database, settings: Settings) -> None:
    """No row, no access."""
    api = ThingApi()
    async with served(db, settings, apis=(api,)) as here, here.browser() as browser:
        await here.person()
        await browser.sign_in("haneul")
        await db.execute(text("UPDATE access_log_head SET last = last + 1"))
        assert (await browser.ask("PUT", THING, {"count": 7})).status == 500
        assert not api.seen


async def test_files_come_in_and_go_out(db: Database, settings: Settings) -> None:
    """One part named `file`, of a limited size; a Korean name survives."""
    async with served(db, settings, apis=(ThingApi(),)) as here, here.browser() as browser:
        await here.person()
        await browser.sign_in("haneul")

        def form(name: str, size: int) -> aiohttp.FormData:
            data = aiohttp.FormData(quote_fields=False)
            data.add_field(name, b"x" * size, filename="근무표.xlsx")
            return data

        assert (await browser.ask("POST", "/api/import", data=form("file", 1000))).json == {"count": 1000, "note": "근무표.xlsx"}
        assert (await browser.ask("POST", "/api/import", data=form("file", 3000))).code == "too_large"
        assert (await browser.ask("POST", "/api/import", data=form("other", 10))).code == "invalid"
        broken = await browser.ask("POST", "/api/import", data=b"nothing", headers={"Content-Type": "multipart/form-data; boundary=x"})
        assert broken.status in (400, 422)
        assert (await browser.ask("POST", "/api/import", {"file": "x"})).code == "wrong_content_type"
        saved = await browser.get("/api/export")
        assert saved.text == "a,b"
        assert saved.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''%EA")


ORIGINS: list[tuple[str | None, dict[str, str], bool]] = [
    ("own", {}, True),
    ("own", {"Sec-Fetch-Site": "same-origin"}, True),
    (None, {"Sec-Fetch-Site": "same-origin"}, True),
    ("https://evil.example", {}, False),
    ("https://evil.example", {"Sec-Fetch-Site": "cross-site"}, False),
    ("null", {}, False),
    (None, {}, False),
    (None, {"Sec-Fetch-Site": "cross-site"}, False),
    (None, {"Sec-Fetch-Site": "same-site"}, False),
    (None, {"Sec-Fetch-Site": "none"}, False),
    ("own", {"Sec-Fetch-Site": "cross-site"}, False),
]


async def test_a_change_comes_from_our_own_pages_only(desk: Served, browser: Browser) -> None:
    """Cross-site request forgery: with the cookie, from another site, from another port, from nowhere."""
    user = await desk.person()
    await browser.sign_in("haneul")
    for origin, headers, passes in [*ORIGINS, ("http://127.0.0.1:1", {}, False)]:
        await desk.desk.accounts.change(user.id, {"language": "ko"})
        answer = await browser.ask("PUT", "/api/session/language", {"language": "en"}, origin=origin, headers=headers)
        assert (answer.status, answer.code) == ((200, "") if passes else (403, "origin_refused")), (origin, headers)
        assert (await browser.get("/api/session")).json["language"] == ("en" if passes else "ko")


async def test_another_site_cannot_sign_anybody_in_or_out_or_read(desk: Served, browser: Browser) -> None:
    """Nor have the API answer to a script of its own."""
    await desk.person()
    evil = "https://evil.example"
    assert (await browser.post("/api/session", {"name": "haneul", "password": PASSWORD}, origin=evil)).code == "origin_refused"
    await browser.sign_in("haneul")
    assert (await browser.ask("DELETE", "/api/session", origin=evil)).code == "origin_refused"
    assert (await browser.get("/api/users", headers={"Sec-Fetch-Site": "cross-site"})).code == "origin_refused"
    answer = await browser.get("/api/users", headers={"Origin": evil})
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_every_answer_says_what_may_be_loaded_and_nothing_inline(desk: Served, browser: Browser) -> None:
    """Pages, API, errors, and what does not exist."""
    for path in ("/", "/roster/2026-03", "/api/health", "/api/users", "/api/nothing", "/nothing.js"):
        headers = (await browser.get(path)).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "*" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert "Python" not in headers["Server"]


async def test_what_is_not_there_is_answered_in_the_same_form(desk: Served, browser: Browser) -> None:
    """404 and 405, for the API as problems with a code."""
    assert (await browser.get("/api/nothing")).code == "not_found"
    assert (await browser.get("/api")).code == "not_found"
    wrong = await browser.ask("PUT", "/api/session", {})
    assert (wrong.status, wrong.code) == (405, "method_not_allowed")
    assert set(wrong.headers["Allow"].replace(" ", "").split(",")) >= {"GET", "POST", "DELETE"}
    assert (await browser.get("/api/health?x=1")).code == "invalid"


def test_routes_that_say_too_little_are_refused(desk_tmp: Desk) -> None:
    """At the start, not when somebody calls them."""

    async def no_answer(call: Call):  # type: ignore[no-untyped-def]  # noqa: ANN202
        return None

    async def no_call(month: str) -> None:
        return None

    async def more(call: Call, colour: str) -> None:
        return None

    async def body_is_no_model(call: Call, body: dict[str, str]) -> None:
        return None

    async def good(call: Call) -> None:
        return None

    for handler, path in (
        (no_answer, "/api/a"),
        (no_call, "/api/{month}"),
        (more, "/api/b"),
        (body_is_no_model, "/api/c"),
        (good, "/api/{d}"),
    ):
        desk_tmp.routes = [Route(method="GET", path=path, handler=handler, permission=Permission.OWN)]
        with pytest.raises(RouteError):
            desk_tmp.app()
    for permission in (None, "own", ""):
        desk_tmp.routes = [Route(method="GET", path="/api/a", handler=good, permission=permission)]  # type: ignore[arg-type]
        with pytest.raises(RouteError, match="not a permission"):
            desk_tmp.app()
    desk_tmp.routes = [Route(method="GET", path="/api/a", handler=good, permission=Open.ANYBODY, audit="read")]
    with pytest.raises(RouteError, match="access log"):
        desk_tmp.app()
    desk_tmp.routes = [Route(method="GET", path="/api/a", handler=good, permission=Permission.OWN)] * 2
    with pytest.raises(RouteError, match="twice"):
        desk_tmp.app()


@pytest.fixture
def desk_tmp(tmp_path: Path) -> Desk:
    """A desk that is not served and asks no database."""
    return Desk(desk_settings(tmp_path), None, ManualClock(), passwords=PasswordBook(QUICK))  # type: ignore[arg-type]


async def test_the_description_says_of_every_route_what_it_reads_and_answers(desk: Served, browser: Browser) -> None:
    """OpenAPI 3.1, made from the table."""
    document = (await browser.get("/api/openapi.json")).json
    assert document["openapi"] == "3.1.0"
    for route in desk.desk.routes:
        if route.path.startswith("/api/"):
            operation = document["paths"][route.path][route.method.lower()]
            assert operation["x-permission"] == str(route.permission)
            assert operation["summary"]
    new = document["paths"]["/api/session"]["post"]
    assert new["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/NewSession"}
    assert document["components"]["schemas"]["NewSession"]["additionalProperties"] is False
    (part,) = document["paths"]["/api/users/{user_id}"]["patch"]["parameters"]
    assert (part["name"], part["in"], part["schema"]["format"]) == ("user_id", "path", "uuid")
    text_of = json.dumps(document)
    for reference in set(text_of.split('"$ref": "#/components/schemas/')[1:]):
        assert reference.partition('"')[0] in document["components"]["schemas"]


async def test_without_a_database_the_api_says_so_and_the_pages_come(db: Database, settings: Settings) -> None:
    """What was typed can be kept until it is back."""
    async with served(db, settings) as here, here.browser() as browser:
        await here.person()
        await browser.sign_in("haneul")
        db._refusing = True
        answer = await browser.get("/api/users")
        assert (answer.status, answer.code) == (503, "database_away")
        assert (await browser.get("/api/health")).status == 200
        db._refusing = False
        assert (await browser.get("/api/users")).status == 200

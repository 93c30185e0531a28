"""The gate that every request passes: origin, session, permission, form, access log; then the handler; then the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import quote

import structlog
from aiohttp import web
from pydantic import BaseModel

from core.audit import Access, AccessLog, Detail
from core.errors import AnnyeongError
from desk.access.model import Actor, Open
from desk.access.sessions import Sessions
from desk.cookies import Cookies
from desk.errors import FORBIDDEN, ORIGIN_REFUSED, PASSWORD_CHANGE_REQUIRED, SESSION_EXPIRED, SIGN_IN_REQUIRED, Problem
from desk.reading import expect_nothing, read_json, read_query, read_strings, read_upload
from desk.routes import Audit, Call, File, Route, Shape, shape_of
from desk.source import Sources

log = structlog.get_logger()

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
Inside = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Gate:
    """Makes a route's handler into one that serves requests."""

    def __init__(self, sessions: Sessions, audit: AccessLog, cookies: Cookies, sources: Sources, origins: frozenset[str]) -> None:
        self._sessions = sessions
        self._audit = audit
        self._cookies = cookies
        self._sources = sources
        self._origins = origins

    def before(self, route: Route) -> Inside:
        """The handler behind the gate. Raises RouteError for a route that is not declared as it must be."""
        shape = shape_of(route)

        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._pass(route, shape, request)

        return handle

    async def _pass(self, route: Route, shape: Shape, request: web.Request) -> web.StreamResponse:
        self._check_origin(route, request)
        actor = await self._admitted(route, request)
        call = Call(
            request,
            actor=actor,
            source=self._sources.of(request),
            session_token=self._cookies.session(request),
            device_token=self._cookies.device(request),
        )
        arguments = await self._arguments(route, shape, request)
        await self._write_down(route, actor, arguments)
        try:
            answer = await route.handler(call, **arguments)
        except AnnyeongError as error:
            await self._write_refusal(route, actor, arguments, error)
            raise
        response = _response(answer, route.status)
        for change in call.when_answered:
            change(response)
        return response

    def _check_origin(self, route: Route, request: web.Request) -> None:
        """A change comes from our own pages and nowhere else: browsers say where from, and whoever does not say is refused, too."""
        site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
        if request.method in _SAFE:
            if request.path.startswith("/api/") and site in ("cross-site", "same-site"):
                raise Problem(ORIGIN_REFUSED)
            return
        by_origin = origin is None or origin.lower() in self._origins
        by_site = site == "same-origin" or (site is None and origin is not None)
        if not (by_origin and by_site):
            log.warning("desk_origin_refused", route=route.path)
            raise Problem(ORIGIN_REFUSED)

    async def _admitted(self, route: Route, request: web.Request) -> Actor | None:
        if route.permission is Open.ANYBODY:
            return None
        token = self._cookies.session(request)
        if token is None:
            raise Problem(SIGN_IN_REQUIRED)
        actor = await self._sessions.find(token, active=route.active)
        if actor is None:
            raise Problem(SESSION_EXPIRED)
        if not actor.may(route.permission):
            raise Problem(PASSWORD_CHANGE_REQUIRED if actor.must_change_password else FORBIDDEN)
        return actor

    async def _arguments(self, route: Route, shape: Shape, request: web.Request) -> dict[str, object]:
        arguments: dict[str, object] = {}
        if shape.path is not None:
            path = read_strings(shape.path, {name: request.match_info[name] for name in shape.path_names}, "path")
            arguments |= {name: getattr(path, name) for name in shape.path_names}
        query = read_query(request, shape.query) if request.path.startswith("/api/") else None
        if shape.query is not None:
            arguments["query"] = query
        if shape.body is not None:
            arguments["body"] = await read_json(request, shape.body, route.body_limit)
        elif shape.upload:
            arguments["upload"] = await read_upload(request, route.body_limit)
        else:
            expect_nothing(request)
        return arguments

    async def _write_down(self, route: Route, actor: Actor | None, arguments: dict[str, object], refused: str = "") -> None:
        if route.audit is None or actor is None:
            return
        audit = Audit(action=route.audit) if isinstance(route.audit, str) else route.audit
        body = arguments.get("body")
        detail: dict[str, str | int | bool | None] = {name: _plain(getattr(body, name, None)) for name in audit.detail}
        if refused:
            detail["refused"] = refused
        about = str(arguments.get(audit.about, ""))
        await self._audit.write(_access(audit, actor, about, detail))

    async def _write_refusal(self, route: Route, actor: Actor | None, arguments: dict[str, object], error: AnnyeongError) -> None:
        reason = error.kind.code if isinstance(error, Problem) else type(error).__name__
        try:
            await self._write_down(route, actor, arguments, refused=reason)
        except AnnyeongError:
            # The first row says that it was tried; the error itself is the answer.
            log.warning("desk_refusal_not_written")


def _access(audit: Audit, actor: Actor, about: str, detail: Detail) -> Access:
    return Access(action=audit.action, actor=actor.user_id, about_kind=audit.about_kind, about=about, detail=detail)


def _plain(value: object) -> str | int | bool | None:
    return value if isinstance(value, str | int | bool) or value is None else str(value)


def _response(answer: object, status: int) -> web.StreamResponse:
    match answer:
        case web.StreamResponse():
            return answer
        case BaseModel():
            return web.Response(status=status, body=answer.model_dump_json().encode(), content_type="application/json", charset="utf-8")
        case File():
            kind = "inline" if answer.inline else "attachment"
            return web.Response(
                body=answer.data,
                headers={"Content-Type": answer.content_type, "Content-Disposition": f"{kind}; filename*=UTF-8''{quote(answer.name)}"},
            )
        case _:
            return web.Response(status=204)

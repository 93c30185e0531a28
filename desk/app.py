"""The application: the route table behind the gate, and nothing beside it."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable, Sequence

import structlog
from aiohttp import web

from core.errors import DatabaseUnavailable
from core.ids import new_id
from desk import errors
from desk.access.line import Busy
from desk.errors import Problem
from desk.gate import Gate, Inside
from desk.headers import secured
from desk.routes import Route, RouteError

log = structlog.get_logger()

#: What stands in front of a handler's own body limit; bytes.
_MOST_BYTES = 64 * 1024 * 1024
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class UndeclaredRoute(RouteError):
    """A handler has no line in the route table, so nobody has said who may call it."""


def desk_app(routes: Sequence[Route], gate: Gate, *, secure: bool, closing: Callable[[], Awaitable[None]] | None = None) -> web.Application:
    """The application with exactly these routes; `closing` is called before the last requests are waited for.

    Raises RouteError. A handler that is added to the application by another way keeps it from starting (UndeclaredRoute).
    """
    app = web.Application(middlewares=[_answered], client_max_size=_MOST_BYTES)
    declared: set[Inside] = set()
    seen: set[tuple[str, str]] = set()
    for route in routes:
        if (route.method, route.path) in seen:
            raise RouteError(f"{route.method} {route.path} is there twice")
        seen.add((route.method, route.path))
        handler = gate.before(route)
        declared.add(handler)
        app.router.add_route(route.method, route.path, handler)
        if route.method == "GET" and not route.path.startswith("/api/"):
            app.router.add_route("HEAD", route.path, handler)

    async def check(_: web.Application) -> None:
        for found in app.router.routes():
            if found.handler not in declared:
                name = found.resource.canonical if found.resource else "?"
                raise UndeclaredRoute(f"{found.method} {name}: nobody has said who may call it")

    async def close(_: web.Application) -> None:
        if closing is not None:
            await closing()

    app.on_startup.append(check)
    app.on_shutdown.append(close)
    app.on_response_prepare.append(secured(secure))
    return app


@web.middleware
async def _answered(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Every failure is an answer of one form, and none shows what was sent or how the program is made."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response()
    except DatabaseUnavailable:
        return Problem(errors.DATABASE_AWAY, headers={"Retry-After": "2"}).response()
    except Busy:
        return Problem(errors.BUSY, headers={"Retry-After": "2"}).response()
    except web.HTTPMethodNotAllowed as error:
        return Problem(errors.METHOD_NOT_ALLOWED, headers={"Allow": error.headers.get("Allow", "")}).response()
    except web.HTTPRequestEntityTooLarge:
        return Problem(errors.TOO_LARGE).response()
    except web.HTTPNotFound:
        return Problem(errors.NOT_FOUND).response()
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return Problem(errors.MALFORMED if error.status < 500 else errors.INTERNAL).response()
    except Exception as error:  # noqa: BLE001 - whatever it is, the page gets an answer
        number = new_id()
        resource = request.match_info.route.resource
        # Where it happened, and of what kind; what the exception says may quote a person.
        log.error(
            "desk_request_failed",
            route=resource.canonical if resource else "",
            method=request.method,
            failure=str(number),
            error=type(error).__name__,
            stack="".join(traceback.format_tb(error.__traceback__)),
        )
        return Problem(errors.INTERNAL, failure=str(number)).response()

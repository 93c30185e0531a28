"""Routes of the desk: what a room's API is written with.

    class RosterApi:
        def routes(self) -> list[Route]:
            return [Route(method="POST", path="/api/rosters/{month}/edits", handler=self.edit, permission=Permission.ROSTER_EDIT, audit="roster_edited")]

        async def edit(self, call: Call, month: Month, body: Edits) -> Edited:
            "What the API's description says of it."

A handler's arguments say what is read: those named in the path, `body` (a `Wire` model), `query` (another), `upload` (a file); its return says
what is answered: a `Wire` model (JSON), None (204), a `File`, or a `web.StreamResponse` of its own. Anything else does not start. Who may call it, and
what the access log says, stand in the route; there is no default for the permission.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_type_hints

from aiohttp import web
from pydantic import BaseModel, ConfigDict, create_model

from core.errors import AnnyeongError
from desk.access.model import Actor, Open, Permission
from desk.errors import ProblemKind

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Handler = Callable[..., Awaitable[object]]

#: Enough for a month's edits; routes that take more say so. Bytes.
BODY_LIMIT = 256 * 1024
#: For what people write: what is too long is to be told so at its field, not cut off by the door (100,000 characters, each as \\uXXXX).
TEXT_LIMIT = 1024 * 1024
_PATH_NAME = re.compile(r"\{(\w+)(?::[^{}]*)?\}")


class RouteError(AnnyeongError):
    """A route is not declared as it must be."""


class Wire(BaseModel):
    """What is read or answered: unknown fields are refused, and a text is not taken for a number."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Loose(BaseModel):
    """What stands in an address, where everything is text."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file as an answer."""

    name: str
    content_type: str
    data: bytes
    #: Shown in the page instead of being saved.
    inline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that was sent, as the one part of `multipart/form-data` named `file`."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What the access log says of a call: the action, whose object it is, which fields of the body are reasons to be kept."""

    action: str
    about_kind: str = ""
    #: A name in the path.
    about: str = ""
    detail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One line of the table."""

    method: Method
    path: str
    handler: Handler
    permission: Permission | Open
    #: Written before the handler runs; a refusal by the handler is written after it.
    audit: Audit | str | None = None
    status: int = 200
    body_limit: int = BODY_LIMIT
    #: Which of its own problems it may answer with.
    problems: tuple[ProblemKind, ...] = ()
    #: Whether calling it is something the person does; what a page does by itself must not keep a session alive.
    active: bool = True


class Call:
    """One request, admitted. What it may need besides its typed arguments."""

    def __init__(
        self, request: web.Request, *, actor: Actor | None, source: str, session_token: str | None, device_token: str | None
    ) -> None:
        self.request = request
        #: From where; only for counting attempts, never to be stored.
        self.source = source
        self.session_token = session_token
        self.device_token = device_token
        self._actor = actor
        self.when_answered: list[Callable[[web.StreamResponse], None]] = []

    @property
    def actor(self) -> Actor:
        """Who asks. Only for routes that ask for more than `Open.ANYBODY`."""
        if self._actor is None:
            raise RouteError("a route that is open to anybody has no actor")
        return self._actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a handler reads and answers, from its annotations."""

    path: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    upload: bool = False
    #: BaseModel, None, File or StreamResponse.
    answer: type | None = None
    path_names: tuple[str, ...] = field(default=())


def shape_of(route: Route) -> Shape:
    """Read the annotations. Raises RouteError."""
    name = f"{route.method} {route.path}"
    hints: Mapping[str, object] = get_type_hints(route.handler, include_extras=True)
    if not inspect.iscoroutinefunction(route.handler):
        raise RouteError(f"{name}: the handler must be an async function")
    if not isinstance(route.permission, Permission | Open):
        raise RouteError(f"{name}: {route.permission!r} is not a permission")
    if route.audit is not None and route.permission is Open.ANYBODY:
        raise RouteError(f"{name}: who is not signed in can't stand in the access log")
    if "return" not in hints:
        raise RouteError(f"{name}: the handler does not say what it answers")
    names = tuple(_PATH_NAME.findall(route.path))
    parameters = [parameter for parameter in inspect.signature(route.handler).parameters if parameter != "self"]
    if not parameters or hints.get(parameters[0]) is not Call:
        raise RouteError(f"{name}: the handler's first argument must be the call")
    unknown = set(parameters[1:]) - set(names) - {"body", "query", "upload"}
    if unknown or set(names) - set(parameters):
        raise RouteError(f"{name}: path and arguments differ: {sorted(unknown | (set(names) - set(parameters)))}")
    answer = hints["return"]
    if answer is type(None):
        answer = None
    elif not (isinstance(answer, type) and issubclass(answer, BaseModel | File | web.StreamResponse)):
        raise RouteError(f"{name}: the handler must answer a model, a file, a response or nothing")
    fields: dict[str, tuple[object, object]] = {item: (hints[item], ...) for item in names}
    return Shape(
        path=create_model(f"{route.handler.__name__}_path", __base__=Loose, **fields) if fields else None,  # type: ignore[call-overload]
        query=_model(name, hints, "query", Loose),
        body=_model(name, hints, "body", Wire),
        upload=hints.get("upload") is Upload,
        answer=answer,
        path_names=names,
    )


def _model(route: str, hints: Mapping[str, object], name: str, base: type[BaseModel]) -> type[BaseModel] | None:
    if name not in hints:
        return None
    found = hints[name]
    if not (isinstance(found, type) and issubclass(found, base)):
        raise RouteError(f"{route}: {name} must be a {base.__name__}")
    return found

"""The API's description, OpenAPI 3.1, made from the route table; so it can't say anything else than what is served."""

from __future__ import annotations

import re
from collections.abc import Sequence
from inspect import getdoc
from typing import Any

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from desk.access.model import Open
from desk.errors import COMMON, ProblemKind
from desk.routes import File, Route, Shape, shape_of

_PATTERN = re.compile(r"\{(\w+):[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")
_TEXT = {"type": "object", "required": ["ko", "en"], "properties": {"ko": {"type": "string"}, "en": {"type": "string"}}}
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "code", "message"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "message": _TEXT,
        "fields": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {"field": {"type": "string"}, "code": {"type": "string"}, "message": _TEXT},
            },
        },
    },
}


def description(routes: Sequence[Route], *, version: str, session_cookie: str) -> dict[str, object]:
    """The whole document. Pages are not in it."""
    api = [(route, shape_of(route)) for route in routes if route.path.startswith("/api/")]
    models: list[tuple[type[BaseModel], Any]] = []
    for _, shape in api:
        models += [(model, "validation") for model in (shape.body, shape.query, shape.path) if model is not None]
        if isinstance(shape.answer, type) and issubclass(shape.answer, BaseModel):
            models.append((shape.answer, "serialization"))
    names, definitions = models_json_schema(models, ref_template="#/components/schemas/{model}")
    schemas = {**definitions.get("$defs", {}), "Problem": _PROBLEM}
    paths: dict[str, dict[str, object]] = {}
    for route, shape in api:
        paths.setdefault(_plain(route.path), {})[route.method.lower()] = _operation(route, shape, names, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "외로움안녕120 desk", "version": version},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": session_cookie}},
        },
    }


def _plain(path: str) -> str:
    """The path without patterns of its parts."""
    return _PATTERN.sub(r"{\1}", path)


def _operation(route: Route, shape: Shape, names: Any, schemas: dict[str, Any]) -> dict[str, object]:  # noqa: ANN401 - JSON schema
    text = getdoc(route.handler) or ""
    slug = _plain(route.path).removeprefix("/api")
    operation: dict[str, object] = {
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()}{slug}").strip("_"),
        "summary": text.partition("\n")[0],
        "description": text,
        "x-permission": str(route.permission),
        "security": [] if route.permission is Open.ANYBODY else [{"session": []}],
        "responses": _responses(route, shape, names),
    }
    parameters = _parameters(shape.path, "path", names, schemas) + _parameters(shape.query, "query", names, schemas)
    if parameters:
        operation["parameters"] = parameters
    if shape.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": names[shape.body, "validation"]}}}
    elif shape.upload:
        form = {
            "type": "object",
            "required": ["file"],
            "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
        }
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    return operation


def _responses(route: Route, shape: Shape, names: Any) -> dict[str, object]:  # noqa: ANN401 - JSON schema
    if shape.answer is None:
        found: dict[str, object] = {"204": {"description": "Done."}}
    elif issubclass(shape.answer, BaseModel):
        schema = names[shape.answer, "serialization"]
        found = {str(route.status): {"description": "The answer.", "content": {"application/json": {"schema": schema}}}}
    elif issubclass(shape.answer, File):
        found = {"200": {"description": "A file.", "content": {"*/*": {}}}}
    elif issubclass(shape.answer, web.Response):
        found = {"200": {"description": "The document.", "content": {"application/json": {}}}}
    else:
        found = {"200": {"description": "A stream.", "content": {"text/event-stream": {}}}}
    kinds: dict[int, list[ProblemKind]] = {}
    for kind in (*COMMON, *route.problems):
        kinds.setdefault(kind.status, []).append(kind)
    for status, several in sorted(kinds.items()):
        found[str(status)] = {
            "description": "; ".join(f"`{kind.code}`: {kind.en}" for kind in several),
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return found


def _parameters(model: type[BaseModel] | None, where: str, names: Any, schemas: dict[str, Any]) -> list[dict[str, object]]:  # noqa: ANN401
    if model is None:
        return []
    # What stands in an address has no model of its own in the document.
    schema = schemas[names[model, "validation"]["$ref"].rpartition("/")[2]]
    required = schema.get("required", [])
    return [
        {"name": name, "in": where, "required": where == "path" or name in required, "schema": field}
        for name, field in schema.get("properties", {}).items()
    ]

"""Reading what was sent: limits, types, strict JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping

from aiohttp import BodyPartReader, web
from aiohttp.http import HttpProcessingError
from pydantic import BaseModel, ValidationError

from desk.errors import INVALID, MALFORMED, TOO_LARGE, WRONG_CONTENT_TYPE, Problem
from desk.routes import Upload
from desk.validation import field_errors, one

#: A month of edits has four levels.
MAX_DEPTH = 32


async def read_json(request: web.Request, model: type[BaseModel], limit: int) -> BaseModel:
    """The body as a model. Raises Problem."""
    _expect(request, "application/json")
    raw = await _read(request, limit)
    try:
        value = json.loads(raw.decode(), parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise Problem(MALFORMED, fields=one("body", "json", "JSON 이 아닙니다.", "This is not JSON.")) from None
    if problem := _unstorable(value):
        raise Problem(
            INVALID,
            fields=one(problem, "text", "쓸 수 없는 글자나 숫자가 있습니다.", "There is a character or a number that can't be used."),
        )
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise Problem(INVALID, fields=field_errors(error)) from None


async def read_upload(request: web.Request, limit: int) -> Upload:
    """The one file. Raises Problem."""
    _expect(request, "multipart/form-data")
    if request.content_length is not None and request.content_length > limit:
        raise Problem(TOO_LARGE)
    try:
        part = await (await request.multipart()).next()
        if not isinstance(part, BodyPartReader) or part.name != "file":
            raise Problem(INVALID, fields=one("file", "missing", "파일이 없습니다.", "There is no file."))
        data = bytearray()
        while chunk := await part.read_chunk(65536):
            data += chunk
            if len(data) > limit:
                raise Problem(TOO_LARGE)
    except (ValueError, AssertionError, RuntimeError, UnicodeError, HttpProcessingError):
        raise Problem(MALFORMED) from None
    return Upload(name=part.filename or "", data=bytes(data))


def read_strings(model: type[BaseModel], values: Mapping[str, str], where: str) -> BaseModel:
    """Path or query as a model. Raises Problem."""
    if _unstorable(dict(values)):
        raise Problem(
            INVALID, fields=one(where, "text", "쓸 수 없는 글자나 숫자가 있습니다.", "There is a character or a number that can't be used.")
        )
    try:
        return model.model_validate_strings(dict(values))
    except ValidationError as error:
        raise Problem(INVALID, fields=field_errors(error, where)) from None


def read_query(request: web.Request, model: type[BaseModel] | None) -> BaseModel | None:
    """The query as a model. Raises Problem, also for one where none is expected, or one with a name twice."""
    if model is None:
        if request.query:
            raise Problem(
                INVALID, fields=one("query", "extra_forbidden", "이 주소에는 조건을 붙일 수 없습니다.", "This address takes no query.")
            )
        return None
    if len(set(request.query)) < len(request.query):
        raise Problem(INVALID, fields=one("query", "twice", "같은 이름이 두 번 있습니다.", "A name is there twice."))
    return read_strings(model, request.query, "query")


def expect_nothing(request: web.Request) -> None:
    """Raises Problem for a body where none is expected."""
    if request.can_read_body and request.content_length != 0:
        raise Problem(INVALID, fields=one("body", "extra_forbidden", "내용을 보낼 수 없는 요청입니다.", "This request takes no body."))


def _expect(request: web.Request, content_type: str) -> None:
    # A missing header is read as application/octet-stream.
    if request.content_type != content_type or (request.charset or "utf-8").lower() not in ("utf-8", "utf8"):
        fields = one("Content-Type", "content_type", f"{content_type} 이어야 합니다.", f"It must be {content_type}.")
        raise Problem(WRONG_CONTENT_TYPE, fields=fields)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        # A small body could unpack to a large one.
        raise Problem(
            WRONG_CONTENT_TYPE, fields=one("Content-Encoding", "encoding", "압축하지 않고 보내세요.", "Send it without compression.")
        )


async def _read(request: web.Request, limit: int) -> bytes:
    if request.content_length is not None and request.content_length > limit:
        raise Problem(TOO_LARGE, limit=limit)
    data = bytearray()
    async for chunk in request.content.iter_chunked(65536):
        data += chunk
        if len(data) > limit:
            raise Problem(TOO_LARGE, limit=limit)
    return bytes(data)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice")
    return found


def _unstorable(value: object, where: str = "body", depth: int = 0) -> str:
    """Where there is what PostgreSQL can't take (NUL, half a character, more than 64 bits), or too deep a nesting; "" if nowhere."""
    if depth > MAX_DEPTH:
        return where
    match value:
        case str():
            return where if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value) else ""
        case bool():
            return ""
        case int():
            return where if abs(value) >= 2**63 else ""
        case dict():
            return next(
                (
                    found
                    for item in value
                    for found in (_unstorable(item, where, depth + 1), _unstorable(value[item], where, depth + 1))
                    if found
                ),
                "",
            )
        case list():
            return next((found for item in value if (found := _unstorable(item, where, depth + 1))), "")
        case _:
            return ""

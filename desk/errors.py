"""What goes wrong, as the page gets it: `application/problem+json` (RFC 9457) with a code for programs and a sentence in Korean and English.

A room's API adds kinds of its own: `EDITED_MEANWHILE = ProblemKind(409, "edited_meanwhile", "…", "…")`, then
`raise Problem(EDITED_MEANWHILE, version=7)`; what is given by name stands beside the code in the answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from core.errors import AnnyeongError


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A kind of problem: HTTP status, code, and what a person reads."""

    status: int
    code: str
    ko: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """What is wrong with one value that was sent; `field` like `changes.3.day`."""

    field: str
    code: str
    ko: str
    en: str


class Problem(AnnyeongError):
    """A request can't be served."""

    def __init__(
        self, kind: ProblemKind, *, fields: Sequence[FieldError] = (), headers: Mapping[str, str] | None = None, **more: object
    ) -> None:
        super().__init__(kind.en)
        self.kind = kind
        self.fields = tuple(fields)
        self.headers = dict(headers or {})
        #: What the page needs besides the code.
        self.more = more

    def response(self) -> web.Response:
        """The answer."""
        kind = self.kind
        body: dict[str, object] = {
            "type": f"urn:annyeong120:{kind.code}",
            "title": kind.en,
            "status": kind.status,
            "code": kind.code,
            "message": {"ko": kind.ko, "en": kind.en},
        }
        if self.fields:
            body["fields"] = [
                {"field": error.field, "code": error.code, "message": {"ko": error.ko, "en": error.en}} for error in self.fields
            ]
        return web.Response(
            status=kind.status,
            body=json.dumps({**body, **self.more}, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/problem+json", "Cache-Control": "no-store", **self.headers},
        )


SIGN_IN_REQUIRED = ProblemKind(401, "sign_in_required", "먼저 로그인하세요.", "Sign in first.")
SESSION_EXPIRED = ProblemKind(
    401,
    "session_expired",
    "로그인이 만료되었습니다. 다시 로그인하면 이어서 할 수 있습니다.",
    "Your session has ended. Sign in again to go on.",
)
SIGN_IN_REFUSED = ProblemKind(401, "sign_in_refused", "이름이나 비밀번호가 맞지 않습니다.", "Name or password are not right.")
CODE_REQUIRED = ProblemKind(401, "code_required", "인증 앱의 숫자 6자리를 입력하세요.", "Enter the six digits of your authenticator.")
CODE_WRONG = ProblemKind(
    401,
    "code_wrong",
    "인증 숫자가 맞지 않거나 이미 쓰였습니다. 다음 숫자를 기다려 입력하세요.",
    "This code is wrong or was used already. Wait for the next one.",
)
PASSWORD_WRONG = ProblemKind(403, "password_wrong", "지금 비밀번호가 맞지 않습니다.", "Your current password is not right.")
PASSWORD_CHANGE_REQUIRED = ProblemKind(
    403, "password_change_required", "먼저 새 비밀번호를 정하세요.", "Choose a password of your own first."
)
TOO_MANY_ATTEMPTS = ProblemKind(
    429, "too_many_attempts", "잘못된 시도가 너무 많았습니다. 잠시 뒤에 다시 하세요.", "Too many wrong attempts. Try again later."
)
BUSY = ProblemKind(503, "busy", "지금 요청이 너무 많습니다. 잠시 뒤에 다시 하세요.", "Too many requests at this moment. Try again shortly.")
FORBIDDEN = ProblemKind(403, "forbidden", "이 일을 할 권한이 없습니다.", "You may not do this.")
ORIGIN_REFUSED = ProblemKind(
    403, "origin_refused", "다른 사이트에서 온 요청이라 받지 않았습니다.", "Refused: this request came from another site."
)
NOT_FOUND = ProblemKind(404, "not_found", "찾을 수 없습니다.", "There is nothing here.")
METHOD_NOT_ALLOWED = ProblemKind(405, "method_not_allowed", "이 주소에서는 할 수 없는 동작입니다.", "This address does not do that.")
TOO_LARGE = ProblemKind(413, "too_large", "보낸 내용이 너무 큽니다.", "What was sent is too large.")
WRONG_CONTENT_TYPE = ProblemKind(415, "wrong_content_type", "보낸 내용의 형식이 맞지 않습니다.", "What was sent is of the wrong type.")
MALFORMED = ProblemKind(400, "malformed", "보낸 내용을 읽을 수 없습니다.", "What was sent can't be read.")
INVALID = ProblemKind(422, "invalid", "맞지 않는 값이 있습니다.", "Some values are not right.")
WEAK_PASSWORD = ProblemKind(422, "weak_password", "이 비밀번호는 쓸 수 없습니다.", "This password can't be used.")
NAME_TAKEN = ProblemKind(409, "name_taken", "이미 쓰는 로그인 이름입니다.", "Somebody signs in by this name already.")
TOO_MANY_STREAMS = ProblemKind(
    429, "too_many_streams", "열린 화면이 너무 많습니다. 다른 창을 닫으세요.", "Too many open pages. Close some."
)
DATABASE_AWAY = ProblemKind(
    503,
    "database_away",
    "데이터베이스에 연결할 수 없습니다. 입력한 것은 그대로 두고 잠시 뒤 다시 하세요.",
    "The database can't be reached. Keep what you typed and try again shortly.",
)
INTERNAL = ProblemKind(
    500, "internal", "프로그램에 문제가 있습니다. 기록해 두었습니다.", "Something is wrong with the program. It was written down."
)

#: What any route may answer with.
COMMON = (MALFORMED, SIGN_IN_REQUIRED, FORBIDDEN, NOT_FOUND, TOO_LARGE, WRONG_CONTENT_TYPE, INVALID, DATABASE_AWAY)

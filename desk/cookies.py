"""The two cookies: the session, and what makes a browser known. No script can read them, no other site can have them sent."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from desk.access.sessions import DEVICE_KEPT

#: What we hand out has 43 signs; more is not looked at.
_MAX_TOKEN = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookies:
    """`secure`: browsers come by https. Then the names begin with `__Host-`: no other host of the domain can set them."""

    secure: bool
    session_s: int

    @property
    def session_name(self) -> str:
        """The name of the session's cookie."""
        return "__Host-annyeong120-session" if self.secure else "annyeong120-session"

    @property
    def device_name(self) -> str:
        """The name of the browser's cookie."""
        return "__Host-annyeong120-device" if self.secure else "annyeong120-device"

    def session(self, request: web.Request) -> str | None:
        """What the browser holds."""
        return _token(request, self.session_name)

    def device(self, request: web.Request) -> str | None:
        """What makes the browser known."""
        return _token(request, self.device_name)

    def set_session(self, response: web.StreamResponse, token: str) -> None:
        """Have the browser hold it."""
        self._set(response, self.session_name, token, self.session_s)

    def set_device(self, response: web.StreamResponse, token: str) -> None:
        """Make the browser known."""
        self._set(response, self.device_name, token, int(DEVICE_KEPT.total_seconds()))

    def clear_session(self, response: web.StreamResponse) -> None:
        """Have the browser drop it; it stays known."""
        self._set(response, self.session_name, "", 0)

    def _set(self, response: web.StreamResponse, name: str, value: str, max_age_s: int) -> None:
        response.set_cookie(name, value, max_age=max_age_s, path="/", httponly=True, secure=self.secure, samesite="Strict")


def _token(request: web.Request, name: str) -> str | None:
    value = request.cookies.get(name)
    return value if value and len(value) <= _MAX_TOKEN else None

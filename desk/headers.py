"""Headers that every answer has: what the pages may load, and who may show them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

#: Our own files and nothing else: no inline code or style, no frame, no other site.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'none'; object-src 'none'; frame-src 'none'; frame-ancestors 'none'; form-action 'self'; "
    "script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'"
)
_ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Addresses may hold ids; with `no-referrer` some browsers would say "null" for where a change comes from.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # Which versions run here is nobody's business.
    "Server": "annyeong120",
}
_HSTS = "max-age=31536000"


def secured(secure: bool) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """For `on_response_prepare`. `secure`: browsers come by https, and are to go on doing so."""

    async def add(_: web.Request, response: web.StreamResponse) -> None:
        for name, value in _ALWAYS.items():
            response.headers[name] = value
        response.headers.setdefault("Cache-Control", "no-store")
        if secure:
            response.headers["Strict-Transport-Security"] = _HSTS

    return add

"""How a request travels to Asterisk: the protocol of a transport, and the HTTP one (the other is `connection.Connection`)."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.tracing import Trace
from yarl import URL

from ivr.ari.errors import OutcomeUnknown, Unreachable

#: Shorter than Asterisk's `session_keep_alive` (15 s), so that we never write into a connection that it is just closing.
_KEEP_ALIVE_S = 10.0
#: A connection on loopback or a private network stands within milliseconds; longer than this and Asterisk's machine is gone.
_CONNECT_TIMEOUT_S = 1.0
#: Well under Asterisk's `sessionlimit`, which counts keep-alive connections and WebSockets of everybody.
_POOL_SIZE = 32
#: Asterisk accepts from a short backlog: of a burst of 32 connections some were answered only after TCP's own retry, a second later.
_CONNECTING_AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request: `uri` without a leading slash and already quoted, `query` unquoted."""

    operation: str
    method: str
    uri: str
    query: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer of Asterisk; `body` is parsed JSON, or None."""

    status: int
    reason: str = ""
    body: object = None


class Transport(Protocol):
    """Carries one request and brings its answer, whatever its status."""

    @property
    def available(self) -> bool:
        """Whether a request could be sent at this moment."""

    async def request(self, request: Request, timeout_s: float) -> Response:
        """Raise `Unreachable` if it was not sent, `OutcomeUnknown` if no answer came within `timeout_s` seconds."""


def authorization(username: str, password: str) -> str:
    """The value of the Authorization header; built by us because `api_key` in a URL ends up in logs."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode("ascii")


def path_segment(value: str) -> str:
    """Quote one part of a path."""
    return quote(value, safe="")


class _GentleConnector(aiohttp.TCPConnector):
    """Opens few connections at a time."""

    def __init__(self) -> None:
        super().__init__(limit=_POOL_SIZE, keepalive_timeout=_KEEP_ALIVE_S)
        self._gate = asyncio.Semaphore(_CONNECTING_AT_ONCE)

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 -- aiohttp's own signature
    ) -> ResponseHandler:
        async with self._gate:
            return await super()._create_connection(req, traces, timeout)


class HttpTransport:
    """Pooled keep-alive connections."""

    def __init__(self, url: str, authorization: str) -> None:
        """`url` is ARI's base address such as `http://127.0.0.1:8088/ari`."""
        self._base = url.rstrip("/") + "/"
        self._headers = {"Authorization": authorization}
        self._session: aiohttp.ClientSession | None = None

    @property
    def available(self) -> bool:
        """Whether the pool is open."""
        return self._session is not None

    async def start(self) -> None:
        """Open the pool (no connection is made yet)."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=_GentleConnector(),
                headers=self._headers,
                # Nothing between us and Asterisk may keep state or reroute: no cookies, no proxy from the environment.
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )

    async def close(self) -> None:
        """Close the pool and every connection in it."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def request(self, request: Request, timeout_s: float) -> Response:
        """Send a request on a free connection of the pool."""
        if self._session is None:
            raise Unreachable(request.operation, reason="client is closed")
        query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in request.query)
        url = URL(f"{self._base}{request.uri}?{query}" if query else f"{self._base}{request.uri}", encoded=True)
        timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=_CONNECT_TIMEOUT_S)
        try:
            async with self._session.request(request.method, url, json=request.body, timeout=timeout) as answer:
                raw = await answer.read()
                return Response(status=answer.status, reason=_reason(answer, raw), body=_decode(raw))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreachable(request.operation, reason=type(error).__name__) from error
        except (TimeoutError, aiohttp.ClientError) as error:
            raise OutcomeUnknown(request.operation, reason=type(error).__name__) from error


def _decode(raw: bytes) -> object:
    if not raw:
        return None
    try:
        body: object = json.loads(raw)
    except ValueError:
        return None
    return body


def _reason(answer: aiohttp.ClientResponse, raw: bytes) -> str:
    if answer.status < 300:
        return ""
    return reason_of(_decode(raw)) or answer.reason or ""


def reason_of(body: object) -> str:
    """Asterisk's own words in an error's body: `{"message": …}` or `{"error": …}`."""
    if isinstance(body, dict):
        for key in ("message", "error"):
            value = body.get(key)
            if isinstance(value, str):
                return value
    return ""

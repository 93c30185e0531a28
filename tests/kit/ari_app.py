"""The least an ARI application can be: connects under a name, claims calls or lets them pass, notes what it is told."""

from __future__ import annotations

import asyncio
import json
from typing import Self

import aiohttp


class AriApp:
    """`async with AriApp(url, user, password, "annyeong120-main-w1") as app:`; `app.started` has each StasisStart's arguments."""

    def __init__(self, url: str, user: str, password: str, name: str, *, claims: bool = True) -> None:
        self._url = url
        self._headers = {"Authorization": aiohttp.encode_basic_auth(user, password)}
        self.name = name
        #: Whether it takes the calls it is offered.
        self.claims = claims
        #: Arguments of every call it was given, in order.
        self.started: list[list[str]] = []
        #: Digits in order of arrival.
        self.digits: list[str] = []
        self.events: list[dict[str, object]] = []
        #: Answer each call it is given.
        self.answers = True
        self._session: aiohttp.ClientSession | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(headers=self._headers, timeout=aiohttp.ClientTimeout(total=10))
        socket = await self._session.ws_connect(f"{self._url}/events?app={self.name}")
        self._task = asyncio.create_task(self._read(socket), name=self.name)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        assert self._session is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._session.close()

    async def post(self, path: str) -> int:
        """POST an operation; the status."""
        assert self._session is not None
        async with self._session.post(f"{self._url}{path}") as answer:
            return answer.status

    async def get(self, path: str) -> object:
        """GET an operation; the parsed answer."""
        assert self._session is not None
        async with self._session.get(f"{self._url}{path}") as answer:
            return await answer.json()

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            event = json.loads(message.data)
            self.events.append(event)
            channel = event.get("channel", {}).get("id", "")
            match event["type"]:
                case "CallBroadcast" if self.claims:
                    await self.post(f"/events/claim?channelId={channel}&application={self.name}")
                case "StasisStart":
                    self.started.append(event["args"])
                    if self.answers:
                        await self.post(f"/channels/{channel}/answer")
                case "ChannelDtmfReceived":
                    self.digits.append(event["digit"])

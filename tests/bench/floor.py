"""The floor: the shortest honest ARI script. Answer, wait for key 5, ring the longest-idle phone, bridge. No menu, no database.

`python -m tests.bench.floor PORT PHONE,PHONE,…` speaks to the Asterisk whose HTTP server is at that loopback port.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections import deque
from typing import Any

import aiohttp
import uvloop


class Floor:
    """One application, everything in memory."""

    def __init__(self, http: aiohttp.ClientSession, phones: list[str]) -> None:
        self.http = http
        self.idle = deque(phones)
        self.waiting: deque[str] = deque()
        self.other: dict[str, str] = {}
        self.phone: dict[str, str] = {}
        self.bridge: dict[str, str] = {}
        self.ids = itertools.count(1)
        self.tasks: set[asyncio.Task[None]] = set()

    async def request(self, method: str, path: str, **parameters: str) -> None:
        """One ARI request; what is already gone is gone."""
        async with self.http.request(method, f"/ari{path}", params=parameters) as reply:
            await reply.read()

    def event(self, event: dict[str, Any]) -> None:
        """Give the events that matter a task each."""
        coroutine = None
        match event["type"]:
            case "StasisStart" if event["args"]:
                coroutine = self.bridged(event["args"][0], event["channel"]["id"])
            case "StasisStart":
                coroutine = self.request("POST", f"/channels/{event['channel']['id']}/answer")
            case "ChannelDtmfReceived" if event["digit"] == "5":
                self.waiting.append(event["channel"]["id"])
                coroutine = self.offer()
            case "StasisEnd" | "ChannelDestroyed":
                coroutine = self.gone(event["channel"]["id"])
        if coroutine is not None:
            task = asyncio.create_task(coroutine)
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def offer(self) -> None:
        """Ring the longest-idle phone for the first caller waiting."""
        if not self.waiting or not self.idle:
            return
        caller, phone = self.waiting.popleft(), self.idle.popleft()
        leg = f"leg-{next(self.ids)}"
        self.phone[leg], self.other[leg], self.other[caller] = phone, caller, leg
        await self.request("POST", "/channels", endpoint=f"PJSIP/{phone}", channelId=leg, app="floor", appArgs=caller, timeout="30")

    async def bridged(self, caller: str, leg: str) -> None:
        """The phone has answered."""
        bridge = self.bridge[caller] = f"bridge-{leg}"
        await self.request("POST", f"/bridges/{bridge}", type="mixing")
        await self.request("POST", f"/bridges/{bridge}/addChannel", channel=f"{caller},{leg}")

    async def gone(self, channel: str) -> None:
        """One of the two has hung up: end the other, free the phone."""
        other = self.other.pop(channel, None)
        if channel in self.phone:
            self.idle.append(self.phone.pop(channel))
            await self.offer()
        if bridge := self.bridge.pop(channel, None):
            await self.request("DELETE", f"/bridges/{bridge}")
        if other in self.other:
            await self.request("DELETE", f"/channels/{other}")


async def main(port: int, phones: list[str]) -> None:
    """Run until killed."""
    headers = {"Authorization": aiohttp.encode_basic_auth("annyeong120", "bench")}
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers, connector=aiohttp.TCPConnector(limit=0)) as http:
        floor = Floor(http, phones)
        async with http.ws_connect("/ari/events?app=floor") as socket:
            print("ready", flush=True)
            async for message in socket:
                floor.event(message.json())


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2].split(",")))

"""Registers the farm's phones with an exchange (REGISTER with digest, RFC 3261 §10 and §22)."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping

from tests.bench.sip_farm import Farm
from tests.bench.sip_message import Message, request

_EXPIRES_S = 7200
#: REGISTERs under way at once.
_AT_ONCE = 20


class Registration:
    """Registers each phone once; raises RuntimeError naming those that were refused or got no answer."""

    def __init__(self, farm: Farm, secrets: Mapping[str, str]) -> None:
        self._farm = farm
        self._secrets = secrets
        self._waiting: dict[str, asyncio.Future[Message]] = {}
        self._serial = 0

    async def run(self) -> None:
        """Register everybody."""
        self._farm.registrar = self._answered
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(user: str) -> bool:
            async with gate:
                return await self._register(user)

        results = await asyncio.gather(*(one(user) for user in self._secrets))
        self._farm.registrar = None
        if refused := [user for user, registered in zip(self._secrets, results, strict=True) if not registered]:
            raise RuntimeError(f"{len(refused)} of {len(results)} phones could not register, the first is {refused[0]}")

    async def _register(self, user: str) -> bool:
        try:
            reply = await self._ask(user, 1, "")
            if reply.status == 401:
                reply = await self._ask(user, 2, authorization(reply.challenge, user, self._secrets[user], self._uri))
        except TimeoutError:
            return False
        return reply.status == 200

    @property
    def _uri(self) -> str:
        return f"sip:{self._farm.exchange[0]}:{self._farm.exchange[1]}"

    async def _ask(self, user: str, number: int, credentials: str) -> Message:
        phones = self._farm.phones
        me = f"{phones.host}:{phones.port}"
        self._serial += 1
        call_id = f"r-{user}-{self._farm.exchange[1]}-{number}-{self._serial}"
        headers = (
            f"Via: SIP/2.0/UDP {me};branch=z9hG4bK-{call_id};rport",
            "Max-Forwards: 70",
            f"From: <sip:{user}@{self._farm.exchange[0]}>;tag=r{self._serial}",
            f"To: <sip:{user}@{self._farm.exchange[0]}>",
            f"Call-ID: {call_id}",
            f"CSeq: {number} REGISTER",
            f"Contact: <sip:{user}@{me}>",
            f"Expires: {_EXPIRES_S}",
            *((f"Authorization: {credentials}",) if credentials else ()),
        )
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[call_id] = answer
        phones.send_until(call_id, request("REGISTER", self._uri, headers), self._farm.exchange)
        try:
            async with asyncio.timeout(10):
                return await answer
        finally:
            phones.stop(call_id)
            del self._waiting[call_id]

    def _answered(self, message: Message) -> None:
        waiting = self._waiting.get(message.call_id)
        if waiting is not None and message.status >= 200 and not waiting.done():
            waiting.set_result(message)


def authorization(challenge: str, user: str, secret: str, uri: str, *, method: str = "REGISTER") -> str:
    """The Authorization header for a Digest challenge (MD5, qop auth or none)."""
    asked = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    realm, nonce = asked.get("realm", ""), asked.get("nonce", "")
    first, second = _md5(f"{user}:{realm}:{secret}"), _md5(f"{method}:{uri}")
    parts = f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", algorithm=MD5'
    if opaque := asked.get("opaque"):
        parts += f', opaque="{opaque}"'
    if "qop" not in asked:
        return f'{parts}, response="{_md5(f"{first}:{nonce}:{second}")}"'
    response = _md5(f"{first}:{nonce}:00000001:farm:auth:{second}")
    return f'{parts}, qop=auth, nc=00000001, cnonce="farm", response="{response}"'


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

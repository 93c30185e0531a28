"""From where a request comes. Only the proxies that the settings name are believed when they speak for somebody else."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from aiohttp import web


class Sources:
    """Finds the address behind trusted proxies."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self._trusted = [ipaddress.ip_network(network, strict=False) for network in trusted]

    def of(self, request: web.Request) -> str:
        """The address; "" if it is not known (a Unix socket)."""
        return self.behind(request.remote or "", request.headers.getall("X-Forwarded-For", []))

    def behind(self, remote: str, forwarded: Sequence[str]) -> str:
        """The last address of the chain that is no proxy of ours: what stands before it, anybody may have written."""
        chain = [part.strip() for line in forwarded for part in line.split(",")]
        while self._is_trusted(remote) and chain:
            remote = chain.pop()
        return remote

    def _is_trusted(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._trusted)

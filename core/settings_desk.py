"""Settings of the desk; part of `core.settings`."""

from __future__ import annotations

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from core.settings_types import Network, Port, Section


def _origin(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or value != f"{parts.scheme}://{parts.netloc}" or parts.username:
        raise ValueError(f'"{value}" is not an origin, like "https://desk.example": no path, no slash at the end')
    return value.lower()


Origin = Annotated[str, AfterValidator(_origin)]


class DeskSettings(Section):
    """The desk: the pages that counsellors, supervisors and others use in a browser."""

    #: Whether `annyeong120 up` runs it beside the line.
    enabled: bool = True
    http_bind: str = "127.0.0.1"
    http_port: Port = 8121
    #: What people type, e.g. `https://desk.example`. Empty: only from this machine, by the address above. Everywhere else https is needed;
    #: something in front of the desk ends it.
    public_url: Annotated[str, AfterValidator(lambda value: _origin(value) if value else "")] = ""
    #: Other origins under which the same desk is reached.
    allowed_origins: list[Origin] = []
    #: Who is believed when it says from where a request came (`X-Forwarded-For`): the proxies in front of the desk.
    trusted_proxies: list[Network] = []
    #: A session ends when nothing was done for so long; seconds.
    session_idle_s: Annotated[int, Field(ge=60, le=86_400)] = 3600
    #: … and so long after signing in, whatever was done; seconds.
    session_limit_s: Annotated[int, Field(ge=300, le=604_800)] = 43_200

    @model_validator(mode="after")
    def _secure(self) -> DeskSettings:
        if not _only_here(self.http_bind) and not self.public_url:
            raise ValueError("a desk that others reach needs desk.public_url, the address they type")
        for origin in filter(None, (self.public_url, *self.allowed_origins)):
            if origin.startswith("http://") and not _only_here(urlsplit(origin).hostname or ""):
                raise ValueError(f'"{origin}": outside this machine the desk needs https')
        return self

    @property
    def origins(self) -> frozenset[str]:
        """The origins of the desk's own pages."""
        if self.public_url:
            return frozenset({self.public_url, *self.allowed_origins})
        hosts = {"127.0.0.1", "localhost", "[::1]", f"[{self.http_bind}]" if ":" in self.http_bind else self.http_bind}
        return frozenset({f"http://{host}:{self.http_port}" for host in hosts} | set(self.allowed_origins))

    @property
    def secure(self) -> bool:
        """Whether browsers reach it by https."""
        return self.public_url.startswith("https://")


def _only_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")

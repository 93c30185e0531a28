"""Which of our ports somebody else holds, and who that is."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass

import psutil

from core.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class PortUse:
    """A port an installation needs."""

    #: The setting that names it.
    setting: str
    address: str
    port: int
    udp: bool = False

    def is_free(self) -> bool:
        """Whether a server could be bound to it now."""
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM if self.udp else socket.SOCK_STREAM) as probe:
            if not self.udp:
                # As servers do: connections of an earlier run that are still closing are no obstacle.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.address, self.port))
            except OSError:
                return False
        return True

    def holder(self) -> tuple[int, str] | None:
        """Pid and name of the process that holds it, where we may know."""
        kind = "udp" if self.udp else "tcp"
        with contextlib.suppress(psutil.Error, OSError):
            for connection in psutil.net_connections(kind=kind):
                bound = self.udp or connection.status == psutil.CONN_LISTEN
                if bound and connection.pid and getattr(connection.laddr, "port", None) == self.port:
                    with contextlib.suppress(psutil.Error):
                        return connection.pid, psutil.Process(connection.pid).name()
        return None

    def sentence(self) -> str:
        """For people: the port, who holds it, which setting changes it."""
        holder = self.holder()
        who = f"process {holder[0]} ({holder[1]})" if holder else "another process"
        kind = "UDP" if self.udp else "TCP"
        return f"{kind} port {self.port} on {self.address} is in use by {who}: stop it, or choose another {self.setting}"


def of_asterisk(settings: Settings) -> list[PortUse]:
    """What the embedded Asterisk binds."""
    asterisk = settings.asterisk
    return [
        PortUse(setting="asterisk.sip_port", address=asterisk.sip_bind, port=asterisk.sip_port, udp=True),
        PortUse(setting="asterisk.sip_port", address=asterisk.sip_bind, port=asterisk.sip_port),
        PortUse(setting="asterisk.http_port", address=asterisk.http_bind, port=asterisk.http_port),
    ]


def of_program(settings: Settings) -> list[PortUse]:
    """What the program binds."""
    return [PortUse(setting="worker.http_port", address=settings.worker.http_bind, port=settings.worker.http_port)]

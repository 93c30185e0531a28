"""The farm's sockets: SIP with retransmission, and RTP that costs nothing until a marked packet arrives."""

from __future__ import annotations

import asyncio
import ctypes
import socket
import struct
from collections.abc import Callable
from time import perf_counter_ns

Address = tuple[str, int]

#: First bytes of the audio a phone sends: whoever hears them hears that phone.
MARK = b"\xa5\x3c\x96\x0f"
_SO_ATTACH_FILTER = 26
_RTP_HEADER = 12
_UDP_HEADER = 8
#: RFC 3261 T1 and T2, and when to give up (shorter than the RFC's 32 s: on loopback it is dead by then).
_T1_NS, _T2_NS, _GIVE_UP_NS = 500_000_000, 4_000_000_000, 10_000_000_000
_SWEEP_S = 0.1


def udp(host: str, *, receive: int) -> socket.socket:
    """A non-blocking datagram socket on a free port."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    sock.bind((host, 0))
    return sock


def hear_only_marked(sock: socket.socket) -> None:
    """Let the kernel drop every RTP packet that does not begin with `MARK`, so that music and prompts wake nobody."""
    word = struct.unpack(">I", MARK)[0]
    program = b"".join(
        struct.pack("=HBBI", *instruction)
        for instruction in (
            (0x20, 0, 0, _UDP_HEADER + _RTP_HEADER),  # A = the payload's first word
            (0x15, 0, 1, word),  # equal: next, else skip one
            (0x06, 0, 0, 0xFFFF),  # keep the packet
            (0x06, 0, 0, 0),  # drop it
        )
    )
    memory = ctypes.create_string_buffer(program)
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", 4, ctypes.addressof(memory)))


def rtp(payload_type: int, sequence: int, timestamp: int, source: int, payload: bytes, *, marker: bool = False) -> bytes:
    """One RTP packet."""
    return struct.pack(">BBHII", 0x80, payload_type | (0x80 if marker else 0), sequence & 0xFFFF, timestamp & 0xFFFFFFFF, source) + payload


class SipSocket:
    """Sends requests until they are answered, hands every datagram to the farm with the time it was read."""

    def __init__(self, host: str, on_datagram: Callable[[bytes, Address, int], None]) -> None:
        self._sock = udp(host, receive=8 << 20)
        self.host = host
        self.port: int = self._sock.getsockname()[1]
        self._on_datagram = on_datagram
        self._pending: dict[str, tuple[bytes, Address, int, int, int]] = {}
        self._sweeper: asyncio.TimerHandle | None = None
        self.resent = 0
        self.given_up = 0

    def open(self) -> None:
        """Start reading; needs the running loop."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._sock, self._read)
        self._sweeper = loop.call_later(_SWEEP_S, self._sweep)

    def close(self) -> None:
        """Stop and release the port."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            asyncio.get_running_loop().remove_reader(self._sock)
        self._sock.close()

    def send(self, data: bytes, to: Address) -> None:
        """Send once."""
        try:
            self._sock.sendto(data, to)
        except BlockingIOError:
            self.resent += 1  # a full buffer is a loss like any other: retransmission repairs it

    def send_until(self, key: str, data: bytes, to: Address) -> int:
        """Send, and again until `stop(key)`; returns the time of the first sending (ns)."""
        now = perf_counter_ns()
        self.send(data, to)
        self._pending[key] = (data, to, now + _T1_NS, _T1_NS, now + _GIVE_UP_NS)
        return now

    def stop(self, key: str) -> bool:
        """Answered; False when nothing was waiting for it."""
        return self._pending.pop(key, None) is not None

    def _read(self) -> None:
        for _ in range(64):
            try:
                data, source = self._sock.recvfrom(8192)
            except BlockingIOError:
                return
            self._on_datagram(data, source, perf_counter_ns())

    def _sweep(self) -> None:
        now = perf_counter_ns()
        for key, (data, to, due, interval, give_up) in list(self._pending.items()):
            if now >= give_up:
                del self._pending[key]
                self.given_up += 1
            elif now >= due:
                self.send(data, to)
                self.resent += 1
                interval = min(2 * interval, _T2_NS)
                self._pending[key] = (data, to, now + interval, interval, give_up)
        self._sweeper = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep)

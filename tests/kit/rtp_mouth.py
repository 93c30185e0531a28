"""The media side of a call whose signalling SIPp does: sends sound and keys packet by packet, with the losses a test asks for.

SIPp can only play captures through a raw socket, which needs root, and only at moments fixed in the scenario. This needs neither. The
other side's address is learned from its first packet, so nothing has to be read out of the SDP.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection
from typing import Self

from helpline.demo.tones import ToneDetector
from tests.kit.ports import free_range
from tests.kit.rtp_packets import PCMA, STEP, alaw_to_linear, digit, rtp
from tests.kit.until import until

_SILENCE = bytes([0xD5]) * STEP


class RtpMouth(asyncio.DatagramProtocol):
    """`async with RtpMouth("127.0.0.2") as mouth:`; offer `mouth.port` in the SDP (SIPp: `media_port=mouth.port`)."""

    def __init__(self, address: str = "127.0.0.2", *, listen_for: Collection[int] = (), loss: float = 0.0, seed: int = 120) -> None:
        self.address = address
        self.port = free_range(2)
        self.received = 0
        #: Share of packets that the network loses, drawn with the seed.
        self.loss = loss
        self._random = random.Random(seed)
        self._ear = ToneDetector(listen_for)
        self._peer: tuple[str, int] | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._task: asyncio.Task[None] | None = None
        self._sequence = self._random.randrange(30_000)
        self._timestamp = self._random.randrange(1 << 30)
        self._ssrc = self._random.randrange(1 << 32)
        self._keys: list[tuple[str, int, tuple[int, ...], int]] = []
        self._pressed = 0

    @property
    def tones(self) -> frozenset[int]:
        """Those of `listen_for` that sound now."""
        return self._ear.heard

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self.address, self.port))
        self._task = loop.create_task(self._speak(), name="rtp mouth")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._peer = addr
        self.received += 1
        if len(data) > 12 and data[1] & 0x7F == PCMA:
            self._ear.feed(alaw_to_linear(data[12:]))

    async def heard_something(self, within_s: float = 5.0) -> None:
        """Wait for the first packet: the call is up."""
        await until(lambda: self._peer, within_s, "a first RTP packet from the other side")

    async def press(self, key: str, *, duration_ms: int = 160, lost: Collection[int] = (), times: int = 1) -> None:
        """Press a key; `lost` as in `rtp_packets.digit`, `times=2`: every packet arrives twice. Returns when it is sent."""
        self._keys.append((key, duration_ms, tuple(lost), times))
        before = self._pressed
        await until(lambda: self._pressed > before, 5 + duration_ms / 1000, f"key {key} to be sent")

    async def _speak(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            if self._keys and self._peer:
                key, duration_ms, lost, times = self._keys.pop(0)
                start = loop.time()
                ends = 3
                for packet in digit(
                    key, duration_ms=duration_ms, sequence=self._sequence, timestamp=self._timestamp, ssrc=self._ssrc, lost=lost, ends=ends
                ):
                    await asyncio.sleep(max(0.0, start + packet.at_ms / 1000 - loop.time()))
                    for _ in range(times):
                        self._send(packet.data)
                steps = max(1, duration_ms // 20)
                self._sequence += steps + ends
                self._timestamp += steps * STEP
                self._pressed += 1
                due = loop.time()
            self._send(rtp(_SILENCE, payload_type=PCMA, sequence=self._sequence, timestamp=self._timestamp, ssrc=self._ssrc))
            self._sequence += 1
            self._timestamp += STEP
            due += 0.02
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _send(self, data: bytes) -> None:
        if self._peer is not None and self._transport is not None and self._random.random() >= self.loss:
            self._transport.sendto(data, self._peer)

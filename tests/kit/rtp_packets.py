"""RTP packets and capture files made by hand, so that a test decides which of a digit's packets get lost.

Sources: RFC 3550 (header), RFC 4733 (telephone events), the libpcap file format.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

DIGITS = "0123456789*#ABCD"
#: What SIPp's own captures and most phones use.
EVENT_TYPE = 101
PCMA, PCMU = 8, 0
#: 20 ms at 8 kHz.
STEP = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """A packet and when it is sent, in milliseconds from the start."""

    at_ms: float
    data: bytes


def rtp(payload: bytes, *, payload_type: int, sequence: int, timestamp: int, ssrc: int, marker: bool = False) -> bytes:
    """One RTP packet."""
    second = payload_type | (0x80 if marker else 0)
    return struct.pack("!BBHII", 0x80, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + payload


def digit(
    key: str,
    *,
    at_ms: float = 0,
    duration_ms: int = 160,
    sequence: int = 1000,
    timestamp: int = 50_000,
    ssrc: int = 0x120120,
    payload_type: int = EVENT_TYPE,
    ends: int = 3,
    lost: Collection[int] = (),
) -> list[Packet]:
    """The packets of one key: one every 20 ms, then `ends` end packets. `lost` are positions in that list that never arrive
    (negative ones count from the end: -1 is the last end packet); their sequence numbers are used up all the same.
    """
    event = DIGITS.index(key)
    steps = max(1, duration_ms // 20)
    packets = []
    for index in range(steps + ends):
        end = index >= steps
        duration = min(index + 1, steps) * STEP
        body = struct.pack("!BBH", event, (0x80 if end else 0) | 10, duration)
        data = rtp(body, payload_type=payload_type, sequence=sequence + index, timestamp=timestamp, ssrc=ssrc, marker=index == 0)
        packets.append(Packet(at_ms=at_ms + 20 * min(index, steps), data=data))
    gone = {position % len(packets) for position in lost}
    return [packet for index, packet in enumerate(packets) if index not in gone]


def keys(text: str, *, gap_ms: int = 200, duration_ms: int = 160, lost: Collection[int] = (), repeat_packets: int = 1) -> list[Packet]:
    """Several keys one after another; with `repeat_packets=2` the network delivers every packet twice."""
    packets: list[Packet] = []
    at_ms, sequence, timestamp = 0.0, 1000, 50_000
    for key in text:
        packets += digit(key, at_ms=at_ms, duration_ms=duration_ms, sequence=sequence, timestamp=timestamp, lost=lost)
        at_ms += duration_ms + gap_ms
        sequence += duration_ms // 20 + 3
        timestamp += (duration_ms + gap_ms) * 8
    return [packet for packet in packets for _ in range(repeat_packets)]


def write_pcap(path: Path, packets: Iterable[Packet]) -> Path:
    """Write a capture (Ethernet, IPv4, UDP) that SIPp can play; it puts in the real addresses, ports and checksums itself."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for packet in packets:
            udp = struct.pack("!HHHH", 40000, 40002, 8 + len(packet.data), 0) + packet.data
            address = bytes((127, 0, 0, 1))
            ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + address + address
            frame = bytes(12) + b"\x08\x00" + ip + udp
            micros = int(packet.at_ms * 1000)
            file.write(struct.pack("<IIII", 1_700_000_000 + micros // 1_000_000, micros % 1_000_000, len(frame), len(frame)) + frame)
    return path


def alaw_to_linear(data: bytes) -> list[int]:
    """Decode G.711 A-law (ITU-T G.711) to 16-bit samples."""
    return [_ALAW[byte] for byte in data]


def _decode_alaw(byte: int) -> int:
    byte ^= 0x55
    exponent, mantissa = (byte >> 4) & 7, byte & 15
    value = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return value if byte & 0x80 else -value


_ALAW = tuple(_decode_alaw(byte) for byte in range(256))


def linear_to_alaw(samples: Iterable[int]) -> bytes:
    """Encode 16-bit samples as G.711 A-law."""
    result = bytearray()
    for sample in samples:
        value = min(abs(sample), 32767) >> 3
        segment = max(0, value.bit_length() - 5)
        mantissa = (value >> max(segment, 1)) & 15
        result.append(((0x80 if sample >= 0 else 0) | segment << 4 | mantissa) ^ 0x55)
    return bytes(result)

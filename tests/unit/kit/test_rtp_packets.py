"""Hand-made RTP packets and captures."""

from __future__ import annotations

import math
import struct
from pathlib import Path

from tests.kit.rtp_packets import alaw_to_linear, digit, keys, linear_to_alaw, rtp, write_pcap


def test_a_digit_has_growing_duration_and_three_ends() -> None:
    """Eight packets of 20 ms, then the same end three times, all with one timestamp and rising sequence numbers."""
    packets = digit("5", duration_ms=160)
    events = [packet.data for packet in packets]
    sequences = [struct.unpack_from("!H", data, 2)[0] for data in events]
    stamps = {struct.unpack_from("!I", data, 4)[0] for data in events}
    bodies = [struct.unpack("!BBH", data[12:]) for data in events]
    assert sequences == list(range(sequences[0], sequences[0] + 11))
    assert len(stamps) == 1
    assert [body[0] for body in bodies] == [5] * 11
    assert [bool(body[1] & 0x80) for body in bodies] == [False] * 8 + [True] * 3
    assert [body[2] for body in bodies] == [160, 320, 480, 640, 800, 960, 1120, 1280, 1280, 1280, 1280]
    assert [bool(data[1] & 0x80) for data in events] == [True] + [False] * 10


def test_lost_packets_leave_a_gap_in_the_sequence() -> None:
    """Two of three ends lost: one end left, its sequence number is its own."""
    whole, damaged = digit("#"), digit("#", lost=(-1, -3))
    assert damaged == [*whole[:8], whole[9]]


def test_several_keys_do_not_overlap() -> None:
    """Each key has its own timestamp and later times."""
    packets = keys("12", gap_ms=100, duration_ms=100)
    assert [packet.at_ms for packet in packets] == sorted(packet.at_ms for packet in packets)
    assert len({packet.data[4:8] for packet in packets}) == 2
    assert len(keys("1", repeat_packets=2)) == 2 * len(keys("1"))


def test_a_capture_can_be_read_back(tmp_path: Path) -> None:
    """Each record's UDP payload is the packet, its time is the packet's."""
    packets = keys("5")
    data = write_pcap(tmp_path / "x.pcap", packets).read_bytes()
    assert struct.unpack_from("<I", data)[0] == 0xA1B2C3D4
    position, payloads, times = 24, [], []
    while position < len(data):
        seconds, micros, length, _ = struct.unpack_from("<IIII", data, position)
        frame = data[position + 16 : position + 16 + length]
        payloads.append(frame[14 + 20 + 8 :])
        times.append(seconds * 1000 + micros / 1000 - 1_700_000_000_000)
        position += 16 + length
    assert payloads == [packet.data for packet in packets]
    assert times == [packet.at_ms for packet in packets]


def test_alaw_keeps_a_sine() -> None:
    """Encoding and decoding loses no more than companding does."""
    sine = [round(10000 * math.sin(i / 5)) for i in range(800)]
    back = alaw_to_linear(linear_to_alaw(sine))
    assert all(abs(a - b) <= max(16, abs(a) / 16) for a, b in zip(sine, back, strict=True))
    assert all(linear_to_alaw(alaw_to_linear(bytes([byte]))) == bytes([byte]) for byte in range(256))


def test_the_header_wraps_around() -> None:
    """Sequence and timestamp beyond their size wrap, as on the wire."""
    assert rtp(b"", payload_type=8, sequence=65537, timestamp=1 << 32, ssrc=1)[2:8] == b"\0\1\0\0\0\0"

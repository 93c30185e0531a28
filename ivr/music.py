"""Music for those who wait: the folder of recordings, or, where there is none, a soft tone made here, so that nobody waits in silence."""

from __future__ import annotations

import math
import struct
import wave
from pathlib import Path

_RATE = 8000
_PLAYABLE = {".wav", ".sln", ".sln16", ".ulaw", ".alaw", ".g722"}


def choose(recordings: Path, generated: Path) -> Path:
    """`recordings` if it holds something to play, else `generated`, which is filled on first use."""
    if recordings.is_dir() and any(path.suffix in _PLAYABLE and path.stat().st_size > 0 for path in recordings.iterdir()):
        return recordings
    tune = generated / "soft-tone.wav"
    if not tune.exists():
        generated.mkdir(parents=True, exist_ok=True)
        _write(tune)
    return generated


def _write(path: Path) -> None:
    """Four quiet notes that rise and fall, a new one every two seconds; 16 s, mono, 8 kHz, about -20 dBFS."""
    notes = (392.0, 440.0, 523.3, 440.0, 392.0, 349.2, 329.6, 349.2)
    samples = bytearray()
    for note in notes:
        for index in range(2 * _RATE):
            at = index / _RATE
            envelope = min(1.0, at / 0.3) * math.exp(-at / 1.6)
            value = math.sin(2 * math.pi * note * at) + 0.3 * math.sin(4 * math.pi * note * at)
            samples += struct.pack("<h", int(3000 * envelope * value))
    temporary = path.with_suffix(".new")
    with wave.open(str(temporary), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(bytes(samples))
    temporary.replace(path)

"""What a simulated phone hears and says. Only used inside the phone's own process.

`Ear` is a port of pjsua2's conference bridge: every 20 ms the library hands over what the other side sent, so a tone is noticed
120 ms after its first packet was played out (three blocks of 40 ms) plus the jitter buffer, and no file is needed. A recording is optional.
"""

from __future__ import annotations

import ctypes
import time
import wave
from array import array
from collections.abc import Iterable
from typing import Any, Protocol

import pjsua2 as pj

from helpline.demo.tones import RATE, SILENCE_RMS, ToneDetector, rms

_FRAME_MS = 20


class _Send(Protocol):
    def __call__(self, event: str, **fields: object) -> None: ...


_Vector = ctypes.c_void_p * 3


def _content(frame: Any) -> bytes:
    """The frame's samples.

    The wrapper hands them over one by one, 0.3 ms a frame: more than all the rest of a phone together. A std::vector is three pointers
    (begin, end, end of storage) in every C++ library of Linux; should that not fit, the slow way is taken.
    """
    vector = frame.buf
    begin, end, _ = _Vector.from_address(int(vector.this))
    if begin and end and end - begin == frame.size:
        return ctypes.string_at(begin, end - begin)
    return bytes(vector)


class Ear(pj.AudioMediaPort):  # type: ignore[misc]
    """Listens to all calls of the phone: tones, sound or silence, and a recording when `record` names a file."""

    def __init__(self, frequencies: Iterable[int], send: _Send, record: str = "") -> None:
        super().__init__()
        self._send = send
        self._detector = ToneDetector(frequencies)
        self._sounding = False
        self._quiet_frames = 0
        self._longest_quiet = 0
        self._frames = 0
        self._file = None
        if record:
            self._file = wave.open(record, "wb")  # noqa: SIM115 - open for the life of the phone
            self._file.setnchannels(1)
            self._file.setsampwidth(2)
            self._file.setframerate(RATE)
        form = pj.MediaFormatAudio()
        form.init(pj.PJMEDIA_FORMAT_PCM, RATE, 1, _FRAME_MS * 1000, 16)
        self.createPort("ear", form)

    def listen_for(self, frequencies: Iterable[int]) -> None:
        """Watch for these frequencies (Hz) from now on."""
        self._detector = ToneDetector(frequencies)

    def onFrameReceived(self, frame: Any) -> None:
        """Take 20 ms of sound; runs in the library's audio thread."""
        # Frames without content come while no call is connected.
        if frame.type != pj.PJMEDIA_FRAME_TYPE_AUDIO:
            return
        samples = array("h", _content(frame))
        if self._file is not None:
            self._file.writeframesraw(samples.tobytes())
        self._frames += 1
        for change in self._detector.feed(samples):
            self._send("tone" if change.on else "tone_stopped", frequency=change.frequency)
        if rms(samples) >= SILENCE_RMS:
            self._quiet_frames = 0
            if not self._sounding:
                self._sounding = True
                self._send("sound")
        else:
            self._quiet_frames += 1
            self._longest_quiet = max(self._longest_quiet, self._quiet_frames)
            # Pauses between words are no silence.
            if self._sounding and self._quiet_frames * _FRAME_MS >= 300:
                self._sounding = False
                self._send("silence")

    def statistics(self) -> dict[str, object]:
        """What was heard so far; asking starts the count of the longest silence anew."""
        longest, self._longest_quiet = self._longest_quiet, 0
        return {
            "heard_ms": self._frames * _FRAME_MS,
            "longest_silence_ms": longest * _FRAME_MS,
            "sounding": self._sounding,
            "tones": sorted(self._detector.heard),
            "at_ns": time.monotonic_ns(),
        }

    def close(self) -> None:
        """Complete the recording."""
        if self._file is not None:
            self._file.close()


class Mouth:
    """Says a steady tone, or silence, into every connected call."""

    def __init__(self) -> None:
        self._generator = pj.ToneGenerator()
        self._generator.createToneGenerator(RATE, 1)
        self._listeners: list[Any] = []
        self._muted = False
        self.play(None)

    def speak_to(self, audio: Any) -> None:
        """Send to this call's audio."""
        self._listeners = [audio]
        if not self._muted:
            self._generator.startTransmit(audio)

    def play(self, frequency: int | None) -> None:
        """Play a tone of this frequency (Hz) until told otherwise; None: silence."""
        tone = pj.ToneDesc()
        tone.freq1 = frequency or 400
        tone.on_msec = 1000 if frequency else 0
        tone.off_msec = 0 if frequency else 1000
        tones = pj.ToneDescVector()
        tones.append(tone)
        self._generator.stop()
        self._generator.play(tones, True)

    def mute(self, on: bool) -> None:
        """Send nothing of our own any more (on), or again (off)."""
        self._muted = on
        for audio in self._listeners:
            if on:
                self._generator.stopTransmit(audio)
            else:
                self._generator.startTransmit(audio)

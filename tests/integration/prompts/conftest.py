"""A small set of texts, a quick voice, and one complete build with the real one."""

from __future__ import annotations

import math
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ivr.prompts import audio
from ivr.prompts.build import Report, build
from ivr.prompts.errors import EngineError
from ivr.prompts.texts import LANGUAGES, Language, Prompt, Texts, load

Sound = Callable[..., Path]


@dataclass
class Hum:
    """A voice that hums as long as the text is; it fails for texts that contain 실패."""

    fingerprint: str = "1"
    name: str = "hum"
    placeholder: bool = True
    #: Texts spoken in this process (builds of fewer than four prompts stay in it).
    spoken: list[str] = field(default_factory=list)

    def speak(self, text: str, language: Language, path: Path) -> None:
        """See SpeechEngine."""
        if "실패" in text:
            raise EngineError(f"no voice for {language}")
        self.spoken.append(text)
        write_tone(path, seconds=0.1 + 0.01 * len(text))


def write_tone(path: Path, *, seconds: float = 0.5, amplitude: float = 9000, hertz: float = 700, rate: int = 22050) -> Path:
    """A sound file with a tone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = array("h", (round(amplitude * math.sin(math.tau * hertz * at / rate)) for at in range(round(seconds * rate))))
    path.write_bytes(audio.encode(samples, rate))
    return path


def some_texts(**sentences: str) -> Texts:
    """Korean sentences by id; each has a translation that never changes."""
    prompts = {
        language: {
            name: Prompt(id=name, language=language, group="caller", text=text if language == "ko" else f"{name} in English")
            for name, text in sentences.items()
        }
        for language in LANGUAGES
    }
    return Texts(prompts)


@dataclass(frozen=True)
class Complete:
    """A folder built from the shipped texts with espeak-ng."""

    folder: Path
    report: Report
    seconds: float
    texts: Texts


@pytest.fixture(scope="session")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Complete:
    """The complete build; it is only read."""
    folder = tmp_path_factory.mktemp("prompts")
    texts = load()
    start = time.perf_counter()
    report = build(folder, texts=texts)
    return Complete(folder, report, time.perf_counter() - start, texts)

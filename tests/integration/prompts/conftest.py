"""A small set of texts, a quick voice, and one complete build with the real one."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ivr.prompts import audio, music
from ivr.prompts.build import Report, build
from ivr.prompts.errors import EngineError
from ivr.prompts.texts import LANGUAGES, Language, Prompt, Texts, load


@dataclass
class Hum:
    """A voice that hums as long as the text is; it fails for texts that contain 실패."""

    fingerprint: str = "1"
    name: str = "hum"
    placeholder: bool = False
    #: Texts spoken in this process (builds of fewer than four prompts stay in it).
    spoken: list[str] = field(default_factory=list)

    def speak(self, text: str, language: Language, path: Path) -> None:
        """See SpeechEngine."""
        if "실패" in text:
            raise EngineError(f"no voice for {language}")
        self.spoken.append(text)
        write_tone(path, seconds=0.1 + 0.01 * len(text))


def write_tone(path: Path, *hertz: float, seconds: float = 0.5, amplitude: float = 9000, rate: int = 22050) -> Path:
    """A sound file with one or several tones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tones = [_sine(seconds, one, rate) for one in hertz or (700,)]
    path.write_bytes(audio.encode(array("h", (round(amplitude * sum(parts)) for parts in zip(*tones, strict=True))), rate))
    return path


def _sine(seconds: float, hertz: float, rate: int) -> list[float]:
    return [math.sin(math.tau * hertz * at / rate) for at in range(round(seconds * rate))]


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
    texts: Texts


@pytest.fixture
def short_music(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tone in place of the music, which takes seconds to compose; the builder's processes are forked and inherit it."""
    monkeypatch.setattr(
        music,
        "waiting",
        lambda rate: audio.encode(
            audio.levelled([1000 * value for value in _sine(1, 500, rate)], rate, target_dbfs=music.MUSIC_DBFS), rate
        ),
    )


@pytest.fixture(scope="session")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Complete:
    """The complete build; it is only read."""
    folder = tmp_path_factory.mktemp("prompts")
    texts = load()
    return Complete(folder, build(folder, texts=texts), texts)

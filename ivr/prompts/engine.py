"""Speech engines: text in, a sound file out. espeak-ng is the default; others are added by name.

No package carries a Korean neural voice, so espeak-ng makes labelled placeholders; `command` runs any other program.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

from ivr.prompts.errors import EngineError, ToolMissing
from ivr.prompts.texts import Language

#: Words a minute; espeak-ng's own default of 175 is too fast for older callers.
ESPEAK_WORDS_PER_MINUTE: Final = 140
_TIMEOUT_S: Final = 60.0


class SpeechEngine(Protocol):
    """What a speech engine has to offer. `speak` is called from several threads at once."""

    @property
    def name(self) -> str:
        """The name in the settings and in the manifest."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes when the same text would sound different: program version, voice, speed."""
        ...

    @property
    def placeholder(self) -> bool:
        """Whether this voice is only there until somebody records a better one."""
        ...

    def speak(self, text: str, language: Language, path: Path) -> None:
        """Write a sound file that sox can read. Raises EngineError, or ToolMissing with what to install."""
        ...


class EspeakEngine:
    """espeak-ng, a formant synthesiser: understandable, robotic, everywhere."""

    name = "espeak-ng"
    placeholder = True

    def __init__(self, command: Sequence[str] = ()) -> None:
        self._program = command[0] if command else "espeak-ng"

    @cached_property
    def fingerprint(self) -> str:
        """Version and speed."""
        version = run([_found(self._program, "espeak-ng"), "--version"]).decode(errors="replace")
        number = version.partition(":")[2].split()
        return f"espeak-ng {number[0] if number else '?'} {ESPEAK_WORDS_PER_MINUTE}"

    def speak(self, text: str, language: Language, path: Path) -> None:
        """See SpeechEngine.speak. The text goes over standard input, so that it can't be taken for an option."""
        program = _found(self._program, "espeak-ng")
        # -b 1: the text is UTF-8 whatever the locale says.
        run([program, "-b", "1", "-v", language, "-s", str(ESPEAK_WORDS_PER_MINUTE), "--stdin", "-w", str(path)], stdin=text)


@dataclass(frozen=True)
class CommandEngine:
    """Any program: the text on standard input, `{path}`, `{language}` and `{text}` replaced in its arguments."""

    command: tuple[str, ...]
    name: str = field(default="command", init=False)
    placeholder: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        if not self.command or not any("{path}" in part for part in self.command[1:]):
            raise EngineError("prompts.engine_command must name a program and have an argument with {path}, where it writes the sound file")

    @property
    def fingerprint(self) -> str:
        """The command itself."""
        return " ".join(("command", *self.command))

    def speak(self, text: str, language: Language, path: Path) -> None:
        """See SpeechEngine.speak."""
        values = {"{path}": str(path), "{language}": language, "{text}": text}
        arguments = []
        for part in self.command[1:]:
            for name, value in values.items():
                part = part.replace(name, value)
            arguments.append(part)
        run([_found(self.command[0], ""), *arguments], stdin=text)
        if not path.is_file():
            raise EngineError(f"{self.command[0]} ended well but wrote no file")


Factory = Callable[[Sequence[str]], SpeechEngine]

_factories: dict[str, Factory] = {
    "espeak-ng": EspeakEngine,
    "command": lambda command: CommandEngine(tuple(command)),
}


def register(name: str, factory: Factory) -> None:
    """Make an engine known by a name; the factory gets `prompts.engine_command` of the settings."""
    _factories[name] = factory


def create(name: str = "espeak-ng", command: Sequence[str] = ()) -> SpeechEngine:
    """The engine of this name. Raises EngineError for a name nobody registered."""
    factory = _factories.get(name)
    if factory is None:
        near = get_close_matches(name, _factories, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise EngineError(f"there is no speech engine {name!r}{hint} known: {', '.join(sorted(_factories))}")
    return factory(command)


def run(command: Sequence[str], *, stdin: str | None = None) -> bytes:
    """Run a program to its end and return its standard output. Raises EngineError with what it complained about."""
    try:
        done = subprocess.run(  # the program is the operator's choice, never a caller's; no shell
            list(command), input=(stdin or "").encode(), capture_output=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"{command[0]} did not end within {_TIMEOUT_S:.0f} s") from error
    except OSError as error:
        raise EngineError(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise EngineError(f"{Path(command[0]).name} failed ({done.returncode}): {said[-1] if said else 'without a word'}")
    return done.stdout


def _found(program: str, package: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise ToolMissing(f"{program} is not installed" + (f": apt-get install {package}" if package else ""))
    return path

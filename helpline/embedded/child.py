"""What a supervised child process is: how it is prepared, started, asked whether it is ready, and stopped."""

from __future__ import annotations

import signal
from abc import ABC, abstractmethod
from pathlib import Path

from core.errors import AnnyeongError
from helpline.embedded.folders import Folders
from helpline.embedded.process import Launch, Process


class PortTaken(AnnyeongError):
    """A port that is needed is in use."""


class Child(ABC):
    """One of the processes an installation consists of."""

    #: For files and log entries.
    name: str
    #: For people.
    title: str
    #: What asks it to end in good order.
    stop_signal: signal.Signals = signal.SIGTERM
    #: Seconds it may take for that before it is killed.
    stop_grace_s: float = 10.0
    #: Seconds from its start until it must be ready; after that it is started anew.
    ready_within_s: float = 30.0
    #: Seconds between two questions whether it still answers.
    health_every_s: float = 2.0
    #: Seconds without an answer after which it counts as frozen and is killed; None: it is left alone.
    unhealthy_after_s: float | None = None

    def __init__(self, folders: Folders) -> None:
        self.folders = folders

    @property
    def note(self) -> Path:
        """Where its pid is noted."""
        return self.folders.run / f"{self.name}.json"

    @property
    def log(self) -> Path:
        """Where what it prints goes."""
        return self.folders.log / f"{self.name}.log"

    async def prepare(self) -> None:  # noqa: B027 (nothing to do is the usual case)
        """Whatever must be there before it can start. Raises AnnyeongError with a sentence for people."""

    async def started(self, process: Process) -> None:  # noqa: B027 (likewise)
        """What remains to be done once it is ready, or has been taken over. Never raises."""

    @abstractmethod
    def launch(self) -> Launch:
        """How it is started."""

    @abstractmethod
    async def ready(self) -> bool:
        """Whether it does its work. Never raises; answers within a few seconds."""

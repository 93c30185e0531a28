"""The program that answers calls, as a child process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import aiohttp

from core.settings import Settings
from helpline.embedded import port_check
from helpline.embedded.child import Child, PortTaken
from helpline.embedded.folders import Folders
from helpline.embedded.hosts import client_host
from helpline.embedded.process import Launch


class EmbeddedProgram(Child):
    """`annyeong120 serve`."""

    name = "program"
    title = "the program"
    # It lets callers who talk finish what the settings allow; the supervisor waits.
    stop_grace_s = 30.0
    ready_within_s = 60.0
    health_every_s = 2.0
    # Its calls go on without it and it takes them up again when it comes back: a frozen one is soon worth replacing.
    unhealthy_after_s = 10.0

    def __init__(self, settings: Settings, folders: Folders) -> None:
        super().__init__(folders)
        self.settings = settings

    async def prepare(self) -> None:
        """See `Child.prepare`."""
        for use in port_check.of_program(self.settings):
            if not use.is_free():
                raise PortTaken(use.sentence())

    def launch(self) -> Launch:
        """See `Child.launch`."""
        return own_command(self.folders, self.log, "serve")

    async def ready(self) -> bool:
        """Whether it is alive at all; whether it can take calls is `/readyz` and its own business."""
        host, port = client_host(self.settings.worker.http_bind), self.settings.worker.http_port
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as session,
                session.get(f"http://{host}:{port}/healthz") as answer,
            ):
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False


def own_command(folders: Folders, log: Path, *words: str) -> Launch:
    """`annyeong120 …` on this data folder. Where the settings file is, and the current folder, it learns from our environment."""
    environment = {"ANNYEONG120_DATA_DIR": str(folders.root), "PYTHONUNBUFFERED": "1"}
    named = os.environ.get("ANNYEONG120_SETTINGS")
    if named:
        environment["ANNYEONG120_SETTINGS"] = str(Path(named).absolute())
    return Launch(command=(sys.executable, "-m", "helpline", *words), environment=environment, log=log, umask=0o077, folder=str(Path.cwd()))

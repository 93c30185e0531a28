"""The desk, as a child process."""

from __future__ import annotations

import aiohttp

from core.settings import Settings
from helpline.embedded.child import Child, PortTaken
from helpline.embedded.folders import Folders
from helpline.embedded.hosts import client_host
from helpline.embedded.port_check import PortUse
from helpline.embedded.process import Launch
from helpline.embedded.program import own_command


class EmbeddedDesk(Child):
    """`annyeong120 desk serve`."""

    name = "desk"
    title = "the desk"
    ready_within_s = 60.0
    # Pages that do not come are a nuisance; a restart ends everybody's open ones.
    unhealthy_after_s = 30.0

    def __init__(self, settings: Settings, folders: Folders) -> None:
        super().__init__(folders)
        self.settings = settings

    async def prepare(self) -> None:
        """See `Child.prepare`."""
        use = PortUse(setting="desk.http_port", address=self.settings.desk.http_bind, port=self.settings.desk.http_port)
        if not use.is_free():
            raise PortTaken(use.sentence())

    def launch(self) -> Launch:
        """See `Child.launch`."""
        return own_command(self.folders, self.log, "desk", "serve")

    async def ready(self) -> bool:
        """Whether it answers."""
        host, port = client_host(self.settings.desk.http_bind), self.settings.desk.http_port
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as session,
                session.get(f"http://{host}:{port}/api/health") as answer,
            ):
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

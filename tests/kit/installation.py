"""A real installation in a temporary folder: PostgreSQL and Asterisk as `annyeong120 up` runs them, without the program.

async with Installation(folder) as line:
    await line.add_counsellor("101", "secret", human="ready")
"""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import psycopg

from core.settings import Settings
from helpline.embedded.addresses import nodes, postgres_url
from helpline.embedded.folders import Folders
from helpline.embedded.guard import Guard
from helpline.embedded.supervisor import Supervisor
from ivr.phone_rows import TABLES, phone_rows
from tests.kit.ari_app import AriApp
from tests.kit.bare_asterisk import asterisk_tree
from tests.kit.ports import free_port, free_range
from tests.kit.until import until

#: Where the trunk's calls come from.
TRUNK = "127.0.0.2"


def settings(folder: Path, **changes: object) -> Settings:
    """Settings of an installation of its own: free ports, one trunk on `TRUNK`, nothing read from a file."""
    rtp = free_range(200)
    asterisk: dict[str, object] = {
        "sip_port": free_port(), "http_port": free_port(), "rtp_first_port": rtp, "rtp_last_port": rtp + 199,
        # Where an unknown source may call from, so that there is one.
        "phones_networks": ["127.0.0.1/32"],
    }  # fmt: skip
    asterisk.update(changes.pop("asterisk", {}))  # type: ignore[call-overload]
    values: dict[str, object] = {
        "data_dir": folder, "asterisk": asterisk, "trunks": [{"name": "carrier", "addresses": [TRUNK]}], "worker": {"http_port": free_port()},
    }  # fmt: skip
    return Settings(**{**values, **changes})  # type: ignore[arg-type]


class Installation:
    """See the module's text. Keep `folder` short: sockets lie in it."""

    def __init__(self, folder: Path, **changes: object) -> None:
        if "ANNYEONG120_ASTERISK_TREE" not in os.environ and (tree := asterisk_tree()):
            os.environ["ANNYEONG120_ASTERISK_TREE"] = str(tree)
        self.settings = settings(folder, **changes)
        self.folders = Folders.of(folder)
        #: What `up` has said.
        self.said: list[str] = []
        self.supervisor = Supervisor(self.settings, self.said.append, program=False)
        self._task: asyncio.Task[int] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.supervisor.run(), name="up")
        up = asyncio.create_task(self.supervisor.all_up.wait(), name="all up")
        await asyncio.wait({self._task, up}, return_when=asyncio.FIRST_COMPLETED, timeout=60)
        up.cancel()
        if not self.supervisor.all_up.is_set():
            if self._task.done():
                await self._task
            raise AssertionError(f"not up: {self.said} {self._task}")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.supervisor.stop()
        if self._task is not None:
            await asyncio.wait_for(self._task, 60)

    @property
    def sip_port(self) -> int:
        """Asterisk's SIP port on 127.0.0.1."""
        return self.settings.asterisk.sip_port

    @property
    def asterisk_log(self) -> str:
        """What Asterisk has logged."""
        return (self.folders.asterisk / "log/messages").read_text(errors="replace")

    @property
    def safety_net_lines(self) -> list[list[str]]:
        """What the safety net has recorded."""
        return [line.split(",") for line in (self.folders.asterisk / "safety_net.csv").read_text().splitlines()]

    async def console(self, line: str) -> str:
        """Run a command on Asterisk's console."""
        guard = self.supervisor.asterisk
        assert guard is not None
        return await guard.child.command(line)  # type: ignore[attr-defined, no-any-return]

    async def connect(self) -> psycopg.AsyncConnection:
        """A connection to the installation's database."""
        return await psycopg.AsyncConnection.connect(postgres_url(self.folders).replace("+psycopg", ""), autocommit=True, connect_timeout=2)

    async def add_counsellor(self, extension: str, secret: str, *, human: str = "ready") -> None:
        """A counsellor with a phone, in the given presence, as the command line would make one."""
        person = uuid.uuid4()
        async with await self.connect() as connection, connection.transaction():
            rows = phone_rows(extension, secret)
            for table in TABLES:
                columns = ", ".join(f'"{name}"' for name in rows[table])
                marks = ", ".join(["%s"] * len(rows[table]))
                await connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(rows[table].values()))
            await connection.execute(
                "INSERT INTO counsellors (id, extension, name, pin_hash, created_at) VALUES (%s, %s, %s, '-', now())",
                (person, extension, extension),
            )
            await connection.execute("INSERT INTO presence (counsellor_id, human, changed_at) VALUES (%s, %s, now())", (person, human))

    def ari_app(self, name: str = "annyeong120-main-w1", *, claims: bool = True) -> AriApp:
        """An ARI application that stands for the program."""
        node = nodes(self.settings)[0]
        return AriApp(node.url, node.username, node.password.get_secret_value(), name, claims=claims)

    @asynccontextmanager
    async def killed(self, guard: Guard) -> AsyncIterator[None]:
        """Kill one part and keep the supervisor from bringing it back until the block ends."""
        process = guard.process
        assert process is not None
        back = asyncio.Event()
        start = guard._start

        async def wait_then_start() -> None:
            await back.wait()
            await start()

        guard._start = wait_then_start  # type: ignore[method-assign]
        process.send(signal.SIGKILL)
        try:
            await until(lambda: not process.alive(), 5)
            yield
        finally:
            guard._start = start  # type: ignore[method-assign]
            back.set()
            await until(guard.child.ready, 30, every_s=0.1)

    async def copied(self, extension: str) -> None:
        """Wait until Asterisk's copy of this phone is written."""
        path = self.folders.asterisk / "etc/safety_net.conf"
        await until(lambda: f"PJSIP/{extension}" in path.read_text(), 10, lambda: self.said)
        await until(lambda: self._dialplan_has(extension), 10, every_s=0.1)

    async def _dialplan_has(self, extension: str) -> bool:
        return f"PJSIP/{extension}" in await self.console("dialplan show globals")


__all__ = ["TRUNK", "Installation", "settings"]

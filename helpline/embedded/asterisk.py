"""The embedded Asterisk: its configuration is written from the settings at every start, and it runs as a child process."""

from __future__ import annotations

import asyncio
import os
import subprocess

import aiohttp
import psutil
import structlog
from sqlalchemy.engine import make_url

from core.errors import AnnyeongError
from core.settings import Settings
from helpline.embedded import asterisk_program, port_check, source_filter
from helpline.embedded.addresses import ari_password
from helpline.embedded.child import Child, PortTaken
from helpline.embedded.folders import Folders
from helpline.embedded.hosts import client_host
from helpline.embedded.process import Launch, Process
from ivr import asterisk_config, music, phone_copies
from ivr.asterisk_config import Place

log = structlog.get_logger()

_WRITTEN = ("run", "log", "spool", "db", "lib", "lib/keys", "cache")


class AsteriskCommandError(AnnyeongError):
    """Asterisk did not carry out a console command."""


class EmbeddedAsterisk(Child):
    """The embedded telephone exchange."""

    name = "asterisk"
    title = "Asterisk"
    ready_within_s = 30.0
    stop_grace_s = 10.0
    # Calls live in it: it is killed only when it is past hope.
    unhealthy_after_s = 20.0

    def __init__(self, settings: Settings, folders: Folders, *, database_url: str) -> None:
        super().__init__(folders)
        self.settings = settings
        self.database_url = database_url
        self.program = asterisk_program.find(settings)

    @property
    def place(self) -> Place:
        """Where its files are."""
        state = self.folders.asterisk
        return Place(
            etc=state / "etc",
            modules=self.program.modules,
            data=self.program.data,
            state=state,
            run=self.folders.asterisk_run,
            music=music.choose(self.settings.prompts_folder / "music", state / "music"),
        )

    async def prepare(self) -> None:
        """Check the version, write the configuration."""
        await asyncio.to_thread(self.program.check)
        for use in port_check.of_asterisk(self.settings):
            # Asterisk itself would start without the port and be deaf.
            if not use.is_free():
                raise PortTaken(use.sentence())
        await asyncio.to_thread(self.configure)

    def configure(self) -> tuple[str, ...]:
        """Write the configuration; names of the files that changed."""
        for name in _WRITTEN:
            (self.folders.asterisk / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        place = self.place
        files = asterisk_config.render(self.settings, place=place, database_url=self.database_url, ari_password=ari_password(self.folders))
        changed = asterisk_config.write(files, place.etc)
        # The phones come as soon as the database has been read; until then there is a place to look.
        (place.etc / phone_copies.DIALPLAN_FILE).touch(mode=0o600)
        # Its lines hold callers' numbers.
        place.safety_net_file.touch(mode=0o600)
        return changed

    def launch(self) -> Launch:
        """See `Child.launch`."""
        return Launch(
            command=(*self.program.command, "-C", str(self.place.etc / "asterisk.conf"), "-f", "-n"),
            environment=_database_environment(self.database_url),
            log=self.log,
        )

    async def ready(self) -> bool:
        """Whether ARI answers."""
        host = client_host(self.settings.asterisk.http_bind)
        address = f"http://{host}:{self.settings.asterisk.http_port}/ari/asterisk/info?only=status"
        headers = {"Authorization": aiohttp.encode_basic_auth(asterisk_config.ARI_USER, ari_password(self.folders))}
        try:
            async with (
                aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=3)) as session,
                session.get(address) as answer,
            ):
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def started(self, process: Process) -> None:
        """Wait until the last module is loaded, then close its ears to strangers: see `source_filter`."""
        try:
            # ARI answers a moment before; a signal to stop that comes in between is lost.
            await self.command("core waitfullybooted")
        except (AsteriskCommandError, OSError) as error:
            log.warning("asterisk_console_silent", error=str(error))
        if any(asterisk_config.outbound_host(trunk) for trunk in self.settings.trunks):
            # A name's addresses change; a carrier's answers must not be dropped with the strangers' questions.
            log.info("strangers_are_refused", why="a trunk's outbound_uri holds a host name: give its address to have them ignored")
            return
        networks = asterisk_config.known_sources(self.settings)
        try:
            kinds = await asyncio.to_thread(source_filter.attach, process.pid, self.settings.asterisk.sip_port, networks)
            log.info("strangers_are_ignored", on=",".join(kinds))
        except (OSError, ValueError, psutil.Error) as error:
            log.warning("strangers_are_refused", why=str(error))

    async def follow_music(self) -> None:
        """Music was recorded, or has gone: let Asterisk play from where there is some. Raises AsteriskCommandError, OSError."""
        if "musiconhold.conf" in await asyncio.to_thread(self.configure):
            await self.command("moh reload")

    async def command(self, line: str) -> str:
        """Run a console command (`pjsip reload`). Raises AsteriskCommandError."""
        arguments = (*self.program.command, "-C", str(self.place.etc / "asterisk.conf"), "-r", "-x", line)
        process = await asyncio.create_subprocess_exec(
            *arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "TERM": "dumb"}
        )
        try:
            async with asyncio.timeout(10):
                output, _ = await process.communicate()
        except TimeoutError as error:
            process.kill()
            await process.wait()
            raise AsteriskCommandError(f"{line!r}: no answer in 10 s") from error
        text = output.decode(errors="replace").strip()
        if process.returncode != 0:
            raise AsteriskCommandError(f"{line!r}: {text}")
        return text


def _database_environment(url: str) -> dict[str, str]:
    """How Asterisk's database client behaves when the server is slow or away: it gives up before a caller would notice."""
    environment = {"PGCONNECT_TIMEOUT": "2", "PGOPTIONS": "-c statement_timeout=2000", "TZ": "Asia/Seoul"}
    mode = make_url(url).query.get("sslmode")
    if isinstance(mode, str):
        environment["PGSSLMODE"] = mode
    return environment

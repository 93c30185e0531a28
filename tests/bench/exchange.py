"""A plain Asterisk for the floor and for app_queue.

Its configuration is ours, rendered by the same code (modules, media, threads, time-outs), except for three things: the dialplan,
phones and queues in files instead of PostgreSQL, and no database modules at start.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.settings import AsteriskSettings, Settings, TrunkSettings
from helpline.embedded.asterisk_program import AsteriskProgram
from ivr import asterisk_config
from ivr.phone_rows import phone_rows

_DIALPLAN = """
[general]
static=yes
[from-trunk]
; The bare script's.
exten => 120,1,Stasis(floor)
 same => n,Hangup()
; A queue with one member, a queue with all; I: no re-INVITE for the connected party's name, which the others do not send either.
exten => 121,1,Goto(menu-one,s,1)
exten => 122,1,Goto(menu-all,s,1)
[menu-one]
exten => s,1,Answer()
 same => n,WaitExten(30)
exten => 5,1,Queue(one,I)
[menu-all]
exten => s,1,Answer()
 same => n,WaitExten(30)
exten => 5,1,Queue(all,I)
"""

# The best it can do: every waiting caller is looked at, no pause between two calls, shortest retry it accepts.
_QUEUE = """
[{name}]
strategy=leastrecent
musicclass=waiting
timeout=30
retry=1
wrapuptime=0
ringinuse=no
joinempty=yes
{members}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Ports and counts of one exchange."""

    folder: Path
    program: AsteriskProgram
    music: Path
    sip_port: int
    http_port: int
    rtp_first: int
    rtp_last: int
    trunk_host: str
    phone_host: str
    phone_port: int
    phones: tuple[str, ...]

    def write(self) -> None:
        """Write every file."""
        settings = Settings(
            data_dir=self.folder,
            asterisk=AsteriskSettings(
                sip_port=self.sip_port,
                http_port=self.http_port,
                rtp_first_port=self.rtp_first,
                rtp_last_port=self.rtp_last,
                phones_networks=[f"{self.phone_host}/32"],
            ),
            trunks=[trunk(self.trunk_host)],
        )
        place = asterisk_config.Place(
            etc=self.folder,
            modules=self.program.modules,
            data=self.program.data,
            state=self.folder,
            run=self.folder,
            music=self.music,
        )
        files = asterisk_config.render(settings, place=place, database_url="postgresql+psycopg://nobody@nowhere/none", ari_password="bench")
        members = {"one": self.phones[:1], "all": self.phones}
        files["extensions.conf"] = _DIALPLAN
        files["queues.conf"] = "[general]\nautofill=yes\npersistentmembers=no\n" + "".join(
            _QUEUE.format(name=name, members="\n".join(f"member => PJSIP/{user}" for user in users)) for name, users in members.items()
        )
        files["modules.conf"] = re.sub(r"(?m)^preload\b.*\n", "", files["modules.conf"])
        files["sorcery.conf"] = files["extconfig.conf"] = files["res_pgsql.conf"] = ""
        files["pjsip.conf"] += "".join(self._phone(user) for user in self.phones)
        asterisk_config.write(files, self.folder)
        for name in ("log", "spool", "lib/keys", "db", "cache"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def _phone(self, user: str) -> str:
        rows = phone_rows(user, "unused")
        endpoint = _lines(rows["ps_endpoints"], without=("id", "auth"))
        aor = _lines(rows["ps_aors"], without=("id",))
        return f"[{user}]\ntype=endpoint\n{endpoint}[{user}]\ntype=aor\n{aor}contact={contact(user, self.phone_host, self.phone_port)}\n"


def _lines(row: Mapping[str, object], *, without: tuple[str, ...]) -> str:
    return "".join(f"{key}={value}\n" for key, value in row.items() if key not in without)


def trunk(host: str) -> TrunkSettings:
    """Where the farm's callers come from."""
    return TrunkSettings(name="bench", addresses=[host])


def contact(user: str, host: str, port: int) -> str:
    """Where the farm's phones are."""
    return f"sip:{user}@{host}:{port}"


class Exchange:
    """One running Asterisk of the bench."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Of the Asterisk process."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start and wait until it is fully booted; RuntimeError with the log's end when it is not within 30 s."""
        self.plan.write()
        with (self.plan.folder / "console").open("wb") as console:
            self._process = await asyncio.create_subprocess_exec(
                *self.plan.program.command, "-C", str(self.plan.folder / "asterisk.conf"), "-f", stdout=console, stderr=console
            )
        for _ in range(150):
            if "fully booted" in await self.cli("core waitfullybooted"):
                return
            if self._process.returncode is not None:
                break
            await asyncio.sleep(0.2)
        raise RuntimeError(f"Asterisk of the bench did not start:\n{(self.plan.folder / 'console').read_text(errors='replace')[-2000:]}")

    async def cli(self, line: str) -> str:
        """What a console command prints."""
        arguments = ("-C", str(self.plan.folder / "asterisk.conf"), "-rx", line)
        process = await asyncio.create_subprocess_exec(
            *self.plan.program.command, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        printed, _ = await process.communicate()
        return printed.decode(errors="replace")

    async def stop(self) -> None:
        """End it; after 5 s by force."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), 5)
        except TimeoutError:
            os.kill(self._process.pid, signal.SIGKILL)
            await self._process.wait()

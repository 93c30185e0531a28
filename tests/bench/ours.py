"""Our own system: `annyeong120 up` with its embedded PostgreSQL and Asterisk, set by the environment only."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil

from helpline.embedded.addresses import postgres_url
from helpline.embedded.folders import Folders
from ivr import flow
from tests.bench import counsellors
from tests.bench.exchange import Plan, trunk
from tests.bench.registration import Registration
from tests.bench.sip_farm import Farm
from tests.kit.until import until


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """Seconds until ready for calls: from the start of the new process, and from the end of the old one."""

    start_s: float
    gap_s: float


class Ours:
    """The whole program, started as an operator would."""

    name, all_number, one_number = "ours", "120", "120"

    def __init__(self, plan: Plan, farm: Farm, *, health_port: int) -> None:
        self.plan, self.farm = plan, farm
        self._data = plan.folder
        self._url = postgres_url(Folders.of(self._data))
        self._health = f"http://127.0.0.1:{health_port}/readyz"
        self._log = plan.folder / "up.log"
        #: Where the program's source is; another working copy is compared by setting this.
        self.root = Path(__file__).parents[2]
        self._up: asyncio.subprocess.Process | None = None
        #: From the start of `up` until the line takes calls, on an empty data folder.
        self.up_s = float("nan")
        self._environment = {
            **os.environ,
            # An installation keeps its compiled code, and has no pages open while this is measured.
            "PYTHONDONTWRITEBYTECODE": "",
            "ANNYEONG120_DESK__ENABLED": "false",
            "ANNYEONG120_DATA_DIR": str(self._data),
            "ANNYEONG120_ASTERISK__SIP_PORT": str(plan.sip_port),
            "ANNYEONG120_ASTERISK__HTTP_PORT": str(plan.http_port),
            "ANNYEONG120_ASTERISK__RTP_FIRST_PORT": str(plan.rtp_first),
            "ANNYEONG120_ASTERISK__RTP_LAST_PORT": str(plan.rtp_last),
            "ANNYEONG120_ASTERISK__PHONES_NETWORKS": json.dumps([f"{plan.phone_host}/32"]),
            "ANNYEONG120_TRUNKS": json.dumps([trunk(plan.trunk_host).model_dump()]),
            "ANNYEONG120_WORKER__HTTP_PORT": str(health_port),
            "ANNYEONG120_ENTRY__MENU_NUMBERS": json.dumps([self.all_number]),
            "ANNYEONG120_LINE__WRAPUP_S": "0",
            # A counsellor who hangs up after a second means it here.
            "ANNYEONG120_LINE__DEAD_LEG_S": "0",
            "ANNYEONG120_PROMPTS__FOLDER": str(plan.music.parent),
            "ANNYEONG120_FLOW_FILE": str(self._data / "flow.toml"),
            "ANNYEONG120_LOG__FORMAT": "json",
        }

    async def start(self) -> None:
        """Start on an empty folder, wait until ready, provision every counsellor and wait until a call could be offered."""
        self._data.mkdir(parents=True, exist_ok=True)
        # Root's PostgreSQL runs as another user who must pass through here.
        self._data.parent.chmod(0o711)
        self._data.chmod(0o711)
        (self._data / "flow.toml").write_text(_flow())
        began = time.monotonic()
        await self._bring_up()
        self.up_s = time.monotonic() - began
        secrets = {phone: f"secret-{phone}" for phone in self.plan.phones}
        await counsellors.provision(self._url, secrets)
        await Registration(self.farm, secrets).run()
        await self.everybody()

    async def fresh(self) -> None:
        """Stop and start again on the same data; the phones' registrations are kept."""
        await self.stop()
        await self._bring_up()
        await self.everybody()

    async def _bring_up(self) -> None:
        with self._log.open("ab") as log:
            self._up = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "helpline", "up",
                cwd=self.root, env=self._environment, stdout=log, stderr=log,
            )  # fmt: skip
        await self._ready(90)

    async def stop(self) -> None:
        """SIGTERM, as an operator would; by force after 20 s."""
        if self._up is None or self._up.returncode is not None:
            return
        processes = [process for group in self.processes().values() for process in group]
        self._up.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._up.wait(), 20)
        except TimeoutError:
            self._up.kill()
            await self._up.wait()
        for process in processes:
            if process.is_running():
                process.kill()

    async def only_one(self) -> None:
        """All but the first counsellor take a break."""
        await self._available(self.plan.phones[:1])

    async def everybody(self) -> None:
        """All counsellors are ready."""
        await self._available(self.plan.phones)

    async def _available(self, phones: tuple[str, ...]) -> None:
        await counsellors.ready(self._url, phones)

        async def available() -> bool:
            return await counsellors.available(self._url) == len(phones)

        await until(available, 40, "every counsellor is ready and their phone reachable", every_s=0.1)
        # The program hears of the change by NOTIFY.
        await asyncio.sleep(0.2)

    async def restart(self, *, kill: bool = False) -> Restart:
        """End the worker (`kill`: as a crash would) and wait until the process that takes its place is ready for calls."""
        program = self.processes()["program"]
        began = time.time()
        for process in program:
            process.kill() if kill else process.terminate()
        gone = {process.pid for process in program}
        async with asyncio.timeout(60):
            while True:
                fresh = [process for process in self.processes().get("program", []) if process.pid not in gone]
                if fresh and await self._answers():
                    ready = time.time()
                    return Restart(start_s=ready - min(process.create_time() for process in fresh), gap_s=ready - began)
                await asyncio.sleep(0.02)

    def processes(self) -> dict[str, list[psutil.Process]]:
        """The children of `up` by what they are."""
        found: dict[str, list[psutil.Process]] = {"asterisk": [], "program": [], "database": []}
        if self._up is None or self._up.returncode is not None:
            return found
        for process in psutil.Process(self._up.pid).children(recursive=True):
            try:
                line = " ".join(process.cmdline())
            except psutil.Error:
                continue
            if "sbin/asterisk" in line:
                found["asterisk"].append(process)
            elif "postgres" in line:
                found["database"].append(process)
            elif re.search(r"\bserve\b", line):
                found["program"].append(process)
        return found

    async def _ready(self, within_s: float) -> None:
        assert self._up is not None
        try:
            async with asyncio.timeout(within_s):
                while not await self._answers():
                    if self._up.returncode is not None:
                        break
                    await asyncio.sleep(0.05)
                else:
                    return
        except TimeoutError:
            pass
        logs = [self._log, *(self._data / "log").glob("*")]
        tails = "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-1500:]}" for path in logs if path.is_file())
        raise RuntimeError(f"annyeong120 up is not ready:\n{tails}")

    async def _answers(self) -> bool:
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as http, http.get(self._health) as reply:
                return reply.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False


def _flow() -> str:
    """The shipped flow, except that a counsellor who answers at once need not wait for the end of the legal notices.

    The floor and app_queue have no notices; what they say takes seconds and would hide what is measured.
    """
    return flow.SHIPPED.read_text(encoding="utf-8").replace("must_finish = true", "must_finish = false")

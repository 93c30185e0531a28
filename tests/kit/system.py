"""A whole installation as an operator runs it: `annyeong120 up` as a process, with its own data folder and free ports.

    with System(folder) as system:
        kim = await system.add_counsellor("김상담")
        async with system.phone(kim) as phone, system.caller() as caller: …

`folder` must be short (unix sockets lie in it). The logs stay in `folder/d/log` and `folder/up.log`. Everything that waits in `async` code
waits without blocking; starting and stopping block, so that the fixture may outlive the event loop of one test.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg
from psycopg.rows import dict_row

from core.database import Database
from deploy.machine.asterisk_tree import cache_folder
from helpline.demo.softphone import Softphone
from helpline.demo.tones import CALLER_TONE, COUNSELLOR_TONE
from helpline.embedded.addresses import postgres_url
from helpline.embedded.folders import Folders
from helpline.embedded.process import Process
from ivr.phone_accounts import PhoneAccounts
from tests.kit.ports import free_port, free_range
from tests.kit.until import NotInTime, until, until_blocking

_ROOT = Path(__file__).resolve().parents[2]
#: Where the trunk's calls come from, and an address that is neither a trunk nor a phone.
TRUNK_ADDRESS, STRANGER_ADDRESS = "127.0.0.2", "127.0.9.9"
#: The far end of the trunk by which calls leave; its name is "outside".
OUTSIDE_ADDRESS = "127.0.0.3"
PIN = "583927"
#: Everything but the program, for tests that put something between the program and Asterisk.
_WITHOUT_PROGRAM = (
    "import asyncio, sys; from core import settings_file; from helpline.commands.up import run; "
    "sys.exit(asyncio.run(run(settings_file.load(), program=False)))"
)

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counsellor:
    """Somebody who answers calls here."""

    extension: str
    secret: str
    pin: str


class System:
    """See the module's text. `environment` adds or replaces settings (`ANNYEONG120_…`)."""

    def __init__(self, folder: Path, *, environment: Mapping[str, str] | None = None, program: bool = True) -> None:
        self.folder = folder
        self.folders = Folders.of(folder / "d")
        self.sip_port, self.http_port, self.health_port = free_port(), free_port(), free_port()
        self.outside_port = free_port()
        rtp = free_range(400)
        self._with_program = program
        self._up: subprocess.Popen[bytes] | None = None
        self._own_program: subprocess.Popen[bytes] | None = None
        self.environment = {
            "ANNYEONG120_DATA_DIR": str(self.folders.root),
            "ANNYEONG120_ASTERISK__SIP_PORT": str(self.sip_port),
            "ANNYEONG120_ASTERISK__HTTP_PORT": str(self.http_port),
            "ANNYEONG120_ASTERISK__RTP_FIRST_PORT": str(rtp),
            "ANNYEONG120_ASTERISK__RTP_LAST_PORT": str(rtp + 399),
            "ANNYEONG120_ASTERISK__PHONES_NETWORKS": json.dumps(["127.0.0.1/32"]),
            "ANNYEONG120_WORKER__HTTP_PORT": str(self.health_port),
            "ANNYEONG120_TRUNKS": json.dumps(
                [
                    {"name": "carrier", "addresses": [TRUNK_ADDRESS]},
                    {"name": "outside", "addresses": [OUTSIDE_ADDRESS], "outbound_uri": f"sip:{OUTSIDE_ADDRESS}:{self.outside_port}"},
                ]
            ),
            "ANNYEONG120_DESK__ENABLED": "false",
            "ANNYEONG120_LINE__WRAPUP_S": "0",
            "ANNYEONG120_LINE__RETRY_S": "0.5",
            "ANNYEONG120_PROMPTS__FOLDER": str(prompts_folder()),
            "ANNYEONG120_LOG__FORMAT": "json",
            # An installation keeps its compiled code; compiling it at every start of a part would be most of that start.
            "PYTHONDONTWRITEBYTECODE": "",
            **(environment or {}),
        }

    # --- start and stop ------------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        # Root's PostgreSQL runs as another user who must pass through here.
        self.folder.chmod(0o711)
        _build_prompts()
        try:
            self.start()
        except BaseException:
            # What was started would go on, and start its parts again and again.
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """`annyeong120 up`, until the line takes calls (or, without the program, until everything else is up)."""
        words = ["-m", "helpline", "up"] if self._with_program else ["-c", _WITHOUT_PROGRAM]
        with (self.folder / "up.log").open("ab") as log:
            self._up = subprocess.Popen([sys.executable, *words], cwd=self.folder, env=self._full_environment(), stdout=log, stderr=log)
        if self._with_program:
            until_blocking(lambda: self._answers() or self._check_up(), 180, self.said, every_s=0.1)
        else:
            until_blocking(lambda: self._asterisk_answers() or self._check_up(), 180, self.said, every_s=0.1)

    def stop(self) -> None:
        """SIGTERM to the program of our own and to `up`, as an operator would; what stays is killed."""
        for process in (self._own_program, self._up):
            if process is None or process.poll() is not None:
                continue
            process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                process.wait(45)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        for pid in self.pids.values():
            os.kill(pid, signal.SIGKILL)

    def start_program(self, environment: Mapping[str, str] | None = None, *, wait: bool = True) -> int:
        """`annyeong120 serve` of our own beside an `up` without the program; its pid. With `ANNYEONG120_ASTERISK__HTTP_PORT` of a proxy
        in `environment`, the program reaches Asterisk through it (do not wait in the loop that runs the proxy).
        """
        with (self.folder / "serve.log").open("ab") as log:
            self._own_program = subprocess.Popen(
                [sys.executable, "-m", "helpline", "serve"],
                cwd=self.folder, env={**self._full_environment(), **(environment or {})}, stdout=log, stderr=log,
            )  # fmt: skip
        if wait:
            until_blocking(self._answers, 60, self.said, every_s=0.05)
        return self._own_program.pid

    # --- processes -----------------------------------------------------------------------------------------------------------

    @property
    def pids(self) -> dict[str, int]:
        """Running processes by name: postgres, asterisk, program."""
        found = {path.stem: Process.find(path) for path in self.folders.run.glob("*.json")}
        pids = {name: process.pid for name, process in found.items() if process is not None}
        if self._own_program is not None and self._own_program.poll() is None:
            pids["program"] = self._own_program.pid
        return pids

    def send(self, name: str, number: signal.Signals) -> int:
        """Send a signal to one of the processes and return its pid; SIGSTOP freezes, SIGCONT thaws."""
        pid = self.pids[name]
        targets = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        for process in targets:
            process.send_signal(number)
        return pid

    async def kill(self, name: str) -> int:
        """SIGKILL, and wait until it is gone; the pid that died. `up` starts another one soon."""
        pid = self.send(name, signal.SIGKILL)
        if self._own_program is not None and self._own_program.pid == pid:
            self._own_program.wait(10)
        await until(lambda: self.pids.get(name) != pid, 20, f"{name} to be gone")
        return pid

    def kill_up(self) -> None:
        """SIGKILL to `annyeong120 up` itself; its children go on."""
        assert self._up is not None
        self._up.kill()
        self._up.wait(10)

    async def wait_ready(self, within_s: float = 60.0) -> None:
        """Wait until the program would take a call."""
        await until(self._answers, within_s, self.said, every_s=0.05)

    async def wait_not_ready(self, within_s: float = 20.0) -> None:
        """Wait until the program says that it would not take a call."""
        await until(lambda: not self._answers(), within_s, self.said, every_s=0.05)

    def get(self, page: str) -> tuple[int, str]:
        """A page of the program's health server: status and text; (0, "") when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}{page}", timeout=2) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `annyeong120 …` on this installation."""
        return subprocess.run(
            [sys.executable, "-m", "helpline", *words],
            cwd=self.folder, env=self._full_environment(), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def console(self, line: str) -> str:
        """Run a command on Asterisk's console."""
        asterisk = psutil.Process(self.pids["asterisk"]).cmdline()
        words = asterisk[: asterisk.index("-C") + 2]
        return subprocess.run([*words, "-rx", line], capture_output=True, text=True, timeout=10, check=False).stdout

    def said(self) -> str:
        """The last lines of every log, for a failure's message."""
        paths = [self.folder / "up.log", self.folder / "serve.log", *sorted(self.folders.log.glob("*.log"))]
        return "\n".join(f"--- {path.name}\n{_tail(path)}" for path in paths if path.exists())

    # --- people and their phones ---------------------------------------------------------------------------------------------

    async def add_counsellor(self, name: str = "상담사", *, extension: str | None = None) -> Counsellor:
        """Somebody new, as `annyeong120 counsellor add` makes them; the phone can register at once."""
        db = Database(postgres_url(self.folders), pool_size=2, statement_timeout_s=5)
        try:
            account, secret = await PhoneAccounts(db).add(name, extension=extension, pin=PIN)
        finally:
            await db.close()
        return Counsellor(extension=account.extension, secret=secret, pin=PIN)

    def phone(self, counsellor: Counsellor, **options: object) -> Softphone:
        """The counsellor's phone; enter it, then `register()`. It listens for the caller's tone."""
        options.setdefault("listen_for", (CALLER_TONE,))
        options.setdefault("log", self.folder / f"phone-{counsellor.extension}.log")
        return Softphone(counsellor.extension, counsellor.secret, port=self.sip_port, **options)  # type: ignore[arg-type]

    def caller(self, number: str = "01012345678", *, name: str = "", **options: object) -> Softphone:
        """Somebody behind the trunk; listens for the counsellor's tone."""
        options.setdefault("from_uri", f"{name} <sip:{number}@{TRUNK_ADDRESS}>".strip())
        options.setdefault("listen_for", (COUNSELLOR_TONE,))
        options.setdefault("log", self.folder / "caller.log")
        return Softphone("caller", port=self.sip_port, address=TRUNK_ADDRESS, **options)  # type: ignore[arg-type]

    def outside(self, **options: object) -> Softphone:
        """Everybody behind the trunk "outside": whatever number is dialled there rings here. Enter it, then `outside_reachable()`."""
        options.setdefault("listen_for", (CALLER_TONE, COUNSELLOR_TONE))
        options.setdefault("log", self.folder / "outside.log")
        return Softphone("outside", port=self.sip_port, address=OUTSIDE_ADDRESS, sip_port=self.outside_port, **options)  # type: ignore[arg-type]

    async def outside_reachable(self) -> None:
        """Have Asterisk ask the trunk at once, and wait until it knows that somebody is there."""

        async def available() -> bool:
            return "Avail" in self.console("pjsip show aor outside").replace("Unavail", "")

        async def asked() -> bool:
            self.console("pjsip qualify outside")
            try:
                return await until(available, 1, every_s=0.1)
            except NotInTime:
                return False

        await until(asked, 20, "the trunk to be reachable")

    async def dial_code(self, phone: Softphone, code: str, within_s: float = 15.0) -> None:
        """Dial a `*1…` code and listen until the line hangs up."""
        call = await phone.call(code)
        await call.answered()
        await call.ended(within_s)

    async def sign_in(self, phone: Softphone, counsellor: Counsellor) -> None:
        """Register and go on duty the long way: `*11` with the PIN, `*12`."""
        await phone.register()
        await self.dial_code(phone, f"*11{counsellor.pin}")
        await self.dial_code(phone, "*12")

    async def ready(self, counsellor: Counsellor, human: str = "ready") -> None:
        """Put somebody on duty by the database, and wait until calls could be offered to them (their phone must be registered)."""
        await self.query(
            "UPDATE presence SET human = %s, system = 'idle', contact_id = NULL, idle_since = now(), changed_at = now(), missed = 0, "
            "paused_until = NULL, rest_until = NULL, heavy_run = 0 FROM counsellors c "
            "WHERE c.id = counsellor_id AND c.extension = %s RETURNING c.id",
            human, counsellor.extension,
        )  # fmt: skip
        await self.query("SELECT pg_notify('counsellors_changed', '')")
        if human == "ready":
            statement = "SELECT 1 FROM presence p JOIN counsellors c ON c.id = p.counsellor_id WHERE c.extension = %s AND p.reachable"
            await until(lambda: self.query(statement, counsellor.extension), 30, f"{counsellor.extension} to be reachable")

    # --- what the database tells ---------------------------------------------------------------------------------------------

    async def query(self, statement: str, *parameters: object) -> Rows:
        """Rows of one statement, as dictionaries."""
        url = postgres_url(self.folders).replace("+psycopg", "")
        async with await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=3, row_factory=dict_row) as connection:
            cursor = await connection.execute(statement.encode(), parameters)
            return await cursor.fetchall() if cursor.description else []

    async def contact_rows(self) -> Rows:
        """All contacts, oldest first."""
        return await self.query("SELECT * FROM contacts ORDER BY entered_at, id")

    async def new_contacts(self, since: Sequence[Mapping[str, Any]]) -> Rows:
        """Contacts that were not in an earlier `contact_rows()`."""
        known = {row["id"] for row in since}
        return [row for row in await self.contact_rows() if row["id"] not in known]

    async def ended_contact(self, since: Sequence[Mapping[str, Any]], within_s: float = 20.0) -> dict[str, Any]:
        """Wait for the one new contact and its outcome."""

        async def ended() -> Rows:
            rows = await self.new_contacts(since)
            return rows if rows and all(row["outcome"] for row in rows) else []

        rows = await until(ended, within_s, "one new contact with an outcome")
        assert len(rows) == 1, rows
        return rows[0]

    async def timeline(self, contact_id: object) -> list[str]:
        """Kinds of a contact's events in order."""
        rows = await self.query("SELECT kind FROM events WHERE contact_id = %s ORDER BY at, id", contact_id)
        return [str(row["kind"]) for row in rows]

    async def quiet(self, within_s: float = 30.0) -> None:
        """End whatever a test left: crises, call-backs, channels; wait until no contact lives; sign everybody out."""
        # Nobody is to be called back, nor in the crisis of an earlier test by their number.
        await self.query(
            "UPDATE incidents SET state = 'closed', ended_at = now(), ended_by = gen_random_uuid(), close_reason = 'exercise' "
            "WHERE ended_at IS NULL"
        )
        await self.query(
            "UPDATE callbacks SET state = 'cancelled', outcome = 'cancelled', ended_at = now(), epoch = epoch + 1, worker = NULL, "
            "lease_until = NULL WHERE outcome IS NULL"
        )
        statement = "SELECT id, state FROM contacts WHERE outcome IS NULL"

        async def nobody() -> bool:
            if "asterisk" in self.pids and "0 active channels" not in self.console("core show channels count"):
                self.console("channel request hangup all")
            return not await self.query(statement)

        await until(nobody, within_s, "no live contact", ignore=(psycopg.Error,), every_s=0.05)
        await self.query("UPDATE presence SET human = 'off', system = 'idle', contact_id = NULL, deadline = NULL, changed_at = now()")
        await self.query("SELECT pg_notify('counsellors_changed', '')")

    # --- inside --------------------------------------------------------------------------------------------------------------

    def _full_environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": _python_path(), **self.environment}

    def _answers(self) -> bool:
        return self.get("/readyz")[0] == 200

    def _asterisk_answers(self) -> bool:
        return "asterisk" in self.pids and "fully booted" in self.console("core waitfullybooted")

    def _check_up(self) -> bool:
        if self._up is not None and self._up.poll() is not None:
            raise AssertionError(f"`annyeong120 up` ended with {self._up.returncode}\n{self.said()}")
        return False


def _python_path() -> str:
    return os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")]))


def prompts_folder() -> Path:
    """Built once and kept: the build is idempotent and takes seconds."""
    return cache_folder() / "test-prompts"


@functools.cache
def _build_prompts() -> None:
    """Once in a process: to find that nothing has changed takes longer than Asterisk to start."""
    environment = {**os.environ, "PYTHONPATH": _python_path(), "ANNYEONG120_PROMPTS__FOLDER": str(prompts_folder())}
    done = subprocess.run(
        [sys.executable, "-m", "helpline", "prompts", "build"], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode:
        raise AssertionError(f"prompts were not built:\n{done.stdout}{done.stderr}")


def _tail(path: Path, size: int = 3000) -> str:
    return path.read_text(errors="replace")[-size:]

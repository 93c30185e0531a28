"""An installation's supervisor as a process of its own, so that it can be killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from helpline.embedded.addresses import postgres_url
from helpline.embedded.folders import Folders
from helpline.embedded.process import Process
from tests.kit.ports import free_port, free_range
from tests.kit.until import until, until_blocking

_ROOT = Path(__file__).resolve().parents[3]
_UP = (
    "import asyncio, sys; from core.settings import Settings; from helpline.commands.up import run; "
    "sys.exit(asyncio.run(run(Settings(), program=False)))"
)


class Up:
    """`annyeong120 up` without the program, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folders = Folders.of(folder)
        self.output = folder.with_name(folder.name + ".out")
        self.sip_port, self.http_port = free_port(), free_port()
        rtp = free_range(100)
        self.environment = {
            "ANNYEONG120_DATA_DIR": str(folder),
            "ANNYEONG120_ASTERISK__SIP_PORT": str(self.sip_port),
            "ANNYEONG120_ASTERISK__HTTP_PORT": str(self.http_port),
            "ANNYEONG120_ASTERISK__RTP_FIRST_PORT": str(rtp),
            "ANNYEONG120_ASTERISK__RTP_LAST_PORT": str(rtp + 99),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it says what it does in `output`."""
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _UP],
                env={**os.environ, "PYTHONPATH": str(_ROOT), **self.environment},
                stdout=output,
                stderr=output,
                cwd=self.output.parent,
            )

    async def all_up(self, within_s: float = 60) -> None:
        """Wait until it says that both parts are ready, and they answer."""
        await until(lambda: "Asterisk: ready" in self.said(), within_s, self.said, every_s=0.1)
        assert self.postgres_answers()
        assert self.asterisk_answers()

    async def ended(self, within_s: float = 40) -> int:
        """Wait until `up` itself has ended; its exit code."""
        assert self.process is not None
        process = self.process
        await until(lambda: process.poll() is not None, within_s, self.said, every_s=0.05)
        return process.returncode

    def said(self) -> str:
        """What it has said so far."""
        return self.output.read_text(errors="replace")

    def find(self, name: str) -> Process | None:
        """The running process of a part."""
        return Process.find(self.folders.run / f"{name}.json")

    def pid(self, name: str) -> int:
        """Its pid; an AssertionError if it does not run."""
        process = self.find(name)
        assert process is not None, f"{name} does not run"
        return process.pid

    async def another(self, name: str, than: int, within_s: float = 30) -> int:
        """Wait until a part runs as another process than that one; its pid."""

        def successor() -> int | None:
            process = self.find(name)
            return process.pid if process is not None and process.pid != than else None

        pid = await until(successor, within_s, self.said)
        assert pid is not None
        return pid

    def postgres_answers(self) -> bool:
        """Whether a connection comes about."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(2)
            try:
                sock.connect(str(self.folders.postgres_socket / ".s.PGSQL.5432"))
            except OSError:
                return False
        return self.find("postgres") is not None

    def asterisk_answers(self) -> bool:
        """Whether ARI answers (401: it asks for the password)."""
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/ari/asterisk/ping", timeout=1)
        except urllib.error.HTTPError as error:
            return error.code == 401
        except OSError:
            return False
        return True

    @property
    def url(self) -> str:
        """The database's address for psycopg."""
        return postgres_url(self.folders).replace("+psycopg", "")

    def kill_all(self) -> None:
        """Whatever is left at the end of a test."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        for name in ("asterisk", "postgres"):
            process = self.find(name)
            if process is not None:
                os.kill(process.pid, signal.SIGQUIT if name == "postgres" else signal.SIGKILL)


@contextmanager
def _short_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="e", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@contextmanager
def _standing() -> Iterator[Up]:
    with _short_folder() as folder:
        running = Up(folder / "v")
        running.start()
        try:
            until_blocking(lambda: "Asterisk: ready" in running.said(), 60, running.said, every_s=0.1)
            assert running.postgres_answers()
            assert running.asterisk_answers()
            yield running
        finally:
            running.kill_all()


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder short enough for sockets, open to PostgreSQL's own user."""
    with _short_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    """One that is up, and that every test leaves so."""
    with _standing() as running:
        yield running


@pytest.fixture
def own_up() -> Iterator[Up]:
    """One that this test may stop."""
    with _standing() as running:
        yield running

"""Where things lie, and processes that outlive whoever started them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

from helpline.embedded.folders import SOCKET_PATH_MAX, Folders
from helpline.embedded.hosts import client_host
from helpline.embedded.process import Launch, Process
from tests.kit.until import until


def launch(folder: Path, code: str) -> Launch:
    """A Python process."""
    return Launch(command=(sys.executable, "-c", code), environment={"EXTRA": "120"}, log=folder / "log")


def test_sockets_stay_below_what_the_kernel_takes(tmp_path: Path) -> None:
    """A long data folder gets a short stand-in for its sockets, the same one each time, another one for another folder."""
    short, long = Folders.of(Path("/srv/a")), Folders.of(tmp_path / ("x" * 120))
    assert short.postgres_socket == short.postgres
    assert len(os.fsencode(long.postgres_socket / ".s.PGSQL.5432")) <= SOCKET_PATH_MAX
    assert len(os.fsencode(long.asterisk_run / "asterisk.ctl")) <= SOCKET_PATH_MAX
    assert long.asterisk_run != long.postgres_socket
    assert long.asterisk_run == Folders.of(tmp_path / ("x" * 120)).asterisk_run


def test_a_relative_folder_is_made_absolute(tmp_path: Path, monkeypatch: object) -> None:
    """Children have another current folder."""
    assert Folders.of(Path("var")).root == Path.cwd() / "var"


def test_a_bound_wildcard_is_reached_by_the_loopback() -> None:
    """And IPv6 stands in brackets."""
    assert [client_host(bind) for bind in ("0.0.0.0", "::", "fd00::1", "10.0.0.1")] == ["127.0.0.1", "[::1]", "[fd00::1]", "10.0.0.1"]


async def test_the_end_of_a_process_is_known_at_once_with_its_code(tmp_path: Path) -> None:
    """Own children tell their exit code."""
    process = Process.start(launch(tmp_path, "import os, sys; print(os.environ['EXTRA']); sys.exit(75)"), tmp_path / "note")
    assert await asyncio.wait_for(process.wait(), 10) == 75
    assert not process.alive()
    assert (tmp_path / "log").read_text() == "120\n"


async def test_a_noted_process_is_found_and_its_end_is_told_without_being_its_parent(tmp_path: Path) -> None:
    """What a second supervisor does."""
    own = Process.start(launch(tmp_path, "import time; time.sleep(60)"), tmp_path / "note")
    found = Process.find(tmp_path / "note")
    assert found is not None
    assert found.adopted
    waiting = asyncio.create_task(found.wait())
    await asyncio.sleep(0)
    own.send(signal.SIGKILL)
    assert await asyncio.wait_for(waiting, 5) is None
    assert await asyncio.wait_for(own.wait(), 5) == -9


async def test_a_stranger_with_the_same_pid_is_not_taken_for_it(tmp_path: Path) -> None:
    """Pids are used again; the start time tells them apart."""
    own = Process.start(launch(tmp_path, "import time; time.sleep(60)"), tmp_path / "note")
    noted = json.loads((tmp_path / "note").read_text())
    (tmp_path / "other").write_text(json.dumps({**noted, "started": noted["started"] - 3600}))
    assert Process.find(tmp_path / "other") is None
    assert await own.stop(signal.SIGTERM, 5)


def test_a_broken_note_finds_nobody(tmp_path: Path) -> None:
    """Half written, empty, of another kind, or not there."""
    for text in ("", "{", "[]", '{"pid": "x", "started": 1}', '{"pid": 1}'):
        (tmp_path / "note").write_text(text)
        assert Process.find(tmp_path / "note") is None
    assert Process.find(tmp_path / "none") is None


async def test_one_that_does_not_listen_is_killed_after_its_grace(tmp_path: Path) -> None:
    """And it is said that it had to be."""
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    process = Process.start(launch(tmp_path, code), tmp_path / "note")
    await until(lambda: (tmp_path / "log").read_text() == "deaf\n", 10)
    began = time.monotonic()
    assert not await process.stop(signal.SIGTERM, 0.3)
    assert time.monotonic() - began < 5
    assert not process.alive()


async def test_a_process_has_a_session_of_its_own(tmp_path: Path) -> None:
    """ctrl-C at the terminal reaches the supervisor only, which then stops everything in order."""
    process = Process.start(launch(tmp_path, "import time; time.sleep(60)"), tmp_path / "note")
    assert os.getsid(process.pid) == process.pid != os.getsid(0)
    assert await process.stop(signal.SIGTERM, 5)

"""The doctor tells the truth about a real installation, before, during and after its run."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from core.settings import Settings
from helpline.doctor import Finding, Verdict, examine
from tests.kit.installation import Installation, settings

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(90)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def line() -> AsyncIterator[Installation]:
    """An installation that is up, without the program."""
    with tempfile.TemporaryDirectory(prefix="d") as folder:
        Path(folder).chmod(0o711)
        async with Installation(Path(folder) / "v") as installation:
            yield installation


async def examined(of: Settings) -> dict[str, Finding]:
    """Topic -> finding; of several, the worst."""
    found: dict[str, Finding] = {}
    order = list(Verdict)
    async for finding in examine(of):
        known = found.get(finding.topic)
        if known is None or order.index(finding.verdict) > order.index(known.verdict):
            found[finding.topic] = finding
    return found


async def test_before_the_first_start_it_names_what_is_missing_and_makes_nothing(tmp_path: Path) -> None:
    """A fresh folder: remarks, not failures, about what is not there yet; and it stays away."""
    before = settings(tmp_path / "v")
    found = await examined(before)
    assert found["data folder"].verdict is Verdict.REMARK
    assert found["database"].verdict is Verdict.REMARK
    assert "annyeong120 up" in found["asterisk main"].remedy
    assert found["prompts"].verdict is Verdict.WRONG
    assert found["asterisk program"].verdict is Verdict.FINE
    assert (found["file of retention"].verdict, found["file of retention"].text) == (Verdict.FINE, "as shipped")
    assert not (tmp_path / "v" / "postgres").exists()
    assert not (tmp_path / "v" / "secrets" / "number.keys").exists()


async def test_a_running_installation_is_fine(line: Installation) -> None:
    """Versions, tables, ARI, the trunk, ports held by our own processes."""
    found = await examined(line.settings)
    asterisk = line.settings.asterisk
    for topic in ("database", "tables", "asterisk main", "trunk carrier", "data folder", "time zone", f"port {asterisk.sip_port}/udp"):
        assert found[topic].verdict is Verdict.FINE, found[topic]
    assert "our own asterisk" in found[f"port {asterisk.http_port}/tcp"].text


async def test_a_stranger_on_our_port_is_named(tmp_path: Path) -> None:
    """Which process holds the port, and which setting to change."""
    taken = settings(tmp_path / "v")
    with contextlib.closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", taken.asterisk.http_port))
        sock.listen()
        finding = (await examined(taken))[f"port {taken.asterisk.http_port}/tcp"]
    assert finding.verdict is Verdict.WRONG
    assert str(os.getpid()) in finding.text
    assert "asterisk.http_port" in finding.text


async def test_a_wrong_ari_password_is_said(line: Installation) -> None:
    """An operator's own node with another password."""
    node = {"url": f"http://127.0.0.1:{line.settings.asterisk.http_port}/ari", "password": "wrong"}
    other = line.settings.model_copy(update={"asterisk": line.settings.asterisk.model_validate({"nodes": [node]})})
    assert "password" in (await examined(other))["asterisk main"].text


async def test_an_unreachable_trunk_is_said(tmp_path: Path) -> None:
    """The far end does not answer OPTIONS."""
    with tempfile.TemporaryDirectory(prefix="d") as folder:
        Path(folder).chmod(0o711)
        trunk = {"name": "carrier", "addresses": ["127.0.0.2"], "outbound_uri": "sip:127.0.0.2:9"}
        async with Installation(Path(folder) / "v", trunks=[trunk]) as line:
            assert "OPTIONS" in (await examined(line.settings))["trunk carrier"].text


async def test_an_external_database_that_is_away_is_wrong(line: Installation) -> None:
    """Somebody else's server is expected to be there."""
    away = line.settings.model_copy(
        update={"database": line.settings.database.model_validate({"url": "postgresql://nobody@127.0.0.1:9/none"})}
    )
    assert (await examined(away))["database"].verdict is Verdict.WRONG


async def test_a_frozen_asterisk_is_noticed(line: Installation) -> None:
    """It runs, but it does not answer."""
    guard = line.supervisor.asterisk
    assert guard is not None
    assert guard.process is not None
    guard.process.send(signal.SIGSTOP)
    try:
        found = await examined(line.settings)
    finally:
        guard.process.send(signal.SIGCONT)
    assert found["asterisk main"].verdict is Verdict.WRONG


async def test_folders_open_to_others_are_wrong(line: Installation) -> None:
    """Secrets that everybody can list."""
    line.folders.secrets.chmod(0o755)
    try:
        finding = (await examined(line.settings))["data folder"]
    finally:
        line.folders.secrets.chmod(0o700)
    assert finding.verdict is Verdict.WRONG
    assert "chmod 700" in finding.remedy

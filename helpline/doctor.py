"""Looks an installation over: one line a finding, and what to do about what is wrong.

Nothing is changed and nothing is started; it works beside a running system and before the first start.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import aiohttp
import psycopg
import structlog
from pydantic import SecretStr

from core import migrate, secrets
from core.database import Database
from core.errors import AnnyeongError, SettingsError
from core.settings import NodeSettings, Settings
from deploy.machine.asterisk_version import OLDEST, parse
from deploy.machine.errors import StepError
from helpline import case_files
from helpline.alarm_delivery import checkup
from helpline.embedded import asterisk_program, port_check
from helpline.embedded.addresses import database_url, nodes
from helpline.embedded.folders import SOCKET_PATH_MAX, Folders
from helpline.embedded.hosts import client_host
from helpline.embedded.process import Process
from ivr.asterisk_config import outbound_host
from ivr.prompts.catalogue import Catalogue

log = structlog.get_logger()

#: Below this much free space nothing more is written safely; below the second it is worth a remark. Bytes.
DISK_LEAST, DISK_LITTLE = 200 * 1024**2, 2 * 1024**3
#: Clocks of the database and of this machine may differ by this many seconds.
CLOCK_TOLERANCE_S = 2.0
#: Seconds any single question may take.
PATIENCE_S = 5.0

_NOT_UP = "start it with `annyeong120 up`"


class Verdict(StrEnum):
    """What a finding means."""

    #: As it should be.
    FINE = "fine"
    #: Works, but worth knowing.
    REMARK = "remark"
    #: Calls would suffer.
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line."""

    topic: str
    verdict: Verdict
    #: What was found.
    text: str
    #: What to do; empty where there is nothing to do.
    remedy: str = ""


def fine(topic: str, text: str) -> Finding:
    """As it should be."""
    return Finding(topic=topic, verdict=Verdict.FINE, text=text)


def remark(topic: str, text: str, remedy: str = "") -> Finding:
    """Worth knowing."""
    return Finding(topic=topic, verdict=Verdict.REMARK, text=text, remedy=remedy)


def wrong(topic: str, text: str, remedy: str = "") -> Finding:
    """To be put right."""
    return Finding(topic=topic, verdict=Verdict.WRONG, text=text, remedy=remedy)


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Every finding, one after another. A check that itself fails is a finding, too."""
    checks: tuple[Callable[[Settings], Awaitable[list[Finding]]], ...] = (
        _machine, _data_folder, _files, _keys, _asterisk_program, _ports, _database, _prompts, _asterisks, _program, _desk, _alarms,
    )  # fmt: skip
    for check in checks:
        try:
            async with asyncio.timeout(6 * PATIENCE_S):
                found = await check(settings)
        except (AnnyeongError, OSError, TimeoutError) as error:
            found = [wrong(check.__name__.strip("_"), str(error) or type(error).__name__)]
        for finding in found:
            yield finding


async def _machine(_: Settings) -> list[Finding]:
    # An older Python could not have read this file.
    found = [fine("python", ".".join(map(str, sys.version_info[:3])))]
    try:
        zone = datetime.now(ZoneInfo("Asia/Seoul"))
        found.append(fine("time zone", f"Asia/Seoul, now {zone:%Y-%m-%d %H:%M}"))
    except ZoneInfoNotFoundError:
        found.append(wrong("time zone", "no data for Asia/Seoul", "install the package tzdata"))
    return found


async def _data_folder(settings: Settings) -> list[Finding]:
    folders = Folders.of(settings.data_dir)
    if not folders.root.exists():
        return [remark("data folder", f"{folders.root} is not there yet", "it is made at the first start")]
    found = [
        wrong("data folder", f"others may look into {folder}", f"chmod 700 {folder}")
        for folder in (folders.secrets, folders.asterisk, folders.postgres)
        if folder.exists() and folder.stat().st_mode & 0o077
    ]
    if folders.root.stat().st_mode & 0o022:
        found.append(wrong("data folder", f"others may write to {folders.root}", f"chmod go-w {folders.root}"))
    if folders.asterisk_run != folders.asterisk / "run":
        text = f"its path is too long for sockets (over {SOCKET_PATH_MAX} bytes), which lie in {folders.asterisk_run} instead"
        found.append(remark("data folder", text, "choose a shorter data_dir"))
    free = shutil.disk_usage(folders.root).free
    if free < DISK_LEAST:
        found.append(wrong("disk", f"{free // 1024**2} MB left", "make room: calls can't be written down"))
    elif free < DISK_LITTLE:
        found.append(remark("disk", f"{free // 1024**2} MB left", "make room soon"))
    else:
        found.append(fine("disk", f"{free // 1024**3} GB free"))
    told = any(finding.topic == "data folder" for finding in found)
    return found if told else [fine("data folder", str(folders.root)), *found]


async def _files(settings: Settings) -> list[Finding]:
    try:
        await asyncio.to_thread(case_files.load, settings)
    except SettingsError as error:
        return [wrong("files", problem, "the desk does not start with it") for problem in error.problems]
    return [fine(f"file of {name}", str(path.absolute()) if path else "as shipped") for name, path in case_files.named(settings).items()]


async def _keys(settings: Settings) -> list[Finding]:
    folder = Folders.of(settings.data_dir).secrets
    first = settings.secrets.number_keys_file or folder / "number.keys"
    if settings.embedded_database and not first.exists():
        return [remark("keys", "not there yet", "they are made at the first start")]
    # Looks at mode and owner, decodes every key; makes none, because the file is there or a new one is not allowed.
    await asyncio.to_thread(secrets.load_cipher, settings)
    return [fine("keys", "complete, and closed to others")]


async def _asterisk_program(settings: Settings) -> list[Finding]:
    if not settings.embedded_asterisk:
        return []
    program = asterisk_program.find(settings)
    return [fine("asterisk program", await asyncio.to_thread(program.check))]


async def _ports(settings: Settings) -> list[Finding]:
    uses = [*(port_check.of_asterisk(settings) if settings.embedded_asterisk else []), *port_check.of_program(settings)]
    ours = _running(settings)
    return [await asyncio.to_thread(_port, use, ours) for use in uses]


def _port(use: port_check.PortUse, ours: dict[int, str]) -> Finding:
    topic = f"port {use.port}/{'udp' if use.udp else 'tcp'}"
    if use.is_free():
        return fine(topic, "free")
    holder = use.holder()
    if holder is not None and holder[0] in ours:
        return fine(topic, f"in use by our own {ours[holder[0]]}")
    if holder is None and ours:
        return remark(topic, "in use, and we may not see by whom", "run the doctor as the user who runs `annyeong120 up`")
    return wrong(topic, use.sentence())


async def _database(settings: Settings) -> list[Finding]:
    url = database_url(settings)
    try:
        connection = await psycopg.AsyncConnection.connect(
            url.replace("postgresql+psycopg://", "postgresql://", 1), autocommit=True, connect_timeout=int(PATIENCE_S)
        )
        async with connection:
            row = await (await connection.execute("SELECT now(), current_setting('server_version')")).fetchone()
    except psycopg.Error as error:
        if settings.embedded_database and "postgres" not in _running(settings).values():
            return [remark("database", "the embedded PostgreSQL is not running", _NOT_UP)]
        return [wrong("database", f"not reachable: {str(error).strip().splitlines()[0]}", "check database.url, and that the server runs")]
    assert row is not None
    found = [fine("database", f"PostgreSQL {row[1]} answers")]
    apart = abs((datetime.now(UTC) - row[0]).total_seconds())
    if apart > CLOCK_TOLERANCE_S:
        found.append(wrong("clock", f"this machine and the database differ by {apart:.1f} s", "synchronise both (chrony)"))
    have, want = await asyncio.to_thread(migrate.current, url), migrate.head()
    if have == want:
        found.append(fine("tables", f"at revision {have}"))
    else:
        found.append(wrong("tables", f"at revision {have or 'none'}, the program wants {want}", "`annyeong120 up` brings them up to date"))
    return found


async def _prompts(settings: Settings) -> list[Finding]:
    catalogue = Catalogue.of(settings, str(settings.prompts_folder))
    problems = await asyncio.to_thread(catalogue.problems)
    if problems:
        return [wrong("prompts", problem) for problem in problems[:5]]
    robots = catalogue.placeholders()
    if robots:
        return [
            remark("prompts", f"complete, {len(robots)} of them spoken by a robot", "replace them by studio recordings: docs/prompts.md")
        ]
    return [fine("prompts", "complete")]


async def _asterisks(settings: Settings) -> list[Finding]:
    found = []
    if not settings.trunks:
        found.append(wrong("trunk", "none is configured: nobody can call in", "name your carrier's in [[trunks]]"))
    for trunk in settings.trunks:
        if host := outbound_host(trunk):
            text = f"outbound_uri names the host {host}, so strangers are refused (403) instead of ignored"
            found.append(remark(f"trunk {trunk.name}", text, "give its address, if that never changes"))
    for node in nodes(settings):
        found += await _asterisk(settings, node)
    return found


async def _asterisk(settings: Settings, node: NodeSettings) -> list[Finding]:
    topic = f"asterisk {node.name}"
    headers = {"Authorization": aiohttp.encode_basic_auth(node.username, _plain(node.password))}
    try:
        async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=PATIENCE_S)) as session:
            async with session.get(f"{node.url}/asterisk/info") as answer:
                if answer.status == 401:
                    return [wrong(topic, "ARI refuses the password", "compare the node's password with its ari.conf")]
                if answer.status != 200:
                    return [wrong(topic, f"ARI answers {answer.status}", f"is {node.url} the address of ARI?")]
                version = str((await answer.json())["system"]["version"])
            found = [_version(topic, version)]
            for trunk in settings.trunks:
                async with session.get(f"{node.url}/endpoints/PJSIP/{trunk.name}") as answer:
                    state = str((await answer.json()).get("state", "")) if answer.status == 200 else None
                found.append(_trunk(f"trunk {trunk.name}", state, sends=bool(trunk.outbound_uri)))
            return found
    except (aiohttp.ClientError, TimeoutError, OSError, KeyError, ValueError) as error:
        if settings.embedded_asterisk and "asterisk" not in _running(settings).values():
            return [remark(topic, "the embedded Asterisk is not running", _NOT_UP)]
        host = urlsplit(node.url).netloc
        return [wrong(topic, f"ARI at {host} does not answer ({type(error).__name__})", "check the node's address, and that Asterisk runs")]


def _version(topic: str, text: str) -> Finding:
    try:
        version = parse(text)
    except StepError:
        return remark(topic, f"answers, but its version can't be read: {text}")
    if version < OLDEST:
        return wrong(topic, f"is Asterisk {version}", f"{OLDEST} or newer is needed: older ones have known holes in ARI")
    return fine(topic, f"ARI of Asterisk {version} answers")


def _trunk(topic: str, state: str | None, *, sends: bool) -> Finding:
    if state is None:
        return wrong(topic, "Asterisk does not know it", "restart `annyeong120 up` so that the settings are read again")
    if not sends:
        return fine(topic, "receives calls")
    if state == "online":
        return fine(topic, "receives calls, and the far end answers OPTIONS")
    return wrong(topic, "the far end does not answer OPTIONS", "check trunks.outbound_uri, the network, and the carrier")


async def _program(settings: Settings) -> list[Finding]:
    address = f"http://{client_host(settings.worker.http_bind)}:{settings.worker.http_port}/readyz"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE_S)) as session,
            session.get(address) as answer,
        ):
            conditions = await answer.json()
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        if "program" in _running(settings).values():
            return [wrong("program", "runs, but does not answer", f"see {Folders.of(settings.data_dir).log / 'program.log'}")]
        return [remark("program", "is not running: calls would go to the safety net", _NOT_UP)]
    missing = [name for name, holds in conditions.items() if name != "ready" and not holds]
    if conditions.get("ready"):
        return [fine("program", "ready for calls")]
    return [wrong("program", f"not ready: {', '.join(missing)}", "see the lines above")]


async def _desk(settings: Settings) -> list[Finding]:
    if not settings.desk.enabled:
        return [remark("desk", "is switched off: no pages, and alarms are sent only by `annyeong120 alarms deliver`")]
    here = f"http://{client_host(settings.desk.http_bind)}:{settings.desk.http_port}"
    address = settings.desk.public_url or here
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE_S)) as session,
            session.get(f"{here}/api/health") as answer,
        ):
            alive = answer.status == 200 and bool((await answer.json()).get("alive"))
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, AttributeError):
        if "desk" in _running(settings).values():
            return [wrong("desk", "runs, but does not answer", f"see {Folders.of(settings.data_dir).log / 'desk.log'}")]
        return [remark("desk", f"is not running: nobody sees {address}, and no alarm is sent", _NOT_UP)]
    if not alive:
        return [wrong("desk", f"something else answers at {here}", "set desk.http_port to a free one")]
    return [fine("desk", f"pages at {address}")]


async def _alarms(settings: Settings) -> list[Finding]:
    db = Database(database_url(settings), pool_size=2, statement_timeout_s=PATIENCE_S)
    try:
        checked = [*await checkup.channels(settings, db), *await checkup.deliveries(settings, db)]
    finally:
        await db.close()
    if not (settings.alarms.webhooks or settings.alarms.mails):
        text = "reach open pages of the desk, nobody else"
        return [
            remark("alarms", text, "name a channel in [alarms]: docs/operations.md"),
            *(wrong(one.topic, one.text, one.remedy) for one in checked),
        ]  # fmt: skip
    return [fine(one.topic, one.text) if one.good else wrong(one.topic, one.text, one.remedy) for one in checked]


def _running(settings: Settings) -> dict[int, str]:
    """Our own processes: pid -> name."""
    return dict(_processes(Folders.of(settings.data_dir)))


def _processes(folders: Folders) -> Iterator[tuple[int, str]]:
    for note in folders.run.glob("*.json"):
        process = Process.find(note)
        if process is not None:
            yield process.pid, note.stem


def _plain(secret: SecretStr) -> str:
    return secret.get_secret_value()

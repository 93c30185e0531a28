"""The whole helpline as an operator runs it: `annyeong120 up` with line and desk as processes, Asterisk, PostgreSQL, people of every role, phones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp

from core.clock import Clock, SystemClock
from core.database import Database
from core.sealing import load_sealer
from core.settings import Settings
from desk.access.accounts import Accounts
from desk.access.model import Role
from desk.services import SECOND_FACTOR
from helpline.demo.softphone import Softphone
from helpline.embedded.addresses import postgres_url
from tests.acceptance.conftest import ENVIRONMENT, FLOW
from tests.integration.desk.kit import HASH, Browser
from tests.kit.ports import free_port
from tests.kit.system import Counsellor, System
from tests.kit.until import until

COUNSELLOR, PARTNER, CENTRE = "101", "190", "201"
PEOPLE = (("chief", Role.SUPERVISOR), ("anna", Role.CENTRE), ("dongmi", Role.COMPANION))
#: People are called by day; the test may be run by night.
_RULES = "[calls.hours]\nany = [0, 24]\n"
#: The button in the page is pressed, however slow the machine, before the line chooses by itself.
_CRISIS = "\n[crisis]\nchoose_s = 120.0\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where it is."""

    url: str


@dataclass(slots=True, kw_only=True)
class House:
    """See the module. `phones`: the accounts by extension; `by`: everybody's API."""

    system: System
    here: Desk
    clock: Clock = field(default_factory=SystemClock)
    phones: dict[str, Counsellor] = field(default_factory=dict)
    by: dict[str, Browser] = field(default_factory=dict)

    async def post(self, who: str, path: str, body: object = None) -> dict[str, Any]:
        """Change something over the API; it must work."""
        answer = await self.by[who].post(path, body)
        assert answer.status < 300, answer.text
        found: dict[str, Any] = answer.json if answer.text else {}
        return found

    def consent(self, recipient_name: str, **more: object) -> dict[str, object]:
        """A complete one."""
        return {
            "given": True, "recipient_name": recipient_name, "purpose": "지원", "items": ["name", "number"],
            "until": (self.clock.now() + timedelta(days=90)).isoformat(), "right_to_refuse_told": True, "script_version": "2027-1", **more,
        }  # fmt: skip

    @asynccontextmanager
    async def phone(self, extension: str, **options: object) -> AsyncIterator[Softphone]:
        """A phone of the house, registered; it rings."""
        async with self.system.phone(self.phones[extension], **options) as phone:
            await phone.register()
            await phone.on_call(180)
            yield phone

    @asynccontextmanager
    async def outside(self, **options: object) -> AsyncIterator[Softphone]:
        """Everybody behind the trunk; it rings."""
        async with self.system.outside(**options) as phone:
            await phone.on_call(180)
            await self.system.outside_reachable()
            yield phone


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    """All of it. `folder` must be short."""
    (folder / "rules.toml").write_text(_RULES)
    (folder / "flow.toml").write_text(FLOW.read_text() + _CRISIS)
    port = free_port()
    environment = {
        **ENVIRONMENT,
        "ANNYEONG120_FLOW_FILE": str(folder / "flow.toml"),
        "ANNYEONG120_LINE__RING_TIMEOUT_S": "20",
        "ANNYEONG120_DESK__ENABLED": "true",
        "ANNYEONG120_DESK__HTTP_PORT": str(port),
        "ANNYEONG120_ESCALATION__TRUNK": "outside",
        "ANNYEONG120_ESCALATION__TEST_TARGET": f"PJSIP/{PARTNER}",
        "ANNYEONG120_ESCALATION__CENTRE_RULES_FILE": str(folder / "rules.toml"),
        "ANNYEONG120_CALLBACKS__TRUNK": "outside",
        "ANNYEONG120_CALLBACKS__CALLER_ID": "외로움안녕 <120>",
        "ANNYEONG120_CALLBACKS__ASK_S": "30",
    }
    with System(folder, environment=environment) as system:
        one = House(system=system, here=Desk(url=f"http://127.0.0.1:{port}"))
        try:
            await _move_in(one)
            yield one
        finally:
            await asyncio.gather(*(browser.http.close() for browser in one.by.values()))


async def _move_in(one: House) -> None:
    """Phones and accounts; everybody is signed in."""
    for extension in (COUNSELLOR, PARTNER, CENTRE):
        one.phones[extension] = await one.system.add_counsellor(extension=extension)
    settings = Settings(data_dir=one.system.folders.root)
    rows = await one.system.query("SELECT id FROM counsellors WHERE extension = %s", COUNSELLOR)
    db, users = Database(postgres_url(one.system.folders), pool_size=1, statement_timeout_s=10), {}
    try:
        accounts = Accounts(db, one.clock, load_sealer(settings, SECOND_FACTOR))
        for name, role in (("counsellor", Role.COUNSELLOR), *PEOPLE):
            own = rows[0]["id"] if role is Role.COUNSELLOR else None
            made = await accounts.add(
                sign_in_name=name, name=name, role=role, password_hash=HASH, one_time_until=None, counsellor_id=own
            )  # fmt: skip
            users[name] = str(made.id)
    finally:
        await db.close()
    for name in users:
        browser = one.by[name] = Browser(one.here.url)

        async def signed_in(browser: Browser = browser, name: str = name) -> bool:
            return (await browser.sign_in(name)).status == 200

        # The line does not wait for the desk.
        await until(signed_in, 60, f"{name} to be signed in", ignore=(aiohttp.ClientError,))
    await one.post("chief", "/api/centre/staff", {"name": "anna", "extension": CENTRE, "user": users["anna"]})
    companion = {"name": "동미", "number": "010-6666-2222", "user": users["dongmi"], "districts": ["gangbuk"]}
    await one.post("chief", "/api/companions", companion)

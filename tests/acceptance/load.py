"""Fifty callers by SIPp and six phones, brought into every state of a call at once: the scene for a crash."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.phone import national
from core.secrets import load_cipher
from core.settings import Settings
from helpline.demo.softphone import Softphone
from tests.kit import sipp_scenario as scenario
from tests.kit.reconcile import Fate, sipp_calls
from tests.kit.sipp import Sipp
from tests.kit.system import TRUNK_ADDRESS, Counsellor, System
from tests.kit.until import until

MENU, DIRECT = "120", "0212000"
#: Who answers at once and talks until the end; the first of them hangs up just before the fault.
TALKERS = ("101", "102", "103", "104")
#: A talk shorter than this is no talk; the shipped `line.dead_leg_s` and some.
DEAD_LEG_S = 2.5
#: Lets it ring.
RINGER = "105"
#: Another desk of the Dasan centre.
DESK = "901"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a group of callers does."""

    callers: int
    dials: str
    steps: tuple[str, ...] = ()
    #: Their numbers are 0105555GNNN.
    group: int

    def numbers(self) -> list[str]:
        """One for each caller."""
        return [f"0105555{self.group}{number:03}" for number in range(self.callers)]


PLANS = {
    "line": Plan(callers=26, dials=DIRECT, group=1),
    "menu": Plan(callers=10, dials=MENU, group=2),
    "another desk": Plan(callers=4, dials=MENU, steps=(scenario.press("1", after_ms=1500),), group=3),
    "notices": Plan(callers=6, dials=MENU, steps=(scenario.press("5", after_ms=500),), group=4),
    # These call while the fault lasts.
    "newcomer": Plan(callers=4, dials=MENU, group=5),
}
OFFERED = sum(plan.callers for plan in PLANS.values())


@dataclass(slots=True, kw_only=True)
class Scene:
    """Everybody in place. `strike` notes who is where; `fates` tells what became of them."""

    system: System
    folder: Path
    phones: Mapping[str, Softphone]
    before: set[object]
    stack: AsyncExitStack
    groups: dict[str, Sipp] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    struck_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    #: Numbers whose counsellor hung up.
    counsellor_ended: set[str] = field(default_factory=set)

    async def begin(self, name: str) -> None:
        """Let a group of callers call."""
        plan = PLANS[name]
        text = scenario.caller([*plan.steps, scenario.until_told()], number="[field0]", answer_within_ms=30_000)
        self.groups[name] = await self.stack.enter_async_context(
            Sipp(
                text, folder=self.folder, target=f"127.0.0.1:{self.system.sip_port}", service=plan.dials, address=TRUNK_ADDRESS,
                calls=plan.callers, rate=20, timeout_s=110, rows=[(number,) for number in plan.numbers()],
            )
        )  # fmt: skip

    async def assemble(self) -> None:
        """Callers in the menu, at another desk, in the notices, waiting, ringing, talking, and one whose counsellor has just hung up."""
        for name in ("line", "menu", "another desk"):
            await self.begin(name)
        await until(self._talks_stand, 60, self.system.said, every_s=0.2)
        await self.begin("notices")
        await until(self._notices_run, 30, self.system.said, every_s=0.1)
        await self._one_counsellor_hangs_up()
        await self._note_states()

    async def newcomers(self) -> None:
        """The callers who call during the fault, a moment after it began."""
        await self.begin("newcomer")

    async def end(self) -> None:
        """Everybody hangs up; wait until each is in the books with an outcome."""
        await until(self._all_known, 60, self.system.said, every_s=0.2, ignore=(Exception,))
        await asyncio.gather(*(group.hang_up_all(60) for group in self.groups.values()))
        await until(self._all_ended, 60, self.system.said, every_s=0.2, ignore=(Exception,))

    async def fates(self) -> list[Fate]:
        """Every caller of the trunk's record and what the books say of them."""
        rows: dict[str, list[dict[str, Any]]] = {}
        for row in await self._rows():
            rows.setdefault(row["number"], []).append(row)
        found = []
        for name, group in self.groups.items():
            for call in sipp_calls(group.messages):
                mine = rows.get(call.number, [])
                followed = [kind for row in mine for kind, at in zip(row["kinds"], row["ats"], strict=True) if at >= self.struck_at]
                state = self.states.get(call.number, "calls during the fault")
                if any(self._talked_before(row) for row in mine) and state in ("waiting", "ringing"):
                    # The books were a moment behind when it was noted.
                    state = "talking"
                found.append(
                    Fate(
                        number=call.number, plan=name, state=state, ended_by=call.ended_by,
                        outcomes=tuple(str(row["outcome"]) for row in mine), followed=tuple(followed),
                        counsellor_ended=call.number in self.counsellor_ended, refused=call.refused,
                    )
                )  # fmt: skip
        return found

    def _talked_before(self, row: Mapping[str, Any]) -> bool:
        return any(kind == "bridged" and at < self.struck_at for kind, at in zip(row["kinds"], row["ats"], strict=True))

    async def without_callback(self) -> list[str]:
        """Numbers of callers who were cut off before a talk and are on no call-back list."""
        rows = await self._rows()
        # One request a number: who was to be called back already stays on the list once.
        listed = {row["number_index"] for row in await self.system.query("SELECT number_index FROM callbacks WHERE outcome IS NULL")}
        return [
            row["number"] for row in rows
            if row["outcome"] == "cut_off" and row["answered_at"] is None and row["number_index"] not in listed
        ]  # fmt: skip

    async def _rows(self) -> list[dict[str, Any]]:
        rows = await self.system.query(
            """
            SELECT c.id, c.state, c.outcome, c.answered_at, c.number_cipher, c.number_index, k.extension,
                   EXISTS (SELECT FROM offers o WHERE o.contact_id = c.id AND o.result IS NULL) AS ringing,
                   array(SELECT e.kind FROM events e WHERE e.contact_id = c.id ORDER BY e.at, e.id) AS kinds,
                   array(SELECT e.at FROM events e WHERE e.contact_id = c.id ORDER BY e.at, e.id) AS ats
            FROM contacts c LEFT JOIN counsellors k ON k.id = c.counsellor_id
            """
        )
        cipher = load_cipher(Settings(data_dir=self.system.folders.root))
        mine = [row for row in rows if row["id"] not in self.before]
        for row in mine:
            row["number"] = national(cipher.decrypt(row["number_cipher"])).replace("-", "") if row["number_cipher"] else ""
        return mine

    async def _talks_stand(self) -> bool:
        rows = await self._rows()
        states = [row["state"] for row in rows]
        ready = states.count("talking") == len(TALKERS) and sum(row["ringing"] for row in rows) == 1
        return ready and len(rows) == OFFERED - PLANS["notices"].callers - PLANS["newcomer"].callers and states.count("transfer") == 4

    async def _notices_run(self) -> bool:
        theirs = [row for row in await self._rows() if row["number"] in PLANS["notices"].numbers()]
        return len(theirs) == PLANS["notices"].callers and all(row["state"] == "waiting" for row in theirs)

    async def _one_counsellor_hangs_up(self) -> None:
        first = next(row for row in await self._rows() if row["extension"] == TALKERS[0])
        talk_since = first["ats"][first["kinds"].index("bridged")]
        # Earlier it would count as a phone that died.
        await until(lambda: (datetime.now(UTC) - talk_since).total_seconds() > DEAD_LEG_S, 10, every_s=0.05)
        self.counsellor_ended.add(first["number"])
        phone = self.phones[TALKERS[0]]
        # The first call of this test is the talk; another one rings as soon as it is over.
        await (await phone.incoming(1)).hangup()

        async def closing() -> bool:
            return any(row["number"] == first["number"] and "hangup" in row["kinds"] for row in await self._rows())

        await until(closing, 20, self.system.said, every_s=0.02)

    async def _note_states(self) -> None:
        for row in await self._rows():
            self.states[row["number"]] = self._state(row)
        self.struck_at = datetime.now(UTC)

    def _state(self, row: Mapping[str, Any]) -> str:
        if row["number"] in self.counsellor_ended:
            return "closing"
        if row["state"] == "waiting":
            if row["ringing"]:
                return "ringing"
            return "waiting" if "waiting" in row["kinds"] else "notices"
        return str(row["state"])

    async def _all_known(self) -> bool:
        return {row["number"] for row in await self._rows()} >= {number for name in self.groups for number in PLANS[name].numbers()}

    async def _all_ended(self) -> bool:
        return all(row["outcome"] for row in await self._rows())


@asynccontextmanager
async def scene(system: System, folder: Path) -> AsyncIterator[Scene]:
    """Phones on duty, callers in place; afterwards nothing of it is left."""
    async with AsyncExitStack() as stack:
        phones = {}
        for extension in (*TALKERS, RINGER, DESK):
            phones[extension] = await stack.enter_async_context(system.phone(await somebody(system, extension)))
            await phones[extension].on_call(180 if extension == RINGER else 200)
            await phones[extension].register(20)
        for extension in (*TALKERS, RINGER):
            await system.ready(await somebody(system, extension))
        before = {row["id"] for row in await system.contact_rows()}
        made = Scene(system=system, folder=folder, phones=phones, before=before, stack=stack)
        await made.assemble()
        yield made


async def somebody(system: System, extension: str) -> Counsellor:
    """A counsellor of this installation; made the first time."""
    known: dict[str, Counsellor] = system.__dict__.setdefault("counsellors", {})
    if extension not in known:
        known[extension] = await system.add_counsellor(extension=extension)
    return known[extension]

"""Caller, counsellor and emergency partner of one crisis call, and the proof of who hears whom."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from core.clock import SystemClock
from core.database import Database
from core.settings_escalation import EscalationSettings
from escalation import partners_file
from escalation.model import OrderKind, RaisedBy
from escalation.orders import Orders
from helpline.demo.softphone import PhoneCall, Softphone
from helpline.demo.tones import CALLER_TONE, COUNSELLOR_TONE
from helpline.embedded.addresses import postgres_url
from tests.acceptance.outside.people import dialled
from tests.kit.system import Counsellor, Rows, System
from tests.kit.until import until

#: Between G5 (784.0 Hz) and G#5 (830.6 Hz).
PARTNER_TONE = 807
TONES = (CALLER_TONE, COUNSELLOR_TONE, PARTNER_TONE)
DIRECT = "0212000"
_PARTNERS = Path(__file__).with_name("partners.toml")


async def counsellor(system: System, extension: str) -> Counsellor:
    """One of this installation, made when first asked for."""
    known: dict[str, Counsellor] = system.__dict__.setdefault("counsellors", {})
    if extension not in known:
        known[extension] = await system.add_counsellor(extension=extension)
    return known[extension]


async def at_work(system: System, stack: AsyncExitStack, extension: str) -> Softphone:
    """A counsellor's phone that answers, on duty."""
    who = await counsellor(system, extension)
    phone = await stack.enter_async_context(system.phone(who, listen_for=TONES))
    await phone.register()
    await phone.on_call(200)
    await system.ready(who)
    return phone


async def hears(speaker: Softphone, tone: int, *listeners: Softphone, deaf: Iterable[Softphone] = ()) -> None:
    """From now on: what `speaker` says is heard by each of `listeners`, and by nobody of `deaf`."""
    for phone in (*listeners, *deaf):
        await until(lambda phone=phone: _not_there(phone, tone), 15, "the tone to be over")  # type: ignore[misc]
        phone.forget_events()
    await speaker.play_tone(tone)
    try:
        for phone in listeners:
            await phone.heard_tone(tone, 15)
        for phone in deaf:
            assert await _not_there(phone, tone)
    finally:
        await speaker.play_tone(None)


async def _not_there(phone: Softphone, tone: int) -> bool:
    tones = (await phone.hearing())["tones"]
    return isinstance(tones, list) and tone not in tones


class Desk:
    """Writes orders as the desk does: its own connection, and nothing else."""

    def __init__(self, system: System, stack: AsyncExitStack) -> None:
        db = Database(postgres_url(system.folders), pool_size=1, statement_timeout_s=5)
        stack.push_async_callback(db.close)
        partners = partners_file.load(EscalationSettings(partners_file=_PARTNERS, trunk="outside"))
        self._orders = Orders(db, SystemClock(), partners)

    async def __call__(
        self, kind: OrderKind, contact_id: UUID, *, partner_id: str | None = None, raised_by: RaisedBy = RaisedBy.COUNSELLOR_DESK
    ) -> None:
        await self._orders.order(kind, contact_id, partner_id=partner_id, raised_by=raised_by)

    async def raise_(self, contact_id: UUID) -> None:
        """A crisis."""
        await self(OrderKind.RAISE, contact_id)


@dataclass
class Everybody:
    """Who is in the call."""

    system: System
    stack: AsyncExitStack
    before: Rows
    caller: Softphone
    counsellor: Softphone
    partner: Softphone
    #: The caller's, and the counsellor's.
    call: PhoneCall
    talk: PhoneCall
    contact_id: UUID

    @classmethod
    async def talking(cls, system: System, stack: AsyncExitStack) -> Everybody:
        """Until caller and counsellor hear each other."""
        before = await system.contact_rows()
        partner = await stack.enter_async_context(system.outside(listen_for=TONES))
        await partner.on_call(180)
        caller = await stack.enter_async_context(system.caller(listen_for=TONES))
        phone = await at_work(system, stack, "101")
        await system.outside_reachable()
        call = await caller.call(DIRECT)
        talk = await phone.incoming(25)
        rows = await until(lambda: system.new_contacts(before), 10, "the contact")
        everybody = cls(system, stack, before, caller, phone, partner, call, talk, rows[0]["id"])
        await everybody.noted("bridged")
        return everybody

    async def noted(self, kind: str, within_s: float = 25.0, *, times: int = 1) -> list[str]:
        """Wait for this in the contact's timeline; all of it."""

        async def there() -> list[str]:
            kinds = await self.system.timeline(self.contact_id)
            return kinds if kinds.count(kind) >= times else []

        found: list[str] = await until(there, within_s, f"{times} x {kind} in the timeline")
        return found

    async def press(self, keys: str) -> None:
        """The counsellor presses keys in the talk."""
        await self.talk.send_dtmf(keys)

    async def rung(self, number: str, within_s: float = 25.0) -> PhoneCall:
        """The partner with this number is rung next."""
        incoming = await self.partner.incoming(within_s)
        assert dialled(incoming) == number
        return incoming

    async def incident(self) -> dict[str, Any]:
        """The one incident of the call."""
        rows = await self.system.query("SELECT * FROM incidents WHERE contact_id = %s", self.contact_id)
        assert len(rows) == 1
        return rows[0]

    async def attempts(self) -> list[tuple[str, str | None]]:
        """Partner and result of each attempt, in order."""
        rows = await self.system.query(
            "SELECT a.partner_id, a.result FROM incident_attempts a JOIN incidents i ON i.id = a.incident_id "
            "WHERE i.contact_id = %s ORDER BY a.number", self.contact_id,
        )  # fmt: skip
        return [(row["partner_id"], row["result"]) for row in rows]

    async def written(self, *expected: tuple[str, str | None]) -> None:
        """Wait until the attempts on record are these."""

        async def there() -> bool:
            return await self.attempts() == list(expected)

        try:
            await until(there, 15, "the attempts")
        finally:
            print(await self.attempts())

    async def story(self) -> list[str]:
        """The incident's timeline."""
        rows = await self.system.query(
            "SELECT e.kind FROM incident_events e JOIN incidents i ON i.id = e.incident_id WHERE i.contact_id = %s ORDER BY e.at, e.id",
            self.contact_id,
        )
        return [str(row["kind"]) for row in rows]

    async def told(self, kind: str, within_s: float = 15.0) -> list[str]:
        """Wait for this in the incident's timeline."""

        async def there() -> list[str]:
            kinds = await self.story()
            return kinds if kind in kinds else []

        found: list[str] = await until(there, within_s, f"{kind} in the incident")
        return found

    async def all_three_hear(self) -> None:
        """Everybody hears everybody."""
        await hears(self.caller, CALLER_TONE, self.counsellor, self.partner)
        await hears(self.counsellor, COUNSELLOR_TONE, self.caller, self.partner)
        await hears(self.partner, PARTNER_TONE, self.caller, self.counsellor)

    async def caller_hears_something(self) -> bool:
        """Whatever it is."""
        return bool((await self.caller.hearing())["sounding"])

    def orders(self) -> Desk:
        """The desk."""
        return Desk(self.system, self.stack)

    async def raised_and_joined(self) -> PhoneCall:
        """112 hears both, and is heard."""
        await self.press("*9")
        ringing = await self.rung("112")
        await ringing.answer(200)
        await self.noted("partner_joined")
        return ringing

    async def caller_drops(self) -> None:
        """Their line; counsellor and partner stay, and hear each other."""
        await self.call.hangup()
        await self.noted("caller_dropped")
        await hears(self.counsellor, COUNSELLOR_TONE, self.partner)
        await hears(self.partner, PARTNER_TONE, self.counsellor)

    async def two_hear(self) -> None:
        """Caller and counsellor hear each other."""
        await hears(self.caller, CALLER_TONE, self.counsellor)
        await hears(self.counsellor, COUNSELLOR_TONE, self.caller)

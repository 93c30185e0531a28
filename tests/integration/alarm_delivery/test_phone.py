"""Whom an alarm rings, and what their answer means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert, text

from core.alarms import AlarmKind
from core.settings_alarms import AlarmSettings
from helpline.alarm_delivery.delivery import Delivery, Way
from helpline.alarm_delivery.model import NotDelivered, Rule
from helpline.alarm_delivery.phone import NAME, PROMPTS, Heard, PhoneCall
from shifts import tables as t
from tests.integration.alarm_delivery.conftest import Office, drain
from tests.integration.routing.rows import add_counsellor


class Phones:
    """Telephones that do as told; who was rung stands in `rung`."""

    def __init__(self, **answers: Heard) -> None:
        self.answers: Mapping[str, Heard] = {name.removeprefix("x"): heard for name, heard in answers.items()}
        self.rung: list[str] = []

    async def ring(self, extension: str, prompts: Sequence[str], *, ring_s: float) -> Heard:
        """See `Caller`."""
        assert prompts == PROMPTS
        self.rung.append(extension)
        return self.answers.get(extension, Heard.NOT_REACHED)


async def on_duty(office: Office, *extensions: str) -> None:
    """Supervisors on duty now, the last one began last; and a counsellor who is none."""
    now, roster = office.clock.now(), UUID(int=1)
    await office.db.execute(insert(t.rosters), {"id": roster, "first": date(2026, 3, 1), "last": date(2026, 3, 31)})
    for number, extension in enumerate((*extensions, "190")):
        values = {
            "counsellor_id": await add_counsellor(office.db, extension),
            "starts_at": now - timedelta(hours=8 - number),
            "ends_at": now + timedelta(hours=8),
            "code": "SV" if extension != "190" else "D",
            "duty": "supervisor" if extension != "190" else "line",
            "day": now.date(),
            "roster_id": roster,
        }
        await office.db.execute(insert(t.published_shifts), values)


def delivery(office: Office, phones: Phones) -> Delivery:
    """By telephone only."""
    way = Way(channel=PhoneCall(office.db, office.clock, phones), rule=Rule(channel=NAME, urgent_only=True, attempts=3))
    return Delivery(office.db, office.clock, [way], AlarmSettings(), dice=lambda: 0.5)


async def test_whoever_presses_the_key_has_seen_to_it(office: Office) -> None:
    """The one who began last is rung first, then the next; the alarm is closed in their name, and the next alarm rings nobody again."""
    await on_duty(office, "101", "102")
    phones = Phones(x101=Heard.CONFIRMED)
    await office.raise_(AlarmKind.DANGER_KEY)
    await drain(delivery(office, phones))
    assert phones.rung == ["102", "101"]
    seen = await office.db.execute(text("SELECT seen_by FROM alarms"))
    assert seen[0].seen_by == "phone 101"


async def test_many_alarms_at_once_ring_once(office: Office) -> None:
    """Whoever answered a moment ago knows."""
    await on_duty(office, "101")
    phones = Phones(x101=Heard.CONFIRMED)
    await office.raise_(AlarmKind.DANGER_KEY, AlarmKind.LONG_WAIT, AlarmKind.CALLS_CUT_OFF, AlarmKind.NO_ROSTER)
    await drain(delivery(office, phones))
    assert phones.rung == ["101"]
    assert set((await office.states()).values()) == {"sent"}


async def test_without_the_key_it_rings_again(office: Office) -> None:
    """A machine that answers is no supervisor."""
    await on_duty(office, "101")
    phones = Phones(x101=Heard.ANSWERED)
    await office.raise_(AlarmKind.DANGER_KEY)
    ringing = delivery(office, phones)
    for _ in range(4):
        await drain(ringing)
        office.clock.advance(60)
    assert phones.rung == ["101"] * 3
    row = (await office.rows())[AlarmKind.DANGER_KEY, NAME]
    assert (row.state, row.last_error) == ("dead", "answered, but not confirmed by the key")


async def test_a_roster_without_a_supervisor_is_said(office: Office) -> None:
    """Before it is needed, by the doctor."""
    call = PhoneCall(office.db, office.clock, Phones())
    with pytest.raises(NotDelivered, match="no supervisor on duty"):
        await call.check()
    await on_duty(office, "101")
    assert await call.check() == "rings 101"

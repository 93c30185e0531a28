"""The published roster decides whose phone rings: at the minute of change, after a change of it, and with the program dead."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from helpline.demo.softphone import PhoneCall, Softphone
from shifts.in_force import ROSTER_PUBLISHED
from tests.acceptance.conftest import ENVIRONMENT
from tests.acceptance.test_crashes import both_hear, has, on_duty
from tests.kit.system import Counsellor, System
from tests.kit.until import until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(180)]

HOUR = timedelta(hours=1)
#: (who, start, end) on the line.
Shift = tuple[Counsellor, datetime, datetime]


@pytest.fixture(scope="module")
def parts() -> Iterator[System]:
    """An installation whose program a test may kill for good."""
    with tempfile.TemporaryDirectory(prefix="s120-") as folder, System(Path(folder), environment=ENVIRONMENT, program=False) as system:
        system.start_program()
        yield system


async def publish(system: System, *shifts: Shift) -> None:
    """Put exactly these in force, at instants that no calendar month has, and tell of it as a publication does."""
    await system.query("DELETE FROM published_shifts")
    roster_id = uuid4()
    await system.query(
        "INSERT INTO rosters (id, first, last, version, published_version) VALUES (%s, '2000-01-01', '2000-01-31', 1, 1) "
        "ON CONFLICT (first) DO UPDATE SET id = excluded.id",
        roster_id,
    )
    for person, start, end in shifts:
        await system.query(
            "INSERT INTO published_shifts (counsellor_id, starts_at, ends_at, code, duty, day, roster_id) "
            "SELECT id, %s, %s, 'X', 'line', %s, %s FROM counsellors WHERE extension = %s",
            start, end, start.date(), roster_id, person.extension,
        )  # fmt: skip
    await system.query(f"SELECT pg_notify('{ROSTER_PUBLISHED}', '')")


async def on_shift(system: System, *people: Counsellor) -> None:
    """Wait until exactly these are on shift."""
    wanted = {person.extension for person in people}

    async def obeyed() -> bool:
        rows = await system.query("SELECT extension FROM presence JOIN counsellors ON id = counsellor_id WHERE on_shift")
        return {row["extension"] for row in rows} == wanted

    await until(obeyed, 15, system.said, every_s=0.05)


def rang(phone: Softphone) -> bool:
    """Whether the phone has rung since it was last asked to forget, apart from the calls that the test expected."""
    return any(event.name == "incoming" for number, event in enumerate(phone.events) if number not in phone._expected)


async def answered_by(system: System, caller: Softphone, phone: Softphone) -> PhoneCall:
    """A new call, which this phone answers."""
    before = await system.contact_rows()
    call = await caller.call("0212000")
    await phone.incoming(20)
    await has(system, before, "bridged")
    return call


async def test_at_the_minute_of_change_the_next_call_rings_the_next_shift_and_a_long_call_stays(parts: System) -> None:
    """The earlier shift's phone, registered and signed in, never rings again; whoever talks talks on."""
    kim, lee = await parts.add_counsellor(extension="101"), await parts.add_counsellor(extension="102")
    async with on_duty(parts, kim) as early, on_duty(parts, lee) as late, parts.caller() as first, parts.caller("0311112222") as second:
        now = datetime.now(UTC)
        await publish(parts, (kim, now - HOUR, now + HOUR), (lee, now + HOUR, now + 2 * HOUR))
        await on_shift(parts, kim)
        long_call = await answered_by(parts, first, early)
        assert not rang(late)
        # The end of the shift comes in a moment; the published change of it is obeyed, and then the clock.
        change = datetime.now(UTC) + timedelta(seconds=4)
        await publish(parts, (kim, now - HOUR, change), (lee, change, now + HOUR))
        await on_shift(parts, lee)
        assert datetime.now(UTC) >= change
        early.forget_events()
        call = await answered_by(parts, second, late)
        assert not rang(early)
        await both_hear(early, first)
        await call.hangup()
        await long_call.hangup()
    await parts.quiet()


async def test_with_the_program_dead_the_safety_net_rings_those_on_shift_alone(parts: System) -> None:
    """The dialplan reads the same published roster."""
    kim, lee = await parts.add_counsellor(extension="103"), await parts.add_counsellor(extension="104")
    now = datetime.now(UTC)
    await publish(parts, (lee, now - HOUR, now + HOUR))
    async with on_duty(parts, kim) as off, on_duty(parts, lee) as on, parts.caller() as caller:
        await on_shift(parts, lee)
        await parts.kill("program")
        off.forget_events()
        call = await caller.call("120")
        await on.incoming(40)
        await both_hear(on, caller)
        assert not rang(off)
        await call.hangup()

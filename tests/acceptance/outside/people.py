"""Who is outside: everything behind the trunk "outside" rings at one softphone, which tells by the number whom it stands for."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from helpline.demo.softphone import PhoneCall
from tests.kit.system import System
from tests.kit.until import until

#: Nobody of them is rung twice within a minute, so there are as many as the tests need.
STANDBY = [f"0109999000{number}" for number in range(1, 10)]
PARTNER = "15770199"
CALLER = "01012345678"
DIRECT = "0212000"


def dialled(call: PhoneCall) -> str:
    """The number in the INVITE's request line."""
    found = re.match(r"INVITE sip:(\+?[0-9]+)@", call.invite.text("message"))
    assert found, call.invite.text("message")[:200]
    return found[1]


async def noted(system: System, before: list[dict[str, Any]], kind: str, within_s: float = 20.0) -> UUID:
    """Wait until the one new contact has this in its timeline; its id."""

    async def there() -> object:
        rows = await system.new_contacts(before)
        return rows[-1]["id"] if rows and kind in await system.timeline(rows[-1]["id"]) else None

    found = await until(there, within_s, f"{kind} in the timeline")
    assert isinstance(found, UUID)
    return found

"""Codes for withheld callers in a real PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.database import Database
from core.ids import new_id
from routing.callbacks import UnknownContact
from routing.place_codes import CodesExhausted, PlaceCodes, Taken
from routing.policy import Policy
from tests.integration.routing.callers import Desk


@pytest.fixture
def desk(db: Database) -> Desk:
    """Codes over the test's database."""
    return Desk(db)


async def test_a_code_gives_the_place_back_once(desk: Desk) -> None:
    """Two calls that enter it at once: one gets the place."""
    contact, start = await desk.call(None), desk.now - timedelta(minutes=9)
    code = await desk.codes.give(contact, start)
    assert len(code) == 6
    assert code[0] not in "09"
    assert await desk.codes.give(contact, desk.now) == code
    taken = await asyncio.gather(*(desk.codes.take(code) for _ in range(4)))
    assert [found for found in taken if found] == [Taken(contact_id=contact, virtual_start=start)]


async def test_a_code_of_somebody_who_has_talked_since_gives_the_case_and_no_place(desk: Desk) -> None:
    """The place was used."""
    contact = await desk.call(None, answered=True, outcome="talked")
    code = await desk.codes.give(contact, desk.now - timedelta(minutes=9))
    assert await desk.codes.take(code) == Taken(contact_id=contact, virtual_start=desk.now)


async def test_a_code_runs_out(desk: Desk) -> None:
    """After the policy's time, and may then be somebody else's."""
    desk.policy = Policy(place_code_valid_s=600)
    codes = PlaceCodes(desk.db, desk.clock, lambda: desk.policy, randbelow=lambda _: 7)
    first, second = await desk.call(None), await desk.call(None)
    code = await codes.give(first, desk.now)
    with pytest.raises(CodesExhausted):
        await codes.give(second, desk.now)
    desk.clock.advance(600)
    assert await codes.take(code) is None
    assert await codes.give(second, desk.now) == code == "100007"
    taken = await codes.take(code)
    assert taken
    assert taken.contact_id == second


@pytest.mark.parametrize("code", ["", "12345", "1234567", "000000", "912345", "12345a", "１２３４５６", "123456", "'; --"])
async def test_what_is_no_code_gives_nothing(desk: Desk, code: str) -> None:
    """Wrong, malformed or never given."""
    await desk.codes.give(await desk.call(None), desk.now)
    assert await desk.codes.take(code) is None


async def test_an_unknown_call_gets_no_code(desk: Desk) -> None:
    """A clear error."""
    with pytest.raises(UnknownContact, match="no contact"):
        await desk.codes.give(new_id(), desk.now)

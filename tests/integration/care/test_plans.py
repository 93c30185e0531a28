"""Plans of people who call often, in a real PostgreSQL."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import time, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from care.errors import Unknown, WrittenMeanwhile, WrongValue
from care.plans.model import AgreedTime, Caution, Plan
from core.clock import seoul
from core.database import Database
from tests.integration.care.ward import NUMBER, OTHER_NUMBER, Ward, ward


@pytest.fixture
async def here(db: Database) -> Ward:
    """Two counsellors, nobody has a plan."""
    return await ward(db)


def plan(here: Ward) -> Plan:
    """Mondays at noon with the first counsellor; the clock stands at noon of a Monday."""
    today = seoul(here.clock.now()).date()
    return Plan(
        times=(AgreedTime(weekday=0, since=time(12), until=time(13)),),
        minutes=20,
        named_id=here.first,
        helps="강아지 이야기",
        avoid="가족",
        warnings=(Caution(text="화낼 수 있음", until=today + timedelta(days=1)), Caution(text="오늘까지", until=today)),
    )


async def test_a_plan_is_there_when_the_phone_rings_and_only_for_this_number(here: Ward) -> None:
    """With the counsellor's name and whether it is one of the agreed times; nothing for others, nothing for a withheld number."""
    person = await here.people.of_number(NUMBER)
    await here.plans.save(person, plan(here), version=0, by=here.users[0])
    shown = await here.plans.plan_for(await here.call(NUMBER))
    assert shown is not None
    assert (shown.plan, shown.agreed_now, shown.named, shown.version) == (plan(here), True, "101", 1)
    assert await here.plans.named_for(here.cipher.index(NUMBER)) == here.first
    for other in (await here.call(OTHER_NUMBER), await here.call(None), uuid4()):
        assert await here.plans.plan_for(other) is None


async def test_warnings_whose_time_is_over_are_not_shown(here: Ward) -> None:
    """But stand in the plan for who edits it."""
    person = await here.people.of_number(NUMBER)
    await here.plans.save(person, plan(here), version=0, by=here.users[0])
    contact = await here.call(NUMBER)
    here.clock.advance(12 * 3600)
    shown = await here.plans.plan_for(contact)
    assert shown is not None
    assert [one.text for one in shown.plan.warnings] == ["화낼 수 있음"]
    assert shown.agreed_now is False
    latest = await here.plans.latest(person)
    assert latest is not None
    assert len(latest.plan.warnings) == 2


async def test_an_ended_plan_and_a_counsellor_who_left_are_not_shown(here: Ward) -> None:
    """A plan can be taken up again."""
    person = await here.people.of_number(NUMBER)
    contact = await here.call(NUMBER)
    await here.plans.save(person, plan(here), version=0, by=here.users[0])
    await here.plans.end(person, version=1, by=here.users[0])
    assert await here.plans.plan_for(contact) is None
    assert await here.plans.named_for(here.cipher.index(NUMBER)) is None
    await here.plans.save(person, plan(here), version=2, by=here.users[0])
    await here.db.execute(text("UPDATE counsellors SET disabled_at = now() WHERE id = :id"), {"id": here.first})
    shown = await here.plans.plan_for(contact)
    assert shown is not None
    assert shown.named is None
    assert await here.plans.named_for(here.cipher.index(NUMBER)) is None


async def test_every_change_of_a_plan_is_kept_and_none_is_lost(here: Ward) -> None:
    """Two at once: one is told. The same again is no conflict."""
    person = await here.people.of_number(NUMBER)
    answers = await asyncio.gather(
        *(here.plans.save(person, replace(plan(here), minutes=minutes), version=0, by=here.users[0]) for minutes in (10, 20, 30)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, WrittenMeanwhile) for one in answers) == 2
    latest = await here.plans.latest(person)
    assert latest is not None
    assert (await here.plans.save(person, latest.plan, version=0, by=here.users[0])).version == 1
    rows = await here.db.execute(text("SELECT row(p.*)::text AS whole FROM care_plans p"))
    assert len(rows) == 1
    assert "강아지".encode().hex() not in rows[0].whole


async def test_a_plan_of_nobody_or_with_nobody_is_refused(here: Ward) -> None:
    """And leaves nothing behind."""
    with pytest.raises(Unknown):
        await here.plans.save(uuid4(), plan(here), version=0, by=here.users[0])
    person = await here.people.of_number(NUMBER)
    with pytest.raises(WrongValue):
        await here.plans.save(person, replace(plan(here), named_id=uuid4()), version=0, by=here.users[0])
    with pytest.raises(Unknown):
        await here.plans.end(person, version=0, by=here.users[0])
    assert await here.plans.latest(person) is None

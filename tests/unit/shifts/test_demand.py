"""Demand made of today's least numbers and of what the load asks for, against minutes counted one by one."""

from __future__ import annotations

from datetime import time
from random import Random

import pytest

from shifts.demand import with_wanted
from shifts.forecast import forecast
from shifts.model import Demand
from shifts.need import Planning, as_demand

_HALF_HOURS = [(weekday, minute) for weekday in range(7) for minute in range(0, 1440, 30)]


def _asked(rows: tuple[Demand, ...], weekday: int, minute: int, name: str) -> int:
    """The greatest number asked for in a minute; what began yesterday may reach into it."""
    found = 0
    for one in rows:
        begins = one.starts.hour * 60 + one.starts.minute
        for back in (0, 1):
            if one.on((weekday - back) % 7) and begins <= minute + 1440 * back < begins + one.minutes:
                found = max(found, getattr(one, name))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_the_least_stays_and_the_need_becomes_what_is_wanted(seed: int) -> None:
    """In every half hour of the week, over midnight too; never less wanted than the least."""
    dice = Random(seed)
    now = tuple(
        Demand(
            starts=time(dice.randrange(24), dice.choice([0, 30])),
            minutes=30 * dice.randint(1, 48),
            least=dice.randint(0, 3),
            wanted=3,
            weekdays=frozenset(dice.sample(range(7), dice.randint(0, 3))),
        )
        for _ in range(4)
    )
    skill = Demand(starts=time(9), minutes=60, least=1, wanted=1, skill="en")
    need = as_demand(forecast(), Planning())
    found = with_wanted((*now, skill), need)
    assert skill in found
    plain = tuple(one for one in found if one.skill is None)
    for weekday, minute in _HALF_HOURS:
        least = _asked(now, weekday, minute, "least")
        assert _asked(plain, weekday, minute, "least") == least
        assert _asked(plain, weekday, minute, "wanted") == max(least, _asked(need, weekday, minute, "wanted"))
    assert with_wanted(found, need) == found

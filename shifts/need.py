"""How many seats a forecast asks for in each slot, and what those that are there can do. Pure.

Erlang A says what so many seats make of so many contacts in a steady state. A day is not steady: a contact that comes shortly before the
hour is still being talked to after it. So each slot is given the load that is on the line in it, the contacts of the time before included
(the modified offered load: O. B. Jennings, A. Mandelbaum, W. A. Massey, W. Whitt, "Server Staffing to Meet Time-Varying Demand", 1996; with
exponential handling times the load follows what comes in by dm/dt = arrivals - m / handling time).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import lru_cache

from shifts.coverage import Slot
from shifts.erlang import Steady, erlang_a
from shifts.forecast import Forecast
from shifts.load import HOURS, shipped
from shifts.model import Demand, Period, Span

#: More seats than any such line has: the search ends there.
MOST_SEATS = 100
_DAY_MINUTES = 1440


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """What is wanted, and what a contact takes. Times in seconds, shares from 0 to 1."""

    #: So many are to be answered within so long (answered in time / (answered + gave up later)) …
    service_level: float = 0.8
    within_s: float = 20.0
    #: … and no more than so many give up: with long talks the first alone still loses every tenth.
    gives_up: float = 0.05
    #: The talk as in the load that ships, five minutes of wrap-up, six seconds until it is picked up.
    handling_s: float = shipped().talk_mean_s + 300 + 6
    #: Mean of the time after which callers give up. Nobody publishes it: assumed.
    patience_s: float = 600.0
    #: Never fewer, however quiet it is.
    least: int = 1

    def __post_init__(self) -> None:
        if not (0 < self.service_level < 1 and 0 < self.gives_up <= 1):
            raise ValueError("the wanted shares are between 0 and 1")
        if self.within_s < 0 or self.handling_s <= 0 or not 0 < self.patience_s < math.inf or not 0 <= self.least <= MOST_SEATS:
            raise ValueError("times are above 0 s and have an end, and seats can't be negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One slot."""

    span: Span
    #: Expected to come in it.
    contacts: float
    #: What is on the line, as contacts an hour that would come to it in a steady state.
    per_hour: float
    seats: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """One slot of a roster beside its need."""

    slot: Slot
    need: Need
    #: What the seats that are there make of it; shares from 0 to 1.
    service_level: float
    gives_up: float

    @property
    def missing(self) -> int:
        """Seats; negative: to spare."""
        return self.need.seats - self.slot.on_line


def needs(forecast: Forecast, period: Period, planning: Planning, step_minutes: int = 30) -> tuple[Need, ...]:
    """Slots of `step_minutes` from the first midnight of the period to the last, in the service's zone; `step_minutes` divides a day."""
    if step_minutes <= 0 or _DAY_MINUTES % step_minutes:
        raise ValueError("slots divide a day evenly")
    found: list[Need] = []
    carried = _settled(forecast, period.first - timedelta(days=1), planning.handling_s)
    for day in period:
        midnight, rates = Period(day, day).span.start, forecast.of(day)
        for begin in range(0, _DAY_MINUTES, step_minutes):
            contacts = on_line = 0.0
            for rate, minutes in _pieces(rates, begin, begin + step_minutes):
                contacts += rate * minutes / 60
                mean, carried = _flow(carried, rate, minutes, planning.handling_s)
                on_line += mean * minutes / step_minutes
            per_hour = on_line / planning.handling_s * 3600
            start = midnight + timedelta(minutes=begin)
            found.append(
                Need(
                    span=Span(start, start + timedelta(minutes=step_minutes)),
                    contacts=contacts,
                    per_hour=per_hour,
                    seats=seats(per_hour, planning),
                )
            )
    return tuple(found)


def seats(per_hour: float, planning: Planning) -> int:
    """The fewest that do what is wanted, `MOST_SEATS` at most."""
    return _seats(_rounded(per_hour), planning)


def expected(per_hour: float, have: int, planning: Planning) -> Steady:
    """What so many seats make of so many contacts an hour; nobody there: everybody gives up."""
    return _expected(_rounded(per_hour), have, planning)


def beside(found: Sequence[Need], coverage: Sequence[Slot], planning: Planning) -> tuple[Beside, ...]:
    """A roster's coverage beside the need of the same slots. Raises ValueError where they are not the same."""
    if [need.span for need in found] != [slot.span for slot in coverage]:
        raise ValueError("need and coverage have different slots")
    pairs = ((need, slot, expected(need.per_hour, slot.on_line, planning)) for need, slot in zip(found, coverage, strict=True))
    return tuple(Beside(slot=slot, need=need, service_level=steady.service_level, gives_up=steady.gives_up) for need, slot, steady in pairs)


def seat_hours(found: Iterable[Need]) -> float:
    """Hours on the line that these slots ask for, to be held against what people have."""
    return sum(need.seats * need.span.minutes for need in found) / 60


def as_demand(forecast: Forecast, planning: Planning, step_minutes: int = 60) -> tuple[Demand, ...]:
    """The need of an ordinary week as demand for the roster: `least` is the planning's, `wanted` what the need says.

    Neighbouring slots with the same number are one; weekdays with the same slot share it.
    """
    # Any Monday will do: without its holidays the forecast knows weekdays only.
    monday = date(2024, 1, 1)
    plain = Forecast(rates=forecast.rates)
    found: dict[tuple[int, int, int], set[int]] = {}
    week = needs(plain, Period(monday, monday + timedelta(days=6)), planning, step_minutes)
    a_day = _DAY_MINUTES // step_minutes
    for number in range(7):
        begin = 0
        numbers = [need.seats for need in week[number * a_day : (number + 1) * a_day]]
        for at, wanted in enumerate(numbers):
            if at + 1 == a_day or numbers[at + 1] != wanted:
                found.setdefault((begin, at + 1 - begin, wanted), set()).add(number)
                begin = at + 1
    return tuple(
        Demand(
            starts=time(*divmod(begin * step_minutes, 60)),
            minutes=length * step_minutes,
            least=min(planning.least, wanted),
            wanted=wanted,
            weekdays=frozenset() if len(weekdays) == 7 else frozenset(weekdays),
        )
        for (begin, length, wanted), weekdays in sorted(found.items(), key=lambda item: (item[0], min(item[1])))
    )


def _rounded(per_hour: float) -> float:
    """So that slots that hardly differ are computed once."""
    return round(per_hour, 2)


@lru_cache(maxsize=4096)
def _seats(per_hour: float, planning: Planning) -> int:
    if per_hour <= 0:
        return planning.least
    for number in range(max(1, planning.least), MOST_SEATS):
        # Seats that are all busy all the time answer no more than this: the formula need not be asked.
        if number < per_hour / 3600 * planning.handling_s * (1 - planning.gives_up):
            continue
        steady = _expected(per_hour, number, planning)
        if steady.service_level >= planning.service_level and steady.gives_up <= planning.gives_up:
            return number
    return MOST_SEATS


@lru_cache(maxsize=16384)
def _expected(per_hour: float, have: int, planning: Planning) -> Steady:
    if per_hour <= 0:
        return Steady(waits=0.0, service_level=1.0, gives_up=0.0, mean_wait_s=0.0, occupancy=0.0)
    if have <= 0:
        return Steady(waits=1.0, service_level=0.0, gives_up=1.0, mean_wait_s=planning.patience_s, occupancy=0.0)
    return erlang_a(
        per_hour=per_hour, handling_s=planning.handling_s, seats=have, patience_s=planning.patience_s, target_s=planning.within_s
    )


def _pieces(rates: Sequence[float], begin: int, end: int) -> Iterable[tuple[float, int]]:
    """The parts of a slot by the hour they are in: contacts an hour, and minutes."""
    while begin < end:
        until = min(end, (begin // 60 + 1) * 60)
        yield rates[begin // 60], until - begin
        begin = until


def _flow(carried: float, rate: float, minutes: float, handling_s: float) -> tuple[float, float]:
    """Mean load of a piece, and the load at its end, in erlang."""
    steady, passed = rate / 3600 * handling_s, minutes * 60 / handling_s
    kept = math.exp(-passed)
    return steady + (carried - steady) * (1 - kept) / passed, steady + (carried - steady) * kept


def _settled(forecast: Forecast, day: date, handling_s: float) -> float:
    """The load at the end of a day; how it began is long forgotten."""
    carried = 0.0
    for rate in forecast.of(day)[HOURS // 2 :]:
        carried = _flow(carried, rate, 60, handling_s)[1]
    return carried

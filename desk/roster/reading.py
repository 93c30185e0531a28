"""A draft and everything that is shown beside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import date
from uuid import UUID

from core.clock import Clock
from desk.roster import views
from desk.roster.checks import Checks
from desk.roster.eyes import Eyes
from desk.roster.models import EditedOut, SlotOut, TallyOut, ViolationOut
from desk.roster.seats import Coverages
from shifts.edits import Change
from shifts.fairness import fairness
from shifts.forecast import Forecast, History, forecast
from shifts.model import Demand, Roster, Setting
from shifts.need import Need, Planning, as_demand, needs
from shifts.rosters import Draft

#: Counts of the line's own contacts, if anybody has them.
Histories = Callable[[], Awaitable[History | None]]
#: Counts change by the day; seconds.
_NEEDS_KEPT_S = 3600.0
_MONTHS_KEPT = 24


async def no_history() -> History | None:
    """A new line has none."""
    return None


class Needs:
    """The need of months, kept for a while: it costs more than everything else that is shown."""

    def __init__(self, clock: Clock, histories: Histories = no_history, planning: Planning | None = None) -> None:
        self._clock = clock
        self._histories = histories
        #: What is wanted of the line.
        self.planning = planning or Planning()
        self._kept: dict[date, tuple[float, dict[date, str], tuple[Need, ...]]] = {}

    async def of(self, draft: Draft) -> tuple[Need, ...]:
        """In slots of half an hour."""
        first, days_off = draft.head.period.first, dict(draft.setting.holidays)
        kept = self._kept.get(first)
        if kept is not None and kept[1] == days_off and self._clock.monotonic() - kept[0] < _NEEDS_KEPT_S:
            return kept[2]
        found = needs(forecast(await self._histories(), holidays=days_off), draft.head.period, self.planning)
        if len(self._kept) >= _MONTHS_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[first] = (self._clock.monotonic(), days_off, found)
        return found

    async def forecast(self, days_off: Mapping[date, str]) -> Forecast:
        """What is expected to come."""
        return forecast(await self._histories(), holidays=days_off)

    async def as_demand(self) -> tuple[tuple[Demand, ...], int]:
        """The need of an ordinary week as demand, and on how many days of the line's own it rests."""
        expected = await self.forecast({})
        return as_demand(expected, self.planning), expected.days


class Beside:
    """What is shown beside a draft: what is wrong with it, coverage and need."""

    def __init__(self, needs_of: Needs) -> None:
        self._needs = needs_of
        self._coverages = Coverages()
        self._checks = Checks()

    async def slots(self, draft: Draft) -> list[SlotOut]:
        """Coverage beside the need."""
        found = await self._needs.of(draft)
        return views.slots(self._coverages.of(draft.setting, draft.roster), found, draft.setting.shift_types)

    def violations(self, draft: Draft, reasons: Mapping[str, str], eyes: Eyes) -> list[ViolationOut]:
        """Rules that are broken."""
        return [views.violation(one, draft.setting, eyes, reasons) for one in self._checks.of(draft)]

    async def edited(self, draft: Draft, changes: Iterable[Change], reasons: Mapping[str, str], eyes: Eyes) -> EditedOut:
        """A draft after a change."""
        return EditedOut(
            version=draft.head.version,
            cells=views.changed(changes),
            violations=self.violations(draft, reasons, eyes),
            coverage=await self.slots(draft),
            fairness=tallies(draft.setting, draft.roster, eyes),
        )


def tallies(setting: Setting, roster: Roster, eyes: Eyes) -> dict[UUID, TallyOut]:
    """Of everybody, or of oneself."""
    return {
        person_id: views.tally(one, setting.people[person_id].contract_minutes)
        for person_id, one in fairness(setting, roster).items()
        if eyes.drafts or person_id == eyes.counsellor_id
    }

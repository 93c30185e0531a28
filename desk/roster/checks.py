"""What is wrong with drafts, kept up to date from one look to the next. Whether a month can be published is checked from scratch, elsewhere."""

from __future__ import annotations

from collections import OrderedDict
from datetime import date

from shifts.rosters import Draft
from shifts.rules import Checker, Violation

#: Months.
KEPT = 6


class Checks:
    """A checker for each month that is being looked at. Not to be shared between threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[date, tuple[Draft, Checker]] = OrderedDict()

    def of(self, draft: Draft) -> tuple[Violation, ...]:
        """Everything wrong with a draft, the gravest first."""
        first = draft.head.period.first
        known = self._kept.pop(first, None)
        if known is not None and _same_ground(known[0], draft):
            before, now = known[0].roster.assignments, draft.roster.assignments
            checker = known[1]
            if before != now:
                checker.edit(remove=before - now, add=now - before)
        else:
            checker = Checker(draft.setting, draft.roster, draft.parameters)
        self._kept[first] = (draft, checker)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return checker.violations


def _same_ground(one: Draft, other: Draft) -> bool:
    return (one.setting, one.parameters, one.roster.before) == (other.setting, other.parameters, other.roster.before)

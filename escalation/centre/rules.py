"""The centre's rules as data: hours by urgency, attempts and spacing, when people may be called. Shipped in `rules.toml`; an operator's file changes them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from escalation.centre.errors import RulesError
from escalation.centre.model import Hours, Urgency

_SHIPPED = Path(__file__).with_name("rules.toml")
#: No figure of the rules may be larger: nothing is due in more than a year.
_MOST_HOURS = 8760
_MOST_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """See `rules.toml` for what each means."""

    due_in: Mapping[Urgency, timedelta]
    answer_in: timedelta
    send_in: timedelta
    live_for: timedelta
    next_in: timedelta
    attempts: int
    spacing: timedelta
    lease: timedelta
    #: O'clock in Seoul: from the first up to, and without, the second.
    hours: Mapping[Hours, tuple[int, int]]
    alarm_again: timedelta

    def due(self, urgency: Urgency, since: datetime) -> datetime:
        """By when the person must have been reached."""
        return since + self.due_in[urgency]

    def answer_by(self, at: datetime) -> datetime:
        """By when a proposal must be answered."""
        return at + self.answer_in

    def send_by(self, at: datetime) -> datetime:
        """By when it must have been sent."""
        return at + self.send_in

    def live_by(self, at: datetime) -> datetime:
        """When a warm transfer has failed."""
        return at + self.live_for

    def next_step(self, at: datetime) -> datetime:
        """By when something more must happen."""
        return at + self.next_in


def load(path: Path | None = None) -> Rules:
    """The shipped rules, changed by those of an operator's file. Raises RulesError with every problem at once."""
    problems: list[str] = []
    values = _values(_SHIPPED, problems)
    if path is not None:
        own = _values(path, problems)
        problems += [f"{path.name}: there is no {name}" for name in own if name not in values]
        values |= own
    figures: dict[str, float] = {}
    hours: dict[Hours, tuple[int, int]] = {}
    for name, value in values.items():
        if name.startswith("calls.hours."):
            if (span := _span(value)) is None:
                problems.append(f"{name}: two hours of a day, the first before the second, like [9, 18]")
            elif name.rpartition(".")[2] in set(Hours):
                hours[Hours(name.rpartition(".")[2])] = span
        else:
            most = _MOST_S if name.endswith("_s") else _MOST_HOURS
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
                problems.append(f"{name}: a number above 0, at most {most}")
            elif name == "calls.attempts" and value != int(value):
                problems.append(f"{name}: a whole number")
            else:
                figures[name] = float(value)
    if problems:
        raise RulesError(problems)
    return Rules(
        due_in={urgency: timedelta(hours=figures[f"due_hours.{urgency}"]) for urgency in Urgency},
        answer_in=timedelta(hours=figures["steps.answer_hours"]),
        send_in=timedelta(hours=figures["steps.send_hours"]),
        live_for=timedelta(seconds=figures["steps.live_s"]),
        next_in=timedelta(hours=figures["steps.next_hours"]),
        attempts=int(figures["calls.attempts"]),
        spacing=timedelta(hours=figures["calls.spacing_hours"]),
        lease=timedelta(seconds=figures["calls.lease_s"]),
        hours=hours,
        alarm_again=timedelta(hours=figures["alarms.repeat_hours"]),
    )


def _values(path: Path, problems: list[str]) -> dict[str, object]:
    try:
        return _flat(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        problems.append(f"{path.name}: {type(error).__name__}: it can't be read as TOML")
        return {}


def _flat(table: Mapping[str, object], before: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in table.items():
        found |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {f"{before}{name}": value}
    return found


def _span(value: object) -> tuple[int, int] | None:
    match value:
        case [int(first), int(last)] if 0 <= first < last <= 24:
            return first, last
        case _:
            return None

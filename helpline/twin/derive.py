"""Derives `load.toml` from the open data of Tel 143 "Dargebotene Hand" Zurich: `python -m helpline.twin.derive FILE.csv`.

Source: Statistisches Amt des Kantons Zürich, covid19monitoring_social_Tel143, CC BY 4.0. Only shares and two times leave this script.

The columns are kategorie, sub_kategorie, wert (value), einheit (unit), jahr, monat. `Schicht` holds the answered contacts of a shift,
labelled by its start. Talk times say "minuten" and are fractions of a day.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from shifts.load import HOURS, LoadError

SOURCE = "Statistisches Amt des Kantons Zürich, covid19monitoring_social_Tel143, CC BY 4.0"
_DAY_S = 86_400


class Slot(NamedTuple):
    """Shifts whose contacts are spread evenly over these hours of day (past midnight: above 24)."""

    starts_with: tuple[str, ...]
    start: float
    end: float


#: A shift's label is its start; its length is until the next one. Three labels of the late afternoon (16, 17 and 18 o'clock) are one
#: slot: alone, 16-17 h would have answered 12.6 contacts in one hour with talks of 16 minutes, three times as many as the hours around it,
#: so these shifts overlap. The second desk ("ZD") sits beside the slot whose time it has.
SLOTS = (
    Slot(("Umleiter (4.45)",), 4.75, 8),
    Slot(("Morgen (08.00)", "ZD Morgen (08.00)"), 8, 10),
    Slot(("Vormit (10.00)", "ZD Nachmittag (12.00)"), 10, 13),
    Slot(("Mittag (13.00)",), 13, 16),
    Slot(("Vorab (16.00)", "Zwischendrin (17.00)", "Abend (18.00)"), 16, 21),
    Slot(("Spät (21.00)",), 21, 23),
    Slot(("Nacht (23.00)",), 23, 28.75),
)

Key = tuple[str, str]


def totals(rows: Iterable[Mapping[str, str]]) -> tuple[dict[Key, float], dict[Key, int]]:
    """Sum and number of the values of each (kategorie, sub_kategorie)."""
    sums: defaultdict[Key, float] = defaultdict(float)
    counts: defaultdict[Key, int] = defaultdict(int)
    for row in rows:
        key = (row["kategorie"], row["sub_kategorie"])
        sums[key] += float(row["wert"])
        counts[key] += 1
    return dict(sums), dict(counts)


def by_hour(sums: Mapping[Key, float]) -> list[float]:
    """Share of a day's contacts in each hour of day."""
    hours = [0.0] * HOURS
    for slot in SLOTS:
        contacts = sum(sums.get(("Schicht", label), 0.0) for label in slot.starts_with)
        rate = contacts / (slot.end - slot.start)
        for hour in range(int(slot.start), int(slot.end) + 1):
            overlap = min(hour + 1, slot.end) - max(hour, slot.start)
            hours[hour % HOURS] += rate * max(0.0, overlap)
    total = sum(hours)
    if not total:
        raise LoadError("the file has no contacts by shift")
    return [share / total for share in hours]


def describe(rows: Iterable[Mapping[str, str]]) -> str:
    """The text of `load.toml`. Raises `LoadError` where the rows lack what it needs."""
    sums, counts = totals(rows)
    try:
        mean, median = (
            sums["Gesprächsdauer", name] / counts["Gesprächsdauer", name] * _DAY_S
            for name in ("Aritmetisches Mittel", "Median (Zentralwert)")
        )
        extra = {
            name: sums["Zusätzliche Beanspruchung", name] for name in ("Schweigeanruf", "Fehlanruf", "Juxanruf", "Verschobenes Gespräch")
        }
    except KeyError as error:
        raise LoadError(f"the file has no {error}") from error
    talks = sum(value for (kind, _), value in sums.items() if kind == "Geschlecht")
    if not talks:
        raise LoadError("the file has no talks")
    everything = talks + sum(extra.values())
    lines = [
        "# Derived by `python -m helpline.twin.derive` from open data; no count of the source stands here, only shares and times.",
        f'source = "{SOURCE}"',
        "",
        "[arrivals]",
        "# Share of a day's contacts in each hour of day, 00 to 23.",
        "by_hour = [",
        *(f"  {', '.join(f'{share:.5f}' for share in part)}," for part in _sixes(by_hour(sums))),
        "]",
        "",
        "[talk]",
        "# Mean over the months of the monthly mean and of the monthly median; the source has whole minutes.",
        f"mean_s = {mean:.0f}",
        f"median_s = {median:.0f}",
        "",
        "[shares]",
        "# Of all contacts: nobody spoke; wrong number or prank.",
        f"silent = {extra['Schweigeanruf'] / everything:.4f}",
        f"wrong = {(extra['Fehlanruf'] + extra['Juxanruf']) / everything:.4f}",
        "# Of counselling talks: suicide was a topic.",
        f"suicide = {sums.get(('Beratungsinhalt', 'Suizidalität'), 0.0) / talks:.4f}",
    ]
    return "\n".join(lines) + "\n"


def _sixes(shares: list[float]) -> list[list[float]]:
    return [shares[start : start + 6] for start in range(0, len(shares), 6)]


def main(arguments: list[str]) -> int:
    """Print the load of a file."""
    if len(arguments) != 1:
        sys.stderr.write("python -m helpline.twin.derive FILE.csv > shifts/load.toml\n")
        return 2
    with Path(arguments[0]).open(encoding="utf-8", newline="") as file:
        sys.stdout.write(describe(csv.DictReader(file)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

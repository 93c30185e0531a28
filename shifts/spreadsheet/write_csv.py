"""A roster as CSV, for programs and for Excel: UTF-8 with the mark by which Excel knows it, ISO dates."""

from __future__ import annotations

import csv
import io

from shifts.model import Roster, Setting
from shifts.spreadsheet.grid import guarded
from shifts.spreadsheet.sheet import cell_text, rostered


def csv_text(setting: Setting, roster: Roster) -> bytes:
    """One row a person, one column a day. Why somebody is away is not in it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["이름", "내선", *(day.isoformat() for day in roster.period)])
    held = roster.cells()
    for person in rostered(setting, roster):
        cells = (guarded(cell_text(setting, held, person.id, day)) for day in roster.period)
        writer.writerow([guarded(person.name), guarded(person.extension), *cells])
    return text.getvalue().encode("utf-8-sig")

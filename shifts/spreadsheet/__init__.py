"""Rosters in and out of spreadsheets: `preview` reads a file and writes nothing, `xlsx` and `csv_text` write what `preview` reads unchanged.

Uploaded files are strangers': sizes are limited before anything is unpacked, and every problem is named by its cell. Reading takes up to a
second or two of processor time, so it belongs into a thread.
"""

from __future__ import annotations

from shifts.spreadsheet.preview import Preview, preview
from shifts.spreadsheet.problem import Problem
from shifts.spreadsheet.write_csv import csv_text
from shifts.spreadsheet.write_xlsx import xlsx

__all__ = ["Preview", "Problem", "csv_text", "preview", "xlsx"]

"""Excel files, opened with care: a few kilobytes can unpack to gigabytes, name entities without end, or claim a million rows."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import PurePosixPath

import openpyxl
import structlog
from defusedxml import ElementTree as ET
from openpyxl.cell.cell import MergedCell
from openpyxl.worksheet.worksheet import Worksheet

from shifts.model import Period
from shifts.spreadsheet.grid import MOST_COLUMNS, MOST_ROWS, Area, Cell, Grid, Kind, number_cell, text_cell
from shifts.spreadsheet.problem import Unreadable

log = structlog.get_logger()

#: Unpacked, all parts together, and a sheet.
_MOST_UNPACKED = 60_000_000
_MOST_SHEET = 20_000_000
_MOST_PARTS = 500
#: A cell that was only ever coloured is there too; of those with something in them there are far fewer.
_MOST_CELLS = 300_000

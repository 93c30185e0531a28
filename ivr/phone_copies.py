"""What Asterisk goes by when the database has no answer: a copy of the phones' accounts and of the safety net's members.

A SQLite file, because Asterisk asks it as it asks PostgreSQL, row by row at the moment of need: a change is in force as soon as it is
written, without a reload. Beside it a line for the dialplan, the phones to ring when even the queue has nobody.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from ivr.asterisk_config import write
from ivr.phone_rows import EXTENSION

#: Included by extensions.conf.
DIALPLAN_FILE = "safety_net.conf"
#: Phones that are rung together in the last resort; more would not fit a line of the dialplan.
RING_MOST = 60
#: The tables that are copied, and by what a row is known.
KEYS = {"ps_endpoints": "id", "ps_auths": "id", "ps_aors": "id", "safety_net_members": "uniqueid"}

Row = Mapping[str, str | None]


def write_tables(path: Path, tables: Mapping[str, Sequence[Row]]) -> bool:
    """Make the file's tables equal to `tables`, in one transaction, owner-only; whether anything changed. Raises sqlite3.Error, OSError.

    Columns that no row uses are left out: this driver, unlike PostgreSQL's, hands Asterisk a NULL as an empty word, which is no value
    for most options.
    """
    columns = {name: _used(tables[name], KEYS[name]) for name in KEYS}
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    with closing(sqlite3.connect(path, timeout=5, isolation_level=None)) as connection:
        if _read(connection, columns) == {name: _normal(tables[name], columns[name]) for name in columns}:
            return False
        connection.execute("BEGIN IMMEDIATE")
        for name, wanted in columns.items():
            quoted = ", ".join(f'"{column}"' for column in wanted)
            connection.execute(f'DROP TABLE IF EXISTS "{name}"')
            connection.execute(f'CREATE TABLE "{name}" ({quoted}, PRIMARY KEY ("{KEYS[name]}"))')
            marks = ", ".join("?" for _ in wanted)
            connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', _normal(tables[name], wanted))  # noqa: S608
        connection.execute("COMMIT")
    return True


def write_dialplan(folder: Path, extensions: Sequence[str]) -> bool:
    """Write the line for the dialplan; whether it changed (then Asterisk must be told `dialplan reload`)."""
    good = [extension for extension in sorted(extensions) if EXTENSION.fullmatch(extension)]
    ring = "&".join(f"PJSIP/{extension}" for extension in good[:RING_MOST])
    text = f"; Written by annyeong120 whenever a counsellor changes.\nSAFETY_NET = {ring}\n"
    return bool(write({DIALPLAN_FILE: text}, folder))


def _used(rows: Sequence[Row], key: str) -> list[str]:
    return sorted({name for row in rows for name, value in row.items() if value is not None} | {key})


def _normal(rows: Sequence[Row], columns: Sequence[str]) -> list[tuple[str | None, ...]]:
    return sorted((tuple(row.get(column) for column in columns) for row in rows), key=lambda row: tuple(value or "" for value in row))


def _read(connection: sqlite3.Connection, columns: Mapping[str, Sequence[str]]) -> dict[str, list[tuple[str | None, ...]]] | None:
    """What the file holds, in the form of `_normal`; None when its tables have other columns."""
    found = {}
    for name, wanted in columns.items():
        cursor = connection.execute("SELECT name FROM pragma_table_info(?)", (name,))
        if [row[0] for row in cursor] != list(wanted):
            return None
        rows = [dict(zip(wanted, row, strict=True)) for row in connection.execute(f'SELECT * FROM "{name}"')]  # noqa: S608
        found[name] = _normal(rows, wanted)
    return found

"""Brings the safety net's record into the books: calls that the dialplan served while this program or the database was away.

Asterisk appends one line an occurrence (deploy/asterisk/extensions.conf.j2): call, what, when (UTC), caller's number,
number dialled, extension. The file is private, and gone as soon as its lines are in the database. Reading a line twice changes
nothing, so a crash in the middle costs nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
from datetime import UTC, datetime
from pathlib import Path

import structlog

from core.errors import DatabaseError
from core.ids import new_id
from core.phone import normalise
from routing.contacts import Contacts
from routing.model import ContactState

log = structlog.get_logger()

_FIELDS = 6
#: What is being read is set aside under a name of its own, in the order of time, so that no reader overwrites or removes another's.
_PART = ".taken"


class SafetyNetLog:
    """Reads the record of one Asterisk, on the same machine."""

    def __init__(self, path: Path, contacts: Contacts, language: str) -> None:
        self._path = path
        self._contacts = contacts
        self._language = language

    async def run(self, every_s: float) -> None:
        """Take in what is there, again and again, until cancelled."""
        while True:
            try:
                await self.take_in()
            except DatabaseError as error:
                log.info("safety_net_record_waits", reason=type(error).__name__)
            except OSError as error:
                log.error("safety_net_record_unreadable", reason=str(error))
            await asyncio.sleep(every_s)

    async def take_in(self) -> int:
        """Bring every line that is there into the database; returns how many. Raises `DatabaseError` (all lines are kept) and `OSError`.

        Whatever others are reading at the same time, or have left behind, is read as well.
        """
        count = 0
        for part in self._parts():
            lines = _lines_of(part)
            for line in lines:
                if len(line) == _FIELDS and line[0]:
                    await self._take(*line)
                elif line:
                    log.warning("safety_net_line_malformed", fields=len(line))
            _remove(part)
            count += len(lines)
        return count

    def _parts(self) -> list[Path]:
        # Asterisk opens the file anew for each line: after the renaming it starts another one.
        with contextlib.suppress(FileNotFoundError):
            self._path.rename(self._path.with_name(f"{self._path.stem}.{new_id()}{_PART}"))
        return sorted(self._path.parent.glob(f"{self._path.stem}.*{_PART}"))

    async def _take(self, channel_id: str, what: str, at_text: str, number: str, dialled: str, extension: str) -> None:
        try:
            at = datetime.fromisoformat(at_text).astimezone(UTC)
        except ValueError:
            log.warning("safety_net_line_malformed", what="time")
            return
        match what:
            case "entered":
                await self._contacts.enter(
                    new_id(),
                    channel_id=channel_id,
                    entry="safety_net",
                    dialled=dialled,
                    language=self._language,
                    number=normalise(number),
                    at=at,
                    state=ContactState.SAFETY_NET,
                )
            case "answered":
                await self._contacts.safety_net_answered(channel_id, extension, at)
            case "ended":
                await self._contacts.safety_net_ended(channel_id, at)
            case _:
                log.warning("safety_net_line_malformed", what="word")


def _lines_of(part: Path) -> list[list[str]]:
    """Of one that is gone none: somebody else was quicker, and they are in the database."""
    with contextlib.suppress(FileNotFoundError), part.open(encoding="utf-8", errors="replace", newline="") as file:
        return list(csv.reader(file))
    return []


def _remove(part: Path) -> None:
    part.unlink(missing_ok=True)

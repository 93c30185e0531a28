"""Brings the safety net's record into the books: calls that the dialplan served while this program or the database was away.

Asterisk appends one line an occurrence (deploy/asterisk/extensions.conf.j2): call, what, when (UTC), caller's number,
number dialled, extension. The file is private, and gone as soon as its lines are in the database. Reading a line twice changes
nothing, so a crash in the middle costs nothing.
"""

from __future__ import annotations

import asyncio
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


class SafetyNetLog:
    """Reads the record of one Asterisk, on the same machine."""

    def __init__(self, path: Path, contacts: Contacts, language: str) -> None:
        self._path = path
        self._taken = path.with_suffix(".taken")
        self._contacts = contacts
        self._language = language
        #: Who has read it to the end knows all of it, although others read it too.
        self._reading = asyncio.Lock()

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
        """Bring every line that is there into the database; returns how many. Raises `DatabaseError` (all lines are kept) and `OSError`."""
        count = 0
        async with self._reading:
            while self._taken.exists() or self._set_aside():
                count += await self._take_all()
        return count

    def _set_aside(self) -> bool:
        """Asterisk opens the file anew for each line: after the renaming it starts another one."""
        try:
            self._path.rename(self._taken)
        except FileNotFoundError:
            return False
        return True

    async def _take_all(self) -> int:
        try:
            with self._taken.open(encoding="utf-8", errors="replace", newline="") as file:
                lines = list(csv.reader(file))
        except FileNotFoundError:
            # Another worker of this machine was quicker.
            return 0
        for line in lines:
            if len(line) == _FIELDS and line[0]:
                await self._take(*line)
            elif line:
                log.warning("safety_net_line_malformed", fields=len(line))
        self._taken.unlink(missing_ok=True)
        return len(lines)

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

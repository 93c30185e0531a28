"""The policy in the database: the newest row that can be used is in force, every change is a new row, and a bad row never stops the line."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Row, bindparam, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock
from core.database import Database
from core.errors import DatabaseError
from routing.policy import PARAMETERS, Policy, PolicyError, differences, parse
from routing.tables import policies

log = structlog.get_logger()

CHANNEL = "policy_changed"
#: A change that was announced while nobody listened is found after this long.
REREAD_S = 30.0
MOST_NAME, MOST_NOTE = 100, 1000
#: A value that gives a parameter its default back.
DEFAULT = "default"
#: How many rows back a usable one is looked for.
_LOOK_BACK = 50
#: Any number, the same for every writer: two supervisors change one after the other, each knowing what the other did.
_LOCK = 120_005

_NEWEST = select(policies).order_by(policies.c.id.desc()).limit(bindparam("limit"))
_NOTIFY = text("SELECT pg_notify(:channel, '')")
_TAKE_TURNS = text("SELECT pg_advisory_xact_lock(:lock)")
_ADD = insert(policies).returning(policies.c.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A row: who changed what when."""

    id: int
    at: datetime
    by: str
    note: str
    #: Name -> (before, after), as the row before it had them; empty for a row that can't be used.
    changes: Mapping[str, tuple[float, float]]
    #: Why it can't be used; "" if it can.
    problem: str = ""


class PolicyStore:
    """Reads, changes and watches the policy."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._policy = Policy()
        #: The newest row that was complained about.
        self._complained = 0

    @property
    def policy(self) -> Policy:
        """The last one that was read and could be used; the defaults before the first."""
        return self._policy

    async def read(self) -> Policy:
        """The policy in force. Raises `DatabaseUnavailable`, `DatabaseError`."""
        rows = await self._db.execute(_NEWEST, {"limit": _LOOK_BACK})
        self._policy = self._usable(rows)[1]
        return self._policy

    async def change(self, by: str, values: Mapping[str, object], note: str = "") -> Policy:
        """Put these values into force on top of what is, and keep who did it. What changes nothing leaves no row.

        `DEFAULT` as a value gives the default back. Raises `PolicyError` naming everything that is wrong, `DatabaseUnavailable`.
        """
        by, note = _signed(by, note)

        async def changed(session: AsyncConnection) -> tuple[Policy, str]:
            current = await self._current(session)
            back = {name for name, value in values.items() if name in PARAMETERS and str(value).strip().lower() == DEFAULT}
            merged = {**differences(current), **values}
            return parse({name: value for name, value in merged.items() if name not in back}), note

        return await self._put(by, changed)

    async def undo(self, by: str, note: str = "") -> Policy:
        """Bring back what was in force before the last change (so doing it twice brings that back again).

        Raises `PolicyError` when nothing was ever changed, `DatabaseUnavailable`.
        """
        by, note = _signed(by, note)

        async def before(session: AsyncConnection) -> tuple[Policy, str]:
            rows = list(await session.execute(_NEWEST, {"limit": _LOOK_BACK}))
            index, _ = self._usable(rows)
            if index is None:
                raise PolicyError("there is no change to undo")
            _, policy = self._usable(rows[index + 1 :])
            return policy, note or f"undo of #{rows[index].id}"

        return await self._put(by, before)

    async def history(self, limit: int = 50) -> list[Change]:
        """The latest changes, newest first. Raises `DatabaseUnavailable`, `DatabaseError`."""
        rows = await self._db.execute(_NEWEST, {"limit": limit + _LOOK_BACK})
        found = []
        for index, row in enumerate(rows[:limit]):
            policy, problem = _parsed(row)
            _, before = self._usable(rows[index + 1 :])
            found.append(
                Change(id=row.id, at=row.at, by=row.by, note=row.note, changes=_changes(before, policy or before), problem=problem)
            )
        return found

    async def watch(self, callback: Callable[[Policy], None], *, reread_s: float = REREAD_S) -> None:
        """Call `callback` with the policy in force, first soon and then after every change; runs until cancelled.

        An absent database and a row that can't be used leave the last good policy in force; what fails in `callback` is logged.
        """
        hint = asyncio.Event()
        told: Policy | None = None
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._db.listen(CHANNEL, lambda _payload: hint.set()), name="policy listener")
            while True:
                hint.clear()
                try:
                    policy = await self.read()
                except DatabaseError as error:
                    log.warning("policy_not_read", reason=str(error))
                    policy = self._policy
                if policy != told:
                    told = policy
                    log.info("policy_in_force", **{name: f"{value:g}" for name, value in differences(policy).items()})
                    try:
                        callback(policy)
                    except Exception:
                        # Whoever is told must not end the telling, which is what brings the next policy.
                        log.exception("policy_callback_failed")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(reread_s):
                        await hint.wait()

    # --- how

    async def _put(self, by: str, make: Callable[[AsyncConnection], Awaitable[tuple[Policy, str]]]) -> Policy:
        async with self._db.begin() as session:
            await session.execute(_TAKE_TURNS, {"lock": _LOCK})
            current = await self._current(session)
            policy, note = await make(session)
            if policy == current:
                self._policy = policy
                return current
            row = {"at": self._clock.now(), "by": by, "note": note, "parameters": differences(policy)}
            number = (await session.execute(_ADD, row)).scalar_one()
        log.warning("policy_changed", number=number)
        self._policy = policy
        # Only a hint, and only now: inside the transaction it would make every commit of the database wait for this one.
        with contextlib.suppress(DatabaseError):
            await self._db.execute(_NOTIFY, {"channel": CHANNEL})
        return policy

    async def _current(self, session: AsyncConnection) -> Policy:
        return self._usable(list(await session.execute(_NEWEST, {"limit": _LOOK_BACK})))[1]

    def _usable(self, rows: list[Row[Any]]) -> tuple[int | None, Policy]:
        """The first usable row's index and policy; the defaults where there is none."""
        for index, row in enumerate(rows):
            policy, problem = _parsed(row)
            if policy is not None:
                return index, policy
            if row.id > self._complained:
                # Once: it is read again every half a minute.
                self._complained = row.id
                log.error("policy_row_ignored", number=row.id, problem=problem)
        return None, Policy()


def _parsed(row: Row[Any]) -> tuple[Policy | None, str]:
    if not isinstance(row.parameters, dict):
        return None, "the parameters are not an object"
    try:
        return parse(row.parameters), ""
    except PolicyError as error:
        return None, str(error)


def _changes(before: Policy, after: Policy) -> dict[str, tuple[float, float]]:
    names = differences(before).keys() | differences(after).keys()
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in sorted(names)}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _signed(by: str, note: str) -> tuple[str, str]:
    by, note = by.strip(), note.strip()
    if not 0 < len(by) <= MOST_NAME or not by.isprintable():
        raise PolicyError(f"by: say who changes it, in 1 to {MOST_NAME} characters")
    if len(note) > MOST_NOTE:
        raise PolicyError(f"note: at most {MOST_NOTE} characters")
    return by, note

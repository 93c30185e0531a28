"""Call-backs in PostgreSQL: who is to be called, on what terms, who is calling just now, and how it ended.

A request belongs to a number, and a number has at most one that is live. Withheld numbers are never matched to each other: their requests hang
on the contact alone, or on the number that the caller entered. What the person agreed to is data (`Consent`); without `may_call` a request
stands on the list and is never dialled by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row

from core import metrics
from core.cipher import NumberCipher
from core.clock import Clock
from core.database import Database
from core.errors import CipherError
from core.ids import new_id
from core.phone import mask
from routing import callback_statements as sql
from routing.callback_model import (
    FINAL,
    RESULT_OF,
    CallbackError,
    CallbackResult,
    CallbackState,
    CallHours,
    Consent,
    Due,
    Listed,
    NoNumber,
    Reason,
    UnknownCallback,
    UnknownContact,
)
from routing.model import Lane, Outcome
from routing.policy import Policy

__all__ = [
    "CallHours", "CallbackError", "CallbackResult", "CallbackState", "Callbacks", "Consent", "Due", "Listed", "NoNumber", "Reason",
    "UnknownCallback", "UnknownContact",
]  # fmt: skip

log = structlog.get_logger()

#: How far back `sweep` looks for calls that ended before a talk.
SWEEP_BACK = timedelta(hours=1)
#: No call that is still swept entered before this.
_LONGEST_CALL = timedelta(hours=24)
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class Callbacks:
    """The call-backs of the line. All methods raise `DatabaseUnavailable` when PostgreSQL can't be reached, `CallbackError` for what can't be.

    `policy`: gives the one in force.
    """

    def __init__(self, db: Database, cipher: NumberCipher, clock: Clock, *, policy: Callable[[], Policy] = Policy) -> None:
        self._db = db
        self._cipher = cipher
        self._clock = clock
        self._policy = policy

    # --- onto the list

    async def ask(
        self,
        contact_id: UUID,
        *,
        number: str | None,
        consent: Consent,
        language: str,
        virtual_start: datetime,
        lane: Lane = Lane.NORMAL,
    ) -> UUID:
        """Store what a caller asked for, durably; returns the request's id. `number` (E.164) None: the number of the call.

        Asked twice, in one call or in two, it is one request, with the earlier place. `consent.may_call` False is a refusal: nothing of this
        number stays live, and later calls that drop out are not listed. Raises UnknownContact, NoNumber, CallbackError.
        """
        if number is not None and not _E164.fullmatch(number):
            raise CallbackError("the number to call back is not an E.164 number")
        now = self._clock.now()
        async with self._db.begin() as session:
            contact = (await session.execute(sql.CONTACT, {"contact_id": contact_id})).first()
            if contact is None:
                raise UnknownContact(f"there is no contact {contact_id}")
            if number is None and contact.number_index is None:
                raise NoNumber
            index = contact.number_index if number is None else self._cipher.index(number)
            sealed = contact.number_cipher if number is None else self._cipher.encrypt(number)
            await session.execute(sql.LOCK, {"number_index": index})
            older = await session.execute(sql.REPLACE, {"number_index": index, "contact_id": contact_id, "now": now})
            replaced = [row.virtual_start for row in older]
            refused = consent.may_call is False
            if refused:
                await session.execute(sql.REFUSE, {"contact_id": contact_id, "now": now})
            values = {
                "id": new_id(),
                "contact_id": contact_id,
                "number_cipher": sealed,
                "number_index": index,
                "language": language,
                "now": now,
                "virtual_start": min([virtual_start, *replaced]),
                "lane": str(lane),
                "may_call": consent.may_call,
                "may_say_who": consent.may_say_who,
                "may_leave_message": consent.may_leave_message,
                "shared_phone": consent.shared_phone,
                "hours": consent.hours and str(consent.hours),
                "state": str(CallbackState.CANCELLED if refused else CallbackState.OPEN),
                "outcome": "cancelled" if refused else None,
                "ended_at": now if refused else None,
            }
            made: UUID = (await session.execute(sql.ASK, values)).one().id
        _count("called_again", len(replaced))
        log.info("callback_asked", contact_id=str(contact_id), callback_id=str(made), refused=refused)
        return made

    async def dropped_out(self, contact_id: UUID, *, reason: str = "dropped_out") -> bool:
        """List a caller who left before talk, or whom we cut off, for a person to decide; False: not wanted, or there already.

        Safe to repeat. Not listed: withheld numbers, numbers that refused, numbers with a live request, callers who were with us again since.
        Raises UnknownContact.
        """
        why = Reason(reason)
        if why is Reason.DROPPED_OUT and not self._policy().callback_dropped_out:
            return False
        async with self._db.begin() as session:
            contact = (await session.execute(sql.CONTACT, {"contact_id": contact_id})).first()
            if contact is None:
                raise UnknownContact(f"there is no contact {contact_id}")
            if contact.number_index is None:
                return False
            await session.execute(sql.LOCK, {"number_index": contact.number_index})
            values = {"id": new_id(), "contact_id": contact_id, "reason": str(why), "now": self._clock.now()}
            listed = (await session.execute(sql.DROPPED_OUT, values)).first() is not None
        if listed:
            log.info("callback_listed", contact_id=str(contact_id), reason=str(why))
        return listed

    async def sweep(self) -> int:
        """List whoever ended before a talk in the last hour and was missed (the program died in that instant); how many."""
        now = self._clock.now()
        rows = await self._db.execute(sql.MISSED, {"since": now - SWEEP_BACK, "entered_since": now - SWEEP_BACK - _LONGEST_CALL})
        listed = 0
        for row in rows:
            listed += await self.dropped_out(row.id, reason=row.reason)
        return listed

    # --- off the list

    async def cancel_for(self, contact_id: UUID, outcome: str = "called_again") -> int:
        """This contact reached a human: nothing is owed to its number any more. Returns how many requests that ended."""
        rows = await self._db.execute(sql.CANCEL_FOR, {"contact_id": contact_id, "outcome": outcome, "now": self._clock.now()})
        _count(outcome, len(rows))
        return len(rows)

    # --- calling

    async def claim(self, worker: str, limit: int, lease_s: float) -> list[Due]:
        """Take up to `limit` requests that are due and may be called now, those due longest first; nobody else does for `lease_s`."""
        if limit <= 0:
            return []
        now = self._clock.now()
        lease_until = now + timedelta(seconds=lease_s)
        values = {"worker": worker, "limit": limit, "now": now, "hours": CallHours.holding(now), "lease_until": lease_until}
        rows = await self._db.execute(sql.CLAIM, values)
        claimed = []
        for row in sorted(rows, key=lambda row: (row.due_at, row.id)):
            try:
                claimed.append(self._due(row))
            except CipherError:
                # Perhaps the key comes back; it must not be tried in a loop, nor stand in the way of others.
                log.exception("callback_number_unreadable", callback_id=str(row.id))
                due_at = now + timedelta(seconds=self._policy().callback_spacing_s)
                await self._end_attempt(row.id, row.epoch, CallbackResult.INTERRUPTED, CallbackState.OPEN, row.attempts, due_at)
        return claimed

    async def keep(self, due: Due, lease_s: float) -> bool:
        """Hold a claimed request for another while, as long as it waits for a counsellor; False: it is not ours any more."""
        lease_until = self._clock.now() + timedelta(seconds=lease_s)
        return bool(await self._db.execute(sql.KEEP, {"id": due.id, "epoch": due.epoch, "lease_until": lease_until}))

    async def attempt(self, due: Due, contact_id: UUID) -> bool:
        """The call `contact_id` is being made for it. False: nobody must be called, it is not ours any more or its hours are over.

        Raises UnknownContact.
        """
        if not await self._db.execute(sql.CONTACT, {"contact_id": contact_id}):
            raise UnknownContact(f"there is no contact {contact_id}")
        now = self._clock.now()
        values = {"id": due.id, "epoch": due.epoch, "contact_id": contact_id, "now": now}
        return due.consent.timely(now) and bool(await self._db.execute(sql.ATTEMPT, values))

    async def attempted(self, due: Due, result: CallbackResult, policy: Policy | None = None) -> CallbackState | None:
        """What came of it; the request's new state, or None if it was not ours any more. After the policy's last attempt: GIVEN_UP."""
        return await self._attempted(due.id, due.epoch, due.attempts, result, policy or self._policy())

    async def reclaim(self) -> list[tuple[UUID, CallbackState]]:
        """End what a worker that died had in hand, by what its call tells; otherwise it is open again and does not count as an attempt."""
        ended = []
        for row in await self._db.execute(sql.FORGOTTEN, {"now": self._clock.now()}):
            result = RESULT_OF.get(Outcome(row.outcome), CallbackResult.INTERRUPTED) if row.outcome else CallbackResult.INTERRUPTED
            state = await self._attempted(row.id, row.epoch, row.attempts, result, self._policy())
            if state is not None:
                log.warning("callback_reclaimed", callback_id=str(row.id), result=str(result))
                ended.append((row.id, state))
        return ended

    # --- for people

    async def listing(self, *, everything: bool = False, limit: int = 200) -> list[Listed]:
        """The live requests, in the order of their places; with `everything` also the ended ones, newest first."""
        return [self._listed(row) for row in await self._db.execute(sql.LISTING, {"everything": everything, "limit": limit})]

    async def find(self, beginning: str) -> UUID:
        """The request whose id begins so. Raises UnknownCallback; CallbackError if there are several."""
        if not re.fullmatch(r"[0-9a-fA-F-]{1,36}", beginning):
            raise UnknownCallback
        found = await self._db.execute(sql.FIND, {"beginning": beginning.lower()})
        if not found:
            raise UnknownCallback
        if len(found) > 1:
            raise CallbackError(f"{beginning}: {', '.join(str(row.id) for row in found)}")
        return UUID(str(found[0].id))

    async def allow(self, callback_id: UUID) -> bool:
        """A person decides that it is dialled; False: it has ended already."""
        return bool(await self._db.execute(sql.ALLOW, {"id": callback_id, "now": self._clock.now()}))

    async def finish(self, callback_id: UUID, *, outcome: str, why: str = "", refused: bool = False) -> bool:
        """A person ends it: `talked` is done, anything else is cancelled; False: it has ended already. `refused`: never call this number."""
        state = CallbackState.DONE if outcome == CallbackResult.TALKED else CallbackState.CANCELLED
        values = {"id": callback_id, "outcome": outcome, "why": why, "state": str(state), "refused": refused, "now": self._clock.now()}
        ended = bool(await self._db.execute(sql.FINISH, values))
        _count(outcome, ended)
        return ended

    # --- how

    async def _attempted(
        self, callback_id: UUID, epoch: int, attempts: int, result: CallbackResult, policy: Policy
    ) -> CallbackState | None:
        # Whoever calls may have words of its own for the same results.
        result = CallbackResult(str(result))
        due_at = None
        if result in FINAL:
            state, attempts = CallbackState.DONE, attempts + 1
        elif result is CallbackResult.INTERRUPTED:
            state = CallbackState.OPEN
        else:
            attempts += 1
            state = CallbackState.GIVEN_UP if attempts >= policy.callback_attempts else CallbackState.OPEN
            due_at = self._clock.now() + timedelta(seconds=policy.callback_spacing_s)
        return state if await self._end_attempt(callback_id, epoch, result, state, attempts, due_at) else None

    async def _end_attempt(
        self, callback_id: UUID, epoch: int, result: CallbackResult, state: CallbackState, attempts: int, due_at: datetime | None
    ) -> bool:
        over = state is not CallbackState.OPEN
        outcome = CallbackResult.NO_ANSWER if result is CallbackResult.BUSY else result
        values = {
            "id": callback_id,
            "epoch": epoch,
            "result": str(result),
            "state": str(state),
            "attempts": attempts,
            "outcome": str(outcome) if over else None,
            "ended_at": self._clock.now() if over else None,
            "due_at": due_at,
        }
        ours = bool(await self._db.execute(sql.ATTEMPTED, values))
        _count(str(outcome), ours and over)
        return ours

    def _due(self, row: Row[Any]) -> Due:
        return Due(
            id=row.id,
            contact_id=row.contact_id,
            number=self._cipher.decrypt(row.number_cipher),
            language=row.language,
            virtual_start=row.virtual_start,
            lane=Lane(row.lane),
            attempts=row.attempts,
            consent=_consent(row),
            epoch=row.epoch,
        )

    def _listed(self, row: Row[Any]) -> Listed:
        try:
            masked = mask(self._cipher.decrypt(row.number_cipher))
        except CipherError:
            masked = "?"
        due_at = row.due_at if row.outcome else CallHours(row.hours).earliest(row.due_at, self._clock.now())
        return Listed(
            id=row.id,
            contact_id=row.contact_id,
            masked=masked,
            reason=Reason(row.reason),
            language=row.language,
            created_at=row.created_at,
            virtual_start=row.virtual_start,
            consent=_consent(row),
            state=CallbackState(row.state),
            attempts=row.attempts,
            due_at=due_at,
            outcome=row.outcome,
            ended_at=row.ended_at,
        )


def _consent(row: Row[Any]) -> Consent:
    return Consent(
        may_call=row.may_call,
        may_say_who=row.may_say_who,
        may_leave_message=row.may_leave_message,
        shared_phone=row.shared_phone,
        hours=CallHours(row.hours),
    )


def _count(outcome: str, many: int) -> None:
    if many:
        metrics.callbacks_total.labels(outcome=outcome).inc(many)

"""Counsellors at work: signing in with a PIN, ready, break, signing out, end of wrap-up, their shift, and whether their phone can be rung."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import DateTime, Uuid, bindparam, text

from core.clock import Clock
from core.database import Database
from routing.hints import Hints
from routing.pin_rules import MAX_LENGTH, MIN_LENGTH
from routing.pins import PinHasher
from routing.presence_model import BreakReason, Change, Human, PresenceEvent, SignIn, System
from routing.presence_store import Applied, PresenceStore

__all__ = ["COUNSELLORS_CHANGED", "LOCKED_FOR", "MAX_FAILURES", "PRESENCE_CHANGED", "Change", "Counsellors", "SignIn"]

log = structlog.get_logger()

#: The channel on which a change of accounts, or of who is on shift, is announced: whoever keeps a copy of them reads them anew.
COUNSELLORS_CHANGED = "counsellors_changed"
#: The channel on which other workers hear that somebody's presence has changed.
PRESENCE_CHANGED = "presence_changed"
#: So many wrong PINs lock the sign-in …
MAX_FAILURES = 5
#: … for this long. Only calls from the person's own phone count, so nobody can lock out somebody else.
LOCKED_FOR = timedelta(minutes=5)

# The attempt is counted before the PIN is looked at: attempts in parallel, or a program killed half-way, gain nobody a free one.
_COUNT_ATTEMPT = text(
    """
    WITH counted AS (
        UPDATE counsellors
        SET pin_failures = CASE WHEN pin_locked_until IS NULL THEN pin_failures + 1 ELSE 1 END,
            pin_locked_until = CASE WHEN pin_locked_until IS NULL AND pin_failures + 1 >= :max_failures
                                    THEN CAST(:locked_until AS timestamptz) END
        WHERE extension = :extension AND disabled_at IS NULL AND (pin_locked_until IS NULL OR pin_locked_until <= :now)
        RETURNING id, pin_locked_until IS NOT NULL AS last
    )
    SELECT c.id, c.pin_hash, c.disabled_at IS NOT NULL AS disabled, counted.id IS NULL AS refused, coalesce(counted.last, true) AS last
    FROM counsellors c LEFT JOIN counted ON counted.id = c.id
    WHERE c.extension = :extension
    """
).bindparams(bindparam("now", type_=DateTime(timezone=True)), bindparam("locked_until", type_=DateTime(timezone=True)))

_FORGIVE = text("UPDATE counsellors SET pin_failures = 0, pin_locked_until = NULL WHERE id = :id").bindparams(bindparam("id", type_=Uuid))


def _nobody_listens(_: UUID) -> None:
    """Do nothing."""


class Counsellors:
    """What counsellors do from their phones. Every change is committed when the method returns, and kept in `presence_events`.

    `on_change(counsellor_id)` is called after each change; it must not block (bootstrap points it at the router). With `hints` the
    other workers hear of it too, a moment later. All methods raise `DatabaseUnavailable` when PostgreSQL can't be reached: nothing has changed then, or it is unknown.
    """

    def __init__(self, db: Database, clock: Clock, *, hints: Hints | None = None, hasher: PinHasher | None = None) -> None:
        self._db = db
        self._hints = hints
        self._clock = clock
        self._hasher = hasher or PinHasher()
        self._presence = PresenceStore(db)
        self.on_change: Callable[[UUID], None] = _nobody_listens

    async def sign_in(self, extension: str, pin: str) -> SignIn:
        """Sign in whom this phone belongs to. They are not ready yet. Call it only for a phone that has proved to be `extension`."""
        now = self._clock.now()
        rows = await self._db.execute(
            _COUNT_ATTEMPT, {"extension": extension, "now": now, "locked_until": now + LOCKED_FOR, "max_failures": MAX_FAILURES}
        )
        if not rows:
            return SignIn.UNKNOWN
        row = rows[0]
        if row.disabled:
            return SignIn.DISABLED
        bound = log.bind(counsellor_id=str(row.id))
        if row.refused:
            bound.warning("sign_in_locked")
            return SignIn.LOCKED
        plausible = MIN_LENGTH <= len(pin) <= MAX_LENGTH
        if not plausible or not await self._hasher.verify(row.pin_hash, pin):
            bound.warning("sign_in_failed", locked=row.last)
            return SignIn.LOCKED if row.last else SignIn.WRONG_PIN
        await self._db.execute(_FORGIVE, {"id": row.id})
        applied = await self._presence.apply(extension, PresenceEvent.SIGN_IN)
        if applied is None or applied.disabled:
            # Closed by an administrator between the two statements.
            return SignIn.DISABLED
        self._announce(applied, PresenceEvent.SIGN_IN)
        return SignIn.OK

    async def set_ready(self, extension: str) -> Change:
        """Take calls from now on; also ends wrap-up, since the person says so."""
        return await self._apply(extension, PresenceEvent.READY)

    async def set_break(self, extension: str, reason: BreakReason) -> Change:
        """Take no calls after the present one."""
        return await self._apply(extension, PresenceEvent.BREAK, reason)

    async def sign_out(self, extension: str) -> Change:
        """Go home; a talk under way goes on."""
        return await self._apply(extension, PresenceEvent.SIGN_OUT)

    async def end_wrapup(self, extension: str) -> Change:
        """The record of the last talk is done; ready, break or off stays what it was."""
        return await self._apply(extension, PresenceEvent.END_WRAPUP)

    async def set_reachable(self, extension: str, reachable: bool, node: str = "main") -> Change:
        """The phone can be rung on this Asterisk node, or not any more. ALREADY: no news, or another node's phone meanwhile."""
        event = PresenceEvent.PHONE_REACHABLE if reachable else PresenceEvent.PHONE_UNREACHABLE
        return await self._apply(extension, event, node=node)

    async def set_reachable_phones(self, extensions: Collection[str], node: str = "main") -> int:
        """Of this node's phones exactly these can be rung; returns for how many counsellors that was news."""
        changed = await self._presence.set_reachable_phones(extensions, node)
        for counsellor_id in changed:
            self._tell(counsellor_id)
        return len(changed)

    async def set_shift(self, who: UUID | str, on_shift: bool, until: datetime | None = None) -> Change:
        """The roster has somebody (id or extension) on shift until then (aware; None: open-ended), or not any more.

        A call under way is not touched. Raises ValueError for a naive `until`.
        """
        if until is not None and until.tzinfo is None:
            raise ValueError("a naive datetime has no instant")
        applied = await self._presence.set_shift(who, on_shift=on_shift, until=until if on_shift else None)
        if applied is None:
            return Change.UNKNOWN
        if applied.changed:
            log.info("shift_changed", counsellor_id=str(applied.counsellor_id), on_shift=on_shift)
            self._tell(applied.counsellor_id)
            return Change.DONE
        return Change.DISABLED if applied.disabled else Change.ALREADY

    async def set_shifts(self, until: Mapping[UUID, datetime] | None) -> int:
        """The roster has exactly these on shift, until then (aware); None: no roster says anything, so everybody is. How many changed."""
        changed = await self._presence.set_shifts(until)
        if changed:
            log.info("shifts_changed", changed=len(changed), on_shift=None if until is None else len(until))
        for counsellor_id in changed:
            self._tell(counsellor_id)
        return len(changed)

    async def signed_out(self, counsellor_ids: Collection[UUID]) -> frozenset[UUID]:
        """Who of these has not signed in."""
        return await self._presence.signed_out(counsellor_ids)

    async def _apply(self, extension: str, event: PresenceEvent, reason: BreakReason | None = None, *, node: str | None = None) -> Change:
        applied = await self._presence.apply(extension, event, reason, node=node)
        if applied is None:
            return Change.UNKNOWN
        self._announce(applied, event)
        # Who ends a pause by `*15` has ended no wrap-up.
        ended_nothing = event is PresenceEvent.END_WRAPUP and applied.system is not System.WRAPUP
        return Change.DONE if applied.changed and not ended_nothing else _why_unchanged(applied, event)

    def _announce(self, applied: Applied, event: PresenceEvent) -> None:
        if applied.changed:
            log.info("presence_changed", counsellor_id=str(applied.counsellor_id), change=str(event))
            self._tell(applied.counsellor_id)

    def _tell(self, counsellor_id: UUID) -> None:
        self.on_change(counsellor_id)
        if self._hints is not None:
            self._hints.send(PRESENCE_CHANGED)


def _why_unchanged(applied: Applied, event: PresenceEvent) -> Change:
    if applied.disabled:
        return Change.DISABLED
    if event in (PresenceEvent.PHONE_REACHABLE, PresenceEvent.PHONE_UNREACHABLE):
        return Change.ALREADY
    if event is PresenceEvent.END_WRAPUP and applied.system in (System.OFFERED, System.TALKING):
        return Change.IN_CALL
    return Change.NOT_SIGNED_IN if applied.human is Human.OFF else Change.ALREADY

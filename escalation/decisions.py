"""What people decide about an incident, at the desk: confirm it, close it with a reason, say more about it. Each is one committed statement."""

from __future__ import annotations

from uuid import UUID

import structlog

from care.scrub import scrub
from core.clock import Clock
from core.database import Database
from core.sealing import Sealer
from escalation import happenings as h
from escalation.errors import EscalationError, IllegalTransition, TooLong, UnknownIncident
from escalation.model import INCIDENTS_CHANGED, CloseReason, Danger, State
from escalation.rows import detail_of, find
from escalation.statements import statement

log = structlog.get_logger()

#: What the installation's keys seal the words of a closing for (`core.sealing.load_sealer`).
PURPOSE = "incident"
#: Characters of the words of a closing.
LONGEST_TEXT = 4000

_END = statement(
    f"""
    WITH ended AS (
        UPDATE incidents SET state = :state, ended_at = greatest(:at, raised_at), ended_by = :by, close_reason = :reason, close_text = :words
        WHERE id = :incident_id AND ended_at IS NULL RETURNING id
    ), noted AS (
        INSERT INTO incident_events (incident_id, at, kind, detail) SELECT id, :at, :kind, :detail FROM ended
    )
    SELECT id, pg_notify('{INCIDENTS_CHANGED}', id::text) FROM ended
    """  # noqa: S608
)
_DESCRIBE = statement(
    f"""
    WITH told AS (
        UPDATE incidents SET danger = coalesce(:danger, danger), third_party = coalesce(CAST(:third_party AS boolean), third_party)
        WHERE id = :incident_id AND ended_at IS NULL RETURNING id
    ), noted AS (
        INSERT INTO incident_events (incident_id, at, kind, detail) SELECT id, :at, 'described', :detail FROM told
    )
    SELECT id, pg_notify('{INCIDENTS_CHANGED}', id::text) FROM told
    """  # noqa: S608
)
_WORDS = statement("SELECT close_text FROM incidents WHERE id = :incident_id")


class ReasonMissing(EscalationError):
    """Say in words why the incident is closed."""


class Decisions:
    """All methods raise DatabaseUnavailable, UnknownIncident, and IllegalTransition for an incident that is over."""

    def __init__(self, db: Database, clock: Clock, sealer: Sealer) -> None:
        """`sealer`: for `PURPOSE`."""
        self._db = db
        self._clock = clock
        self._sealer = sealer

    async def confirm(self, incident_id: UUID, *, by: UUID) -> None:
        """Responders made contact with the person. `by`: a desk user."""
        await self._end(incident_id, h.Confirmed(by=by), State.CONFIRMED)

    async def close(self, incident_id: UUID, *, by: UUID, reason: CloseReason, text: str = "") -> None:
        """End it without that. Registration numbers are taken out of the text. Raises ReasonMissing for OTHER without words, TooLong."""
        words = scrub(text[: LONGEST_TEXT + 1].strip()).text
        if reason is CloseReason.OTHER and not words:
            raise ReasonMissing
        if len(text) > LONGEST_TEXT:
            raise TooLong(f"the text has {len(text)} characters, and {LONGEST_TEXT} are allowed")
        await self._end(incident_id, h.Closed(by=by, reason=reason), State.CLOSED, words)

    async def describe(self, incident_id: UUID, *, by: UUID, danger: Danger | None = None, third_party: bool | None = None) -> None:
        """Say which danger it is, and whether the whereabouts of somebody else are needed: who is called next goes by it."""
        happened = h.Described(danger=danger, third_party=third_party, by=by)
        values = {"danger": danger and str(danger), "third_party": third_party, "detail": detail_of(happened)}
        rows = await self._db.execute(_DESCRIBE, {"incident_id": incident_id, "at": self._clock.now(), **values})
        if not rows:
            await self._refuse(incident_id, happened)

    async def words(self, incident_id: UUID) -> str:
        """What was said at the closing. Raises CipherError; whoever asks is in the access log before."""
        rows = await self._db.execute(_WORDS, {"incident_id": incident_id})
        if not rows:
            raise UnknownIncident
        sealed: bytes | None = rows[0].close_text
        return "" if sealed is None else self._sealer.open(sealed, owner=incident_id.bytes).decode()

    async def _end(self, incident_id: UUID, deed: h.Deed, state: State, words: str = "") -> None:
        values: dict[str, object] = {
            "incident_id": incident_id,
            "at": self._clock.now(),
            "by": deed.by,
            "state": str(state),
            "kind": deed.kind,
            "reason": str(deed.reason) if isinstance(deed, h.Closed) else None,
            "words": self._sealer.seal(words.encode(), owner=incident_id.bytes) if words else None,
            "detail": detail_of(deed),
        }
        if not await self._db.execute(_END, values):
            await self._refuse(incident_id, deed)
        log.info("incident_ended", incident_id=str(incident_id), state=str(state), by=str(deed.by))

    async def _refuse(self, incident_id: UUID, happened: h.Happening) -> None:
        incident = await find(self._db, incident_id)
        if incident is None:
            raise UnknownIncident
        raise IllegalTransition(f"{happened.kind}: the incident is {incident.state} already")

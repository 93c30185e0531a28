"""Contact rows and their timeline. A contact is written before anything is played; what follows goes through the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Executable, Row, Uuid, bindparam, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from core.cipher import NumberCipher
from core.clock import Clock
from core.database import Database
from core.journal import Journal
from core.phone import Number
from routing.model import ContactState, Offer, Outcome
from routing.tables import contacts, events

#: One statement, one commit: the contact exists from here on, whatever happens to this program.
_ENTER = text(
    """
    WITH entered AS (
        INSERT INTO contacts (id, node, worker, channel_id, entry, dialled, language, number_cipher, number_index, withheld,
                              state, entered_at)
        VALUES (:id, :node, :worker, :channel_id, :entry, :dialled, :language, :number_cipher, :number_index, :withheld,
                :state, :at)
        ON CONFLICT (channel_id) DO NOTHING
        RETURNING id
    )
    INSERT INTO events (contact_id, at, kind, detail) SELECT id, :at, 'invite', :detail FROM entered
    RETURNING contact_id
    """
).bindparams(bindparam("id", type_=Uuid), bindparam("detail", type_=JSONB))

_LAST_OFFERS = text(
    """
    SELECT DISTINCT ON (o.contact_id) o.*, c.extension
    FROM offers o JOIN counsellors c ON c.id = o.counsellor_id
    WHERE o.contact_id = ANY(:contact_ids) AND (o.result IS NULL OR o.result = 'answered')
    ORDER BY o.contact_id, o.offered_at DESC
    """
).bindparams(bindparam("contact_ids", type_=ARRAY(Uuid)))

_FIND = select(contacts.c.id).where(contacts.c.channel_id == bindparam("channel"), contacts.c.outcome.is_(None))

_SAFETY_NET_ANSWERED = text(
    """
    WITH answered AS (
        UPDATE contacts SET answered_at = :at, state = 'safety_net', counsellor_id = (SELECT id FROM counsellors WHERE extension = :extension)
        WHERE channel_id = :channel_id AND outcome IS NULL AND (answered_at IS NULL OR answered_at < :at)
        RETURNING id
    )
    INSERT INTO events (contact_id, at, kind, detail) SELECT id, :at, 'safety_net_answered', :detail FROM answered
    """
).bindparams(bindparam("detail", type_=JSONB))

_SAFETY_NET_ENDED = text(
    """
    WITH ended AS (
        UPDATE contacts SET ended_at = greatest(:at, entered_at), state = 'ended',
               outcome = CASE WHEN answered_at IS NULL THEN 'abandoned_safety_net' ELSE 'talked_safety_net' END
        WHERE channel_id = :channel_id AND outcome IS NULL AND state = 'safety_net'
        RETURNING id, outcome
    )
    INSERT INTO events (contact_id, at, kind, detail) SELECT id, :at, 'outcome', jsonb_build_object('outcome', outcome) FROM ended
    RETURNING contact_id
    """
)

#: Statements of the journal, by the name under which they are replayed.
JOURNAL_STATEMENTS: Mapping[str, Executable] = {
    "event": insert(events),
    "contact_state": update(contacts)
    .where(contacts.c.id == bindparam("contact_id"), contacts.c.outcome.is_(None))
    .values(state=bindparam("new_state")),
    "contact_queued": update(contacts)
    .where(contacts.c.id == bindparam("contact_id"), contacts.c.outcome.is_(None), contacts.c.queued_at.is_(None))
    .values(queued_at=bindparam("at_time")),
    "contact_talking": update(contacts)
    .where(contacts.c.id == bindparam("contact_id"), contacts.c.outcome.is_(None))
    .values(state="talking", counsellor_id=bindparam("with_counsellor"), answered_at=text("coalesce(answered_at, :at_time)")),
    # The guard makes it exactly one: whoever comes second changes nothing.
    "contact_ended": update(contacts)
    .where(contacts.c.id == bindparam("contact_id"), contacts.c.outcome.is_(None))
    .values(state="ended", ended_at=bindparam("at_time"), outcome=bindparam("how")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveContact:
    """A contact row without an outcome, as recovery needs it."""

    id: UUID
    channel_id: str
    state: ContactState
    entry: str
    language: str
    entered_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None


class Contacts:
    """Writes contacts and their timeline. Times are aware UTC datetimes."""

    def __init__(self, db: Database, journal: Journal, cipher: NumberCipher, clock: Clock, *, node: str, worker: str) -> None:
        self._db = db
        self._journal = journal
        self._cipher = cipher
        self._clock = clock
        self._node = node
        self._worker = worker

    async def enter(
        self,
        contact_id: UUID,
        *,
        channel_id: str,
        entry: str,
        dialled: str,
        language: str,
        number: Number,
        at: datetime,
        state: ContactState,
    ) -> bool:
        """Write the contact, durably. False: this channel already has one. Raises `DatabaseUnavailable`."""
        known = None if number.withheld else number.e164
        rows = await self._db.execute(
            _ENTER,
            {
                "id": contact_id,
                "node": self._node,
                "worker": self._worker,
                "channel_id": channel_id,
                "entry": entry,
                "dialled": dialled,
                "language": language,
                "number_cipher": None if known is None else self._cipher.encrypt(known),
                "number_index": None if known is None else self._cipher.index(known),
                "withheld": known is None,
                "state": str(state),
                "at": at,
                "detail": {"entry": entry},
            },
        )
        return bool(rows)

    async def safety_net_answered(self, channel_id: str, extension: str, at: datetime) -> None:
        """A counsellor whom the dialplan rang took the call. Raises `DatabaseUnavailable`."""
        parameters = {"channel_id": channel_id, "extension": extension, "at": at, "detail": {"counsellor": extension}}
        await self._db.execute(_SAFETY_NET_ANSWERED, parameters)

    async def safety_net_ended(self, channel_id: str, at: datetime) -> bool:
        """A call in the dialplan's hands is over; False if it was not (any more). Raises `DatabaseUnavailable`."""
        return bool(await self._db.execute(_SAFETY_NET_ENDED, {"channel_id": channel_id, "at": at}))

    def note(self, contact_id: UUID, kind: str, detail: Mapping[str, object] | None = None, at: datetime | None = None) -> None:
        """Add a line to the contact's timeline (through the journal)."""
        self._journal.add("event", {"contact_id": contact_id, "at": at or self._clock.now(), "kind": kind, "detail": dict(detail or {})})

    def state(self, contact_id: UUID, state: ContactState) -> None:
        """Where the contact is now."""
        self._journal.add("contact_state", {"contact_id": contact_id, "new_state": str(state)})

    def queued(self, contact_id: UUID, at: datetime) -> None:
        """The contact entered the line; the first time counts."""
        self._journal.add("contact_queued", {"contact_id": contact_id, "at_time": at})

    def talking(self, contact_id: UUID, counsellor_id: UUID, at: datetime) -> None:
        """A human is on the line."""
        self._journal.add("contact_talking", {"contact_id": contact_id, "with_counsellor": counsellor_id, "at_time": at})

    def ended(self, contact_id: UUID, outcome: Outcome, at: datetime | None = None) -> None:
        """The contact is over; a second outcome changes nothing."""
        self._journal.add("contact_ended", {"contact_id": contact_id, "at_time": at or self._clock.now(), "how": str(outcome)})

    async def live(self) -> list[LiveContact]:
        """This worker's contacts that have no outcome yet."""
        rows = await self._db.execute(
            select(contacts).where(contacts.c.worker == self._worker, contacts.c.node == self._node, contacts.c.outcome.is_(None))
        )
        return [_live(row) for row in rows]

    async def find(self, channel_id: str) -> UUID | None:
        """The live contact of a channel."""
        rows = await self._db.execute(_FIND, {"channel": channel_id})
        return rows[0].id if rows else None

    async def last_offers(self, contact_ids: list[UUID]) -> dict[UUID, Offer]:
        """The newest offer of each contact that rings or was answered, for recovery."""
        if not contact_ids:
            return {}
        rows = await self._db.execute(_LAST_OFFERS, {"contact_ids": contact_ids})
        return {
            row.contact_id: Offer(
                id=row.id,
                contact_id=row.contact_id,
                counsellor_id=row.counsellor_id,
                epoch=row.epoch,
                extension=row.extension,
                leg_id=row.leg_id,
            )
            for row in rows
        }


def _live(row: Row[tuple[object, ...]]) -> LiveContact:
    return LiveContact(
        id=row.id,
        channel_id=row.channel_id,
        state=ContactState(row.state),
        entry=row.entry,
        language=row.language,
        entered_at=row.entered_at,
        queued_at=row.queued_at,
        answered_at=row.answered_at,
    )

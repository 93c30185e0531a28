"""Contact rows and their timeline. A contact is written before anything is played; what follows goes through the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import Executable, Row, Uuid, bindparam, exists, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from core.cipher import NumberCipher
from core.clock import Clock
from core.database import Database
from core.errors import CipherError
from core.journal import Journal
from core.phone import Number
from routing.model import ContactState, Kind, Lane, Offer, Outcome
from routing.tables import callbacks, contacts, events

log = structlog.get_logger()

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

#: A call of ours to somebody who asked for it: in the line from the start, with the place it had.
_ENTER_CALLBACK = text(
    """
    WITH entered AS (
        INSERT INTO contacts (id, node, worker, channel_id, entry, language, number_cipher, number_index, withheld, state, entered_at,
                              queued_at, kind, lane, virtual_start, callback_id)
        VALUES (:id, :node, :worker, :channel_id, 'callback', :language, :number_cipher, :number_index, false, 'calling_back', :at,
                :at, 'callback', :lane, :virtual_start, :callback_id)
        RETURNING id
    )
    INSERT INTO events (contact_id, at, kind) SELECT id, :at, 'callback_begun' FROM entered
    RETURNING contact_id
    """
).bindparams(bindparam("id", type_=Uuid), bindparam("callback_id", type_=Uuid))

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

_ARRANGED = (
    exists().where(callbacks.c.contact_id == contacts.c.id, callbacks.c.reason == "asked", callbacks.c.outcome.is_(None)).label("arranged")
)

#: Statements of the journal, by the name under which they are replayed.
JOURNAL_STATEMENTS: Mapping[str, Executable] = {
    "event": insert(events),
    "contact_state": update(contacts)
    .where(contacts.c.id == bindparam("contact_id"), contacts.c.outcome.is_(None))
    .values(state=bindparam("new_state")),
    "contact_queued": update(contacts)
    .where(contacts.c.id == bindparam("contact_id"), contacts.c.outcome.is_(None), contacts.c.queued_at.is_(None))
    .values(queued_at=bindparam("at_time"), virtual_start=bindparam("place_since")),
    # A code gave an earlier place back.
    "contact_place": update(contacts)
    .where(contacts.c.id == bindparam("contact_id"), contacts.c.outcome.is_(None))
    .values(virtual_start=bindparam("place_since")),
    # What is None was not announced this time: an earlier promise stands.
    "contact_promised": update(contacts)
    .where(contacts.c.id == bindparam("contact_id"), contacts.c.outcome.is_(None))
    .values(
        promised_until=func.coalesce(bindparam("until", type_=contacts.c.promised_until.type), contacts.c.promised_until),
        promised_place=func.coalesce(bindparam("place", type_=contacts.c.promised_place.type), contacts.c.promised_place),
    ),
    "contact_language": update(contacts)
    .where(contacts.c.id == bindparam("contact_id"), contacts.c.outcome.is_(None))
    .values(language=bindparam("spoken")),
    # Also after the end: a danger key in the last instant is still true.
    "contact_lane": update(contacts).where(contacts.c.id == bindparam("contact_id")).values(lane=bindparam("new_lane")),
    "contact_silent": update(contacts).where(contacts.c.id == bindparam("contact_id")).values(silent=True),
    "contact_talking": update(contacts)
    .where(contacts.c.id == bindparam("contact_id"), contacts.c.outcome.is_(None))
    .values(state="talking", counsellor_id=bindparam("with_counsellor"), answered_at=text("coalesce(answered_at, :at_time)")),
    "contact_outside": update(contacts)
    .where(contacts.c.id == bindparam("contact_id"), contacts.c.outcome.is_(None))
    .values(state="overflow", answered_at=text("coalesce(answered_at, :at_time)")),
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
    #: The last one who talked with the caller.
    counsellor_id: UUID | None = None
    kind: Kind = Kind.PHONE
    lane: Lane = Lane.NORMAL
    #: What the place in line is by.
    virtual_start: datetime | None = None
    silent: bool = False
    named_id: UUID | None = None
    #: What was announced, so that it does not grow after a restart.
    promised_until: datetime | None = None
    promised_place: int | None = None
    #: A call-back was asked for in this call.
    arranged: bool = False
    #: E.164; None: withheld or unknown. Never logged.
    number: str | None = field(default=None, repr=False)


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

    async def enter_callback(
        self,
        contact_id: UUID,
        *,
        callback_id: UUID,
        channel_id: str,
        language: str,
        number: str,
        virtual_start: datetime,
        lane: Lane,
        at: datetime,
    ) -> None:
        """Write the contact of a call-back, durably, before anything is done for it. `number`: E.164. Raises `DatabaseError`."""
        await self._db.execute(
            _ENTER_CALLBACK,
            {
                "id": contact_id,
                "node": self._node,
                "worker": self._worker,
                "channel_id": channel_id,
                "language": language,
                "number_cipher": self._cipher.encrypt(number),
                "number_index": self._cipher.index(number),
                "virtual_start": virtual_start,
                "lane": str(lane),
                "callback_id": callback_id,
                "at": at,
            },
        )

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

    def queued(self, contact_id: UUID, at: datetime, virtual_start: datetime | None = None) -> None:
        """The contact entered the line; the first time counts. `virtual_start`: what the place is by, if not by `at`."""
        self._journal.add("contact_queued", {"contact_id": contact_id, "at_time": at, "place_since": virtual_start or at})

    def place(self, contact_id: UUID, virtual_start: datetime) -> None:
        """Who is in the line already has another place from now on."""
        self._journal.add("contact_place", {"contact_id": contact_id, "place_since": virtual_start})

    def promised(self, contact_id: UUID, until: datetime | None, place: int | None) -> None:
        """The latest instant and the place (people before) that were announced; None: not this time."""
        self._journal.add("contact_promised", {"contact_id": contact_id, "until": until, "place": place})

    def language(self, contact_id: UUID, language: str) -> None:
        """What the caller wants to hear from now on."""
        self._journal.add("contact_language", {"contact_id": contact_id, "spoken": language})

    def lane(self, contact_id: UUID, lane: Lane) -> None:
        """Who is served before whom."""
        self._journal.add("contact_lane", {"contact_id": contact_id, "new_lane": str(lane)})

    def silent(self, contact_id: UUID) -> None:
        """The caller neither spoke nor pressed a key when they could have."""
        self._journal.add("contact_silent", {"contact_id": contact_id})

    def talking(self, contact_id: UUID, counsellor_id: UUID, at: datetime) -> None:
        """A human is on the line."""
        self._journal.add("contact_talking", {"contact_id": contact_id, "with_counsellor": counsellor_id, "at_time": at})

    def talking_outside(self, contact_id: UUID, at: datetime) -> None:
        """Somebody of the standby list or the partner line is on the line."""
        self._journal.add("contact_outside", {"contact_id": contact_id, "at_time": at})

    def ended(self, contact_id: UUID, outcome: Outcome, at: datetime | None = None) -> None:
        """The contact is over; a second outcome changes nothing."""
        self._journal.add("contact_ended", {"contact_id": contact_id, "at_time": at or self._clock.now(), "how": str(outcome)})

    async def live(self) -> list[LiveContact]:
        """This worker's contacts that have no outcome yet."""
        rows = await self._db.execute(
            select(contacts, _ARRANGED).where(
                contacts.c.worker == self._worker, contacts.c.node == self._node, contacts.c.outcome.is_(None)
            )
        )
        return [self._live(row) for row in rows]

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

    def _number(self, cipher: bytes | None) -> str | None:
        """The caller's number; one that no key opens any more (a key file was lost) must not keep the calls from being taken up."""
        try:
            return None if cipher is None else self._cipher.decrypt(cipher)
        except CipherError as error:
            log.error("number_not_readable", reason=str(error))
            return None

    def _live(self, row: Row[tuple[object, ...]]) -> LiveContact:
        return LiveContact(
            id=row.id,
            channel_id=row.channel_id,
            state=ContactState(row.state),
            entry=row.entry,
            language=row.language,
            entered_at=row.entered_at,
            queued_at=row.queued_at,
            answered_at=row.answered_at,
            counsellor_id=row.counsellor_id,
            kind=Kind(row.kind),
            lane=Lane(row.lane),
            virtual_start=row.virtual_start,
            silent=row.silent,
            named_id=row.named_id,
            promised_until=row.promised_until,
            promised_place=row.promised_place,
            arranged=row.arranged,
            number=self._number(row.number_cipher),
        )

"""Contact rows and their timeline. A contact is written before anything is played; what follows goes through the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import Row

from core.cipher import NumberCipher
from core.clock import Clock
from core.database import Database
from core.errors import CipherError, DatabaseUnavailable
from core.journal import Journal
from core.phone import Number
from routing import contact_statements as sql
from routing.contact_statements import JOURNAL_STATEMENTS
from routing.model import ContactState, Kind, Lane, Offer, Outcome
from routing.reservations import WORKER_LEASE_S

__all__ = ["JOURNAL_STATEMENTS", "Contacts", "LiveContact"]

log = structlog.get_logger()

#: How long what an earlier run left in the journal is waited for before its contacts are adopted.
REPLAY_S = 2.0


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
    #: How often standby and partner were tried in vain, and when that was last found.
    overflows: int = 0
    overflowed: datetime | None = None
    #: E.164; None: withheld or unknown. Never logged.
    number: str | None = field(default=None, repr=False)
    #: The journal of the process that has it.
    owner: UUID | None = None


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
            sql.ENTER,
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
                "owner": self._journal.id,
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
            sql.ENTER_CALLBACK,
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
                "owner": self._journal.id,
            },
        )

    async def safety_net_answered(self, channel_id: str, extension: str, at: datetime) -> None:
        """A counsellor whom the dialplan rang took the call. Raises `DatabaseUnavailable`."""
        parameters = {"channel_id": channel_id, "extension": extension, "at": at, "detail": {"counsellor": extension}}
        await self._db.execute(sql.SAFETY_NET_ANSWERED, parameters)

    async def safety_net_ended(self, channel_id: str, at: datetime) -> bool:
        """A call in the dialplan's hands is over; False if it was not (any more). Raises `DatabaseUnavailable`."""
        return bool(await self._db.execute(sql.SAFETY_NET_ENDED, {"channel_id": channel_id, "at": at}))

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

    def channel(self, contact_id: UUID, channel_id: str) -> None:
        """The caller has dialled again: they are on this channel from now on."""
        self._journal.add("contact_channel", {"contact_id": contact_id, "new_channel": channel_id})

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

    # --- whose a contact is --------------------------------------------------------------------------------------------

    async def live(self) -> list[LiveContact]:
        """This worker's contacts that have no outcome yet."""
        return [self._live(row) for row in await self._db.execute(sql.LIVE, self._here())]

    async def adopt(self) -> list[LiveContact]:
        """The same, ours from now on: whoever had this worker's name before changes none of them any more. Raises `DatabaseError`."""
        try:
            async with asyncio.timeout(REPLAY_S):
                await self._journal.replayed()
        except TimeoutError:
            raise DatabaseUnavailable("what an earlier run left is not written yet") from None
        return [self._live(row) for row in await self._db.execute(sql.ADOPT, self._here() | {"owner": self._journal.id})]

    async def left_behind(self) -> list[LiveContact]:
        """Contacts without an outcome of this node's workers that have not been heard of for `WORKER_LEASE_S`."""
        return [self._live(row) for row in await self._db.execute(sql.LEFT_BEHIND, self._here() | {"lease_s": WORKER_LEASE_S})]

    def owns(self, row: LiveContact) -> bool:
        """Whether the row was this process's when it was read."""
        return row.owner == self._journal.id

    async def claim(self, row: LiveContact) -> bool:
        """Make a contact ours; False if it has ended, or has another owner than when it was read. Raises `DatabaseError`."""
        ours = self._here() | {"id": row.id, "owner": self._journal.id, "seen": row.owner}
        return bool(await self._db.execute(sql.CLAIM, ours))

    async def take(self, channel_id: str) -> LiveContact | None:
        """The live contact of a channel that is with us now, ours from now on, whoever had it. Raises `DatabaseError`."""
        rows = await self._db.execute(sql.TAKE, self._here() | {"channel_id": channel_id, "owner": self._journal.id})
        return self._live(rows[0]) if rows else None

    async def part(self, channel_id: str) -> LiveContact | None:
        """A contact that has ended is this channel's no more, so that another one can be; as it was. Raises `DatabaseError`."""
        rows = await self._db.execute(sql.PART, {"channel_id": channel_id})
        return self._live(rows[0]) if rows else None

    def _here(self) -> dict[str, object]:
        return {"node": self._node, "worker": self._worker}

    async def find(self, channel_id: str) -> UUID | None:
        """The live contact of a channel."""
        rows = await self._db.execute(sql.FIND, {"channel": channel_id})
        return rows[0].id if rows else None

    async def last_offers(self, contact_ids: list[UUID]) -> dict[UUID, Offer]:
        """The newest offer of each contact that rings or was answered, for recovery."""
        if not contact_ids:
            return {}
        rows = await self._db.execute(sql.LAST_OFFERS, {"contact_ids": contact_ids})
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
            overflows=row.overflows,
            overflowed=row.overflowed,
            number=self._number(row.number_cipher),
            owner=row.owner,
        )

"""Calls with numbers, as call-backs need them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, Uuid, bindparam, text

from core.cipher import NumberCipher
from core.database import Database
from core.ids import new_id
from core.testing import ManualClock
from routing.callbacks import Callbacks, Consent
from routing.place_codes import PlaceCodes
from routing.policy import Policy

KIM, LEE = "+821012345678", "+82222345678"
MAY_CALL = Consent(may_call=True)

_CONTACT = text(
    """
    INSERT INTO contacts (id, node, worker, channel_id, entry, number_cipher, number_index, withheld, state, entered_at, queued_at,
                          virtual_start, answered_at, ended_at, outcome, kind, callback_id)
    VALUES (:id, 'main', 'w1', CAST(:id AS text), 'menu', :number_cipher, :number_index, :withheld, 'waiting', :at, :at, :at,
            :answered_at, :ended_at, :outcome, :kind, :callback_id)
    """
).bindparams(bindparam("id", type_=Uuid), bindparam("callback_id", type_=Uuid))


@dataclass
class Desk:
    """Call-backs and codes over a real database, with a clock in hand."""

    db: Database
    clock: ManualClock = field(default_factory=ManualClock)
    cipher: NumberCipher = field(default_factory=lambda: NumberCipher({"k": bytes(32)}, bytes([1] * 32)))
    policy: Policy = field(default_factory=Policy)

    def __post_init__(self) -> None:
        self.callbacks = Callbacks(self.db, self.cipher, self.clock, policy=lambda: self.policy)
        self.codes = PlaceCodes(self.db, self.clock, lambda: self.policy)

    @property
    def now(self) -> datetime:
        """The clock's time."""
        return self.clock.now()

    async def call(
        self,
        number: str | None = KIM,
        *,
        outcome: str | None = None,
        answered: bool = False,
        ago_s: float = 0.0,
        callback_id: UUID | None = None,
    ) -> UUID:
        """A call that came in so long ago, live or just ended."""
        contact_id, at = new_id(), self.now - timedelta(seconds=ago_s)
        await self.db.execute(
            _CONTACT,
            {
                "id": contact_id,
                "number_cipher": self.cipher.encrypt(number) if number else None,
                "number_index": self.cipher.index(number) if number else None,
                "withheld": number is None,
                "at": at,
                "answered_at": at if answered else None,
                "ended_at": self.now if outcome else None,
                "outcome": outcome,
                "kind": "callback" if callback_id else "phone",
                "callback_id": callback_id,
            },
        )
        return contact_id

    async def hang_up(self, contact_id: UUID, outcome: str = "callback_arranged") -> None:
        """The call is over."""
        await self.db.execute(
            text("UPDATE contacts SET outcome = :outcome, ended_at = :at, state = 'ended' WHERE id = CAST(:id AS uuid)"),
            {"id": str(contact_id), "outcome": outcome, "at": self.now},
        )

    async def ask(self, contact_id: UUID, consent: Consent = MAY_CALL, number: str | None = None) -> UUID:
        """Ask to be called back, with the place of now."""
        return await self.callbacks.ask(contact_id, number=number, consent=consent, language="ko", virtual_start=self.now)

    async def asked(self, number: str = KIM) -> UUID:
        """Somebody called, asked, and hung up."""
        contact_id = await self.call(number)
        callback_id = await self.ask(contact_id)
        await self.hang_up(contact_id)
        return callback_id

    async def rows(self) -> list[Row[tuple[object, ...]]]:
        """All requests, oldest first."""
        return await self.db.execute(text("SELECT * FROM callbacks ORDER BY id"))

    async def live(self) -> list[Row[tuple[object, ...]]]:
        """Those that have not ended."""
        return [row for row in await self.rows() if row.outcome is None]

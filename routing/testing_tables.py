"""Rows and tables of the line in memory; see `routing.testing`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Protocol, TypeVar
from uuid import UUID

from routing.model import Lane, Offer, OfferResult, Seat
from routing.presence_model import BreakReason, Presence, PresenceEvent, System, change

T = TypeVar("T")
_TICK = timedelta(microseconds=1)


class Gate(Protocol):
    """The way into the database."""

    async def __call__(self, work: Callable[[], T]) -> T:
        """Do the work, if it can be done."""


async def at_once(work: Callable[[], T]) -> T:
    """The gate of a database that is always there."""
    return work()


@dataclass(slots=True)
class Counsellor:
    """A row of `counsellors` with its row of `presence`."""

    id: UUID
    extension: str
    languages: frozenset[str] = frozenset({"ko"})
    skills: frozenset[str] = frozenset()
    disabled: bool = False
    presence: Presence = field(default_factory=Presence)
    epoch: int = 0
    contact_id: UUID | None = None
    deadline: datetime | None = None
    on_shift: bool = True
    shift_until: datetime | None = None
    heavy_run: int = 0
    changed_at: datetime | None = None


@dataclass(slots=True)
class Contact:
    """A row of `contacts`."""

    id: UUID
    node: str
    worker: str
    channel_id: str
    entry: str
    dialled: str
    language: str
    number: str | None
    state: str
    entered_at: datetime
    queued_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    counsellor_id: UUID | None = None
    outcome: str | None = None
    owner: UUID | None = None
    #: Every other column.
    more: dict[str, object] = field(default_factory=lambda: {"kind": "phone", "lane": "normal"})


@dataclass(slots=True)
class OfferRow:
    """A row of `offers`."""

    offer: Offer
    offered_at: datetime
    ended_at: datetime | None = None
    result: str | None = None


class MemoryDatabase:
    """The tables. `now` is the database's own time."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.counsellors: dict[UUID, Counsellor] = {}
        self.contacts: dict[UUID, Contact] = {}
        self.by_channel: dict[str, Contact] = {}
        self._live: list[Contact] = []
        self._looked_at = 0
        self.offers: dict[UUID, OfferRow] = {}
        self.live_offers: dict[UUID, OfferRow] = {}
        self.events: dict[UUID, list[tuple[datetime, str, Mapping[str, object]]]] = {}
        self.workers: dict[str, datetime] = {}
        self.alarms: list[Mapping[str, object]] = []
        #: `routing.testing_callbacks.Request` by id, and what a code gives back.
        self.callbacks: dict[UUID, Any] = {}
        self.codes: dict[str, tuple[UUID, datetime]] = {}
        self.batches: set[tuple[UUID, int]] = set()
        #: Told of every reservation in the instant in which it is made, with the counsellor as they were before it.
        self.on_grant: Callable[[Offer, Seat], None] = lambda *_: None

    def live_contacts(self) -> list[Contact]:
        """Rows of contacts without an outcome, in the order in which they came."""
        if len(self.contacts) > self._looked_at:
            self._live += islice(self.contacts.values(), self._looked_at, None)
            self._looked_at = len(self.contacts)
        # An outcome is for ever.
        self._live = [row for row in self._live if row.outcome is None]
        return self._live

    # --- for the book of incidents (`escalation.statements`) -------------------------------------------------------------------------

    def owner_of(self, contact_id: UUID) -> UUID | None:
        """The journal of the process that has it."""
        row = self.contacts.get(contact_id)
        return row.owner if row else None

    def is_over(self, contact_id: UUID) -> bool:
        """Whether it has an outcome."""
        row = self.contacts.get(contact_id)
        return row is not None and row.outcome is not None

    def earlier_of(self, contact_id: UUID) -> UUID | None:
        """The contact whose caller dropped out of a crisis and is called back by this one, or which this one goes on from."""
        row = self.contacts.get(contact_id)
        number = row.more.get("callback_id") if row else None
        request = self.callbacks.get(number) if isinstance(number, UUID) else None
        if request is not None:
            return request.contact_id if request.lane is Lane.CRISIS else None
        told = (detail for _, kind, detail in self.events.get(contact_id, ()) if kind == "continues")
        return next((UUID(str(detail["contact"])) for detail in told), None)

    def same_caller(self, contact_id: UUID, other: UUID) -> bool:
        """Whether two contacts have one number."""
        one, two = self.contacts.get(contact_id), self.contacts.get(other)
        return one is not None and two is not None and one.number is not None and one.number == two.number

    # --- rows ------------------------------------------------------------------------------------------------------------------------

    def add_counsellor(self, counsellor_id: UUID, extension: str, **more: object) -> Counsellor:
        """A new account."""
        row = Counsellor(counsellor_id, extension, changed_at=self.now(), **more)  # type: ignore[arg-type]  # checked where it is called
        self.counsellors[counsellor_id] = row
        return row

    def touch(self, row: Counsellor) -> None:
        """`changed_at` only ever grows."""
        now = self.now()
        row.changed_at = now if row.changed_at is None else max(now, row.changed_at + _TICK)

    def close_offer(self, row: OfferRow, result: OfferResult) -> None:
        """An offer is over."""
        row.ended_at, row.result = row.ended_at or self.now(), str(result)
        self.live_offers.pop(row.offer.id, None)

    def happen(self, extension: str, event: PresenceEvent, reason: BreakReason | None = None, node: str | None = None) -> bool:
        """`routing.presence_store`; whether the row changed."""
        row = next((row for row in self.counsellors.values() if row.extension == extension), None)
        if row is None or row.disabled:
            return False
        after = change(row.presence, event, at=self.now(), reason=reason, node=node)
        if after == row.presence:
            return False
        if row.presence.system is System.WRAPUP and after.system is System.IDLE:
            row.deadline = None
        row.presence = after
        self.touch(row)
        return True

    # --- what the journal writes -----------------------------------------------------------------------------------------------------

    def write(self, name: str, values: Mapping[str, object]) -> None:
        """An entry of the journal, by its name."""
        match name:
            case "event":
                at, kind, detail = values["at"], values["kind"], values["detail"]
                self.events.setdefault(_uuid(values["contact_id"]), []).append((at, str(kind), detail))  # type: ignore[arg-type]
            case "alarm":
                self.alarms.append(values)
            case "contact_lane":
                # Also after the end.
                if self._may_change(values) or values["new_lane"] == "crisis":
                    self._mark(values, "lane", values["new_lane"])
            case "contact_silent":
                self._mark(values, "silent", True)
            case _ if name.startswith("contact_"):
                row = self.contacts.get(_uuid(values["contact_id"]))
                if row is not None and row.outcome is None and self._may_change(values):
                    self._contact(row, name.removeprefix("contact_"), values)
            case _:
                # Legs and estimates are history that nothing here reads.
                pass

    def _may_change(self, values: Mapping[str, object]) -> bool:
        """Whether the row has no other owner by now than the journal that writes (`routing.contact_statements`)."""
        row = self.contacts.get(_uuid(values["contact_id"]))
        return row is None or row.owner in (None, values.get("journal_"))

    def _mark(self, values: Mapping[str, object], column: str, value: object) -> None:
        if row := self.contacts.get(_uuid(values["contact_id"])):
            row.more[column] = value

    def _contact(self, row: Contact, what: str, values: Mapping[str, object]) -> None:
        at: datetime = values.get("at_time")  # type: ignore[assignment]
        match what:
            case "state":
                row.state = str(values["new_state"])
            case "channel":
                # By the old one, which is gone for good, it is still found here: who looks back asks by it.
                row.channel_id = str(values["new_channel"])
                self.by_channel[row.channel_id] = row
            case "queued":
                if row.queued_at is None:
                    row.queued_at, row.more["virtual_start"] = at, values["place_since"]
            case "place":
                row.more["virtual_start"] = values["place_since"]
            case "promised":
                for column, value in (("promised_until", values["until"]), ("promised_place", values["place"])):
                    row.more[column] = row.more.get(column) if value is None else value
            case "language":
                row.language = str(values["spoken"])
            case "talking":
                row.state, row.answered_at = "talking", row.answered_at or at
                row.counsellor_id = _uuid(values["with_counsellor"])
            case "outside":
                row.state, row.answered_at = "overflow", row.answered_at or at
            case "ended":
                row.state, row.ended_at, row.outcome = "ended", at, str(values["how"])
            case _:
                raise KeyError(f"contact_{what}")


def _uuid(value: object) -> UUID:
    assert isinstance(value, UUID)
    return value


def seat_of(row: Counsellor) -> Seat:
    """A row as the router sees it."""
    presence = row.presence
    return Seat(
        counsellor_id=row.id, extension=row.extension, epoch=row.epoch, human=str(presence.human), system=str(presence.system),
        reachable=presence.reachable, disabled=row.disabled, on_shift=row.on_shift, shift_until=row.shift_until,
        idle_since=presence.idle_since, rest_until=presence.rest_until, paused_until=presence.paused_until, heavy_run=row.heavy_run,
        languages=row.languages, skills=row.skills, changed_at=row.changed_at,
    )  # fmt: skip

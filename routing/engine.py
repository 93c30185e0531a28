"""Who is offered to whom, and when: the pure core of the line. Events in, commands out, the clock passed in; no I/O.

Order: `since` minus the head start of the contact's lane, so that whoever waits long enough passes every lane. Counsellor: the named
one, then who has the language and skills, then whoever has been idle longest; what spoke against the match (a fresh refusal, rest
after a heavy call, the end of a shift) is weighed by the policy. Total: an event that does not fit is ignored and said to be.

Only contacts of our own worker are reserved for. Another worker's contact that is further ahead keeps the counsellor for the policy's
`patience_s` (and its worker gets a hint); after that it is passed over, since its worker may be dead.
"""

from __future__ import annotations

import heapq
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from routing import engine_model as e
from routing.at_hand import AtHand, Demand
from routing.engine_model import Command, Event
from routing.model import Kind, Lane, OverflowReason, Seat, Waiting
from routing.ordered import Ordered
from routing.overflow_times import OverflowTimes
from routing.policy import Policy
from routing.queue import Queue

#: A contact whose reservation the database refused while the counsellor seems free, or whose offer comes back again and again,
#: is left alone for this long: no tight loop.
BLOCKED = timedelta(seconds=0.5)
#: A clock that steps back by more than this has been set; less is the network time at work.
SET_BACK = timedelta(seconds=1)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
#: Whom the same speaks against: another worker's or ours, in danger or not, whoever is waited for by name, a language or skills (None: no
#: special ones), and whether those are still waited for.
_Alike = tuple[bool, bool, UUID | None, Demand | None, bool]


class Engine:
    """The state of the line as one worker knows it."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.contacts: dict[UUID, Waiting] = {}
        self.seats: dict[UUID, Seat] = {}
        #: contact -> the counsellor it is being offered to, or about to be.
        self.offers: dict[UUID, UUID] = {}
        #: Counsellors named in a `Reserve` that is not answered yet -> its epoch; and the contacts: one that left and came back meanwhile
        #: is not asked for twice.
        self._asked: dict[UUID, int] = {}
        self._asked_for: dict[UUID, UUID] = {}
        #: Everybody in the line by rank, for the place that is announced; and those without an offer.
        self._places: Ordered[tuple[datetime, UUID], UUID] = Ordered()
        self._free: Queue[_Alike, tuple[datetime, UUID], UUID] = Queue()
        self._at_hand = AtHand()
        self._refused: dict[UUID, dict[UUID, datetime]] = {}
        self._blocked: dict[UUID, datetime] = {}
        #: When an offer came back last.
        self._returned: dict[UUID, datetime] = {}
        #: Counsellors who are being kept for another worker's contact, and since when.
        self._kept: dict[UUID, datetime] = {}
        self._overflow = OverflowTimes()
        self._empty_since: datetime | None = None
        #: When to look at a counsellor again, at a contact whose wait for a language ends, and at everything.
        self._later: list[tuple[datetime, UUID]] = []
        self._yields: list[tuple[datetime, UUID]] = []
        self._times: list[datetime] = []
        #: When each counsellor's drain begins, as far as it is among `_later`.
        self._drains: dict[UUID, datetime] = {}
        self._now = _LONG_AGO

    # --- asking --------------------------------------------------------------------------------------------------------

    def ahead(self, contact_id: UUID) -> int | None:
        """How many contacts are before this one; None if it does not wait."""
        return self._places.place(contact_id)

    @property
    def on_duty(self) -> int:
        """Counsellors on shift, before its last minutes, whose phone can be reached: what an estimate divides by."""
        return self._at_hand.reachable

    @property
    def available(self) -> int:
        """Counsellors who could be offered a contact now."""
        return len(self._at_hand)

    def next_due(self) -> datetime | None:
        """When a `Tick` may change something although nothing happens; None: not by itself.

        An instant stays until something has been handled at or after it, so it may be past when this is asked.
        """
        return self._times[0] if self._times else None

    # --- what happens --------------------------------------------------------------------------------------------------

    def handle(self, event: Event, now: datetime) -> list[Command]:
        """Let something happen; what is to be done now."""
        while self._times and self._times[0] <= now:
            heapq.heappop(self._times)
        before, self._now = self._now, now
        if now < before - SET_BACK:
            self._set_back(now)
        self._wake_up(now)
        if not self._take(event, now):
            return [e.Ignored(event=type(event).__name__)]
        self._watch_empty(now)
        return self._decide(now)

    def _take(self, event: Event, now: datetime) -> bool:
        match event:
            case e.Tick():
                pass
            case e.Joined(contact=contact):
                self._join(contact, now)
            case e.Left(contact_id=contact_id):
                return self._leave(contact_id)
            case e.Raised(contact_id=contact_id, lane=lane) if contact_id in self.contacts:
                self._rank(replace(self.contacts[contact_id], lane=lane))
            case e.SeatSeen(seat=seat):
                return self._see(seat, now)
            case e.SeatGone(counsellor_id=counsellor_id) if counsellor_id in self.seats:
                self._forget(counsellor_id)
            case e.ClockSet():
                for counsellor_id in list(self.seats):
                    self._forget(counsellor_id)
            case e.Granted(contact_id=contact_id, counsellor_id=counsellor_id) if counsellor_id in self._asked:
                # The seat that comes with it says that it is taken; were it placed by the old picture, it would be asked for again.
                del self._asked[counsellor_id]
                self._asked_for.pop(contact_id, None)
            case e.ReserveLost(counsellor_id=counsellor_id, epoch=epoch) if self._asked.get(counsellor_id) == epoch:
                self._reserve_lost(event, now)
            case e.Refused(contact_id=contact_id, counsellor_id=counsellor_id) if self.offers.get(contact_id) == counsellor_id:
                self._refused.setdefault(contact_id, {})[counsellor_id] = now
                self._at(now, self.policy.refusal_memory_s)
                self._back(contact_id)
            case e.Returned(contact_id=contact_id) if contact_id in self.offers:
                # Once it keeps its turn; what fails at once (Asterisk is away) would fail again and again.
                if now - self._returned.get(contact_id, _LONG_AGO) < BLOCKED:
                    self._leave_alone(contact_id, now)
                self._returned[contact_id] = now
                self._back(contact_id)
            case e.OverflowOver(contact_id=contact_id) if contact_id in self.contacts and contact_id not in self._overflow:
                self._overflow.plan(contact_id, self._at(now, self.policy.overflow_again_s))
            case e.PolicyChanged(policy=policy):
                self.policy = policy
                for contact in list(self.contacts.values()):
                    self._rank(contact)
                for seat in self.seats.values():
                    self._place_seat(seat, now)
            case _:
                return False
        return True

    # --- contacts ------------------------------------------------------------------------------------------------------

    def _join(self, contact: Waiting, now: datetime) -> None:
        joined = contact.joined or now
        contact = replace(contact, joined=joined)
        # Joining again ends the offer the contact had.
        self.offers.pop(contact.contact_id, None)
        known = self.contacts.get(contact.contact_id)
        self._rank(contact)
        self._line_up(contact)
        if not _overflows_here(contact):
            self._overflow.forget(contact.contact_id)
        elif known is None or not _overflows_here(known):
            if contact.overflowed is None:
                self._overflow.plan(contact.contact_id, self._at(joined, self.policy.overflow_wait_s), untried=True)
            else:
                self._overflow.plan(contact.contact_id, self._at(contact.overflowed, self.policy.overflow_again_s))
        if contact.named:
            self._at(joined, self.policy.named_yield_s)

    def _leave(self, contact_id: UUID) -> bool:
        if self.contacts.pop(contact_id, None) is None:
            return False
        self.offers.pop(contact_id, None)
        for places in (self._places, self._free):
            places.remove(contact_id)
        self._overflow.forget(contact_id)
        for memory in (self._refused, self._blocked, self._returned):
            memory.pop(contact_id, None)
        return True

    def _back(self, contact_id: UUID) -> None:
        """Into the line again, at the old place."""
        self.offers.pop(contact_id, None)
        if contact := self.contacts.get(contact_id):
            self._line_up(contact)

    def _rank(self, contact: Waiting) -> None:
        self.contacts[contact.contact_id] = contact
        self._places.add(contact.contact_id, self._key(contact))
        if contact.contact_id in self._free:
            self._line_up(contact)

    def _line_up(self, contact: Waiting) -> None:
        """Among those without an offer, beside whoever asks for the same."""
        demand = _demand(contact)
        waits = False
        if demand is not None:
            until = (contact.joined or self._now) + timedelta(seconds=self.policy.language_yield_s)
            if waits := until > self._now:
                heapq.heappush(self._yields, (until, contact.contact_id))
                heapq.heappush(self._times, until)
        alike = (bool(contact.worker), contact.lane is Lane.CRISIS, contact.named, demand, waits)
        self._free.add(contact.contact_id, self._key(contact), alike)

    def _key(self, contact: Waiting) -> tuple[datetime, UUID]:
        return contact.since - timedelta(seconds=self.policy.bonus(contact.lane)), contact.contact_id

    # --- counsellors ---------------------------------------------------------------------------------------------------

    def _see(self, seat: Seat, now: datetime) -> bool:
        known = self.seats.get(seat.counsellor_id)
        if known is not None and (seat.epoch, seat.changed_at or _LONG_AGO) < (known.epoch, known.changed_at or _LONG_AGO):
            return False
        self.seats[seat.counsellor_id] = seat
        self._place_seat(seat, now)
        return True

    def _forget(self, counsellor_id: UUID) -> None:
        del self.seats[counsellor_id]
        self._at_hand.remove(counsellor_id)
        self._drains.pop(counsellor_id, None)
        self._asked.pop(counsellor_id, None)
        self._asked_for = {key: whom for key, whom in self._asked_for.items() if whom != counsellor_id}

    def _place_seat(self, seat: Seat, now: datetime) -> None:
        """Among the idle ones, or out of them; what only time changes is looked at again at its time."""
        draining = self._draining(seat, now)
        later = [until for until in (seat.rest_until, seat.paused_until) if until is not None and until > now]
        idle = seat.willing and not later and seat.counsellor_id not in self._asked and not draining
        # Whoever takes no new call any more is nobody to wait for, however the roster still has them.
        self._at_hand.place(seat, idle=idle, on_duty=seat.signed_in and not draining)
        if not idle:
            self._kept.pop(seat.counsellor_id, None)
            for until in later:
                self._look_again(seat, until)

    def _wake_up(self, now: datetime) -> None:
        """Look again at counsellors whose rest, pause or time before the drain is over, and at contacts who wait for a language no longer."""
        while self._later and self._later[0][0] <= now:
            counsellor_id = heapq.heappop(self._later)[1]
            if seat := self.seats.get(counsellor_id):
                self._place_seat(seat, now)
        while self._yields and self._yields[0][0] <= now:
            contact_id = heapq.heappop(self._yields)[1]
            if contact_id in self._free:
                self._line_up(self.contacts[contact_id])

    def _look_again(self, seat: Seat, at: datetime) -> None:
        heapq.heappush(self._later, (at, seat.counsellor_id))
        heapq.heappush(self._times, at)

    def _draining(self, seat: Seat, now: datetime) -> bool:
        """Whether the shift is over, or about to be; if not, it is looked at again when it is."""
        if seat.shift_until is None:
            return False
        begins = seat.shift_until - timedelta(seconds=self.policy.drain_s)
        if now < begins and self._drains.get(seat.counsellor_id) != begins:
            self._drains[seat.counsellor_id] = begins
            self._look_again(seat, begins)
        return now >= begins

    def _watch_empty(self, now: datetime) -> None:
        if self._at_hand.reachable:
            self._empty_since = None
        elif self._empty_since is None:
            self._empty_since = now
            self._at(now, self.policy.overflow_empty_s)

    def _reserve_lost(self, lost: e.ReserveLost, now: datetime) -> None:
        del self._asked[lost.counsellor_id]
        self._asked_for.pop(lost.contact_id, None)
        seat = self.seats.get(lost.counsellor_id)
        if seat is not None:
            self._place_seat(seat, now)
        if self.offers.get(lost.contact_id) == lost.counsellor_id:
            if seat is not None and seat.willing and seat.epoch == lost.epoch:
                # The counsellor is as we thought, so it is the contact that the database refused.
                self._leave_alone(lost.contact_id, now)
            self._back(lost.contact_id)

    def _leave_alone(self, contact_id: UUID, now: datetime) -> None:
        self._blocked[contact_id] = now + BLOCKED
        heapq.heappush(self._times, now + BLOCKED)

    # --- deciding ------------------------------------------------------------------------------------------------------

    def _decide(self, now: datetime) -> list[Command]:
        commands: list[Command] = []
        kept: set[UUID] = set()
        walk = self._free.walk()
        for contact_id in walk:
            if len(self._at_hand) <= len(kept):
                break
            contact = self.contacts[contact_id]
            if self._blocked.get(contact_id, now) > now or contact_id in self._asked_for:
                continue
            seat = self._choose(contact, kept, now)
            if seat is None or (contact.worker and not self._keep(seat, now)):
                if contact.named is None and contact_id not in self._refused:
                    # What speaks against it speaks against everybody alike.
                    walk.pass_over()
                continue
            if contact.worker:
                kept.add(seat.counsellor_id)
                if self._kept[seat.counsellor_id] == now:
                    # Once: two workers who keep somebody for a third would have each other look again without end.
                    commands.append(e.Hint(worker=contact.worker))
                continue
            self._free.remove(contact_id)
            self._at_hand.take(seat.counsellor_id)
            self._asked[seat.counsellor_id] = seat.epoch
            self._asked_for[contact.contact_id] = seat.counsellor_id
            self.offers[contact.contact_id] = seat.counsellor_id
            commands.append(e.Reserve(contact_id=contact.contact_id, counsellor_id=seat.counsellor_id, epoch=seat.epoch))
        commands += self._overflows(now)
        return commands

    def _keep(self, seat: Seat, now: datetime) -> bool:
        """Whether a counsellor is still left to another worker's contact."""
        since = self._kept.setdefault(seat.counsellor_id, now)
        if since == now:
            self._at(now, self.policy.patience_s)
        return (now - since).total_seconds() < self.policy.patience_s

    def _choose(self, contact: Waiting, kept: set[UUID], now: datetime) -> Seat | None:
        """The counsellor for a contact among those who are idle; None: it waits for somebody."""
        refused = self._refused.get(contact.contact_id, {})
        memory = timedelta(seconds=self.policy.refusal_memory_s)
        waited = (now - (contact.joined or now)).total_seconds()
        if contact.named in self.seats and contact.named not in refused and waited < self.policy.named_yield_s:
            named = self.seats[contact.named]
            if contact.named in self._at_hand and contact.named not in kept:
                return named
            if self._at_hand.on_duty(contact.named) and named.human == "ready":
                return None
        demand = _demand(contact)
        there = (
            self.seats[counsellor_id]
            for counsellor_id in self._at_hand.idle(demand)
            if counsellor_id not in kept and not (counsellor_id in refused and now - refused[counsellor_id] < memory)
        )
        tired: Seat | None = None
        for seat in there:
            if contact.lane is not Lane.CRISIS or seat.heavy_run < self.policy.heavy_cap:
                return seat
            tired = tired or seat
        # Nobody fresher is there, and somebody in danger does not wait for that.
        if tired is not None or demand is None or (waited < self.policy.language_yield_s and self._at_hand.somebody_able(demand)):
            return tired
        return self._choose(replace(contact, language="ko", skills=frozenset(), named=None), kept, now)

    def _overflows(self, now: datetime) -> list[Command]:
        """Our contacts for whom somebody outside is to be tried now."""
        nobody: OverflowReason | None = None
        if self._empty_since is not None and (now - self._empty_since).total_seconds() >= self.policy.overflow_empty_s:
            nobody = OverflowReason.EVERYBODY_UNREACHABLE if self._at_hand.anybody_on_duty else OverflowReason.NOBODY_ON_SHIFT
        commands: list[Command] = []
        for contact_id, reason in self._overflow.due(now, nobody).items():
            if contact_id not in self.offers:
                self._overflow.forget(contact_id)
                commands.append(e.Overflow(contact_id=contact_id, reason=reason))
        return commands

    def _set_back(self, now: datetime) -> None:
        """The machine's clock was set back: nobody waits for an instant of the old time; what was to end then begins again now."""
        for memory in (self._refused, self._blocked, self._returned, self._kept, self._drains):
            memory.clear()
        if self._empty_since is not None:
            self._empty_since = now
            self._at(now, self.policy.overflow_empty_s)
        for contact in list(self.contacts.values()):
            if contact.joined is not None and contact.joined > now:
                self._rank(replace(contact, joined=now))
                self._at(now, self.policy.named_yield_s)
            if contact.contact_id in self._overflow:
                self._overflow.plan(contact.contact_id, self._at(now, self.policy.overflow_wait_s))
        for seat in self.seats.values():
            self._place_seat(seat, now)

    def _at(self, start: datetime, seconds: float) -> datetime:
        due = start + timedelta(seconds=seconds)
        heapq.heappush(self._times, due)
        return due


def _demand(contact: Waiting) -> Demand | None:
    """What only some counsellors have; None: anybody will do."""
    return (contact.language, contact.skills) if contact.skills or contact.language != "ko" else None


def _overflows_here(contact: Waiting) -> bool:
    """Whether standby and partner are ours to try for it: nobody outside is rung for a call-back."""
    return contact.kind is Kind.PHONE and not contact.worker

"""The line's invariants over any sequence of events: the pure core against a database that grants, refuses, forgets to answer.

What is allowed is judged by rules of the test's own, written down a second time and without the engine's data structures.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from routing import engine_model as e
from routing.engine import BLOCKED, Engine
from routing.model import Lane, Seat, Waiting
from routing.policy import Policy

START = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
POLICY = Policy(
    crisis_bonus_s=100, dropped_bonus_s=50, silent_bonus_s=10, named_yield_s=20, language_yield_s=15, refusal_memory_s=30, drain_s=40
)
SEATS = [UUID(int=1000 + number) for number in range(4)]
CONTACTS = [UUID(int=number) for number in range(1, 8)]
seats = st.sampled_from(SEATS)
contacts = st.sampled_from(CONTACTS)


class Line(RuleBasedStateMachine):
    """Engine, database and clock."""

    @initialize()
    def begin(self) -> None:
        """An empty line and four counsellors, two of whom can be reached."""
        self.now = START
        self.engine = Engine(POLICY)
        #: The truth: what the database has.
        self.rows = {
            key: Seat(counsellor_id=key, extension=str(key.int), human="ready", reachable=key.int % 2 == 0, changed_at=START)
            for key in SEATS
        }
        self.newest: dict[UUID, tuple[int, datetime]] = {}
        self.waiting: dict[UUID, Waiting] = {}
        #: contact -> counsellor whom the database reserved for it, and who talks.
        self.reserved: dict[UUID, UUID] = {}
        self.talking: dict[UUID, UUID] = {}
        self.refused: dict[tuple[UUID, UUID], datetime] = {}
        self.blocked: dict[UUID, datetime] = {}
        self.returned: dict[UUID, datetime] = {}
        self.commands: list[e.Command] = []
        for row in self.rows.values():
            self.feed(e.SeatSeen(seat=row))

    # --- the world -----------------------------------------------------------------------------------------------------

    def feed(self, event: e.Event) -> None:
        """Let the engine know, check what it asks for, keep it."""
        if isinstance(event, e.SeatSeen) and event.seat.changed_at is not None:
            key = event.seat.counsellor_id
            self.newest[key] = max(self.newest.get(key, (0, START)), (event.seat.epoch, event.seat.changed_at))
        for command in self.engine.handle(event, self.now):
            if isinstance(command, e.Reserve):
                self.check(command)
            self.commands.append(command)

    def write(self, key: UUID, **changes: object) -> Seat:
        """Change a row; every change is a little later than the one before."""
        self.now += timedelta(milliseconds=1)
        self.rows[key] = replace(self.rows[key], changed_at=self.now, **changes)  # type: ignore[arg-type]
        return self.rows[key]

    @rule(
        key=contacts,
        lane=st.sampled_from(Lane),
        waited=st.integers(0, 120),
        named=st.none() | seats,
        language=st.sampled_from(["ko", "en"]),
    )
    def join(self, key: UUID, lane: Lane, waited: int, named: UUID | None, language: str) -> None:
        """Somebody begins to wait, perhaps with a place kept from before."""
        if key in self.waiting or key in self.talking or key in self.reserved:
            return
        contact = Waiting(
            contact_id=key, since=self.now - timedelta(seconds=waited), lane=lane, named=named, language=language, joined=self.now
        )
        self.waiting[key] = contact
        self.feed(e.Joined(contact=contact))

    @rule(key=contacts)
    def leave(self, key: UUID) -> None:
        """The caller hangs up; a reservation is given back."""
        if self.waiting.pop(key, None) is not None:
            self.refused = {pair: at for pair, at in self.refused.items() if pair[0] != key}
            self.blocked.pop(key, None)
            self.returned.pop(key, None)
            self.feed(e.Left(contact_id=key))
            if (counsellor := self.reserved.pop(key, None)) is not None:
                self.feed(e.SeatSeen(seat=self.write(counsellor, system="idle")))

    @rule(key=contacts)
    def danger(self, key: UUID) -> None:
        """The danger key."""
        if key in self.waiting:
            self.waiting[key] = replace(self.waiting[key], lane=Lane.CRISIS)
        self.feed(e.Raised(contact_id=key, lane=Lane.CRISIS))

    @rule(
        key=seats,
        human=st.sampled_from(["ready", "ready", "ready", "break", "off"]),
        reachable=st.sampled_from([True, True, True, False]),
        on_shift=st.sampled_from([True, True, True, False]),
        language=st.booleans(),
        shift_s=st.sampled_from([None, None, None, 50]),
        rest_s=st.sampled_from([None, None, 5, 30]),
        seen=st.booleans(),
    )
    def presence(
        self, key: UUID, human: str, reachable: bool, on_shift: bool, language: bool, shift_s: int | None, rest_s: int | None, seen: bool
    ) -> None:
        """A counsellor's state changes, and the line may hear of it only later."""
        later = {
            name: None if s is None else self.now + timedelta(seconds=s) for name, s in (("shift_until", shift_s), ("rest_until", rest_s))
        }
        languages = frozenset({"ko", "en"} if language else {"ko"})
        before = self.rows[key]
        row = self.write(key, human=human, reachable=reachable, on_shift=on_shift, languages=languages, idle_since=self.now, **later)
        if seen:
            self.feed(e.SeatSeen(seat=row))
            # An older picture arrives after it.
            self.feed(e.SeatSeen(seat=before))

    @rule(key=seats)
    def refresh(self, key: UUID) -> None:
        """The slow check."""
        self.feed(e.SeatSeen(seat=self.rows[key]))

    @rule(seconds=st.integers(1, 60))
    def time_passes(self, seconds: int) -> None:
        """And the router looks when the engine said that it should."""
        until = self.now + timedelta(seconds=seconds)
        while (due := self.engine.next_due()) is not None and due <= until:
            self.now = max(self.now, due)
            self.feed(e.Tick())
        self.now = until

    # --- the database answers ------------------------------------------------------------------------------------------

    @rule(how=st.sampled_from(["answer", "answer", "lost answer"]))
    def reserve(self, how: str) -> None:
        """The oldest command is carried out."""
        command = next((command for command in self.commands if isinstance(command, e.Reserve)), None)
        if command is None:
            return
        self.commands.remove(command)
        row = self.rows[command.counsellor_id]
        possible = row.willing and row.epoch == command.epoch and command.contact_id in self.waiting
        lost = e.ReserveLost(contact_id=command.contact_id, counsellor_id=command.counsellor_id, epoch=command.epoch)
        if self.stale(command):
            # The router asks the database nothing.
            self.feed(lost)
            return
        if possible and command.contact_id not in self.reserved:
            assert command.counsellor_id not in self.reserved.values(), "I1: one live offer a counsellor"
            assert command.counsellor_id not in self.talking.values(), "I1: one call a counsellor"
            row = self.write(command.counsellor_id, system="offered", epoch=row.epoch + 1)
            self.reserved[command.contact_id] = command.counsellor_id
        elif how == "answer":
            self.feed(e.SeatSeen(seat=row))
            self.feed(lost)
            if row.willing and row.epoch == command.epoch:
                self.blocked[command.contact_id] = self.now + BLOCKED
            return
        if how == "lost answer":
            self.blocked[command.contact_id] = self.now + BLOCKED
            self.feed(lost)
            # The next attempt finds the reservation and gives it back (router), which the row shows.
            if self.reserved.pop(command.contact_id, None) is not None:
                self.write(command.counsellor_id, system="idle")
            return
        self.feed(e.SeatSeen(seat=row))
        self.feed(e.Granted(contact_id=command.contact_id, counsellor_id=command.counsellor_id))

    def stale(self, command: e.Reserve) -> bool:
        """The contact has left meanwhile, and perhaps come again."""
        return self.engine.offers.get(command.contact_id) != command.counsellor_id

    @rule(key=contacts, how=st.sampled_from(["answered", "refused", "returned"]), twice=st.booleans())
    def offer_ends(self, key: UUID, how: str, twice: bool) -> None:
        """A ringing phone is answered or not; what it says may come twice."""
        counsellor = self.reserved.pop(key, None)
        if counsellor is None:
            return
        if how == "answered":
            self.waiting.pop(key)
            self.returned.pop(key, None)
            self.talking[key] = counsellor
            self.feed(e.Left(contact_id=key))
            self.feed(e.SeatSeen(seat=self.write(counsellor, system="talking")))
            return
        event: e.Event = e.Refused(contact_id=key, counsellor_id=counsellor) if how == "refused" else e.Returned(contact_id=key)
        if how == "refused":
            self.refused[key, counsellor] = self.now
        for _ in range(1 + twice):
            if how == "returned" and key in self.engine.offers:
                if key in self.returned and self.now - self.returned[key] < BLOCKED:
                    self.blocked[key] = self.now + BLOCKED
                self.returned[key] = self.now
            self.feed(event)
        self.feed(e.SeatSeen(seat=self.write(counsellor, system="idle", idle_since=self.now)))

    @rule(key=contacts)
    def talk_ends(self, key: UUID) -> None:
        """And the counsellor is idle again."""
        if (counsellor := self.talking.pop(key, None)) is not None:
            self.feed(e.SeatSeen(seat=self.write(counsellor, system="idle", idle_since=self.now)))

    # --- what is allowed -----------------------------------------------------------------------------------------------

    def rank(self, contact: Waiting) -> tuple[datetime, UUID]:
        """The order by score."""
        return contact.since - timedelta(seconds=POLICY.bonus(contact.lane)), contact.contact_id

    def idle(self, seat: Seat) -> bool:
        """May be offered a contact at this instant, as far as the line can know."""
        resting = seat.rest_until is not None and seat.rest_until > self.now
        return seat.willing and not self.draining(seat) and not resting and seat.counsellor_id not in self.engine._asked

    def draining(self, seat: Seat) -> bool:
        """In the last minutes of the shift."""
        return seat.shift_until is not None and self.now >= seat.shift_until - timedelta(seconds=POLICY.drain_s)

    def takes(self, contact: Waiting, seat: Seat) -> bool:
        """This counsellor is somebody for whom this contact does not wait any longer."""
        known = self.engine.seats
        waited = (self.now - (contact.joined or self.now)).total_seconds()
        at = self.refused.get((contact.contact_id, seat.counsellor_id))
        if at is not None and (self.now - at).total_seconds() < POLICY.refusal_memory_s:
            return False
        named = known.get(contact.named) if contact.named else None
        named_counts = named is not None and (contact.contact_id, named.counsellor_id) not in self.refused and waited < POLICY.named_yield_s
        if named_counts and named is not None and named.signed_in and not self.draining(named) and named.human == "ready":
            return named.counsellor_id == seat.counsellor_id
        if contact.language in seat.languages or waited >= POLICY.language_yield_s:
            return True
        there = [one for one in known.values() if one.signed_in and one.reachable and not self.draining(one)]
        return not any(contact.language in one.languages for one in there)

    def free(self) -> list[Waiting]:
        """Waiting without an offer, as the engine knows it."""
        return [
            contact
            for key, contact in self.waiting.items()
            if key not in self.engine.offers and key not in self.engine._asked_for and self.blocked.get(key, self.now) <= self.now
        ]

    def check(self, command: e.Reserve) -> None:
        """I2, I3 and I6 at the moment of choice."""
        asked = [one for one in self.commands if isinstance(one, e.Reserve)]
        assert command.contact_id in self.waiting
        live = {key for key, counsellor in self.engine.offers.items() if counsellor == command.counsellor_id}
        assert live == {command.contact_id}, "I1: two contacts for one counsellor"
        again = [one for one in asked if one.contact_id == command.contact_id and not self.stale(one)]
        assert not any(self.engine._asked.get(one.counsellor_id) == one.epoch for one in again), "I2"
        seat = self.engine.seats[command.counsellor_id]
        assert seat.willing, "I6: not at work, or not idle"
        assert not self.draining(seat), "I6: the shift ends"
        chosen = self.waiting[command.contact_id]
        assert self.takes(chosen, seat), "just refused, or somebody else is waited for"
        for other in self.free():
            assert self.rank(other) > self.rank(chosen) or not self.takes(other, seat), "I3: somebody further ahead could have had them"

    @invariant()
    def nobody_waits_while_a_counsellor_for_them_idles(self) -> None:
        """I4, as far as the line can know."""
        if not hasattr(self, "engine"):
            return
        for contact in self.free():
            for seat in self.engine.seats.values():
                assert not (self.idle(seat) and self.takes(contact, seat)), (contact, seat)

    @invariant()
    def an_older_picture_never_replaces_a_newer_one(self) -> None:
        """Whatever order refreshes arrive in."""
        if hasattr(self, "engine"):
            assert {key: (seat.epoch, seat.changed_at) for key, seat in self.engine.seats.items()} == self.newest

    @invariant()
    def places_are_the_order_of_the_line(self) -> None:
        """What is announced is what is done."""
        if not hasattr(self, "engine"):
            return
        assert set(self.engine.contacts) == set(self.waiting)
        ordered = sorted(self.waiting.values(), key=self.rank)
        assert [self.engine.ahead(contact.contact_id) for contact in ordered] == list(range(len(ordered)))


TestLine = Line.TestCase
TestLine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@pytest.mark.soak
@pytest.mark.timeout(600)
class TestLineForLong(Line.TestCase):  # type: ignore[misc,valid-type]
    """The same with ten times as many."""

    settings = settings(max_examples=600, stateful_step_count=40, deadline=None)

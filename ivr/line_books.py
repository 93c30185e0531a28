"""One call's side of the line and its books: place, promises, call-back, codes, and what is written when it talks or ends.

What needs the database is done beside the call, never in its way: its answer comes back as a happening.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from core import metrics
from core.alarms import AlarmKind
from core.errors import AnnyeongError
from ivr import call_model as m
from ivr.call_model import Happening
from ivr.commands import BookCommand
from ivr.dialogue_model import ArrangeCallback
from ivr.services import Services
from routing.callback_model import Consent
from routing.contacts import LiveContact
from routing.model import Lane, Offer, Outcome, Waiting

log = structlog.get_logger()

#: What a line of the timeline adds to `keys_total`.
_KEYS = {
    "key_5": "five", "transfer": "dasan", "wrong_key": "wrong", "silence": "silence",
    "danger_key": "danger", "repeat": "repeat", "language": "language", "other_key": "wrong",
}  # fmt: skip
#: Of a call-back that the caller agreed to and hung up on: it is tried this often, each time after twice as long.
ARRANGE_TRIES = 5
#: How a contact ended -> why it is put on the call-back list.
LISTED = {
    Outcome.ABANDONED_WAITING: "dropped_out",
    Outcome.DROPPED: "dropped_out",
    Outcome.CUT_OFF: "cut_off",
}


#: Alarms about the line as a whole: one for all the callers whom it meets.
OF_THE_LINE = frozenset({AlarmKind.NOBODY_ON_SHIFT, AlarmKind.EVERYBODY_UNREACHABLE})


class LineBooks:
    """See the module's text."""

    def __init__(self, contact_id: UUID, language: str, services: Services, post: Callable[[Happening], None]) -> None:
        self.contact_id = contact_id
        self.language = language
        self._services = services
        self._post = post
        #: What the place in line is by, once the caller is in it; kept when they come back into it.
        self._since: datetime | None = None
        self._lane = Lane.NORMAL
        self._joined_at: datetime | None = None
        #: Since when this stretch of waiting lasts; a rescue begins another.
        self._stretch_at: datetime | None = None
        #: Of the stretch that a restart met: since when it lasts, and when somebody outside was last tried in it.
        self._met: tuple[datetime | None, datetime | None] = (None, None)
        #: The wait was measured; one after a rescue is another matter.
        self._answered = False
        self._over = False
        #: The call whose place a code gave back: nothing is owed to it any more once this one talks.
        self._earlier: UUID | None = None

    def resume(self, row: LiveContact) -> None:
        """After a restart: what the rows know."""
        self._since = row.virtual_start or row.queued_at
        self._joined_at = row.queued_at
        self._lane = row.lane
        self._answered = row.answered_at is not None
        self._met = (None if self._answered else row.queued_at, row.overflowed)
        if row.promised_until is not None or row.promised_place is not None:
            self._services.router.promised(row.id, row.promised_until, row.promised_place)

    def do(self, command: BookCommand) -> None:
        """Carry out one command. Never blocks."""
        services = self._services
        match command:
            case m.Join():
                self._join(command)
            case m.Leave():
                services.router.leave(self.contact_id)
            case m.RaiseLane(lane=lane):
                services.router.raise_lane(self.contact_id, lane)
                self._write_lane(lane)
            case m.AskPlace(why=why):
                self._ask_place(why)
            case m.Promised():
                self._promised(command)
            case m.MarkSilent():
                services.contacts.silent(self.contact_id)
            case m.SetLanguage(language=language):
                self.language = language
                services.contacts.language(self.contact_id, language)
            case m.Arrange(request=request):
                services.spawn(self._arrange(request), f"arrange {self.contact_id}")
            case m.GiveCode():
                services.spawn(self._give_code(), f"code {self.contact_id}")
            case m.CheckCode(code=code):
                services.spawn(self._check_code(code), f"code {self.contact_id}")
            case m.OverflowOver():
                services.router.overflow_over(self.contact_id)
            case m.Note(kind=kind, detail=detail):
                if what := detail.get("what") if kind == "dialogue" else _KEYS.get(kind):
                    # A dialogue says itself which key it is: callback, code.
                    metrics.keys_total.labels(what=what).inc()
                elif kind == "rescued":
                    metrics.rescues_total.inc()
                services.contacts.note(self.contact_id, kind, detail)
            case m.Alarm(kind=kind, detail=detail):
                about = None if kind in OF_THE_LINE else self.contact_id
                services.alarms.raise_(AlarmKind(kind), about=about, detail=detail)
            case m.Finish(outcome=outcome):
                self._ended(outcome)

    # --- the line ------------------------------------------------------------------------------------------------------

    def _join(self, command: m.Join) -> None:
        """Into the line; again with another lane, person or place."""
        services, now = self._services, self._services.clock.now()
        if command.since is not None and self._since is not None and command.since != self._since:
            services.contacts.place(self.contact_id, command.since)
        self._since = command.since or self._since or now
        (met, overflowed), self._met = self._met, (None, None)
        self._stretch_at = self._stretch_at if command.again and self._stretch_at else met or now
        self._joined_at = self._joined_at or now
        joined = services.router.join(
            Waiting(
                contact_id=self.contact_id,
                since=self._since,
                lane=command.lane,
                language=self.language,
                named=command.named,
                joined=self._stretch_at,
                overflowed=overflowed,
            )
        )
        services.contacts.queued(self.contact_id, now, self._since)
        if joined is not None:
            services.contacts.note(self.contact_id, "joined", joined)
        self._write_lane(command.lane)

    def _write_lane(self, lane: Lane) -> None:
        if lane is not self._lane:
            self._lane = lane
            self._services.contacts.lane(self.contact_id, lane)

    def _ask_place(self, why: m.PlaceFor) -> None:
        """Look up place and estimate."""
        place = self._services.router.place(self.contact_id)
        if place is None:
            self._post(m.Place(why=why))
        else:
            low, high = (place.interval.low_s, place.interval.high_s) if place.interval else (None, None)
            self._post(m.Place(why=why, ahead=place.ahead, low_s=low, high_s=high))

    def _promised(self, command: m.Promised) -> None:
        """Written down, so that it does not grow after a restart."""
        until = None if command.high_s is None else self._services.clock.now() + timedelta(seconds=command.high_s)
        self._services.contacts.promised(self.contact_id, until, command.place)
        if command.span is not None:
            # What was heard is what the wait is measured against.
            low, high = command.span
            self._services.contacts.note(self.contact_id, "estimate", {"low_s": low * 60, "high_s": high * 60})

    # --- dialogues -----------------------------------------------------------------------------------------------------

    async def _arrange(self, request: ArrangeCallback) -> None:
        consent = Consent(
            # They confirmed the number to be called.
            may_call=True,
            may_say_who=request.may_say_who,
            may_leave_message=request.may_leave_message,
            shared_phone=request.shared_phone,
            hours=request.hours,
        )
        for attempt in range(ARRANGE_TRIES):
            try:
                await self._services.callbacks.ask(
                    self.contact_id,
                    number=request.number,
                    consent=consent,
                    language=self.language,
                    virtual_start=self._since or self._services.clock.now(),
                    lane=self._lane,
                )
            except AnnyeongError as error:
                log.warning("callback_not_arranged", reason=type(error).__name__)
                if not self._over:
                    self._post(m.DialogueDone(ok=False))
                    return
                # Gone in the belief that we call: not given up so soon.
                await asyncio.sleep(2.0**attempt)
            else:
                self._post(m.DialogueDone(ok=True))
                if self._answered:
                    # A human was faster.
                    await self._services.callbacks.cancel_for(self.contact_id)
                return

    async def _give_code(self) -> None:
        try:
            code = await self._services.codes.give(self.contact_id, self._since or self._services.clock.now())
        except AnnyeongError as error:
            log.warning("code_not_given", reason=type(error).__name__)
            self._post(m.DialogueDone(ok=False))
        else:
            self._post(m.DialogueDone(ok=True, detail=code))

    async def _check_code(self, code: str) -> None:
        try:
            taken = await self._services.codes.take(code)
        except AnnyeongError as error:
            log.warning("code_not_checked", reason=type(error).__name__)
            taken = None
        if taken is None:
            self._post(m.DialogueDone(ok=False))
        else:
            self._earlier = taken.contact_id
            self._post(m.DialogueDone(ok=True, since=taken.virtual_start))

    # --- talk and end --------------------------------------------------------------------------------------------------

    def talking(self, offer: Offer) -> None:
        """A human is on the line: written, measured, and nothing more is owed to this number."""
        services, now = self._services, self._services.clock.now()
        metrics.offers_total.labels(result="answered").inc()
        if self._joined_at is not None and not self._answered:
            metrics.wait_seconds.observe(max(0.0, (now - self._joined_at).total_seconds()))
        self._answered = True
        services.contacts.talking(self.contact_id, offer.counsellor_id, now)
        services.spawn(self._settled(), f"callback {self.contact_id}")

    def talking_outside(self) -> None:
        """Somebody outside is on the line: the same, without a counsellor."""
        services, now = self._services, self._services.clock.now()
        if self._joined_at is not None and not self._answered:
            metrics.wait_seconds.observe(max(0.0, (now - self._joined_at).total_seconds()))
        self._answered = True
        services.contacts.talking_outside(self.contact_id, now)
        services.spawn(self._settled(), f"callback {self.contact_id}")

    def talking_with_partner(self) -> None:
        """An emergency partner is on the line, and no counsellor: whoever talked before has talked."""
        if not self._answered:
            self.talking_outside()

    async def _settled(self) -> None:
        for contact_id in filter(None, (self.contact_id, self._earlier)):
            try:
                await self._services.callbacks.cancel_for(contact_id)
            except AnnyeongError as error:
                # Whoever calls back hears that it is done.
                log.warning("callback_not_cancelled", reason=type(error).__name__)

    def _ended(self, outcome: Outcome) -> None:
        self._over = True
        metrics.outcomes_total.labels(outcome=str(outcome)).inc()
        self._services.contacts.ended(self.contact_id, outcome)
        self._services.contacts.note(self.contact_id, "outcome", {"outcome": str(outcome)})
        list_dropped_out(self._services, self.contact_id, outcome)


def list_dropped_out(services: Services, contact_id: UUID, outcome: Outcome) -> None:
    """Put whoever left before a talk on the call-back list. Never blocks; what fails is found by the sweep."""
    if reason := LISTED.get(outcome):
        services.spawn(_list(services, contact_id, reason), f"list {contact_id}")


async def _list(services: Services, contact_id: UUID, reason: str) -> None:
    try:
        await services.callbacks.dropped_out(contact_id, reason=reason)
    except AnnyeongError as error:
        log.warning("callback_not_listed", reason=type(error).__name__)

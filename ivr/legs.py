"""The legs a call makes: counsellors' phones, the other desks of the Dasan centre, outside numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from ivr.ari import (
    AriError,
    Channel,
    ChannelDestroyed,
    Conflict,
    Dial,
    DtmfReceived,
    Event,
    HangupRequest,
    OutcomeUnknown,
    StasisEnd,
    StasisStart,
)
from ivr.call_model import Happening, LegDigit, LegDown, LegUp
from ivr.causes import NORMAL_CLEARING, offer_result
from ivr.keypad import Keypad
from ivr.services import Services
from routing.model import OfferResult

log = structlog.get_logger()


class Leg:
    """One outbound channel, from the request until its end."""

    def __init__(self, leg_id: str, services: Services, post: Callable[[Happening], None]) -> None:
        self.id = leg_id
        self.since = services.clock.monotonic()
        self.up = False
        #: Reported as down.
        self.ended = False
        #: Its channel is no more, or never was.
        self.gone = False
        #: We are ending it.
        self.dropped = False
        #: Its channel was told of.
        self._seen = False
        #: Given up unseen: should its channel come yet, nobody is to answer it.
        self._given_up = False
        #: Called once when its channel is no more.
        self.on_gone: Callable[[], None] = lambda: None
        self._dial_status = ""
        self._keypad = Keypad()
        self._services = services
        self._post = post
        self._request: asyncio.Task[None] | None = None

    def ring(self, *, endpoint: str, timeout_s: float, call_id: str, originator: str, caller_id: str | None = None) -> None:
        """Start ringing; what comes of it is posted. `caller_id`: what the phone shows, the service's own if None."""
        shown = self._services.caller_id if caller_id is None else caller_id
        self._request = self._services.spawn(self._originate(endpoint, timeout_s, call_id, originator, shown), f"ring {self.id}")

    async def _originate(self, endpoint: str, timeout_s: float, call_id: str, originator: str, caller_id: str) -> None:
        try:
            await self._services.ari.originate(
                endpoint=endpoint,
                channel_id=self.id,
                app_args=f"leg,{call_id}",
                timeout_s=timeout_s,
                caller_id=caller_id,
                originator=originator,
            )
        except Conflict:
            # A channel of this id is there: an earlier attempt got through, perhaps of the program before us. Its events, or the
            # comparison, say what becomes of it.
            log.info("leg_rings_already", leg_id=self.id)
        except OutcomeUnknown:
            if await self._is_there():
                # Only the answer is late. Its events, or the comparison, say what becomes of it.
                log.info("originate_answered_late", leg_id=self.id)
                return
            # Go on as if it never had rung, and make sure that it does not.
            log.warning("originate_outcome_unknown", leg_id=self.id)
            self._given_up = True
            self._down(OfferResult.FAILED)
            await self._hang_up("normal")
            self._gone(None)
        except AriError as error:
            log.info("originate_failed", leg_id=self.id, status=error.status, reason=error.reason)
            if error.status >= 500:
                # "Allocation failed" is what an unreachable phone gives; any other fault may have come after the phone began to ring.
                await self._hang_up("normal")
            self._gone(None)
            self._down(OfferResult.UNREACHABLE if error.status in (400, 500) else OfferResult.FAILED)

    async def _is_there(self) -> bool:
        if self._seen:
            return True
        try:
            return await self._services.ari.channel(self.id) is not None
        except AriError as error:
            log.info("operation_failed", operation=error.operation, status=error.status)
            return False

    def drop(self, *, elsewhere: bool) -> None:
        """Hang up, ringing or up, once. Asterisk answers 404 to a hang-up that overtakes its originate, so that one is awaited."""
        if self.dropped:
            return
        self.dropped = True
        self._services.spawn(self._drop("answered_elsewhere" if elsewhere and not self.up else "normal"), f"drop {self.id}")

    async def _drop(self, reason: str) -> None:
        if self._request is not None:
            await self._request
        if not self.gone:
            await self._hang_up(reason)

    async def _hang_up(self, reason: str) -> None:
        try:
            await self._services.ari.hangup(self.id, reason)
        except AriError as error:
            # The comparison with Asterisk's channels finds and ends it.
            log.warning("leg_hangup_failed", leg_id=self.id, status=error.status)

    def handle(self, event: Event) -> None:
        """Read an event of this leg's channel."""
        first, self._seen = not self._seen, True
        if self._given_up:
            if first or isinstance(event, StasisStart):
                # Asterisk came to it late, and somebody else is called by now.
                log.warning("leg_came_late", leg_id=self.id)
                self._services.spawn(self._hang_up("normal"), f"drop {self.id}")
            return
        match event:
            case StasisStart():
                self.up = True
                self._services.leg_book.answered(self.id)
                self._post(LegUp(leg_id=self.id, at=self._services.clock.monotonic()))
            case Dial(status=status) if status:
                # Dial events can arrive reordered: an end is never taken back by "RINGING".
                if status not in ("RINGING", "PROGRESS") or not self._dial_status:
                    self._dial_status = status
            case DtmfReceived():
                if key := self._keypad.pressed(event):
                    at = self._services.clock.monotonic() if event.at is None else event.at.timestamp()
                    self._post(LegDigit(leg_id=self.id, digit=key, at=at))
            case HangupRequest(cause=cause) if self.up and cause == NORMAL_CLEARING:
                self._down(OfferResult.ANSWERED, by_hand=True)
            case ChannelDestroyed(cause=cause):
                self._gone(cause)
                result = OfferResult.FAILED if self.up else offer_result(self._dial_status, cause)
                self._down(result, by_hand=self.up and cause == NORMAL_CLEARING)
            case StasisEnd() if self.up and not self.ended:
                # Its cause follows with ChannelDestroyed.
                pass
            case _:
                pass

    def found(self, channel: Channel | None) -> None:
        """What a list of Asterisk's channels says of this leg: its end or its answer may have been missed."""
        if channel is None:
            if self._request is None or self._request.done():
                self._gone(None)
                self._down(OfferResult.FAILED)
        elif self.dropped or self.ended:
            # Its hang-up did not reach Asterisk.
            if self._request is None or self._request.done():
                self._services.spawn(self._hang_up("normal"), f"drop {self.id}")
        elif channel.state == "Up" and not self.up:
            self.up = True
            self._post(LegUp(leg_id=self.id, at=self._services.clock.monotonic()))

    def _gone(self, cause: int | None) -> None:
        if not self.gone:
            self.gone = True
            self._services.leg_book.ended(self.id, cause)
            self.on_gone()

    def _down(self, result: OfferResult, *, by_hand: bool = False) -> None:
        if not self.ended:
            self.ended = True
            self._post(LegDown(leg_id=self.id, result=result, by_hand=by_hand, at=self._services.clock.monotonic()))

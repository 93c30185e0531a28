"""The demonstration call: 120, key 5, a counsellor answers, both hear each other, the database tells the story."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from sqlalchemy import text

from core.database import Database
from core.errors import AnnyeongError
from helpline.demo.place import CALLER_ADDRESS
from helpline.demo.softphone import PhoneCall, PhoneError, Softphone
from helpline.demo.timeline import Timeline
from helpline.demo.tones import CALLER_TONE, COUNSELLOR_TONE

#: How long the caller listens to the menu, how long a counsellor lets it ring, how long they talk; seconds.
_LISTEN_S, TALK_S = 2.0, 2.0
#: Notices must be heard to their end before anybody talks; seconds.
_NOTICES_S = 40.0
_STEP_S = 10.0

_EVENT = text(
    """
    SELECT e.at, e.detail FROM events e JOIN contacts c ON c.id = e.contact_id
    WHERE c.entered_at >= :since AND c.dialled = '120' AND e.kind = :kind ORDER BY c.entered_at DESC, e.at LIMIT 1
    """
)
_OUTCOME = text("SELECT outcome FROM contacts WHERE entered_at >= :since AND dialled = '120' ORDER BY entered_at DESC LIMIT 1")


class DemoFailed(AnnyeongError):
    """A step of the demonstration call did not happen."""


class DemoCall:
    """One call with its timeline. `phones` are the signed-in counsellors' phones by extension."""

    def __init__(self, db: Database, sip_port: int, phones: Mapping[str, Softphone], show: Callable[[str, float, str], None]) -> None:
        self._db = db
        self._port = sip_port
        self._phones = phones
        self._show = show
        self._since = datetime.now(UTC)
        self.timeline: Timeline | None = None

    async def run(self) -> Timeline:
        """Make the call. Raises DemoFailed; `timeline` has the steps until then."""
        uri = f"<sip:01012345678@{CALLER_ADDRESS}>"
        tones = (CALLER_TONE, COUNSELLOR_TONE)
        caller = Softphone("caller", port=self._port, address=CALLER_ADDRESS, from_uri=uri, listen_for=tones)
        try:
            async with caller:
                return await self._talk(caller)
        except PhoneError as error:
            raise DemoFailed(str(error)) from error

    async def _talk(self, caller: Softphone) -> Timeline:
        await caller.play_tone(CALLER_TONE)
        call = await caller.call("120")
        timeline = self.timeline = Timeline(call.invite.mono_ns, call.invite.wall_ns, self._show)
        timeline.by_phone("invite", call.invite.mono_ns)
        await call.answered()
        await caller.expect("sound", _STEP_S)
        await self._tell("menu_started")
        # A person listens before pressing a key.
        await asyncio.sleep(_LISTEN_S)
        await call.send_dtmf("5")
        await self._tell("key_5")
        await self._tell("offered")
        phone, ringing = await first_ringing(self._phones, _STEP_S)
        timeline.by_phone("phone_invite", ringing.invite.mono_ns, phone.user)
        timeline.by_phone("answered", (await ringing.answered(_STEP_S)).mono_ns, phone.user)
        await self._tell("bridged", _NOTICES_S)
        heard = await asyncio.gather(caller.heard_tone(COUNSELLOR_TONE, _STEP_S), phone.heard_tone(CALLER_TONE, _STEP_S))
        timeline.by_phone("two_way_audio", max(heard), f"{CALLER_TONE} Hz ⇄ {COUNSELLOR_TONE} Hz")
        await asyncio.sleep(TALK_S)
        timeline.by_phone("hangup", time.monotonic_ns())
        await call.hangup()
        await ringing.ended(_STEP_S)
        await self._finish()
        return timeline

    async def _tell(self, kind: str, within_s: float = _STEP_S) -> Mapping[str, object]:
        """Wait until the database tells of an event, and put it on the timeline."""
        deadline = time.monotonic() + within_s
        while not (rows := await self._db.execute(_EVENT, {"since": self._since, "kind": kind})):
            if time.monotonic() > deadline:
                raise DemoFailed(f"{kind}: 데이터베이스에 기록이 없습니다. / The database tells nothing of {kind} within {within_s:g} s.")
            await asyncio.sleep(0.01)
        at, detail = rows[0].at, rows[0].detail
        timeline = self.timeline
        if timeline is not None and kind != "outcome":
            timeline.by_database(kind, _nanoseconds(at), str(detail.get("counsellor", "")))
        return {"at": at, **detail}

    async def _finish(self) -> None:
        event = await self._tell("outcome")
        at = event["at"]
        rows = await self._db.execute(_OUTCOME, {"since": self._since})
        if self.timeline is not None and isinstance(at, datetime):
            # The row counts, the event only says when.
            self.timeline.outcome = str(rows[0].outcome) if rows else ""
            self.timeline.by_database("outcome", _nanoseconds(at), self.timeline.outcome)


async def first_ringing(phones: Mapping[str, Softphone], within_s: float) -> tuple[Softphone, PhoneCall]:
    """The first of these phones that rings. Raises PhoneError if none does in time (seconds)."""
    waiting = {asyncio.create_task(phone.incoming(within_s), name=f"ring {user}"): phone for user, phone in phones.items()}
    try:
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        task = done.pop()
        return waiting[task], task.result()
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


def _nanoseconds(at: datetime) -> int:
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000

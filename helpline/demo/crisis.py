"""The demonstration's crisis: in a second call the counsellor presses *9, a test partner is rung while both talk, joins, takes over.

Nobody outside is ever called: `helpline.demo.place` sets the test target, so whoever the partners file names, this phone rings.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text

from core.clock import SystemClock
from core.database import Database
from core.ids import new_id
from core.sealing import load_sealer
from core.settings import Settings
from escalation.decisions import PURPOSE, Decisions
from helpline.demo.call import DemoFailed, first_ringing
from helpline.demo.place import CALLER_ADDRESS, TEST_PARTNER
from helpline.demo.softphone import PhoneError, Softphone
from helpline.demo.tones import CALLER_TONE, COUNSELLOR_TONE, PARTNER_TONE

#: Every step in its order, and what it means.
CRISIS_STEPS = {
    "pressed": "상담사가 *9를 누름 / the counsellor presses *9",
    "partner_invite": "시험 기관의 전화가 울림 (통화는 계속) / the test partner's phone rings, the talk goes on",
    "partner_answered": "기관이 받고 안내를 들음 / it answers and is told who we are",
    "three_way": "세 사람이 서로 들림 / all three hear each other",
    "taken_over": "기관이 인계받음 (*3) / it takes over (*3)",
    "counsellor_left": "상담사가 나가도 둘은 이어짐 / the counsellor leaves, the two stay together",
    "confirmed": "도착 확인, 위기 종료 / responders confirmed, the incident is over",
}
_STEP_S, _TALK_WITHIN_S = 15.0, 60.0
_KIND = text(
    """
    SELECT e.contact_id FROM events e JOIN contacts c ON c.id = e.contact_id
    WHERE c.entered_at >= :since AND c.dialled = '120' AND e.kind = :kind ORDER BY c.entered_at DESC LIMIT 1
    """
)
_INCIDENT = text("SELECT i.id FROM incidents i JOIN contacts c ON c.id = i.contact_id WHERE c.entered_at >= :since")


class DemoCrisis:
    """One crisis. `phones`: the counsellors' by extension; `partner`: the test partner's, which answers by itself."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        phones: Mapping[str, Softphone],
        partner: Softphone,
        show: Callable[[str, float, str], None],
    ) -> None:
        self._db = db
        self._settings = settings
        self._phones = phones
        self._partner = partner
        self._show = show
        self._since = datetime.now(UTC)
        self._pressed_ns = 0
        #: Milliseconds since the key was pressed, by step.
        self.steps: dict[str, float] = {}

    async def run(self) -> dict[str, float]:
        """Play it. Raises DemoFailed; `steps` has what happened until then."""
        uri = f"<sip:01098765432@{CALLER_ADDRESS}>"
        caller = Softphone(
            "crisis-caller",
            port=self._settings.asterisk.sip_port,
            address=CALLER_ADDRESS,
            from_uri=uri,
            listen_for=(COUNSELLOR_TONE, PARTNER_TONE),
        )
        try:
            async with caller:
                await self._call(caller)
        except PhoneError as error:
            raise DemoFailed(str(error)) from error
        return self.steps

    async def _call(self, caller: Softphone) -> None:
        call = await caller.call("120")
        await call.answered()
        await caller.expect("sound", _STEP_S)
        await call.send_dtmf("5")
        phone, talk = await first_ringing(self._phones, _STEP_S)
        await talk.answered(_STEP_S)
        await self._told("bridged", _TALK_WITHIN_S)
        # One tone at a time can be told from the others.
        await phone.play_tone(None)
        self._pressed_ns = time.monotonic_ns()
        self._step("pressed", self._pressed_ns, phone.user)
        await talk.send_dtmf("*9")
        rung = await self._partner.incoming(_STEP_S)
        self._step("partner_invite", rung.invite.mono_ns, TEST_PARTNER)
        self._step("partner_answered", (await rung.answered(_STEP_S)).mono_ns)
        await self._told("partner_joined", _TALK_WITHIN_S)
        heard = [
            await _hears(caller, CALLER_TONE, phone, self._partner),
            await _hears(phone, COUNSELLOR_TONE, caller, self._partner),
            await _hears(self._partner, PARTNER_TONE, caller, phone),
        ]
        self._step("three_way", max(heard))
        await talk.send_dtmf("*3")
        await self._told("partner_taken_over", _STEP_S)
        self._step("taken_over", time.monotonic_ns())
        await talk.hangup()
        await self._told("counsellor_left", _STEP_S)
        self._step("counsellor_left", time.monotonic_ns())
        await self._confirm()
        self._step("confirmed", time.monotonic_ns())
        await call.hangup()
        await rung.ended(_STEP_S)
        await self._told("outcome", _STEP_S)
        # As it was: whoever calls next hears the counsellor's tone.
        await phone.play_tone(COUNSELLOR_TONE)

    async def _confirm(self) -> None:
        """As a supervisor does it at the desk."""
        rows = await self._db.execute(_INCIDENT, {"since": self._since})
        if not rows:
            raise DemoFailed("위기 기록이 없습니다. / The database tells nothing of the incident.")
        incident: UUID = rows[0].id
        await Decisions(self._db, SystemClock(), load_sealer(self._settings, PURPOSE)).confirm(incident, by=new_id())

    async def _told(self, kind: str, within_s: float) -> None:
        deadline = time.monotonic() + within_s
        while not await self._db.execute(_KIND, {"since": self._since, "kind": kind}):
            if time.monotonic() > deadline:
                raise DemoFailed(f"{kind}: 데이터베이스에 기록이 없습니다. / The database tells nothing of {kind} within {within_s:g} s.")
            await asyncio.sleep(0.02)

    def _step(self, step: str, mono_ns: int, detail: str = "") -> None:
        self.steps[step] = round((mono_ns - self._pressed_ns) / 1e6, 1)
        self._show(step, self.steps[step], detail)


async def _hears(speaker: Softphone, tone: int, *listeners: Softphone) -> int:
    """Each of them hears what the speaker says now; when the last one was sure (CLOCK_MONOTONIC, ns)."""
    for phone in listeners:
        phone.forget_events()
    await speaker.play_tone(tone)
    try:
        return max(await asyncio.gather(*(phone.heard_tone(tone, _STEP_S) for phone in listeners)))
    finally:
        await speaker.play_tone(None)

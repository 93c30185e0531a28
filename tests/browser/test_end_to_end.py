"""From one end to the other: people at telephones and people at pages, with everything between them as an operator runs it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from helpline.demo.softphone import PhoneCall, Softphone
from helpline.demo.tones import CALLER_TONE, COUNSELLOR_TONE
from tests.acceptance.crisis.people import DIRECT, PARTNER_TONE, TONES, hears
from tests.acceptance.linked.house import COMPANION, PERSON, messages
from tests.acceptance.outside.people import dialled
from tests.browser import whole_house
from tests.browser.kit import Room, Seat
from tests.browser.test_centre import clean, field
from tests.browser.test_incidents import state
from tests.browser.whole_house import CENTRE, COUNSELLOR, PARTNER, House
from tests.kit.until import until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

REASON = "식사를 거르심"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def installation() -> AsyncIterator[House]:
    """One for all of these tests."""
    with tempfile.TemporaryDirectory(prefix="a120-") as folder:
        async with whole_house.house(Path(folder)) as one:
            yield one


@pytest_asyncio.fixture(loop_scope="session")
async def here(installation: House) -> AsyncIterator[House]:
    """The house, quiet before and after the test; what a failed one left is printed."""
    await installation.system.wait_ready()
    yield installation
    for contact in (await installation.system.contact_rows())[-2:]:
        print(contact["kind"], contact["state"], contact["outcome"], await installation.system.timeline(contact["id"]))
    print(installation.system.said())
    for left in (await installation.by["chief"].get("/api/incidents")).json["incidents"]:
        await installation.post("chief", f"/api/incidents/{left['id']}/close", {"reason": "exercise"})
    await installation.system.quiet()


async def test_a_crisis_from_the_counsellors_key_to_the_word_that_help_arrived(here: House, windows: Room) -> None:
    """Keys on the telephone, buttons in the page: the partner's phone rings by the one and is joined by the other; the story has every step."""
    chief = await windows.seat("chief", path="/incidents", bypass_csp=True)
    await expect(chief.page.get_by_text("열린 위기가 없습니다.")).to_be_visible()
    before = await here.system.contact_rows()
    async with AsyncExitStack() as stack:
        partner = await stack.enter_async_context(here.phone(PARTNER, listen_for=TONES))
        counsellor = await stack.enter_async_context(here.phone(COUNSELLOR, listen_for=TONES))
        caller = await stack.enter_async_context(here.system.caller(listen_for=TONES))
        await here.system.ready(here.phones[COUNSELLOR])
        call = await caller.call(DIRECT)
        talk = await counsellor.incoming(30)
        await talk.answer()
        contact = (await until(lambda: here.system.new_contacts(before), 15, "the contact"))[0]["id"]

        async def noted(kind: str) -> bool:
            return kind in await here.system.timeline(contact)

        await until(lambda: noted("bridged"), 30, "the talk")
        await talk.send_dtmf("*9")
        rung = await partner.incoming(30)
        await expect(chief.page.get_by_role("alert")).to_contain_text("새 위기")
        await chief.page.get_by_role("region", name="열린 위기").get_by_role("button").click()
        await state(chief, "기관에 전화하는 중")
        await hears(caller, CALLER_TONE, counsellor)
        await rung.answer()
        await expect(chief.page.get_by_role("listitem").filter(has_text="기관이 안내를 들음")).to_be_visible()
        await chief.button("셋이 함께 연결").click()
        await state(chief, "셋이 함께 통화 중")
        await hears(caller, CALLER_TONE, counsellor, partner)
        await hears(partner, PARTNER_TONE, caller, counsellor)
        await clean(chief, "end-to-end-crisis")
        await chief.button("기관이 인계받음").click()
        await state(chief, "기관이 인계받음 · 도착 확인 전")
        await talk.hangup()
        await until(lambda: noted("counsellor_left"), 30, "the counsellor to have left")
        await hears(caller, CALLER_TONE, partner)
        await call.hangup()
        await rung.ended(20)
    await chief.button("도착 확인").click()
    await chief.button("확인").click()
    await state(chief, "도착 확인됨")
    await _story(
        chief, "위기 발신", "전화 걺", "기관이 받음", "기관이 안내를 들음", "함께 통화", "기관이 인계받음", "상담사 전화 끊김", "도착 확인"
    )
    assert (await here.system.ended_contact(before))["outcome"] == "talked"


async def _story(seat: Seat, *steps: str) -> None:
    """These stand in the timeline, in this order."""
    told = await seat.page.locator("article details").first.locator("strong").all_inner_texts()
    assert [step for step in told if step in steps] == list(steps), told


async def test_a_referral_from_consent_to_a_closed_case_with_a_call_back_in_between(here: House, windows: Room) -> None:
    """The counsellor asks in the page; the centre takes it, has the person called, talks with them by telephone, and closes it."""
    anna = await windows.seat("anna", bypass_csp=True)
    await _refer(await windows.seat("counsellor", path="/referrals", bypass_csp=True))
    # What an earlier try left would be more urgent.
    row = anna.page.get_by_role("row").filter(has_text="기다리는 중").last
    await row.get_by_role("button", name=re.compile("맡기")).click()
    await expect(anna.page.get_by_text(REASON)).to_be_visible()
    case = anna.page.url.rsplit("/", 1)[1]
    async with here.phone(CENTRE, listen_for=TONES) as desk, here.outside(listen_for=TONES) as person:
        await anna.button("☎ 전화 걸기").click()
        first = await desk.incoming(30)
        assert not [event for event in person.events if event.name == "incoming"]
        await first.answer()
        called = await person.incoming(30)
        assert dialled(called) == PERSON
        await called.answer()
        await _presses_1(
            called, lambda: here.system.query("SELECT 1 FROM centre_calls WHERE referral_id = %s AND talked_at IS NOT NULL", case)
        )
        await expect(anna.page.get_by_text("통화 중", exact=True)).to_be_visible()
        await hears(desk, COUNSELLOR_TONE, person)
        await hears(person, CALLER_TONE, desk)
        await called.hangup()
        await first.ended(20)
    await expect(anna.page.get_by_text("통화함", exact=True)).to_be_visible()
    await anna.button("심층상담 시작").click()
    await clean(anna, "end-to-end-case")
    await anna.button("사례 마치기").click()
    await field(anna, "결과").select_option(label="좋아져서 마침")
    await anna.button("마치기").click()
    await expect(anna.button("다시 열기")).to_be_visible()
    rows = await here.system.query("SELECT state, outcome, due_at FROM referrals WHERE id = %s", case)
    assert rows == [{"state": "closed", "outcome": "relieved", "due_at": None}]


async def test_a_companions_planned_call_shows_neither_side_the_others_number(here: House, windows: Room, tmp_path: Path) -> None:
    """The hour has come: the companion's phone rings first, then the person's; what either received holds no other number; a note in the page."""
    name, support = await _asked(here)
    dongmi = await windows.seat("dongmi", bypass_csp=True)
    mine = dongmi.page.get_by_role("region", name=name)
    await mine.get_by_role("button", name="맡겠습니다").click()
    await expect(mine.get_by_role("button", name="☎ 지금 통화하기")).to_be_visible()
    anna = await windows.seat("anna", path=f"/companions/support/{support}", bypass_csp=True)
    await anna.button("＋ 정기 통화 정하기").click()
    await field(anna, "요일").select_option(label="목")
    await anna.button("저장").click()
    await expect(anna.page.get_by_text("매주 목 10:00")).to_be_visible()
    async with here.outside(log=tmp_path / "outside.log") as outside:
        next_one = "(SELECT id FROM companion_calls WHERE support_id = %s AND state = 'due' ORDER BY due_at LIMIT 1)"
        await here.system.query(f"UPDATE companion_calls SET due_at = now(), next_at = now() WHERE id = {next_one}", support)
        companion = await outside.incoming(40)
        assert dialled(companion) == COMPANION
        await companion.answer()
        await companion.answered()
        await _presses_1(companion, lambda: _rung(outside, 2))
        person = await outside.incoming(1)
        assert dialled(person) == PERSON
        await person.answer()
        await person.answered()
        talking = "SELECT 1 FROM companion_calls WHERE support_id = %s AND talked_at IS NOT NULL"
        await _presses_1(person, lambda: here.system.query(talking, support))
        await companion.hangup()
        await person.ended(20)
    seen = messages(tmp_path / "outside.log")
    for call, number in ((companion, PERSON), (person, COMPANION)):
        received = seen[call.invite.text("sip_call_id")]
        assert len(received) > 4
        assert not any(number[1:] in message for message in received)
    over = "SELECT 1 FROM companion_calls WHERE support_id = %s AND state = 'talked' AND ended_at IS NOT NULL"
    await until(lambda: here.system.query(over, support), 20, "the call to be over")
    await dongmi.page.reload()
    await expect(mine.get_by_text("지난 통화")).to_be_visible()
    await mine.get_by_label("짧은 글", exact=True).fill("목소리가 밝으셨음")
    await mine.get_by_role("button", name="글 남기기").click()
    await expect(mine.get_by_text("남긴 글 1개")).to_be_visible()
    assert not re.search(f"{PERSON[3:7]}|{COMPANION[3:7]}", await dongmi.page.content())
    await clean(dongmi, "end-to-end-companion")


async def _asked(here: House) -> tuple[str, str]:
    """The centre has somebody's case, and has asked a companion to take them; the person's name and the accompaniment."""
    name = f"박바다 {len(await here.system.query('SELECT 1 FROM companion_supports'))}"
    body = {"name": name, "number": PERSON, "district": "gangbuk", "reason": REASON, "urgency": "soon"}
    case = (await here.post("counsellor", "/api/referrals", body))["id"]
    await here.post("counsellor", f"/api/referrals/{case}/answer", here.consent("고립예방센터", permission={"may_call": True}))
    await here.post("counsellor", f"/api/referrals/{case}/send", {})
    await here.post("anna", f"/api/centre/cases/{case}/claim")
    await here.post("anna", f"/api/referrals/{case}/consents", here.consent("외로움돌봄동행단", recipient="companions"))
    rows = await here.system.query("SELECT id FROM companions")
    wanted = {"referral": case, "companion": str(rows[0]["id"]), "permission": {"may_call": True}}
    return name, str((await here.post("anna", "/api/supports", wanted))["id"])


async def _refer(seat: Seat) -> None:
    """As a counsellor does: what it is about, then what the person answered."""
    await seat.page.get_by_role("link", name="의뢰하기").click()
    await field(seat, "이름이나 부르는 말").fill("김하늘")
    await field(seat, "전화번호").fill(PERSON)
    await field(seat, "자치구").select_option(label="강북구")
    await field(seat, "의뢰 이유").fill(REASON)
    await seat.page.get_by_label("오늘: 열두 시간 안에").check()
    await seat.button("다음: 동의 묻기").click()
    await seat.page.get_by_label("거절할 수 있고 거절하면 어떻게 되는지 말씀드렸습니다").check()
    await seat.page.get_by_role("group", name="이 번호로 전화드려도 될까요?").get_by_label("예", exact=True).check()
    await clean(seat, "end-to-end-consent")
    await seat.button("✓ 동의합니다").click()
    await seat.button("지금 연결하기").click()
    await expect(seat.page.get_by_text("센터의 할 일 목록에 올렸습니다.")).to_be_visible()


async def _presses_1(call: PhoneCall, heard: Callable[[], Awaitable[object]]) -> None:
    """Until it led to something: who presses before they were asked presses again."""

    async def pressed() -> bool:
        if await heard():
            return True
        await call.send_dtmf("1")
        return False

    await until(pressed, 30, "the key to be heard", every_s=1.0)


async def _rung(phone: Softphone, times: int) -> bool:
    """So many calls have come."""
    return len([event for event in phone.events if event.name == "incoming"]) >= times

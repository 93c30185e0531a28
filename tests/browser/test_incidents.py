"""A crisis on the board: from the press to a human's word that help arrived, as supervisor and counsellor see it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect
from sqlalchemy import text

from core.database import Database
from escalation import happenings as h
from escalation.model import Danger, Result
from tests.browser.kit import Room, Seat
from tests.integration.desk.crises import Crises, crises
from tests.integration.desk.kit import desk_settings
from tests.kit.until import until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


@pytest_asyncio.fixture(loop_scope="session")
async def here(db: Database, tmp_path: Path) -> AsyncIterator[Crises]:
    """A desk in test mode, with the line's book beside it."""
    async with crises(db, desk_settings(tmp_path), work=True) as one:
        await db.execute(text("UPDATE counsellors SET name = '이바다' WHERE id = :id"), {"id": one.first})
        yield one


async def ordered(here: Crises, kind: str) -> None:
    """The call has taken up what the desk asked for."""
    taken = text("UPDATE incident_orders SET taken_at = now() WHERE kind = :kind AND taken_at IS NULL RETURNING id")

    async def take() -> bool:
        return bool(await here.db.execute(taken, {"kind": kind}))

    await until(take, 20)


def chain(seat: Seat) -> Locator:
    """Whom it goes through, one line each."""
    return seat.page.get_by_role("list", name="기관 순서").get_by_role("listitem")


async def state(seat: Seat, says: str) -> None:
    """What stands over the incident."""
    await expect(seat.page.locator("article .state")).to_have_text(says)


async def raised_by_keyboard(first: Seat) -> None:
    """In one's own call."""
    await first.tab_to(first.button("위기 발신"))
    await first.press("Enter")
    await expect(first.dialog.get_by_label("어느 통화입니까?")).to_contain_text("내 통화")
    await first.dialog.get_by_label("위험").select_option(label="자살")
    await first.tab_to(first.button("발신하고 바로 전화하기"))
    await first.press("Enter")


async def hand_over(first: Seat) -> None:
    """Fill in the card, look at it on paper, write down what was given."""
    await first.button("인계 카드").click()
    await expect(first.dialog).to_contain_text("전화한 번호: 010-1234-5678")
    await first.dialog.get_by_label("주소·건물·호수·출입").first.fill("방학로 1, 101동 202호")
    await first.press("Tab")
    await expect(first.dialog.get_by_role("list").first).to_contain_text("주소·건물·호수·출입: 방학로 1, 101동 202호")
    await expect(first.dialog.get_by_role("status")).to_have_text("저장됨")
    assert await first.axe() == []
    await first.picture("crisis-card")
    await first.dialog.get_by_role("checkbox", name="주소·건물·호수·출입").check()
    await expect(first.dialog.get_by_label("받은 곳")).to_have_value("fire")
    await first.button("제공 기록에 적기").click()
    await expect(first.dialog.get_by_text("제18조 제2항 제3호")).to_be_visible()
    await first.page.emulate_media(media="print")
    await expect(first.page.locator(".paper")).to_contain_text("위기 인계 카드")
    await expect(first.page.locator(".paper")).to_contain_text("[연습: 실제 기관이 아닙니다]")
    await expect(first.dialog).to_be_hidden()
    await first.picture("crisis-card-paper")
    await first.page.emulate_media(media="screen")
    await first.press("Escape")


async def test_a_crisis_goes_from_the_press_to_the_word_that_help_arrived(here: Crises, windows: Room) -> None:
    """Raised in one's own call by keyboard, next partner, card, joined, taken over, disclosed, confirmed; the supervisor follows it live."""
    contact = await here.call()
    chief = await windows.seat("supervisor", path="/incidents", bypass_csp=True)
    await expect(chief.page.get_by_role("note")).to_contain_text("연습 방식입니다")
    await expect(chief.page.get_by_text("열린 위기가 없습니다.")).to_be_visible()

    first = await windows.seat("first", path="/incidents", bypass_csp=True)
    await raised_by_keyboard(first)
    await ordered(here, "raise")
    incident = UUID((await here.by["first"].get("/api/incidents")).json["incidents"][0]["id"])
    await expect(chief.page.get_by_role("alert")).to_contain_text("새 위기: 자살")
    await chief.page.get_by_role("button", name="자살 이바다").click()
    await state(chief, "발생 · 전화 중인 기관 없음")

    police = await here.book.next_attempt(incident)
    assert police is not None
    await state(first, "기관에 전화하는 중")
    here.book.note(incident, h.AttemptFailed(attempt_id=police.attempt_id, result=Result.BUSY))
    await expect(chain(first).filter(has_text="경찰 112")).to_contain_text("통화 중이라 연결 안 됨")
    await first.button("다음 기관: 소방·구급 119").click()
    await ordered(here, "dial_next")
    fire = await here.book.next_attempt(incident)
    assert fire is not None
    here.book.note(incident, h.Answered(attempt_id=fire.attempt_id))
    await state(first, "기관이 받음 · 아직 함께 통화 전")
    assert await first.axe() == []
    await first.picture("crisis-board")

    await hand_over(first)

    await first.button("셋이 함께 연결").click()
    await ordered(here, "join")
    here.book.note(incident, h.Joined(attempt_id=fire.attempt_id))
    await state(chief, "셋이 함께 통화 중")
    await first.button("기관이 인계받음").click()
    await ordered(here, "taken_over")
    here.book.note(incident, h.TakenOver(attempt_id=fire.attempt_id))
    await state(first, "기관이 인계받음 · 도착 확인 전")
    here.book.note(incident, h.PartnerLeft(attempt_id=fire.attempt_id))
    await here.hang_up(contact)

    await first.button("도착 확인").click()
    await first.button("확인").click()
    await state(first, "도착 확인됨")
    await state(chief, "도착 확인됨")
    await expect(chief.page.get_by_text("열린 위기가 없습니다.")).to_be_visible()
    rows = await here.db.execute(text("SELECT state, ended_by IS NOT NULL AS named FROM incidents"))
    assert [(row.state, row.named) for row in rows] == [("confirmed", True)]


async def test_nobody_reached_the_supervisor_calls_by_hand_sees_to_the_alarm_and_closes(here: Crises, windows: Room) -> None:
    """Every partner in vain: the bar of any page says so and leads there, with numbers and the card; an alarm is seen to; closed with words."""
    chief = await windows.seat("supervisor", path="/account", bypass_csp=True)
    bar = chief.page.get_by_role("region", name="위기 알림")
    await expect(bar).to_have_count(0)
    incident = await here.raised(danger=Danger.VIOLENCE)
    await expect(bar.get_by_role("link")).to_contain_text("위기: 폭력")
    await expect(chief.page.get_by_text("새 위기: 폭력")).to_have_count(1)
    for _ in range(2):
        dial = await here.book.next_attempt(incident)
        assert dial is not None
        here.book.note(incident, h.AttemptFailed(attempt_id=dial.attempt_id, result=Result.NO_ANSWER))
    assert await here.book.next_attempt(incident) is None
    await here.written()
    here.clock.advance(1)
    await here.confirmations.look()
    await expect(bar).to_contain_text("모든 기관 연결 안 됨 · 직접 전화 필요")
    await expect(bar).to_contain_text("발생 후")
    assert await chief.axe() == []
    await chief.picture("crisis-bar")
    await bar.get_by_role("link").click()
    await state(chief, "모든 기관 연결 안 됨 · 직접 전화 필요")
    await expect(bar).to_have_count(0)
    await expect(chief.page.get_by_text("시스템이 연결하지 못합니다.")).to_be_visible()
    await expect(chain(chief).filter(has_text="경찰 112")).to_contain_text("☎ 112")
    alarm = chief.page.get_by_role("button", name="확인함: 위기 상황 발생")
    await alarm.click()
    await expect(alarm).to_have_count(0)
    assert await chief.axe() == []
    await chief.picture("crisis-unreached")

    here.clock.advance(301)
    await here.confirmations.look()
    await expect(chief.page.get_by_role("alert")).to_contain_text("폭력: 도착을 확인하세요 (알림 1번)")

    await chief.button("까닭을 적고 종결").click()
    await chief.dialog.get_by_label("까닭").select_option(label="그 밖 (설명 필요)")
    await chief.dialog.get_by_role("textbox").fill("이웃이 곁에 있고 경찰과 통화함")
    await chief.button("종결").click()
    await state(chief, "종결됨")
    await chief.button("종결 설명 보기").click()
    await expect(chief.page.get_by_text("이웃이 곁에 있고 경찰과 통화함")).to_be_visible()

    await chief.go("내 계정")
    await expect(bar).to_have_count(0)

    second = await windows.seat("second", path=f"/incidents/{incident}")
    second.expected.add(404)
    await expect(second.page.get_by_text("찾을 수 없습니다.")).to_be_visible()

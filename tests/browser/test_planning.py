"""What stands beside the grid: reasons, rules, cover, what-ifs, wishes."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect
from sqlalchemy import text

from helpline.what_if_process import WhatIfProcess
from tests.browser.kit import WAIT_MS, Room, Seat
from tests.integration.desk.office import MONTH, Office, on

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


async def test_a_roster_in_force_is_changed_for_a_reason_that_is_asked_for_once(here: Office, windows: Room) -> None:
    """By keys: the first edit asks, the next ones go with the same reason until it is changed; who does not say why changes nothing."""
    await here.whole_month()
    assert (await here.publish()).status == 200
    seat = await windows.seat("chief", bypass_csp=True)
    await seat.cell(12, 4).click()
    await seat.press("d")
    await expect(seat.dialog).to_contain_text("게시된 근무표를 바꾸는 사유")
    assert await seat.axe("dialog") == []
    await seat.press("Escape")
    await expect(seat.dialog).to_have_count(0)
    await expect(seat.cell(12, 4).locator("span")).to_have_text("")
    await seat.go_to(12, 4)
    await seat.press("d")
    await expect(seat.dialog.get_by_label("사유")).to_be_focused()
    await seat.page.keyboard.type("행사 지원")
    await seat.picture("reason")
    await seat.press("Enter")
    await seat.holds(12, 4, "D")
    await expect(seat.cell(12, 5)).to_be_focused()
    await seat.press("e")
    await seat.holds(12, 5, "E")
    await seat.button("사유: 행사 지원").click()
    await seat.dialog.get_by_label("사유").fill("인력 충원")
    await seat.button("저장").click()
    await seat.cell(13, 4).click()
    await seat.press("n")
    await seat.holds(13, 4, "N")
    edits = (await here.chief.get(f"{MONTH}/history")).json["edits"]
    assert [edit["reason"] for edit in edits[:3]] == ["인력 충원", "행사 지원", "행사 지원"]
    # A box in a cell's dialog is not ticked before it is so.
    await seat.page.reload()
    await seat.cell(12, 4).dblclick()
    box = seat.dialog.get_by_role("checkbox", name=re.compile("^E"))
    await box.click()
    await seat.dialog.last.get_by_role("button", name="바꾸지 않기").click()
    await expect(box).not_to_be_checked()
    assert await here.held(12, 4) == ["D"]


async def test_conflicts_are_looked_at_by_person_and_only_wishes_bear_their_mark(here: Office, windows: Room) -> None:
    """What the house aims at has a mark of its own."""
    await here.whole_month()
    await here.edit(here.cell(0, 5, "", "D"))
    assert (await here.first.ask("PUT", "/api/wishes", {"day": on(5), "code": None, "wanted": False})).status == 200
    seat = await windows.seat("chief")
    wishes = seat.page.get_by_role("button", name=re.compile("^♡ 희망"))
    await expect(wishes).not_to_have_text("♡ 희망 0")
    await expect(seat.cell(0, 5).locator(".wish")).to_have_text("−")
    of = seat.page.get_by_label("누구의 것")
    await of.select_option(label="김하늘")
    items = seat.page.get_by_role("region", name="살필 것").get_by_role("listitem")
    await expect(items.filter(has_text="김하늘").first).to_be_visible()
    await expect(items.filter(has_not_text="김하늘")).to_have_count(0)
    await wishes.click()
    await expect(items.filter(has_text="1월 5일")).not_to_have_count(0)
    assert set(await items.locator("b").all_inner_texts()) == {"♡"}
    await of.select_option(label="한 사람의 것이 아님")
    await expect(wishes).to_have_text("♡ 희망 0")
    await wishes.click()
    await expect(items.filter(has_text="김하늘")).to_have_count(0)
    assert set(await items.locator("b").all_inner_texts()) <= {"!", "?", "△"}


async def test_a_counsellor_notes_wishes_by_pressing_days(here: Office, windows: Room) -> None:
    """Once notes it, once more takes it back; the supervisor sees it in the grid by itself."""
    chief = await windows.seat("chief", path="/roster/2027-02")
    first = await windows.seat("first", bypass_csp=True)
    day = first.page.get_by_role("button", name=re.compile("^2월 9일"))
    await day.click()
    await expect(day).to_have_accessible_name("2월 9일 (화): 쉬고 싶음")
    await expect(chief.cell(0, 9).locator(".wish")).to_have_text("−")
    await first.page.get_by_label("누르면 적을 희망").select_option(label="낮 근무를 하고 싶음")
    await day.click()
    await expect(day).to_have_accessible_name("2월 9일 (화): 낮 근무를 하고 싶음")
    await expect(chief.cell(0, 9).locator(".wish")).to_have_text("+D")
    await chief.go("요청함")
    await expect(chief.page.get_by_role("listitem").filter(has_text="2월 9일 (화) +D")).to_contain_text("김하늘")
    await chief.page.go_back()
    assert await first.axe() == []
    await first.picture("wishes")
    await first.tab_to(day)
    await first.press("Enter")
    await expect(day).to_have_attribute("aria-pressed", "false")
    await expect(chief.cell(0, 9).locator(".wish")).to_have_count(0)
    await expect(chief.cell(0, 9)).to_have_accessible_name(re.compile("근무 없음$"))


async def test_a_calendar_address_is_made_and_ended(here: Office, windows: Room) -> None:
    """What it opened, it opens no more."""
    first = await windows.seat("first")
    await first.button("주소 만들기").click()
    address = await first.page.get_by_label("달력 주소").input_value()
    path = address.removeprefix(here.here.url)
    assert (await here.first.get(path)).status == 200
    await first.page.reload()
    await expect(first.page.get_by_text("달력 주소가 있습니다.")).to_be_visible()
    await first.button("주소 끝내기").click()
    await first.button("확인").click()
    await expect(first.button("주소 만들기")).to_be_visible()
    assert (await here.first.get(path)).status == 404


async def test_a_rule_is_changed_within_its_bounds_for_a_reason(here: Office, windows: Room) -> None:
    """What the law asks cannot be switched off; the board is checked anew."""
    await here.edit(here.cell(0, 4, "", "D"), here.cell(0, 5, "", "D"))
    seat = await windows.seat("chief", bypass_csp=True)
    await seat.page.get_by_label("누구의 것").select_option(label="김하늘")
    conflicts = seat.page.get_by_role("region", name="살필 것")
    await expect(conflicts).not_to_contain_text("16시간뿐입니다")
    await seat.button("규칙").click()
    item = seat.dialog.get_by_role("listitem").filter(has_text="근무와 근무 사이에")
    await item.get_by_role("button").click()
    minutes = item.get_by_label(re.compile("^분"))
    await expect(seat.page.get_by_label("이 규칙을 씀")).to_be_focused()
    await minutes.fill("1441")
    await item.get_by_label("사유").fill("연휴 뒤 회복")
    await item.get_by_role("button", name="저장").click()
    assert await minutes.evaluate("element => element.validity.rangeOverflow")
    await minutes.fill("1080")
    assert await seat.axe("dialog") == []
    await seat.picture("rules")
    await item.get_by_role("button", name="저장").click()
    await expect(item).to_contain_text("1080")
    await expect(item).to_contain_text("2027년 1월부터, chief")
    hard = seat.dialog.get_by_role("listitem").filter(has_text="한 주(월~일)에 52시간")
    await hard.get_by_role("button").click()
    await expect(hard.get_by_label("이 규칙을 씀")).to_have_count(0)
    await seat.press("Escape")
    await expect(conflicts).to_contain_text("16시간뿐입니다(최소 18시간)")


async def test_cover_is_changed_by_hand_and_taken_from_the_forecast(here: Office, windows: Room) -> None:
    """Each with a reason; the rows beneath the grid follow."""
    await here.db.execute(text("DELETE FROM demand"))
    await here.db.execute(text("INSERT INTO demand (id, starts, minutes, least, wanted) VALUES (gen_random_uuid(), '00:00', 1440, 1, 2)"))
    seat = await windows.seat("chief")
    noon = seat.page.get_by_title(re.compile(r"^1월 4일 \(월\) 낮:"))
    await expect(noon).to_have_attribute("title", re.compile("희망 2명$"))
    await seat.button("필요 인원").click()
    await seat.dialog.get_by_label(re.compile("^희망")).fill("4")
    await seat.dialog.get_by_label("사유").fill("새해")
    await seat.picture("cover")
    await seat.button("고친 대로 저장").click()
    await expect(seat.page.get_by_text("필요 인원을 바꾸었습니다.")).to_be_visible()
    await expect(noon).to_have_attribute("title", re.compile("희망 4명$"))
    await seat.dialog.get_by_label("사유").fill("예측대로")
    await seat.button("예측을 희망 인원으로").click()
    await expect(seat.dialog.get_by_label(re.compile("^희망")).nth(1)).to_be_visible()
    await expect(noon).not_to_have_attribute("title", re.compile("희망 4명$"))


async def test_a_draft_is_played_against_the_load(here: Office, windows: Room) -> None:
    """In a process of its own, with progress; the answer is a table. One that is not wanted any more is stopped."""
    here.room.what_ifs.players = WhatIfProcess
    await here.whole_month()
    seat = await windows.seat("chief", bypass_csp=True)
    await _play(seat, load="100", repetitions="10")
    await seat.button("멈추기").click()
    await expect(seat.dialog).to_contain_text("멈추었습니다.", timeout=2 * WAIT_MS)
    await seat.button("다시 시도").click()
    await seat.press("Escape")
    await _play(seat, load="10", repetitions="1")
    await expect(seat.dialog.get_by_role("row").filter(has_text="제때 받은 비율").first).to_contain_text("%", timeout=4 * WAIT_MS)
    await expect(seat.dialog.get_by_role("region", name="시간대별").get_by_role("row")).to_have_count(25)
    assert await seat.axe("dialog") == []
    await seat.picture("what-if")


async def _play(seat: Seat, *, load: str, repetitions: str) -> None:
    await seat.button("모의 운영").click()
    await seat.dialog.get_by_label("전화량 (예상의 %)").fill(load)
    await seat.dialog.get_by_label("되풀이 횟수").fill(repetitions)
    await seat.button("시작").click()


async def test_who_is_due_for_a_health_check_is_listed(here: Office, windows: Room) -> None:
    """From what was in force, with the law's threshold beside it."""
    await here.whole_month()
    assert (await here.publish()).status == 200
    seat = await windows.seat("chief")
    await seat.button("야간 건강진단").click()
    await expect(seat.dialog).to_contain_text("밤 근무를 24번 이상")
    await expect(seat.dialog.get_by_role("row").filter(has_text="김하늘")).to_be_visible()
    await seat.picture("night-health")


async def test_a_sick_call_of_a_counsellor_stands_in_the_inbox(here: Office, windows: Room) -> None:
    """It counts at once; there is nothing to be decided."""
    await here.whole_month()
    chief = await windows.seat("chief", path="/inbox", bypass_csp=True)
    await expect(chief.page.get_by_text("병가 알림 (0)")).to_be_visible()
    first = await windows.seat("first")
    await first.page.get_by_label("첫날").fill(on(2))
    await first.page.get_by_label("종류").select_option(label="병가")
    await first.button("요청하기").click()
    await expect(chief.page.get_by_text("병가 알림 (1)")).to_be_visible()
    await expect(chief.page.get_by_text("휴가 요청 (0)")).to_be_visible()
    await expect(first.page.get_by_text("휴가 1월 2일 (토) · 승인됨")).to_be_visible()
    assert await chief.axe() == []


async def test_terms_of_somebody_are_set_with_a_reason(here: Office, windows: Room) -> None:
    """By who decides about leave; the month shows at once what they break."""
    await here.edit(here.cell(0, 5, "", "N"))
    seat = await windows.seat("chief", bypass_csp=True)
    await seat.button("근무 조건").click()
    await seat.button("바꾸기: 김하늘").click()
    await seat.dialog.get_by_label("약정 시간(주)").fill("20")
    await seat.dialog.get_by_label("야간 근무").select_option(label="금지")
    await seat.dialog.get_by_label("금지 근거").select_option(label="임신 중")
    await seat.dialog.get_by_label("사유").fill("본인 신청")
    assert await seat.axe("dialog") == []
    await seat.picture("terms")
    await seat.button("저장").click()
    await expect(seat.dialog.get_by_role("row").filter(has_text="김하늘")).to_contain_text("금지 (임신 중)")
    await seat.press("Escape")
    await expect(seat.page.get_by_role("region", name="살필 것").get_by_role("listitem").filter(has_text="김하늘").first).to_be_visible()
    people = (await here.chief.get("/api/roster-people")).json["people"]
    assert [(one["contract_minutes"], one["protection"]) for one in people if one["name"] == "김하늘"] == [(1200, "pregnant")]

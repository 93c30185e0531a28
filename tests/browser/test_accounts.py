"""Who may sign in, and who looked at what."""

from __future__ import annotations

import base64

import pytest
from playwright.async_api import Locator, expect

from desk.access import totp
from tests.browser.kit import Room, Seat
from tests.integration.desk.kit import PASSWORD
from tests.integration.desk.office import Office

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]
OWN = "다섯 갈래 길과 낡은 우산"


async def test_an_account_is_made_used_changed_and_closed(here: Office, windows: Room) -> None:
    """With a one-time password that is shown once and must be changed; whose account is closed does not come in any more."""
    chief = await windows.seat("chief", path="/accounts")
    password = await _add(chief)
    third = await windows.seat(bypass_csp=True)
    await third.give("garam", password)
    await expect(third.page.get_by_role("heading", name="새 비밀번호를 정하세요")).to_be_visible()
    assert await third.axe() == []
    await third.picture("choose-password")
    for label, text in (("지금 비밀번호", password), ("새 비밀번호 (10자 이상)", OWN), ("새 비밀번호 한 번 더", OWN)):
        await third.page.get_by_label(label, exact=True).fill(text)
    await third.press("Enter")
    await expect(third.page.get_by_role("heading", name="다가오는 근무")).to_be_visible()
    rooms = await third.page.get_by_role("navigation").get_by_role("link").all_inner_texts()
    assert (rooms[0], rooms[-1]) == ("내 근무", "내 계정")
    assert not {"계정", "접근 기록", "동행단"} & set(rooms)

    await chief.button("바꾸기: 박가람").click()
    await chief.dialog.get_by_label("이름", exact=True).fill("박가람 (주임)")
    await chief.dialog.get_by_label("역할").select_option(label="관리자")
    await chief.button("저장").click()
    await expect(_row(chief, "garam")).to_contain_text("박가람 (주임)garam관리자사용 중")
    await expect(third.dialog).to_contain_text("다시 로그인하세요")

    await chief.button("바꾸기: 박가람 (주임)").click()
    await chief.button("계정 닫기").click()
    await chief.button("취소").click()
    await expect(chief.button("계정 닫기")).to_be_focused()
    await chief.button("계정 닫기").click()
    await chief.button("확인").click()
    await expect(_row(chief, "garam")).to_have_count(0)
    await chief.page.get_by_label("닫힌 계정도 보기").check()
    await expect(_row(chief, "garam")).to_contain_text("닫음")
    fourth = await windows.seat()
    fourth.expected.add(401)
    await fourth.give("garam", OWN)
    await expect(fourth.page.get_by_text("이름이나 비밀번호가 맞지 않습니다.")).to_be_visible()


async def _add(chief: Seat) -> str:
    """An account for 박가람; its one-time password."""
    await chief.button("계정 만들기").click()
    people = chief.dialog.get_by_label("근무표의 사람")
    await expect(people.get_by_role("option", name="박가람 (103)")).to_be_attached()
    # 김하늘 has an account already.
    await expect(people.get_by_role("option", name="김하늘 (101)")).to_have_count(0)
    await people.select_option(label="박가람 (103)")
    await expect(chief.dialog.get_by_label("이름", exact=True)).to_have_value("박가람")
    chief.expected.add(409)
    for name in ("First", "garam"):
        await chief.dialog.get_by_label("로그인 이름").fill(name)
        await chief.button("만들기").click()
        if name == "First":
            await expect(chief.dialog).to_contain_text("이미 쓰는 로그인 이름입니다.")
    shown = chief.dialog.get_by_label("한 번만 쓰는 비밀번호", exact=True)
    password = await shown.input_value()
    assert len(password) >= 10
    await chief.button("전달했습니다").click()
    await expect(_row(chief, "garam")).to_contain_text("아직 한 번만 쓰는 비밀번호")
    assert password not in await chief.page.content()
    return password


async def test_a_lost_authenticator_and_a_forgotten_password_are_mended_by_a_supervisor(here: Office, windows: Room) -> None:
    """The second factor is gone after a confirmation; a new one-time password ends the old one."""
    secret = (await here.first.post("/api/session/second-factor", {"password": PASSWORD})).json["secret"]
    step = int(here.clock.now().timestamp()) // totp.PERIOD_S
    code = totp.code(base64.b32decode(secret), step)
    assert (await here.first.post("/api/session/second-factor/confirm", {"code": code})).status == 200
    chief = await windows.seat("chief", path="/accounts")
    await expect(_row(chief, "first")).to_contain_text("2단계 인증")
    await chief.button("바꾸기: first").click()
    await chief.button("2단계 인증 지우기").click()
    await chief.button("확인").click()
    await expect(_row(chief, "first")).not_to_contain_text("2단계 인증")

    await chief.button("바꾸기: first").click()
    await chief.button("새 비밀번호 만들기").click()
    await chief.button("확인").click()
    password = await chief.dialog.get_by_label("한 번만 쓰는 비밀번호", exact=True).input_value()
    first = await windows.seat()
    first.expected.add(401)
    await first.give("first", PASSWORD)
    await expect(first.page.get_by_text("이름이나 비밀번호가 맞지 않습니다.")).to_be_visible()
    await first.give("first", password)
    await expect(first.page.get_by_role("heading", name="새 비밀번호를 정하세요")).to_be_visible()
    # Accounts of auditors are not a supervisor's, and the own role is nobody's own to change.
    await expect(chief.button("바꾸기: auditor")).to_have_count(0)


async def test_the_access_log_is_searched_by_who_what_and_when(here: Office, windows: Room) -> None:
    """By an auditor only, page by page; that it was read stands in it."""
    await here.edit(here.cell(0, 4, "", "D"))
    for _ in range(110):
        assert (await here.second.get("/api/leaves")).status == 200
    auditor = await windows.seat("auditor", path="/access-log", bypass_csp=True)
    rows = auditor.page.get_by_role("row")
    await expect(auditor.page.get_by_role("status")).to_contain_text("100건 찾음")
    assert await auditor.axe() == []
    await auditor.picture("access-log")
    await expect(rows.filter(has_text="근무표 편집")).to_have_count(0)
    await auditor.button("더 오래된 것").click()
    await expect(rows.filter(has_text="근무표 편집")).to_contain_text("chief")
    await expect(auditor.button("더 오래된 것")).to_have_count(0)

    await auditor.page.get_by_label("무엇을").select_option(label="근무표 편집")
    await auditor.button("찾기").click()
    await expect(auditor.page.get_by_role("status")).to_contain_text("1건 찾음")
    await expect(rows).to_have_count(2)
    await auditor.page.get_by_label("무엇을").select_option(label="무엇이나")
    await auditor.page.get_by_label("누가").select_option(label="auditor")
    await auditor.button("찾기").click()
    await expect(rows.filter(has_text="접근 기록 봄").first).to_be_visible()
    await expect(rows.filter(has_text="휴가 목록 봄")).to_have_count(0)
    await auditor.page.get_by_label("날짜").fill("2026-12-31")
    await auditor.button("찾기").click()
    await expect(auditor.page.get_by_role("status")).to_contain_text("찾은 기록이 없습니다.")
    await auditor.page.get_by_text("지운 증명").click()
    await expect(auditor.page.get_by_role("region", name="지운 증명")).to_contain_text("지운 것이 없습니다.")
    assert await auditor.axe() == []
    chief = await windows.seat("chief", path="/access-log")
    await expect(chief.page.get_by_role("grid")).to_be_visible()
    assert "접근 기록" not in await chief.page.get_by_role("navigation").inner_text()


def _row(seat: Seat, sign_in_name: str) -> Locator:
    """The account's line in the list."""
    return seat.page.get_by_role("row").filter(has=seat.page.get_by_role("cell", name=sign_in_name, exact=True))

"""What is written down of a consultation, checklists, isolation reports and the directory, as people at the desk meet them."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect
from sqlalchemy import text

from core.database import Database
from desk.access.model import Role
from tests.browser.house import House, house
from tests.browser.kit import Room, Seat
from tests.integration.desk.kit import PASSWORD

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

#: A Monday at noon in Seoul.
MONDAY = datetime(2027, 1, 4, 3, tzinfo=UTC)


@pytest_asyncio.fixture(loop_scope="session")
async def here(db: Database, tmp_path: Path) -> AsyncIterator[House]:
    """A counsellor and a supervisor."""
    async with house(db, tmp_path, MONDAY, {"first": Role.COUNSELLOR, "chief": Role.SUPERVISOR}, {"first": "101"}) as one:
        yield one


async def opened(here: House) -> dict[str, Any]:
    """The record of a call that goes on."""
    return await here.post("first", f"/api/contacts/{await here.call()}/record")


async def stored(here: House, record_id: str) -> Mapping[str, Any]:
    """A record as the server has it."""
    found: Mapping[str, Any] = (await here.by["first"].get(f"/api/records/{record_id}")).json
    return found


def field(seat: Seat, name: str) -> Locator:
    """A control by exactly what its label says."""
    return seat.page.get_by_label(name, exact=True)


async def changed_after_it_was_finished(seat: Seat) -> None:
    """With a reason only; every version is there."""
    await seat.button("마치기").click()
    await seat.button("확인").click()
    await expect(seat.page.get_by_text("기록을 마쳤습니다.")).to_be_visible()
    await field(seat, "상담 내용").press_sequentially(" 더 적음")
    await seat.button("까닭과 함께 저장").click()
    await expect(field(seat, "고치는 까닭")).to_have_attribute("aria-invalid", "true")
    await field(seat, "고치는 까닭").fill("빠뜨린 것")
    await seat.button("까닭과 함께 저장").click()
    await seat.saved()
    await seat.button("고친 이력").click()
    await expect(seat.dialog.get_by_role("row").last).to_contain_text("상담 내용")
    assert await seat.axe("dialog") == []


async def test_a_record_is_written_while_the_call_goes_on(here: House, windows: Room) -> None:
    """From the call to the final record: the plan at the top, a number that is taken out, what is missing said at its field, versions."""
    record = await opened(here)
    until = (MONDAY.date() + timedelta(days=30)).isoformat()
    plan = {"version": 0, "times": [{"weekday": 0, "since": "11:30", "until": "12:30"}], "minutes": 20, "helps": "노래 이야기"}
    plan["warnings"] = [{"text": "밤에는 혼자 있습니다", "until": until}]
    assert (await here.by["chief"].ask("PUT", f"/api/people/{record['person']}/plan", plan)).status == 200

    seat = await windows.seat("first", path="/records", bypass_csp=True)
    seat.expected |= {409, 422}
    await expect(seat.page.get_by_role("heading", name="쓰고 있는 내 기록 (1)")).to_be_visible()
    assert await seat.axe() == []
    await seat.picture("records")
    await seat.button("이 통화의 기록 열기").click()
    panel = seat.page.get_by_role("region", name="자주 전화하는 분의 계획")
    await expect(panel).to_contain_text("밤에는 혼자 있습니다")
    await expect(panel).to_contain_text("지금은 약속한 때입니다")
    await expect(seat.page.get_by_text("010-****-5678")).to_be_visible()

    await seat.button("마치기").click()
    await seat.button("확인").click()
    await expect(seat.page.locator("#kinds-error")).to_be_visible()
    await seat.page.get_by_label("외로움 대화").check()
    await field(seat, "누가 전화했나").select_option(label="본인")
    await field(seat, "자치구").select_option(label="도봉구")
    await field(seat, "상담 전 마음 (0–10)").select_option(label="2")
    await seat.page.get_by_label("경청").check()
    await field(seat, "상담 내용").fill("혼자 지내신 지 오래입니다. 900101-1234567")
    await expect(field(seat, "상담 내용")).to_have_value("혼자 지내신 지 오래입니다. [주민등록번호 삭제됨]")
    await expect(seat.page.get_by_text("주민등록번호 1개를 지웠습니다.")).to_be_visible()
    await seat.saved()

    await field(seat, "민감정보").fill("고혈압 약")
    sensitive = field(seat, "민감정보")
    await expect(sensitive).to_have_attribute("aria-invalid", "true")
    await expect(seat.page.get_by_role("status")).to_contain_text("저장되지 않았습니다")
    await field(seat, "무엇에").select_option(label="민감정보")
    await field(seat, "읽은 문안의 판").fill("s-2027-01")
    await seat.button("동의 저장").click()
    await seat.saved()
    await expect(sensitive).not_to_have_attribute("aria-invalid", "true")
    kept = (await stored(here, record["id"]))["content"]
    assert (kept["sensitive"], kept["district"], kept["skills"]) == ("고혈압 약", "dobong", ["listening"])
    assert await seat.axe() == []
    await seat.picture("record")

    await changed_after_it_was_finished(seat)


async def test_two_windows_that_write_one_record_lose_nothing(here: House, windows: Room) -> None:
    """Different fields are put together; of the same text both are shown, and whoever typed chooses. An ended session keeps what was typed."""
    record = await opened(here)
    path = f"/records/{record['id']}"
    one = await windows.seat("first", path=path, bypass_csp=True)
    other = await windows.seat("first", path=path)
    one.expected |= {401, 409}
    other.expected |= {401, 409}
    await field(one, "상담 내용").fill("첫째 창에서 쓴 글")
    await one.saved()
    await field(other, "자치구").select_option(label="마포구")
    await other.saved()
    await expect(field(other, "상담 내용")).to_have_value("첫째 창에서 쓴 글")
    await field(one, "상담 내용").fill("첫째 창에서 다시 쓴 글")
    await one.saved()
    await expect(field(one, "자치구")).to_have_value("mapo")
    await field(other, "상담 내용").fill("둘째 창에서 쓴 글")
    await expect(other.dialog).to_contain_text("첫째 창에서 다시 쓴 글")
    await expect(other.dialog).to_contain_text("둘째 창에서 쓴 글")
    await other.picture("record-conflict")
    assert (await stored(here, record["id"]))["content"]["text"] == "첫째 창에서 다시 쓴 글"
    await other.dialog.get_by_label("둘 다").check()
    await other.button("정하기").click()
    await other.saved()
    both = "첫째 창에서 다시 쓴 글\n\n둘째 창에서 쓴 글"
    assert (await stored(here, record["id"]))["content"]["text"] == both

    here.clock.advance(3601)
    await field(other, "상담 내용").fill(f"{both} 그리고 더")
    await expect(other.dialog).to_contain_text("다시 로그인하세요")
    await other.dialog.get_by_label("이름").fill("first")
    await other.dialog.get_by_label("비밀번호").fill(PASSWORD)
    await other.press("Enter")
    await expect(other.dialog).to_have_count(0)
    await other.saved()
    assert (await here.by["first"].sign_in("first")).status == 200
    assert (await stored(here, record["id"]))["content"]["text"] == f"{both} 그리고 더"


async def test_an_answer_that_is_an_alarm_proposes_the_crisis_path_at_once(here: House, windows: Room) -> None:
    """By digits alone; what is left out is 미완료 and has no outcome; one button starts it; a person decides about what is recommended."""
    record = await opened(here)
    seat = await windows.seat("first", path=f"/records/{record['id']}", bypass_csp=True)
    await seat.button("체크리스트").click()
    await seat.dialog.get_by_role("button", name="서울시 외로움 및 고립위험 체크리스트").click()
    await expect(seat.dialog.get_by_role("group").first.get_by_role("radio").first).to_be_focused()
    status = seat.dialog.get_by_role("status")
    await seat.press("3", "3", "3", "1", "1")
    await expect(status).to_contain_text("미완료: 7문항 남음")
    assert await seat.axe("dialog") == []
    await seat.press(*"1111111")
    await expect(status).to_contain_text("미완료: 6문항 남음")
    await seat.press("0", "0")
    await expect(seat.dialog.get_by_role("alert")).to_have_count(0)
    await seat.press("1")
    alarm = seat.dialog.get_by_role("alert")
    await expect(alarm).to_contain_text("위기 대응을 제안했습니다")
    await expect(seat.button("위기 대응 시작")).to_be_in_viewport()
    await expect(seat.dialog.get_by_role("button", name="자살 위험 질문")).to_be_visible()
    await seat.picture("checklist-alarm")
    (proposed,) = await here.db.execute(text("SELECT proposed FROM incidents"))
    assert proposed.proposed
    bar = seat.page.get_by_role("region", name="위기 알림", include_hidden=True)
    await expect(bar).to_contain_text("점검표가 위기를 제안했습니다.")
    await seat.button("위기 대응 시작").click()
    await expect(alarm).to_contain_text("위기 대응을 시작했습니다")
    orders = await here.db.execute(text("SELECT kind FROM incident_orders"))
    assert [row.kind for row in orders] == ["raise"]

    await seat.button("미완료로 끝내기").click()
    await expect(seat.dialog.get_by_text("답하지 않은 문항이 있어 결과를 낼 수 없습니다")).to_be_visible()
    await field(seat, "어떻게 하기로 했나").select_option(label="다르게 정함")
    assert await seat.axe("dialog") == []
    await seat.button("결정 저장").click()
    await expect(seat.dialog).to_have_count(0)
    related = seat.page.get_by_role("region", name="함께 있는 것")
    await expect(related.get_by_role("link", name="위기")).to_be_visible()
    await related.get_by_role("button", name="체크리스트 결과").click()
    await expect(seat.dialog.get_by_role("region", name="답")).to_contain_text("–")
    assert await seat.axe("dialog") == []
    await seat.press("Escape")
    results = (await here.by["first"].get(f"/api/contacts/{record['contact']}/checklist-results")).json["results"]
    assert [(one["complete"], one["alarms"], one["decision"]) for one in results] == [(False, ["C3"], "otherwise")]


async def test_a_supervisor_sees_texts_for_a_reason_only(here: House, windows: Room) -> None:
    """What is covered is named; the reason stands in the access log. An isolation report keeps subject and reporter apart."""
    record = await opened(here)
    body = {"version": 0, "kinds": ["loneliness"], "caller": "self", "skills": [], "text": "비밀 이야기"}
    assert (await here.by["first"].ask("PUT", f"/api/records/{record['id']}", body)).status == 200
    seat = await windows.seat("chief", path="/records", bypass_csp=True)
    seat.expected |= {404, 422}
    await seat.page.get_by_role("region", name="오늘 기록").get_by_role("link").first.click()
    await expect(seat.page.get_by_text("볼 수 없는 부분")).to_contain_text("상담 내용")
    await expect(seat.page.get_by_text("비밀 이야기")).to_have_count(0)
    await seat.button("까닭을 적고 모두 보기").click()
    await seat.page.get_by_label("보는 까닭").fill("민원 확인")
    await seat.button("모두 보기").click()
    await expect(seat.page.get_by_text("비밀 이야기")).to_be_visible()
    await expect(seat.page.get_by_text("010-1234-5678")).to_be_visible()
    assert await seat.axe() == []
    rows = await here.db.execute(text("SELECT detail FROM access_log WHERE action = 'record_unmasked'"))
    assert [row.detail["reason"] for row in rows] == ["민원 확인"]

    await seat.button("고립 신고 쓰기").click()
    await seat.button("신고 보내기").click()
    await expect(seat.page.get_by_text("징후를 고르거나 알아챈 것을 적으세요.").first).to_be_visible()
    await field(seat, "그 사람의 이름").fill("이웃 어르신")
    await seat.page.get_by_label("우편물이 쌓임").check()
    await field(seat, "관계").select_option(label="이웃")
    await field(seat, "알려 준 사람의 이름").fill("알려 준 이")
    await seat.page.reload()
    await expect(field(seat, "알려 준 사람의 이름")).to_have_value("알려 준 이")
    assert await seat.axe() == []
    await seat.picture("isolation-report")
    await seat.button("신고 보내기").click()
    await expect(seat.page.get_by_role("heading", name="살펴야 할 사람")).to_be_visible()
    await expect(seat.page.get_by_text("이웃 어르신")).to_be_visible()
    await expect(seat.page.get_by_text("알려 준 이", exact=True)).to_have_count(0)
    await seat.page.get_by_role("link", name="내가 쓴 고립 신고").click()
    await expect(seat.page.get_by_role("row").filter(has_text="우편물이 쌓임")).to_be_visible()
    assert await seat.axe() == []


async def with_reason(seat: Seat, button: str, yes: str) -> None:
    """A right of a person is seen to."""
    await seat.button(button).click()
    await field(seat, "까닭").fill("본인 요청")
    if await seat.dialog.get_by_role("checkbox").count():
        await seat.dialog.get_by_role("checkbox").check()
    await seat.dialog.get_by_role("button", name=yes, exact=True).click()


async def from_a_case(here: House, chief: Seat) -> None:
    """A case leads to the person, too."""
    wanted = {"name": "김하늘", "number": "010-1234-5678", "district": "dobong", "reason": "말벗", "urgency": "soon"}
    case = (await here.post("first", "/api/referrals", wanted))["id"]
    await chief.page.goto(f"{chief.url}/centre/case/{case}")
    await chief.page.get_by_role("link", name="지난 기록과 이름").click()
    await expect(chief.page.get_by_role("heading", name="본인의 권리와 보존")).to_be_visible()
    await here.post("first", f"/api/referrals/{case}/withdraw")


async def test_a_person_is_found_by_number_copied_held_and_erased(here: House, windows: Room) -> None:
    """The counsellor keeps the name; a supervisor sees it for a reason; what stands against erasing is said; at the end nothing is left."""
    record = await opened(here)
    body = {"version": 0, "kinds": ["loneliness"], "caller": "self", "skills": [], "text": "비밀 이야기"}
    assert (await here.by["first"].ask("PUT", f"/api/records/{record['id']}", body)).status == 200
    first = await windows.seat("first", path=f"/records/{record['id']}")
    await expect(first.page.get_by_role("link", name="센터에 의뢰")).to_have_attribute("href", f"/referrals/new/{record['contact']}")
    await first.page.get_by_role("link", name="사람", exact=True).click()
    await field(first, "이름").fill("김하늘")
    await first.button("저장").click()
    await expect(first.page.get_by_text("이름과 주소를 저장했습니다.")).to_be_visible()
    await expect(first.page.get_by_role("heading", name="본인의 권리와 보존")).to_have_count(0)

    chief = await windows.seat("chief", path="/records", bypass_csp=True)
    chief.expected |= {404, 409}
    await chief.page.get_by_role("link", name="사람 찾기").click()
    await field(chief, "전화번호").fill("02-123-4567")
    await field(chief, "까닭").fill("본인 요청")
    await chief.button("찾기").click()
    await expect(chief.page.get_by_text("이 번호로 남은 것이 없습니다.")).to_be_visible()
    await field(chief, "전화번호").fill("010-1234-5678")
    await chief.button("찾기").click()
    await expect(chief.page.get_by_text("김*늘")).to_be_visible()
    await chief.button("까닭을 적고 모두 보기").click()
    await field(chief, "보는 까닭").fill("본인 확인")
    await chief.button("모두 보기").click()
    await expect(chief.page.get_by_text("김하늘")).to_be_visible()
    await expect(chief.page.get_by_text("010-1234-5678")).to_be_visible()
    assert await chief.axe() == []
    await chief.picture("person")
    await from_a_case(here, chief)
    await with_reason(chief, "법적 보존 걸기", "보존 걸기")
    await expect(chief.page.get_by_text("법적 보존 중")).to_be_visible()
    await with_reason(chief, "지우기", "모두 지우기")
    await expect(chief.dialog.get_by_role("listitem")).to_have_text([re.compile("지금 통화 중"), re.compile("법적 보존이 걸려")])
    assert await chief.axe("dialog") == []
    await chief.picture("person-refused")
    await chief.button("취소").click()
    await with_reason(chief, "법적 보존 풀기", "보존 풀기")
    await expect(chief.page.get_by_text("법적 보존 중")).to_have_count(0)
    async with chief.page.expect_download() as download:
        await with_reason(chief, "사본 내려받기", "내려받기")
    kept = json.loads((await (await download.value).path()).read_text())
    assert (kept["name"], kept["records"][0]["content"]["text"]) == ("김하늘", "비밀 이야기")

    await here.db.execute(text("UPDATE contacts SET outcome = 'talked', ended_at = now(), state = 'ended'"))
    await with_reason(chief, "지우기", "모두 지우기")
    await expect(chief.page.get_by_text("이 사람에 관한 것을 모두 지웠습니다.")).to_be_visible()
    assert await here.db.execute(text("SELECT FROM care_people UNION ALL SELECT FROM care_records")) == []
    rows = await here.db.execute(text("SELECT detail FROM access_log WHERE action = 'person_unmasked'"))
    assert [row.detail["reason"] for row in rows] == ["본인 확인"]


async def test_the_directory_says_what_is_open_and_is_kept_by_hand_and_by_file(here: House, windows: Room) -> None:
    """A filter, the next opening, an error at its field, a file whose wrong cells are named before anything is written."""
    seat = await windows.seat("chief", path="/directory", bypass_csp=True)
    seat.expected.add(422)
    places = seat.page.get_by_role("main").get_by_role("listitem")
    found = seat.page.get_by_role("status")
    await expect(places.first).to_contain_text("지금 열림")
    await expect(places.first).to_contain_text("기준)")
    assert await seat.axe() == []
    await seat.picture("directory")
    await seat.page.get_by_label("종류").select_option(label="서울마음편의점")
    await expect(found).to_have_text("5곳")
    await seat.page.get_by_label("종류").select_option(label="서비스")
    await expect(found).to_have_text("0곳")

    await seat.button("새 항목").click()
    await field(seat, "코드").fill("test-kitchen")
    await field(seat, "이름").fill("모두의 부엌")
    await field(seat, "운영시간").fill("아무 때나")
    await field(seat, "출처").fill("구청 누리집")
    await field(seat, "출처일").fill(date(2027, 1, 3).isoformat())
    await seat.button("저장").click()
    await expect(field(seat, "운영시간")).to_have_attribute("aria-invalid", "true")
    await field(seat, "운영시간").fill("화-금 09:00-18:00")
    assert await seat.axe("dialog") == []
    await seat.button("저장").click()
    await expect(seat.dialog).to_have_count(0)
    kitchen = places.filter(has_text="모두의 부엌")
    await expect(kitchen).to_contain_text("지금 닫힘 · 내일 09:00 엶")
    await seat.page.get_by_label("지금 열린 곳만").check()
    await expect(kitchen).to_have_count(0)
    await seat.page.get_by_label("지금 열린 곳만").uncheck()
    await expect(kitchen).to_be_visible()

    head = "코드,구분,이름,출처,출처일,운영시간\n"
    await seat.button("파일 가져오기").click()
    box = seat.dialog.get_by_label("파일 (.xlsx, .csv)")
    wrong = f"{head}test-kitchen,서비스,모두의 부엌,구청,2027-01-03,아무 때나\n".encode()
    await box.set_input_files({"name": "places.csv", "mimeType": "text/csv", "buffer": wrong})
    await expect(seat.dialog.get_by_role("region", name="문제").get_by_role("row").last).to_contain_text("F2")
    await expect(seat.button("모두 적용")).to_be_disabled()
    right = f"{head}test-kitchen,서비스,모두의 부엌,구청,2027-01-03,매일 00:00-24:00\n".encode()
    await box.set_input_files({"name": "places.csv", "mimeType": "text/csv", "buffer": right})
    await expect(seat.dialog.get_by_role("region", name="바뀌는 칸")).to_contain_text("test-kitchen")
    assert await seat.axe("dialog") == []
    await seat.button("모두 적용").click()
    await expect(kitchen).to_contain_text("지금 열림")
    counsellor = await windows.seat("first", path="/directory")
    await expect(counsellor.page.get_by_role("listitem").filter(has_text="서울마음편의점 도봉점")).to_contain_text("월–금 10:00-20:00")
    await expect(counsellor.button("새 항목")).to_have_count(0)

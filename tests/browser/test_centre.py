"""A complex case: referred by a counsellor, taken on by the centre, accompanied by a companion; as each of them meets it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from core.database import Database
from desk.access.model import Role
from escalation.centre.model import Result
from tests.browser.house import House, house
from tests.browser.kit import Room, Seat
from tests.integration.escalation.centre.kit import NOON
from tests.kit.until import until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

REASON = "혼자 지내신 지 삼 년, 식사를 거르심"
PEOPLE = {
    "counsellor": Role.COUNSELLOR, "chief": Role.SUPERVISOR, "anna": Role.CENTRE, "boram": Role.CENTRE, "dongmi": Role.COMPANION,
}  # fmt: skip


@pytest_asyncio.fixture(loop_scope="session")
async def here(db: Database, tmp_path: Path) -> AsyncIterator[House]:
    """Noon of a Tuesday; two people at the centre, one companion."""
    async with house(db, tmp_path, NOON, PEOPLE) as one:
        for number, name in enumerate(("anna", "boram"), 201):
            await one.post("chief", "/api/centre/staff", {"name": name, "extension": str(number), "user": one.users[name]})
        companion = {"name": "동미", "number": "010-9999-8888", "user": one.users["dongmi"], "districts": ["gangbuk"], "topics": ["바둑"]}
        await one.post("chief", "/api/companions", companion)
        yield one


def consented(here: House, recipient_name: str, **more: object) -> dict[str, object]:
    """A complete consent."""
    until_when = (here.clock.now() + timedelta(days=90)).isoformat()
    return {
        "given": True, "recipient_name": recipient_name, "purpose": "지원", "items": ["name", "number"], "until": until_when,
        "right_to_refuse_told": True, "script_version": "2027-1", **more,
    }  # fmt: skip


async def sent(here: House, *, urgency: str = "soon") -> str:
    """A referral on the worklist."""
    body = {"name": "김하늘", "number": "010-1234-5678", "district": "gangbuk", "reason": REASON, "urgency": urgency}
    case = str((await here.post("counsellor", "/api/referrals", body))["id"])
    answer = consented(here, "고립예방센터", permission={"may_call": True})
    await here.post("counsellor", f"/api/referrals/{case}/answer", answer)
    await here.post("counsellor", f"/api/referrals/{case}/send", {})
    return case


async def called(here: House, case: str) -> None:
    """The telephone did what the desk asked for: they talked."""
    page = (await here.by["anna"].get(f"/api/centre/cases/{case}")).json
    call_id = next(one["id"] for one in page["attempts"] if one["result"] is None)
    await here.rooms.centre.calls.talking(call_id)
    await here.rooms.centre.calls.ended(call_id, Result.TALKED)


def field(seat: Seat, name: str) -> Locator:
    """A control by exactly what its label says."""
    return seat.page.get_by_label(name, exact=True)


def choice(seat: Seat, name: str) -> Locator:
    """Something to be chosen from, by how its name begins: what is chosen may be read with it."""
    return seat.page.get_by_role("combobox", name=re.compile(f"^{name}"))


async def clean(seat: Seat, name: str, within: str = "html") -> None:
    """The accessibility checker finds nothing, and a picture is kept."""
    await expect(seat.page.get_by_text("불러오는 중입니다")).to_have_count(0)
    assert await seat.axe(within) == [], name
    await seat.picture(name)


async def test_a_referral_from_consent_to_the_closed_case(here: House, windows: Room) -> None:
    """The counsellor asks and sends; the centre's open list shows it at once; it is taken, called back, worked on, closed and opened again."""
    anna = await windows.seat("anna", bypass_csp=True)
    await expect(anna.page.get_by_role("heading", name="할 일", exact=True)).to_be_visible()
    await expect(anna.page.get_by_text("0건 가운데 0건 보임")).to_be_visible()
    await _refer(await windows.seat("counsellor", path="/referrals", bypass_csp=True))

    row = anna.page.get_by_role("row").filter(has_text="기다리는 중")
    await expect(row).to_contain_text("오늘")
    await expect(row).to_contain_text("강북구")
    await expect(row).to_contain_text("남음")
    await clean(anna, "centre-worklist")
    await row.get_by_role("button", name=re.compile("맡기")).click()
    await expect(anna.page.get_by_role("heading", name="김하늘")).to_be_visible()
    await expect(anna.page.get_by_text(REASON)).to_be_visible()
    await expect(anna.page.get_by_text("1234")).to_have_count(0)
    case = anna.page.url.rsplit("/", 1)[1]

    await expect(anna.page.get_by_text("본인인지 확인하기 전에는 어디서 거는지 말하지 마세요.")).to_be_visible()
    await anna.button("☎ 전화 걸기").click()
    await expect(anna.page.get_by_text("지금 전화를 거는 중입니다.")).to_be_visible()
    await called(here, case)
    await expect(anna.page.get_by_text("통화함", exact=True)).to_be_visible()
    await anna.button("심층상담 시작").click()
    await _write(anna)
    await _work(anna)
    await clean(anna, "centre-case")
    await _close(anna)
    assert (await here.by["counsellor"].get(f"/api/referrals/{case}")).json["outcome"] == "linked"


async def _refer(seat: Seat) -> None:
    """As a counsellor does, with everything that can be forgotten forgotten first."""
    await seat.page.get_by_role("link", name="의뢰하기").click()
    await clean(seat, "referral-form")
    await field(seat, "이름이나 부르는 말").fill("김하늘")
    await field(seat, "전화번호").fill("전화")
    await field(seat, "자치구").select_option(label="강북구")
    await field(seat, "의뢰 이유").fill(REASON)
    await seat.page.get_by_label("오늘: 열두 시간 안에").check()
    seat.expected.add(422)
    await seat.button("다음: 동의 묻기").click()
    await expect(field(seat, "전화번호")).to_have_attribute("aria-invalid", "true")
    await field(seat, "전화번호").fill("010-1234-5678")
    await seat.button("다음: 동의 묻기").click()

    await expect(seat.page.get_by_role("blockquote")).to_contain_text("이름, 전화번호, 자치구, 의뢰 이유")
    await seat.button("✓ 동의합니다").click()
    await expect(seat.page.get_by_text("거절할 수 있다는 것을 먼저 말씀드려야 합니다.")).to_be_visible()
    await clean(seat, "referral-consent")
    await seat.page.get_by_label("거절할 수 있고 거절하면 어떻게 되는지 말씀드렸습니다").check()
    await seat.page.get_by_role("group", name="이 번호로 전화드려도 될까요?").get_by_label("예", exact=True).check()
    await seat.button("✓ 동의합니다").click()
    await seat.button("지금 연결하기").click()
    await expect(seat.page.get_by_text("센터의 할 일 목록에 올렸습니다. 지금 통화 중이 아닙니다.")).to_be_visible()
    await seat.go("센터 의뢰")
    await expect(seat.page.get_by_role("row").filter(has_text="기다리는 중")).to_be_visible()
    await clean(seat, "referrals")


async def _write(seat: Seat) -> None:
    """The in-depth record is saved by itself, and corrected."""
    await seat.button("심층상담 기록 쓰기").click()
    await field(seat, "심층상담 기록").fill("첫 통화: 식사를 거르심")
    await expect(seat.page.get_by_role("status").filter(has_text="저장됨")).to_be_visible()
    await field(seat, "심층상담 기록").fill("첫 통화: 식사를 거르시고 말벗을 바라심")
    await seat.button("다 썼습니다").click()
    await expect(seat.page.get_by_text("이전 판 1개")).to_be_visible()
    await expect(seat.page.get_by_text("말벗을 바라심")).to_be_visible()


async def _work(seat: Seat) -> None:
    """A need, a service with consent of its own, a follow-up."""
    await seat.button("필요한 것 더하기: 복지").click()
    await field(seat, "무엇이 필요한가").fill("도시락")
    await seat.button("저장").click()
    await seat.button("서비스 연계").click()
    await clean(seat, "centre-link", "dialog")
    await seat.dialog.get_by_label("다른 곳").fill("강북 나눔터")
    await seat.dialog.get_by_role("button", name="이곳으로", exact=True).click()
    await expect(seat.button("서비스에 넘기기")).to_be_disabled()
    await seat.button("동의 묻기: 강북 나눔터").click()
    await clean(seat, "centre-consent", "dialog")
    await seat.dialog.get_by_label("거절할 수 있고 거절하면 어떻게 되는지 말씀드렸습니다").check()
    await seat.button("✓ 동의합니다").click()
    await seat.button("서비스에 넘기기").click()
    await expect(seat.page.get_by_text("넘김, 답을 기다림")).to_be_visible()
    await seat.button("＋ 후속 일 더하기").click()
    await field(seat, "언제까지 (서울 시각)").fill("2027-03-04T14:00")
    await field(seat, "무엇을").fill("도시락이 오는지")
    await seat.button("저장").click()
    await expect(seat.page.get_by_text("도시락이 오는지")).to_be_visible()


async def _close(seat: Seat) -> None:
    """Not before everything is finished, with an outcome; and open again."""
    seat.expected.add(409)
    await seat.button("사례 마치기").click()
    await field(seat, "결과").select_option(label="서비스가 이어받음")
    await seat.button("마치기").click()
    await expect(seat.dialog).to_contain_text("남은 후속 일 1건, 연계 1건.")
    await clean(seat, "centre-close", "dialog")
    await seat.press("Escape")
    await field(seat, "무엇이 되었나").fill("월요일부터")
    await seat.button("받아들임").click()
    await field(seat, "어떻게 되었나").fill("옴")
    await seat.button("했습니다").click()
    await expect(seat.page.get_by_text("남은 후속 일이 없습니다.")).to_be_visible()
    await seat.button("사례 마치기").click()
    await field(seat, "결과").select_option(label="서비스가 이어받음")
    await seat.button("마치기").click()
    await expect(seat.button("다시 열기")).to_be_visible()


async def test_two_who_correct_one_text_lose_nothing(here: House, windows: Room) -> None:
    """The second is shown what the first wrote, and goes on with either; a text that did not arrive is there after a reload."""
    case = await sent(here)
    await here.post("anna", f"/api/centre/cases/{case}/claim")
    first = (await here.post("anna", f"/api/centre/cases/{case}/notes", {"kind": "counselling", "text": "처음"}))["id"]
    anna = await windows.seat("anna", path=f"/centre/case/{case}")
    await anna.button("고쳐 쓰기").click()
    body = {"kind": "counselling", "text": "보람이 고침", "replaces": first}
    await here.post("boram", f"/api/centre/cases/{case}/notes", body)
    await expect(anna.page.get_by_role("alert").filter(has_text="boram")).to_contain_text("보람이 고침")
    await field(anna, "심층상담 기록").fill("안나가 고침")
    await anna.button("내 글로 이어 가기").click()
    await expect(anna.page.get_by_role("status").filter(has_text="저장됨")).to_be_visible()

    await anna.page.context.set_offline(True)
    await field(anna, "심층상담 기록").fill("안나가 더 씀")
    await expect(anna.page.get_by_role("status").filter(has_text="서버에 닿지 않습니다")).to_be_visible()
    anna.complaints.clear()
    await anna.page.context.set_offline(False)
    await anna.page.reload()
    await expect(field(anna, "심층상담 기록")).to_have_value("안나가 더 씀")
    await expect(anna.page.get_by_role("status").filter(has_text="저장됨")).to_be_visible()
    texts = [one["text"] for one in (await here.by["anna"].get(f"/api/centre/cases/{case}")).json["notes"]]
    assert texts == [REASON, "처음", "보람이 고침", "안나가 고침", "안나가 더 씀"]


async def test_the_list_says_what_is_late_and_reports_are_worked_through(here: House, windows: Room) -> None:
    """Referrals and isolation reports in one list; overdue first and in words; filters; staff and their hours by a supervisor."""
    await sent(here, urgency="immediate")
    report = {"urgency": "today", "signs": ["not_seen"], "subject": {"name": "박노인", "district": "dobong", "noticed": "우편물"}}
    assert (await here.by["counsellor"].ask("PUT", f"/api/isolation-reports/{uuid4()}", report)).status == 200
    here.clock.advance(7200)
    anna = await windows.seat(bypass_csp=True)
    await anna.page.context.clock.set_system_time(here.clock.now())
    await anna.sign_in("anna")
    rows = anna.page.get_by_role("row")
    await expect(rows.nth(1)).to_contain_text("⚠ 기한이 60분 지남")
    await expect(rows.nth(2)).to_contain_text("고립 신고")
    await choice(anna, "보기").select_option(label="기한이 지난 것")
    await expect(anna.page.get_by_text("2건 가운데 1건 보임 · 기한 지남 1건")).to_be_visible()
    await choice(anna, "보기").select_option(label="모두")
    await choice(anna, "종류").select_option(label="고립 신고")
    await expect(rows).to_have_count(2)
    await rows.nth(1).get_by_role("button").click()
    await expect(anna.page.get_by_role("heading", name=re.compile("고립 신고"))).to_be_visible()
    await anna.button("신고한 분 보기").click()
    await expect(anna.page.get_by_text("누구인지 밝히지 않았습니다.")).to_be_visible()
    await clean(anna, "centre-report")
    await field(anna, "무엇을 했거나 왜 그런지").fill("찾아가 뵘")
    await choice(anna, "결과").select_option(label="지원함")
    await anna.button("신고 마치기").click()
    await expect(anna.button("다시 열기")).to_be_visible()

    chief = await windows.seat("chief", path="/centre/staff", bypass_csp=True)
    await chief.button("근무 시간 고치기: anna").click()
    await chief.button("월–금 9–18시").click()
    await clean(chief, "centre-duties", "dialog")
    await chief.button("저장").click()
    await expect(rows_of(chief, "anna")).to_contain_text("18:00까지 근무")
    await clean(chief, "centre-staff")


def rows_of(seat: Seat, name: str) -> Locator:
    """The line of somebody."""
    return seat.page.get_by_role("row").filter(has=seat.page.get_by_role("rowheader", name=name, exact=True))


async def test_a_companion_is_found_and_leads_back(here: House, windows: Room) -> None:
    """Candidates with reasons; taken on; planned calls; no number anywhere; back to the centre and to crisis, each confirmed once."""
    case = await sent(here)
    await here.post("anna", f"/api/centre/cases/{case}/claim")
    consent = consented(here, "외로움돌봄동행단", recipient="companions")
    await here.post("anna", f"/api/referrals/{case}/consents", consent)
    anna = await windows.seat("anna", path=f"/companions/match/{case}", bypass_csp=True)
    candidate = anna.page.get_by_role("listitem").filter(has=anna.page.get_by_role("heading", name="동미"))
    await expect(candidate).to_contain_text("같은 자치구 (강북구)")
    await clean(anna, "companion-match")
    await anna.button("부탁하기: 동미").click()
    await anna.dialog.get_by_role("button", name="부탁하기").click()
    await expect(anna.page.get_by_role("heading", name="김하늘 님과 동행인 동미 님")).to_be_visible()

    dongmi = await windows.seat("dongmi", bypass_csp=True)
    await dongmi.button("맡겠습니다").click()
    await expect(dongmi.button("☎ 지금 통화하기")).to_be_visible()
    await anna.button("＋ 정기 통화 정하기").click()
    await field(anna, "요일").select_option(label="목")
    await clean(anna, "companion-plan", "dialog")
    await anna.button("저장").click()
    await expect(anna.page.get_by_text("매주 목 10:00")).to_be_visible()
    await clean(anna, "companion-support")
    await dongmi.page.reload()
    await expect(dongmi.page.get_by_text("3월 4일 10:00").or_(dongmi.page.get_by_text("3월 4일, 10:00")).first).to_be_visible()

    await field(dongmi, "짧은 글").fill("목소리가 밝으셨음")
    await dongmi.button("글 남기기").click()
    await expect(dongmi.page.get_by_text("남긴 글 1개")).to_be_visible()
    await dongmi.button("센터로 돌려보내기").click()
    await dongmi.button("취소").click()
    await dongmi.button("센터로 돌려보내기").click()
    await dongmi.button("확인").click()
    await expect(dongmi.page.get_by_text("✔ 센터에 알렸습니다.")).to_be_visible()
    await field(dongmi, "짧은 글").fill("대답이 없으심")
    await dongmi.button("지금 위험합니다").click()
    await clean(dongmi, "my-people")
    await dongmi.button("확인").click()
    await expect(dongmi.page.get_by_text("✔ 알렸습니다.")).to_be_visible()
    assert not re.search(r"1234|5678|9999|8888", await dongmi.page.content())
    await anna.page.goto(f"{anna.url}/centre/case/{case}")
    await expect(anna.page.get_by_text("동행인이 위험을 알림")).to_be_visible()
    await expect(anna.page.get_by_text("대답이 없으심")).to_be_visible()

    await _known(anna)
    await _end(anna)

    async def gone() -> bool:
        return not (await here.by["dongmi"].get("/api/me/supports")).json["supports"]

    await until(gone, 20)


async def _known(anna: Seat) -> None:
    """The lists, and what is known of a companion."""
    await anna.go("동행단")
    await clean(anna, "companion-supports")
    await anna.page.get_by_role("link", name="동행인", exact=True).click()
    await anna.button("바꾸기: 동미").click()
    await clean(anna, "companion-edit", "dialog")
    await anna.dialog.get_by_label("몇 명까지").fill("3")
    await anna.button("저장").click()
    await expect(rows_of(anna, "동미")).to_contain_text("3명 가운데 1명")
    await clean(anna, "companions")


async def _end(seat: Seat) -> None:
    """With a reason."""
    await seat.page.get_by_role("link", name="동행", exact=True).click()
    await seat.page.get_by_role("link", name="김하늘").click()
    await seat.button("동행 끝내기").click()
    await field(seat, "왜 끝나는가").select_option(label="센터로 돌아감")
    await seat.button("끝내기").click()
    await expect(seat.page.get_by_text("센터로 돌아감")).to_be_visible()

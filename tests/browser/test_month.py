"""A supervisor's month in the roster page."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.async_api import FilePayload, expect

from tests.browser.kit import WAIT_MS, Room, Seat
from tests.integration.desk.kit import PASSWORD
from tests.integration.desk.office import MONTH, Office, on

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: What is wrong with 김하늘's 5th of January.
AWAY = re.compile("1월 5일.화. 김하늘: 승인된 휴가일에 낮 근무가 있습니다")


async def test_the_whole_job_is_done_by_keyboard_alone(here: Office, windows: Room) -> None:
    """Sign in, plan by letters, read what is wrong, take it back, fill a range, give reasons, publish: the pointer is never used."""
    await here.whole_month()
    await _sick(here, 0, 5)
    seat = await windows.seat()
    await seat.page.goto(seat.url)
    await seat.tab_to(seat.page.get_by_label("이름", exact=True))
    await seat.page.keyboard.type("chief")
    await seat.press("Tab")
    await seat.page.keyboard.type(PASSWORD)
    await seat.press("Enter")
    await seat.tab_to(seat.cell(0, 1))
    await expect(seat.page.get_by_role("grid")).to_have_accessible_name("2027년 1월 근무표")
    await _mistake_and_undo(seat)
    await _fill(here, seat)
    await _publish(here, seat)
    assert await seat.pointed() == 0


async def _mistake_and_undo(seat: Seat) -> None:
    await seat.go_to(0, 5)
    await seat.press("d")
    await seat.holds(0, 5, "D")
    await expect(seat.cell(0, 5)).to_have_accessible_name(AWAY)
    await seat.press("ArrowLeft")
    await expect(seat.page.get_by_role("region", name="칸", exact=True)).to_contain_text(AWAY)
    await expect(seat.button("! 반드시 지킬 규칙 1")).to_be_visible()
    await seat.picture("conflict")
    for keys, text, wrong in (("Control+z", "휴", 0), ("Control+y", "D", 1), ("Control+z", "휴", 0)):
        await seat.press(keys)
        await seat.holds(0, 5, text)
        await expect(seat.button(f"! 반드시 지킬 규칙 {wrong}")).to_be_visible()


async def _fill(here: Office, seat: Seat) -> None:
    await seat.go_to(12, 4)
    await seat.press("d", "d", "e")
    await seat.holds(12, 6, "E")
    await seat.go_to(12, 4)
    await seat.press("Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown", "Control+d")
    await seat.holds(13, 6, "E")
    assert [await here.held(13, day) for day in (4, 5, 6)] == [["D"], ["D"], ["E"]]
    await seat.press("Delete")
    await seat.holds(13, 6, "")
    assert [await here.held(row, 6) for row in (12, 13)] == [[], []]


async def _publish(here: Office, seat: Seat) -> None:
    await seat.tab_to(seat.button("게시"), "Shift+Tab")
    await seat.press("Enter")
    await seat.tab_to(seat.page.get_by_label("사유가 없는 모든 규칙에 같은 사유"))
    await seat.page.keyboard.type("새해 첫 달, 다음 주에 보충")
    await seat.tab_to(seat.button("모두 채우기"))
    await seat.press("Enter")
    await seat.picture("publish")
    await seat.tab_to(seat.button("게시하기"), "Shift+Tab")
    await seat.press("Enter")
    await expect(seat.dialog).to_contain_text("게시했습니다. 그러나 살필 것이 있습니다")
    await seat.tab_to(seat.dialog.get_by_role("button", name="닫기").last)
    await seat.press("Enter")
    await expect(seat.dialog).to_have_count(0)
    await expect(seat.page.get_by_text(re.compile(r"게시: \d+판"))).to_be_visible()
    wrong = (await here.chief.get(MONTH)).json["violations"]
    assert {one["override_reason"] for one in wrong if one["level"] == "policy"} == {"새해 첫 달, 다음 주에 보충"}


async def test_a_hard_rule_cannot_be_published_over(here: Office, windows: Room) -> None:
    """The page says which, and leads there."""
    await here.whole_month()
    await here.edit(here.cell(0, 5, "", "D"))
    await _sick(here, 0, 5)
    seat = await windows.seat("chief")
    await seat.button("게시").click()
    await expect(seat.dialog).to_contain_text("반드시 지킬 규칙 1건이 어긋나 게시할 수 없습니다")
    await expect(seat.button("게시하기")).to_be_disabled()
    await seat.dialog.get_by_role("button", name="이동").click()
    await expect(seat.dialog).to_have_count(0)
    await expect(seat.page.locator("td:focus")).to_have_accessible_name(AWAY)


async def test_a_block_is_copied_within_the_page_and_pasted_from_a_spreadsheet(here: Office, windows: Room) -> None:
    """As spreadsheets do it; a text that is no shift changes nothing and is named with its cell."""
    await here.edit(here.cell(0, 4, "", "D"), here.cell(0, 5, "", "E"), here.cell(1, 4, "", "N"))
    seat = await windows.seat("chief")
    await seat.cell(0, 4).click()
    await seat.press("Shift+ArrowRight", "Shift+ArrowDown", "Control+c")
    assert await seat.page.evaluate("navigator.clipboard.readText()") == "D\tE\nN\t"
    await seat.cell(4, 10).click()
    await seat.press("Control+v")
    await seat.holds(5, 10, "N")
    assert [await here.held(row, day) for row in (4, 5) for day in (10, 11)] == [["D"], ["E"], ["N"], []]
    await seat.page.evaluate("navigator.clipboard.writeText('낮\\t저녁\\r\\n밤\\t휴무\\r\\n')")
    await seat.cell(6, 20).click()
    await seat.press("Control+v")
    await seat.holds(7, 20, "N")
    assert [await here.held(row, day) for row in (6, 7) for day in (20, 21)] == [["D"], ["E"], ["N"], []]
    await seat.page.evaluate("navigator.clipboard.writeText('D\\t점심')")
    await seat.cell(8, 20).click()
    await seat.press("Control+v")
    await expect(seat.page.get_by_text("붙여 넣지 않았습니다")).to_contain_text("장노을 01-21 “점심”")
    assert await here.held(8, 20) == []


async def test_cells_are_swapped_and_filled_by_dragging(here: Office, windows: Room) -> None:
    """A chosen cell onto another: they change places. Its corner: the pattern goes on. Both are one step of undo."""
    await here.edit(here.cell(0, 4, "", "D"), here.cell(1, 6, "", "N"))
    seat = await windows.seat("chief")
    await seat.cell(0, 4).click()
    await seat.cell(0, 4).drag_to(seat.cell(1, 6))
    await seat.holds(0, 4, "N")
    await seat.holds(1, 6, "D")
    await seat.cell(1, 6).locator(".handle").drag_to(seat.cell(1, 9))
    await seat.holds(1, 9, "D")
    assert [await here.held(1, day) for day in (6, 7, 8, 9, 10)] == [["D"]] * 4 + [[]]
    await seat.button("↶ 되돌리기").click()
    await seat.holds(1, 9, "")
    await seat.button("↶ 되돌리기").click()
    await seat.holds(0, 4, "D")
    assert (await here.held(0, 4), await here.held(1, 6)) == (["D"], ["N"])


async def test_a_file_is_looked_at_before_anything_is_written(here: Office, windows: Room) -> None:
    """Problems by cell, then the changes, then one edit."""
    await here.edit(here.cell(0, 4, "", "D"))
    seat = await windows.seat("chief")
    await seat.button("가져오기").click()
    file = seat.page.get_by_label("파일 (.xlsx, .csv)")
    faulty = f"이름,{on(4)},{on(5)}\n김하늘,E,점심\n김하놀,D,\n"
    await file.set_input_files(_csv(faulty))
    await expect(seat.dialog).to_contain_text("문제 2건")
    await expect(seat.dialog.get_by_role("cell", name="! C2")).to_be_visible()
    await expect(seat.dialog.get_by_role("cell", name="! A3")).to_be_visible()
    await expect(seat.button("근무표에 넣기")).to_be_disabled()
    await seat.picture("import")
    assert await here.held(0, 4) == ["D"]
    right = f"이름,{on(4)},{on(5)}\n김하늘,E,N\n이바다,D,\n"
    await file.set_input_files(_csv(right))
    await expect(seat.dialog).to_contain_text("바뀌는 칸 3개")
    assert await here.held(0, 4) == ["D"]
    await seat.button("근무표에 넣기").click()
    await expect(seat.dialog).to_have_count(0)
    await seat.holds(0, 4, "E")
    await seat.holds(1, 4, "D")
    assert (await here.held(0, 4), await here.held(0, 5), await here.held(1, 4)) == (["E"], ["N"], ["D"])


async def test_an_excel_file_is_looked_at_and_written_as_one_edit(here: Office, windows: Room) -> None:
    """What the page saved, changed in a spreadsheet: formulas, merged cells and strangers are named by cell; mended, it is one step of undo."""
    await here.edit(here.cell(0, 4, "", "D"))
    seat = await windows.seat("chief", bypass_csp=True)
    async with seat.page.expect_download() as saved:
        await seat.page.get_by_role("link", name="엑셀로 내보내기").click()
    sheet = Path(await (await saved.value).path()).read_bytes()
    await seat.button("가져오기").click()
    file = seat.page.get_by_label("파일 (.xlsx, .csv)")
    await file.set_input_files(_xlsx(sheet, {"F5": '="E"', "A6": "김하놀", "H7": "점심"}, merge="G5:H5"))
    for cell, said in (("F5", "수식입니다"), ("A6", "김하놀"), ("H7", "점심"), ("G5", "합쳐진 칸")):
        await expect(seat.dialog.get_by_role("row").filter(has_text=cell).first).to_contain_text(said)
    await expect(seat.button("근무표에 넣기")).to_be_disabled()
    assert await seat.axe("dialog") == []
    await seat.picture("import-excel")
    await file.set_input_files(_xlsx(sheet, {"F5": "E", "G5": "N", "H6": "D"}))
    await expect(seat.dialog).to_contain_text("바뀌는 칸 3개")
    assert await here.held(0, 4) == ["D"]
    await seat.button("근무표에 넣기").click()
    await seat.holds(1, 6, "D")
    assert [await here.held(*at) for at in ((0, 4), (0, 5), (1, 6))] == [["E"], ["N"], ["D"]]
    await seat.button("↶ 되돌리기").click()
    await seat.holds(1, 6, "")
    assert [await here.held(*at) for at in ((0, 4), (0, 5), (1, 6))] == [["D"], [], []]
    await seat.button("가져오기").click()
    await file.set_input_files({"name": "근무표.xlsx", "mimeType": XLSX, "buffer": b"PK no workbook"})
    await expect(seat.dialog).to_contain_text("문제 1건")


async def test_somebody_sick_is_reported_and_another_takes_the_shift_by_one_click(here: Office, windows: Room) -> None:
    """The leave is on the roster at once; who may lawfully take the shift stands first."""
    await here.whole_month()
    seat = await windows.seat("chief")
    await _report_sick(seat, "박가람", on(2))
    await seat.page.get_by_role("link", name="근무표").click()
    ill = seat.page.get_by_role("gridcell", name="박가람, 1월 2일 (토), E, 휴가 승인됨")
    await ill.dblclick()
    await seat.dialog.get_by_role("button", name="E 누가 할 수 있나?").click()
    first = seat.dialog.locator("table.list tr").first
    await expect(first).to_contain_text("✓")
    name = (await first.get_by_role("cell").first.inner_text()).removeprefix("✓").strip()
    await seat.picture("substitutes")
    await first.get_by_role("button", name="맡기기").click()
    await expect(seat.dialog).to_contain_text(f"{name} 님에게 E 근무를 주었습니다.")
    await seat.press("Escape")
    await seat.holds(2, 2, "휴")
    await expect(seat.page.get_by_role("gridcell", name=f"{name}, 1월 2일 (토), E")).to_be_visible()
    await expect(seat.button("! 반드시 지킬 규칙 0")).to_be_visible()
    assert await here.held(2, 2) == []


async def test_the_solver_repairs_after_a_sick_call(here: Office, windows: Room) -> None:
    """What it would change is shown first, and accepted as one step."""
    await here.whole_month()
    await _sick(here, 8, 4)
    seat = await windows.seat("chief")
    await expect(seat.button("! 반드시 지킬 규칙 0")).to_have_count(0)
    await seat.button("자동 편성").click()
    await seat.page.get_by_label("고치기").check()
    await seat.page.get_by_label("최대 시간 (초)").fill("60")
    await seat.button("시작").click()
    await expect(seat.dialog.get_by_role("row", name="1월 4일 (월) 장노을 D –")).to_be_visible(timeout=4 * WAIT_MS)
    # Unless it has ended by itself meanwhile.
    await seat.button("멈추기").evaluate_all("found => found.forEach((one) => one.click())")
    await expect(seat.button("이대로 넣기")).to_be_enabled()
    await seat.picture("solved")
    assert await here.held(8, 4) == ["D"]
    await seat.button("이대로 넣기").click()
    await expect(seat.dialog).to_have_count(0)
    await seat.holds(8, 4, "휴")
    await expect(seat.button("! 반드시 지킬 규칙 0")).to_be_visible()
    assert await here.held(8, 4) == []


def _xlsx(sheet: bytes, values: dict[str, str], merge: str = "") -> FilePayload:
    """The saved sheet with other values in some cells."""
    book = load_workbook(BytesIO(sheet))
    page = book.worksheets[0]
    for at, value in values.items():
        page[at] = value
    if merge:
        page.merge_cells(merge)
    stream = BytesIO()
    book.save(stream)
    return {"name": "근무표.xlsx", "mimeType": XLSX, "buffer": stream.getvalue()}


def _csv(text: str) -> FilePayload:
    return {"name": "근무표.csv", "mimeType": "text/csv", "buffer": text.encode("cp949")}


async def _sick(here: Office, who: int, day: int) -> None:
    answer = await here.chief.post("/api/leaves", {"person": str(here.people[who]), "first": on(day), "last": on(day), "kind": "sick"})
    assert answer.status == 201, answer.text


async def _report_sick(seat: Seat, name: str, day: str) -> None:
    await seat.page.get_by_role("link", name="요청함").click()
    await seat.page.get_by_label("상담사").select_option(label=name)
    await seat.page.get_by_label("첫날").fill(day)
    await seat.page.get_by_label("마지막 날").fill(day)
    await seat.button("병가 알리기").click()
    await expect(seat.page.get_by_text("병가를 적었습니다.")).to_be_visible()

"""Rosters in and out as files, over HTTP."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import aiohttp
import openpyxl
import pytest

from core.database import Database
from core.settings import Settings
from tests.integration.desk.kit import Answer, Browser
from tests.integration.desk.office import MONTH, Office, office, on


@pytest.fixture
async def desk_office(db: Database, settings: Settings) -> AsyncIterator[Office]:
    """An office without background tasks."""
    async with office(db, settings) as here:
        yield here


async def load(browser: Browser, data: bytes, name: str = "근무표.xlsx") -> Answer:
    """Send a file."""
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", data, filename=name)
    return await browser.ask("POST", f"{MONTH}/import", data=form)


async def test_the_same_file_out_and_in_changes_nothing_and_an_edited_one_is_applied_as_one_edit(desk_office: Office) -> None:
    """Looked at first, written only when applied, undone in one step."""
    await desk_office.edit(desk_office.cell(0, 4, "", "D"), desk_office.cell(1, 4, "", "N"))
    saved = await desk_office.chief.get(f"{MONTH}/export.xlsx")
    assert saved.headers["Content-Disposition"].endswith("-2027-01.xlsx")
    same = await load(desk_office.chief, saved.content)
    assert (same.json["changes"], [one for one in same.json["problems"] if one["level"] == "error"]) == ([], [])
    csv = f"이름,{on(4)},{on(5)}\n101,E,D\n102,,\n"
    looked = (await load(desk_office.chief, csv.encode("cp949"), "a.csv")).json
    assert [(one["before"], one["after"]) for one in looked["changes"]] == [(["D"], ["E"]), ([], ["D"]), (["N"], [])]
    assert await desk_office.held(0, 4) == ["D"]
    apply = f"{MONTH}/import/{looked['token']}/apply"
    late = await desk_office.chief.post(apply, {"base_version": 0})
    assert (late.code, late.json["cells"]) == ("edited_meanwhile", [])
    done = await desk_office.chief.post(apply, {"base_version": 1, "reason": "as agreed"})
    assert (done.status, done.json["version"], len(done.json["cells"])) == (200, 2, 3)
    (edit, *_) = (await desk_office.chief.get(f"{MONTH}/history")).json["edits"]
    assert (edit["kind"], edit["reason"]) == ("import", "as agreed")
    assert (await desk_office.chief.post(apply, {"base_version": 2})).code == "import_gone"
    assert (await desk_office.chief.post(f"{MONTH}/undo", {"base_version": 2})).status == 200
    assert await desk_office.held(0, 4) == ["D"]


async def test_what_was_looked_at_belongs_to_its_session_and_month_and_is_forgotten(desk_office: Office) -> None:
    """Nobody applies what somebody else has seen, or what they saw long ago."""
    csv = f"이름,{on(4)}\n101,D\n".encode()
    token = (await load(desk_office.chief, csv)).json["token"]
    body = {"base_version": 0}
    assert (await desk_office.deputy.post(f"{MONTH}/import/{token}/apply", body)).code == "import_gone"
    assert (await desk_office.chief.post(f"/api/rosters/2027-02/import/{token}/apply", body)).code == "import_gone"
    for _ in range(4):
        await load(desk_office.chief, csv)
    assert (await desk_office.chief.post(f"{MONTH}/import/{token}/apply", body)).code == "import_gone"
    token = (await load(desk_office.chief, csv)).json["token"]
    desk_office.clock.advance(1801)
    assert (await desk_office.chief.post(f"{MONTH}/import/{token}/apply", body)).code == "import_gone"
    assert (await desk_office.first.post(f"{MONTH}/import/{token}/apply", body)).code == "forbidden"
    assert await desk_office.held(0, 4) == []


def sheet(*rows: list[object]) -> bytes:
    """An Excel file."""
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


async def test_a_faulty_file_says_every_cell_and_cannot_be_applied(desk_office: Office) -> None:
    """Wrong names and shifts, formulas, text for a date, ten thousand rows, a wrong encoding, no spreadsheet at all."""
    await desk_office.chief.ask("PUT", "/api/session/language", {"language": "en"})
    faulty = sheet(["이름", on(4), on(5), "33"], ["101", "D", "=1+1", ""], ["nobody", "D", "", ""], ["102", "Q", "", ""])
    found = (await load(desk_office.chief, faulty)).json
    assert {one["cell"] for one in found["problems"] if one["level"] == "error"} >= {"C2", "A3", "B4"}
    assert all(one["text"] for one in found["problems"])
    assert found["changes"] == []
    refused = await desk_office.chief.post(f"{MONTH}/import/{found['token']}/apply", {"base_version": 0})
    assert (refused.status, refused.code) == (409, "import_faulty")
    many = "이름,2027-01-04\n" + "".join(f"p{number},D\n" for number in range(10_000))
    for data in (many.encode(), b"\xff\xff\xfe\x00\x81", b"", b"%PDF-1.7", b"PK\x03\x04broken", b"<html>"):
        answer = await load(desk_office.chief, data)
        assert answer.status == 200
        (problem,) = answer.json["problems"]
        assert (problem["cell"], problem["level"]) == ("", "error")
    assert (await load(desk_office.chief, b"x" * 6_000_000)).code == "too_large"
    assert (await load(desk_office.first, faulty)).code == "forbidden"
    assert (await desk_office.chief.get(MONTH)).json["version"] == 0


async def test_a_counsellors_file_holds_what_is_in_force(desk_office: Office) -> None:
    """No draft, and no reason of anybody's absence."""
    await desk_office.edit(desk_office.cell(0, 4, "", "D"))
    await desk_office.publish()
    await desk_office.edit(desk_office.cell(0, 4, "D", "N"))
    await desk_office.chief.post("/api/leaves", {"first": on(8), "last": on(8), "kind": "sick", "person": str(desk_office.people[1])})
    saved = await desk_office.first.get(f"{MONTH}/export.xlsx")
    cells = [str(cell.value) for row in openpyxl.load_workbook(io.BytesIO(saved.content)).worksheets[0] for cell in row if cell.value]
    assert "D" in cells
    assert "N" not in cells[cells.index("102") - 34 : cells.index("102")]
    assert "sick" not in cells

"""What can be wrong with an imported file, by cell, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: Code -> Korean, English. A code is stable; words in braces are the problem's values.
_TEXTS: Mapping[str, tuple[str, str]] = {
    # The file as a whole.
    "empty": ("빈 파일입니다.", "The file is empty."),
    "too_large": (
        "파일이 너무 큽니다 ({size} MB). {limit} MB까지 읽습니다.",
        "The file is too large ({size} MB); up to {limit} MB are read.",
    ),
    "unpacks_too_large": (
        "압축을 풀면 지나치게 커지는 파일이라 열지 않았습니다.",
        "The file was not opened: unpacked it would be far too large.",
    ),
    "password": (
        "암호가 걸린 파일입니다. 암호를 풀고 다시 저장해 주세요.",
        "The file is protected by a password. Save it without one.",
    ),
    "old_excel": (
        "옛 엑셀 형식(.xls)입니다. 엑셀에서 .xlsx로 다시 저장해 주세요.",
        "This is the old Excel format (.xls). Save it as .xlsx.",
    ),
    "not_a_spreadsheet": (
        "엑셀(.xlsx)이나 CSV 파일이 아닙니다. 엑셀에서 .xlsx로 저장해 주세요.",
        "This is neither Excel (.xlsx) nor CSV. Save it as .xlsx.",
    ),
    "broken": (
        "파일이 손상되어 읽을 수 없습니다. 엑셀에서 열어 다시 저장해 주세요.",
        "The file is damaged and can't be read. Open it in Excel and save it again.",
    ),
    "encoding": (
        "글자를 읽을 수 없습니다. 'CSV UTF-8'이나 .xlsx로 다시 저장해 주세요.",
        "Its characters can't be read. Save it as 'CSV UTF-8' or as .xlsx.",
    ),
    "too_many_rows": ("줄이 너무 많습니다. {limit}줄까지 읽습니다.", "Too many rows; up to {limit} are read."),
    "too_many_columns": ("열이 너무 많습니다. {limit}열까지 읽습니다.", "Too many columns; up to {limit} are read."),
    "no_header": (
        "'이름' 칸과 날짜가 있는 머리글 줄을 찾지 못했습니다.",
        "No heading row was found with 'name' (이름) and days.",
    ),
    "no_people": ("사람이 한 명도 없습니다.", "There is nobody in it."),
    # Headings.
    "formula": ("수식입니다. 값으로 붙여 넣어 주세요.", "This is a formula. Paste its value instead."),
    "merged": ("합쳐진 칸입니다. 나누어 칸마다 적어 주세요.", "Merged cells. Split them and fill in each."),
    "bad_day": ("'{text}'은(는) 날짜로 읽을 수 없습니다.", "'{text}' can't be read as a day."),
    "other_month": ("{month}의 근무표가 아닙니다: '{text}'", "This is not the roster of {month}: '{text}'"),
    "day_outside": ("{day}은(는) {month}에 없는 날입니다.", "{day} does not belong to {month}."),
    "day_twice": ("{day}이(가) {first}에도 있습니다.", "{day} is in {first} too."),
    "weekday_differs": (
        "{day}은(는) {weekday}요일인데 '{text}'(으)로 적혀 있습니다. 다른 달의 파일이 아닌지 보아 주세요.",
        "{day} is a {weekday_en}, but it says '{text}'. Is this another month's file?",
    ),
    "column_ignored": ("날짜가 아닌 열이라 읽지 않았습니다: '{text}'", "Not a day; this column was left out: '{text}'"),
    # People.
    "no_name": ("이름이 없는 줄에 근무가 있습니다.", "Shifts in a row without a name."),
    "unknown_person": ("'{text}'라는 사람이 없습니다.", "There is nobody called '{text}'."),
    "unknown_person_like": ("'{text}'라는 사람이 없습니다. '{like}'입니까?", "There is nobody called '{text}'. Is it '{like}'?"),
    "two_of_a_name": (
        "'{text}'라는 사람이 {number}명입니다. 내선 번호를 적어 주세요: {extensions}",
        "{number} people are called '{text}'. Add the extension: {extensions}",
    ),
    "extension_differs": (
        "'{text}'의 내선은 {right}인데 {extension}(으)로 적혀 있습니다.",
        "The extension of '{text}' is {right}, not {extension}.",
    ),
    "person_twice": ("'{text}'이(가) {first}에도 있습니다.", "'{text}' is in {first} too."),
    # Cells.
    "unknown_code": ("'{text}'은(는) 없는 근무입니다. 쓸 수 있는 근무: {codes}", "There is no shift '{text}'. There are: {codes}"),
    "date_in_cell": ("근무 대신 날짜가 들어 있습니다: {text}", "A date instead of a shift: {text}"),
    "same_shift_twice": ("같은 근무가 두 번 있습니다: {text}", "The same shift twice: {text}"),
    "not_employed": ("'{name}'은(는) {day}에 근무할 수 없습니다 (재직 기간이 아님).", "'{name}' is not employed on {day}."),
    "overlap": ("{other} 근무와 시간이 겹칩니다.", "Overlaps the shift {other}."),
    "leave_word": (
        "'{text}'은(는) 쉬는 날로만 읽었습니다. 휴가는 휴가 화면에서 신청합니다.",
        "'{text}' was read as a day off only; leave is asked for on the leave page.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong. `cell`: "B7", "B7:D7", or "" for the file as a whole."""

    code: str
    cell: str = ""
    values: Mapping[str, str | int] = field(default_factory=dict)
    #: Nothing is imported as long as it is there; otherwise it is only said.
    blocking: bool = True

    def text(self, language: str = "ko") -> str:
        """In a sentence: ko or en."""
        korean, english = _TEXTS[self.code]
        return (english if language == "en" else korean).format_map(self.values)

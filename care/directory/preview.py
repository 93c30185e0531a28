"""A file of entries against the directory: what it would add and change, and everything that is wrong with it, by cell. Nothing is written.

An entry that the file does not name stays as it is; one that ends gets a last day. An empty cell of a column that is there empties the
field; a column that is not there changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from uuid import UUID

from care.directory.hours_text import HoursUnreadable, parse
from care.directory.model import Area, Kind, Place
from care.directory.refused import wrong_with
from care.directory.sheet_file import Rows, cell_name, read
from care.districts import district_of
from core.ids import new_id
from core.office_files import Unreadable

#: Headings as they may be written, by field.
_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "key": ("코드", "key"),
    "kind": ("구분", "kind"),
    "name": ("이름", "명칭", "name"),
    "name_en": ("영문이름", "name_en"),
    "run_by": ("운영기관", "운영", "run_by"),
    "district": ("자치구", "district"),
    "address": ("주소", "address"),
    "phone": ("전화", "전화번호", "phone"),
    "url": ("누리집", "홈페이지", "url"),
    "areas": ("분야", "areas"),
    "hours": ("운영시간", "hours"),
    "planned": ("예정", "planned"),
    "mobile": ("이동형", "mobile"),
    "valid_from": ("시작일", "valid_from"),
    "valid_to": ("종료일", "valid_to"),
    "note": ("비고", "note"),
    "source": ("출처", "source"),
    "source_date": ("출처일", "기준일", "source_date"),
}
_FIELDS = {heading: name for name, headings in _HEADINGS.items() for heading in headings}
NEEDED = ("key", "kind", "name", "source", "source_date")
_KINDS = {"마음편의점": Kind.MIND_STORE, "서비스": Kind.SERVICE, "상담전화": Kind.HELPLINE} | {str(kind): kind for kind in Kind}
_AREAS = {
    "긴급": Area.EMERGENCY, "정서": Area.EMOTIONAL, "복지": Area.WELFARE, "의료": Area.MEDICAL, "주거": Area.HOUSING, "심리": Area.PSYCHOLOGICAL,
} | {str(area): area for area in Area}  # fmt: skip
_YES = {"예", "y", "yes", "o", "true", "1"}
_NO = {"", "아니오", "아니요", "n", "no", "x", "false", "0"}

#: Code -> Korean, English.
TEXTS: Mapping[str, tuple[str, str]] = {
    "empty": ("빈 파일입니다.", "The file is empty."),
    "too_large": ("파일이 너무 큽니다.", "The file is too large."),
    "unpacks_too_large": ("압축을 풀면 지나치게 커지는 파일입니다.", "Unpacked, the file would be far too large."),
    "too_many_rows": ("줄이 너무 많습니다.", "There are too many rows."),
    "too_many_columns": ("열이 너무 많습니다.", "There are too many columns."),
    "not_a_spreadsheet": ("엑셀(.xlsx)이나 CSV 파일이 아닙니다.", "This is neither Excel (.xlsx) nor CSV."),
    "password": ("암호가 걸린 파일입니다.", "The file is protected by a password."),
    "broken": ("파일이 손상되어 읽을 수 없습니다.", "The file is damaged and can't be read."),
    "encoding": ("글자를 읽을 수 없습니다. 'CSV UTF-8'로 저장해 주세요.", "Its characters can't be read. Save it as 'CSV UTF-8'."),
    "no_header": ("첫 줄에 머리글(코드, 이름 …)이 없습니다.", "The first row has no headings (key, name …)."),
    "column_missing": ("'{value}' 열이 없습니다.", "The column '{value}' is missing."),
    "column_unknown": ("모르는 열이라 읽지 않았습니다: {value}", "An unknown column was left out: {value}"),
    "column_twice": ("같은 열이 두 번 있습니다: {value}", "The same column twice: {value}"),
    "formula": ("수식입니다. 값으로 붙여 넣어 주세요.", "This is a formula. Paste its value instead."),
    "missing": ("비어 있습니다.", "This is empty."),
    "key_twice": ("같은 코드가 {value}에도 있습니다.", "The same key is in {value} too."),
    "bad_key": ("코드는 영문 소문자, 숫자, -, _만 됩니다.", "A key has lower-case letters, digits, - and _ only."),
    "bad_kind": ("구분은 마음편의점, 서비스, 상담전화 가운데 하나입니다.", "The kind is mind_store, service or helpline."),
    "bad_area": (
        "분야는 긴급, 정서, 복지, 의료, 주거, 심리입니다.",
        "Areas: emergency, emotional, welfare, medical, housing, psychological.",
    ),
    "bad_hours": ("운영시간을 읽을 수 없습니다: {value}", "Hours that can't be read: {value}"),
    "bad_yes_no": ("예 또는 아니오로 적어 주세요.", "Say yes or no."),
    "bad_date": ("날짜가 아닙니다 (예: 2026-02-01).", "Not a date, like 2026-02-01."),
    "bad_phone": ("전화번호가 아닙니다.", "This is not a telephone number."),
    "bad_url": ("http:// 또는 https:// 주소가 아닙니다.", "This is not an http:// or https:// address."),
    "unknown_district": ("서울의 자치구가 아닙니다.", "This is not a district of Seoul."),
    "backwards": ("종료일이 시작일보다 앞섭니다.", "It ends before it begins."),
    "too_long": ("너무 깁니다.", "This is too long."),
    "in_the_future": ("출처일이 오늘보다 뒤입니다.", "The source's day is in the future."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProblem:
    """One thing that is wrong. `cell` like B7; "" for the file as a whole."""

    code: str
    cell: str = ""
    value: str = ""
    #: Nothing is written as long as it is there; otherwise it is only said.
    blocking: bool = True

    def text(self, language: str = "ko") -> str:
        """In a sentence: ko or en."""
        ko, en = TEXTS[self.code]
        return (en if language == "en" else ko).replace("{value}", self.value[:100])


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An entry that the file adds (`before` None) or changes, and in which fields."""

    before: Place | None
    after: Place
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a file would do."""

    changes: tuple[Change, ...] = ()
    #: Rows that change nothing.
    same: int = 0
    problems: tuple[FileProblem, ...] = ()

    @property
    def blocked(self) -> bool:
        """Whether something must be mended first."""
        return any(problem.blocking for problem in self.problems)


@dataclass(slots=True)
class _Looking:
    problems: list[FileProblem] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    same: int = 0


def preview(existing: Iterable[Place], content: bytes, today: date, *, make_id: Callable[[], UUID] = new_id) -> Preview:
    """Look at a file. Never raises for what is in it."""
    try:
        rows = read(content)
    except Unreadable as error:
        return Preview(problems=(FileProblem(code=error.code),))
    looking = _Looking()
    first = min(rows)
    columns = _columns(first, rows[first], looking)
    if looking.problems and any(problem.blocking for problem in looking.problems):
        return Preview(problems=tuple(looking.problems))
    known, seen = {place.key: place for place in existing}, dict[str, str]()
    for number in sorted(rows):
        if number != first:
            _look_at(rows, number, columns, known, seen, looking, today, make_id)
    return Preview(changes=tuple(looking.changes), same=looking.same, problems=tuple(looking.problems))


def _columns(row: int, headings: Mapping[int, str], looking: _Looking) -> dict[str, int]:
    columns: dict[str, int] = {}
    for column, heading in headings.items():
        name = _FIELDS.get(heading.replace(" ", "").casefold())
        cell = cell_name(row, column)
        if name is None:
            looking.problems.append(FileProblem(code="column_unknown", cell=cell, value=heading, blocking=False))
        elif name in columns:
            looking.problems.append(FileProblem(code="column_twice", cell=cell, value=heading))
        else:
            columns[name] = column
    if not columns:
        looking.problems = [FileProblem(code="no_header", cell=cell_name(row, 1))]
        return columns
    missing = [name for name in NEEDED if name not in columns]
    looking.problems += [FileProblem(code="column_missing", value=f"{_HEADINGS[name][0]} ({name})") for name in missing]
    return columns


def _look_at(
    rows: Rows,
    number: int,
    columns: Mapping[str, int],
    known: Mapping[str, Place],
    seen: dict[str, str],
    looking: _Looking,
    today: date,
    make_id: Callable[[], UUID],
) -> None:
    """One row: its problems, or its change."""
    found: dict[str, object] = {}
    problems: list[FileProblem] = []
    for name, column in columns.items():
        text, cell = rows[number].get(column, ""), cell_name(number, column)
        if text.startswith("="):
            problems.append(FileProblem(code="formula", cell=cell))
        elif not text and name in NEEDED:
            problems.append(FileProblem(code="missing", cell=cell))
        else:
            try:
                found[name] = _READERS.get(name, str)(text)
            except _Wrong as wrong:
                problems.append(FileProblem(code=wrong.code, cell=cell, value=wrong.value))
    key = str(found.get("key", ""))
    if key and seen.setdefault(key, cell_name(number, columns["key"])) != cell_name(number, columns["key"]):
        problems.append(FileProblem(code="key_twice", cell=cell_name(number, columns["key"]), value=seen[key]))
    looking.problems += problems
    if problems:
        return
    before = known.get(key)
    # The fields are of the right types: each was read by its reader.
    after = replace(before, **found) if before else Place(id=make_id(), **found)  # type: ignore[arg-type]
    if wrong_fields := wrong_with(after, today):
        # What is wrong with a field that is not in the file stands in the directory already: it is said at the key.
        looking.problems += [
            FileProblem(code=code, cell=cell_name(number, columns.get(name, columns["key"])), value=name)
            for name, code in wrong_fields.items()
        ]
        return
    changed = tuple(
        one.name for one in fields(Place) if one.name in found and (before is None or getattr(before, one.name) != found[one.name])
    )
    if before is not None and not changed:
        looking.same += 1
    else:
        looking.changes.append(Change(before=before, after=after, fields=changed))


class _Wrong(Exception):
    def __init__(self, code: str, value: str = "") -> None:
        self.code, self.value = code, value
        super().__init__(code)


def _kind(text: str) -> Kind:
    if (found := _KINDS.get(text.casefold())) is None:
        raise _Wrong("bad_kind")
    return found


def _areas(text: str) -> frozenset[Area]:
    names = [name.strip().casefold() for name in text.replace("·", ",").replace("/", ",").split(",") if name.strip()]
    if any(name not in _AREAS for name in names):
        raise _Wrong("bad_area")
    return frozenset(_AREAS[name] for name in names)


def _district(text: str) -> str:
    if not text:
        return ""
    if (found := district_of(text)) is None:
        raise _Wrong("unknown_district")
    return found


def _hours(text: str) -> object:
    try:
        return parse(text)
    except HoursUnreadable as error:
        raise _Wrong("bad_hours", error.part) from None


def _yes_no(text: str) -> bool:
    plain = text.casefold()
    if plain not in _YES | _NO:
        raise _Wrong("bad_yes_no")
    return plain in _YES


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.replace(".", "-").strip("-")) if text else None
    except ValueError:
        raise _Wrong("bad_date") from None


_READERS: Mapping[str, Callable[[str], object]] = {
    "key": str.casefold,
    "kind": _kind,
    "areas": _areas,
    "district": _district,
    "hours": _hours,
    "planned": _yes_no,
    "mobile": _yes_no,
    "valid_from": _day,
    "valid_to": _day,
    "source_date": _day,
}

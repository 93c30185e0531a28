"""The directory in a real database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest

from care.directory import errors
from care.directory.directory import Directory
from care.directory.hours_text import parse, written
from care.directory.model import Area, Kind, Place, Status
from care.directory.preview import preview
from care.directory.refused import wrong_with
from core.database import Database
from core.holidays_kr import is_holiday
from core.testing import ManualClock
from tests.integration.care.rooms import NOW

KR = is_holiday()
#: Monday at 09:30 in Seoul.
MONDAY = NOW.replace(day=23, hour=0, minute=30)


@pytest.fixture
def directory(db: Database) -> Directory:
    """The room."""
    return Directory(db, ManualClock(NOW))


async def test_it_begins_with_the_five_places_and_the_public_lines(directory: Directory) -> None:
    """Each with its source and that source's day; hours only where they are known."""
    everything = await directory.everything()
    stores = {one.district: one for one in everything if one.kind is Kind.MIND_STORE}
    assert {code: (one.phone, written(one.hours)) for code, one in stores.items()} == {
        "gangbuk": ("02-984-6777", "월,화,수,목,금 09:00-21:00; 토 09:00-18:00"),
        "dobong": ("02-993-3222", "월,화,수,목,금 10:00-20:00"),
        "gwanak": ("02-876-0900", "월,화,수,목,금 10:00-19:00; 토 10:00-13:00"),
        "dongdaemun": ("02-920-4500", "월,화,수,목,금 09:00-18:00"),
        "guro": ("02-837-0761", "월,화,수,목,금 10:00-19:00; 토 10:00-13:00"),
    }
    lines = {one.phone for one in everything if one.kind is Kind.HELPLINE}
    assert lines == {"112", "119", "109", "129", "1366", "1388", "1577-0199", "1577-1391"}
    assert all(wrong_with(one, date(2026, 11, 22)) == {} and one.version == 1 for one in everything)


async def test_what_is_open_comes_first_and_the_citys_lines_are_in_every_district(directory: Directory) -> None:
    """By kind, district, need; now and at another instant."""
    found = await directory.find(KR, kind=Kind.MIND_STORE, at=MONDAY)
    assert {one.district for one, opening in found if opening.status is Status.OPEN} == {"gangbuk", "dongdaemun"}
    assert [opening.status for _, opening in found] == [Status.OPEN] * 2 + [Status.CLOSED] * 3
    # It is Sunday noon now.
    assert await directory.find(KR, kind=Kind.MIND_STORE, open_now=True) == []
    here = [one.key for one, _ in await directory.find(KR, district="guro", area=Area.EMERGENCY)]
    assert set(here[:3]) == {"fire-119", "police-112", "suicide-109"}
    assert {"mind-guro", "suicide-109"} <= {one.key for one, _ in await directory.find(KR, district="guro")}


async def test_an_entry_is_changed_against_the_version_that_was_seen(directory: Directory) -> None:
    """Two at one time: one of them; a key is one entry's."""
    new = Place(
        id=uuid4(),
        key="new",
        kind=Kind.SERVICE,
        name="주거복지센터",
        source="안내",
        source_date=date(2026, 11, 1),
        hours=parse("월 09:00-10:00"),
    )
    kept = await directory.keep(new, None)
    assert kept == replace(new, version=1)
    changed = await directory.keep(replace(kept, name="서울주거복지센터"), uuid4())
    assert changed.version == 2
    with pytest.raises(errors.ChangedMeanwhile):
        await directory.keep(replace(kept, name="x"), None)
    with pytest.raises(errors.ChangedMeanwhile):
        await directory.keep(new, None)
    with pytest.raises(errors.KeyTaken):
        await directory.keep(replace(new, id=uuid4()), None)
    with pytest.raises(errors.UnknownPlace):
        await directory.keep(replace(kept, id=uuid4(), key="other"), None)
    with pytest.raises(errors.PlaceRefused):
        await directory.keep(replace(changed, source_date=date(2026, 11, 23)), None)
    assert await directory.place(new.id) == changed


async def test_a_file_is_applied_whole_or_not_at_all(directory: Directory) -> None:
    """An entry that changed since it was looked at keeps everything else from being written."""
    file = (
        "key,kind,name,source,source_date\nmobile,mind_store,이동형,안내,2026-11-01\nmind-guro,mind_store,구로,안내,2026-11-01\n".encode()
    )
    found = preview(await directory.everything(), file, date(2026, 11, 22))
    (guro,) = [one for one in await directory.everything() if one.key == "mind-guro"]
    await directory.keep(replace(guro, note="공사 중"), None)
    with pytest.raises(errors.ChangedMeanwhile):
        await directory.keep_all([one.after for one in found.changes], None)
    assert "mobile" not in {one.key for one in await directory.everything()}
    again = preview(await directory.everything(), file, date(2026, 11, 22))
    written_ = await directory.keep_all([one.after for one in again.changes], None)
    assert [(one.key, one.version) for one in written_] == [("mobile", 1), ("mind-guro", 3)]
    assert written_[1].note == "공사 중"
    assert preview(await directory.everything(), file, date(2026, 11, 22)).same == 2


async def test_what_has_ended_is_not_found_any_more(directory: Directory) -> None:
    """It stays in the directory."""
    (guro,) = [one for one in await directory.everything() if one.key == "mind-guro"]
    await directory.keep(replace(guro, valid_to=(NOW - timedelta(days=1)).date()), None)
    assert "mind-guro" not in {one.key for one, _ in await directory.find(KR)}
    assert "mind-guro" in {one.key for one in await directory.everything()}

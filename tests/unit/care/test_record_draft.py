"""What an edit makes of a record."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from care import retention
from care.errors import CareError, ConsentMissing, NotFinal, ReasonNeeded, TextTooLong, WrittenMeanwhile, WrongValue
from care.records import draft, words
from care.records.model import (
    LONGEST_TEXT,
    Caller,
    Channel,
    Consent,
    Content,
    Kind,
    NonCounselling,
    Purpose,
    Record,
    State,
)
from care.retention import Retention
from care.scrub import NOTE
from core.errors import SettingsError

WORDS = words.shipped()
TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)


def record(content: Content | None = None, *, version: int = 0, state: State = State.DRAFT, consents: tuple[Consent, ...] = ()) -> Record:
    """A record of a call."""
    return Record(
        id=UUID(int=1), contact_id=UUID(int=2), person_id=UUID(int=3), counsellor_id=UUID(int=4), created_by=None, channel=Channel.PHONE,
        state=state, version=version, created_at=NOW, changed_at=NOW, final_at=NOW if state is State.FINAL else None,
        content=content or Content(), consents=consents,
    )  # fmt: skip


def consent(*, given: bool = True, until: date | None = None, withdrawn: bool = False, purpose: Purpose = Purpose.SENSITIVE) -> Consent:
    """A yes to keeping sensitive data."""
    return Consent(
        id=UUID(int=5), purpose=purpose, given=given, guardian=False, script_version="1", recipient="", items=(), until=until, at=NOW,
        counsellor_id=None, by=UUID(int=6), withdrawn_at=NOW if withdrawn else None,
    )  # fmt: skip


def edit(before: Record, content: Content, *, version: int | None = None) -> draft.Edit:
    """An edit of the version that is there."""
    return draft.edit(before, content, version=before.version if version is None else version, words=WORDS, today=TODAY)


def test_an_edit_says_what_changed_and_what_was_taken_out() -> None:
    """Several kinds in one call; a registration number leaves a note."""
    wanted = Content(kinds=frozenset({Kind.LONELINESS, Kind.INFORMATION}), caller=Caller.SELF, text="번호 900101-1234567, 010-1234-5678")
    found = edit(record(), wanted)
    assert set(found.changed) == {"kinds", "caller", "text"}
    assert found.removed == {"text": 1}
    assert found.content.text == f"번호 {NOTE}, 010-1234-5678"


def test_an_older_version_is_refused_unless_it_is_the_same_again() -> None:
    """A page whose answer was lost sends once more: that is no conflict."""
    stored = Content(text="첫째")
    with pytest.raises(WrittenMeanwhile) as caught:
        edit(record(stored, version=3), Content(text="둘째"), version=2)
    assert caught.value.data == {"version": 3}
    assert edit(record(stored, version=3), Content(text="첫째"), version=2).changed == ()


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Content(kinds=frozenset({Kind.LONELINESS}), non_counselling=NonCounselling.SILENT), "non_counselling"),
        (Content(district="busan"), "district"),
        (Content(skills=frozenset({"hypnosis"})), "skills"),
        (Content(feeling_before=11), "feeling_before"),
        (Content(feeling_after=-1), "feeling_after"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_name(wanted: Content, field: str) -> None:
    """And says which one it was, not what."""
    with pytest.raises(WrongValue) as caught:
        edit(record(), wanted)
    assert caught.value.data == {"field": field}


def test_a_text_that_is_too_long_says_how_long_it_may_be() -> None:
    """A hundred thousand characters; not one is said back."""
    with pytest.raises(TextTooLong) as caught:
        edit(record(), Content(text="가" * 100_000))
    assert caught.value.data == {"field": "text", "length": 100_000, "limit": LONGEST_TEXT}
    assert "가" not in str(caught.value)
    assert edit(record(), Content(text="가" * LONGEST_TEXT)).changed == ("text",)


@pytest.mark.parametrize(
    ("consents", "kinds", "allowed"),
    [
        ((), {Kind.LONELINESS}, False),
        ((), {Kind.EMERGENCY}, True),
        ((consent(),), {Kind.LONELINESS}, True),
        ((consent(given=False),), {Kind.LONELINESS}, False),
        ((consent(withdrawn=True),), {Kind.LONELINESS}, False),
        ((consent(until=TODAY),), {Kind.LONELINESS}, True),
        ((consent(until=date(2026, 11, 21)),), {Kind.LONELINESS}, False),
        ((consent(purpose=Purpose.RECORD),), {Kind.LONELINESS}, False),
    ],
)
def test_sensitive_data_needs_its_own_consent_or_an_emergency(consents: tuple[Consent, ...], kinds: set[Kind], allowed: bool) -> None:
    """PIPA art. 23; in danger it is written down at once."""
    wanted = Content(kinds=frozenset(kinds), sensitive="우울증 약")
    if allowed:
        assert "sensitive" in edit(record(consents=consents), wanted).changed
        return
    with pytest.raises(ConsentMissing):
        edit(record(consents=consents), wanted)


def test_a_final_record_is_changed_with_a_reason_and_stays_complete() -> None:
    """A reason in a draft means nothing and is not kept."""
    whole = Content(kinds=frozenset({Kind.LONELINESS}), caller=Caller.SELF, text="a")
    final = record(whole, version=2, state=State.FINAL)
    with pytest.raises(ReasonNeeded):
        edit(final, replace(whole, text="b"))
    assert edit(final, replace(whole, text="b", reason="오타")).changed == ("text", "reason")
    with pytest.raises(NotFinal):
        edit(final, Content(text="b", reason="오타"))
    assert edit(record(), Content(text="b", reason="오타")).content.reason == ""


def test_a_record_is_final_when_it_says_what_it_was() -> None:
    """A silent call needs nothing else."""
    with pytest.raises(NotFinal):
        draft.finalise(record(), version=0)
    with pytest.raises(NotFinal):
        draft.finalise(record(Content(kinds=frozenset({Kind.LONELINESS}))), version=0)
    assert draft.finalise(record(Content(non_counselling=NonCounselling.SILENT)), version=0)
    assert not draft.finalise(record(state=State.FINAL), version=0)
    with pytest.raises(WrittenMeanwhile):
        draft.finalise(record(Content(non_counselling=NonCounselling.SILENT), version=2), version=1)


def test_errors_say_what_is_wrong_without_what_was_typed() -> None:
    """Every kind has a code of its own."""
    kinds = CareError.__subclasses__()
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert all(str(kind()) for kind in kinds)


def test_records_show_no_text_when_they_are_printed() -> None:
    """What finds its way into a log carries no word of a person."""
    assert "비밀" not in repr(record(Content(text="비밀", about="비밀", sensitive="비밀", companion_note="비밀", reason="비밀")))


def test_the_longest_of_several_kinds_decides_how_long_it_is_kept() -> None:
    """And what was written but not named is kept like a consultation."""
    several = Content(kinds=frozenset({Kind.INFORMATION, Kind.ISOLATION_REPORT, Kind.LONELINESS}))
    assert retention.class_of(several, version=1) is Retention.REPORT
    assert retention.class_of(Content(kinds=frozenset(Kind)), version=1) is Retention.EMERGENCY
    assert retention.class_of(Content(non_counselling=NonCounselling.PRANK), version=1) is Retention.NON_COUNSELLING
    assert retention.class_of(Content(text="x"), version=1) is Retention.COUNSELLING
    assert retention.class_of(Content(), version=0) is Retention.UNTOUCHED
    assert {retention.class_of(Content(kinds=frozenset({kind})), version=1) for kind in Kind} < set(retention.shipped())


def test_a_wrong_file_of_rules_names_everything_that_is_wrong() -> None:
    """All at once, with the class."""
    with pytest.raises(SettingsError) as caught:
        retention.read("[untouched]\ndays = 0\nerasable = true\n[forever]\ndays = 1\n[report]\ndays = true\nerasable = true")
    assert len(caught.value.problems) == 10
    with pytest.raises(SettingsError):
        retention.read("nonsense")
    # An operator's file says only what is otherwise.
    mine = retention.read("[report]\ndays = 7\nerasable = false", base=retention.shipped())
    assert {**mine, Retention.REPORT: retention.shipped()[Retention.REPORT]} == retention.shipped()
    assert (mine[Retention.REPORT].keep.days, mine[Retention.REPORT].erasable) == (7, False)


def test_words_are_read_with_everything_that_is_wrong_at_once() -> None:
    """Seoul has 25 districts; a word that is retired stays where it stands."""
    assert len(WORDS.districts) == 26
    assert WORDS.districts["gangnam"].ko == "강남구"
    with pytest.raises(SettingsError) as caught:
        words.read('[skills]\nx = { ko = "x" }\n[colours]\nred = 1')
    assert len(caught.value.problems) == 3
    old = words.read('[skills]\nx = { ko = "x", en = "x", retired = true }\n[districts]\njung = { ko = "x", en = "x" }')
    used = Content(skills=frozenset({"x"}))
    assert draft.edit(record(used), replace(used, text="y"), version=0, words=old, today=TODAY).changed == ("text",)
    with pytest.raises(WrongValue):
        draft.edit(record(), used, version=0, words=old, today=TODAY)

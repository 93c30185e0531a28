"""What an edit makes of a record: checked, scrubbed, and compared with what was there. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date

from care.errors import ConsentMissing, NotFinal, ReasonNeeded, TextTooLong, WrittenMeanwhile, WrongValue
from care.records.model import TEXTS, Content, Kind, Purpose, Record, State, with_texts
from care.records.words import Words
from care.scrub import scrub

FEELINGS = range(11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is to be stored: nothing (`changed` is empty), or the next version."""

    content: Content
    #: Names of the fields.
    changed: tuple[str, ...]
    #: Field -> registration numbers taken out.
    removed: dict[str, int]


def edit(record: Record, content: Content, *, version: int, words: Words, today: date) -> Edit:
    """The record with this content. `version`: what it is based on; `today`: in Seoul.

    Raises WrittenMeanwhile, TextTooLong, WrongValue, ConsentMissing, ReasonNeeded. What is sent a second time because its answer was lost changes
    nothing and is no conflict.
    """
    clean, removed = scrubbed(content)
    if record.state is State.DRAFT:
        clean = replace(clean, reason="")
    changed = differences(record.content, clean)
    if not changed:
        return Edit(content=record.content, changed=(), removed=removed)
    if version != record.version:
        raise WrittenMeanwhile(version=record.version)
    _check(clean, words, record.content)
    if record.state is State.FINAL:
        if not clean.reason.strip():
            raise ReasonNeeded(field="reason")
        _check_final(clean)
    if clean.sensitive and "sensitive" in changed and not may_hold_sensitive(record, clean, today):
        raise ConsentMissing(field="sensitive")
    return Edit(content=clean, changed=changed, removed=removed)


def finalise(record: Record, *, version: int) -> bool:
    """Whether there is anything to do: False for a record that is final already. Raises WrittenMeanwhile, NotFinal."""
    if record.state is State.FINAL:
        return False
    if version != record.version:
        raise WrittenMeanwhile(version=record.version)
    _check_final(record.content)
    return True


def scrubbed(content: Content) -> tuple[Content, dict[str, int]]:
    """Its texts without registration numbers. Raises TextTooLong."""
    texts, removed = {}, {}
    for name, limit in TEXTS.items():
        texts[name], count = clean_text(getattr(content, name), name, limit)
        if count:
            removed[name] = count
    return with_texts(content, texts), removed


def clean_text(text: str, field: str, limit: int) -> tuple[str, int]:
    """A text to be stored, and how many registration numbers were taken out of it. Raises TextTooLong."""
    if len(text) > limit:
        raise TextTooLong(field=field, length=len(text), limit=limit)
    found = scrub(text)
    return found.text, found.removed


def differences(before: Content, after: Content) -> tuple[str, ...]:
    """Names of the fields that differ. A reason alone is no change."""
    names = tuple(one.name for one in fields(Content) if getattr(before, one.name) != getattr(after, one.name))
    return () if names == ("reason",) else names


def may_hold_sensitive(record: Record, content: Content, today: date) -> bool:
    """By a consent of its own, or because somebody is in danger."""
    return Kind.EMERGENCY in content.kinds or any(
        one.purpose is Purpose.SENSITIVE and one.in_force(today) for one in record.consents
    )  # fmt: skip


def _check(content: Content, words: Words, before: Content) -> None:
    if content.kinds and content.non_counselling is not None:
        raise WrongValue(field="non_counselling")
    if content.district is not None and content.district not in words.districts:
        raise WrongValue(field="district")
    # A word that was retired stays where it stands, and is not chosen any more.
    for code in content.skills:
        if (word := words.skills.get(code)) is None or (word.retired and code not in before.skills):
            raise WrongValue(field="skills")
    for name in ("feeling_before", "feeling_after"):
        if (value := getattr(content, name)) is not None and value not in FEELINGS:
            raise WrongValue(field=name)


def _check_final(content: Content) -> None:
    if not content.kinds and content.non_counselling is None:
        raise NotFinal(field="kinds")
    if content.kinds and content.caller is None:
        raise NotFinal(field="caller")

"""Who sees which part of a record."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from uuid import UUID

import pytest

from care.records.model import Content, Kind, Link, LinkKind
from care.records.visible import NOBODY, Part, Relation, visible
from desk.access.model import Role
from tests.unit.care.test_record_draft import consent, record

FULL = replace(
    record(
        Content(
            kinds=frozenset({Kind.EMERGENCY}), district="jung", about="어머니", text="이야기", sensitive="병", companion_note="산책", reason="오타",
            subject_id=UUID(int=9),
        ),
        consents=(consent(),),
    ),
    links=(Link(kind=LinkKind.INCIDENT, target_id=UUID(int=8)),),
)  # fmt: skip
SECRETS = ("어머니", "이야기", "병", "산책", "오타")
RELATIONS = [Relation(own=a, on_line=b, referred=c, unmasked=d) for a, b, c, d in product((False, True), repeat=4)]


def words_of(role: str, relation: Relation) -> set[str]:
    """The texts that somebody sees."""
    seen = visible(FULL, role, relation)
    if seen is None:
        return set()
    content = seen.record.content
    return {content.about, content.text, content.sensitive, content.companion_note, content.reason} - {""}


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.OPERATOR, "somebody", ""])
def test_who_has_nothing_to_do_with_content_sees_none(role: str) -> None:
    """Whatever the relation, and whatever reason they give."""
    assert all(visible(FULL, role, relation) is None for relation in RELATIONS)


def test_a_counsellor_sees_their_own_and_who_is_on_the_line() -> None:
    """Everything of those, nothing of others; a reason opens nothing."""
    for relation in RELATIONS:
        seen = visible(FULL, Role.COUNSELLOR, relation)
        assert (seen is not None) == (relation.own or relation.on_line)
        assert seen is None or seen.record == FULL


def test_a_supervisor_sees_every_record_and_the_texts_only_with_a_reason() -> None:
    """But those of calls that they took themselves."""
    assert words_of(Role.SUPERVISOR, NOBODY) == set()
    assert words_of(Role.SUPERVISOR, Relation(referred=True)) == set()
    assert words_of(Role.SUPERVISOR, Relation(unmasked=True)) == set(SECRETS)
    assert words_of(Role.SUPERVISOR, Relation(own=True)) == set(SECRETS)
    seen = visible(FULL, Role.SUPERVISOR, NOBODY)
    assert seen is not None
    assert (seen.record.content.district, seen.record.links, seen.task) == ("jung", FULL.links, "oversight")


def test_the_centre_sees_cases_that_were_referred_to_it() -> None:
    """And no others."""
    assert words_of(Role.CENTRE, Relation(referred=True)) == set(SECRETS)
    assert visible(FULL, Role.CENTRE, NOBODY) is None
    assert visible(FULL, Role.CENTRE, Relation(unmasked=True)) is None


def test_a_companion_sees_the_note_that_is_meant_for_them_and_nothing_else() -> None:
    """Not who counselled, not what it was; and without a note not even that there was a call."""
    seen = visible(FULL, Role.COMPANION, Relation(referred=True, own=True, unmasked=True))
    assert seen is not None
    assert seen.record.content == Content(companion_note="산책")
    assert (seen.record.counsellor_id, seen.record.contact_id, seen.record.links, seen.record.consents) == (None, None, (), ())
    assert visible(FULL, Role.COMPANION, NOBODY) is None
    without = replace(FULL, content=replace(FULL.content, companion_note=""))
    assert visible(without, Role.COMPANION, Relation(referred=True)) is None


@pytest.mark.parametrize("role", list(Role))
def test_what_is_not_named_as_seen_is_empty(role: Role) -> None:
    """The parts that are named and the record that is shown agree, for every role and relation."""
    for relation in RELATIONS:
        seen = visible(FULL, role, relation)
        if seen is None:
            continue
        content = seen.record.content
        assert (content.text != "") == (Part.TEXT in seen.parts)
        assert (content.sensitive != "") == (Part.SENSITIVE in seen.parts)
        assert (content.companion_note != "") == (Part.COMPANION_NOTE in seen.parts)
        assert (content.kinds != frozenset()) == (Part.FACTS in seen.parts)
        assert (seen.record.links != ()) == (Part.LINKS in seen.parts)
        assert (seen.record.consents != ()) == (Part.CONSENTS in seen.parts)

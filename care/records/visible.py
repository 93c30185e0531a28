"""Who sees which part of a record. One place decides it, for single reads and for lists; what is not to be seen never leaves here. Pure.

| role | which records | what of them |
|---|---|---|
| counsellor | their own; those of the person on the line with them now | everything |
| supervisor | all | all but the texts; of their own, or with a reason, everything |
| centre | of persons referred to it; their own | everything |
| companion | of persons they accompany | that it is there, and the note meant for companions |
| auditor, operator, anybody else | none | nothing |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from care.records.model import TEXTS, Content, Record, with_texts


class Part(StrEnum):
    """What is shown or hidden together."""

    #: Kinds, district, age band, skills, feelings, who called, who counselled.
    FACTS = "facts"
    #: What was talked about; about whom.
    TEXT = "text"
    SENSITIVE = "sensitive"
    COMPANION_NOTE = "companion_note"
    LINKS = "links"
    CONSENTS = "consents"
    #: Who changed what and when.
    HISTORY = "history"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What somebody has to do with a record."""

    #: They counselled, or made the record.
    own: bool = False
    #: Its person is on the line with them now, or is being offered to them.
    on_line: bool = False
    #: Its person's case was handed to them: to the centre, or to this companion.
    referred: bool = False
    #: They gave a reason, which stands in the access log.
    unmasked: bool = False


NOBODY = Relation()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A record as somebody sees it: what they are not to see is empty in `record`."""

    record: Record
    parts: frozenset[Part]
    #: By which right, for the access log: own, on_line, oversight, unmasked, referred.
    task: str


_EVERYTHING = frozenset(Part)
_TEXTS = frozenset({Part.TEXT, Part.SENSITIVE, Part.COMPANION_NOTE})
Rule = Callable[[Relation], tuple[frozenset[Part], str] | None]


def _counsellor(relation: Relation) -> tuple[frozenset[Part], str] | None:
    if relation.own or relation.on_line:
        return _EVERYTHING, "own" if relation.own else "on_line"
    return None


def _supervisor(relation: Relation) -> tuple[frozenset[Part], str] | None:
    if relation.unmasked:
        return _EVERYTHING, "unmasked"
    # Supervisors take calls, too.
    return _counsellor(relation) or (_EVERYTHING - _TEXTS, "oversight")


def _centre(relation: Relation) -> tuple[frozenset[Part], str] | None:
    return _counsellor(relation) or ((_EVERYTHING, "referred") if relation.referred else None)


def _companion(relation: Relation) -> tuple[frozenset[Part], str] | None:
    return (frozenset({Part.COMPANION_NOTE}), "referred") if relation.referred else None


#: By role, as the desk names them. A role that is not here sees nothing.
_RULES: Mapping[str, Rule] = {"counsellor": _counsellor, "supervisor": _supervisor, "centre": _centre, "companion": _companion}


def visible(record: Record, role: str, relation: Relation) -> Seen | None:
    """The record as this role sees it; None: not at all."""
    rule = _RULES.get(role)
    found = rule(relation) if rule else None
    if found is None:
        return None
    parts, task = found
    if Part.COMPANION_NOTE in parts and len(parts) == 1 and not record.content.companion_note:
        # Nothing is meant for them: that somebody called at all is not theirs to know.
        return None
    return Seen(record=_covered(record, parts), parts=parts, task=task)


def hidden(content: Content, parts: frozenset[Part]) -> Content:
    """The content without the parts that are not to be seen."""
    kept = content if Part.FACTS in parts else Content()
    shown = {
        "about": Part.TEXT in parts,
        "text": Part.TEXT in parts,
        "reason": Part.TEXT in parts,
        "sensitive": Part.SENSITIVE in parts,
        "companion_note": Part.COMPANION_NOTE in parts,
    }
    return with_texts(kept, {name: getattr(content, name) for name in TEXTS if shown[name]})


def _covered(record: Record, parts: frozenset[Part]) -> Record:
    facts = Part.FACTS in parts
    return replace(
        record,
        content=hidden(record.content, parts),
        counsellor_id=record.counsellor_id if facts else None,
        created_by=record.created_by if facts else None,
        contact_id=record.contact_id if facts else None,
        links=record.links if Part.LINKS in parts else (),
        consents=record.consents if Part.CONSENTS in parts else (),
    )

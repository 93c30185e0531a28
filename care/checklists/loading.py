"""Instruments from their files: those that come with the program, and those of a folder of the operator's.

A copyrighted instrument (UCLA-20, LSNS-6) or one whose items are not published comes by the operator's folder. Whatever is wrong with files is
said at once, all of it.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from care.checklists.catalogue import Catalogue
from care.checklists.errors import InstrumentRefused
from care.checklists.model import AlarmRule, Choice, Condition, Flag, Form, Instrument, Item, Level, Outcome, Score, Section
from care.checklists.wire import ConditionIn, InstrumentIn

#: A file is longer only by mistake; bytes.
MOST_BYTES = 500_000


def shipped() -> tuple[Instrument, ...]:
    """The instruments that come with the program."""
    folder = resources.files("care.checklists") / "instruments"
    return tuple(parse(file.read_bytes(), file.name) for file in sorted(folder.iterdir(), key=lambda one: one.name) if _is_toml(file.name))


def load(folder: Path | None = None) -> Catalogue:
    """Those that come with the program, and those of a folder. Raises InstrumentRefused."""
    found, problems = list(shipped()), []
    for file in sorted(folder.glob("*.toml")) if folder is not None else ():
        try:
            if file.stat().st_size > MOST_BYTES:
                problems.append(f"{file.name}: more than {MOST_BYTES} bytes")
                continue
            found.append(parse(file.read_bytes(), file.name))
        except OSError as error:
            problems.append(f"{file.name}: can't be read ({error.strerror})")
        except InstrumentRefused as error:
            problems.extend(error.problems)
    versions = Counter((one.id, one.version) for one in found)
    problems += [
        f"{name} version {version} is there {number} times; a changed instrument needs a version of its own"
        for (name, version), number in versions.items()
        if number > 1
    ]
    if problems:
        raise InstrumentRefused(problems)
    return Catalogue(found)


def parse(content: bytes, name: str) -> Instrument:
    """One file. Raises InstrumentRefused."""
    try:
        read = InstrumentIn.model_validate(tomllib.loads(content.decode()))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InstrumentRefused([f"{name}: {error}"]) from None
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise InstrumentRefused([f"{name}: {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found]) from None
    problems = [f"{name}: {problem}" for problem in _wrong(read)]
    if problems:
        raise InstrumentRefused(problems)
    return _instrument(read, hashlib.sha256(content).hexdigest()[:16])


def _is_toml(name: str) -> bool:
    return name.endswith(".toml")


def _wrong(read: InstrumentIn) -> Iterable[str]:
    items = {item.id: item for section in read.sections for item in section.items}
    forms, sections = [form.id for form in read.forms], [section.id for section in read.sections]
    scores, flags = [score.id for score in read.scores], [flag.id for flag in read.flags]
    levels = [level.id for level in read.levels.of] if read.levels else []
    every_item = [item.id for section in read.sections for item in section.items]
    for what, ids in (("item", every_item), ("section", sections), ("form", forms), ("score", scores), ("flag", flags),
                      ("level", levels), ("outcome", [outcome.id for outcome in read.outcomes])):  # fmt: skip
        yield from (f"{what} {one!r} is there twice" for one in sorted({one for one in ids if ids.count(one) > 1}))
    for item in items.values():
        if len(read.answers.get(item.answers, ())) < 2:
            yield f"item {item.id!r}: answers {item.answers!r} must be there, and at least two"
    for group, choices in read.answers.items():
        for value, choice in choices.items():
            if (choice.level is None) is bool(levels) or (levels and choice.level not in levels):
                yield f"answers.{group}.{value}: every answer has one of the levels, or none has"
    if read.levels and read.levels.high not in levels:
        yield f"levels.high: {read.levels.high!r} is no level"
    for form in read.forms:
        yield from (f"form {form.id!r}: there is no section {one!r}" for one in form.sections if one not in sections)
        last = [outcome for outcome in read.outcomes if not outcome.forms or form.id in outcome.forms]
        if not last or last[-1].when is not None:
            yield f"form {form.id!r}: its last outcome, the gravest, must fit always"
        for outcome in last[:-1]:
            if outcome.when is None:
                yield f"outcome {outcome.id!r} fits always, so what follows it never does"
    for score in read.scores:
        yield from (f"score {score.id!r}: there is no item {one!r}" for one in score.items if one not in items)
        if len(set(score.items)) < len(score.items):
            yield f"score {score.id!r} counts an item twice"
    known = {"score": scores, "item": list(items), "flag": flags}
    asked = [
        *((f"section {one.id!r}", one.when, known) for one in read.sections if one.when),
        *((f"outcome {one.id!r}", one.when, known) for one in read.outcomes if one.when),
        # A flag may use those that stand before it.
        *((f"flag {one.id!r}", one.when, {**known, "flag": flags[:place]}) for place, one in enumerate(read.flags)),
    ]
    for where, condition, there in asked:
        yield from (f"{where}: there is no {kind} {one!r} before it" for kind, one in condition.named() if one not in there[kind])
    for alarm in read.alarms:
        values = [int(value) for value in read.answers.get(items[alarm.item].answers, ())] if alarm.item in items else []
        if not any(value >= alarm.at_least for value in values):
            yield f"alarm: no answer of an item {alarm.item!r} is {alarm.at_least} or more"


def _meant(condition: ConditionIn | None) -> Condition | None:
    return None if condition is None else condition.meant


def _instrument(read: InstrumentIn, fingerprint: str) -> Instrument:
    levels = [level.id for level in read.levels.of] if read.levels else []

    def choices(group: str) -> tuple[Choice, ...]:
        found = sorted((int(value), choice) for value, choice in read.answers[group].items())
        return tuple(Choice(value=v, words=c.words, level=levels.index(c.level) if c.level else 0) for v, c in found)

    return Instrument(
        id=read.id,
        version=read.version,
        since=read.since,
        words=read.words,
        intro=read.intro.words,
        source=read.source,
        terms=read.terms,
        note=read.note,
        everywhere=read.everywhere,
        sections=tuple(Section(id=one.id, words=one.words, when=_meant(one.when)) for one in read.sections),
        forms=tuple(Form(id=one.id, words=one.words, sections=tuple(one.sections)) for one in read.forms),
        items=tuple(
            Item(id=item.id, section=section.id, words=item.words, choices=choices(item.answers))
            for section in read.sections
            for item in section.items
        ),
        scores=tuple(Score(id=one.id, words=one.words, items=tuple(one.items)) for one in read.scores),
        flags=tuple(Flag(id=one.id, words=one.words, when=one.when.meant) for one in read.flags),
        outcomes=tuple(
            Outcome(id=one.id, words=one.words, when=_meant(one.when), forms=tuple(one.forms), recommends=tuple(one.recommends))
            for one in read.outcomes
        ),
        alarms=tuple(AlarmRule(item=one.item, at_least=one.at_least, danger=one.danger) for one in read.alarms),
        levels=tuple(Level(id=one.id, words=one.words) for one in read.levels.of) if read.levels else (),
        high=levels.index(read.levels.high) if read.levels else 0,
        fingerprint=fingerprint,
    )

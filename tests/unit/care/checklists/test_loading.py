"""Instruments from the operator's folder."""

from __future__ import annotations

from datetime import date
from importlib import resources
from pathlib import Path

import pytest

from care.checklists.errors import InstrumentRefused
from care.checklists.loading import load, parse

OWN = """
id = "lsns"
version = "1"
since = 2026-01-01
ko = "x"
en = "x"
source = "x"
terms = "licensed to this operator"
intro = { ko = "x", en = "x" }
answers = { number = { 0 = { ko = "0", en = "0" }, 1 = { ko = "1", en = "1" } } }
forms = [{ id = "full", ko = "x", en = "x", sections = ["all"] }]
scores = [{ id = "total", ko = "x", en = "x", items = ["q1", "q2"] }]
outcomes = [
    { id = "few", ko = "x", en = "x", when = { score = "total", at_most = 1 } },
    { id = "many", ko = "x", en = "x" },
]

[[sections]]
id = "all"
ko = "x"
en = "x"
items = [{ id = "q1", answers = "number", ko = "x", en = "x" }, { id = "q2", answers = "number", ko = "x", en = "x" }]
"""


def shipped(name: str) -> str:
    """A file that comes with the program."""
    return (resources.files("care.checklists") / "instruments" / name).read_text()


def refused(content: str) -> tuple[str, ...]:
    """What is said of it."""
    with pytest.raises(InstrumentRefused) as caught:
        parse(content.encode(), "own.toml")
    return caught.value.problems


def test_an_operators_instrument_joins_the_shipped_ones(tmp_path: Path) -> None:
    """Its own scores and outcomes included."""
    (tmp_path / "lsns.toml").write_text(OWN)
    catalogue = load(tmp_path)
    engine = catalogue.engine("lsns", "1")
    found = engine.score({"q1": 1, "q2": 1}, "full")
    assert found.outcome is not None
    assert (found.scores["total"], found.outcome.id) == (2, "many")
    assert "lsns" in {one.id for one in catalogue.current(date(2026, 11, 22))}


def test_a_newer_version_is_used_from_its_day_on_and_the_old_one_stays(tmp_path: Path) -> None:
    """Results of the old one are still read."""
    (tmp_path / "new.toml").write_text(OWN.replace('version = "1"', 'version = "2"').replace("2026-01-01", "2027-03-01"))
    (tmp_path / "old.toml").write_text(OWN)
    catalogue = load(tmp_path)
    versions = [next(one.version for one in catalogue.current(day) if one.id == "lsns") for day in (date(2027, 2, 28), date(2027, 3, 1))]
    assert versions == ["1", "2"]
    assert catalogue.engine("lsns", "1").instrument.fingerprint != catalogue.engine("lsns", "2").instrument.fingerprint


def test_everything_that_is_wrong_is_said_at_once() -> None:
    """With its place."""
    wrong = (
        OWN.replace('items = ["q1", "q2"]', 'items = ["q1", "q9"]')
        .replace('score = "total", at_most', 'score = "sum", at_most')
        .replace('{ id = "many", ko = "x", en = "x" }', '{ id = "many", ko = "x", en = "x", when = { item = "q8", at_least = 1 } }')
        .replace('{ id = "q2", answers = "number"', '{ id = "q2", answers = "letters"')
        + '\n[[alarms]]\nitem = "q1"\nat_least = 2\ndanger = "suicide"\n'
    )
    said = "\n".join(refused(wrong))
    for part in ("'q9'", "'sum'", "'q8'", "'letters'", "must fit always", "no answer of an item 'q1' is 2 or more"):
        assert part in said, part
    assert "own.toml: " in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("since = 2026-01-01", 'since = "soon"', "since"),
        ('terms = "licensed to this operator"', "", "terms"),
        ("at_most = 1", "at_most = 1, flag = 'x'", "exactly one"),
        (", at_most = 1", "", "compared"),
        ('id = "lsns"', 'id = "lsns"\nextra = 1', "extra"),
        ("id = ", "id == ", "own.toml"),
    ],
)  # fmt: skip
def test_a_file_of_another_form_is_refused_with_its_place(old: str, new: str, said: str) -> None:
    """Types, missing and unknown keys, conditions that say two things or nothing, no TOML at all."""
    assert said in "\n".join(refused(OWN.replace(old, new, 1)))


def test_the_same_version_twice_is_refused(tmp_path: Path) -> None:
    """A shipped instrument is not changed under its version."""
    (tmp_path / "seoul.toml").write_text(shipped("seoul.toml").replace("at_least = 5", "at_least = 6"))
    with pytest.raises(InstrumentRefused, match="seoul version 1"):
        load(tmp_path)


def test_the_suicide_prompts_cannot_be_configured_away(tmp_path: Path) -> None:
    """A newer version that is not asked everywhere is refused."""
    newer = shipped("suicide_risk.toml").replace('version = "1"', 'version = "2"').replace("everywhere = true", "")
    (tmp_path / "suicide.toml").write_text(newer)
    with pytest.raises(InstrumentRefused, match="every path"):
        load(tmp_path)

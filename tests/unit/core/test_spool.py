"""The journal's spool format."""

from __future__ import annotations

import tempfile
from datetime import UTC, timedelta, timezone
from pathlib import Path
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from core import spool
from core.spool import Batch, Entry, decode, encode

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63), st.floats(allow_nan=False, allow_infinity=False), st.text(), st.binary(), st.uuids(),
    st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=9))])),
)  # fmt: skip
KEYS = st.one_of(st.text(), st.sampled_from(["$at", "$id", "$bytes", "$map", "$text"]))
VALUES = st.recursive(SCALARS, lambda inner: st.one_of(st.lists(inner), st.dictionaries(KEYS, inner)), max_leaves=6)


@given(VALUES)
def test_every_value_comes_back_as_it_was(value: object) -> None:
    """Also objects that look like the format's own marks."""
    assert decode(encode(value)) == value


@settings(max_examples=20, deadline=None)
@given(st.lists(st.dictionaries(st.text(), VALUES), min_size=1, max_size=3))
def test_batches_come_back_from_the_file(entries: list[dict[str, object]]) -> None:
    """Through JSON, in order."""
    batches = [Batch(journal=uuid4(), number=n, entries=(Entry(name="x", parameters=item),)) for n, item in enumerate(entries)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spool.jsonl"
        spool.append(path, batches)
        assert spool.read(path) == (batches, [])


def test_what_json_can_not_hold_becomes_a_text(tmp_path: Path) -> None:
    """A poison entry can always be set aside."""
    path = tmp_path / "spool.jsonl"
    spool.append(path, [Batch(journal=uuid4(), number=1, entries=(Entry(name="x", parameters={"a": object()}),))])
    ((batch,), damaged) = spool.read(path)
    assert str(batch.entries[0].parameters["a"]).startswith("object: <object object")
    assert damaged == []


def test_damaged_lines_are_told_and_a_cut_last_line_is_not(tmp_path: Path) -> None:
    """A crash while writing leaves half a line: what was in it was never acknowledged."""
    path = tmp_path / "spool.jsonl"
    spool.append(path, [Batch(journal=uuid4(), number=n, entries=()) for n in (1, 2)])
    good = path.read_text().splitlines(keepends=True)
    path.write_text(good[0] + "nonsense\n" + '{"v": 99}\n' + good[1] + good[0][:20])
    batches, damaged = spool.read(path)
    assert [batch.number for batch in batches] == [1, 2]
    assert damaged == [2, 3]

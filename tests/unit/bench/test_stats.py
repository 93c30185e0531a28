"""The bench's figures: percentiles, the search for the edge, the result line."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.loads import Step
from tests.bench.report import Measured, result, table
from tests.bench.search import LADDER, Search
from tests.bench.stats import Summary, percentile

_KEYS = [
    "key5_to_invite_ms", "floor_ms", "free_to_invite_ms", "app_queue_free_to_invite_ms", "calls_per_s", "floor_calls_per_s",
    "app_queue_calls_per_s", "rss_mb", "start_s",
]  # fmt: skip


def test_percentile_is_a_value_that_occurred() -> None:
    """Nearest rank: the 99th of a hundred is the 99th, the median of four the second."""
    assert percentile([float(n) for n in range(1, 101)], 0.99) == 99
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.5) == 2


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_percentiles_are_ordered_and_bounded_by_the_samples(samples: list[float]) -> None:
    """Whatever came in, p50 <= p90 <= p99 <= largest, and none is invented."""
    summary = Summary.of(samples)
    assert min(samples) <= summary.p50 <= summary.p90 <= summary.p99 <= summary.largest == max(samples)
    assert summary.p99 in samples


def test_a_measure_without_samples_is_null_in_json() -> None:
    """JSON has no NaN."""
    assert math.isnan(Summary.of([]).p50)
    assert Summary.of([]).figures() == {"p50": None, "p99": None}


@pytest.mark.parametrize("edge", [1, 2, 9, 40, 57, 118, 200, 500])
def test_search_finds_the_highest_rate_a_system_sustains(edge: int) -> None:
    """Against a system that carries everything up to `edge` calls/s, in few steps."""
    search, steps = Search(probe_s=1, full_s=10), 0
    while planned := search.next():
        search.record(planned[0], planned[0] <= edge)
        steps += 1
    assert search.result == max((rate for rate in LADDER if rate <= edge), default=0)
    assert steps <= 14


def test_a_rate_that_only_passed_a_probe_is_not_the_result() -> None:
    """Short steps pass up to 80, full ones only up to 30: 30 is what is sustained."""
    search = Search(probe_s=1, full_s=10)
    while planned := search.next():
        rate, seconds = planned
        search.record(rate, rate <= (80 if seconds == 1 else 30))
    assert search.result == 30


def _step(**changes: object) -> Step:
    values: dict[str, object] = {
        "rate": 5.0,
        "calls": 2,
        "key_to_invite": [4.0, 6.0],
        "key_to_bridged": [20.0, 30.0],
        "cost": {"program": 0.01},
    }
    return Step(**{**values, **changes})  # type: ignore[arg-type]


def test_step_fails_for_a_failed_call_a_slow_one_or_none_at_all() -> None:
    """What "sustained with no failed call" means."""
    assert _step().passed
    assert not _step(failed={"cut off": 1}).passed
    assert not _step(key_to_bridged=[20.0, 1001.0]).passed
    assert not _step(key_to_bridged=[]).passed


def test_result_line_begins_with_the_agreed_keys() -> None:
    """One JSON object; what was not measured is null."""
    ours = Measured(free_to_invite=[3.0], calls_per_s=50, rss_mb=90.04, live_calls=200, start_s=0.71)
    ours.add(_step())
    line = json.loads(result({"ours": ours}, Summary.of([0.2]), {"machine": "x"}))
    assert list(line)[: len(_KEYS)] == _KEYS
    assert line["key5_to_invite_ms"] == {"p50": 4.0, "p99": 6.0}
    assert line["floor_calls_per_s"] is None
    assert line["rss_mb"] == 90.0


def test_table_names_the_failures_of_a_step() -> None:
    """A rate that was not carried is told with its reason."""
    measured = Measured(steps=[_step(rate=80.0, failed={"cut off": 3}), _step(rate=40.0)])
    text = table({"ours": measured}, Summary.of([0.2]), {})
    assert "ours at 80 calls/s: 3 cut off (of 2)" in text
    assert "ours at 40" not in text
    assert "CPU a call: program (ms)" in text

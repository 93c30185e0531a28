"""`annyeong120 numbers` as a supervisor uses it."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from core.database import Database
from tests.integration.line.conftest import Run, with_database

_CALLS = text(
    """
    INSERT INTO contacts (id, node, worker, channel_id, entry, withheld, state, entered_at, queued_at, answered_at, ended_at, outcome)
    VALUES (gen_random_uuid(), 'main', 'w', '1', 'menu', true, 'ended', '2026-03-02 09:31+09', '2026-03-02 09:31:10+09',
            '2026-03-02 09:31:25+09', '2026-03-02 09:41+09', 'talked'),
           (gen_random_uuid(), 'main', 'w', '2', 'menu', true, 'ended', '2026-03-02 09:59:59+09', '2026-03-02 10:00:10+09',
            NULL, '2026-03-02 10:05+09', 'abandoned_waiting'),
           (gen_random_uuid(), 'main', 'w', '3', 'menu', true, 'ended', '2026-03-02 11:00+09', NULL, NULL, '2026-03-02 11:00:05+09',
            'abandoned_in_menu')
    """
)


@pytest.fixture
def three_calls(database_url: str) -> None:
    """One talked, one gave up in the line, one in the menu."""

    async def write(db: Database) -> None:
        await db.execute(_CALLS)

    with_database(database_url, write)


def test_numbers_are_shown_by_interval_with_a_total(run: Run, three_calls: None) -> None:
    """Intervals of Seoul's clock, the empty ones too."""
    result = run("numbers", "--from", "2026-03-02T09:30", "--to", "2026-03-02T11:30", "--every", "30m", "--json")
    assert result.exit_code == 0, result.output
    record = json.loads(result.stdout)
    assert [item["start"][11:16] for item in record["intervals"]] == ["09:30", "10:00", "10:30", "11:00"]
    assert [item["offered"] for item in record["intervals"]] == [2, 0, 0, 0]
    total = record["total"]
    assert (total["offered"], total["answered"], total["queue_abandoned"], total["ivr_abandoned"]) == (2, 1, 1, 1)
    assert (total["service_level"], total["asa_s"], record["within_s"]) == (0.5, 15.0, 20.0)
    assert total["outcomes"] == {"abandoned_in_menu": 1, "abandoned_waiting": 1, "talked": 1}
    shown = run("numbers", "--from", "2026-03-02", "--to", "2026-03-03", "--every", "60m").stdout
    for words in ("합계 / total", "03-02 23:00", "50 %", "0:15", "abandoned_in_menu 1", "2026-03-03 00:00"):
        assert words in shown


def test_days_totals_and_times_counted_back(run: Run, three_calls: None) -> None:
    """What is typed most; nothing at all is a table of zeros."""
    days = json.loads(run("numbers", "--from", "2026-03-01", "--to", "2026-03-04", "--every", "day", "--within", "10", "--json").stdout)
    assert [item["offered"] for item in days["intervals"]] == [0, 2, 0]
    assert days["total"]["service_level"] == 0.0
    assert run("numbers").exit_code == 0
    assert len(json.loads(run("numbers", "--from", "-3d", "--every", "day", "--json").stdout)["intervals"]) == 4
    assert json.loads(run("numbers", "--from", "-90m", "--total", "--json").stdout)["intervals"] == []


@pytest.mark.parametrize(
    "arguments",
    [("--every", "7m"), ("--from", "yesterday"), ("--to", "-5x"), ("--from", "2026-03-02", "--to", "2026-03-01"), ("--from", "0001-01-01")],
)
def test_a_mistake_is_one_clear_sentence(run: Run, arguments: tuple[str, ...]) -> None:
    """On standard error, with exit code 1 and no traceback."""
    result = run("numbers", *arguments)
    assert result.exit_code == 1, result.output
    assert result.stderr.strip()
    assert "Traceback" not in result.output

"""A real helpline's load through the line's own engine and estimator, in small; docs/replay.md has the year."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner
from typer.testing import Result as CommandResult

from helpline.commands import replay
from helpline.twin import agreement, measures
from helpline.twin.callers import Scenario
from helpline.twin.run import Result, Twin
from routing import engine_model as e
from routing.engine import Engine
from routing.policy import Policy
from shifts.load import LoadError, shipped


def scenario(*, times: float = 1, seats: int = 3, days: int = 10, mixed: bool = False) -> Scenario:
    """Some days of this line's load, or of a multiple."""
    return Scenario(load=shipped(), a_day=115 * times, seats=seats, days=days, mixed=mixed)


def command(*arguments: str) -> CommandResult:
    """Run `replay` alone."""
    app = typer.Typer()
    app.callback()(lambda: None)
    replay.register(app)
    return CliRunner().invoke(app, ["replay", *arguments])


def sound(result: Result) -> bool:
    """Nobody served out of order, nobody waiting beside a free counsellor, no reservation lost, no event without a use."""
    return result.out_of_order == result.left_idle == result.lost == result.ignored == 0


@pytest.mark.parametrize(("times", "days"), [(1, 15), (1.35, 10), (10, 1)])
def test_everybody_is_served_in_order_and_nobody_waits_beside_a_free_counsellor(times: float, days: int) -> None:
    """At this line's own volume, in a pandemic, and at ten times it; calls are shared evenly and the longest wait is no outlier."""
    result = Twin(scenario(times=times, days=days)).run()
    numbers = measures.numbers(result)
    assert sound(result)
    assert numbers.pairs > 50
    assert numbers.spread is not None
    assert numbers.spread < 0.15
    assert numbers.max_over_p99 is not None
    assert numbers.max_over_p99 < 4


def test_estimates_hold_for_most_who_were_told_one() -> None:
    """The interval is meant to hold for four in five; at ten times the load, where everybody waits, and with five counsellors."""
    numbers = measures.numbers(Twin(scenario(times=10, seats=5, days=1)).run())
    assert numbers.estimate_held is not None
    assert 0.7 < numbers.estimate_held < 0.95
    assert numbers.estimate_silent is not None
    assert numbers.estimate_silent < 0.3


def test_somebody_in_danger_hardly_waits_even_in_a_surge() -> None:
    """Lanes at work: with ten times the load the crisis lane is served before everybody, and the order of lanes is kept throughout."""
    result = Twin(scenario(times=10, days=1, mixed=True)).run()
    lanes = {str(lane): asa_s for lane, (_, asa_s, _) in measures.by_lane(result).items()}
    assert sound(result)
    assert lanes["crisis"] is not None
    assert lanes["normal"] is not None
    assert lanes["crisis"] < lanes["normal"] / 3


@pytest.mark.parametrize(("per_hour", "seats", "patience_s"), [(115 / 24, 3, math.inf), (115 * 0.07515, 4, 600)])
def test_simulation_and_theory_agree(per_hour: float, seats: int, patience_s: float) -> None:
    """Erlang C at the mean hour, Erlang A at the busiest one: within two points, with some 6,000 contacts."""
    runs = agreement.steady_runs(shipped(), a_day=115, seats=[seats], contacts=6_000, seed=1, patience_s=600)
    run = next(run for run in runs if math.isclose(run.a_day, per_hour * 24, rel_tol=0.01) and run.patience_s == patience_s)
    checks = agreement.check(run)
    assert {item.what for item in checks} >= {"waits", "service_level"}
    assert {item.what: round(item.error, 4) for item in checks if abs(item.error) > agreement.TOLERANCE} == {}


def test_the_same_seed_is_the_same_year() -> None:
    """Every call of it; another seed is another one."""
    first, again, other = (Twin(replace(scenario(days=2), seed=seed)).run() for seed in (1, 1, 2))
    assert first.calls == again.calls
    assert first.calls != other.calls


class LastComeFirstServed(Engine):
    """An engine for which whoever came last came first."""

    def handle(self, event: e.Event, now: datetime) -> list[e.Command]:
        """As the real one, with time turned round."""
        if isinstance(event, e.Joined):
            mirrored = datetime(2026, 1, 1, tzinfo=UTC) - (event.contact.since - datetime(2026, 1, 1, tzinfo=UTC))
            event = e.Joined(contact=replace(event.contact, since=mirrored, joined=now))
        return super().handle(event, now)


class Forgetful(Engine):
    """An engine that does not hear that counsellor 101 is free again."""

    def handle(self, event: e.Event, now: datetime) -> list[e.Command]:
        """As the real one, but for one kind of event."""
        if isinstance(event, e.SeatSeen) and event.seat.extension == "101" and event.seat.epoch and event.seat.system == "idle":
            return []
        return super().handle(event, now)


def test_an_engine_that_serves_the_last_first_is_caught() -> None:
    """The test of the test: order is judged by the twin's own book."""
    assert Twin(scenario(days=5), engine=LastComeFirstServed(Policy())).run().out_of_order > 0


def test_an_engine_that_forgets_a_counsellor_is_caught() -> None:
    """The test of the test: somebody waits beside a free counsellor."""
    assert Twin(scenario(days=2), engine=Forgetful(Policy())).run().left_idle > 0


def test_the_command_prints_figures_and_draws_the_chart(tmp_path: Path) -> None:
    """JSON with one row for each load and number of counsellors; the picture in a file; tables for people."""
    picture = tmp_path / "replay.svg"
    done = command("--load", "x1,2", "--seats", "3,4", "--days", "2", "--json", "--chart", str(picture))
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)
    assert [(row["load"], row["seats"]) for row in rows] == [("x1", 3), ("x1", 4), ("2", 3), ("2", 4)]
    assert [row["days"] for row in rows] == [2, 2, 1, 1]
    assert all(row["faults"] == 0 and row["numbers"]["offered"] > 80 for row in rows)
    assert picture.read_text("utf-8").startswith("<svg")
    shown = command("--load", "x1", "--seats", "3", "--days", "1", "--mixed")
    assert shown.exit_code == 0
    assert "CC BY 4.0" in shown.stdout


@pytest.mark.parametrize("arguments", [["--load", "much"], ["--load", ","], ["--load", "x1000"], ["--seats", "none"], ["--seats", "0"]])
def test_loads_and_seats_that_make_no_sense_are_refused(arguments: list[str]) -> None:
    """In both languages, before anything runs."""
    done = command(*arguments)
    assert isinstance(done.exception, LoadError)
    assert " / " in str(done.exception)

"""The measure of a decision keeps the line in the state it is measured in. No figure of time is judged here."""

from __future__ import annotations

from tests.bench import dispatch
from tests.bench.dispatch import Cell
from tests.bench.stats import Summary


def test_every_timed_event_is_one_decision() -> None:
    """At each size; an event that led to no reservation, or to two, would end the measure with an error."""
    cells = dispatch.measure(samples=40, counsellors=(3, 9), waiting=(2, 12))
    assert [(cell.counsellors, cell.waiting) for cell in cells] == [(3, 2), (3, 12), (9, 2), (9, 12)]
    assert {summary.n for cell in cells for summary in (cell.seat_free, cell.contact_joins)} == {40}
    assert len(dispatch.lines(cells)) == 6


def test_growth_is_that_of_the_worse_decision() -> None:
    """From the smallest to the largest line, beside what a logarithm allows."""
    cells = [
        Cell(counsellors=many, waiting=many, seat_free=Summary.of([free]), contact_joins=Summary.of([join]))
        for many, free, join in ((16, 10.0, 20.0), (16_384, 15.0, 50.0))
    ]
    assert dispatch.growth(cells) == (2.5, 3.0)

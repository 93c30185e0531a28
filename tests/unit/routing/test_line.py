"""The waiting line's order and its memory of refusals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from routing.line import Line
from routing.model import Waiting

NOON = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def contact(number: int, seconds: float = 0, *, dropped: bool = False) -> Waiting:
    """Somebody who waits since noon and so many seconds."""
    return Waiting(contact_id=UUID(int=number), since=NOON + timedelta(seconds=seconds), dropped=dropped)


def line(*contacts: Waiting) -> Line:
    """A line of these."""
    made = Line(timedelta(seconds=30))
    for item in contacts:
        made.join(item)
    return made


def order(of: Line) -> list[int]:
    """Who is next, by number."""
    return [item.contact_id.int for item in of.next()]


def test_longest_wait_is_first_and_a_dropped_call_before_it() -> None:
    """Who lost a counsellor through no fault of their own is served before all others."""
    assert order(line(contact(1, 5), contact(2, 1), contact(3, 60, dropped=True))) == [3, 2, 1]


def test_an_offered_contact_is_not_next_until_the_offer_ends() -> None:
    """Never offered to two at once."""
    waiting = line(contact(1), contact(2, 1))
    waiting.offered(UUID(int=1))
    assert order(waiting) == [2]
    waiting.returned(UUID(int=1))
    assert order(waiting) == [1, 2]


def test_who_refused_is_not_asked_again_for_a_while_and_then_again() -> None:
    """No ping-pong, and no caller for whom nobody is left."""
    waiting = line(contact(1))
    waiting.offered(UUID(int=1))
    waiting.refused(UUID(int=1), UUID(int=9), NOON)
    assert waiting.not_now(UUID(int=1), NOON + timedelta(seconds=29)) == [UUID(int=9)]
    assert waiting.not_now(UUID(int=1), NOON + timedelta(seconds=30)) == []
    assert order(waiting) == [1]


def test_leaving_forgets_everything() -> None:
    """A contact that left is neither next nor remembered."""
    waiting = line(contact(1))
    waiting.offered(UUID(int=1))
    waiting.leave(UUID(int=1))
    waiting.refused(UUID(int=1), UUID(int=9), NOON)
    assert order(waiting) == []
    assert len(waiting) == 0
    assert waiting.not_now(UUID(int=1), NOON) == []


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 3600), st.booleans()), unique_by=lambda item: item[0]))
def test_order_does_not_depend_on_the_order_of_joining(items: list[tuple[int, float, bool]]) -> None:
    """The line is a function of who waits since when."""
    contacts = [contact(number, since, dropped=dropped) for number, since, dropped in items]
    assert order(line(*contacts)) == order(line(*reversed(contacts)))

"""What a call's books tell the line and the numbers: keys, and what a restart found."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import pytest

from core import metrics
from core.testing import ManualClock
from ivr import call_model as m
from ivr.line_books import LineBooks
from ivr.picture import known_of
from ivr.services import Services
from routing.contacts import LiveContact
from routing.model import ContactState, Waiting

CONTACT = UUID(int=1)


class Books:
    """Books of one call; remembers what the line was told."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.joined: list[Waiting] = []
        contacts = SimpleNamespace(note=lambda *_: None, queued=lambda *_: None)
        router = SimpleNamespace(join=self.joined.append)
        services = SimpleNamespace(clock=self.clock, contacts=contacts, router=router)
        self.books = LineBooks(CONTACT, "ko", cast(Services, services), lambda _: None)


def row(at: datetime, **more: object) -> LiveContact:
    """A caller who was found waiting."""
    return LiveContact(
        id=CONTACT, channel_id="c", state=ContactState.WAITING, entry="menu", language="ko", entered_at=at, queued_at=at, answered_at=None,
        virtual_start=at, **more,  # type: ignore[arg-type]  # of one row
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "detail", "what"),
    [
        ("key_5", {}, "five"), ("transfer", {}, "dasan"), ("wrong_key", {}, "wrong"), ("dialogue", {"what": "callback"}, "callback"),
        ("dialogue", {"what": "code"}, "code"), ("danger_key", {}, "danger"), ("repeat", {}, "repeat"), ("language", {"language": "en"}, "language"),
        ("other_key", {}, "wrong"),
    ],
)  # fmt: skip
def test_every_key_counts_in_the_menu_and_while_waiting(kind: str, detail: dict[str, object], what: str) -> None:
    """Once each, by what it is for."""
    count = metrics.keys_total.labels(what=what)
    before = count._value.get()
    Books().books.do(m.Note(kind=kind, detail=detail))
    Books().books.do(m.Note(kind="waiting"))
    assert count._value.get() == before + 1


def test_a_restart_forgets_neither_the_wait_nor_the_rounds_outside() -> None:
    """Where it was in the chain, and since when it waits; a later stretch begins anew."""
    here = Books()
    waits_since, tried_at = here.clock.now() - timedelta(minutes=20), here.clock.now() - timedelta(minutes=5)
    found = row(waits_since, overflows=2, overflowed=tried_at)
    assert known_of(found).overflow.rounds == 2
    here.books.resume(found)
    here.books.do(m.Join())
    assert (here.joined[0].since, here.joined[0].joined, here.joined[0].overflowed) == (waits_since, waits_since, tried_at)
    here.books.do(m.Join())
    assert (here.joined[1].joined, here.joined[1].overflowed) == (here.clock.now(), None)


def test_who_had_talked_before_a_restart_waits_for_the_same_counsellor_from_now_on() -> None:
    """That wait began with the loss, not with the call."""
    here = Books()
    earlier = here.clock.now() - timedelta(minutes=20)
    found = LiveContact(
        id=CONTACT, channel_id="c", state=ContactState.WAITING, entry="menu", language="ko", entered_at=earlier, queued_at=earlier,
        answered_at=earlier, virtual_start=earlier,
    )  # fmt: skip
    here.books.resume(found)
    here.books.do(m.Join())
    assert here.joined[0].joined == here.clock.now()

"""A line to be asked what it decides: counsellors, contacts, and what it answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from routing import engine_model as e
from routing.engine import Engine
from routing.model import Seat, Waiting
from routing.policy import Policy

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
POLICY = Policy()


def after(seconds: float) -> datetime:
    """An instant of the test."""
    return NOW + timedelta(seconds=seconds)


def contact(number: int, *, waited: float = 0.0, **more: object) -> Waiting:
    """Somebody in the line."""
    return Waiting(contact_id=UUID(int=number), since=after(-waited), **more)  # type: ignore[arg-type]


def seat(number: int, *, idle: float = 0.0, **more: object) -> Seat:
    """A counsellor who is ready and idle, unless something else is said."""
    values: dict[str, object] = {"human": "ready", "reachable": True, "idle_since": after(-idle), "epoch": 1, "changed_at": NOW, **more}
    return Seat(counsellor_id=UUID(int=1000 + number), extension=f"{100 + number}", **values)  # type: ignore[arg-type]


def line(*seats: Seat, policy: Policy = POLICY) -> Engine:
    """A line with these counsellors."""
    engine = Engine(policy)
    for one in seats:
        engine.handle(e.SeatSeen(seat=one), NOW)
    return engine


def join(engine: Engine, *contacts: Waiting, at: datetime = NOW) -> list[e.Command]:
    """Everything that follows when these join."""
    return [command for one in contacts for command in engine.handle(e.Joined(contact=one), at)]


def pairs(commands: list[e.Command]) -> list[tuple[int, int]]:
    """Reservations as (contact, counsellor)."""
    return [(command.contact_id.int, command.counsellor_id.int - 1000) for command in commands if isinstance(command, e.Reserve)]


def grant(engine: Engine, number: int, one: Seat, at: datetime = NOW) -> list[e.Command]:
    """The database granted the reservation."""
    taken = replace(one, epoch=one.epoch + 1, system="offered", changed_at=at)
    commands = engine.handle(e.SeatSeen(seat=taken), at)
    return commands + engine.handle(e.Granted(contact_id=UUID(int=number), counsellor_id=one.counsellor_id), at)

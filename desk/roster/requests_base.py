"""What the APIs of leave and swaps share."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from desk.access.model import Actor, Permission
from desk.errors import Problem
from desk.events import Events
from desk.roster.problems import NOT_ROSTERED
from desk.roster.store import Store


def own(actor: Actor) -> UUID:
    """The counsellor somebody is."""
    if actor.counsellor_id is None:
        raise Problem(NOT_ROSTERED)
    return actor.counsellor_id


def decides(actor: Actor) -> bool:
    """Whether they decide about leave and swaps."""
    return Permission.LEAVE_DECIDE in actor.permissions


async def tell(events: Events, store: Store, kind: str, people: Collection[UUID]) -> None:
    """Have the open pages of who decides, and of the people concerned, look at their requests again. Raises `DatabaseUnavailable`."""
    await events.publish("requests_changed", {"kind": kind}, permission=Permission.LEAVE_DECIDE)
    for user in await store.users_of(people):
        await events.publish("requests_changed", {"kind": kind}, user=user)

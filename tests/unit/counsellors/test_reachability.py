"""What a phone's device states mean, and what happens while the database or Asterisk is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import pytest

from core.errors import DatabaseUnavailable
from ivr.ari.errors import Unreachable
from ivr.ari.events import DeviceStateChanged, Unknown
from ivr.ari.model import Endpoint
from ivr.reachability import Reachability
from tests.kit.until import until


class Directory:
    """Remembers who can be reached."""

    def __init__(self) -> None:
        self.reachable: set[str] = set()
        self.writes: list[tuple[str, bool]] = []
        self.away = False

    async def set_reachable(self, extension: str, reachable: bool) -> None:
        if self.away:
            raise DatabaseUnavailable
        self.writes.append((extension, reachable))
        (self.reachable.add if reachable else self.reachable.discard)(extension)

    async def set_reachable_phones(self, extensions: Collection[str]) -> int:
        if self.away:
            raise DatabaseUnavailable
        changed = len(self.reachable ^ set(extensions))
        self.reachable = set(extensions)
        return changed


class Server:
    """Lists endpoints."""

    def __init__(self, states: dict[str, str] | None = None) -> None:
        self.states = states or {}
        self.subscribed: list[str] = []
        self.away = False

    async def subscribe(self, event_source: str) -> None:
        self.subscribed.append(event_source)

    async def endpoints(self, tech: str = "PJSIP") -> list[Endpoint]:
        if self.away:
            raise Unreachable("endpoints")
        return [Endpoint(technology=tech, resource=name, state=state) for name, state in self.states.items()]


def device(state: str, name: str = "PJSIP/101") -> DeviceStateChanged:
    """A device state."""
    return DeviceStateChanged(name=name, state=state)


@pytest.fixture
def directory() -> Directory:
    """Nobody reachable."""
    return Directory()


@asynccontextmanager
async def running(reachability: Reachability) -> AsyncIterator[None]:
    """With `run` under way."""
    task = asyncio.create_task(reachability.run(), name="reachability")
    try:
        yield
    finally:
        task.cancel()


async def test_a_phone_comes_and_goes(directory: Directory) -> None:
    """Registered and answering, then not any more."""
    reachability = Reachability(Server(), directory)
    await reachability.apply(device("NOT_INUSE"))
    assert directory.reachable == {"101"}
    await reachability.apply(device("UNAVAILABLE"))
    assert directory.reachable == set()


async def test_a_call_is_no_news(directory: Directory) -> None:
    """Ringing, in use, busy, on hold: the phone was there before and is there now, and the database is left alone."""
    reachability = Reachability(Server(), directory)
    for state in ("NOT_INUSE", "RINGING", "INUSE", "BUSY", "ONHOLD", "RINGINUSE", "NOT_INUSE"):
        await reachability.apply(device(state))
    assert directory.writes == [("101", True)]


async def test_the_list_at_the_start_counts_for_everybody(directory: Directory) -> None:
    """Also for those believed reachable from before the gap."""
    directory.reachable = {"103"}
    server = Server({"101": "online", "102": "offline", "103": "unknown", "trunk-carrier": "online"})
    await Reachability(server, directory).seed()
    assert server.subscribed == ["deviceState:"]
    assert directory.reachable == {"101"}


async def test_events_from_before_a_gap_do_not_count_after_it(directory: Directory) -> None:
    """The list that was read after the gap is newer."""
    reachability = Reachability(Server({"101": "offline"}), directory, check_every_s=60)
    reachability.handle(device("NOT_INUSE"))
    await reachability.seed()
    async with running(reachability):
        reachability.handle(device("NOT_INUSE", "PJSIP/102"))
        await until(lambda: directory.reachable == {"102"})


async def test_a_missed_event_is_made_good_by_the_next_look(directory: Directory) -> None:
    """Asterisk's list wins over what an event once said."""
    server = Server({"101": "online"})
    reachability = Reachability(server, directory)
    await reachability.apply(device("NOT_INUSE"))
    server.states["101"] = "offline"
    await reachability.check()
    assert directory.reachable == set()


async def test_a_phone_that_an_offer_could_not_reach_gets_another_chance(directory: Directory) -> None:
    """The router marked it unreachable, Asterisk still has it: the next look marks it reachable again."""
    reachability = Reachability(Server({"101": "online"}), directory, check_every_s=0.02)
    async with running(reachability):
        await until(lambda: directory.reachable == {"101"})
        directory.reachable.clear()
        await until(lambda: directory.reachable == {"101"})


@pytest.mark.parametrize("name", ["PJSIP/trunk-carrier", "Local/s@safety-net-ring", "Queue:safety-net", "PJSIP/", "Stasis:101", ""])
async def test_other_devices_are_nobodys_phone(directory: Directory, name: str) -> None:
    """Not even asked about."""
    await Reachability(Server(), directory).apply(device("NOT_INUSE", name))
    assert directory.writes == []


async def test_events_that_are_not_about_devices_are_ignored(directory: Directory) -> None:
    """The fallback of the switchboard hands over everything that belongs to nobody."""
    reachability = Reachability(Server(), directory)
    reachability.handle(Unknown(type="TextMessageReceived"))
    assert not len(reachability._news)


async def test_what_the_database_missed_is_written_when_it_is_back(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event that could not be written is not lost, and `run` survives both being away."""
    monkeypatch.setattr("ivr.reachability.RETRY_S", 0.01)
    server = Server({"101": "online"})
    reachability = Reachability(server, directory, check_every_s=60)
    directory.away = server.away = True
    async with running(reachability):
        reachability.handle(device("NOT_INUSE"))
        await until(lambda: not len(reachability._news))
        directory.away = server.away = False
        await until(lambda: directory.reachable == {"101"})


async def test_refresh_looks_at_once(directory: Directory) -> None:
    """Somebody was added or came back: no need to wait for the next look."""
    reachability = Reachability(Server({"101": "online"}), directory, check_every_s=60)
    async with running(reachability):
        reachability.refresh()
        await until(lambda: directory.reachable == {"101"})

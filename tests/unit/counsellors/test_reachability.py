"""What a phone's registration events mean, in the orders in which Asterisk was seen to send them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import pytest

from core.errors import DatabaseUnavailable
from core.testing import ManualClock
from ivr.ari.errors import Unreachable
from ivr.ari.events import ContactStatusChange, EndpointState, PeerStatusChange, Unknown
from ivr.ari.model import Endpoint
from ivr.reachability import BELIEVED_FOR_S, Reachability
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

    def __init__(self, **states: str) -> None:
        self.states = {name.removeprefix("p"): state for name, state in states.items()}
        self.subscribed: list[str] = []
        self.away = False

    async def subscribe(self, event_source: str) -> None:
        self.subscribed.append(event_source)

    async def endpoints(self, tech: str = "PJSIP") -> list[Endpoint]:
        if self.away:
            raise Unreachable("endpoints")
        return [Endpoint(technology=tech, resource=name, state=state) for name, state in self.states.items()]


def phone(name: str, state: str) -> Endpoint:
    return Endpoint(technology="PJSIP", resource=name, state=state)


def contact(status: str, state: str, uri: str = "sip:101@192.0.2.7:5062", name: str = "101") -> ContactStatusChange:
    return ContactStatusChange(endpoint=phone(name, state), status=status, aor=name, uri=uri)


@pytest.fixture
def directory() -> Directory:
    return Directory()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def test_a_new_account_is_believed_when_it_registers(directory: Directory, clock: ManualClock) -> None:
    """NonQualified and still offline: the registration itself was the proof."""
    await Reachability(Server(), directory, clock).apply(contact("NonQualified", "offline"))
    assert directory.reachable == {"101"}


async def test_a_phone_that_moves_to_another_address_never_counts_as_lost(directory: Directory, clock: ManualClock) -> None:
    """New contact, offline for a moment, old contact removed, online."""
    reachability = Reachability(Server(), directory, clock)
    old, new = "sip:101@192.0.2.7:5062", "sip:101@192.0.2.7:40022"
    await reachability.apply(contact("Reachable", "online", old))
    for event in (
        contact("NonQualified", "online", new),
        EndpointState(endpoint=phone("101", "offline")),
        PeerStatusChange(endpoint=phone("101", "offline"), status="Unreachable"),
        contact("Removed", "offline", old),
        EndpointState(endpoint=phone("101", "online")),
        contact("Reachable", "online", new),
    ):
        await reachability.apply(event)
    assert ("101", False) not in directory.writes


@pytest.mark.parametrize("status", ["Unreachable", "Removed"])
async def test_a_phone_that_goes_is_lost(directory: Directory, clock: ManualClock, status: str) -> None:
    """Switched off, or signed off."""
    reachability = Reachability(Server(), directory, clock)
    await reachability.apply(contact("Reachable", "online"))
    await reachability.apply(EndpointState(endpoint=phone("101", "offline")))
    await reachability.apply(contact(status, "offline"))
    assert directory.reachable == set()


async def test_the_list_at_the_start_counts_for_everybody(directory: Directory, clock: ManualClock) -> None:
    """Also for those believed reachable from before the gap."""
    directory.reachable = {"103"}
    server = Server(p101="online", p102="offline", p103="unknown")
    await Reachability(server, directory, clock).seed()
    assert server.subscribed == ["endpoint:PJSIP"]
    assert directory.reachable == {"101"}


async def test_belief_in_a_phone_never_asked_ends(directory: Directory, clock: ManualClock) -> None:
    """After the time in which Asterisk must have asked it once, its own list wins."""
    reachability = Reachability(Server(p101="offline"), directory, clock)
    await reachability.apply(contact("NonQualified", "offline"))
    await reachability.check()
    assert directory.reachable == {"101"}
    clock.advance(BELIEVED_FOR_S + 1)
    await reachability.check()
    assert directory.reachable == set()


async def test_a_missed_event_is_made_good_by_the_next_look(directory: Directory, clock: ManualClock) -> None:
    """A phone that Asterisk calls offline is not kept reachable by an old event."""
    server = Server(p101="online")
    reachability = Reachability(server, directory, clock)
    await reachability.apply(contact("Reachable", "online"))
    server.states["101"] = "offline"
    await reachability.check()
    assert directory.reachable == set()


async def test_trunks_are_nobodys_phone(directory: Directory, clock: ManualClock) -> None:
    """An endpoint whose name is no extension is not even asked about."""
    await Reachability(Server(), directory, clock).apply(contact("Reachable", "online", name="trunk-carrier"))
    assert directory.writes == []


async def test_events_that_are_not_about_phones_are_ignored(directory: Directory, clock: ManualClock) -> None:
    """The fallback of the switchboard hands over everything that belongs to nobody."""
    reachability = Reachability(Server(), directory, clock)
    reachability.handle(Unknown(type="TextMessageReceived"))
    await reachability.apply(Unknown(type="TextMessageReceived"))
    assert directory.writes == []


async def test_what_the_database_missed_is_written_when_it_is_back(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event that could not be written is not lost, and `run` survives both being away."""
    monkeypatch.setattr("ivr.reachability.RETRY_S", 0.01)
    server = Server(p101="online")
    reachability = Reachability(server, directory, check_every_s=60)
    directory.away = server.away = True
    task = asyncio.create_task(reachability.run(), name="reachability")
    try:
        reachability.handle(contact("Reachable", "online"))
        await until(lambda: not len(reachability._news))
        directory.away = server.away = False
        await until(lambda: directory.reachable == {"101"})
    finally:
        task.cancel()


async def test_refresh_looks_at_once(directory: Directory) -> None:
    """Somebody was added or came back: no need to wait for the next look."""
    reachability = Reachability(Server(p101="online"), directory, check_every_s=60)
    task = asyncio.create_task(reachability.run(), name="reachability")
    try:
        reachability.refresh()
        await until(lambda: directory.reachable == {"101"})
    finally:
        task.cancel()

"""What Asterisk's list of phones means, and what happens while the database or Asterisk is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import pytest

from core.errors import DatabaseUnavailable
from ivr.ari.errors import Unreachable
from ivr.ari.model import Endpoint
from ivr.reachability import Reachability
from tests.kit.until import until


class Directory:
    """Remembers who can be reached."""

    def __init__(self) -> None:
        self.reachable: set[str] = set()
        self.nodes: set[str] = set()
        self.writes: list[tuple[str, bool]] = []
        self.away = False

    async def set_reachable(self, extension: str, reachable: bool, node: str) -> None:
        if self.away:
            raise DatabaseUnavailable
        self.nodes.add(node)
        self.writes.append((extension, reachable))
        (self.reachable.add if reachable else self.reachable.discard)(extension)

    async def set_reachable_phones(self, extensions: Collection[str], node: str) -> int:
        if self.away:
            raise DatabaseUnavailable
        self.nodes.add(node)
        changed = len(self.reachable ^ set(extensions))
        self.reachable = set(extensions)
        return changed


class Server:
    """Lists endpoints."""

    def __init__(self, states: dict[str, str] | None = None) -> None:
        self.states = states or {}
        self.away = False
        self.looks = 0

    async def endpoints(self, tech: str = "PJSIP") -> list[Endpoint]:
        self.looks += 1
        if self.away:
            raise Unreachable("endpoints")
        return [Endpoint(technology=tech, resource=name, state=state) for name, state in self.states.items()]


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
    """Registered and answering, then not any more, then deleted while it was there."""
    server = Server()
    reachability = Reachability(server, directory)
    for states, reachable in (
        ({"101": "online"}, {"101"}),
        ({"101": "offline"}, set()),
        ({"101": "online", "102": "online"}, {"101", "102"}),
        ({"101": "online"}, {"101"}),
        ({"101": "unknown"}, set()),
    ):
        server.states = dict(states)
        await reachability.look()
        assert directory.reachable == reachable


async def test_no_news_leaves_the_database_alone(directory: Directory) -> None:
    """The list is read every second, and hardly ever says something new."""
    reachability = Reachability(Server({"101": "online"}), directory)
    for _ in range(5):
        await reachability.look()
    assert directory.writes == [("101", True)]


async def test_the_list_at_the_start_counts_for_everybody(directory: Directory) -> None:
    """Also for those believed reachable from before the gap; a trunk is nobody's phone."""
    directory.reachable = {"103"}
    server = Server({"101": "online", "102": "offline", "103": "unknown", "trunk-carrier": "online", "": "online"})
    await Reachability(server, directory).seed()
    assert directory.reachable == {"101"}


async def test_everything_is_said_in_the_nodes_name(directory: Directory) -> None:
    """Who does not have a phone must be told from who does."""
    server = Server({"101": "online"})
    reachability = Reachability(server, directory, node="seoul-2")
    await reachability.seed()
    server.states.clear()
    await reachability.look()
    assert directory.nodes == {"seoul-2"}


async def test_a_phone_is_found_by_the_next_look(directory: Directory) -> None:
    """Nobody has to say so."""
    server = Server({"101": "online"})
    async with running(Reachability(server, directory, look_every_s=0.01, check_every_s=60)):
        await until(lambda: directory.reachable == {"101"})
        server.states["102"] = "online"
        await until(lambda: directory.reachable == {"101", "102"})


async def test_a_long_list_is_read_less_often(directory: Directory) -> None:
    """Reading may take a twentieth of the time, however long it takes."""

    class Slow(Server):
        async def endpoints(self, tech: str = "PJSIP") -> list[Endpoint]:
            await asyncio.sleep(0.02)
            return await super().endpoints(tech)

    server = Slow({"101": "online"})
    loop = asyncio.get_running_loop()
    async with running(Reachability(server, directory, look_every_s=0.001, check_every_s=60)):
        began = loop.time()
        await until(lambda: server.looks == 3, 10)
        # Two pauses of at least 0.4 s between them.
        assert loop.time() - began > 0.8


async def test_a_phone_that_an_offer_could_not_reach_gets_another_chance(directory: Directory) -> None:
    """The router marked it unreachable, Asterisk still has it: the next comparison marks it reachable again."""
    reachability = Reachability(Server({"101": "online"}), directory, look_every_s=0.01, check_every_s=0.02)
    async with running(reachability):
        await until(lambda: directory.reachable == {"101"})
        directory.reachable.clear()
        await until(lambda: directory.reachable == {"101"})


async def test_what_the_database_missed_is_written_when_it_is_back(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that could not be written is not lost, and `run` survives both being away."""
    monkeypatch.setattr("ivr.reachability.RETRY_S", 0.01)
    server = Server({"101": "online"})
    reachability = Reachability(server, directory, look_every_s=0.01, check_every_s=60)
    async with running(reachability):
        await until(lambda: directory.reachable == {"101"})
        server.states["102"] = "online"
        directory.away = True
        looks = server.looks
        await until(lambda: server.looks > looks + 1)
        server.away = True
        directory.away = server.away = False
        await until(lambda: directory.reachable == {"101", "102"})


async def test_refresh_compares_at_once(directory: Directory) -> None:
    """Somebody was added or came back: no need to wait for the next time."""
    reachability = Reachability(Server({"101": "online"}), directory, look_every_s=60, check_every_s=60)
    async with running(reachability):
        await until(lambda: directory.reachable == {"101"})
        directory.reachable.clear()
        reachability.refresh()
        await until(lambda: directory.reachable == {"101"})

"""The event stream over HTTP."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest
from sqlalchemy import text

from core.database import Database
from core.settings import Settings
from core.testing import ManualClock
from desk import events as desk_events
from desk.access.model import Permission, Role
from desk.events import Events
from tests.integration.desk.kit import PASSWORD, Browser, Served, served
from tests.kit.until import until


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One event as it came."""

    number: int
    kind: str
    data: object


class Stream:
    """Reads events from an open response."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def next(self) -> Sent | None:
        """The next event; None: the stream ended."""
        found: dict[str, str] = {}
        async with asyncio.timeout(30):
            async for raw in self._response.content:
                line = raw.decode().rstrip("\n")
                if not line and "event" in found:
                    return Sent(number=int(found["id"]), kind=found["event"], data=json.loads(found["data"]))
                name, _, value = line.partition(": ")
                if name:
                    found[name] = value
        return None

    async def several(self, count: int) -> list[Sent]:
        """So many."""
        got = [await self.next() for _ in range(count)]
        return [one for one in got if one is not None]


@asynccontextmanager
async def stream(browser: Browser, last: int | None = None) -> AsyncIterator[Stream]:
    """Open it, as EventSource does."""
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    async with browser.http.get(f"{browser.url}/api/events", headers=headers) as response:
        assert response.status == 200, await response.text()
        assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert "unsafe" not in response.headers["Content-Security-Policy"]
        yield Stream(response)


@pytest.fixture
async def desk(db: Database, settings: Settings) -> AsyncIterator[Served]:
    """With the task that reads events."""
    async with served(db, settings, work=True) as here:
        await here.person()
        yield here


@pytest.fixture
async def browser(desk: Served) -> AsyncIterator[Browser]:
    """Signed in."""
    async with desk.browser() as one:
        assert (await one.sign_in("haneul")).status == 200
        yield one


async def test_a_page_hears_of_what_happens_and_misses_nothing_while_it_is_away(desk: Served, browser: Browser) -> None:
    """It comes back with the last number it saw, to this worker or another, and gets each event once, in order."""
    events = desk.desk.events
    async with stream(browser) as open_page:
        hello = await open_page.next()
        assert hello is not None
        assert (hello.kind, hello.number) == ("hello", 0)
        for version in range(3):
            await events.publish("roster_changed", {"version": version})
        seen = await open_page.several(2)
    for version in range(3, 6):
        await events.publish("roster_changed", {"version": version})
    async with stream(browser, seen[-1].number) as again:
        rest = await again.several(4)
    assert [sent.data for sent in [*seen, *rest]] == [{"version": version} for version in range(6)]
    assert [sent.number for sent in [*seen, *rest]] == [1, 2, 3, 4, 5, 6]


async def test_events_of_writers_at_the_same_moment_are_seen_once_each_in_one_order(
    desk: Served, browser: Browser, database_url: str
) -> None:
    """Also by a page that comes and goes; one writer holds its transaction open for a while."""
    others = [Database(database_url, pool_size=4) for _ in range(2)]
    writers = [desk.desk.events, *(Events(other, desk.clock) for other in others)]

    async def write(writer: int) -> None:
        for index in range(20):
            if index % 5:
                await writers[writer].publish("x", {"writer": writer, "index": index})
                continue
            async with (desk.db, *others)[writer].begin() as transaction:
                statement, values = writers[writer].statement("x", {"writer": writer, "index": index})
                await transaction.execute(statement, values)
                await asyncio.sleep(0)
            await writers[writer].announce()

    async def read() -> list[Sent]:
        got: list[Sent] = []
        last = 0
        while len(got) < 60:
            async with stream(browser, last) as page:
                # It goes away after a few, whatever is on its way then.
                got += await page.several(min(7, 60 - len(got)))
            last = got[-1].number
        return got

    try:
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(read())
            for writer in range(3):
                tasks.create_task(write(writer))
    finally:
        for other in others:
            await other.close()
    got = reading.result()
    assert [sent.number for sent in got] == list(range(1, 61))
    for writer in range(3):
        mine = [sent.data for sent in got if isinstance(sent.data, dict) and sent.data["writer"] == writer]
        assert mine == [{"writer": writer, "index": index} for index in range(20)]


async def test_who_may_not_know_is_not_told(desk: Served, browser: Browser) -> None:
    """By permission, and by person."""
    counsellor = await desk.person("bada", Role.COUNSELLOR)
    events = desk.desk.events
    async with desk.browser() as theirs:
        await theirs.sign_in("bada")
        async with stream(browser, 0) as supervisor, stream(theirs, 0) as other:
            await events.publish("for_supervisors", {}, permission=Permission.ROSTER_EDIT)
            await events.publish("for_one", {}, user=counsellor.id)
            await events.publish("for_all", {})
            assert [sent.kind for sent in await supervisor.several(2)] == ["for_supervisors", "for_all"]
            assert [sent.kind for sent in await other.several(2)] == ["for_one", "for_all"]


async def test_a_page_that_was_away_too_long_is_told_to_load_anew(desk: Served, browser: Browser) -> None:
    """So is one whose number is from another database."""
    events = desk.desk.events
    for index in range(5):
        await events.publish("x", {"index": index})
    desk.manual.advance(desk_events.KEPT.total_seconds() + 1)
    await events.publish("x", {"index": 5})
    await events.tidy()
    events._window.clear()
    await browser.sign_in("haneul")
    for last in (2, 99):
        async with stream(browser, last) as page:
            told = await page.next()
            assert told is not None
            assert (told.kind, told.number) == ("reload", await events.last())
    async with stream(browser, 5) as page:
        told = await page.next()
        assert told is not None
        assert (told.kind, told.data) == ("x", {"index": 5})


async def test_a_stream_ends_with_its_session(desk: Served, browser: Browser) -> None:
    """Signed out in another window, or the password changed elsewhere; other sessions of the person go on."""
    async with desk.browser() as other:
        await other.sign_in("haneul")
        async with stream(browser) as mine, stream(other) as theirs:
            await mine.next()
            await theirs.next()
            new = {"current": PASSWORD, "new": "구름 아래 큰 나무 셋"}
            assert (await other.post("/api/session/password", new)).status == 200
            told = await mine.next()
            assert told is not None
            assert told.kind == "session_ended"
            assert await mine.next() is None
            await desk.desk.events.publish("x", {})
            assert [sent.kind for sent in await theirs.several(2)] == ["session_ended", "x"]


async def test_a_stream_keeps_no_session_alive_and_ends_when_it_is_over(db: Database, settings: Settings) -> None:
    """A page that is only open is nobody at work."""
    clock = ManualClock()
    async with served(db, settings, clock=clock, work=True) as here, here.browser() as browser:
        here.desk.streams._heartbeat_s = 0.02
        await here.person()
        await browser.sign_in("haneul")
        async with stream(browser) as page:
            await page.next()
            clock.advance(settings.desk.session_idle_s + 1)
            told = await page.next()
            assert told is not None
            assert told.kind == "session_ended"
        assert (await browser.get("/api/events")).code == "session_expired"


async def test_a_browser_that_takes_nothing_holds_no_memory_and_is_cut_off(db: Database, settings: Settings) -> None:
    """Ten megabytes of events: what is kept for it is what the connection's buffers hold, and then it goes."""
    async with served(db, settings, work=True) as here, here.browser() as browser:
        here.desk.streams._stalled_s = 0.5
        await here.person()
        token = (await browser.sign_in("haneul")).cookies["annyeong120-session"].value
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", settings.desk.http_port))
        with slow:
            slow.sendall(f"GET /api/events HTTP/1.1\r\nHost: x\r\nCookie: annyeong120-session={token}\r\n\r\n".encode())
            await until(lambda: here.desk.streams.open, 10, "the stream opens")
            big = {"text": "x" * 500_000}
            for _ in range(20):
                await here.desk.events.publish("big", big)
            await until(lambda: not here.desk.streams.open, 10, "the slow browser is cut off")
        assert len(here.desk.events._window) <= desk_events.WINDOW
        async with stream(browser, 18) as quick:
            assert [sent.number for sent in await quick.several(2)] == [19, 20]


async def test_too_many_streams_of_one_session_are_refused(desk: Served, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of a page does not use up the desk."""
    monkeypatch.setattr("desk.stream.MAX_STREAMS", 2)
    async with stream(browser) as one, stream(browser) as two:
        await one.next()
        await two.next()
        assert (await browser.get("/api/events")).code == "too_many_streams"
    await until(lambda: not desk.desk.streams.open, 10, "both are closed")


async def test_stopping_the_program_ends_its_streams_at_once(db: Database, settings: Settings) -> None:
    """Pages come back to the next one with the last number they saw."""
    loop = asyncio.get_running_loop()
    browser: Browser | None = None
    async with served(db, settings, work=True) as here:
        await here.person()
        browser = here.browser()
        await browser.sign_in("haneul")
        response = await browser.http.get(f"{browser.url}/api/events")
        await Stream(response).next()
        began = loop.time()
    assert loop.time() - began < 4
    assert await Stream(response).next() is None
    await browser.http.close()


async def test_a_lost_hint_costs_a_moment_not_an_event(desk: Served, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """NOTIFY may get lost with its connection."""
    async with stream(browser) as page:
        await page.next()
        statement, values = desk.desk.events.statement("x", {})
        await desk.db.execute(statement, values)
        told = await page.next()
        assert told is not None
        assert told.kind == "x"
    assert await desk.db.execute(text("SELECT 1 FROM desk_events"))

"""Somebody who sits at a real browser, and what the browser complained about."""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path

from playwright.async_api import Browser, ConsoleMessage, Locator, Page, Request, ViewportSize, expect

from desk.pages import DIST
from tests.integration.desk.kit import PASSWORD
from tests.kit.until import PATIENCE

#: How long an action or an expectation may take on an idle machine; milliseconds.
WAIT_MS = 5_000 * PATIENCE
expect.set_options(timeout=WAIT_MS)
SCREEN: ViewportSize = {"width": 1500, "height": 1000}
#: What Chromium says of every answer from 400 on, whatever the page makes of it.
_ANSWER = re.compile(r"Failed to load resource: the server responded with a status of (\d{3})")
#: Remembers whether anything but the keyboard was used.
#: The accessibility checker, as the lock file of the pages pins it.
_AXE = DIST.parent / "node_modules" / "axe-core" / "axe.min.js"
_RUN_AXE = """
    async (within) => (await axe.run(within)).violations.flatMap(
        (one) => one.nodes.map((node) => `${one.id}: ${node.target} ${node.failureSummary}`))
"""
_WATCH_POINTER = "window.pointed = 0; addEventListener('pointerdown', () => { window.pointed += 1 }, true);"


class Seat:
    """A page in a context of its own: its own cookies, nothing kept from before."""

    def __init__(self, page: Page, url: str, artefacts: Path) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        #: Statuses that this test provokes.
        self.expected: set[int] = set()
        self._artefacts = artefacts
        page.context.on("request", self._asked)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(f"error in the page: {error}"))
        page.on("crash", lambda _: self.complaints.append("the page crashed"))

    async def sign_in(self, name: str, *, path: str = "/") -> None:
        """As people do: name, password, Enter."""
        await self.give(name, PASSWORD, path=path)
        await expect(self.page.get_by_role("button", name="로그아웃")).to_be_visible()

    async def give(self, name: str, password: str, *, path: str = "/") -> None:
        """Name and password, whatever comes of it."""
        await self.page.goto(self.url + path)
        await self.page.get_by_label("이름", exact=True).fill(name)
        await self.page.get_by_label("비밀번호", exact=True).fill(password)
        await self.page.keyboard.press("Enter")

    async def go(self, room: str) -> None:
        """To a room by its link."""
        await self.page.get_by_role("link", name=room, exact=True).click()
        await expect(self.page.get_by_role("link", name=room, exact=True)).to_have_attribute("aria-current", "page")

    async def axe(self, within: str = "html") -> list[str]:
        """What the accessibility checker finds. Its text is evaluated: for a window that bypasses the policy, which takes no scripts of others."""
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(_AXE.read_text())
        found: list[str] = await self.page.evaluate(_RUN_AXE, within)
        return found

    def cell(self, row: int, day: int) -> Locator:
        """A cell of the month that is shown."""
        return self.page.locator(f'td[data-row="{row}"][data-col="{day - 1}"]')

    async def holds(self, row: int, day: int, text: str) -> None:
        """The cell shows it, and the server has it."""
        await expect(self.cell(row, day).locator("span")).to_have_text(text)
        await self.saved()

    async def saved(self) -> None:
        """Nothing waits to be sent."""
        await expect(self.page.get_by_role("status").filter(has_text="저장됨")).to_be_visible()

    async def go_to(self, row: int, day: int) -> None:
        """To a cell by keys, from another cell."""
        await self.press("Control+Home", *["ArrowDown"] * row, *["ArrowRight"] * (day - 1))
        await expect(self.cell(row, day)).to_be_focused()

    async def press(self, *keys: str) -> None:
        """One after the other."""
        for key in keys:
            await self.page.keyboard.press(key)

    async def tab_to(self, target: Locator, key: str = "Tab") -> None:
        """Go there by Tab, as somebody without a mouse does."""
        await expect(target).to_be_visible()
        for _ in range(120):
            if await target.evaluate("element => element === document.activeElement"):
                return
            await self.page.keyboard.press(key)
        raise AssertionError(f"Tab does not lead to {target}")

    async def pointed(self) -> int:
        """How often something else than the keyboard was used on this page."""
        return int(await self.page.evaluate("window.pointed"))

    async def picture(self, name: str) -> None:
        """Keep what it looks like."""
        await self.page.screenshot(path=self._artefacts / f"{name}.png", animations="disabled")

    @property
    def dialog(self) -> Locator:
        """The dialog that is open."""
        return self.page.get_by_role("dialog")

    def button(self, name: str) -> Locator:
        """By exactly what it says."""
        return self.page.get_by_role("button", name=name, exact=True)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self.url}/", "data:", "blob:")):
            self.complaints.append(f"asked somebody else: {request.url}")

    def _said(self, message: ConsoleMessage) -> None:
        answer = _ANSWER.match(message.text)
        if message.type in {"error", "warning"} and not (answer and int(answer[1]) in self.expected):
            self.complaints.append(f"{message.type}: {message.text} ({message.location['url']})")


class Room:
    """Where people sit down at browsers. Afterwards nobody may have had anything to complain about."""

    def __init__(self, chromium: Browser, url: str, now: datetime, artefacts: Path) -> None:
        self._chromium = chromium
        self._url = url
        self._now = now
        self._artefacts = artefacts
        self._seats: list[Seat] = []

    async def seat(
        self, name: str | None = None, *, path: str = "/", touch: bool = False, bypass_csp: bool = False, viewport: ViewportSize = SCREEN
    ) -> Seat:
        """A new browser window in Korea at the desk's own time; signed in with a name."""
        context = await self._chromium.new_context(
            locale="ko-KR",
            timezone_id="Asia/Seoul",
            color_scheme="light",
            viewport=viewport,
            has_touch=touch,
            bypass_csp=bypass_csp,
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.set_default_timeout(WAIT_MS)
        await context.clock.set_system_time(self._now)
        await context.add_init_script(_WATCH_POINTER)
        found = Seat(await context.new_page(), self._url, self._artefacts)
        self._seats.append(found)
        if name:
            await found.sign_in(name, path=path)
        return found

    async def leave(self, failed: str = "") -> None:
        """Close every window. `failed`: what did not work, for the names of the pictures that it leaves."""
        for number, one in enumerate(self._seats, 1) if failed else ():
            await one.picture(f"failed-{failed}-{number}")
        for one in self._seats:
            await one.page.context.close()

    def complaints(self) -> list[str]:
        """Of all of them."""
        return [complaint for one in self._seats for complaint in one.complaints]


def artefacts_folder(otherwise: Path) -> Path:
    """Where pictures are kept."""
    wanted = os.environ.get("ANNYEONG120_ARTEFACTS")
    folder = Path(wanted) / "browser" if wanted else otherwise
    folder.mkdir(parents=True, exist_ok=True)
    return folder

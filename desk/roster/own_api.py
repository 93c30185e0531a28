"""One's own shifts: on a page, and in the calendar of one's telephone by a secret link."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from core.settings_desk import DeskSettings
from desk.access.model import Open, Permission
from desk.errors import INVALID, NOT_FOUND, Problem
from desk.roster import problems
from desk.roster.problems import Words, told
from desk.roster.request_models import Days, FeedOut, FeedState, OwnShift, OwnShifts, PauseOut
from desk.roster.requests_base import own
from desk.roster.store import Store
from desk.routes import Audit, Call, File, Route
from desk.validation import one
from shifts.feeds import Feeds
from shifts.model import Period
from shifts.rosters import Rosters

#: Days asked for at once.
_MOST = timedelta(days=400)
#: What a calendar's address may hold; anything but a secret opens nothing.
Secret = Annotated[str, Field(max_length=200)]


class OwnApi:
    """Its routes."""

    def __init__(self, rosters: Rosters, store: Store, feeds: Feeds, words: Words, settings: DeskSettings) -> None:
        self._rosters = rosters
        self._store = store
        self._feeds = feeds
        self._settings = settings
        self.words = words

    def routes(self) -> list[Route]:
        """See each."""
        mine, feed = Permission.SHIFT_OWN, "/api/me/feed"
        rostered = (problems.NOT_ROSTERED,)
        return [
            Route(method="GET", path="/api/me/shifts", handler=self.shifts, permission=mine, problems=rostered),
            Route(method="GET", path=feed, handler=self.has_feed, permission=mine, problems=rostered),
            Route(method="POST", path=feed, handler=self.make_feed, permission=mine, problems=rostered, audit=Audit(action="feed_made")),
            Route(method="DELETE", path=feed, handler=self.end_feed, permission=mine, problems=rostered, audit=Audit(action="feed_ended")),
            # Calendar programs can't sign in: the secret is the key.
            Route(method="GET", path="/ical/{secret:[A-Za-z0-9_-]+}.ics", handler=self.calendar, permission=Open.ANYBODY),
        ]  # fmt: skip

    @told
    async def shifts(self, call: Call, query: Days) -> OwnShifts:
        """One's shifts that are in force."""
        me = own(call.actor)
        if query.last < query.first or query.last - query.first > _MOST:
            raise Problem(
                INVALID, fields=one("query.to", "days", "첫날부터 400일 안의 날이어야 합니다.", "A day within 400 days of the first.")
            )
        period = Period(query.first, query.last)
        times = await self._store.published(period, me)
        kinds = (await self._rosters.draft(query.first)).setting.shift_types
        english = call.actor.language == "en"
        return OwnShifts(
            shifts=[
                OwnShift(
                    day=time.day,
                    code=time.code,
                    name=time.code if (kind := kinds.get(time.code)) is None else kind.name_en if english else kind.name,
                    starts_at=time.span.start,
                    ends_at=time.span.end,
                    duty=str(time.duty),
                    pauses=[PauseOut(starts_at=pause.start, ends_at=pause.end) for pause in time.pauses],
                )
                for time in times
            ],
            published=await self._store.published_months(period),
        )

    @told
    async def has_feed(self, call: Call) -> FeedState:
        """Whether one's calendar has a link."""
        return FeedState(exists=await self._store.has_feed(own(call.actor)))

    @told
    async def make_feed(self, call: Call) -> FeedOut:
        """A new secret link to one's shifts, for a calendar program; one made before ends. Shown this once."""
        secret = await self._feeds.make(own(call.actor))
        return FeedOut(url=f"{self._origin(call)}/ical/{secret}.ics")

    @told
    async def end_feed(self, call: Call) -> None:
        """The link opens nothing any more."""
        await self._feeds.end(own(call.actor))

    async def calendar(self, call: Call, secret: Secret) -> File:
        """Somebody's shifts as iCalendar. Without why they are away; whoever knows the address sees it."""
        found = await self._feeds.calendar(secret)
        if found is None:
            raise Problem(NOT_FOUND)
        return File(name="shifts.ics", content_type="text/calendar; charset=utf-8", data=found, inline=True)

    def _origin(self, call: Call) -> str:
        """What people type: as set, or where the page that asks came from, which the gate has looked at."""
        if self._settings.public_url:
            return self._settings.public_url
        said = call.request.headers.get("Origin", "").lower()
        return said if said in self._settings.origins else f"http://127.0.0.1:{self._settings.http_port}"

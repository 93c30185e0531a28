"""What is wrong with the channels, for the doctor."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from core.clock import SystemClock
from core.database import Database
from core.errors import DatabaseError
from core.settings import Settings
from desk.events import Events
from helpline.alarm_delivery.book import Book
from helpline.alarm_delivery.model import Channel, NotDelivered
from helpline.alarm_delivery.ways import ways

#: A single question may take so long; seconds.
PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found about a channel, or about the deliveries as a whole."""

    topic: str
    good: bool
    text: str
    remedy: str = ""


async def channels(settings: Settings, db: Database) -> list[Checked]:
    """Each channel of the settings, without sending anything."""
    clock = SystemClock()
    found = ways(settings.alarms, clock, Events(db, clock), db)
    # The desk's pages are the database, which has a line of its own.
    return list(await asyncio.gather(*(_check(way.channel) for way in found[1:])))


async def deliveries(settings: Settings, db: Database) -> list[Checked]:
    """What was given up, and what nobody sends. Nothing where the tables are not there yet, which is said elsewhere."""
    clock = SystemClock()
    try:
        standing = await Book(db, clock).standing([way.channel.name for way in ways(settings.alarms, clock, Events(db, clock), db)])
    except DatabaseError:
        return []
    found = []
    if standing.overdue:
        text = f"{standing.overdue} have waited for more than 5 minutes: nobody sends them"
        found.append(
            Checked(topic="alarms", good=False, text=text, remedy="is the desk running? Without one: `annyeong120 alarms deliver`")
        )
    if standing.dead:
        text = f"{standing.dead} of the last day could not be sent by some channel"
        found.append(Checked(topic="alarms", good=False, text=text, remedy="`annyeong120 alarms`, then `alarms test` and `alarms again`"))
    return found


async def _check(channel: Channel) -> Checked:
    topic = f"alarms by {channel.name}"
    try:
        async with asyncio.timeout(PATIENCE_S):
            return Checked(topic=topic, good=True, text=await channel.check())
    except NotDelivered as error:
        return Checked(topic=topic, good=False, text=str(error), remedy="see [alarms] in the settings; `annyeong120 alarms test` tries it")
    except TimeoutError:
        return Checked(topic=topic, good=False, text="does not answer", remedy="check its address and the network")

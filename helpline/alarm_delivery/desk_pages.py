"""The desk's open pages: an event in its stream."""

from __future__ import annotations

from core.clock import seoul
from core.errors import DatabaseError
from desk.access.model import Permission
from desk.events import Events
from helpline.alarm_delivery.model import Message, NotDelivered
from helpline.alarm_delivery.words import words

NAME = "desk"
#: The event's kind; its data: id, kind, urgent, at, title in both languages.
EVENT = "alarm_raised"
#: Whoever looks after the line is told.
READERS = Permission.ALARM_READ


class DeskPages:
    """See the module. A page that comes back within a day is told then."""

    name = NAME
    limit_s = 15.0

    def __init__(self, events: Events) -> None:
        self._events = events

    async def send(self, message: Message) -> str:
        """See `Channel.send`."""
        korean, english = words(message.kind)
        data: dict[str, object] = {
            "id": str(message.alarm_id),
            "kind": message.kind,
            "urgent": message.urgent,
            "at": seoul(message.at).isoformat(timespec="seconds"),
            "round": message.round,
            "title": {"ko": korean, "en": english},
        }
        try:
            await self._events.publish(EVENT, data, permission=READERS)
        except DatabaseError as error:
            raise NotDelivered(f"the database does not take it ({type(error).__name__})") from None
        return ""

    async def check(self) -> str:
        """Whether events can be read."""
        try:
            await self._events.last()
        except DatabaseError as error:
            raise NotDelivered(f"the database does not answer ({type(error).__name__})") from None
        return "open pages are told"

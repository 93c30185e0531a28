"""What every call needs, bundled once by bootstrap."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field

import structlog

from core import metrics
from core.alarms import Alarms
from core.clock import Clock
from escalation.ports import Book
from ivr.ari import Ari, Event, Switchboard
from ivr.call_model import Happening
from ivr.flow import Flow
from ivr.leg_book import LegBook
from ivr.outbound import Outbound
from ivr.prompts.catalogue import Catalogue
from ivr.standby import Standby
from ivr.transfer_notes import TransferNotes
from routing.callbacks import Callbacks
from routing.contacts import Contacts
from routing.place_codes import PlaceCodes
from routing.router import Router

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The telephone, the line, the books."""

    ari: Ari
    switchboard: Switchboard
    router: Router
    contacts: Contacts
    leg_book: LegBook
    alarms: Alarms
    callbacks: Callbacks
    codes: PlaceCodes
    #: Crises, and who is called in them.
    incidents: Book
    #: The only way to an outside number.
    outbound: Outbound
    standby: Standby
    catalogue: Catalogue
    flow: Flow
    clock: Clock
    #: Owns every task that a call starts; ends with the program.
    tasks: asyncio.TaskGroup
    #: What counsellors' phones show as the caller.
    caller_id: str
    #: What became of callers who are put through to the centre.
    transfer_notes: TransferNotes = field(default_factory=TransferNotes)
    #: How long somebody who answers a call-back has for a key; seconds.
    callback_ask_s: float = 25.0

    def spawn(self, work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
        """Start a named, owned task. What it raises is logged and counted: one call's fault must not end the others."""
        return self.tasks.create_task(_guarded(work, name), name=name)


async def _guarded(work: Coroutine[object, object, None], name: str) -> None:
    try:
        await work
    except Exception:
        metrics.faults_total.inc()
        log.exception("task_failed", task=name.partition(" ")[0])


#: What lands in a call's mailbox: Asterisk's events and the machine's own happenings.
Message = Event | Happening

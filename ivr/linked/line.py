"""A person of a linked call whom everybody has left in a crisis goes on as a call of the line, by the hand-over of a restart."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import structlog

from core.errors import AnnyeongError, DatabaseError
from ivr import call_model as m
from ivr.actor import CallActor
from ivr.ari import Mailbox
from ivr.calls import Calls, numbers_from
from ivr.conference import Conference
from ivr.crisis_recovery import going_on
from ivr.picture import known_of
from ivr.services import Message, Services
from routing.contacts import LiveContact
from routing.model import ContactState, Kind, Lane

log = structlog.get_logger()


async def to_line(order_id: UUID, channel_id: str, language: str, services: Services, calls: Calls) -> None:
    """Before everybody else, with music until a counsellor is there; the contact and its incident go on. Also without the database."""
    now = services.clock.now()
    try:
        row = await services.contacts.take(channel_id)
    except DatabaseError as error:
        log.warning("linked_person_not_taken", call_id=str(order_id), reason=type(error).__name__)
        row = None
    if row is None:
        row = LiveContact(
            id=order_id, channel_id=channel_id, state=ContactState.WAITING, entry="linked", language=language, entered_at=now, queued_at=None,
            answered_at=now, kind=Kind.LINKED, lane=Lane.CRISIS,
        )  # fmt: skip
    try:
        crisis = await services.incidents.open_of(order_id)
    except AnnyeongError as error:
        log.warning("crisis_not_read", call_id=str(order_id), reason=type(error).__name__)
        crisis = None
    call = replace(
        known_of(row),
        phase=m.Phase.WAITING,
        plays=numbers_from(row, now),
        conference=Conference(open=True) if crisis is None else going_on(crisis.incident),
    )
    mailbox: Mailbox[Message] = Mailbox(channel_id)
    actor = CallActor(call, order_id, channel_id, row.language, mailbox, services)
    actor.stage.resume(bridges=set(), row=row)
    if crisis is not None:
        actor.stage.crisis.resume(crisis.incident)
    services.contacts.state(order_id, ContactState.WAITING)
    log.info("linked_person_to_line", call_id=str(order_id))
    services.spawn(calls.run(actor, m.Resumed()), f"call {channel_id}")

"""Crises at the desk: which there are, raising one, saying what the call is to do, and ending one by a human's word."""

from __future__ import annotations

import asyncio
from datetime import datetime, time, timedelta
from uuid import UUID

from core.clock import SEOUL, Clock
from core.database import Database
from core.settings_escalation import EscalationSettings
from desk.access.model import Actor, Permission
from desk.errors import NOT_FOUND, Problem
from desk.incidents import models as m
from desk.incidents import problems, views
from desk.incidents.problems import told
from desk.incidents.store import Seen, Store, onlooker
from desk.routes import Audit, Call, Route
from escalation.decisions import Decisions
from escalation.model import Danger, OrderKind, RaisedBy, Stage
from escalation.orders import Orders
from escalation.partners import Partners
from escalation.rows import timeline

#: The same button within this time, by whomever, is one order.
SAME_PRESS = timedelta(seconds=3)
#: What needs a partner who has answered.
_NEEDS_A_PARTNER = frozenset({OrderKind.JOIN, OrderKind.PRIVATE})
#: What would begin a second call where one was meant.
_DIALS = frozenset({OrderKind.DIAL_NEXT, OrderKind.DIAL})


class Incidents:
    """Its routes."""

    def __init__(
        self, db: Database, clock: Clock, store: Store, partners: Partners, decisions: Decisions, settings: EscalationSettings
    ) -> None:
        self._db = db
        self._clock = clock
        self._store = store
        self._partners = partners
        self._orders = Orders(db, clock, partners)
        self._decisions = decisions
        self._settings = settings
        # One order at a time: the same press twice is one.
        self._ordering = asyncio.Lock()

    def routes(self) -> list[Route]:
        """See each."""
        p, one = Permission, "/api/incidents/{incident_id}"

        def audit(action: str, *detail: str) -> Audit:
            return Audit(action=action, about_kind="incident", about="incident_id", detail=detail)

        over, gone = problems.INCIDENT_OVER, problems.NO_LIVE_CALL
        return [
            Route(method="GET", path="/api/incidents", handler=self.listed, permission=p.INCIDENT_READ, active=False),
            Route(method="POST", path="/api/incidents", handler=self.raise_, permission=p.INCIDENT_ACT,
                  problems=(problems.CALL_OF_ANOTHER, gone), audit=Audit(action="incident_raised", detail=("contact", "danger"))),
            Route(method="GET", path="/api/incidents/calls", handler=self.calls, permission=p.INCIDENT_ACT, active=False),
            Route(method="GET", path="/api/partners", handler=self.partners, permission=p.INCIDENT_READ, active=False),
            Route(method="GET", path=one, handler=self.one, permission=p.INCIDENT_READ, audit=audit("incident_read"), active=False),
            Route(method="POST", path=f"{one}/orders", handler=self.order, permission=p.INCIDENT_ACT,
                  problems=(over, gone, problems.INCIDENT_MOVED, problems.UNKNOWN_PARTNER, problems.NOT_DIALLED, problems.NOBODY_THERE,
                            problems.PARTNER_ON_THE_PHONE),
                  audit=audit("incident_ordered", "kind", "partner")),
            Route(method="POST", path=f"{one}/describe", handler=self.describe, permission=p.INCIDENT_ACT, problems=(over,),
                  audit=audit("incident_described", "danger", "third_party")),
            Route(method="POST", path=f"{one}/confirm", handler=self.confirm, permission=p.INCIDENT_CLOSE, problems=(over,),
                  audit=audit("incident_confirmed")),
            Route(method="POST", path=f"{one}/close", handler=self.close, permission=p.INCIDENT_CLOSE,
                  problems=(over, problems.REASON_MISSING, problems.WORDS_TOO_LONG), audit=audit("incident_closed", "reason")),
            Route(method="GET", path=f"{one}/words", handler=self.words, permission=p.INCIDENT_READ, audit=audit("incident_words_read")),
        ]  # fmt: skip

    @told
    async def listed(self, call: Call, query: m.Wanted) -> m.IncidentsOut:
        """Incidents that nobody has ended yet, or those that ended on a day. A counsellor's own, everybody's for a supervisor."""
        who = onlooker(call.actor)
        if query.day is None:
            found = await self._store.open(who)
        else:
            since = datetime.combine(query.day, time(), SEOUL)
            found = await self._store.ended(who, since, since + timedelta(days=1))
        incidents = [views.incident(one, self._settings) for one in found]
        return m.IncidentsOut(incidents=incidents, now=self._clock.now(), test=self._partners.test_mode)

    @told
    async def one(self, call: Call, incident_id: UUID) -> m.IncidentDetail:
        """One incident: whom it went through, everything that happened, reminders, and what the desk asked for."""
        seen, now = await self._find(call.actor, incident_id), self._clock.now()
        it = seen.incident
        lines = await timeline(self._db, it.id)
        names = await self._store.names(views.people_of(lines))
        upcoming = None if it.over else self._partners.next(it, now)
        return m.IncidentDetail(
            incident=views.incident(seen, self._settings),
            now=now,
            test=self._partners.test_mode,
            chain=[one.id for one in self._partners.chain(it.danger, now, third_party_location=it.third_party)],
            next_partner=upcoming.id if upcoming else None,
            timeline=[views.line(one, names) for one in lines],
            reminders=[views.reminder(row) for row in await self._store.reminders(it.id)],
            orders=[views.order(row) for row in await self._store.orders(it.id)],
        )

    @told
    async def calls(self, call: Call) -> m.CallsOut:
        """Calls in which one may raise a crisis: the own one, or any for a supervisor."""
        return m.CallsOut(calls=[views.call(row) for row in await self._store.calls(onlooker(call.actor))])

    @told
    async def partners(self, call: Call) -> m.PartnersOut:
        """Emergency partners, and who is called first for which danger."""
        now = self._clock.now()
        return m.PartnersOut(
            partners=[views.partner(one, self._partners, now) for one in self._partners.all],
            order={str(danger): [one.id for one in self._partners.chain(danger, now)] for danger in Danger},
            test=self._partners.test_mode,
        )

    @told
    async def raise_(self, call: Call, body: m.RaiseIn) -> m.RaisedOut:
        """Raise a crisis in a call and begin to dial. Raised already: the same one, `new` false. A proposal becomes real by it."""
        who = onlooker(call.actor)
        row = await self._store.call(who, body.contact)
        if row is None:
            raise Problem(NOT_FOUND)
        if not (who.everything or row.mine):
            raise Problem(problems.CALL_OF_ANOTHER)
        if not row.live and row.incident_id is None:
            raise Problem(problems.NO_LIVE_CALL)
        order = await self._orders.order(
            OrderKind.RAISE,
            body.contact,
            counsellor_id=who.counsellor_id if row.mine else row.counsellor_id,
            danger=body.danger,
            third_party=body.third_party,
            raised_by=RaisedBy.COUNSELLOR_DESK if row.mine else RaisedBy.SUPERVISOR,
        )
        written = {one.id for one in await self._store.orders(order.incident_id)}
        return m.RaisedOut(incident=order.incident_id, new=order.id in written)

    @told
    async def order(self, call: Call, incident_id: UUID, body: m.OrderIn) -> m.OrderOut:
        """Ask the call to dial, connect, stop. The same press twice is one order (`new` false)."""
        async with self._ordering:
            seen = await self._find(call.actor, incident_id)
            if seen.incident.over:
                raise Problem(problems.INCIDENT_OVER, state=str(seen.incident.state))
            partner_id = body.partner if body.kind is OrderKind.DIAL else None
            before = await self._store.last_order(incident_id, body.kind, partner_id)
            if before is not None and (before.taken_at is None or self._clock.now() - before.at < SAME_PRESS):
                return views.order(before)
            self._check(seen, body)
            order = await self._orders.order(
                body.kind, seen.incident.contact_id, counsellor_id=call.actor.counsellor_id, partner_id=partner_id
            )
        return m.OrderOut(
            id=order.id, incident=order.incident_id, kind=str(order.kind), partner=partner_id, at=order.at, taken_at=None, new=True
        )

    @told
    async def describe(self, call: Call, incident_id: UUID, body: m.DescribeIn) -> m.IncidentOut:
        """Say which danger it is, and whether the whereabouts of somebody else are needed: who is called next goes by it."""
        await self._find(call.actor, incident_id)
        await self._decisions.describe(incident_id, by=call.actor.user_id, danger=body.danger, third_party=body.third_party)
        return await self._out(call.actor, incident_id)

    @told
    async def confirm(self, call: Call, incident_id: UUID) -> m.IncidentOut:
        """Responders made contact with the person: the incident is over, nobody is reminded any more."""
        await self._find(call.actor, incident_id)
        await self._decisions.confirm(incident_id, by=call.actor.user_id)
        return await self._out(call.actor, incident_id)

    @told
    async def close(self, call: Call, incident_id: UUID, body: m.CloseIn) -> m.IncidentOut:
        """End it without that, with a reason. Its words are kept sealed."""
        await self._find(call.actor, incident_id)
        await self._decisions.close(incident_id, by=call.actor.user_id, reason=body.reason, text=body.text)
        return await self._out(call.actor, incident_id)

    @told
    async def words(self, call: Call, incident_id: UUID) -> m.WordsOut:
        """What was said at the closing."""
        await self._find(call.actor, incident_id)
        return m.WordsOut(text=await self._decisions.words(incident_id))

    async def _find(self, actor: Actor, incident_id: UUID) -> Seen:
        seen = await self._store.one(onlooker(actor), incident_id)
        if seen is None:
            raise Problem(NOT_FOUND)
        return seen

    async def _out(self, actor: Actor, incident_id: UUID) -> m.IncidentOut:
        return views.incident(await self._find(actor, incident_id), self._settings)

    def _check(self, seen: Seen, body: m.OrderIn) -> None:
        """Raises Problem for what the call could not do."""
        it = seen.incident
        if body.kind is OrderKind.DIAL:
            partner = self._partners.get(body.partner or "")
            if not self._partners.endpoint(partner):
                raise Problem(problems.NOT_DIALLED)
            if any(one.partner_id == partner.id for one in it.live):
                raise Problem(problems.PARTNER_ON_THE_PHONE)
        # Calling back is for whoever is off the phone; everything else needs the call.
        if not seen.on_line and body.kind is not OrderKind.REDIAL:
            raise Problem(problems.NO_LIVE_CALL)
        if body.kind in _DIALS and body.attempts != len(it.attempts):
            raise Problem(problems.INCIDENT_MOVED, attempts=len(it.attempts))
        if body.kind in _NEEDS_A_PARTNER and all(one.stage is Stage.DIALLING for one in it.live):
            raise Problem(problems.NOBODY_THERE)

"""One call's side of the book of incidents: raised, attempts on record before they are rung, and what became of them.

Everything is done beside the call, never in its way: what is asked comes back as a happening.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from uuid import UUID

import structlog

from core.errors import AnnyeongError
from escalation import happenings as h
from escalation.errors import CallElsewhere, IncidentOver, PartnerOnThePhone, UnknownIncident, UnknownPartner
from escalation.model import Dial, Incident, RaisedBy, Result
from ivr import call_model as m
from ivr.commands import CrisisCommand
from ivr.conference import Fact, Partner
from ivr.crisis import PREFIX
from ivr.happenings import Happening
from ivr.services import Services
from routing.callback_model import Consent
from routing.model import Lane, OfferResult

log = structlog.get_logger()

#: A call-back that can't be stored is tried this often, each time after twice as long.
REDIAL_TRIES = 5
_RESULTS = {
    OfferResult.BUSY: Result.BUSY,
    OfferResult.RANG_OUT: Result.NO_ANSWER,
    OfferResult.REJECTED: Result.REJECTED,
    OfferResult.UNREACHABLE: Result.UNREACHABLE,
    OfferResult.WITHDRAWN: Result.WITHDRAWN,
}
_PLAIN: Mapping[Fact, h.Fact] = {
    Fact.CALLED_OFF: h.CalledOff(),
    Fact.CALLER_GONE: h.CallerGone(),
    Fact.CALLER_BACK: h.CallerBack(),
    Fact.REDIALLED: h.Redialled(),
    Fact.COUNSELLOR_GONE: h.CounsellorGone(),
}


def attempt_of(leg_id: str) -> UUID | None:
    """The attempt that a leg was made for."""
    try:
        return UUID(leg_id.removeprefix(PREFIX))
    except ValueError:
        return None


def fact_of(note: m.IncidentNote) -> h.Fact | None:
    """The same in the book's words; None: the book writes that itself. Pure."""
    attempt = attempt_of(note.leg_id)
    match note.fact:
        case Fact.CALLED_OFF | Fact.CALLER_GONE | Fact.CALLER_BACK | Fact.REDIALLED | Fact.COUNSELLOR_GONE:
            return _PLAIN[note.fact]
        case Fact.COUNSELLOR_BACK:
            return h.CounsellorBack(counsellor_id=note.counsellor)
        case Fact.TAKEN_OVER:
            return h.TakenOver(attempt_id=attempt)
        case Fact.FAILED if attempt is not None:
            result = _RESULTS.get(note.result, Result.FAILED) if note.result else Result.FAILED
            return h.AttemptFailed(attempt_id=attempt, result=result)
        case Fact.ANSWERED if attempt is not None:
            return h.Answered(attempt_id=attempt)
        case Fact.BRIEFED if attempt is not None:
            return h.Briefed(attempt_id=attempt)
        case Fact.PRIVATE if attempt is not None:
            return h.Private(attempt_id=attempt)
        case Fact.JOINED if attempt is not None:
            return h.Joined(attempt_id=attempt)
        case Fact.PARTNER_LEFT if attempt is not None:
            return h.PartnerLeft(attempt_id=attempt)
        case _:
            return None


class CrisisBooks:
    """See the module's text."""

    def __init__(self, contact_id: UUID, services: Services, post: Callable[[Happening], None]) -> None:
        self.contact_id = contact_id
        #: The call is over: what is found now is never rung.
        self.over = False
        self._services = services
        self._post = post
        self._incident: UUID | None = None
        #: A human raised it; a proposal is raised once more.
        self._raised = False
        #: What happened before the incident was on record.
        self._early: list[h.Fact] = []
        self._asking = 0

    @property
    def incident_id(self) -> UUID | None:
        """The incident of this call, once it is on record."""
        return self._incident

    def resume(self, incident: Incident) -> None:
        """After a restart, or for a caller who is back: it is on record."""
        self._incident, self._raised = incident.id, not incident.proposed

    def do(self, command: CrisisCommand) -> None:
        """Carry out one command. Never blocks."""
        services = self._services
        match command:
            case m.RaiseIncident():
                services.spawn(self._propose(command), f"raise {self.contact_id}")
            case m.AskPartner():
                self._asking += 1
                services.spawn(self._ask(command), f"partner {self.contact_id}")
            case m.IncidentNote():
                if (fact := fact_of(command)) is not None:
                    self._note(fact)
            case m.CallAgain(number=number, language=language):
                again = call_again(services, self.contact_id, number, language, self._incident)
                services.spawn(again, f"redial {self.contact_id}")

    def _note(self, fact: h.Fact) -> None:
        if self._incident is not None:
            self._services.incidents.note(self._incident, fact)
        elif self._asking:
            self._early.append(fact)

    async def _propose(self, command: m.RaiseIncident) -> None:
        try:
            await self._raise(command.by, command.counsellor, proposed=command.proposed)
        except AnnyeongError as error:
            # The alarm is raised in any case.
            log.error("incident_not_raised", reason=type(error).__name__)

    async def _raise(self, by: str, counsellor: UUID | None, *, proposed: bool = False) -> UUID:
        if self._incident is None or (not self._raised and not proposed):
            raised = await self._services.incidents.raise_(
                self.contact_id, raised_by=RaisedBy(by), counsellor_id=counsellor, proposed=proposed
            )
            self._incident, self._raised = raised.incident_id, not proposed
            early, self._early = self._early, []
            for fact in early:
                self._note(fact)
        return self._incident

    async def _ask(self, command: m.AskPartner) -> None:
        try:
            dial = await self._dial(command)
        except CallElsewhere:
            # Who has the call by now calls somebody, if that is still wanted.
            log.warning("partner_not_called", call_id=str(self.contact_id))
            self._services.contacts.note(self.contact_id, "crisis_refused", {"what": "call_elsewhere"})
            dial = None
        except AnnyeongError as error:
            log.error("partner_not_found", reason=type(error).__name__)
            dial = None
        finally:
            self._asking -= 1
        if dial is not None and self.over:
            self._note(h.AttemptFailed(attempt_id=dial.attempt_id, result=Result.WITHDRAWN))
            return
        self._post(m.PartnerFound(number=command.number, partner=None if dial is None else partner_of(dial)))

    async def _dial(self, command: m.AskPartner) -> Dial | None:
        incidents = self._services.incidents
        incident_id = await self._raise(command.by, command.counsellor)
        try:
            dial = await incidents.next_attempt(incident_id, command.partner or None)
            if dial is None and command.anew:
                # The last of them had answered and left: the round ends by this press, and the next one begins.
                dial = await incidents.next_attempt(incident_id)
            return dial
        except (UnknownPartner, PartnerOnThePhone) as error:
            # Whom somebody named can't be called: the next in order can.
            log.warning("partner_refused", reason=type(error).__name__)
            return await incidents.next_attempt(incident_id)
        except (IncidentOver, UnknownIncident):
            # Ended at the desk meanwhile, and asked for again.
            self._incident = None
            return await incidents.next_attempt(await self._raise(command.by, command.counsellor))


async def call_again(services: Services, contact_id: UUID, number: str | None, language: str, incident_id: UUID | None) -> None:
    """A call-back before everybody else, for somebody who dropped out of a crisis: the call-back machinery tries again and again.

    `number` (E.164) None: the one they called from.
    """
    if not services.flow.redial.attempts:
        return
    consent = Consent(may_call=True)
    for attempt in range(REDIAL_TRIES):
        try:
            await services.callbacks.ask(
                contact_id, number=number, consent=consent, language=language, virtual_start=services.clock.now(), lane=Lane.CRISIS
            )
        except AnnyeongError as error:
            log.error("crisis_callback_not_stored", reason=type(error).__name__)
            await asyncio.sleep(2.0**attempt)
        else:
            if incident_id is not None:
                services.incidents.note(incident_id, h.Redialled())
            return


def partner_of(dial: Dial) -> Partner:
    """An attempt on record, as the chain knows it. Pure."""
    return Partner(leg_id=dial.leg_id, endpoint=dial.endpoint, ring_s=dial.ring_s, briefing=dial.briefing, caller_id=dial.caller_id)

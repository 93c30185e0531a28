"""Crises after a restart: what Asterisk says of a partner whose program is no more, and what was missed meanwhile. The first half is pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

import structlog

from core import metrics
from core.errors import AnnyeongError, DatabaseError
from escalation import happenings as h
from escalation.model import Attempt, Incident, OpenIncident, Result
from escalation.model import Stage as AttemptStage
from ivr.actor import CallActor
from ivr.call_model import Call, Phase
from ivr.conference import CALM, Conference, Partner, Stage
from ivr.crisis_books import call_again
from ivr.picture import Picture, known_of
from ivr.services import Services
from ivr.step import highest
from routing.contacts import LiveContact
from routing.model import ContactState, Lane, Offer

log = structlog.get_logger()

#: An adopted partner rings no longer than this; Asterisk ends it by its own time-out, which is shorter.
RING_S = 60.0
#: Attempts that came to nothing, after which the next one follows at once.
_ON_TO_THE_NEXT = frozenset({Result.BUSY, Result.NO_ANSWER, Result.REJECTED, Result.UNREACHABLE, Result.FAILED, Result.WITHDRAWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a crisis is found like."""

    conference: Conference = CALM
    #: What happened while nobody watched.
    facts: tuple[h.Fact, ...] = ()
    #: Legs of it that are there and have no part in it any more.
    stray: tuple[str, ...] = ()


NOTHING = Found()


def found(crisis: OpenIncident | None, row: LiveContact, offer: Offer | None, picture: Picture) -> Found:
    """The state in which a crisis is found after a restart. Pure."""
    if crisis is None:
        return NOTHING
    state = _partners(crisis, row, offer, picture)
    state = replace(state, facts=(*state.facts, *_counsellor(crisis.incident, row, offer, picture)))
    was_gone = crisis.incident.caller_gone_at is not None
    if row.channel_id in picture.channels:
        return replace(state, facts=(*state.facts, h.CallerBack())) if was_gone else state
    # Whoever was just being called again is called once more.
    stray = (*state.stray, *picture.called_again(row.id))
    return replace(state, stray=stray, facts=state.facts if was_gone else (*state.facts, h.CallerGone()))


def _counsellor(incident: Incident, row: LiveContact, offer: Offer | None, picture: Picture) -> tuple[h.Fact, ...]:
    """Came or went while nobody watched."""
    gone = incident.counsellor_gone_at is not None
    if offer is not None and picture.together(f"talk-{row.id}", offer.leg_id):
        return (h.CounsellorBack(counsellor_id=offer.counsellor_id),) if gone else ()
    # Whoever waits for one yet has lost nobody.
    talked = row.state is ContactState.TALKING and row.answered_at is not None
    return (h.CounsellorGone(),) if talked and not gone else ()


def _partners(crisis: OpenIncident, row: LiveContact, offer: Offer | None, picture: Picture) -> Found:
    incident, talk = crisis.incident, f"talk-{row.id}"
    there = [attempt for attempt in incident.live if attempt.leg_id in picture.channels]
    lost = tuple(lost_fact(attempt) for attempt in incident.live if attempt not in there)
    taken_over = incident.taken_over_at is not None
    known = going_on(incident)
    if not there:
        return Found(conference=Conference(stage=without_partner(incident), open=known.open, taken_over=taken_over), facts=lost)
    joined = [attempt for attempt in there if picture.together(talk, row.channel_id, attempt.leg_id)]
    attempt = (joined or there)[-1]
    leg = attempt.leg_id
    if joined:
        stage = Stage.JOINED
    elif offer is not None and picture.together(talk, offer.leg_id, leg):
        stage = Stage.PRIVATE
    else:
        stage = Stage.BRIEFING if picture.channels[leg].state == "Up" else Stage.RINGING
    partner = Partner(leg_id=leg, endpoint="", ring_s=RING_S)
    stray = tuple(other for other in there if other is not attempt)
    facts = (*lost, *(lost_fact(other) for other in stray), *seen_facts(attempt, stage))
    conference = Conference(stage=stage, open=known.open, taken_over=taken_over, partner=partner)
    return Found(conference=conference, facts=facts, stray=tuple(other.leg_id for other in stray))


def lost_fact(attempt: Attempt, result: Result = Result.FAILED) -> h.Fact:
    """What became of an attempt whose leg is no more. Pure."""
    if attempt.stage is AttemptStage.DIALLING:
        return h.AttemptFailed(attempt_id=attempt.id, result=result)
    return h.PartnerLeft(attempt_id=attempt.id)


def seen_facts(attempt: Attempt, stage: Stage) -> tuple[h.Fact, ...]:
    """What the leg tells that its attempt does not know yet. Pure."""
    if stage is Stage.JOINED and attempt.stage is not AttemptStage.JOINED:
        return (h.Joined(attempt_id=attempt.id),)
    if stage in (Stage.BRIEFING, Stage.PRIVATE) and attempt.stage is AttemptStage.DIALLING:
        return (h.Answered(attempt_id=attempt.id),)
    return ()


def without_partner(incident: Incident) -> Stage:
    """Whether somebody is to be called now: the program died between two steps, or with a partner's phone ringing. Pure."""
    if incident.proposed or incident.called_off or incident.taken_over_at is not None or incident.exhausted == len(incident.attempts):
        return Stage.IDLE
    if not incident.attempts:
        return Stage.ASKING
    last = incident.attempts[-1]
    interrupted = last.stage in (AttemptStage.DIALLING, AttemptStage.ANSWERED, AttemptStage.BRIEFED)
    return Stage.ASKING if interrupted or last.result in _ON_TO_THE_NEXT else Stage.IDLE


def without_caller(row: LiveContact, offer: Offer | None, picture: Picture, crisis: OpenIncident | None, state: Found) -> Call | None:
    """The call, where its caller has dropped out and counsellor and partner go on; None: they don't. Pure."""
    chain = state.conference
    counsellor = picture.channels.get(offer.leg_id) if offer else None
    if crisis is None or counsellor is None or counsellor.state != "Up" or not chain.open or chain.partner is None:
        return None
    if chain.stage is Stage.PRIVATE:
        chain = replace(chain, stage=Stage.JOINED)
    return replace(known_of(row), phase=Phase.LEFT, offer=offer, leg_up=True, talked=True, conference=chain)


async def open_crises(services: Services, rows: Iterable[LiveContact]) -> Mapping[UUID, OpenIncident]:
    """The open crisis of each contact that has one. Raises `DatabaseError`."""
    crises = {}
    for row in rows:
        try:
            crisis = await services.incidents.open_of(row.id)
        except DatabaseError:
            raise
        except AnnyeongError as error:
            log.error("crisis_not_read", call_id=str(row.id), reason=type(error).__name__)
            continue
        if crisis is not None:
            crises[row.id] = crisis
    return crises


def going_on(incident: Incident) -> Conference:
    """The crisis of a person who is back, with no partner on the phone. Pure."""
    taken_over = incident.taken_over_at is not None
    return Conference(open=not incident.proposed and not taken_over and not incident.called_off, taken_over=taken_over)


def back_in(call: Call, crisis: Incident, *, alone: bool = False) -> Call:
    """The call of somebody who is back in an open crisis: from the safety net, where whoever was being called is called on; `alone`: by
    dialling again, and a counsellor hears first who it is. Pure.
    """
    conference = going_on(crisis) if alone else replace(going_on(crisis), stage=without_partner(crisis))
    if not conference.open:
        return replace(call, conference=conference)
    return replace(call, conference=conference, lane=highest(call.lane, Lane.CRISIS), named=crisis.counsellor_id or call.named)


async def crisis_of(contact_id: UUID, services: Services, *, earlier: UUID | None = None) -> Incident | None:
    """The open crisis of somebody who is back, by a call-back or from the safety net; None also where it can't be known now.

    `earlier`: the contact that this one goes on from, where that is not on record yet.
    """
    try:
        crisis = await services.incidents.open_of(contact_id, earlier=earlier)
    except AnnyeongError as error:
        log.warning("crisis_not_read", call_id=str(contact_id), reason=type(error).__name__)
        return None
    return crisis.incident if crisis else None


def caller_gone_unseen(services: Services, row: LiveContact, crisis: OpenIncident | None, state: Found) -> tuple[str, ...]:
    """The caller dropped out of a crisis while nobody watched: on record, and called again. Returns the legs to hang up."""
    if crisis is None:
        return ()
    note_all(services, crisis, state.facts)
    if state.conference.open and row.number:
        services.spawn(call_again(services, row.id, row.number, row.language, crisis.incident.id), f"redial {row.id}")
    return partners_let_go(services, crisis, state)


def partners_let_go(services: Services, crisis: OpenIncident | None, state: Found) -> tuple[str, ...]:
    """Whoever of a crisis is called, or there, is to be let go: what became of them is on record. Returns the legs to hang up."""
    if crisis is None:
        return ()
    note_all(services, crisis, [lost_fact(attempt, Result.WITHDRAWN) for attempt in crisis.incident.live])
    return (*crisis.legs, *state.stray)


def note_all(services: Services, crisis: OpenIncident | None, facts: Iterable[h.Fact]) -> None:
    """What happened while nobody watched is on record. Never blocks."""
    if crisis is not None:
        for fact in facts:
            services.incidents.note(crisis.incident.id, fact)


async def ended_unseen(services: Services, actors: Iterable[CallActor], picture: Picture, before: Collection[str]) -> set[str]:
    """Attempts of calls that go on here, without a result and without a leg that anybody knows of: another process of our name wrote them.

    Found once; on record as failed when found again (`before`). Raises `DatabaseError`.
    """
    seen = set()
    for actor in actors:
        # Who is busy may be about to ring.
        if actor.over or actor.stage.crisis.incident_id is None or not actor.idle:
            continue
        crisis = await services.incidents.open_of(actor.contact_id)
        if crisis is None:
            continue
        for attempt in crisis.incident.live:
            if attempt.leg_id in picture.channels or services.switchboard.owner(attempt.leg_id) is not None:
                continue
            seen.add(key := f"attempt-{attempt.id}")
            if key in before:
                metrics.repairs_total.labels(kind="attempt_ended").inc()
                note_all(services, crisis, [lost_fact(attempt)])
    return seen

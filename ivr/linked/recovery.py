"""Calls between somebody of ours and a person after a restart: what Asterisk and the incident say of one. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from escalation import happenings as h
from escalation.model import OpenIncident, Result
from ivr.conference import Conference, Partner, Stage
from ivr.crisis_recovery import RING_S, going_on, lost_fact, seen_facts, without_partner
from ivr.linked.commands import Side
from ivr.linked.model import FOUND_TALKING, PREFIX, Linked, leg_id
from ivr.picture import Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one is found like. Legs that have no part in it any more are nobody's: the comparison hangs them up."""

    #: None: it is over.
    state: Linked | None
    #: Legs that take part, with whether they have answered.
    legs: tuple[tuple[str, bool], ...] = ()
    #: What happened to its incident while nobody watched.
    facts: tuple[h.Fact, ...] = ()


def found(order_id: UUID, crisis: OpenIncident | None, picture: Picture) -> Found:
    """See the module."""
    bridge = f"{PREFIX}{order_id}"
    legs = {side: leg_id(str(order_id), side) for side in Side}
    there = frozenset(side for side, leg in legs.items() if picture.together(bridge, leg))
    in_talk = tuple((legs[side], True) for side in Side if side in there)
    if crisis is None:
        return Found(state=FOUND_TALKING, legs=in_talk) if len(there) == len(Side) else Found(state=None)
    incident = crisis.incident
    here = [attempt for attempt in incident.live if attempt.leg_id in picture.channels]
    lost = tuple(lost_fact(attempt) for attempt in incident.live if attempt not in here)
    gone = () if Side.PERSON in there or incident.caller_gone_at is not None else (h.CallerGone(),)
    if not there:
        let_go = tuple(lost_fact(attempt, Result.WITHDRAWN) for attempt in here)
        return Found(state=None, facts=(*lost, *let_go, *gone))
    joined = [attempt for attempt in here if picture.together(bridge, attempt.leg_id)]
    chain = replace(going_on(incident), stage=without_partner(incident))
    partners: tuple[tuple[str, bool], ...] = ()
    if here:
        attempt = (joined or here)[-1]
        up = picture.channels[attempt.leg_id].state == "Up"
        stage = Stage.JOINED if joined else Stage.BRIEFING if up else Stage.RINGING
        chain = replace(chain, stage=stage, partner=Partner(leg_id=attempt.leg_id, endpoint="", ring_s=RING_S))
        partners = ((attempt.leg_id, up),)
        others = [other for other in here if other is not attempt]
        lost = (*lost, *(lost_fact(other) for other in others), *seen_facts(attempt, stage))
    if len(there) < len(Side) and not _holds(chain):
        return Found(state=None, facts=(*lost, *gone))
    state = replace(
        FOUND_TALKING, first=Side.FIRST in there, person=Side.PERSON in there, crisis=chain, person_left=Side.PERSON not in there
    )
    return Found(state=state, legs=(*in_talk, *partners), facts=(*lost, *gone))


def _holds(chain: Conference) -> bool:
    """Whether one alone goes on."""
    return chain.open or chain.stage is not Stage.IDLE

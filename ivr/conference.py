"""Whom to bring into a crisis call: a pure chain, `advance(conference, event, plan) -> (conference, commands)`.

An attempt is on record before it is rung. Who answers hears who we are, then the counsellor chooses: all three, or first a word in private;
without a choice all three hear each other. Whatever goes wrong with one partner leads to the next, at once. What the caller hears meanwhile,
and who else is on the line, is the call's (`ivr.crisis`). Total: what does not fit is dropped.
"""

from __future__ import annotations

from dataclasses import replace

from ivr.conference_model import (
    CALM,
    Alone,
    Answered,
    Apart,
    Ask,
    Asked,
    Brief,
    Command,
    Conference,
    Deadline,
    Drop,
    Ended,
    Event,
    Fact,
    Found,
    Gone,
    Left,
    Over,
    Overdue,
    Partner,
    Plan,
    Record,
    Redial,
    Ring,
    Said,
    Stage,
    Tell,
    Together,
    Unreached,
    What,
    Word,
)
from routing.model import OfferResult

__all__ = [
    "CALM",
    "Alone",
    "Answered",
    "Apart",
    "Ask",
    "Asked",
    "Brief",
    "Command",
    "Conference",
    "Deadline",
    "Drop",
    "Ended",
    "Event",
    "Fact",
    "Found",
    "Gone",
    "Left",
    "Over",
    "Overdue",
    "Partner",
    "Plan",
    "Record",
    "Redial",
    "Ring",
    "Said",
    "Stage",
    "Tell",
    "Together",
    "Unreached",
    "What",
    "Word",
    "advance",
]

#: A leg that has not ended this long after its ring time-out has lost its end event.
RING_GUARD_S = 5.0
#: An attempt that is not on record after this long is asked for once more.
ASK_S = 6.0
ASKS = 3
#: A briefing that has not ended after this long has lost its end event. Longer than any that we say.
BRIEFING_GUARD_S = 45.0


def advance(conference: Conference, event: Event, plan: Plan) -> tuple[Conference, list[Command]]:
    """The next state and what to do now."""
    ours = isinstance(event, Answered | Said | Ended) and event.leg_id == conference.leg_id
    match event:
        case Asked():
            return _asked(conference, event, plan)
        case Found():
            return _found(conference, event)
        case Answered() if ours and conference.stage is Stage.RINGING and conference.partner:
            briefed = replace(conference, stage=Stage.BRIEFING)
            record = Record(fact=Fact.ANSWERED, leg_id=event.leg_id)
            return briefed, [Deadline(seconds=BRIEFING_GUARD_S), record, Brief(partner=conference.partner), Tell(word=Word.ANSWERED)]
        case Answered() if not ours:
            # Answered in the instant in which it was given up.
            return conference, [Drop(leg_id=event.leg_id)]
        case Said(alone=alone) if ours and conference.stage is Stage.BRIEFING:
            return _briefed(conference, plan, alone=alone)
        case Ended() if ours:
            return _ended(conference, event.result)
        case Overdue(alone=alone):
            return _overdue(conference, plan, alone=alone)
        case Alone() if conference.stage in (Stage.BRIEFED, Stage.PRIVATE):
            return _together(conference)
        case Left():
            return _left(conference)
        case Over(known=known):
            return _over(conference, known=known)
        case _:
            return conference, []


def _asked(conference: Conference, event: Asked, plan: Plan) -> tuple[Conference, list[Command]]:
    stage, what = conference.stage, event.what
    answered = stage in (Stage.BRIEFING, Stage.BRIEFED)
    match what:
        case What.RAISE | What.NEXT | What.DIAL if stage is Stage.IDLE:
            return _ask(replace(conference, open=True, taken_over=False), [], event.partner, anew=True)
        case What.NEXT | What.DIAL if stage is Stage.RINGING or answered:
            first: list[Command] = [Drop(leg_id=conference.leg_id), *_failed(conference, OfferResult.WITHDRAWN)]
            return _ask(conference, first, event.partner)
        case What.JOIN if answered or stage is Stage.PRIVATE:
            return _together(conference)
        case What.PRIVATE if answered or stage is Stage.JOINED:
            apart = replace(conference, stage=Stage.PRIVATE)
            told: list[Command] = [Record(fact=Fact.PRIVATE, leg_id=conference.leg_id), Tell(word=Word.PRIVATE)]
            return apart, [Deadline(seconds=plan.private_s), Apart(leg_id=conference.leg_id), *told]
        case What.TAKEN_OVER if conference.there and not conference.taken_over:
            first = []
            if stage is Stage.PRIVATE:
                conference, first = _together(conference)
            taken = replace(conference, taken_over=True, open=False)
            return taken, [*first, Record(fact=Fact.TAKEN_OVER, leg_id=conference.leg_id), Tell(word=Word.TAKEN_OVER)]
        case What.STOP if conference.open or stage is not Stage.IDLE:
            after, commands = _let_go(conference, OfferResult.WITHDRAWN)
            return replace(after, open=False), [*commands, Record(fact=Fact.CALLED_OFF), Tell(word=Word.STOPPED)]
        case _:
            return conference, []


def _ask(conference: Conference, first: list[Command], partner: str, *, anew: bool = False) -> tuple[Conference, list[Command]]:
    number = conference.asked + 1
    asking = replace(conference, stage=Stage.ASKING, partner=None, asked=number, wanted=partner)
    return asking, [*first, Deadline(seconds=ASK_S), Ask(number=number, partner=partner, anew=anew)]


def _found(conference: Conference, found: Found) -> tuple[Conference, list[Command]]:
    partner = found.partner
    if conference.stage is not Stage.ASKING or found.number != conference.asked:
        # On record, and not wanted any more: never rung.
        unused = Record(fact=Fact.FAILED, leg_id=partner.leg_id, result=OfferResult.WITHDRAWN) if partner else None
        return conference, [unused] if unused else []
    if partner is None:
        return _nobody(conference)
    ringing = replace(conference, stage=Stage.RINGING, partner=partner, unanswered=0)
    told: list[Command] = [Record(fact=Fact.DIALLED, leg_id=partner.leg_id), Tell(word=Word.RUNG)]
    return ringing, [Ring(partner=partner), Deadline(seconds=partner.ring_s + RING_GUARD_S), *told]


def _nobody(conference: Conference) -> tuple[Conference, list[Command]]:
    idle = replace(conference, stage=Stage.IDLE, partner=None, unanswered=0)
    return idle, [Deadline(seconds=0), Record(fact=Fact.NOBODY_LEFT), Unreached(), Tell(word=Word.NOBODY_LEFT)]


def _briefed(conference: Conference, plan: Plan, *, alone: bool) -> tuple[Conference, list[Command]]:
    record = Record(fact=Fact.BRIEFED, leg_id=conference.leg_id)
    if alone:
        joined, commands = _together(conference)
        return joined, [record, *commands]
    return replace(conference, stage=Stage.BRIEFED), [record, Deadline(seconds=plan.choose_s)]


def _together(conference: Conference) -> tuple[Conference, list[Command]]:
    joined = replace(conference, stage=Stage.JOINED)
    return joined, [Deadline(seconds=0), Together(leg_id=conference.leg_id), Tell(word=Word.JOINED)]


def _ended(conference: Conference, result: OfferResult) -> tuple[Conference, list[Command]]:
    if conference.there:
        left = replace(conference, stage=Stage.IDLE, partner=None)
        record = Record(fact=Fact.PARTNER_LEFT, leg_id=conference.leg_id)
        return left, [Deadline(seconds=0), record, Gone(private=conference.stage is Stage.PRIVATE), Tell(word=Word.LEFT)]
    word = Word.BUSY if result in (OfferResult.BUSY, OfferResult.REJECTED) else Word.NO_ANSWER
    return _ask(conference, [*_failed(conference, result), Tell(word=word)], "")


def _overdue(conference: Conference, plan: Plan, *, alone: bool) -> tuple[Conference, list[Command]]:
    match conference.stage:
        case Stage.ASKING if conference.unanswered + 1 >= ASKS:
            return _nobody(conference)
        case Stage.ASKING:
            return _ask(replace(conference, unanswered=conference.unanswered + 1), [], conference.wanted)
        case Stage.RINGING:
            after, commands = _ended(conference, OfferResult.RANG_OUT)
            return after, [Drop(leg_id=conference.leg_id), *commands]
        case Stage.BRIEFING:
            return _briefed(conference, plan, alone=alone)
        case Stage.BRIEFED | Stage.PRIVATE:
            return _together(conference)
        case _:
            return conference, []


def _left(conference: Conference) -> tuple[Conference, list[Command]]:
    gone = Record(fact=Fact.CALLER_GONE)
    if conference.stage not in (Stage.BRIEFED, Stage.PRIVATE):
        return conference, [gone]
    joined, commands = _together(conference)
    return joined, [gone, *commands]


def _over(conference: Conference, *, known: bool) -> tuple[Conference, list[Command]]:
    if not conference.open and conference.stage is Stage.IDLE:
        return conference, []
    after, commands = _let_go(conference, OfferResult.WITHDRAWN)
    # There is nobody any more whom a partner's leaving would concern.
    kept = [command for command in commands if not isinstance(command, Gone)]
    redial: list[Command] = [Redial()] if conference.open else []
    return replace(after, open=False), [*kept, *([] if known else [Record(fact=Fact.CALLER_GONE)]), *redial]


def _let_go(conference: Conference, result: OfferResult) -> tuple[Conference, list[Command]]:
    idle = replace(conference, stage=Stage.IDLE, partner=None)
    drop: list[Command] = [Drop(leg_id=conference.leg_id)] if conference.partner else []
    if conference.there:
        drop += [Record(fact=Fact.PARTNER_LEFT, leg_id=conference.leg_id), Gone(private=conference.stage is Stage.PRIVATE)]
    elif conference.partner:
        drop += _failed(conference, result)
    return idle, [Deadline(seconds=0), *drop]


def _failed(conference: Conference, result: OfferResult) -> list[Command]:
    return [Record(fact=Fact.FAILED, leg_id=conference.leg_id, result=result)]

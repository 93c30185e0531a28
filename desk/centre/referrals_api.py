"""Referrals as counsellors make them: propose, write down the answer, send live or to the worklist, see how one's own stand."""

from __future__ import annotations

from uuid import UUID

import structlog

from core.clock import Clock
from core.errors import AnnyeongError
from core.ids import new_id
from core.phone import normalise
from desk.access.model import Actor, Permission
from desk.centre import problems
from desk.centre.eyes import eyes
from desk.centre.models import (
    CentreConsent,
    ConsentIn,
    DangerIn,
    NewReferral,
    OtherConsent,
    PermissionIn,
    ReferralOut,
    ReferralsOut,
    SendIn,
    SentOut,
)
from desk.centre.problems import told
from desk.centre.store import Store
from desk.errors import NOT_FOUND, FieldError, Problem
from desk.routes import TEXT_LIMIT, Audit, Call, Route
from escalation.centre import model
from escalation.centre.casework import Casework
from escalation.centre.errors import StaffBusy
from escalation.centre.model import Consent, Recipient, Referral
from escalation.centre.ports import Transfer
from escalation.centre.reading import Reading
from escalation.centre.referrals import Person, Referrals
from escalation.centre.staff import Live, decide
from escalation.centre.staff_book import StaffBook
from escalation.companions.supports import Supports
from escalation.ledger_model import Ground

log = structlog.get_logger()

_ONE = "/api/referrals/{referral_id}"


def referral_audit(action: str, *detail: str) -> Audit:
    """A line of the access log about a referral."""
    return Audit(action=action, about_kind="referral", about="referral_id", detail=detail)


class ReferralsApi:
    """Its routes. `transfer`: puts callers through to the centre; without it everything goes to the worklist."""

    def __init__(
        self, referrals: Referrals, casework: Casework, reading: Reading, staff: StaffBook, store: Store, clock: Clock,
        supports: Supports, transfer: Transfer | None,
    ) -> None:  # fmt: skip
        self._referrals = referrals
        self._casework = casework
        self._reading = reading
        self._staff = staff
        self._store = store
        self._clock = clock
        self._supports = supports
        self._transfer = transfer

    def routes(self) -> list[Route]:
        """See each."""
        make, own = Permission.REFERRAL_MAKE, problems.OF_CASES
        return [
            Route(method="GET", path="/api/referrals", handler=self.everything, permission=make,
                  audit=Audit(action="referrals_read", about_kind="referral")),
            Route(method="POST", path="/api/referrals", handler=self.propose, permission=make, status=201, problems=own,
                  body_limit=TEXT_LIMIT, audit=Audit(action="referral_proposed", about_kind="contact", detail=("contact", "urgency"))),
            Route(method="GET", path=_ONE, handler=self.one, permission=make, audit=referral_audit("referral_read")),
            Route(method="POST", path=f"{_ONE}/answer", handler=self.answer, permission=make, problems=own,
                  audit=referral_audit("referral_answered", "given", "script_version")),
            Route(method="POST", path=f"{_ONE}/consents", handler=self.consent, permission=make, problems=own,
                  audit=referral_audit("referral_consent", "given", "recipient", "script_version")),
            Route(method="POST", path=f"{_ONE}/danger", handler=self.danger, permission=make, problems=own,
                  audit=referral_audit("referral_danger", "ground")),
            Route(method="POST", path=f"{_ONE}/send", handler=self.send, permission=make, problems=own,
                  audit=referral_audit("referral_sent", "live")),
            Route(method="POST", path=f"{_ONE}/permission", handler=self.permit, permission=make, problems=own,
                  audit=referral_audit("referral_permission", "may_call")),
            Route(method="POST", path=f"{_ONE}/withdraw", handler=self.withdraw, permission=make, problems=own,
                  audit=referral_audit("referral_withdrawn")),
        ]  # fmt: skip

    @told
    async def everything(self, call: Call) -> ReferralsOut:
        """One's own referrals, or everybody's for who assigns cases; of each, how it stands."""
        looking = eyes(call.actor)
        found = await self._reading.made_by(None if looking.everything else call.actor.user_id)
        return ReferralsOut(referrals=[referral_out(case, district) for case, district in found])

    @told
    async def propose(self, call: Call, body: NewReferral) -> ReferralOut:
        """The centre should take over. The person has not been asked yet, and nothing is sent."""
        number = None
        if body.number:
            number = normalise(body.number).e164
            if number is None:
                kind = problems.NUMBER_WRONG
                raise Problem(kind, fields=[FieldError(field="number", code=kind.code, ko=kind.ko, en=kind.en)])
        person = Person(name=body.name, number=number, language=body.language, district=body.district, age_band=body.age_band)
        case = await self._referrals.propose(
            person, reason=body.reason, urgency=body.urgency, by=call.actor.user_id, contact_id=body.contact
        )  # fmt: skip
        return referral_out(case, body.district)

    @told
    async def one(self, call: Call, referral_id: UUID) -> ReferralOut:
        """How it stands."""
        return await self._out(call.actor, referral_id)

    @told
    async def answer(self, call: Call, referral_id: UUID, body: CentreConsent) -> ReferralOut:
        """The person agrees that the centre has their data, or refuses; either is kept."""
        await self._out(call.actor, referral_id)
        consent = self._consent(call.actor, body, Recipient.CENTRE)
        await self._referrals.answered(referral_id, consent, permission_in(body.permission) if body.permission else None)
        if not body.given:
            await self._supports.withdrawn(referral_id, by=call.actor.user_id)
        return await self._out(call.actor, referral_id)

    @told
    async def consent(self, call: Call, referral_id: UUID, body: OtherConsent) -> None:
        """The person agrees, or refuses, that a service or companions have their data."""
        await self._out(call.actor, referral_id)
        await self._casework.service_consent(referral_id, self._consent(call.actor, body, body.recipient))

    @told
    async def danger(self, call: Call, referral_id: UUID, body: DangerIn) -> ReferralOut:
        """Imminent danger stands in for consent. Who decided so stands in the ledger."""
        await self._out(call.actor, referral_id)
        await self._referrals.in_danger(referral_id, Ground(body.ground), by=call.actor.user_id)
        return await self._out(call.actor, referral_id)

    @told
    async def send(self, call: Call, referral_id: UUID, body: SendIn) -> SentOut:
        """To the centre: live if the person is on the line and somebody there is free, else to the worklist."""
        await self._out(call.actor, referral_id)
        case = await self._reading.case(referral_id)
        in_call = self._transfer is not None and await self._store.live(case.contact_id)
        there = [who for who in await self._staff.available() if who.extension] if in_call else []
        decision = decide(case.referral, there, in_call=in_call, language=case.language, wants_live=body.live)
        if isinstance(decision, Live) and self._transfer is not None and case.contact_id is not None:
            for staff_id in decision.to:
                if await self._live(self._transfer, referral_id, case.contact_id, staff_id, call.actor):
                    return SentOut(way="live", why="", staff=staff_id, referral=await self._out(call.actor, referral_id))
            return SentOut(way="worklist", why="nobody_free", staff=None, referral=await self._sent(call.actor, referral_id))
        why = decision.why if not isinstance(decision, Live) else "nobody_free"
        return SentOut(way="worklist", why=why, staff=None, referral=await self._sent(call.actor, referral_id))

    @told
    async def permit(self, call: Call, referral_id: UUID, body: PermissionIn) -> ReferralOut:
        """Whether and how the person may be called."""
        await self._out(call.actor, referral_id)
        await self._referrals.permit(referral_id, permission_in(body), by=call.actor.user_id)
        return await self._out(call.actor, referral_id)

    @told
    async def withdraw(self, call: Call, referral_id: UUID) -> None:
        """The person takes the consent back: nobody calls, nothing more is passed on, an accompaniment ends."""
        await self._out(call.actor, referral_id)
        await self._referrals.withdraw(referral_id, by=call.actor.user_id)
        await self._supports.withdrawn(referral_id, by=call.actor.user_id)

    async def _live(self, transfer: Transfer, referral_id: UUID, contact_id: UUID, staff_id: UUID, actor: Actor) -> bool:
        """Reserve one and have the telephone begin; False: somebody else was quicker, or the telephone can't."""
        try:
            await self._referrals.send_live(referral_id, staff_id, by=actor.user_id)
        except StaffBusy:
            return False
        try:
            await transfer.begin(referral_id=referral_id, contact_id=contact_id, staff_id=staff_id)
        except AnnyeongError as error:
            log.error("centre_transfer_not_begun", referral_id=str(referral_id), reason=type(error).__name__)
            await self._referrals.live_failed(referral_id, why="not_begun")
        return True

    async def _sent(self, actor: Actor, referral_id: UUID) -> ReferralOut:
        await self._referrals.send(referral_id, by=actor.user_id)
        return await self._out(actor, referral_id)

    async def _out(self, actor: Actor, referral_id: UUID) -> ReferralOut:
        """How it stands, if it is theirs to see; else it is not there."""
        case, made_by, district = await self._reading.head(referral_id)
        if not eyes(actor).referral(case, made_by):
            raise Problem(NOT_FOUND)
        return referral_out(case, district)

    def _consent(self, actor: Actor, body: ConsentIn, recipient: Recipient) -> Consent:
        return Consent(
            id=new_id(),
            given=body.given,
            recipient=recipient,
            recipient_name=body.recipient_name,
            purpose=body.purpose,
            items=tuple(body.items),
            until=body.until,
            right_to_refuse_told=body.right_to_refuse_told,
            script_version=body.script_version,
            at=self._clock.now(),
            asked_by=actor.user_id,
            recording=body.recording,
            under_14=body.under_14,
            by_guardian=body.by_guardian,
        )


def permission_in(body: PermissionIn) -> model.Permission:
    """As the room has it."""
    return model.Permission(
        may_call=body.may_call,
        may_say_who=body.may_say_who,
        may_leave_message=body.may_leave_message,
        shared_phone=body.shared_phone,
        hours=body.hours,
    )


def permission_out(permission: model.Permission) -> PermissionIn:
    """As the page has it."""
    return PermissionIn(
        may_call=permission.may_call,
        may_say_who=permission.may_say_who,
        may_leave_message=permission.may_leave_message,
        shared_phone=permission.shared_phone,
        hours=permission.hours,
    )


def referral_out(case: Referral, district: str) -> ReferralOut:
    """How a referral stands."""
    return ReferralOut(
        id=case.id,
        state=case.state,
        urgency=case.urgency,
        created_at=case.created_at,
        due_at=case.due_at,
        outcome=case.outcome,
        district=district,
    )

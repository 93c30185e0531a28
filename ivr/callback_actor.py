"""One call-back: reads its mailbox, advances the machine (`ivr.callback_call`), carries out what it asks for, hands over when both are there."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

import structlog

from core import metrics
from core.errors import DatabaseError
from escalation.happenings import CallerBack
from escalation.model import Incident
from ivr import callback_commands as c
from ivr import happenings as h
from ivr.actor import CallActor
from ivr.ari import Mailbox
from ivr.call_model import Call
from ivr.call_model import Phase as CallPhase
from ivr.callback_call import OUTCOMES, Callback, Phase, Plan, advance
from ivr.callback_commands import Result
from ivr.callback_stage import CallbackStage
from ivr.calls import Calls
from ivr.crisis_recovery import crisis_of, going_on
from ivr.phases import Timer
from ivr.services import Message, Services
from routing.callback_model import CallbackResult, CallbackState, Due
from routing.contacts import LiveContact
from routing.model import ContactState, Kind, Lane, Offer, OfferResult, Outcome, Waiting
from routing.policy import Policy

log = structlog.get_logger()

#: Channels end within milliseconds of their hang-up; this is for events that never come.
LINGER_S = 10.0
#: How long the result of an attempt is tried to be written; after that the request is reclaimed by what the contact tells.
WRITE_TRIES, WRITE_RETRY_S = 5, 2.0
#: The shortest that a policy allows between two attempts.
SHORTEST_SPACING_S = 10.0


class CallbackActor:
    """One task per call-back until the talk begins; then it waits for the end of the ordinary call."""

    def __init__(
        self,
        due: Due,
        contact_id: UUID,
        mailbox: Mailbox[Message],
        services: Services,
        calls: Calls,
        *,
        language: str,
        lease_s: float,
    ) -> None:
        self.contact_id = contact_id
        self.state = Callback(id=str(contact_id))
        consent = due.consent
        policy = services.router.policy
        self.plan = Plan(
            person_first=bool(policy.callback_person_first),
            # At a phone that others use, too, a permission to say who we are is not one to tell them; unknown is taken for such a phone.
            say_who=consent.may_say_who is True and consent.shared_phone is False,
            leave_message=consent.may_leave_message is True,
            ring_s=policy.callback_ring_s,
            ask_s=services.callback_ask_s,
            counsellor_ring_s=services.flow.ring_timeout_s,
        )
        self._due = due
        self._entered_at = services.clock.now()
        self._mailbox = mailbox
        self._services = services
        self._calls = calls
        self._lease_s = lease_s
        self._stage = CallbackStage(due, contact_id, mailbox, services, language=language)
        self._keeping: asyncio.Task[None] | None = None
        #: The request is not ours any more.
        self._withdrawn = False
        self._call: CallActor | None = None
        self._written: CallbackState | None = None
        self._told = False
        #: What the person dropped out of.
        self._crisis: Incident | None = None

    @property
    def rang(self) -> bool:
        """A counsellor's or the person's phone was rung for it."""
        return self._stage.rang

    @property
    def offer(self) -> Offer | None:
        """The counsellor whom the line reserved."""
        return self.state.offer

    def ring(self, offer: Offer) -> None:
        """The line reserved a counsellor."""
        self.post(h.OfferGranted(offer=offer))

    def post(self, happening: h.Happening) -> None:
        """Let something happen to it."""
        self._mailbox.put(happening)

    # --- life ----------------------------------------------------------------------------------------------------------

    async def run(self) -> tuple[Result, CallbackState | None]:
        """Live until the attempt, and the talk if there is one, is over: its result, and the request's new state."""
        with structlog.contextvars.bound_contextvars(call_id=str(self.contact_id)):
            if not await self._enter():
                return Result.INTERRUPTED, await self._write(Result.INTERRUPTED)
            self._keeping = self._services.spawn(self._keep(), f"keep {self.contact_id}")
            try:
                await self._live()
            except Exception:
                # A fault of ours: nobody is left in a bridge, and the request is tried again.
                if self._call is None:
                    await self._give_up()
                raise
            finally:
                self._keeping.cancel()
                self._calls.leave_callback(self.contact_id)
                self._stage.detach()
            return self.state.result or Result.INTERRUPTED, self._written

    async def _enter(self) -> bool:
        due, services = self._due, self._services
        try:
            await services.contacts.enter_callback(
                self.contact_id,
                callback_id=due.id,
                channel_id=self.state.person_leg,
                language=due.language,
                number=due.number,
                virtual_start=due.virtual_start,
                lane=due.lane,
                at=self._entered_at,
            )
        except DatabaseError:
            log.warning("callback_not_written")
            return False
        metrics.calls_entered_total.labels(entry="callback").inc()
        if due.lane is Lane.CRISIS:
            self._crisis = await crisis_of(self.contact_id, services)
        self._calls.join_callback(self.contact_id, self)
        services.router.join(
            Waiting(
                contact_id=self.contact_id,
                since=due.virtual_start,
                joined=self._entered_at,
                lane=due.lane,
                kind=Kind.CALLBACK,
                language=due.language,
                # Who was with them in the crisis comes first.
                named=self._crisis.counsellor_id if self._crisis else None,
            )
        )
        return True

    async def _keep(self) -> None:
        """The request is ours while it waits; if it is no more (the person called again, somebody withdrew it), nobody is called.

        Nor when its hours end before the person is dialled: it leaves the line and comes back with its place when they begin again.
        """
        while True:
            await asyncio.sleep(self._lease_s / 3)
            try:
                late = not self.state.dialled and not self._due.consent.timely(self._services.clock.now())
                if late or not await self._services.callbacks.keep(self._due, self._lease_s):
                    self._withdrawn = True
                    # Only to wake the reader.
                    self._mailbox.put(h.TimerFired(timer=Timer.SETTLE))
                    return
            except DatabaseError:
                continue

    async def _live(self) -> None:
        while self.state.phase not in (Phase.OVER, Phase.HANDED):
            happening = self._stage.read(await self._mailbox.get())
            if self._withdrawn:
                self._withdrawn = False
                await self._happen(h.CallerGone())
            if happening is not None:
                await self._happen(happening)
        if self._call is not None:
            await self._talk(self._call)
        else:
            await self._clear()

    async def _happen(self, happening: h.Happening) -> None:
        self.state, commands = advance(self.state, happening, self.plan)
        for command in commands:
            await self._do(command)

    async def _talk(self, call: CallActor) -> None:
        """The ordinary machine has both; it also writes the contact's outcome."""
        await self._calls.run(call, h.Resumed())
        outcome = call.call.outcome
        result = {
            Outcome.TALKED: Result.TALKED,
            Outcome.TALKED_OVERFLOW: Result.TALKED,
            # Wanted to talk, and left before a counsellor was there.
            Outcome.ABANDONED_WAITING: Result.NO_ANSWER,
        }.get(outcome, Result.INTERRUPTED) if outcome else Result.INTERRUPTED  # fmt: skip
        self.state = replace(self.state, result=result)
        if outcome is not None and not self._told:
            self._written = await self._write(result)

    async def _clear(self) -> None:
        await self._stage.clear()
        try:
            async with asyncio.timeout(LINGER_S):
                while not all(leg.gone for leg in self._stage.legs.values()):
                    if (happening := self._stage.read(await self._mailbox.get())) is not None:
                        await self._happen(happening)
        except TimeoutError:
            log.warning("callback_lingers")

    async def _give_up(self) -> None:
        offer = self.state.offer
        self._services.router.leave(self.contact_id)
        if offer is not None:
            await self._services.router.close(offer, OfferResult.FAILED)
        if self.state.phase is not Phase.OVER:
            self.state = replace(self.state, phase=Phase.OVER, offer=None, result=Result.INTERRUPTED)
            await self._done(Result.INTERRUPTED)
        await self._clear()

    # --- what is asked for ---------------------------------------------------------------------------------------------

    async def _do(self, command: c.Command) -> None:
        services, stage = self._services, self._stage
        match command:
            case c.RingCounsellor(offer=offer):
                stage.ring_counsellor(offer)
            case c.RingPerson(leg_id=leg_id):
                await self._ring_person(leg_id)
            case c.Seat(leg_id=leg_id):
                await stage.seat(leg_id)
            case c.Say(number=number, prompts=prompts):
                await stage.say(number, prompts)
            case c.StopSay(number=number):
                await stage.stop_saying(number)
            case c.Start(timer=timer, seconds=seconds):
                stage.start(timer, seconds)
            case c.Stop(timer=timer):
                stage.stop(timer)
            case c.Drop(leg_id=leg_id, elsewhere=elsewhere):
                stage.drop(leg_id, elsewhere=elsewhere)
            case c.Close(offer=offer, result=result):
                metrics.offers_total.labels(result=str(result)).inc()
                await services.router.close(offer, result)
            case c.Release(offer=offer):
                stage.release(offer)
            case c.HandOver(offer=offer, seated=seated):
                await self._hand_over(offer, seated=seated)
            case c.Leave():
                services.router.leave(self.contact_id)
            case c.Note(kind=kind, detail=detail):
                services.contacts.note(self.contact_id, kind, detail)
            case c.Done(result=result):
                await self._done(result)

    async def _ring_person(self, leg_id: str) -> None:
        try:
            if not await self._services.callbacks.attempt(self._due, self.contact_id):
                self._mailbox.put(h.CallerGone())
                return
        except DatabaseError:
            # What can't be written down is not dialled.
            self._mailbox.put(h.LegDown(leg_id=leg_id, result=OfferResult.FAILED))
            return
        self._stage.ring_person(self.plan.ring_s)

    async def _hand_over(self, offer: Offer, *, seated: bool) -> None:
        """The ordinary call from here on: talking at once, or waiting with music for the counsellor whose phone rings now."""
        due, services = self._due, self._services
        if self._keeping is not None:
            # A live contact keeps its request by itself.
            self._keeping.cancel()
        self._stage.stop()
        call = handed(self.state, due, offer, seated=seated)
        if crisis := self._crisis:
            call = replace(call, conference=going_on(crisis))
        person = self.state.person_leg
        actor = CallActor(call, self.contact_id, person, due.language, self._mailbox, services)
        actor.on_talk = self._talk_began
        if crisis:
            actor.stage.crisis.resume(crisis)
            services.incidents.note(crisis.id, CallerBack())
        if seated:
            await self._stage.silence()
        actor.stage.resume(bridges={self._stage.talk_bridge} if self._stage.bridged else set(), row=self._row())
        if seated:
            actor.stage.adopt_leg(offer.leg_id, up=True)
        else:
            actor.stage.ring_leg(offer, call)
        services.contacts.state(self.contact_id, ContactState.WAITING)
        self._calls.leave_callback(self.contact_id)
        self._call = actor

    def _row(self) -> LiveContact:
        """The contact as its row is now."""
        return LiveContact(
            id=self.contact_id,
            channel_id=self.state.person_leg,
            state=ContactState.WAITING,
            entry="callback",
            language=self._due.language,
            entered_at=self._entered_at,
            queued_at=self._entered_at,
            answered_at=None,
            kind=Kind.CALLBACK,
            lane=self._due.lane,
            virtual_start=self._due.virtual_start,
        )

    def _talk_began(self) -> None:
        """What was asked for is done, whatever happens from here on: nobody is called a second time."""
        if not self._told:
            self._told = True
            self._services.spawn(self._tell(), f"callback done {self.contact_id}")

    async def _tell(self) -> None:
        self._written = await self._write(Result.TALKED)

    async def _done(self, result: Result) -> None:
        services, outcome = self._services, OUTCOMES[result]
        self._written = await self._write(result)
        # A contact that has ended would set the counsellor free who still hears how it came out.
        await self._stage.released()
        metrics.outcomes_total.labels(outcome=str(outcome)).inc()
        services.contacts.ended(self.contact_id, outcome)
        services.contacts.note(self.contact_id, "outcome", {"outcome": str(outcome)})

    async def _write(self, result: Result) -> CallbackState | None:
        for _ in range(WRITE_TRIES):
            try:
                return await self._services.callbacks.attempted(self._due, CallbackResult(result), redial_policy(self._due, self._services))
            except DatabaseError:
                await asyncio.sleep(WRITE_RETRY_S)
        log.warning("callback_result_not_written")
        return None


def redial_policy(due: Due, services: Services) -> Policy | None:
    """Who dropped out of a crisis is called again sooner than others, and more often; None: as everybody."""
    plan = services.flow.redial
    if due.lane is not Lane.CRISIS or not plan.attempts:
        return None
    # A policy knows no shorter spacing.
    spacing_s = max(plan.every_s, SHORTEST_SPACING_S)
    return replace(services.router.policy, callback_attempts=plan.attempts, callback_spacing_s=spacing_s)


def handed(state: Callback, due: Due, offer: Offer, *, seated: bool) -> Call:
    """The ordinary call of a person who is on the line now. Pure."""
    return Call(
        id=state.id,
        phase=CallPhase.WAITING,
        language=due.language,
        number=due.number,
        plays=state.plays,
        heard_of=True,
        lane=due.lane,
        since=due.virtual_start,
        # In the line as a call-back, not as a caller: should this counsellor be lost, they join like everybody, with standby and safety net.
        joined=False,
        offer=offer,
        leg_up=seated,
        unsaid=() if seated else ("callback_connecting",),
    )

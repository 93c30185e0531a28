"""Lessons about call-backs at shared phones, and about callers who withhold their number."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import pytest

from core.database import Database
from core.phone import normalise
from core.testing import ManualClock
from ivr import callback_commands as c
from ivr import happenings as h
from ivr.ari import Mailbox
from ivr.callback_actor import CallbackActor
from ivr.callback_call import Plan
from ivr.calls import Calls
from ivr.phases import Timer
from ivr.services import Services
from routing.callback_model import Due
from routing.callbacks import Consent, NoNumber
from routing.model import Lane
from routing.place_codes import Taken
from routing.policy import Policy
from tests.integration.routing.callers import KIM, Desk
from tests.unit.ivr.test_call import FLOW
from tests.unit.ivr.test_callback_call import ANSWERED, NOBODY, OFFERED, SEATED, run

CAREFUL = Consent()
#: What a person may hear who is not known to be the one who asked: neither name nor number of the service.
NEUTRAL = {"callback_ask", "callback_goodbye", "callback_message", "callback_again"}


def plan_for(consent: Consent) -> Plan:
    """How an attempt with this consent is made."""
    router = SimpleNamespace(policy=Policy())
    services = SimpleNamespace(router=router, flow=FLOW, callback_ask_s=25.0, clock=ManualClock())
    due = Due(
        id=UUID(int=1), contact_id=UUID(int=2), number=KIM, language="ko", virtual_start=ManualClock().now(), lane=Lane.NORMAL, attempts=0,
        consent=consent, epoch=1,
    )  # fmt: skip
    actor = CallbackActor(due, UUID(int=3), Mailbox("c"), cast(Services, services), cast(Calls, None), language="ko", lease_s=30.0)
    return actor.plan


def said(plan: Plan, *happenings: h.Happening) -> set[str]:
    """Every prompt that whoever answers the person's phone hears."""
    _, commands = run(OFFERED, SEATED, ANSWERED, *happenings, plan=plan)
    return {prompt for command in commands if isinstance(command, c.Say) for prompt in command.prompts}


@pytest.mark.parametrize("shared", [True, None])
@pytest.mark.parametrize("may_say_who", [True, False, None])
def test_yap_527_a_shared_phone_never_learns_who_called(shared: bool | None, may_say_who: bool | None) -> None:
    """There, the line called back a shared phone and said who it was; here not without a yes to the one and a no to the other question."""
    plan = plan_for(Consent(may_call=True, may_say_who=may_say_who, may_leave_message=True, shared_phone=shared))
    for end in (NOBODY, h.LegDigit(leg_id="person-c", digit="2"), h.LegDigit(leg_id="person-c", digit="7")):
        assert said(plan, end) <= NEUTRAL


def test_yap_527_who_agreed_to_everything_hears_the_name() -> None:
    """There, nothing was asked; here each question is data, and a clear permission is used."""
    assert "callback_ask_named" in said(plan_for(Consent(may_call=True, may_say_who=True, shared_phone=False)))


@pytest.mark.parametrize("consent", [CAREFUL, Consent(may_call=True), Consent(may_call=True, may_leave_message=False)])
def test_yap_527_a_machine_gets_no_message_without_permission(consent: Consent) -> None:
    """There, a message told the household; here silence and a hang-up."""
    _, commands = run(OFFERED, SEATED, ANSWERED, h.TimerFired(timer=Timer.SILENCE), plan=plan_for(consent))
    assert {prompt for command in commands if isinstance(command, c.Say) for prompt in command.prompts} == {"callback_ask"}
    assert c.Drop(leg_id="person-c") in commands


async def test_yap_527_without_permission_nobody_is_dialled_by_itself(db: Database) -> None:
    """There, whoever had called was called; here a number without permission stands on a list for a person, a refused one not even there."""
    desk = Desk(db)
    contact = await desk.call(KIM, outcome="abandoned_waiting")
    assert await desk.callbacks.dropped_out(contact)
    assert await desk.callbacks.claim("main/w1", 10, 60) == []
    await desk.ask(await desk.call(KIM), Consent(may_call=False))
    assert await desk.live() == []
    assert not await desk.callbacks.dropped_out(await desk.call(KIM, outcome="abandoned_waiting"))


async def test_yap_132_mod_callcenter_resume_withheld_callers_are_never_matched(db: Database) -> None:
    """There, withheld numbers shared one key, so one caller got another's place or history; here they have no key at all."""
    desk = Desk(db)
    first, second = await desk.call(None, outcome="abandoned_waiting"), await desk.call(None)
    for contact in (first, second):
        assert not await desk.callbacks.dropped_out(contact)
        with pytest.raises(NoNumber):
            await desk.ask(contact)
    await desk.ask(first, number=KIM)
    assert await desk.callbacks.cancel_for(second) == 0, "a second withheld caller who is served answers nobody else's request"
    assert len(await desk.live()) == 1


async def test_yap_132_mod_callcenter_resume_a_place_comes_back_by_its_code_only(db: Database) -> None:
    """There, the next anonymous call resumed the place of the last one; here six digits do, once."""
    desk = Desk(db)
    first, start = await desk.call(None), desk.now - timedelta(minutes=20)
    code = await desk.codes.give(first, start)
    other = await desk.codes.give(await desk.call(None), desk.now)
    assert other != code
    assert await desk.codes.take(code) == Taken(contact_id=first, virtual_start=start)
    assert await desk.codes.take(code) is None


@pytest.mark.parametrize(
    "raw", ["anonymous", "Anonymous", "unavailable", "restricted", "", "0", "unknown", '"" <sip:anonymous@anonymous.invalid>']
)
def test_yap_132_mod_callcenter_resume_no_word_for_nobody_is_a_number(raw: str) -> None:
    """There, "anonymous" was a key like any other; here it is no number."""
    number = normalise(raw)
    assert number.e164 is None
    assert number.withheld

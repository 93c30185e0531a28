"""Call-backs in a real PostgreSQL: who gets onto the list, and who never does."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from core.ids import new_id
from routing.callbacks import CallbackError, CallbackResult, CallbackState, CallHours, Consent, NoNumber, UnknownContact
from routing.policy import Policy
from tests.integration.routing.callers import KIM, LEE, Desk

# --- asking ----------------------------------------------------------------------------------------------------------


async def test_asked_and_hung_up_it_is_due_with_its_place_and_consent(desk: Desk) -> None:
    """To the number of the call, without anybody having pressed a digit of it."""
    contact = await desk.call()
    start = desk.now - timedelta(minutes=7)
    consent = Consent(may_call=True, may_say_who=False, shared_phone=True, hours=CallHours.DAYTIME)
    made = await desk.callbacks.ask(contact, number=None, consent=consent, language="en", virtual_start=start)
    await desk.hang_up(contact)
    (due,) = await desk.callbacks.claim("w1", 5, 60)
    assert (due.id, due.contact_id, due.number, due.language) == (made, contact, KIM, "en")
    assert (due.virtual_start, due.consent, due.attempts) == (start, consent, 0)
    assert KIM not in repr(due)


async def test_who_asked_and_stays_on_the_line_is_not_called_meanwhile(desk: Desk) -> None:
    """Nor on another call of the same number."""
    contact = await desk.call()
    await desk.ask(contact)
    assert await desk.callbacks.claim("w1", 5, 60) == []
    await desk.hang_up(contact)
    again = await desk.call()
    assert await desk.callbacks.claim("w1", 5, 60) == []
    await desk.hang_up(again, "abandoned_waiting")
    assert await desk.callbacks.claim("w1", 5, 60)


async def test_asking_twice_is_one_request_with_the_earlier_place(desk: Desk) -> None:
    """In one call or in two."""
    first = await desk.call()
    start = desk.now
    await desk.ask(first)
    desk.clock.advance(60)
    await desk.ask(first, number=LEE)
    await desk.ask(first)
    await desk.hang_up(first)
    desk.clock.advance(60)
    second = await desk.call()
    await desk.ask(second, Consent(may_call=True, may_leave_message=False))
    (row,) = await desk.live()
    assert (row.contact_id, row.virtual_start, row.may_leave_message) == (second, start, False)
    assert [row.outcome for row in await desk.rows()] == ["called_again", None]


async def test_withheld_callers_are_never_matched(desk: Desk) -> None:
    """Without a number nothing can be asked for; numbers they entered are their own."""
    first, second = await desk.call(None), await desk.call(None)
    with pytest.raises(NoNumber):
        await desk.ask(first)
    await desk.ask(first, number=KIM)
    await desk.ask(second, number=LEE)
    assert await desk.callbacks.cancel_for(first) == 1
    (row,) = await desk.live()
    assert row.contact_id == second
    assert not await desk.callbacks.dropped_out(first)
    assert await desk.callbacks.cancel_for(await desk.call(None, answered=True)) == 0


async def test_what_was_careful_stays_and_no_permission_is_carried_over(desk: Desk) -> None:
    """A phone that was shared once is treated as shared until somebody says otherwise."""
    first = await desk.call(outcome="callback_arranged")
    await desk.ask(first, Consent(may_call=True, may_say_who=False, may_leave_message=True, shared_phone=True))
    await desk.callbacks.cancel_for(first)
    desk.clock.advance(60)
    assert await desk.callbacks.dropped_out(await desk.call(outcome="abandoned_waiting"))
    (row,) = await desk.live()
    assert (row.may_call, row.may_say_who, row.may_leave_message, row.shared_phone) == (None, False, None, True)
    desk.clock.advance(60)
    await desk.ask(await desk.call(), Consent(may_call=True, may_say_who=True, shared_phone=False))
    (row,) = await desk.live()
    assert (row.may_say_who, row.shared_phone) == (True, False)


@pytest.mark.parametrize("number", ["01012345678", "+0", "+82abc", "", "+8210123456789012345"])
async def test_what_is_no_number_is_refused(desk: Desk, number: str) -> None:
    """Nothing is stored."""
    with pytest.raises(CallbackError):
        await desk.ask(await desk.call(), number=number)
    assert await desk.rows() == []


async def test_an_unknown_call_is_a_clear_error(desk: Desk) -> None:
    """Everywhere."""
    due = (await desk.asked(), await desk.callbacks.claim("w1", 1, 60))[1][0]
    for work in (desk.ask(new_id()), desk.callbacks.dropped_out(new_id()), desk.callbacks.attempt(due, new_id())):
        with pytest.raises(UnknownContact, match="no contact"):
            await work
    with pytest.raises(ValueError, match="bored"):
        await desk.callbacks.dropped_out(new_id(), reason="bored")
    assert await desk.callbacks.cancel_for(new_id()) == 0


# --- dropping out ----------------------------------------------------------------------------------------------------


async def test_who_drops_out_is_listed_once_and_never_dialled_by_itself(desk: Desk) -> None:
    """Until a person decides."""
    contact = await desk.call(outcome="abandoned_waiting", ago_s=300)
    assert await desk.callbacks.dropped_out(contact)
    assert not await desk.callbacks.dropped_out(contact)
    assert await desk.callbacks.claim("w1", 5, 60) == []
    (listed,) = await desk.callbacks.listing()
    assert (listed.masked, listed.reason, listed.virtual_start) == ("+82 10-****-5678", "dropped_out", desk.now - timedelta(seconds=300))
    assert await desk.callbacks.allow(listed.id)
    (due,) = await desk.callbacks.claim("w1", 5, 60)
    assert due.id == listed.id
    await desk.callbacks.attempted(due, CallbackResult.TALKED)
    assert not await desk.callbacks.dropped_out(contact)


async def test_two_calls_of_one_number_that_end_at_once_make_one_row(desk: Desk) -> None:
    """However many hands add them."""
    calls = [await desk.call(outcome="abandoned_waiting") for _ in range(4)]
    listed = await asyncio.gather(*(desk.callbacks.dropped_out(contact) for contact in calls for _ in range(2)))
    assert sum(listed) == 1
    assert len(await desk.live()) == 1


async def test_who_refused_is_not_listed_until_they_ask_themselves(desk: Desk) -> None:
    """A refusal is remembered by number, and ends what was live."""
    first = await desk.call(outcome="callback_arranged")
    await desk.ask(first)
    await desk.ask(first, Consent(may_call=False))
    assert await desk.live() == []
    desk.clock.advance(60)
    assert not await desk.callbacks.dropped_out(await desk.call(outcome="abandoned_waiting"))
    assert await desk.callbacks.sweep() == 0
    desk.clock.advance(60)
    await desk.callbacks.cancel_for((await desk.callbacks.listing(everything=True))[0].contact_id)
    asked = await desk.asked()
    (due,) = await desk.callbacks.claim("w1", 1, 60)
    assert due.id == asked
    await desk.callbacks.attempted(due, CallbackResult.TALKED)
    desk.clock.advance(60)
    assert await desk.callbacks.dropped_out(await desk.call(outcome="abandoned_waiting"))


async def test_the_policy_may_leave_drop_outs_off_the_list_but_never_who_was_cut_off(desk: Desk) -> None:
    """Our failure is ours to mend."""
    desk.policy = Policy(callback_dropped_out=0)
    assert not await desk.callbacks.dropped_out(await desk.call(outcome="abandoned_waiting"))
    assert await desk.callbacks.dropped_out(await desk.call(LEE, outcome="cut_off"), reason="cut_off")


async def test_what_a_crash_missed_is_swept_up(desk: Desk) -> None:
    """Every caller with a number who ended before a talk within the last hour, once; also whose request could not be stored."""
    for number, outcome in enumerate(("abandoned_waiting", "callback_arranged", "dropped", "cut_off", "abandoned_safety_net")):
        await desk.call(f"+82101111000{number}", outcome=outcome)
    for number, other in enumerate(("talked", "abandoned_in_menu", "transferred", None)):
        await desk.call(f"+82102222000{number}", outcome=other)
    await desk.call(None, outcome="abandoned_waiting")
    earlier = await desk.call("+821033330000", outcome="abandoned_waiting")
    assert await desk.callbacks.sweep() == 6
    assert await desk.callbacks.sweep() == 0
    assert sorted(row.reason for row in await desk.live()) == ["cut_off", *["dropped_out"] * 5]
    await desk.db.execute(text("TRUNCATE callbacks CASCADE"))
    desk.clock.advance(3599)
    assert not await desk.callbacks.cancel_for(earlier)
    desk.clock.advance(2)
    assert await desk.callbacks.sweep() == 0


async def test_who_called_again_meanwhile_is_not_listed(desk: Desk) -> None:
    """Waiting or talking: they are in good hands; if they leave again, that call is listed."""
    first = await desk.call(outcome="abandoned_waiting", ago_s=60)
    second = await desk.call()
    assert not await desk.callbacks.dropped_out(first)
    await desk.hang_up(second, "abandoned_waiting")
    assert await desk.callbacks.sweep() == 1
    assert len(await desk.live()) == 1


async def test_reaching_a_human_ends_what_is_owed(desk: Desk) -> None:
    """To the number, by whatever call; and to the caller who asked and stayed on."""
    await desk.asked()
    stayed = await desk.call(None)
    await desk.ask(stayed, number=LEE)
    assert await desk.callbacks.cancel_for(await desk.call(answered=True)) == 1
    assert await desk.callbacks.cancel_for(stayed) == 1
    assert [row.outcome for row in await desk.rows()] == ["called_again", "called_again"]


async def test_the_call_that_answers_a_request_does_not_cancel_it(desk: Desk) -> None:
    """It ends by its own result."""
    await desk.asked()
    (due,) = await desk.callbacks.claim("w1", 1, 60)
    calling = await desk.call(KIM, callback_id=due.id, answered=True)
    assert await desk.callbacks.attempt(due, calling)
    assert await desk.callbacks.cancel_for(calling) == 0
    assert await desk.callbacks.attempted(due, CallbackResult.TALKED) is CallbackState.DONE

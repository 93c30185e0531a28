"""Call-backs in a real PostgreSQL: who is called, by whom, when, how often, and what people end by hand."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from core.cipher import NumberCipher
from core.ids import new_id
from routing.callbacks import CallbackError, CallbackResult, CallbackState, CallHours, Consent, UnknownCallback
from routing.policy import Policy
from tests.integration.routing.callers import KIM, LEE, Desk

# --- calling ---------------------------------------------------------------------------------------------------------


async def test_two_claimers_at_once_never_get_the_same_one(desk: Desk) -> None:
    """Nor more than they asked for; those due longest first."""
    made = []
    for number in range(8):
        made.append(await desk.asked(f"+82101111000{number}"))
        desk.clock.advance(1)
    first = await desk.callbacks.claim("w1", 2, 60)
    assert [due.id for due in first] == made[:2]
    assert await desk.callbacks.claim("w1", 0, 60) == []
    claimed = [due.id for part in await asyncio.gather(*(desk.callbacks.claim(f"w{n}", 2, 60) for n in range(4))) for due in part]
    assert len(claimed) == len(set(claimed))
    claimed += [due.id for due in await desk.callbacks.claim("w9", 9, 60)]
    assert sorted(claimed) == made[2:]


@pytest.mark.parametrize("result", [CallbackResult.NO_ANSWER, CallbackResult.BUSY, CallbackResult.UNREACHABLE])
async def test_attempts_are_spaced_and_end(desk: Desk, result: CallbackResult) -> None:
    """Given up after the policy's last one, with its outcome."""
    desk.policy = Policy(callback_attempts=2, callback_spacing_s=600)
    await desk.asked()
    (due,) = await desk.callbacks.claim("w1", 1, 60)
    assert await desk.callbacks.attempt(due, await desk.call(KIM, outcome="callback_no_answer", callback_id=due.id))
    assert await desk.callbacks.attempted(due, result) is CallbackState.OPEN
    desk.clock.advance(599)
    assert await desk.callbacks.claim("w1", 1, 60) == []
    desk.clock.advance(1)
    (due,) = await desk.callbacks.claim("w1", 1, 60)
    assert due.attempts == 1
    assert await desk.callbacks.attempt(due, await desk.call(KIM, outcome="callback_no_answer", callback_id=due.id))
    assert await desk.callbacks.attempted(due, result) is CallbackState.GIVEN_UP
    (row,) = await desk.rows()
    assert row.outcome == ("unreachable" if result is CallbackResult.UNREACHABLE else "no_answer")
    attempts = await desk.db.execute(text("SELECT attempt, result FROM callback_attempts ORDER BY attempt"))
    assert [tuple(attempt) for attempt in attempts] == [(1, result), (2, result)]


@pytest.mark.parametrize("result", [CallbackResult.TALKED, CallbackResult.DECLINED, CallbackResult.WRONG_PERSON])
async def test_a_person_who_answers_is_not_called_again(desk: Desk, result: CallbackResult) -> None:
    """Where somebody else answered, the phone is shared from now on."""
    await desk.asked()
    (due,) = await desk.callbacks.claim("w1", 1, 60)
    assert await desk.callbacks.attempted(due, result) is CallbackState.DONE
    (row,) = await desk.rows()
    assert (row.outcome, row.shared_phone) == (result, True if result is CallbackResult.WRONG_PERSON else None)


async def test_nobody_is_called_outside_their_hours(desk: Desk) -> None:
    """Not claimed, and not dialled when the hours end meanwhile; nothing is lost by it, and the list tells when it will be."""
    for number, hours in ((KIM, CallHours.EVENING), (LEE, CallHours.DAYTIME)):
        contact = await desk.call(number)
        await desk.ask(contact, Consent(may_call=True, hours=hours))
        await desk.hang_up(contact)
    start = desk.now
    # Noon in Seoul.
    assert [(listed.consent.hours, listed.due_at) for listed in await desk.callbacks.listing()] == [
        (CallHours.EVENING, start + timedelta(hours=6)),
        (CallHours.DAYTIME, start),
    ]
    desk.clock.advance(6 * 3600 - 1)
    (day,) = await desk.callbacks.claim("w1", 5, 60)
    assert day.consent.hours is CallHours.DAYTIME
    calling = await desk.call(LEE, callback_id=day.id)
    desk.clock.advance(1)
    assert not await desk.callbacks.attempt(day, calling)
    await desk.hang_up(calling, "callback_interrupted")
    assert await desk.callbacks.attempted(day, CallbackResult.INTERRUPTED) is CallbackState.OPEN
    (evening,) = await desk.callbacks.claim("w1", 5, 60)
    assert (evening.consent.hours, evening.virtual_start) == (CallHours.EVENING, start)
    assert await desk.callbacks.attempt(evening, await desk.call(KIM, outcome="talked", callback_id=evening.id))
    await desk.callbacks.attempted(evening, CallbackResult.TALKED)
    (listed,) = await desk.callbacks.listing()
    assert (listed.state, listed.attempts, listed.due_at) == (CallbackState.OPEN, 0, start + timedelta(hours=21))
    desk.clock.advance(3 * 24 * 3600 + 15 * 3600)
    (day,) = await desk.callbacks.claim("w1", 5, 60)
    assert (day.virtual_start, day.attempts) == (start, 0)


async def test_hours_hold_for_the_number_until_the_person_names_others(desk: Desk) -> None:
    """Also for a request of which they said nothing, and for a list entry; a number that never named any has all."""
    first = await desk.call(outcome="callback_arranged")
    await desk.ask(first, Consent(may_call=True, hours=CallHours.EVENING))
    desk.clock.advance(60)
    await desk.callbacks.cancel_for(first)
    dropped = await desk.call(outcome="abandoned_waiting")
    assert await desk.callbacks.dropped_out(dropped)
    assert await desk.callbacks.dropped_out(await desk.call(LEE, outcome="abandoned_waiting"))
    assert [row.hours for row in await desk.live()] == ["evening", "any"]
    desk.clock.advance(60)
    await desk.ask(dropped)
    assert [row.hours for row in await desk.live()] == ["evening", "any"]
    await desk.ask(dropped, Consent(may_call=True, hours=CallHours.ANY))
    assert [row.hours for row in await desk.live()] == ["any", "any"]


async def test_an_interrupted_attempt_does_not_count(desk: Desk) -> None:
    """It is due again at once."""
    await desk.asked()
    for _ in range(5):
        (due,) = await desk.callbacks.claim("w1", 1, 60)
        assert due.attempts == 0
        assert await desk.callbacks.attempted(due, CallbackResult.INTERRUPTED) is CallbackState.OPEN


async def test_a_frozen_worker_that_comes_back_changes_nothing(desk: Desk) -> None:
    """Its lease ran out and somebody else calls: it must not dial, and its result is not written."""
    await desk.asked()
    (stale,) = await desk.callbacks.claim("w1", 1, 60)
    desk.clock.advance(59)
    assert await desk.callbacks.reclaim() == []
    desk.clock.advance(2)
    assert await desk.callbacks.reclaim() == [(stale.id, CallbackState.OPEN)]
    (fresh,) = await desk.callbacks.claim("w2", 1, 60)
    assert not await desk.callbacks.attempt(stale, await desk.call(KIM, callback_id=stale.id))
    assert await desk.callbacks.attempted(stale, CallbackResult.TALKED) is None
    assert await desk.callbacks.attempted(fresh, CallbackResult.TALKED) is CallbackState.DONE
    assert await desk.callbacks.attempted(fresh, CallbackResult.NO_ANSWER) is None


async def test_a_request_that_was_cancelled_while_it_rang_stays_cancelled(desk: Desk) -> None:
    """The person called in and reached a human."""
    await desk.asked()
    (due,) = await desk.callbacks.claim("w1", 1, 60)
    assert await desk.callbacks.cancel_for(await desk.call(answered=True)) == 1
    assert await desk.callbacks.attempted(due, CallbackResult.BUSY) is None
    assert await desk.live() == []


@pytest.mark.parametrize(
    ("outcome", "state"),
    [("talked", "done"), ("callback_declined", "done"), ("callback_no_answer", "open"), ("callback_interrupted", "open"), (None, None)],
)
async def test_what_a_dead_worker_had_in_hand_ends_by_what_its_call_tells(desk: Desk, outcome: str | None, state: str | None) -> None:
    """Nobody is called again who has talked; a call that still goes on is left alone however long it lasts."""
    await desk.asked()
    (due,) = await desk.callbacks.claim("w1", 1, 60)
    await desk.callbacks.attempt(due, await desk.call(KIM, outcome=outcome, callback_id=due.id))
    desk.clock.advance(3600)
    assert await desk.callbacks.reclaim() == ([(due.id, state)] if state else [])
    if outcome == "callback_no_answer":
        assert (await desk.rows())[0].attempts == 1


async def test_a_call_back_that_waits_for_a_counsellor_is_not_forgotten(desk: Desk) -> None:
    """However long the line is: its call is there, though nobody has been dialled yet."""
    await desk.asked()
    (due,) = await desk.callbacks.claim("w1", 1, 60)
    waiting = await desk.call(KIM, callback_id=due.id)
    desk.clock.advance(3600)
    assert await desk.callbacks.reclaim() == []
    await desk.hang_up(waiting, "callback_interrupted")
    assert await desk.callbacks.reclaim() == [(due.id, CallbackState.OPEN)]


async def test_a_number_that_can_not_be_read_does_not_stand_in_the_way(desk: Desk) -> None:
    """Its key is not here: it waits for the next try, the others are called."""
    await desk.asked()
    other = NumberCipher({"lost": bytes([7] * 32)}, bytes([1] * 32))
    desk.callbacks._cipher = other
    lee = await desk.call(LEE)
    await desk.callbacks.ask(lee, number=LEE, consent=Consent(may_call=True), language="ko", virtual_start=desk.now)
    await desk.hang_up(lee)
    (due,) = await desk.callbacks.claim("w1", 5, 60)
    assert due.number == LEE
    assert await desk.callbacks.claim("w1", 5, 60) == []
    assert {listed.masked for listed in await desk.callbacks.listing()} == {"?", "+82 2-****-5678"}


# --- people ----------------------------------------------------------------------------------------------------------


async def test_a_person_ends_a_request_once(desk: Desk) -> None:
    """Whoever is dialling just then finds it out of reach."""
    made = await desk.asked()
    (due,) = await desk.callbacks.claim("w1", 1, 60)
    assert await desk.callbacks.finish(made, outcome="talked")
    assert not await desk.callbacks.finish(made, outcome="cancelled")
    assert not await desk.callbacks.allow(made)
    assert await desk.callbacks.attempted(due, CallbackResult.NO_ANSWER) is None
    (listed,) = await desk.callbacks.listing(everything=True)
    assert (listed.state, listed.outcome) == ("done", "talked")
    assert await desk.callbacks.listing() == []


async def test_a_request_is_found_by_the_beginning_of_its_id(desk: Desk) -> None:
    """Unknown, ambiguous and nonsense are told apart."""
    first, second = await desk.asked(), await desk.asked(LEE)
    assert await desk.callbacks.find(str(first).upper()) == first
    with pytest.raises(UnknownCallback):
        await desk.callbacks.find("%")
    with pytest.raises(UnknownCallback):
        await desk.callbacks.find(str(new_id()))
    with pytest.raises(CallbackError, match=str(second)):
        await desk.callbacks.find(str(first)[:6])


async def test_what_was_claimed_and_changed_by_hand_keeps_its_words(desk: Desk) -> None:
    """A Due is a record: a changed copy with an older epoch is refused."""
    await desk.asked()
    (due,) = await desk.callbacks.claim("w1", 1, 60)
    assert await desk.callbacks.attempted(replace(due, epoch=due.epoch - 1), CallbackResult.TALKED) is None

"""Referrals on a real PostgreSQL: consent, ledger, claim, closing."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text

from core.errors import CipherError, DatabaseConflict, DatabaseError
from escalation.centre.case import Area, FollowUpKind, LinkState, NeedState, NoteKind
from escalation.centre.errors import (
    AlreadyClaimed,
    CentreError,
    ConsentIncomplete,
    IllegalTransition,
    NoConsent,
    NotTheirs,
    StaffBusy,
    TextTooLong,
    UnknownPart,
    UnknownReferral,
    UnknownStaff,
    WorkLeft,
)
from escalation.centre.model import Outcome, Recipient, State, Urgency
from escalation.centre.referrals import Person
from escalation.centre.staff import Human
from escalation.ledger import verify
from escalation.ledger_model import Ground
from tests.integration.escalation.centre.kit import COUNSELLOR, NUMBER, REASON, Centre


async def test_a_refusal_is_kept_and_nothing_is_sent(house: Centre) -> None:
    """Neither to the worklist nor live; the ledger stays empty; a later yes is another answer beside it."""
    case = await house.propose()
    await house.referrals.answered(case.id, house.consent(given=False))
    anna = await house.anna()
    await house.staff.say(anna, Human.READY)
    for send in (house.referrals.send(case.id, by=COUNSELLOR), house.referrals.send_live(case.id, anna, by=COUNSELLOR)):
        with pytest.raises(NoConsent):
            await send
    assert await house.ledger.about(case.id) == ()
    assert await house.reading.worklist() == []
    await house.referrals.answered(case.id, house.consent())
    whole = await house.reading.case(case.id)
    assert [one.given for one in whole.consents] == [False, True]


async def test_what_is_sent_is_in_the_ledger_with_its_consent(house: Centre) -> None:
    """And the ledger is as it was written."""
    referral_id = await house.sent()
    (entry,) = await house.ledger.about(referral_id)
    (consent,) = (await house.reading.case(referral_id)).consents
    assert (entry.disclosure.consent_id, entry.disclosure.items) == (consent.id, consent.items)
    assert (entry.disclosure.ground, entry.disclosure.recipient, entry.disclosure.decided_by) == (Ground.CONSENT, "centre", COUNSELLOR)
    assert await verify(house.db) == ()


async def test_danger_sends_without_consent_and_the_ledger_says_who_decided(house: Centre) -> None:
    """No other ground does."""
    case = await house.propose()
    with pytest.raises(NoConsent):
        await house.referrals.in_danger(case.id, Ground.OTHER_LAW, by=COUNSELLOR)
    decider = uuid4()
    await house.referrals.in_danger(case.id, Ground.URGENT, by=decider)
    sent = await house.referrals.send(case.id, by=COUNSELLOR)
    (entry,) = await house.ledger.about(case.id)
    assert (sent.state, sent.urgency) == (State.WAITING, Urgency.IMMEDIATE)
    assert (entry.disclosure.ground, entry.disclosure.decided_by, entry.disclosure.consent_id) == (Ground.URGENT, decider, None)


async def test_what_was_answered_cannot_be_changed(house: Centre) -> None:
    """Not even by a hand in the database; only that it was taken back is added, once."""
    referral_id = await house.sent()
    for change in ("given = false", "items = '{}'", "until = until + interval '1 year'"):
        with pytest.raises(DatabaseError, match="not changed"):
            await house.db.execute(text(f"UPDATE referral_consents SET {change}"))
    await house.referrals.withdraw(referral_id, by=COUNSELLOR)
    with pytest.raises(DatabaseError, match="not changed"):
        await house.db.execute(text("UPDATE referral_consents SET withdrawn_at = NULL"))


async def test_incomplete_consent_changes_nothing(house: Centre) -> None:
    """Neither the case nor the list of answers."""
    case = await house.propose()
    with pytest.raises(ConsentIncomplete):
        await house.referrals.answered(case.id, house.consent(days=-1))
    assert (await house.reading.case(case.id)).consents == ()
    assert await house.kinds(case.id) == ["proposed"]


async def test_of_many_who_claim_at_once_one_has_it(house: Centre) -> None:
    """The others are told so."""
    referral_id = await house.sent()
    people = [await house.staff.add(name, extension=f"20{n}") for n, name in enumerate("가나다라")]
    answers = await asyncio.gather(*(house.referrals.claim(referral_id, one, by=None) for one in people), return_exceptions=True)
    won = [one for one in answers if not isinstance(one, BaseException)]
    assert len(won) == 1
    assert sum(isinstance(one, AlreadyClaimed) for one in answers) == 3
    assert (await house.reading.head(referral_id))[0].owner_id == won[0].owner_id
    with pytest.raises(UnknownStaff):
        await house.referrals.claim(await house.sent(), uuid4(), by=None)


async def test_texts_and_numbers_cannot_be_read_in_the_table(house: Centre) -> None:
    """And a text moved to another row does not open there."""
    referral_id, _ = await house.claimed()
    await house.casework.note(referral_id, NoteKind.COUNSELLING, "어제도 잠을 못 주무심. 주민번호 900101-1234567", by=None)
    dump = ""
    for table in ("referrals", "referral_notes", "referral_events", "referral_consents"):
        rows = await house.db.execute(text(f"SELECT to_jsonb(x)::text AS line, x::text AS raw FROM {table} x"))
        dump += "".join(row.line + row.raw for row in rows)
    for secret in (REASON, "김하늘", "잠을", "1234567", NUMBER, "12345678"):
        assert secret not in dump
        assert secret.encode().hex() not in dump
    whole = await house.reading.case(referral_id)
    assert (whole.name, whole.number) == ("김하늘", NUMBER)
    assert whole.notes[0].text == REASON
    assert "1234567" not in whole.notes[1].text
    await house.db.execute(
        text("UPDATE referral_notes a SET text_cipher = b.text_cipher FROM referral_notes b WHERE a.id <> b.id AND a.kind = 'counselling'")
    )
    with pytest.raises(CipherError):
        await house.reading.case(referral_id)


async def test_a_text_that_is_too_long_is_refused_whole(house: Centre) -> None:
    """Nothing of it is kept, and it is said."""
    referral_id, _ = await house.claimed()
    before = await house.kinds(referral_id)
    with pytest.raises(TextTooLong) as refused:
        await house.casework.note(referral_id, NoteKind.NOTE, "가" * 100_000, by=None)
    assert (refused.value.length, refused.value.limit) == (100_000, 20_000)
    assert await house.kinds(referral_id) == before


async def test_needs_links_and_follow_ups_are_done_before_a_case_is_closed(house: Centre) -> None:
    """A link is handed over with consent to that very service only."""
    referral_id, anna = await house.claimed()
    work = house.casework
    need_id = await work.need(referral_id, anna, Area.HOUSING, "난방이 안 됨", by=None)
    link_id = await work.link(referral_id, anna, need_id, "주거복지센터", by=None)
    step_id = await work.follow_up(referral_id, FollowUpKind.CALL, house.clock.now(), "안부", by=None, staff_id=anna)
    with pytest.raises(WorkLeft) as left:
        await house.referrals.close(referral_id, Outcome.LINKED, "", staff_id=anna, by=None)
    assert (left.value.follow_ups, left.value.links) == (1, 1)
    await work.service_consent(referral_id, house.consent(to=Recipient.SERVICE, name="다른 센터"))
    with pytest.raises(NoConsent):
        await work.hand_over(referral_id, anna, link_id, by=COUNSELLOR)
    await work.service_consent(referral_id, house.consent(to=Recipient.SERVICE, name="주거복지센터"))
    await work.hand_over(referral_id, anna, link_id, by=COUNSELLOR)
    with pytest.raises(IllegalTransition):
        await work.link_is(referral_id, anna, link_id, LinkState.PLANNED, by=None)
    await work.link_is(referral_id, anna, link_id, LinkState.ACCEPTED, "다음 주 방문", by=None)
    await work.need_is(referral_id, anna, need_id, NeedState.MET, by=None)
    await work.followed_up(referral_id, anna, step_id, "통화함", by=None)
    with pytest.raises(UnknownPart):
        await work.followed_up(referral_id, anna, step_id, "다시", by=None)
    closed = await house.referrals.close(referral_id, Outcome.LINKED, "잘 연결됨", staff_id=anna, by=None)
    whole = await house.reading.case(referral_id)
    assert (closed.state, whole.links[0].result, whole.follow_ups[0].result) == (State.CLOSED, "다음 주 방문", "통화함")
    assert [one.disclosure.recipient for one in await house.ledger.about(referral_id)] == ["centre", f"link-{link_id}"]
    again = await house.referrals.reopen(referral_id, Urgency.TODAY, "다시 힘들어하심", by=None)
    assert (again.state, (await house.reading.worklist())[0].referral_id) == (State.REOPENED, referral_id)


async def test_only_who_has_a_case_works_on_it(house: Centre) -> None:
    """A note may be left by anybody of the centre."""
    referral_id, anna = await house.claimed()
    bora = await house.staff.add("보라", extension="202")
    for attempt in (
        house.casework.need(referral_id, bora, Area.MEDICAL, "", by=None),
        house.referrals.begin_counselling(referral_id, bora, by=None),
        house.referrals.release(referral_id, bora, by=None),
        house.referrals.close(referral_id, Outcome.RELIEVED, "", staff_id=bora, by=None),
        house.calls.order(referral_id, bora, by=None),
    ):
        with pytest.raises(NotTheirs):
            await attempt
    await house.casework.note(referral_id, NoteKind.NOTE, "전화 왔었음", by=None)
    await house.referrals.hand_over(referral_id, bora, staff_id=anna, by=None)
    assert (await house.referrals.begin_counselling(referral_id, bora, by=None)).state is State.IN_COUNSELLING


async def test_two_callers_are_not_put_through_to_one(house: Centre) -> None:
    """Nobody is who has not said that they are ready; the caller who is not put through keeps their referral as it was."""
    anna = await house.anna()
    first, second = await house.propose(), await house.propose()
    for case in (first, second):
        await house.referrals.answered(case.id, house.consent())
    with pytest.raises(StaffBusy):
        await house.referrals.send_live(first.id, anna, by=COUNSELLOR)
    await house.staff.say(anna, Human.READY)
    both = (house.referrals.send_live(case.id, anna, by=COUNSELLOR) for case in (first, second))
    answers = await asyncio.gather(*both, return_exceptions=True)
    assert sum(isinstance(one, StaffBusy) for one in answers) == 1
    states = sorted([str((await house.reading.head(case.id))[0].state) for case in (first, second)])
    assert states == ["consented", "live"]


async def test_taking_the_consent_back_ends_everything(house: Centre) -> None:
    """Off the worklist, no owner, no call; the story stays."""
    referral_id, anna = await house.claimed()
    after = await house.referrals.withdraw(referral_id, by=None)
    assert (after.state, after.owner_id, after.permission.may_call) == (State.WITHDRAWN, None, False)
    assert await house.reading.worklist() == []
    with pytest.raises(CentreError):
        await house.calls.order(referral_id, anna, by=None)
    assert (await house.kinds(referral_id))[-1] == "withdrawn"


async def test_a_referral_of_nothing_is_refused(house: Centre) -> None:
    """Unknown calls and cases are said to be unknown."""
    with pytest.raises(UnknownReferral):
        await house.referrals.propose(Person(), reason="", urgency=Urgency.SOON, by=None, contact_id=uuid4())
    with pytest.raises(UnknownReferral):
        await house.referrals.send(uuid4(), by=COUNSELLOR)
    with pytest.raises(UnknownReferral):
        await house.reading.case(uuid4())


@pytest.mark.parametrize(
    "wrong", ["state = 'closed'", "due_at = NULL", "owner_id = NULL", "basis = NULL", "outcome = 'linked'", "consent_until = NULL"]
)
async def test_the_database_itself_keeps_the_invariants(house: Centre, wrong: str) -> None:
    """Whoever writes past the machine is refused."""
    await house.claimed()
    with pytest.raises(DatabaseConflict):
        await house.db.execute(text(f"UPDATE referrals SET {wrong}"))

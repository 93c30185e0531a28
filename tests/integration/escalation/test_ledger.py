"""The disclosure ledger on a real PostgreSQL: it only grows, and whoever gets past that is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from core.audit import AccessLog
from core.audit_check import verify as verify_log
from core.database import Database
from core.ids import new_id
from core.testing import ManualClock
from escalation.errors import EscalationError
from escalation.ledger import DisclosureError, Ledger, LedgerFlaw, verify
from escalation.ledger_model import Disclosure, Ground
from tests.kit.postgres import Postgres

KEY = bytes(range(32))
INCIDENT = UUID(int=5)
HANDED_OVER = Disclosure(
    about_kind="incident",
    about=INCIDENT,
    recipient="police",
    items=("place", "number"),
    ground=Ground.URGENT,
    decided_by=UUID(int=6),
)


@pytest.fixture
def ledger(db: Database) -> Ledger:
    """Empty."""
    clock = ManualClock()
    return Ledger(db, clock, AccessLog(db, clock, KEY))


async def test_what_was_handed_over_is_on_record_twice(ledger: Ledger, db: Database) -> None:
    """In the ledger, and in the chained access log; both are whole."""
    made = await ledger.record(HANDED_OVER)
    consent = replace(HANDED_OVER, about_kind="referral", recipient="centre", ground=Ground.CONSENT, consent_id=new_id())
    await ledger.record(consent)
    assert [entry.disclosure for entry in await ledger.about(INCIDENT)] == [HANDED_OVER, consent]
    assert made == (await ledger.about(INCIDENT))[0].id
    now = ManualClock().now()
    assert [entry.disclosure for entry in await ledger.between(now, now + timedelta(days=1))] == [HANDED_OVER, consent]
    assert await ledger.between(now - timedelta(days=1), now) == ()
    assert await verify(db) == ()
    assert (await verify_log(db, KEY)).whole


@pytest.mark.parametrize("change", ["UPDATE disclosures SET recipient = 'x'", "DELETE FROM disclosures", "TRUNCATE disclosures"])
async def test_rows_are_neither_changed_nor_removed(ledger: Ledger, database_url: str, postgres: Postgres, change: str) -> None:
    """The database refuses it, whoever asks."""
    await ledger.record(HANDED_OVER)
    with postgres.session(database_url) as session, pytest.raises(psycopg.errors.InsufficientPrivilege, match="only ever added"):
        session.execute(change)


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        ("UPDATE disclosures SET items = '{place}'", LedgerFlaw.CHANGED),
        ("UPDATE disclosures SET ground = 'pipa_18_2_3'", LedgerFlaw.CHANGED),
        ("UPDATE disclosures SET decided_by = gen_random_uuid()", LedgerFlaw.CHANGED),
        ("UPDATE disclosures SET about = gen_random_uuid()", LedgerFlaw.CHANGED),
        ("DELETE FROM disclosures", LedgerFlaw.MISSING),
        (
            "INSERT INTO disclosures SELECT gen_random_uuid(), at, about_kind, about, recipient, items, ground, decided_by FROM disclosures",
            LedgerFlaw.SLIPPED_IN,
        ),
    ],
)
async def test_who_gets_past_the_trigger_is_found(
    ledger: Ledger, db: Database, database_url: str, postgres: Postgres, change: str, flaw: LedgerFlaw
) -> None:
    """Against the twins in the chained log."""
    await ledger.record(HANDED_OVER)
    with postgres.session(database_url) as session:
        session.execute("ALTER TABLE disclosures DISABLE TRIGGER only_grow")
        session.execute(change)
    assert [finding.flaw for finding in await verify(db)] == [flaw]


@pytest.mark.parametrize(
    "wrong",
    [
        replace(HANDED_OVER, items=()),
        replace(HANDED_OVER, recipient="Hong Gildong"),
        replace(HANDED_OVER, items=("010-1234-5678",)),
        replace(HANDED_OVER, ground=Ground.CONSENT),
        replace(HANDED_OVER, consent_id=UUID(int=1)),
    ],
)
async def test_what_is_no_disclosure_is_refused(ledger: Ledger, db: Database, wrong: Disclosure) -> None:
    """Nothing without items, no words of people, no consent without its record; and nothing is written."""
    with pytest.raises(DisclosureError) as caught:
        await ledger.record(wrong)
    assert isinstance(caught.value, EscalationError)
    assert await ledger.about(INCIDENT) == ()
    assert await verify(db) == ()

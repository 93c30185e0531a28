"""What the database itself refuses of incidents, and that their tables come and go."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from core import migrate
from core.ids import new_id
from escalation.model import RaisedBy
from tests.integration.escalation.conftest import Crises
from tests.kit.postgres import Postgres

TABLES = ("incidents", "incident_attempts", "incident_events", "incident_facts", "incident_orders", "disclosures")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE incidents SET state = 'forgotten'",
        "UPDATE incidents SET state = 'confirmed'",
        "UPDATE incidents SET ended_at = now(), ended_by = gen_random_uuid()",
        "UPDATE incidents SET state = 'confirmed', ended_at = now()",
        "UPDATE incidents SET state = 'closed', ended_at = now(), ended_by = gen_random_uuid()",
        "DELETE FROM contacts",
    ],
)
async def test_no_incident_ends_without_a_human_and_a_reason(crises: Crises, postgres: Postgres, database_url: str, change: str) -> None:
    """Not even by a statement of somebody's own; nor does it go away with its contact."""
    await crises.process().book.raise_(await crises.contact(), raised_by=RaisedBy.COUNSELLOR_KEY)
    with postgres.session(database_url) as session, pytest.raises(psycopg.IntegrityError):
        session.execute(change)


async def test_a_contact_has_one_open_incident(crises: Crises, postgres: Postgres, database_url: str) -> None:
    """By an index, whoever writes."""
    contact_id = await crises.contact()
    with postgres.session(database_url) as session:
        insert = "INSERT INTO incidents (id, contact_id, raised_at, raised_by, state) VALUES (%s, %s, now(), 'chat', 'raised')"
        session.execute(insert, [new_id(), contact_id])
        with pytest.raises(psycopg.errors.UniqueViolation):
            session.execute(insert, [new_id(), contact_id])
        session.execute("UPDATE incidents SET state = 'confirmed', ended_at = now(), ended_by = %s", [UUID(int=1)])
        session.execute(insert, [new_id(), contact_id])


def test_the_tables_come_and_go(postgres: Postgres) -> None:
    """Down to the version before and up again; nothing of it is left between."""
    url = postgres.fresh()
    migrate.downgrade(url, "0007")
    with postgres.session(url) as session:
        assert session.execute("SELECT relname FROM pg_class WHERE relname = ANY(%s)", [list(TABLES)]).fetchall() == []
        assert session.execute("SELECT proname FROM pg_proc WHERE proname = 'disclosures_only_grow'").fetchall() == []
    migrate.upgrade(url)
    with postgres.session(url) as session:
        found = session.execute("SELECT relname FROM pg_class WHERE relname = ANY(%s)", [list(TABLES)]).fetchall()
    assert sorted(name for (name,) in found) == sorted(TABLES)
    postgres.drop(url)

"""The migrations against a real PostgreSQL."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import ARRAY, JSON, Column, Connection, Table, create_engine, insert, select
from sqlalchemy.schema import SchemaItem

import care.checklists.tables
import care.directory.tables
import care.reports.tables
import care.tables
import core.tables
import desk.tables
import escalation.centre.tables
import escalation.companions.tables
import escalation.tables
import ivr.tables
import routing.tables
import shifts.tables
from core import migrate
from core.database import psycopg_url
from core.errors import DatabaseUnavailable, MigrationError
from core.ids import new_id
from core.schema import metadata
from routing.counsellors import COUNSELLORS_CHANGED
from tests.kit.postgres import Postgres

TABLES = (
    core.tables,
    care.tables,
    care.checklists.tables,
    care.directory.tables,
    care.reports.tables,
    shifts.tables,
    routing.tables,
    ivr.tables,
    desk.tables,
    escalation.tables,
    escalation.centre.tables,
    escalation.companions.tables,
)
NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
#: What to put into a column of this type when a row of every table is wanted.
SAMPLES: dict[type, object] = {str: "x", int: 1, bool: False, datetime: NOW, date: NOW.date(), time: NOW.time(), bytes: b"x"}


#: Where a check wants more than a value of the right type.
PARTICULAR: dict[tuple[str, str], object] = {
    ("callbacks", "state"): "open",
    ("presence", "human"): "ready",
    ("presence", "system"): "idle",
    ("shift_types", "duty"): "line",
    ("published_shifts", "duty"): "line",
    ("published_shifts", "ends_at"): NOW + timedelta(hours=8),
    ("roster_people", "night_work"): "allowed",
    ("leaves", "kind"): "annual",
    ("leaves", "state"): "requested",
    ("swaps", "state"): "requested",
    ("incidents", "state"): "raised",
    ("incident_attempts", "stage"): "dialling",
    ("incident_orders", "kind"): "raise",
    ("alarm_deliveries", "state"): "due",
    ("care_records", "channel"): "phone",
    ("care_records", "state"): "draft",
    ("care_record_links", "kind"): "incident",
    ("care_consents", "purpose"): "record",
    ("isolation_reports", "urgency"): "now",
    ("isolation_reports", "state"): "open",
    ("report_reporters", "relation"): "other",
    ("report_traces", "kind"): "place",
    ("report_events", "what"): "made",
    ("directory_places", "kind"): "service",
    # At rest: everything else must have a deadline, an owner and a basis.
    ("referrals", "state"): "withdrawn",
    ("referrals", "urgency"): "soon",
    ("referrals", "hours"): "any",
    ("referral_consents", "recipient"): "centre",
    ("referral_notes", "kind"): "note",
    ("referral_needs", "area"): "welfare",
    ("referral_needs", "state"): "open",
    ("referral_links", "state"): "planned",
    ("referral_follow_ups", "kind"): "call",
    ("centre_staff", "human"): "off",
    ("companions", "status"): "active",
    ("companion_supports", "state"): "offered",
    ("companion_supports", "hours"): "any",
    ("companion_calls", "state"): "due",
}


def fill(connection: Connection) -> dict[str, int]:
    """One more row in every table, parents first; returns by how many rows each has grown."""
    before = counts(connection)
    keys: dict[Column[object], object] = {}
    for table in metadata.sorted_tables:
        if table is shifts.tables.swaps:
            # Nobody swaps with themselves.
            connection.execute(
                insert(routing.tables.counsellors), {"id": new_id(), "extension": "y", "name": "", "pin_hash": "", "created_at": NOW}
            )
        values = {column.name: sample(column, keys) for column in table.columns if wanted(column)}
        if table is shifts.tables.swaps:
            values["other_id"] = connection.exec_driver_sql("SELECT id FROM counsellors WHERE extension = 'y'").scalar_one()
        connection.execute(insert(table), values)
        keys |= {table.c[name]: value for name, value in values.items()}
    for name in sorted(migrate.ASTERISK_TABLES - {"queues"}):
        connection.exec_driver_sql(f"INSERT INTO {name} (id) VALUES ('101')")
    connection.commit()
    return {name: count - before[name] for name, count in counts(connection).items() if name != "queues"}


def wanted(column: Column[object]) -> bool:
    """A value has to be given, or the row must be one that is as full as can be."""
    if column.identity is not None or column.name in {"outcome", "ended_at"}:
        return False
    return not column.nullable or bool(column.foreign_keys) or column.name == "number_index"


def sample(column: Column[object], keys: dict[Column[object], object]) -> object:
    """A value the column takes."""
    for key in column.foreign_keys:
        return keys[key.column]
    if (found := PARTICULAR.get((column.table.name, column.name))) is not None:
        return found
    if isinstance(column.type, ARRAY):
        return []
    if isinstance(column.type, JSON):
        return {}
    kind = column.type.python_type
    return SAMPLES.get(kind) if kind in SAMPLES else new_id()


def counts(connection: Connection) -> dict[str, int]:
    """How many rows each table has."""
    names = [table.name for table in metadata.sorted_tables] + sorted(migrate.ASTERISK_TABLES)
    return {name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() for name in names}


def differences(connection: Connection) -> list[object]:
    """What alembic would migrate from this database to our tables."""

    def include(item: SchemaItem, name: str | None, kind: str, _reflected: bool, _other: SchemaItem | None) -> bool:
        return not (kind == "table" and isinstance(item, Table) and name in migrate.ASTERISK_TABLES)

    options = {"include_object": include, "compare_type": True, "compare_server_default": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def test_tables_and_migrations_agree(database_url: str) -> None:
    """A column added to a table without a migration is found here."""
    with create_engine(psycopg_url(database_url)).connect() as connection:
        assert differences(connection) == []


def test_down_and_up_again_with_rows_in_every_table(postgres: Postgres) -> None:
    """A downgrade works on a database that is in use, and leads to nothing at all."""
    url = postgres.empty()
    migrate.upgrade(url)
    engine = create_engine(psycopg_url(url))
    with engine.connect() as connection:
        assert min(fill(connection).values()) == 1
    migrate.downgrade(url, "base")
    with postgres.session(url) as session:
        left = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'S') ORDER BY 1"
        assert session.execute(left).fetchall() == [("alembic_version",)]
        functions = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        assert session.execute(functions).fetchall() == []
    assert migrate.current(url) is None
    migrate.upgrade(url)
    with engine.connect() as connection:
        assert differences(connection) == []
        assert min(fill(connection).values()) == 1
    engine.dispose()


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    """The second start of a program finds the database as it wants it."""
    with create_engine(psycopg_url(database_url)).connect() as connection:
        fill(connection)
        before = counts(connection)
        migrate.upgrade(database_url)
        assert counts(connection) == before
    assert migrate.current(database_url) == migrate.head()


def test_upgrade_works_from_any_folder(postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing depends on where the program was started."""
    url = postgres.empty()
    monkeypatch.chdir(tmp_path)
    migrate.upgrade(url)
    assert migrate.current(url) == migrate.head()
    assert not list(tmp_path.iterdir())


def test_a_database_of_a_newer_program_is_refused(database_url: str, postgres: Postgres) -> None:
    """An old program must not touch what it does not know."""
    with postgres.session(database_url) as session:
        session.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(MigrationError, match=r"9999.*update the program"):
        migrate.upgrade(database_url)


def test_an_absent_server_is_said_to_be_absent(tmp_path: Path) -> None:
    """No library error reaches the operator."""
    with pytest.raises(DatabaseUnavailable, match="reached"):
        migrate.current(f"postgresql://postgres@/postgres?host={tmp_path}")


def test_a_migration_gives_up_when_a_table_is_in_use(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls must not queue up behind a migration that waits for its lock."""
    monkeypatch.setattr(migrate, "_LOCK_TIMEOUT_S", 0.1)
    url = postgres.fresh()
    with psycopg.connect(url) as busy:
        busy.execute("SELECT count(*) FROM callbacks")
        with pytest.raises(MigrationError, match="in use"):
            migrate.downgrade(url, "base")
    # Each revision is whole or not at all: it stops before the one that wants the table.
    assert migrate.current(url) == "0006"


def test_the_safety_net_rings_the_ready_before_those_on_a_break(database_url: str) -> None:
    """Penalties decide who rings first; those signed out stay out while anybody is in."""
    assert members(database_url, {"101": "ready", "102": "break", "103": "off"}) == [("PJSIP/101", 0), ("PJSIP/102", 5)]


def test_the_safety_net_rings_everybody_when_nobody_is_signed_in(database_url: str) -> None:
    """Never nobody, also for accounts without any presence row."""
    assert members(database_url, {"101": "off", "102": None}) == [("PJSIP/101", 9), ("PJSIP/102", 9)]


def test_the_safety_net_leaves_out_who_is_disabled(database_url: str) -> None:
    """A person who left is not called, and does not count as signed in."""
    assert members(database_url, {"101": "off", "102": "ready"}, disabled={"102"}) == [("PJSIP/101", 9)]


def test_a_changed_account_is_announced(database_url: str, postgres: Postgres) -> None:
    """Who keeps a list of phones hears of a new account, and not of a wrong PIN."""
    with postgres.session(database_url) as listener:
        listener.execute(f"LISTEN {COUNSELLORS_CHANGED}")
        members(database_url, {"101": "off"})
        assert len(list(listener.notifies(timeout=5, stop_after=1))) == 1
        listener.execute("UPDATE counsellors SET pin_failures = 1")
        assert not list(listener.notifies(timeout=0.05))


def members(url: str, staff: dict[str, str | None], disabled: frozenset[str] | set[str] = frozenset()) -> list[tuple[str, int]]:
    """What app_queue reads for these counsellors: interface and penalty."""
    with create_engine(psycopg_url(url)).begin() as connection:
        for extension, human in staff.items():
            person = new_id()
            values = {"id": person, "extension": extension, "name": "x", "pin_hash": "x", "created_at": NOW}
            connection.execute(insert(routing.tables.counsellors), values | {"disabled_at": NOW if extension in disabled else None})
            if human is not None:
                connection.execute(insert(routing.tables.presence), {"counsellor_id": person, "human": human, "changed_at": NOW})
        assert len(connection.execute(select(routing.tables.counsellors.c.id)).all()) == len(staff)
        rows = connection.exec_driver_sql("SELECT * FROM safety_net_members ORDER BY interface").mappings().all()
    columns = {"uniqueid", "queue_name", "interface", "membername", "state_interface", "penalty", "paused", "reason_paused"}
    assert all(set(row) == columns and row["queue_name"] == "safety-net" and row["paused"] == 0 for row in rows)
    return [(row["interface"], row["penalty"]) for row in rows]

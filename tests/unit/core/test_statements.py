"""Compiling statements to plans."""

from __future__ import annotations

import gc

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, bindparam, insert, select, text, update
from sqlalchemy.dialects.postgresql import JSONB, psycopg

from core.statements import PlanCache, compile_plan, named_rows

DIALECT = psycopg.dialect()  # type: ignore[no-untyped-call]
things = Table(
    "things", MetaData(), Column("id", Integer, primary_key=True), Column("name", Text, default=lambda: "x"), Column("detail", JSONB)
)
ADD = update(things).where(things.c.id == bindparam("which")).values(id=things.c.id + 1)


def test_a_plan_knows_its_constants_and_what_it_needs() -> None:
    """The caller's values win over nothing but their own names."""
    plan = compile_plan(ADD, ["which"], DIALECT)
    assert plan is not None
    assert plan.values({"which": 7}) == {"id_1": 1, "which": 7}
    without = compile_plan(ADD, [], DIALECT)
    assert without is not None
    with pytest.raises(TypeError, match="which"):
        without.values(None)


def test_nothing_is_returned_that_was_not_asked_for() -> None:
    """SQLAlchemy would add a RETURNING for the primary key."""
    plan = compile_plan(insert(things), ["name"], DIALECT)
    assert plan is not None
    assert "RETURNING" not in plan.sql


@pytest.mark.parametrize(
    ("statement", "shape"),
    [
        (insert(things), ["id"]),
        (select(things.c.id).where(things.c.id.in_(bindparam("ids", expanding=True))), ["ids"]),
    ],
)
def test_what_psycopg_alone_would_get_wrong_has_no_plan(statement: object, shape: list[str]) -> None:
    """A Python-side default, a list that has to be spelt out."""
    assert compile_plan(statement, shape, DIALECT) is None  # type: ignore[arg-type]


def test_json_is_wrapped_for_the_database() -> None:
    """As SQLAlchemy's type says."""
    plan = compile_plan(insert(things), ["name", "detail"], DIALECT)
    assert plan is not None
    assert plan.values({"name": "a", "detail": {}})["detail"] != {}


def test_the_cache_plans_from_the_second_sight_on_and_forgets_the_dead() -> None:
    """A statement built for one call costs no compilation and no memory."""
    cache = PlanCache(DIALECT)
    assert cache.get(ADD, {"which": 1}) is None
    plan = cache.get(ADD, {"which": 1})
    assert plan is not None
    assert cache.get(ADD, {"which": 2}) is plan
    for number in range(50):
        cache.get(text(f"SELECT {number}"), None)
    gc.collect()
    assert len(cache._plans) == 1
    assert cache.get(text("SELECT 1"), None, first=True) is not None


def test_rows_have_names_positions_and_a_mapping() -> None:
    """SQLAlchemy's own rows."""
    (row,) = named_rows(["a", "b"], [(1, 2)])
    assert (row.a, tuple(row)[1], dict(row._mapping), tuple(row)) == (1, 2, {"a": 1, "b": 2}, (1, 2))

"""Statements of SQLAlchemy, compiled once, to be run by psycopg itself.

Running a Core statement through SQLAlchemy's connection costs 0.3 to 0.4 ms of processor time a call, psycopg alone 0.1 ms (measured on
the 2-core machine; `Database.execute` documents both). So the hot path keeps SQLAlchemy's language and its compiler and leaves out its
connection: a `Plan` is what remains of a statement after compilation. A statement that needs more than that (an expanding IN, a Python-side
default, a literal per execution) has no plan and takes SQLAlchemy's own way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Insert, Select, Update
from sqlalchemy.engine import Dialect, Row, result_tuple
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeEngine

Parameters = Mapping[str, object]
Convert = Callable[[Any], Any]

#: How many different statements with different sets of parameters may have a plan.
_MAX_SHAPES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One compiled statement."""

    sql: str
    #: Values the statement carries itself; `None` where the caller must give one.
    constants: Mapping[str, object]
    #: Parameters whose value has to be wrapped for the database (JSON).
    binds: Mapping[str, Convert]
    #: Conversions of the result's columns; empty when none needs one.
    results: Sequence[Convert | None]
    required: frozenset[str]

    def values(self, parameters: Parameters | None) -> dict[str, object]:
        """What psycopg is given. Raises TypeError when a parameter is missing."""
        values = dict(self.constants)
        if parameters:
            values.update(parameters)
        if not self.required <= values.keys():
            raise TypeError(f"the statement also needs {', '.join(sorted(self.required - values.keys()))}")
        for name, convert in self.binds.items():
            values[name] = convert(values[name])
        return values

    def rows(self, names: Sequence[str], tuples: Iterable[Sequence[object]]) -> list[Row[Any]]:
        """Rows as SQLAlchemy would give them: by attribute, by index, by `_mapping["name"]`."""
        if self.results:
            tuples = [
                tuple(value if convert is None else convert(value) for value, convert in zip(row, self.results, strict=True))
                for row in tuples
            ]
        return named_rows(names, tuples)


def named_rows(names: Sequence[str], tuples: Iterable[Sequence[object]]) -> list[Row[Any]]:
    """SQLAlchemy rows from plain tuples."""
    make = _makers.get(key := names if isinstance(names, tuple) else tuple(names))
    if make is None:
        if len(_makers) > 1000:
            _makers.clear()
        make = _makers[key] = cast(Callable[[Sequence[object]], Row[Any]], result_tuple(key))
    return [make(row) for row in tuples]


_makers: dict[tuple[str, ...], Callable[[Sequence[object]], Row[Any]]] = {}


class PlanCache:
    """Plans of the statements that are used more than once.

    Statements are told apart by identity: one that is built anew for every call is seen once and never gets a plan, so that it costs no
    compilation here. Hot statements are module constants with `bindparam`s.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._plans: WeakKeyDictionary[Executable, dict[tuple[str, ...], Plan | None]] = WeakKeyDictionary()

    def get(self, statement: Executable, parameters: Parameters | None, *, first: bool = False) -> Plan | None:
        """The plan, or None when the statement goes SQLAlchemy's way. `first`: also at the first sight."""
        shapes = self._plans.get(statement)
        if shapes is None:
            shapes = self._plans[statement] = {}
            if not first:
                return None
        shape = tuple(parameters or ())
        if shape not in shapes:
            if len(shapes) >= _MAX_SHAPES:
                return None
            shapes[shape] = compile_plan(statement, shape, self._dialect)
        return shapes[shape]


def compile_plan(statement: Executable, shape: Sequence[str], dialect: Dialect) -> Plan | None:
    """Compile for parameters of these names; None if psycopg alone can't run the result faithfully."""
    if not isinstance(statement, ClauseElement):
        return None
    columns = _result_columns(statement)
    if isinstance(statement, Insert | Update) and not columns:
        # Otherwise SQLAlchemy adds a RETURNING of its own for the primary key, which nobody asked for.
        statement = statement.inline()
    compiled = statement.compile(dialect=dialect, column_keys=list(shape) or None)
    if not isinstance(compiled, SQLCompiler):
        return None
    if compiled.insert_prefetch or compiled.update_prefetch or compiled.post_compile_params or compiled.escaped_bind_names:
        return None
    binds: dict[str, Convert] = {}
    constants: dict[str, object] = {}
    required: set[str] = set()
    for bind, name in compiled.bind_names.items():
        implementation = bind.type.dialect_impl(dialect)
        if (convert := implementation.bind_processor(dialect)) is not None:
            binds[name] = convert
        if name in shape:
            continue
        if bind.required:
            required.add(name)
        else:
            constants[name] = bind.effective_value
    results = [_result_processor(column, dialect) for column in columns]
    return Plan(
        sql=compiled.string,
        constants=constants,
        binds=binds,
        results=results if any(results) else (),
        required=frozenset(required),
    )


def _result_columns(statement: ClauseElement) -> list[TypeEngine[Any]]:
    if isinstance(statement, Select):
        return [column["type"] for column in statement.column_descriptions]
    if isinstance(statement, UpdateBase):
        return [column["type"] for column in statement.returning_column_descriptions]
    return []


def _result_processor(column: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return cast("Convert | None", column.dialect_impl(dialect).result_processor(dialect, None))

"""Read the settings, and say what is wrong with them: where, which key, what is allowed. One line a problem, all problems at once."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pydantic_settings
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from core.errors import SettingsError
from core.settings import Settings, file_values
from core.settings_help import allowed_keys, is_secret, must_be

PREFIX = "ANNYEONG120_"
PATH_VARIABLE = f"{PREFIX}SETTINGS"
DEFAULT_NAME = "annyeong120.toml"
#: Variables with our prefix that are no settings.
OTHER_VARIABLES = frozenset({PATH_VARIABLE, f"{PREFIX}CACHE", f"{PREFIX}ASTERISK_TREE"})

Location = tuple[str | int, ...]


def load(path: Path | None = None) -> Settings:
    """The settings of this installation.

    The file is `path`, else the one `ANNYEONG120_SETTINGS` names (either must exist), else `annyeong120.toml` in the current folder if it is
    there. The environment wins over the file. Raises SettingsError with a line for every problem.
    """
    environ = os.environ
    path, text = _read(path, environ)
    values = _parse(path, text)
    problems = _unknown_variables(environ)
    settings: Settings | None = None
    token = file_values.set(values)
    try:
        settings = Settings()
    except ValidationError as error:
        lines = _Lines(text)
        problems += [_describe(details, path, lines, environ) for details in _each_once(error.errors(include_url=False))]
    except pydantic_settings.SettingsError as error:
        problems.append(_unreadable_variable(str(error), environ))
    finally:
        file_values.reset(token)
    if settings is None or problems:
        raise SettingsError(problems)
    return settings


def _read(path: Path | None, environ: Mapping[str, str]) -> tuple[Path, str]:
    named = environ.get(PATH_VARIABLE)
    source = ""
    if path is None and named:
        path, source = Path(named), f" ({PATH_VARIABLE} names it)"
    must_exist = path is not None
    path = path or Path(DEFAULT_NAME)
    try:
        return path, path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        if must_exist:
            raise SettingsError(f"{path}: there is no such settings file{source}") from None
        return path, ""
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SettingsError(f"{path} line {line}: the file must be UTF-8 text") from None
    except OSError as error:
        raise SettingsError(f"{path}: can't be read: {error.strerror}{source}") from None


def _parse(path: Path, text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        where = re.search(r"\(at line (\d+), column (\d+)\)", message)
        line = int(where[1]) if where else max(1, len(text.splitlines()))
        reason = re.sub(r"\s*\(at .*\)$", "", message)
        hint = _syntax_hint(text.splitlines()[line - 1 : line])
        raise SettingsError(f"{path} line {line}: {reason[:1].lower()}{reason[1:]}{hint}") from None


def _syntax_hint(lines: list[str]) -> str:
    """The mistake people make most: a text without quotation marks."""
    found = re.match(r"\s*([\w.-]+)\s*=\s*([^\"'\[{\s#][^#]*)", lines[0]) if lines else None
    return f'; a text needs quotation marks: {found[1]} = "{found[2].strip()}"' if found else ""


def _describe(details: ErrorDetails, path: Path, lines: _Lines, environ: Mapping[str, str]) -> str:
    where = details["loc"]
    key = _spell(where)
    variable = _variable_of(where, environ)
    origin = f"environment variable {variable}" if variable else f"{path}{lines.of(where)}"
    if details["type"] == "extra_forbidden":
        return f"{origin}: {key}: there is no such setting{_nearest(where)}"
    if details["type"] == "missing":
        return f"{origin}: {key} is missing: {must_be(where, details)}"
    shown = "(not shown)" if is_secret(where) else _shown(details["input"])
    return f"{origin}: {key} = {shown}: {must_be(where, details)}"


def _each_once(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """The first error of every place: a union reports one a member, a key and its value are one place."""
    first: dict[Location, ErrorDetails] = {}
    for details in errors:
        details["loc"] = _strip(details["loc"])
        first.setdefault(details["loc"], details)
    return list(first.values())


def _strip(where: Location) -> Location:
    """Without what pydantic adds to tell union members and dictionary keys apart."""
    return tuple(part for part in where if not (isinstance(part, str) and "[" in part))


def _spell(where: Location) -> str:
    text = ""
    for part in where:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".") or "the settings"


def _shown(value: object) -> str:
    if isinstance(value, str):
        return f'"{value[:80]}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    return "a table" if isinstance(value, dict) else "a list" if isinstance(value, list) else type(value).__name__


def _nearest(where: Location) -> str:
    keys = allowed_keys(where[:-1])
    near = difflib.get_close_matches(str(where[-1]), keys, n=2, cutoff=0.6)
    if near:
        return f"; did you mean {' or '.join(near)}?"
    return f"; allowed here: {', '.join(sorted(keys))}" if keys else ""


def _variable_of(where: Location, environ: Mapping[str, str]) -> str | None:
    """The environment variable a value came from: its own, or one that holds a whole table or list as JSON."""
    names = {name.upper(): name for name in environ}
    keys = [part for part in where if isinstance(part, str)]
    for count in range(len(keys), 0, -1):
        if (name := names.get(PREFIX + "__".join(keys[:count]).upper())) is not None:
            return name
    return None


def _unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """A misspelt section would otherwise mean the default, silently."""
    problems = []
    sections = allowed_keys(())
    for name in sorted(environ):
        if not name.upper().startswith(PREFIX) or name.upper() in OTHER_VARIABLES:
            continue
        section, nested, _ = name[len(PREFIX) :].lower().partition("__")
        near = difflib.get_close_matches(section, sections, n=1, cutoff=0.75)
        if section not in sections and (nested or near):
            hint = (
                f"; did you mean {PREFIX}{near[0].upper()}{'__…' if nested else ''}?"
                if near
                else f"; sections: {', '.join(sorted(sections))}"
            )
            problems.append(f"environment variable {name}: there is no such setting{hint}")
    return problems


def _unreadable_variable(message: str, environ: Mapping[str, str]) -> str:
    field = re.search(r'field "(\w+)"', message)
    name = (field and _variable_of((field[1],), environ)) or PREFIX + (field[1].upper() if field else "…")
    return f"environment variable {name}: must be JSON, e.g. {name}='[…]' for a list or '{{…}}' for a table"


class _Lines:
    """Where each key of a TOML text is. A key inside a value of several lines counts as that value's line."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Location, int] = {}
        table: Location = ()
        tables: dict[Location, int] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            if (header := re.match(r"\s*(\[\[?)([^\[\]]+)\]", line)) is not None:
                table = _keys(header[2])
                if header[1] == "[[":
                    tables[table] = tables.get(table, -1) + 1
                    table = (*table, tables[table])
                elif table[:1] in tables:
                    # A table inside an element of an array of tables.
                    table = (*table[:1], tables[table[:1]], *table[1:])
                self._lines.setdefault(table, number)
            elif (pair := re.match(r"\s*([A-Za-z0-9_.\"'-]+)\s*=", line)) is not None:
                keys = _keys(pair[1])
                for count in range(1, len(keys) + 1):
                    self._lines.setdefault((*table, *keys[:count]), number)

    def of(self, where: Location) -> str:
        """` line 12`, or nothing if it is not known."""
        for count in range(len(where), 0, -1):
            if (number := self._lines.get(where[:count])) is not None:
                return f" line {number}"
        return ""


def _keys(text: str) -> Location:
    return tuple(part.strip().strip("\"'") for part in text.split("."))

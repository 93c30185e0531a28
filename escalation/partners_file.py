"""Reading the partners file: every problem is named at once, with the place where it is."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import time
from importlib import resources
from pathlib import Path
from typing import Any

from core import number_pattern
from core.phone import normalise
from core.settings_escalation import EscalationSettings
from escalation.errors import PartnersError
from escalation.model import Danger
from escalation.partners import Need, Open, Partner, PartnerKind, Partners

_DAYS = {name: number for number, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))}
_ID = re.compile(r"[a-z][a-z0-9-]{0,30}")
_PROMPT = re.compile(r"[a-z][a-z0-9_]{0,60}")
_ENDPOINT = re.compile(r"PJSIP/[^\s&,()]+")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_KEYS = frozenset({"id", "kind", "name_ko", "name_en", "target", "hours", "needs", "ring_s", "briefing"})
RING_S = (5, 120)


def load(settings: EscalationSettings) -> Partners:
    """The partners of this installation. Raises PartnersError."""
    if settings.partners_file is None:
        return parse(resources.files("escalation").joinpath("partners.toml").read_text("utf-8"), settings)
    return parse(_text(settings.partners_file), settings, name=str(settings.partners_file))


def parse(text: str, settings: EscalationSettings | None = None, *, name: str = "partners.toml") -> Partners:
    """Partners from TOML. Raises PartnersError with every problem."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PartnersError([f"{name}: not TOML: {error}"]) from error
    problems: list[str] = [f'"{key}" is not known; there are partners and order' for key in sorted(tree.keys() - {"partners", "order"})]
    partners = _partners(tree.get("partners"), problems)
    order = _order(tree.get("order"), partners, problems)
    if problems:
        raise PartnersError([f"{name}: {problem}" for problem in problems])
    return Partners(tuple(partners.values()), order, settings)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise PartnersError([f"{path}: can't be read: {reason}"]) from error


def _partners(rows: object, problems: list[str]) -> dict[str, Partner]:
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        problems.append("there must be at least one [[partners]]")
        return {}
    found: dict[str, Partner] = {}
    for number, row in enumerate(rows, start=1):
        where = f"partner {number}" + (f' ("{row["id"]}")' if isinstance(row.get("id"), str) else "")
        wrong: list[str] = []
        partner = _partner(row, wrong)
        if partner.id in found:
            wrong.append("an id can be used only once")
        problems.extend(f"{where}: {problem}" for problem in wrong)
        found[partner.id] = partner
    return found


def _partner(row: Mapping[str, Any], wrong: list[str]) -> Partner:
    """The record; where something is wrong it is told, and something harmless stands in its place."""
    wrong.extend(f'"{key}" is not known' for key in sorted(row.keys() - _KEYS))
    return Partner(
        id=_word(row, "id", _ID, wrong),
        kind=PartnerKind(_one_of(row.get("kind"), PartnerKind, "kind", wrong) or PartnerKind.OTHER),
        name_ko=_word(row, "name_ko", re.compile(r"\S.{0,60}"), wrong),
        name_en=_word(row, "name_en", re.compile(r"\S.{0,60}"), wrong),
        target=_target(row.get("target"), wrong),
        hours=_hours(row.get("hours", []), wrong),
        needs=tuple(Need(word) for item in _list(row, "needs", wrong) if (word := _one_of(item, Need, "needs", wrong))),
        ring_s=_ring_s(row.get("ring_s"), wrong),
        briefing=tuple(_briefing(_list(row, "briefing", wrong), wrong)),
    )


def _word(row: Mapping[str, Any], key: str, form: re.Pattern[str], wrong: list[str]) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not form.fullmatch(value):
        wrong.append(f"{key} is missing" if value is None else f"{key} can't be {value!r}")
        return ""
    return value


def _one_of(value: object, words: type[PartnerKind | Need | Danger], key: str, wrong: list[str]) -> str:
    if isinstance(value, str) and value in set(words):
        return value
    wrong.append(f"{key} must be one of {', '.join(words)}" + ("" if value is None else f", not {value!r}"))
    return ""


def _list(row: Mapping[str, Any], key: str, wrong: list[str]) -> list[object]:
    value = row.get(key, [])
    if not isinstance(value, list):
        wrong.append(f"{key} must be a list")
        return []
    return value


def _target(value: object, wrong: list[str]) -> str:
    if not isinstance(value, str):
        wrong.append("target is missing" if value is None else f"target must be text, not {value!r}")
        return ""
    if value.startswith("PJSIP/"):
        if not _ENDPOINT.fullmatch(value):
            wrong.append(f"target {value!r} is not an endpoint like PJSIP/control-room")
        return value
    e164 = normalise(value).e164
    if e164 is None:
        wrong.append(f"target {value!r} is not a telephone number")
    elif number_pattern.dialled(e164).startswith("060"):
        wrong.append(f"target {value!r}: 060 numbers charge by the minute and are never dialled")
    return value


def _ring_s(value: object, wrong: list[str]) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not RING_S[0] <= value <= RING_S[1]:
        wrong.append(f"ring_s must be a number of seconds from {RING_S[0]} to {RING_S[1]}, not {value!r}")
        return None
    return float(value)


def _briefing(items: list[object], wrong: list[str]) -> list[str]:
    wrong.extend(f"briefing: {item!r} is no prompt id" for item in items if not (isinstance(item, str) and _PROMPT.fullmatch(item)))
    return [item for item in items if isinstance(item, str)]


def _hours(value: object, wrong: list[str]) -> tuple[Open, ...]:
    if not isinstance(value, list):
        wrong.append("hours must be a list; left out, they can always be called")
        return ()
    found: list[Open] = []
    for item in value:
        if not isinstance(item, dict) or item.keys() != {"days", "from", "to"}:
            wrong.append('hours: each entry is { days = ["mon"], from = "09:00", to = "18:00" }')
            continue
        days, since, to = item["days"], item["from"], item["to"]
        if not isinstance(days, list) or not days or not all(isinstance(day, str) and day in _DAYS for day in days):
            wrong.append(f"hours: days are some of {', '.join(_DAYS)}, not {days!r}")
        elif not all(isinstance(moment, str) and _CLOCK.fullmatch(moment) for moment in (since, to)):
            wrong.append(f'hours: "{since}" to "{to}" is not a time from 00:00 to 23:59')
        else:
            found.append(Open(days=frozenset(_DAYS[day] for day in days), since=time.fromisoformat(since), to=time.fromisoformat(to)))
    return tuple(found)


def _order(table: object, partners: Mapping[str, Partner], problems: list[str]) -> dict[Danger, tuple[str, ...]]:
    if not isinstance(table, dict):
        problems.append("[order] is missing: who is called for which danger")
        return {}
    problems.extend(f'order: "{key}" is not one of {", ".join(Danger)}' for key in sorted(table.keys() - set(Danger)))
    found: dict[Danger, tuple[str, ...]] = {}
    for danger in Danger:
        ids = table.get(danger)
        if not isinstance(ids, list) or not ids:
            problems.append(f"order: {danger} must be a list with at least one partner")
            continue
        unknown = [item for item in ids if not isinstance(item, str) or item not in partners]
        problems.extend(f"order: {danger}: there is no partner {item!r}" for item in unknown)
        if len(set(map(str, ids))) < len(ids):
            problems.append(f"order: {danger}: a partner can be named only once")
        if not unknown and all(partners[item].hours for item in ids):
            problems.append(f"order: {danger}: at least one of them must be there at any hour")
        found[danger] = tuple(str(item) for item in ids)
    return found

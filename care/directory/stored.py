"""Places as rows of their table, and rules as JSON, both ways. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Row

from care.directory.model import DAYS, MINUTES_A_DAY, Area, Kind, Place, Rule


def rule_json(rule: Rule) -> dict[str, object]:
    """What is not as usual, only."""
    found: dict[str, object] = {"opens": rule.opens, "closes": rule.closes}
    if rule.days:
        found["days"] = [day for day in DAYS if day in rule.days]
    if rule.dates:
        found["dates"] = sorted(one.isoformat() for one in rule.dates)
    for name, day in (("valid_from", rule.valid_from), ("valid_to", rule.valid_to)):
        if day is not None:
            found[name] = day.isoformat()
    if rule.closed:
        found["closed"] = True
    if rule.where:
        found["where"] = rule.where
    return found


def rule_of(found: Mapping[str, Any]) -> Rule:
    """The rule of such a row's JSON."""
    return Rule(
        days=frozenset(found.get("days", ())),
        dates=frozenset(date.fromisoformat(one) for one in found.get("dates", ())),
        opens=found.get("opens", 0),
        closes=found.get("closes", MINUTES_A_DAY),
        valid_from=_day(found.get("valid_from")),
        valid_to=_day(found.get("valid_to")),
        closed=found.get("closed", False),
        where=found.get("where", ""),
    )


def values_of(place: Place) -> dict[str, object]:
    """Columns of a place, without its id and version."""
    return {
        "key": place.key,
        "kind": str(place.kind),
        "name": place.name,
        "name_en": place.name_en,
        "run_by": place.run_by,
        "district": place.district,
        "address": place.address,
        "phone": place.phone,
        "url": place.url,
        "areas": sorted(place.areas),
        "hours": [rule_json(rule) for rule in place.hours],
        "planned": place.planned,
        "mobile": place.mobile,
        "valid_from": place.valid_from,
        "valid_to": place.valid_to,
        "note": place.note,
        "source": place.source,
        "source_date": place.source_date,
    }


def place_of(row: Row[Any]) -> Place:
    """The place of a row."""
    return Place(
        id=row.id,
        key=row.key,
        kind=Kind(row.kind),
        name=row.name,
        name_en=row.name_en,
        run_by=row.run_by,
        district=row.district,
        address=row.address,
        phone=row.phone,
        url=row.url,
        areas=frozenset(Area(area) for area in row.areas),
        hours=tuple(rule_of(found) for found in row.hours),
        planned=row.planned,
        mobile=row.mobile,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        note=row.note,
        source=row.source,
        source_date=row.source_date,
        version=row.version,
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)

"""What an entry must be like. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from care.directory.model import DAYS, MINUTES_A_DAY, Place
from care.districts import districts

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_PHONE = re.compile(r"\+?\d[\d -]{1,18}\d")
_URL = re.compile(r"https?://[^\s<>\"']{1,500}")
#: Characters.
_LONGEST = 500
MOST_RULES = 100


def wrong_with(place: Place, today: date) -> Mapping[str, str]:
    """Field -> what is wrong; empty if nothing is. A source can't be from tomorrow."""
    wrong: dict[str, str] = {}
    if not _KEY.fullmatch(place.key):
        wrong["key"] = "bad_key"
    if not place.name.strip():
        wrong["name"] = "missing"
    if not place.source.strip():
        wrong["source"] = "missing"
    if place.source_date > today:
        wrong["source_date"] = "in_the_future"
    if place.district and place.district not in districts():
        wrong["district"] = "unknown_district"
    if place.phone and not _PHONE.fullmatch(place.phone):
        wrong["phone"] = "bad_phone"
    if place.url and not _URL.fullmatch(place.url):
        wrong["url"] = "bad_url"
    if place.valid_from and place.valid_to and place.valid_to < place.valid_from:
        wrong["valid_to"] = "backwards"
    for name in ("name", "name_en", "run_by", "address", "note", "source"):
        if len(getattr(place, name)) > _LONGEST:
            wrong[name] = "too_long"
    if len(place.hours) > MOST_RULES or not all(_sound(place, number) for number in range(len(place.hours))):
        wrong["hours"] = "bad_hours"
    return wrong


def _sound(place: Place, number: int) -> bool:
    rule = place.hours[number]
    backwards = rule.valid_from is not None and rule.valid_to is not None and rule.valid_to < rule.valid_from
    return (
        bool(rule.days) is not bool(rule.dates)
        and rule.days <= set(DAYS)
        and 0 <= rule.opens < MINUTES_A_DAY
        and 0 < rule.closes <= MINUTES_A_DAY
        and rule.opens != rule.closes
        and not backwards
        and len(rule.where) <= _LONGEST
    )

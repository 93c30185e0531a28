"""The districts (자치구) of Seoul, by the same codes as in records of consultations. Pure, once read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from care.records.words import OUTSIDE, Word, shipped


@cache
def districts() -> Mapping[str, Word]:
    """All 25 by code; what lies outside Seoul is none."""
    return {code: word for code, word in shipped().districts.items() if code != OUTSIDE}


def district_of(told: str) -> str | None:
    """The code of a district as people write it: 강북구, 강북, Gangbuk-gu, gangbuk. None: there is no such one."""
    plain = told.strip().casefold()
    for code, word in districts().items():
        if plain in {code, word.ko, word.ko.removesuffix("구"), word.en.casefold()}:
            return code
    return None

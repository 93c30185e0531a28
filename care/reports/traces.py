"""Keyed hashes of what a report says of its subject, by which another report about the same person is found without reading either.

HMAC-SHA256 cut to 16 bytes, with a key of its own derived from the installation's index key. A hint is a hint: two people share a house, and a
name is written in many ways.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Mapping

from care.reports.model import Subject
from core.cipher import blind_index
from core.sealing import derive
from core.secrets import load_keys
from core.settings import Settings

TRACE_BYTES = 16
#: Shorter ones say nothing: "2층".
_SHORTEST_PLACE = 6
_PURPOSE = "report traces"


class Traces:
    """Makes them. `key`: the installation's index key, 32 bytes, never exchanged."""

    def __init__(self, key: bytes) -> None:
        self._index_key = key
        self._key = derive(key, _PURPOSE)

    def __repr__(self) -> str:
        return "Traces()"

    def of(self, subject: Subject) -> Mapping[str, bytes]:
        """By kind: number, place, name with its district. What was not said leaves none."""
        told = {
            "number": subject.number,
            "place": place if len(place := _folded(subject.address)) >= _SHORTEST_PLACE else "",
            # A name alone is shared by many.
            "name": f"{_folded(subject.name)}/{subject.district}" if subject.name.strip() and subject.district else "",
        }
        return {kind: self._trace(kind, text) for kind, text in told.items() if text}

    def person(self, number: str) -> bytes:
        """What `care_people.number_index` is for whoever has this number; b"" where it is none that can be read."""
        return blind_index(self._index_key, number) if number.startswith("+") else b""

    def _trace(self, kind: str, told: str) -> bytes:
        return hmac.new(self._key, f"{kind}\0{told}".encode(), hashlib.sha256).digest()[:TRACE_BYTES]


def load_traces(settings: Settings) -> Traces:
    """With this installation's key. Raises SecretsError."""
    _, index_key = load_keys(settings)
    return Traces(index_key)


def _folded(told: str) -> str:
    """Without case, width, blanks and signs; "서울 강북구 오현로 208, 302동" and "강북구 오현로208 302동" are one place."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKC", told).casefold() if sign.isalnum())
    for city in ("서울특별시", "서울시", "서울"):
        plain = plain.removeprefix(city)
    return plain

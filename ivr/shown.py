"""What a counsellor's phone shows as the caller: the service, and what kind of call it is. Never a number. Pure."""

from __future__ import annotations

from typing import Final

from ivr.call_model import Call
from routing.model import Lane

#: Announced on the phone's display before it is answered.
WORDS: Final = {Lane.CRISIS: "위급", Lane.DROPPED: "다시 연결", Lane.SILENT: "말없는 전화"}


def shown_as(caller_id: str, call: Call) -> str:
    """`외로움안녕 <120>` becomes `외로움안녕 · 위급 <120>`; an ordinary call is shown as it is."""
    word = WORDS.get(call.lane)
    return caller_id if word is None else with_word(caller_id, word)


def with_word(caller_id: str, word: str) -> str:
    """`외로움안녕 <120>` with a word after the name."""
    name, bracket, rest = caller_id.partition("<")
    name = name.strip()
    quoted = len(name) > 1 and name.startswith('"') and name.endswith('"')
    name = name[1:-1] if quoted else name
    shown = f"{name} · {word}".strip(" ·") if name else word
    shown = f'"{shown}"' if quoted else shown
    return f"{shown} {bracket}{rest}" if bracket else shown

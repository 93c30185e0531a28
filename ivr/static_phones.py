"""The phones as files: what Asterisk goes by when the database has no answer.

Two files beside the generated ones, written whenever a counsellor changes: `pjsip_static.conf` (copies of the accounts) and
`safety_net.conf` (whom the dialplan rings as its last resort).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ivr.asterisk_config import STATIC_PHONES_FILE, escape, write
from ivr.phone_rows import EXTENSION

DIALPLAN_FILE = "safety_net.conf"
#: One INVITE each at the same moment, and one line of the dialplan: more phones than this are not rung together.
RING_MOST = 60

_TYPES = {"ps_endpoints": "endpoint", "ps_auths": "auth", "ps_aors": "aor"}
_HEADER = "; Written by annyeong120 from the database whenever a counsellor changes; holds secrets.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticPhone:
    """A counsellor's phone as the database has it."""

    extension: str
    #: Realtime table -> column -> value; columns that are NULL or empty are left out.
    rows: Mapping[str, Mapping[str, str]]


def render_static(phones: Sequence[StaticPhone]) -> dict[str, str]:
    """File name -> text. Phones whose extension is not one (ivr.phone_rows) are left out."""
    good = [phone for phone in sorted(phones, key=lambda phone: phone.extension) if EXTENSION.fullmatch(phone.extension)]
    sections = []
    for phone in good:
        for table, kind in _TYPES.items():
            values = {key: value for key, value in phone.rows.get(table, {}).items() if key != "id" and value != ""}
            if not values:
                continue
            # Order counts for these two only: what is disallowed first must not undo what is allowed.
            ordered = sorted(values.items(), key=lambda item: (item[0] != "disallow", item[0]))
            lines = "".join(f"{key} = {escape(value)}\n" for key, value in ordered)
            sections.append(f"[{phone.extension}]\ntype = {kind}\n{lines}")
    ring = "&".join(f"PJSIP/{phone.extension}" for phone in good[:RING_MOST])
    return {STATIC_PHONES_FILE: "\n".join([_HEADER, *sections]), DIALPLAN_FILE: f"{_HEADER}SAFETY_NET = {ring}\n"}


def write_static(folder: Path, phones: Sequence[StaticPhone]) -> tuple[str, ...]:
    """Write both files into Asterisk's configuration folder; the console commands that make Asterisk read what changed."""
    changed = write(render_static(phones), folder)
    reloads = {STATIC_PHONES_FILE: "module reload res_pjsip.so", DIALPLAN_FILE: "dialplan reload"}
    return tuple(reloads[name] for name in changed)

"""What SIPp saw of each of its calls, held against our books: nobody may be missing, nobody counted twice, nobody hung up on.

The trunk's own record is SIPp's message trace; it knows nothing of what the program believes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

_SEPARATOR = re.compile(
    r"^-{20,} (\d{4}-\d\d-\d\d\s+\d\d:\d\d:\d\d\.\d+).*?$\n(?:UDP|TCP|TLS) message (sent|received).*?\n\n", re.MULTILINE
)
_USER = re.compile(r"^From:.*?<sip:([^@>]*)@", re.MULTILINE | re.IGNORECASE)
_CALL_ID = re.compile(r"^(?:Call-ID|i):\s*(\S+)", re.MULTILINE | re.IGNORECASE)
_CSEQ = re.compile(r"^CSeq:\s*\d+\s+(\S+)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SippCall:
    """One call as the trunk saw it. Times are the machine's wall clock, without a zone."""

    call_id: str
    number: str
    offered_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    #: caller, system (a BYE or a refusal came from our side), or nobody: it was up when the trace ended.
    ended_by: str
    #: Status of a refused INVITE, else 0.
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of one caller, from both sides."""

    number: str
    #: What this caller did: the group of the scenario.
    plan: str
    #: Where the call was when the fault struck.
    state: str
    #: Who ended it, by the trunk's record.
    ended_by: str
    #: Of every row in the books that is this call.
    outcomes: tuple[str, ...]
    #: What the timeline says from the fault on.
    followed: tuple[str, ...]
    #: A counsellor hung up, so our hanging up was right.
    counsellor_ended: bool = False
    refused: int = 0


def sipp_calls(trace: str) -> list[SippCall]:
    """Read SIPp's `-trace_msg` file, in the order in which the calls were offered."""
    found: dict[str, dict[str, object]] = {}
    for at, sent, message in _messages(trace):
        call_id, cseq = _CALL_ID.search(message), _CSEQ.search(message)
        if call_id is None or cseq is None:
            continue
        first = message.split("\r\n", 1)[0].split("\n", 1)[0]
        call = found.setdefault(call_id[1], {})
        if sent and first.startswith("INVITE") and not call:
            user = _USER.search(message)
            call.update(number=user[1] if user else "", offered_at=at)
        elif not sent and first.startswith("SIP/2.0") and cseq[1] == "INVITE":
            status = int(first.split()[1])
            if 200 <= status < 300:
                call.setdefault("answered_at", at)
            elif status >= 300:
                call.setdefault("refused", status)
                # A 487 answers the caller's own CANCEL.
                call.setdefault("ended_by", "system")
                call.setdefault("ended_at", at)
        elif first.startswith(("BYE", "CANCEL")):
            call.setdefault("ended_by", "caller" if sent else "system")
            call.setdefault("ended_at", at)
    calls = [
        SippCall(
            call_id=call_id, number=str(call["number"]), offered_at=_at(call["offered_at"]), answered_at=_at_or_none(call.get("answered_at")),
            ended_at=_at_or_none(call.get("ended_at")), ended_by=str(call.get("ended_by", "nobody")), refused=int(str(call.get("refused", 0))),
        )
        for call_id, call in found.items()
        if "offered_at" in call
    ]  # fmt: skip
    return sorted(calls, key=lambda call: call.offered_at)


def problems(fates: Sequence[Fate], *, offered: int, all_end: bool = False) -> list[str]:
    """What is wrong, a line each; empty when everything adds up. `all_end`: Asterisk itself died, so every call was bound to end."""
    wrong = [] if len(fates) == offered else [f"{offered} calls were offered, {len(fates)} are in the trunk's record"]
    for fate in fates:
        if len(fate.outcomes) != 1:
            wrong.append(f"{fate.number} ({fate.plan}, {fate.state}): {len(fate.outcomes)} rows in the books {fate.outcomes}")
        if fate.followed.count("outcome") > 1:
            wrong.append(f"{fate.number} ({fate.plan}, {fate.state}): ended more than once {fate.followed}")
        if lost(fate) and not all_end:
            wrong.append(f"{fate.number} ({fate.plan}, {fate.state}): lost; {fate.outcomes} {fate.followed}")
    return wrong


def lost(fate: Fate) -> bool:
    """The call ended without the caller's or a counsellor's doing."""
    return fate.ended_by == "system" and not fate.counsellor_ended


def table(fates: Sequence[Fate]) -> list[dict[str, object]]:
    """Counted by state at the fault and by what became of the caller, as a report shows it."""
    counted = Counter((fate.state, *(fate.outcomes or ("none",)), fate.ended_by, "lost" if lost(fate) else "") for fate in fates)
    return [
        {"state": state, "outcome": outcome, "ended_by": ended_by, "lost": bool(gone), "callers": callers}
        for (state, outcome, ended_by, gone), callers in sorted(counted.items())
    ]


def as_rows(fates: Sequence[Fate]) -> list[Mapping[str, object]]:
    """Every caller, for a file."""
    return [asdict(fate) for fate in fates]


def _messages(trace: str) -> Iterator[tuple[datetime, bool, str]]:
    starts = list(_SEPARATOR.finditer(trace))
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        yield _parsed(start[1]), start[2] == "sent", trace[start.end() : following.start() if following else len(trace)]


def _parsed(text: str) -> datetime:
    return datetime.fromisoformat(" ".join(text.split()))


def _at(value: object) -> datetime:
    assert isinstance(value, datetime)
    return value


def _at_or_none(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None

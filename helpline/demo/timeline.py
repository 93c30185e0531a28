"""The timeline of the demonstration call: what happened when, for people and for programs."""

from __future__ import annotations

from collections.abc import Callable

#: Every step in the order in which they must happen, and what it means.
STEPS = {
    "invite": "전화가 들어옴 / INVITE to 120",
    "menu_started": "안내 시작 / the menu plays",
    "key_5": "5번을 누름 / key 5 recognised",
    "offered": "상담사에게 연결 요청 / offered to a counsellor",
    "phone_invite": "상담사 전화가 울림 / the counsellor's phone rings",
    "answered": "상담사가 받음 / the counsellor answers",
    "bridged": "서로 연결됨 / both are bridged",
    "two_way_audio": "서로 들림 (양쪽 음을 확인) / each hears the other's tone",
    "hangup": "전화를 끊음 / the caller hangs up",
    "outcome": "결과가 기록됨 / the outcome is in the database",
}


class Timeline:
    """Milliseconds since the INVITE, step by step."""

    def __init__(self, invite_mono_ns: int, invite_wall_ns: int, show: Callable[[str, float, str], None]) -> None:
        self._mono_ns = invite_mono_ns
        self._wall_ns = invite_wall_ns
        self._show = show
        self._ms: dict[str, float] = {}
        #: How the contact ended.
        self.outcome = ""

    @property
    def complete(self) -> bool:
        """Whether every step happened, in order, and somebody talked."""
        times = [self._ms.get(step) for step in STEPS]
        known = [at for at in times if at is not None]
        return len(known) == len(times) and known == sorted(known) and self.outcome == "talked"

    def by_phone(self, step: str, mono_ns: int, detail: str = "") -> None:
        """A step whose moment a phone told (CLOCK_MONOTONIC)."""
        self._note(step, (mono_ns - self._mono_ns) / 1e6, detail)

    def by_database(self, step: str, wall_ns: int, detail: str = "") -> None:
        """A step whose moment the database tells (wall clock)."""
        self._note(step, (wall_ns - self._wall_ns) / 1e6, detail)

    def as_json(self) -> dict[str, object]:
        """The steps so far; `outcome` with its value."""
        found: dict[str, object] = {step: self._ms[step] for step in STEPS if step in self._ms}
        if "outcome" in found:
            found["outcome"] = {"ms": found["outcome"], "value": self.outcome}
        return found

    def _note(self, step: str, ms: float, detail: str) -> None:
        self._ms[step] = round(ms, 1)
        self._show(step, self._ms[step], detail)

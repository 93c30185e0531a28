"""The never-silent watchdog."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import pytest

from core.alarms import AlarmKind
from ivr import call_model as m
from ivr.call_model import Call, Phase, Question, Timer
from ivr.watchdog import PATIENCE_S, STUCK_S, UNSEEN_S, Facts, Watchdog, What, beside_the_bridge, violation

FINE = Facts()
HELD = frozenset({Timer.COMFORT})


@pytest.mark.parametrize(
    ("call", "timers"),
    [
        (Call(phase=Phase.MENU, playing=1), {Timer.PLAYBACK}),
        (Call(phase=Phase.MENU), {Timer.SILENCE}),
        (Call(phase=Phase.DIALLING, holding=True), {Timer.RING}),
        (Call(phase=Phase.WAITING, holding=True), {Timer.COMFORT}),
        (Call(phase=Phase.WAITING, holding=False), {Timer.COMFORT, Timer.HOLD}),
        (Call(phase=Phase.WAITING, holding=True, question=Question.ASKED), {Timer.COMFORT, Timer.QUESTION}),
        (Call(phase=Phase.TALKING), set()),
        (Call(phase=Phase.SAFETY_NET), set()),
        (Call(phase=Phase.ENDED), set()),
    ],
)
def test_a_call_that_is_cared_for_is_no_violation(call: Call, timers: Collection[Timer]) -> None:
    """Heard, or owned, or over."""
    assert violation(call, timers, FINE) is None


@pytest.mark.parametrize(
    ("call", "timers"),
    [
        (Call(phase=Phase.MENU, playing=1), {Timer.SILENCE}),
        (Call(phase=Phase.MENU), {Timer.SETTLE}),
        (Call(phase=Phase.DIALLING, holding=True), set()),
        (Call(phase=Phase.WAITING, holding=True), set()),
        (Call(phase=Phase.WAITING), {Timer.COMFORT}),
        (Call(phase=Phase.WAITING, holding=True, question=Question.AGAIN), {Timer.COMFORT}),
        (Call(phase=Phase.CLOSING), set()),
    ],
)
def test_silence_or_no_deadline_is_a_violation(call: Call, timers: Collection[Timer]) -> None:
    """Nothing is heard, or nothing would go on from here."""
    assert violation(call, timers, FINE) is What.UNATTENDED


def test_a_step_under_way_is_waited_for_but_not_for_ever() -> None:
    """Busy is not silent; stuck is."""
    assert violation(Call(phase=Phase.CLOSING), (), Facts(busy_s=1.0)) is None
    assert violation(Call(phase=Phase.TALKING), (), Facts(busy_s=STUCK_S + 1)) is What.STUCK


def test_a_talk_that_nobody_has_looked_at_is_found() -> None:
    """Its end would be noticed by nobody."""
    assert violation(Call(phase=Phase.TALKING), (), Facts(unseen_s=UNSEEN_S + 1)) is What.UNSEEN


def test_who_should_be_in_a_bridge_and_is_not_is_found() -> None:
    """Music and talk are where the bridge is."""
    assert beside_the_bridge(Call(phase=Phase.WAITING, holding=True), held=False, together=False) is What.NOT_HELD
    assert beside_the_bridge(Call(phase=Phase.WAITING, holding=True), held=True, together=False) is None
    assert beside_the_bridge(Call(phase=Phase.WAITING, holding=True, leg_up=True), held=False, together=False) is None
    assert beside_the_bridge(Call(phase=Phase.TALKING, connected=True), held=False, together=False) is What.NOT_BRIDGED
    assert beside_the_bridge(Call(phase=Phase.TALKING), held=False, together=False) is None
    assert beside_the_bridge(Call(phase=Phase.TALKING, connected=True), held=False, together=True) is None


@dataclass
class _Clock:
    at: float = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)

    def monotonic(self) -> float:
        return self.at


@dataclass
class _Alarms:
    raised: list[AlarmKind] = field(default_factory=list)

    def raise_(self, kind: AlarmKind, *, about: UUID | None = None, detail: Mapping[str, object] | None = None) -> bool:
        self.raised.append(kind)
        return True


@dataclass
class _Actor:
    contact_id: UUID
    call: Call
    deadlines: frozenset[Timer] = frozenset()
    unseen_s: float = 0.0
    posted: list[m.Happening] = field(default_factory=list)

    def facts(self) -> Facts:
        return Facts(unseen_s=self.unseen_s)

    def post(self, happening: m.Happening) -> None:
        self.posted.append(happening)


def _watch(*actors: _Actor) -> tuple[Watchdog, _Clock, _Alarms]:
    clock, alarms = _Clock(), _Alarms()
    return Watchdog(lambda: {actor.contact_id: actor for actor in actors}, alarms, clock), clock, alarms  # type: ignore[arg-type]


def test_what_lasts_is_mended_and_alarmed_and_given_time_to_help() -> None:
    """A moment is no violation; one repair at a time."""
    actor = _Actor(UUID(int=1), Call(phase=Phase.WAITING))
    watchdog, clock, alarms = _watch(actor)
    watchdog.look()
    assert actor.posted == []
    clock.at += PATIENCE_S
    watchdog.look()
    watchdog.look()
    assert actor.posted == [m.Unattended(what="unattended")]
    assert alarms.raised == [AlarmKind.SILENT_CALLER_LINE]
    clock.at += PATIENCE_S
    watchdog.look()
    assert len(actor.posted) == 2


def test_what_passes_by_itself_is_left_alone() -> None:
    """A call in the middle of a step."""
    actor = _Actor(UUID(int=1), Call(phase=Phase.WAITING))
    watchdog, clock, alarms = _watch(actor)
    watchdog.look()
    actor.call, actor.deadlines = Call(phase=Phase.WAITING, holding=True), HELD
    clock.at += PATIENCE_S
    watchdog.look()
    actor.call = Call(phase=Phase.WAITING)
    watchdog.look()
    assert actor.posted == []
    assert alarms.raised == []


def test_an_unseen_talk_is_alarmed_and_never_touched() -> None:
    """While Asterisk is out of reach the two go on talking."""
    actor = _Actor(UUID(int=1), Call(phase=Phase.TALKING, connected=True), unseen_s=UNSEEN_S + 1)
    watchdog, clock, alarms = _watch(actor)
    watchdog.look()
    clock.at += PATIENCE_S
    watchdog.look()
    assert actor.posted == []
    assert alarms.raised == [AlarmKind.SILENT_CALLER_LINE]

"""The line in a terminal: a `LineSnapshot` as tables. Korean first, English beside it; no caller's number is in a snapshot."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from core.clock import seoul
from helpline.alarm_delivery.words import words
from routing.measures import Measures
from routing.snapshot import AtWork, Caller, LineSnapshot, alive

_HUMAN = {"off": "로그아웃 / signed out", "ready": "대기 / ready", "break": "휴식 / break"}
_SYSTEM = {"idle": "", "offered": "호출 중 / ringing", "talking": "통화 중 / talking", "wrapup": "정리 중 / wrap-up"}
_REASON = {"meal": "식사 / meal", "rest": "휴식 / rest", "training": "교육 / training", "other": "기타 / other"}
_LANE = {
    "crisis": "[bold red]위험 / crisis[/]",
    "dropped": "[yellow]끊어졌던 전화 / dropped[/]",
    "silent": "[yellow]무응답 / silent[/]",
    "normal": "",
}
_KIND = {"phone": "전화 / phone", "callback": "다시 전화 / call-back"}
_STATE = {"waiting": "", "calling_back": "거는 중 / dialling", "safety_net": "비상 연결 / safety net"}
_CALLS = {
    "menu": "안내 / menu", "transfer": "다른 부서 / elsewhere", "waiting": "대기 / waiting", "talking": "상담 / talking",
    "overflow": "예비 / overflow", "calling_back": "다시 전화 / call-back", "safety_net": "비상 / safety net",
}  # fmt: skip

#: As much of an id as `annyeong120 call` needs: its time to the millisecond.
_SHORT = 13
_MOST_ALARMS = 8


def view(snapshot: LineSnapshot, trouble: str = "") -> RenderableType:
    """The whole screen. With `trouble` the database is away, and this is what was known last."""
    parts: list[RenderableType] = [_head(snapshot)]
    if trouble:
        parts.append(_trouble(f"{trouble}\n{seoul(snapshot.at):%H:%M:%S} 의 내용입니다. / This is as of then.", away=True))
    if snapshot.open_alarms:
        parts.append(_alarms(snapshot))
    parts += [_line(snapshot), _counsellors(snapshot), _foot(snapshot)]
    return Group(*parts)


def nothing_known(trouble: str) -> RenderableType:
    """The screen before anything could be read."""
    return _trouble(trouble, away=True)


def _trouble(message: str, *, away: bool) -> Panel:
    return Panel(Text(message), border_style="red" if away else "yellow")


def _head(snapshot: LineSnapshot) -> Text:
    on = sum(alive(seen, snapshot.at) for seen in snapshot.programs.values())
    dead = [name for name, seen in snapshot.programs.items() if not alive(seen, snapshot.at)]
    free = sum(worker.available for worker in snapshot.counsellors)
    calls = " · ".join(f"{_CALLS.get(state, state)} {number}" for state, number in snapshot.calls.items())
    head = Text(f"외로움안녕120 · {seoul(snapshot.at):%Y-%m-%d %H:%M:%S} · ", style="bold")
    head.append(f"대기 / waiting {snapshot.waiting} · ", style="bold yellow" if snapshot.waiting else "bold")
    head.append(f"받을 수 있는 상담사 / available {free} · ", style="bold" if free else "bold red")
    head.append(f"프로그램 / programs {on}", style="bold" if on else "bold red")
    if dead:
        head.append(f" ({', '.join(dead)}: 응답 없음 / not seen)", style="red")
    if calls:
        head.append(f"\n{calls}", style="dim")
    return head


def _alarms(snapshot: LineSnapshot) -> Panel:
    lines = [
        f"{seoul(alarm.at):%m-%d %H:%M:%S}  {' / '.join(words(alarm.kind))}{'  ' + _short(alarm.about) if alarm.about else ''}"
        for alarm in snapshot.alarms[:_MOST_ALARMS]
    ]
    if snapshot.open_alarms > _MOST_ALARMS:
        lines.append(f"… {snapshot.open_alarms - _MOST_ALARMS}")
    return Panel(Text("\n".join(lines)), title=f"경보 / open alarms: {snapshot.open_alarms}", title_align="left", border_style="red")


def _line(snapshot: LineSnapshot) -> RenderableType:
    if not snapshot.callers:
        return Text("\n기다리는 사람이 없습니다. / Nobody waits.", style="dim")
    table = _table(
        "기다리는 사람 / the line",
        *("순서\nplace", "통화\ncall", "줄\nlane", "기다림\nwaits", "언어\nlang.", "종류\nkind", "호출\noffered to", "안내한 시각\ntold"),
    )
    for caller in snapshot.callers:
        table.add_row(*_caller(caller, snapshot.at))
    if snapshot.waiting > len(snapshot.callers):
        table.caption = f"… {snapshot.waiting - len(snapshot.callers)}"
    return table


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        # Cut, an id or a time is worth nothing; words may be folded.
        table.add_column(heading, no_wrap=heading.startswith(("순서", "통화", "기다림", "부터", "안내한")))
    return table


def _caller(caller: Caller, now: datetime) -> tuple[str, ...]:
    lane = _LANE.get(caller.lane, caller.lane)
    if caller.silent and caller.lane != "silent":
        lane = f"{lane} 무응답 / silent".strip()
    kind = " ".join(filter(None, (_KIND.get(caller.kind, caller.kind), _STATE.get(caller.state, caller.state))))
    offered = caller.offered_to or (f"[dim]({caller.named})[/]" if caller.named else "")
    return (
        str(caller.place), _short(caller.contact_id), lane, _ago(caller.since, now), caller.language, kind, offered,
        f"{seoul(caller.promised_until):%H:%M:%S}" if caller.promised_until else "",
    )  # fmt: skip


def _counsellors(snapshot: LineSnapshot) -> RenderableType:
    if not snapshot.counsellors:
        return Text("\n등록된 상담사가 없습니다. / No counsellors yet: annyeong120 counsellor add NAME", style="dim")
    table = _table(
        "상담사 / counsellors",
        *("내선\next", "이름\nname", "상태\nstatus", "부터\nsince", "통화\ncall", "전화기\nphone", "근무\nshift", "비고\nnote"),
    )
    for worker in snapshot.counsellors:
        table.add_row(*_worker(worker, snapshot.at), style="dim" if worker.human == "off" and worker.system == "idle" else None)
    return table


def _worker(worker: AtWork, now: datetime) -> tuple[str, ...]:
    status = _SYSTEM.get(worker.system, worker.system) or _HUMAN.get(worker.human, worker.human)
    if worker.system != "idle" and worker.human != "ready":
        # Counts for the calls after this one.
        status += f" → {_HUMAN.get(worker.human, worker.human)}"
    if worker.break_reason:
        status += f" ({_REASON.get(worker.break_reason, worker.break_reason)})"
    if worker.available:
        status = f"[green]{status}[/]"
    phone = "연결됨 / reachable" if worker.reachable else "[red]연결 안 됨 / unreachable[/]" if worker.human != "off" else "-"
    shift = "" if worker.on_shift else "근무 아님 / off shift"
    if worker.on_shift and worker.shift_until:
        shift = f"~{seoul(worker.shift_until):%H:%M}"
    return (
        worker.extension, escape(worker.name), status, _ago(worker.since, now) if worker.since else "",
        _short(worker.contact_id) if worker.contact_id else "", phone, shift, _note(worker, now),
    )  # fmt: skip


def _note(worker: AtWork, now: datetime) -> str:
    notes = []
    if worker.rest_until and worker.rest_until > now:
        notes.append(f"위기 상담 뒤 휴식 / resting ~{seoul(worker.rest_until):%H:%M:%S}")
    if worker.paused_until and worker.paused_until > now:
        notes.append(f"받지 않아 쉼 / left alone ~{seoul(worker.paused_until):%H:%M:%S}")
    if worker.missed:
        notes.append(f"받지 않음 / missed {worker.missed}")
    if worker.heavy_run:
        notes.append(f"힘든 상담 / heavy {worker.heavy_run}")
    return ", ".join(notes)


def _foot(snapshot: LineSnapshot) -> Text:
    back, today = snapshot.callbacks, snapshot.today
    calls = (
        f"\n다시 전화 / call-backs: 열림 / open {back.open} · 지금 걸 것 / due {back.due} · 거는 중 / calling {back.calling} · "
        f"결정 필요 / to decide {back.to_decide}"
    )
    if back.next_due:
        calls += f" · 다음 / next {seoul(back.next_due):%m-%d %H:%M}"
    if back.oldest:
        calls += f" · 가장 오래된 / oldest {_ago(back.oldest, snapshot.at)}"
    return Text(f"{calls}\n{_figures(today)}")


def _figures(today: Measures) -> str:
    level = "-" if today.service_level is None else f"{today.service_level:.0%}"
    rate = "-" if today.abandonment is None else f"{today.abandonment:.0%}"
    median = "-" if today.wait_p50_s is None else _clock(today.wait_p50_s)
    most = "-" if today.wait_p95_s is None else _clock(today.wait_p95_s)
    return (
        f"오늘 / today: 들어옴 / offered {today.offered} · 연결 / answered {today.answered} · 20초 안 / within 20 s {level} · "
        f"포기 / left {today.queue_abandoned} ({rate}) · 대기 / wait p50 {median}, p95 {most} · 끊어짐 / cut off {today.cut_off}"
    )


def _short(identity: UUID) -> str:
    return str(identity)[:_SHORT]


def _ago(since: datetime, now: datetime) -> str:
    return _clock((now - since).total_seconds())


def _clock(seconds: float) -> str:
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"

"""The replay as a picture: one SVG of our own making, without fonts or scripts from elsewhere, readable without colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from xml.sax.saxutils import escape

from helpline.twin.replay import Row
from shifts.load import HOURS

_WIDTH, _HEIGHT = 960, 760
#: Okabe and Ito's colours, told apart by everybody; lines differ in their dashes too.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
_DASHES = ("", "7 4", "2 3", "10 3 2 3", "4 4", "1 4")
_INK, _GREY, _LIGHT = "#222", "#767676", "#e4e4e4"


def draw(rows: Sequence[Row], *, about: Sequence[str]) -> str:
    """The picture of some runs: service level and abandonment of each, and the hours of day at the first load. `about`: up to two lines below."""
    loads = list(dict.fromkeys(row.load for row in rows))
    seats = sorted({row.seats for row in rows})
    first = [row for row in rows if row.load == loads[0]]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-labelledby="title desc">',
        '<title id="title">Replay of a helpline\'s load with ' + escape(", ".join(map(str, seats))) + " counsellors</title>",
        f'<desc id="desc">{escape(_in_words(rows))}</desc>',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<g font-family="sans-serif" font-size="13" fill="{_INK}">',
        *_legend(seats),
        *_bars(
            rows,
            loads,
            seats,
            left=60,
            title="20초 안에 응답 / answered within 20 s",
            value=_level,
            theory=lambda row: row.theory_service_level,
        ),
        *_bars(
            rows, loads, seats, left=530, title="끊고 나감 / gave up", value=lambda row: row.gave_up, theory=lambda row: row.theory_gives_up
        ),
        *_day(first, seats),
        *(_text(60, _HEIGHT - 32 + 18 * at, line, size=12, colour=_GREY) for at, line in enumerate(about)),
        "</g>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _level(row: Row) -> float:
    return row.numbers.service_level or 0.0


def _in_words(rows: Sequence[Row]) -> str:
    """What the picture shows, for who cannot see it."""
    said = [f"{row.load}, {row.seats} counsellors: {_level(row):.0%} answered within 20 s, {row.gave_up:.0%} gave up" for row in rows]
    return "; ".join(said) + ". Black lines on the bars: Erlang A, hour by hour. Below: service level by hour of day at the first load."


def _legend(seats: Sequence[int]) -> list[str]:
    parts: list[str] = []
    for index, number in enumerate(seats):
        x = 60 + 150 * index
        parts += [
            f'<rect x="{x}" y="16" width="14" height="14" fill="{_colour(index)}"/>',
            f'<line x1="{x + 20}" y1="23" x2="{x + 50}" y2="23" {_stroke(index)}/>',
            _text(x + 56, 28, f"{number}석 / {number} seats"),
        ]
    x = 60 + 150 * len(seats)
    return [
        *parts,
        f'<line x1="{x}" y1="23" x2="{x + 30}" y2="23" stroke="{_INK}" stroke-width="3"/>',
        _text(x + 36, 28, "Erlang A"),
    ]


def _bars(
    rows: Sequence[Row],
    loads: Sequence[str],
    seats: Sequence[int],
    *,
    left: int,
    title: str,
    value: Callable[[Row], float],
    theory: Callable[[Row], float],
) -> list[str]:
    """A panel of bars, grouped by load."""
    top, height, width = 80, 240, 370
    parts = [_text(left, 62, title, size=15), *_grid(left, top, width, height)]
    group = width / len(loads)
    bar = group * 0.8 / len(seats)
    for row in rows:
        x = left + loads.index(row.load) * group + group * 0.1 + seats.index(row.seats) * bar
        tall = value(row) * height
        mark = top + height - theory(row) * height
        parts += [
            f'<rect x="{x:.1f}" y="{top + height - tall:.1f}" width="{bar - 3:.1f}" height="{tall:.1f}" fill="{_colour(seats.index(row.seats))}"/>',
            f'<line x1="{x - 1:.1f}" y1="{mark:.1f}" x2="{x + bar - 2:.1f}" y2="{mark:.1f}" stroke="{_INK}" stroke-width="3"/>',
            _text(x + bar / 2 - 1, min(top + height - tall, mark) - 5, f"{value(row):.0%}", size=11, anchor="middle"),
        ]
    parts += [_text(left + (at + 0.5) * group, top + height + 20, load, anchor="middle") for at, load in enumerate(loads)]
    return parts


def _day(rows: Sequence[Row], seats: Sequence[int]) -> list[str]:
    """A panel of the 24 hours: how many contacts come, and the service level with each number of counsellors."""
    left, top, width, height = 60, 420, 840, 260
    most = max(hour.offered_a_day for row in rows for hour in row.hours) or 1
    step = width / HOURS
    parts = [
        _text(left, top - 18, f"시간대별 20초 안에 응답 / answered within 20 s by hour of day, {rows[0].load}", size=15),
        *_grid(left, top, width, height),
        _text(
            left + width,
            top - 18,
            f"회색: 시간당 통화 (최대 {most:.1f}) / grey: contacts an hour",
            size=11,
            anchor="end",
        ),
    ]
    for hour, what in enumerate(rows[0].hours):
        tall = what.offered_a_day / most * height * 0.6
        x = left + hour * step
        parts.append(f'<rect x="{x + 3:.1f}" y="{top + height - tall:.1f}" width="{step - 6:.1f}" height="{tall:.1f}" fill="#cfcfcf"/>')
        parts.append(_text(x + step / 2, top + height + 18, f"{hour:02d}", size=11, anchor="middle"))
    for row in rows:
        index = seats.index(row.seats)
        points = " ".join(
            f"{left + (hour + 0.5) * step:.1f},{top + height - what.service_level * height:.1f}"
            for hour, what in enumerate(row.hours)
            if what.service_level is not None
        )
        parts.append(f'<polyline points="{points}" fill="none" {_stroke(index)}/>')
    return parts


def _grid(left: int, top: int, width: int, height: int) -> list[str]:
    parts: list[str] = []
    for percent in (0, 25, 50, 75, 100):
        y = top + height - percent / 100 * height
        parts += [
            f'<line x1="{left}" y1="{y:.1f}" x2="{left + width}" y2="{y:.1f}" stroke="{_LIGHT if percent else _GREY}"/>',
            _text(left - 6, y + 4, f"{percent}%", size=11, anchor="end"),
        ]
    return parts


def _text(x: float, y: float, words: str, *, size: int = 13, anchor: str = "start", colour: str = _INK) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'


def _colour(index: int) -> str:
    return _COLOURS[index % len(_COLOURS)]


def _stroke(index: int) -> str:
    return f'stroke="{_colour(index)}" stroke-width="3" stroke-dasharray="{_DASHES[index % len(_DASHES)] or "none"}"'

"""Requests and answers as lines of JSON, between the program and the solver's process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

from pydantic import TypeAdapter

from shifts.model import Roster, Setting
from shifts.rules.parameters import parameters
from shifts.solver.request import Mode, Progress, Solution, SolveRequest

_SETTING, _ROSTER = TypeAdapter(Setting), TypeAdapter(Roster)
_PROGRESS, _SOLUTION = TypeAdapter(Progress), TypeAdapter(Solution)


class Garbled(ValueError):
    """A line that is none of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The solver's process ended with an error of its own."""

    text: str


def request_line(request: SolveRequest) -> bytes:
    """A request as one line."""
    values = {
        "setting": _SETTING.dump_python(request.setting, mode="json"),
        "roster": _ROSTER.dump_python(request.roster, mode="json"),
        "parameters": {rule: dict(chosen) for rule, chosen in request.parameters.values.items()},
        "mode": request.mode.value,
        "frozen_until": request.frozen_until.isoformat() if request.frozen_until else None,
        "seconds": request.seconds,
        "seed": request.seed,
        "workers": request.workers,
        "steps": request.steps,
    }
    return json.dumps(values, ensure_ascii=False).encode() + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Small:
    mode: Mode
    frozen_until: date | None
    seconds: float
    seed: int
    workers: int
    steps: int | None


_SMALL = TypeAdapter(_Small)


def read_request(line: bytes) -> SolveRequest:
    """Raises `Garbled`."""
    try:
        values = json.loads(line)
        small = _SMALL.validate_python({key: values[key] for key in ("mode", "frozen_until", "seconds", "seed", "workers", "steps")})
        return SolveRequest(
            setting=_SETTING.validate_python(values["setting"]),
            roster=_ROSTER.validate_python(values["roster"]),
            parameters=parameters(values["parameters"]),
            mode=small.mode,
            frozen_until=small.frozen_until,
            seconds=small.seconds,
            seed=small.seed,
            workers=small.workers,
            steps=small.steps,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Garbled(f"not a request: {type(error).__name__}") from error


def answer_line(answer: Progress | Solution | Failed) -> bytes:
    """An answer as one line."""
    match answer:
        case Progress():
            return b'{"progress":' + _PROGRESS.dump_json(answer) + b"}\n"
        case Solution():
            return b'{"solution":' + _SOLUTION.dump_json(answer) + b"}\n"
        case Failed():
            return b'{"failed":' + json.dumps(answer.text).encode() + b"}\n"


def read_answer(line: bytes) -> Progress | Solution | Failed:
    """Raises `Garbled`."""
    try:
        ((kind, value),) = json.loads(line).items()
        if kind == "progress":
            return _PROGRESS.validate_python(value)
        return _SOLUTION.validate_python(value) if kind == "solution" else Failed(text=str(value))
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise Garbled(f"not an answer: {type(error).__name__}") from error

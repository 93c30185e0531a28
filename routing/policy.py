"""The policy: every number by which the line decides, with its default and its bounds. Data, not code. Pure.

Supervisors change it while the line runs (`annyeong120 policy`); `routing.policy_store` keeps who changed what when.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, field, fields
from types import MappingProxyType
from typing import Any

from core.errors import AnnyeongError
from routing.model import Lane


class PolicyError(AnnyeongError):
    """A value of the policy is out of range or unknown; the message names each one."""


def _number(default: float, low: float, high: float, unit: str, meaning: str) -> Any:  # noqa: ANN401 - what dataclasses.field returns
    return field(default=default, metadata={"low": low, "high": high, "unit": unit, "meaning": meaning})


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All of it. Times in seconds."""

    # --- who is next
    crisis_bonus_s: float = _number(7200, 0, 86400, "s", "Head start of somebody in danger.")
    dropped_bonus_s: float = _number(1800, 0, 86400, "s", "Head start of a caller who lost the counsellor in a talk.")
    silent_bonus_s: float = _number(300, 0, 86400, "s", "Head start of a caller who neither spoke nor pressed a key.")
    # --- who takes it
    named_yield_s: float = _number(20, 0, 3600, "s", "How long a named or last counsellor is waited for before anybody takes the call.")
    language_yield_s: float = _number(30, 0, 3600, "s", "How long a counsellor with the language or skill is waited for.")
    refusal_memory_s: float = _number(30, 0, 3600, "s", "How long a caller is not offered again to who just refused.")
    missed_limit: int = _number(3, 1, 100, "calls", "Calls in a row that rang out before a counsellor is left alone.")
    pause_s: float = _number(600, 10, 86400, "s", "How long they are left alone, unless the phone or the person is back earlier.")
    # --- protection of counsellors
    crisis_rest_s: float = _number(300, 0, 7200, "s", "No new call after a crisis call, apart from wrap-up.")
    heavy_cap: int = _number(2, 1, 20, "calls", "Heavy calls in a row before lighter ones come first.")
    drain_s: float = _number(300, 0, 3600, "s", "No new call in the last minutes before a shift's end.")
    # --- overflow
    overflow_wait_s: float = _number(600, 10, 86400, "s", "A caller who waits longer is also offered to the standby list.")
    overflow_empty_s: float = _number(10, 0, 3600, "s", "With nobody on shift, or no phone reachable, for so long: standby list.")
    overflow_again_s: float = _number(600, 30, 86400, "s", "Pause before standby and partner are tried again for the same caller.")
    # --- several workers
    patience_s: float = _number(1, 0.1, 30, "s", "How long a counsellor is left to another worker's caller who is further ahead.")
    # --- call-backs
    callback_attempts: int = _number(3, 1, 20, "calls", "Attempts before a call-back is given up.")
    callback_spacing_s: float = _number(1800, 10, 86400, "s", "Time between two attempts.")
    callback_ring_s: float = _number(30, 5, 120, "s", "How long the person's phone rings.")
    #: 0: the counsellor is rung first and waits for the person; 1: the person is rung first, the reserved counsellor after.
    callback_person_first: int = _number(0, 0, 1, "0 or 1", "Whom a call-back rings first: 0 the counsellor, 1 the person.")
    #: 0: not at all; 1: on the list for a person to decide (never dialled by itself).
    callback_dropped_out: int = _number(1, 0, 1, "0 or 1", "Whether callers who left before talk are listed for a call-back.")
    place_code_valid_s: float = _number(86400, 600, 2592000, "s", "How long a code gives a place or case back.")

    def __post_init__(self) -> None:
        problems = [problem for item in fields(self) if (problem := _problem(item, getattr(self, item.name)))]
        if problems:
            raise PolicyError("; ".join(problems))

    def bonus(self, lane: Lane) -> float:
        """Head start of a lane in seconds."""
        return {
            Lane.CRISIS: self.crisis_bonus_s,
            Lane.DROPPED: self.dropped_bonus_s,
            Lane.SILENT: self.silent_bonus_s,
            Lane.NORMAL: 0.0,
        }[lane]


#: name -> (lowest, highest, unit, meaning), for whoever shows or edits a policy.
PARAMETERS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {item.name: {**item.metadata, "default": item.default} for item in fields(Policy)}
)


def parse(parameters: Mapping[str, object]) -> Policy:
    """A policy from stored or typed values; what is not named has its default. Raises `PolicyError` that names every wrong one."""
    unknown = sorted(set(parameters) - set(PARAMETERS))
    problems = [f"{name}: there is no such parameter" for name in unknown]
    values: dict[str, float] = {}
    for item in fields(Policy):
        if item.name not in parameters:
            continue
        try:
            value = float(str(parameters[item.name]))
        except ValueError:
            problems.append(f"{item.name}: {parameters[item.name]!r} is not a number")
            continue
        if problem := _problem(item, value):
            problems.append(problem)
            continue
        values[item.name] = int(value) if item.type == "int" else value
    if problems:
        raise PolicyError("; ".join(problems))
    return Policy(**values)  # type: ignore[arg-type]  # int or float as the field has it


def differences(policy: Policy) -> dict[str, float]:
    """What differs from the defaults: the form in which a policy is stored."""
    defaults = asdict(Policy())
    return {name: value for name, value in asdict(policy).items() if value != defaults[name]}


def _problem(item: Field[Any], value: float) -> str:
    low, high, unit = item.metadata["low"], item.metadata["high"], item.metadata["unit"]
    if not low <= value <= high:
        return f"{item.name}: {value:g} is not between {low:g} and {high:g} {unit}"
    if item.type == "int" and value != int(value):
        return f"{item.name}: {value:g} is not a whole number"
    return ""

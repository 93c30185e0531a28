"""The values of the rules' parameters: the table's, and the house's own instead where it has set some."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from shifts.errors import RosterError
from shifts.rules.catalogue import RULES, Rule


class InvalidParameter(RosterError):
    """A rule or parameter that does not exist, or a value out of bounds. `data` has rule, name, value, and lowest and highest if known."""

    code = "invalid_parameter"


@dataclass(frozen=True, slots=True)
class Parameters:
    """Validated values of every rule; make them with `parameters`."""

    values: Mapping[str, Mapping[str, int]]

    def value(self, rule: str, name: str) -> int:
        """Of one parameter. Raises `KeyError` for one that does not exist."""
        return self.values[rule][name]

    def on(self, rule: str) -> bool:
        """Whether the rule is asked for; hard ones always are."""
        return self.values[rule].get("on", 1) == 1


def parameters(overrides: Mapping[str, Mapping[str, int]] | None = None) -> Parameters:
    """The table's values with others by rule and name. Raises `InvalidParameter`."""
    values = {name: dict(rule.parameters) for name, rule in RULES.items()}
    for name, chosen in (overrides or {}).items():
        if name not in RULES:
            raise InvalidParameter(f"there is no rule {name!r}", rule=name)
        for key, value in chosen.items():
            values[name][key] = _within(RULES[name], key, value)
    return Parameters(MappingProxyType({name: MappingProxyType(chosen) for name, chosen in values.items()}))


def _within(rule: Rule, key: str, value: int) -> int:
    if key not in rule.bounds:
        raise InvalidParameter(f"rule {rule.id!r} has no parameter {key!r}", rule=rule.id, name=key, value=value)
    lowest, highest = rule.bounds[key]
    # A truth value is an integer to Python, and a slip in whoever sends it.
    if type(value) is not int or not lowest <= value <= highest:
        text = f"{rule.id}.{key} is between {lowest} and {highest}, not {value!r}"
        raise InvalidParameter(text, rule=rule.id, name=key, value=value, lowest=lowest, highest=highest)
    return value

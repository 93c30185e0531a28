"""docs/routing.md says what the policy is: its table is compared with the code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from routing.policy import PARAMETERS

PAGE = (Path(__file__).parents[3] / "docs/routing.md").read_text(encoding="utf-8")


def test_the_page_lists_every_parameter_as_it_is() -> None:
    """Name, default, bounds and meaning, in the same order; the failure shows the lines to put in."""
    wanted = [f"| `{name}` | {_values(item)} | {item['meaning']} |" for name, item in PARAMETERS.items()]
    found = [line for line in PAGE.splitlines() if re.match(r"\| `\w+` \| [-\d.]+ ", line)]
    assert found == wanted


def _values(item: Mapping[str, object]) -> str:
    if item["unit"] == "0 or 1":
        return f"{item['default']} | 0 or 1"
    return f"{item['default']:.10g} {item['unit']} | {item['low']:.10g} to {item['high']:.10g}"


def test_the_page_names_no_parameter_that_is_none() -> None:
    """A renamed parameter must not live on in the text."""
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)*_(?:s|limit|cap|attempts|first|out))`", PAGE))
    assert named <= set(PARAMETERS)

"""The rules of a roster: a table, a check of the whole, and one that follows edits.

`catalogue` reads the table (rules.toml), `parameters` the house's own values. `check` looks at a whole roster; `Checker` keeps what it
found and looks again only where an edit can have changed it. A shift belongs, with all its minutes, to the date and the week in which it
starts; weeks run from Monday to Sunday in the service's zone. Of the days before the period (`Roster.before`) rules look back on those
that are given, two weeks being enough; what comes after the period is free of work until its own roster says otherwise.
"""

from __future__ import annotations

from shifts.rules.catalogue import RULES, Level, Rule
from shifts.rules.check import Checker, Delta, check, in_the_way
from shifts.rules.parameters import InvalidParameter, Parameters, parameters
from shifts.rules.sentences import mend_sentence, rule_text, sentence
from shifts.rules.violation import Mend, Violation

__all__ = [
    "RULES",
    "Checker",
    "Delta",
    "InvalidParameter",
    "Level",
    "Mend",
    "Parameters",
    "Rule",
    "Violation",
    "check",
    "in_the_way",
    "mend_sentence",
    "parameters",
    "rule_text",
    "sentence",
]

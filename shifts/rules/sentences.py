"""Violations and mends in words, Korean and English. Templates are data; their fields are put into words here.

A value whose name ends in `minutes` becomes a length of time, in `code` the name of a shift, in `day` a date, in
`range` a stretch of time. Names of people are shown to
whoever may see the roster; nothing here says why somebody is away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final

from shifts.model import Setting
from shifts.rules.catalogue import RULES
from shifts.rules.parameters import Parameters
from shifts.rules.violation import Mend, Violation
from shifts.words import day_words, range_words

_MENDS: Final[Mapping[str, Mapping[str, str]]] = {
    "remove": {"ko": "{day} {code} 근무를 빼세요.", "en": "Take {code} on {day} off."},
    "add": {"ko": "{day}에 {code} 근무를 넣으세요.", "en": "Add {code} on {day}."},
    "add_break": {"ko": "{code} 근무 도중에 {minutes} 휴게를 두세요.", "en": "Put a break of {minutes} inside {code}."},
    "give_shift": {"ko": "{day}에 근무를 넣으세요.", "en": "Add a shift on {day}."},
    "find": {"ko": "{day} {code} 근무자를 더 찾으세요.", "en": "Find one more for {code} on {day}."},
    "find_time": {"ko": "{day} {when_range} 근무자를 더 찾으세요.", "en": "Find one more on {day}, {when_range}."},
    "share": {"ko": "몫이 적은 사람에게 넘기세요.", "en": "Pass one on to somebody with fewer."},
}


#: Said only to whoever may know why.
_PROTECTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "": {"ko": "까닭 미기재", "en": "no reason stated"},
    "pregnant": {"ko": "임신 중", "en": "pregnant"},
    "postpartum": {"ko": "산후 1년 미만", "en": "less than a year after birth"},
    "minor": {"ko": "18세 미만", "en": "under 18"},
    "doctor": {"ko": "의사 소견", "en": "on a doctor's advice"},
}


def sentence(violation: Violation, setting: Setting, language: str) -> str:
    """Who, when, which rule is broken how, and what would mend it. `language`: "ko", anything else is English."""
    language = "ko" if language == "ko" else "en"
    rule = RULES[violation.rule]
    template = rule.says_ko if language == "ko" else rule.says_en
    person = None if violation.person_id is None else setting.people.get(violation.person_id)
    when = day_words(violation.day, language)
    head = when if person is None else f"{when} {person.name}" if language == "ko" else f"{person.name}, {when}"
    said = f"{head}: {template.format_map(_words(violation.values, setting, language))}"
    if violation.mend is None:
        return said
    return f"{said} {mend_sentence(violation.mend, setting, language)}"


def mend_sentence(mend: Mend, setting: Setting, language: str) -> str:
    """What would mend it."""
    language = "ko" if language == "ko" else "en"
    return _MENDS[mend.key][language].format_map(_words(mend.values, setting, language))


def rule_text(rule: str, parameters: Parameters, language: str) -> str:
    """What a rule asks for; with the house's own values in brackets where they are not the usual ones. Raises `KeyError`."""
    found = RULES[rule]
    text = found.text_ko if language == "ko" else found.text_en
    own = {key: value for key, value in parameters.values[rule].items() if value != found.parameters[key]}
    return f"{text} ({', '.join(f'{key} = {value}' for key, value in own.items())})" if own else text


def _words(values: Mapping[str, int | str], setting: Setting, language: str) -> dict[str, str]:
    return {name: _word(name, value, setting, language) for name, value in values.items()}


def _word(name: str, value: int | str, setting: Setting, language: str) -> str:
    ending = name.rsplit("_", 1)[-1]
    if ending == "minutes":
        return _length(int(value), language)
    say: Callable[[str, Setting, str], str] | None = {"code": _shift, "wish": _wish}.get(ending)
    if say is not None:
        return say(str(value), setting, language)
    if ending == "protection":
        return _PROTECTIONS[str(value)][language]
    if ending == "skill":
        return f", {value}" if value else ""
    if ending == "day":
        return day_words(date.fromisoformat(str(value)), language)
    if ending == "range":
        start, end = str(value).split("/")
        return range_words(datetime.fromisoformat(start), datetime.fromisoformat(end), language)
    return str(value)


def _length(minutes: int, language: str) -> str:
    hours, rest = divmod(minutes, 60)
    if language == "ko":
        return " ".join(filter(None, (f"{hours}시간" if hours else "", f"{rest}분" if rest or not hours else "")))
    return " ".join(filter(None, (f"{hours} h" if hours else "", f"{rest} min" if rest or not hours else "")))


def _shift(code: str, setting: Setting, language: str) -> str:
    found = setting.shift_types.get(code)
    if found is None:
        return code
    return found.name if language == "ko" else found.name_en


def _wish(wish: str, setting: Setting, language: str) -> str:
    """`+D`: wants that shift; `-`: wants no shift at all."""
    wanted, code = wish.startswith("+"), wish[1:]
    if language == "ko":
        return f"{_shift(code, setting, language)} 근무{'' if wanted else ' 제외'}" if code else "근무" if wanted else "휴무"
    return f"{'' if wanted else 'no '}{_shift(code, setting, language)}" if code else "a shift" if wanted else "a day off"

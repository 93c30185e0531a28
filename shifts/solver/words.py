"""What the solver found, in words: what is short, and what collides. Korean and English."""

from __future__ import annotations

from typing import Literal

from shifts.model import Setting
from shifts.rules.catalogue import RULES
from shifts.solver.effort import Status
from shifts.solver.request import Cause, CauseKind, Conflict, Short, Solution
from shifts.words import day_words, range_words

Language = Literal["ko", "en"]

_STATUS = {
    Status.OPTIMAL: ("가장 좋은 근무표입니다. 더 나은 것이 없음이 증명되었습니다.", "The best roster: it is proved that none is better."),
    Status.FEASIBLE: ("주어진 시간 안에 찾은 가장 좋은 근무표입니다.", "The best roster found in the time given."),
    Status.INFEASIBLE: (
        "바꿀 수 없는 근무끼리 어긋나 만들 수 있는 근무표가 없습니다.",
        "No roster is possible: what must not change collides.",
    ),
    Status.UNKNOWN: (
        "주어진 시간 안에 근무표를 찾지 못했습니다. 불가능하다는 뜻은 아닙니다.",
        "No roster was found in the time given. That does not mean that there is none.",
    ),
    Status.CANCELLED: ("중지했습니다. 그때까지의 가장 좋은 것입니다.", "Stopped; the best until then."),
}


def explain(solution: Solution, setting: Setting, language: Language) -> tuple[str, ...]:
    """One sentence a line: how it ended, what is short, what collides."""
    lines = [_STATUS[solution.status][language == "en"]]
    lines += [short_sentence(short, setting, language) for short in solution.short]
    if solution.conflict is not None:
        lines += conflict_sentences(solution.conflict, setting, language)
    return tuple(lines)


def short_sentence(short: Short, setting: Setting, language: Language) -> str:
    """Which seat stays empty."""
    when, skill = range_words(short.start, short.end, language), f" ({short.skill})" if short.skill else ""
    head = f"{day_words(short.day, language)} {when}"
    # A stretch that no shift of the day covers is named by its times alone.
    shift = _shift(short.code, setting, language) if short.code else ""
    if language == "ko":
        return f"{head}{f' {shift}' if shift else ''}: 최소 {short.least}명{skill} 가운데 {short.have}명뿐입니다."
    return f"{head}{f', {shift}' if shift else ''}: {short.have} of at least {short.least}{skill}."


def conflict_sentences(conflict: Conflict, setting: Setting, language: Language) -> list[str]:
    """What cannot hold together: a heading, then one line a cause."""
    head = {
        (True, "ko"): "다음은 함께 지킬 수 없습니다. 하나만 빠져도 나머지는 지킬 수 있습니다:",
        (True, "en"): "These cannot all hold; without any one of them the others can:",
        (False, "ko"): "다음은 함께 지킬 수 없습니다(더 줄일 수 있는지는 시간 안에 확인하지 못했습니다):",
        (False, "en"): "These cannot all hold (whether fewer suffice was not found out in time):",
    }[conflict.minimal, language]
    return [head, *(f"- {cause_sentence(cause, setting, language)}" for cause in conflict.causes)]


def cause_sentence(cause: Cause, setting: Setting, language: Language) -> str:
    """One cause."""
    person = setting.people.get(cause.person_id) if cause.person_id is not None else None
    name = person.name if person is not None else ""
    korean = language == "ko"
    match cause.kind:
        case CauseKind.RULE:
            rule = RULES[cause.rule]
            return rule.text_ko if korean else rule.text_en
        case CauseKind.LEAVE:
            return f"{name}님의 승인된 휴가" if korean else f"the approved leave of {name}"
        case CauseKind.FIXED:
            return f"{name}님의 바꿀 수 없는 근무" if korean else f"the shifts of {name} that must not change"
        case CauseKind.NEED:
            day = day_words(cause.day, language) if cause.day else ""
            shift = _shift(cause.code, setting, language) if cause.code else "모든" if korean else "any shift"
            skill = f" ({cause.skill})" if cause.skill else ""
            if korean:
                return f"{day} {shift} 근무에 {cause.least}명{skill} 필요(휴게 교대 포함)"
            return f"{cause.least} people{skill} for {shift} on {day} (so that breaks can be taken in turn)"


def _shift(code: str, setting: Setting, language: Language) -> str:
    kind = setting.shift_types.get(code)
    if kind is None:
        return code
    return f"{kind.name}({code})" if language == "ko" else f"{kind.name_en} ({code})"

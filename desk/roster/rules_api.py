"""The rules as the house has set them: read by who sees drafts, changed by supervisors with a reason, from a month on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from desk.access.model import Permission
from desk.errors import INVALID, FieldError, Problem
from desk.events import Events
from desk.roster import problems
from desk.roster.api import first_of
from desk.roster.house_models import NewRule, OfMonth, ParameterOut, RuleOut, RulesOut
from desk.roster.problems import Words, told
from desk.roster.store import Store
from desk.routes import Audit, Call, Route
from desk.validation import one
from shifts.errors import OutOfPeriod
from shifts.house_rules import HouseRules, Setting
from shifts.rules import RULES, InvalidParameter, Level, Parameters, rule_text

_SWITCH = "on"
RuleName = Annotated[str, Field(max_length=60, pattern=r"^[a-z_]+$")]
#: What a parameter is, for people.
_LABELS: Mapping[str, tuple[str, str]] = {
    "minutes": ("분", "minutes"),
    "days": ("일", "days"),
    "over": ("고른 몫을 넘는 횟수", "more than an even share"),
    "tolerance": ("넘어도 되는 분", "minutes beyond that are let be"),
    "every": ("근무 시간(분)마다", "for every … minutes of a shift"),
    "months": ("개월", "months"),
    "stints": ("월평균 횟수", "stints a month"),
    "stint_minutes": ("한 번의 근무 시간(분)", "minutes of a stint"),
    "night_minutes": ("월평균 야간 시간(분)", "minutes at night a month"),
    "pregnant": ("임신 중(분)", "pregnant (minutes)"),
    "postpartum": ("산후 1년 미만(분)", "less than a year after birth (minutes)"),
    "minor": ("18세 미만(분)", "under 18 (minutes)"),
}


class RulesApi:
    """Its routes."""

    def __init__(self, rules: HouseRules, store: Store, events: Events, words: Words) -> None:
        self._rules = rules
        self._store = store
        self._events = events
        self.words = words

    def routes(self) -> list[Route]:
        """See each."""
        path = "/api/rules"
        changed = Audit(action="rule_changed", about_kind="rule", about="rule", detail=("month", "on", "values", "reason"))
        return [
            Route(method="GET", path=path, handler=self.everything, permission=Permission.ROSTER_DRAFT),
            Route(method="PUT", path=f"{path}/{{rule}}", handler=self.put, permission=Permission.ROSTER_PUBLISH, audit=changed),
        ]

    @told
    async def everything(self, call: Call, query: OfMonth) -> RulesOut:
        """Every rule as it holds in a month."""
        values, changed = await self._rules.of(first_of(query.month))
        names = await self._store.names({each.by for each in changed.values() if each.by is not None})
        english = call.actor.language == "en"
        return RulesOut(month=query.month, rules=[_rule(name, values, changed, names, english=english) for name in RULES])

    @told
    async def put(self, call: Call, rule: RuleName, body: NewRule) -> RuleOut:
        """Change a rule from a month on, within its bounds. Drafts are checked and searched with it at once; what is published stays."""
        if rule not in RULES:
            raise problems.gone()
        first, values = first_of(body.month), dict(body.values)
        if _SWITCH in values:
            raise Problem(INVALID, fields=_unknown(_SWITCH))
        if body.on is not None:
            if _SWITCH not in RULES[rule].bounds:
                fields = one("on", "not_switchable", "이 규칙은 끌 수 없습니다.", "This rule can't be switched off.")
                raise Problem(INVALID, fields=fields)
            values[_SWITCH] = int(body.on)
        if not values:
            raise Problem(INVALID, fields=one("values", "nothing", "바꿀 값을 적으세요.", "Say what is to change."))
        try:
            await self._rules.put(rule, values, first=first, by=call.actor.user_id)
        except InvalidParameter as error:
            raise Problem(INVALID, fields=_wrong(error)) from None
        except OutOfPeriod:
            fields = one("month", "past", "이번 달부터 바꿀 수 있습니다.", "From this month on at the earliest.")
            raise Problem(INVALID, fields=fields) from None
        await self._events.publish("rules_changed", {"rule": rule, "month": body.month}, permission=Permission.ROSTER_DRAFT)
        now, changed = await self._rules.of(first)
        names = await self._store.names({each.by for each in changed.values() if each.by is not None})
        return _rule(rule, now, changed, names, english=call.actor.language == "en")


def _rule(name: str, values: Parameters, changed: Mapping[str, Setting], names: Mapping[UUID, str], *, english: bool) -> RuleOut:
    rule, last = RULES[name], changed.get(name)
    return RuleOut(
        rule=name,
        level=rule.level.value,
        text=rule_text(name, values, "en" if english else "ko"),
        source=("house rule" if english else "운영 규칙") if rule.source == "house" else rule.source,
        valid_from=None if rule.valid_from == date.min else rule.valid_from,
        on=values.on(name),
        can_switch=rule.level is not Level.HARD and _SWITCH in rule.bounds,
        parameters=[
            ParameterOut(
                name=key,
                label=_LABELS.get(key, (key, key))[english],
                value=values.value(name, key),
                usual=rule.parameters[key],
                lowest=lowest,
                highest=highest,
            )
            for key, (lowest, highest) in rule.bounds.items()
            if key != _SWITCH
        ],
        since=None if last is None else last.since,
        set_at=None if last is None else last.at,
        set_by=None if last is None or last.by is None else names.get(last.by),
    )


def _wrong(error: InvalidParameter) -> list[FieldError]:
    said = error.data
    if "lowest" not in said:
        return _unknown(str(said.get("name", "")))
    ko, en = f"{said['lowest']}에서 {said['highest']} 사이여야 합니다.", f"It must be between {said['lowest']} and {said['highest']}."
    return one(f"values.{said['name']}", "out_of_bounds", ko, en)


def _unknown(name: str) -> list[FieldError]:
    return one(f"values.{name[:60]}", "unknown_parameter", "이 규칙에 없는 값입니다.", "The rule has no such value.")

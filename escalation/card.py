"""The hand-over card: what the police or the ambulance will ask, in the order in which they ask it, for the screen and for paper. Pure.

What is not known is said to be unknown, so that nobody takes an empty line for "no".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.clock import seoul
from escalation.ledger_model import Entry, Ground
from escalation.model import Incident
from escalation.partners import Need, Partners


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What is known about the person in danger; "" is unknown. Words of a person: never in a log."""

    name: str = ""
    #: As people write it (`core.phone.Number.display`); the trunk shows ours, so the partner hears this one.
    number: str = ""
    #: Address with building, unit, and how to get in.
    place: str = ""
    district: str = ""
    what_happens: str = ""
    means: str = ""
    weapon: str = ""
    intoxication: str = ""
    alone: str = ""
    injuries: str = ""
    illness: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Whoever tells us, if that is not the person."""

    #: What they are to the person, such as neighbour.
    relation: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The card of one incident at one moment."""

    incident: Incident
    made_at: datetime
    person: Person = field(default_factory=Person)
    reporter: Reporter | None = None
    #: Where the counsellor is called back.
    direct_line: str = ""
    #: Names of the partners who were called, by their id.
    partners: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    test: bool = False


def card(
    incident: Incident,
    partners: Partners,
    at: datetime,
    *,
    person: Person | None = None,
    reporter: Reporter | None = None,
    caller_number: str = "",
    direct_line: str = "",
) -> Card:
    """The card now. `caller_number`: of the call; it is the person's, unless there is a reporter."""
    known = person or Person()
    if reporter is None and not known.number:
        known = _with_number(known, caller_number)
    elif reporter is not None and not reporter.number:
        reporter = Reporter(relation=reporter.relation, number=caller_number)
    return Card(
        incident=incident,
        made_at=at,
        person=known,
        reporter=reporter,
        direct_line=direct_line,
        partners={partner.id: (partner.name_ko, partner.name_en) for partner in partners.all},
        test=partners.test_mode,
    )


def lines(made: Card, language: str = "ko", needs: Sequence[Need] = ()) -> tuple[str, ...]:
    """The card as lines of text, in Korean or (`en`) English. `needs`: what the partner asks for comes first."""
    words = _WORDS[language if language in _WORDS else "ko"]
    incident = made.incident
    found = [words["title"]]
    if made.test:
        found.append(words["test"])
    found += [
        words["who_we_are"],
        f"{words['incident']}: {str(incident.id)[:8]} · {_clock(incident.raised_at)} · {words[f'by_{incident.raised_by}']}",
        f"{words['danger']}: {words[f'danger_{incident.danger}'] if incident.danger else words['unknown']}",
        f"{words['direct_line']}: {made.direct_line or words['unknown']}",
    ]
    order = [*needs, *(need for need in _ORDER if need not in needs)]
    found += [f"{words[need]}: {_value(made.person, need) or words['unknown']}" for need in order]
    if made.reporter is not None:
        found.append(f"{words['relation']}: {made.reporter.relation or words['unknown']}")
        found.append(f"{words['reporter_number']}: {made.reporter.number or words['unknown']}")
    if incident.third_party:
        found.append(words["third_party"])
    which = 0 if words is _WORDS["ko"] else 1
    for attempt in incident.attempts:
        name = made.partners.get(attempt.partner_id, (attempt.partner_id, attempt.partner_id))[which]
        outcome = words[f"result_{attempt.result}"] if attempt.result else words["under_way"]
        mark = f" {words['test']}" if attempt.test else ""
        found.append(f"{words['called']} {attempt.number}: {_clock(attempt.started_at)} {name} · {outcome}{mark}")
    found.append(f"{words['made']}: {_clock(made.made_at)}")
    return tuple(" ".join(line.split()) for line in found)


def ledger_lines(entries: Sequence[Entry], language: str = "ko") -> tuple[str, ...]:
    """The disclosure ledger as lines of text."""
    words = _WORDS[language if language in _WORDS else "ko"]
    grounds = _GROUNDS_KO if words is _WORDS["ko"] else _GROUNDS_EN
    return tuple(
        f"{_clock(entry.at)} · {entry.disclosure.recipient} · {', '.join(words.get(item, item) for item in entry.disclosure.items)} · "
        f"{grounds[entry.disclosure.ground]} · {words['decided_by']} {str(entry.disclosure.decided_by)[:8]} · "
        f"{entry.disclosure.about_kind} {str(entry.disclosure.about)[:8]}"
        for entry in entries
    )


def _clock(at: datetime) -> str:
    return seoul(at).strftime("%Y-%m-%d %H:%M:%S")


def _value(person: Person, need: Need) -> str:
    value: str = getattr(person, need)
    return value


def _with_number(person: Person, number: str) -> Person:
    return Person(**{**{name: getattr(person, name) for name in Person.__dataclass_fields__}, "number": number})


_ORDER = tuple(Need)
_KO_EN: Mapping[str, tuple[str, str]] = {
    "title": ("위기 인계 카드", "Crisis hand-over card"),
    "test": ("[연습: 실제 기관이 아닙니다]", "[TEST: not the real agency]"),
    "who_we_are": (
        "외로움안녕120 상담사가 상담 중 위기를 인계합니다. 화면의 발신 번호는 상담전화 번호입니다.",
        "A counsellor of the 120 loneliness line hands over a crisis from a talk. The number shown is the line's.",
    ),
    "incident": ("사건", "Incident"),
    "danger": ("위험", "Danger"),
    "direct_line": ("상담사 직통", "Counsellor's direct line"),
    "unknown": ("모름", "unknown"),
    "relation": ("신고자와의 관계", "Reporter's relation"),
    "reporter_number": ("신고자 전화", "Reporter's number"),
    "third_party": (
        "위치 확인은 경찰(112)에 요청합니다. (위치정보법 제29조)",
        "Whereabouts are asked of the police, 112 (Location Act art. 29).",
    ),
    "called": ("연결", "Call"),
    "under_way": ("진행 중", "under way"),
    "made": ("작성", "Made"),
    "decided_by": ("결정", "decided by"),
    Need.PLACE: ("주소·건물·호수·출입", "Address, building, unit, entry"),
    Need.DISTRICT: ("자치구", "District"),
    Need.NUMBER: ("본인 전화", "Person's number"),
    Need.NAME: ("이름", "Name"),
    Need.WHAT_HAPPENS: ("지금 상황", "What is happening now"),
    Need.MEANS: ("수단", "Means"),
    Need.WEAPON: ("흉기", "Weapon"),
    Need.INTOXICATION: ("술·약물", "Alcohol, drugs"),
    Need.ALONE: ("혼자 있는지", "Alone"),
    Need.INJURIES: ("부상", "Injuries"),
    Need.ILLNESS: ("지병", "Known illness"),
    Need.LANGUAGE: ("언어", "Language"),
    "danger_suicide": ("자살", "suicide"),
    "danger_violence": ("폭력", "violence"),
    "danger_medical": ("응급 의료", "medical"),
    "danger_fire": ("화재", "fire"),
    "danger_missing": ("실종", "missing"),
    "danger_other": ("기타", "other"),
    "by_counsellor_key": ("상담사 키", "counsellor's key"),
    "by_counsellor_desk": ("상담사 화면", "counsellor's desk"),
    "by_caller_key": ("전화한 사람", "the caller's key"),
    "by_checklist": ("점검표", "checklist"),
    "by_supervisor": ("슈퍼바이저", "supervisor"),
    "by_chat": ("채팅", "chat"),
    "by_centre": ("센터·동행단", "the centre or a companion"),
    "result_busy": ("통화 중", "busy"),
    "result_no_answer": ("받지 않음", "no answer"),
    "result_rejected": ("거절", "rejected"),
    "result_unreachable": ("연결 안 됨", "unreachable"),
    "result_failed": ("발신 실패", "failed"),
    "result_withdrawn": ("취소", "given up"),
    "result_left": ("끊음", "left"),
    "result_taken_over": ("인계 완료", "taken over"),
}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "ko": {name: pair[0] for name, pair in _KO_EN.items()},
    "en": {name: pair[1] for name, pair in _KO_EN.items()},
}
_GROUNDS_KO: Mapping[Ground, str] = {
    Ground.URGENT: "개인정보 보호법 제17조 제1항 제2호(제15조 제1항 제5호) 급박한 생명·신체·재산의 이익",
    Ground.URGENT_BEYOND_PURPOSE: "개인정보 보호법 제18조 제2항 제3호 급박한 생명·신체·재산의 이익(목적 외)",
    Ground.CONSENT: "개인정보 보호법 제17조 제1항 제1호 동의",
    Ground.OTHER_LAW: "개인정보 보호법 제18조 제2항 제2호 다른 법률의 규정",
}
_GROUNDS_EN: Mapping[Ground, str] = {
    Ground.URGENT: "PIPA art. 17(1)2 with 15(1)5: urgent interests of life, body or property",
    Ground.URGENT_BEYOND_PURPOSE: "PIPA art. 18(2)3: urgent interests of life, body or property, beyond the purpose",
    Ground.CONSENT: "PIPA art. 17(1)1: consent",
    Ground.OTHER_LAW: "PIPA art. 18(2)2: another law",
}

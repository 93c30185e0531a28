"""The hand-over card and the printed ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from core.settings_escalation import EscalationSettings
from escalation.card import Person, Reporter, card, ledger_lines, lines
from escalation.ledger_model import Disclosure, Entry, Ground
from escalation.model import Attempt, Danger, Incident, RaisedBy, Result, Stage
from escalation.partners import Need
from escalation.testing import shipped_partners

AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
INCIDENT = Incident(
    id=UUID(int=1),
    contact_id=UUID(int=2),
    raised_at=AT,
    raised_by=RaisedBy.COUNSELLOR_KEY,
    danger=Danger.SUICIDE,
    attempts=(
        Attempt(
            id=UUID(int=3),
            number=1,
            partner_id="police",
            leg_id="crisis-3",
            started_at=AT,
            stage=Stage.OVER,
            ended_at=AT,
            result=Result.BUSY,
        ),
        Attempt(id=UUID(int=4), number=2, partner_id="fire", leg_id="crisis-4", started_at=AT, test=True),
    ),
)


@pytest.mark.parametrize(("language", "unknown"), [("ko", "모름"), ("en", "unknown")])
def test_what_is_not_known_is_said_to_be_unknown(language: str, unknown: str) -> None:
    """An empty line could be taken for a no."""
    made = card(INCIDENT, shipped_partners(), AT)
    told = lines(made, language)
    assert sum(line.endswith(unknown) for line in told) == len(Need) + 1
    assert any("2026-03-02 12:00:00" in line for line in told)


def test_the_callers_number_is_the_persons_unless_somebody_reports() -> None:
    """The trunk shows ours, so the card has theirs."""
    alone = card(INCIDENT, shipped_partners(), AT, caller_number="010-1234-5678")
    assert "본인 전화: 010-1234-5678" in lines(alone)
    reported = card(INCIDENT, shipped_partners(), AT, reporter=Reporter(relation="이웃"), caller_number="010-1234-5678")
    told = lines(reported)
    assert "본인 전화: 모름" in told
    assert {"신고자와의 관계: 이웃", "신고자 전화: 010-1234-5678"} <= set(told)


def test_what_the_partner_asks_for_comes_first() -> None:
    """Then the rest; words of several lines become one line each."""
    person = Person(place="종로구\n 1호", weapon="없음")
    told = lines(card(INCIDENT, shipped_partners(), AT, person=person), "ko", (Need.WEAPON, Need.PLACE))
    assert told.index("흉기: 없음") < told.index("주소·건물·호수·출입: 종로구 1호") < told.index("수단: 모름")


def test_calls_and_the_test_mode_are_on_it() -> None:
    """Who was called with what result; an exercise cannot be mistaken for the real thing."""
    told = lines(card(INCIDENT, shipped_partners(), AT), "en")
    assert any("Police 112 · busy" in line for line in told)
    assert any("Fire and ambulance 119 · under way [TEST" in line for line in told)
    assert "TEST" not in told[1]
    in_test = lines(card(INCIDENT, shipped_partners(EscalationSettings(test_target="PJSIP/t")), AT), "en")
    assert "TEST" in in_test[1]


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_word_has_its_line(language: str) -> None:
    """No kind of danger, of beginning or of result is missing from the card's words."""
    for danger in Danger:
        for raised_by in RaisedBy:
            for result in Result:
                attempt = Attempt(
                    id=UUID(int=3), number=1, partner_id="gone", leg_id="x", started_at=AT, stage=Stage.OVER, ended_at=AT, result=result
                )
                incident = Incident(
                    id=UUID(int=1),
                    contact_id=UUID(int=2),
                    raised_at=AT,
                    raised_by=raised_by,
                    danger=danger,
                    attempts=(attempt,),
                    third_party=True,
                )
                assert len(lines(card(incident, shipped_partners(), AT), language)) > len(Need)


@pytest.mark.parametrize("ground", Ground)
def test_the_ledger_is_printable(ground: Ground) -> None:
    """Each row is a line with recipient, items, ground and who decided."""
    entry = Entry(
        id=UUID(int=1),
        at=AT,
        disclosure=Disclosure(
            about_kind="incident", about=UUID(int=2), recipient="police", items=("place", "number"), ground=ground, decided_by=UUID(int=3)
        ),
    )
    (line,) = ledger_lines([entry], "en")
    assert "police · Address, building, unit, entry, Person's number · PIPA art." in line

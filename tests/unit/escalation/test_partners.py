"""Who is called, in which order, and nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.settings_escalation import EscalationSettings
from escalation import partners_file
from escalation.errors import PartnerOnThePhone, PartnersError, UnknownPartner
from escalation.model import Danger, Incident, RaisedBy
from escalation.partners_file import parse
from escalation.testing import shipped_partners

#: A Monday noon in Seoul.
AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
ORDER = "\n".join(f'{danger} = ["control"]' for danger in Danger)
CONTROL = """
[[partners]]
id = "control"
kind = "other"
name_ko = "관제"
name_en = "Control room"
target = "PJSIP/control-room"
"""


def incident(danger: Danger | None = None, *, third_party: bool = False) -> Incident:
    """A fresh one."""
    return Incident(
        id=UUID(int=1), contact_id=UUID(int=2), raised_at=AT, raised_by=RaisedBy.COUNSELLOR_KEY, danger=danger, third_party=third_party
    )


def ids(danger: Danger | None, *, third_party_location: bool = False) -> list[str]:
    """The chain's ids, as shipped."""
    return [partner.id for partner in shipped_partners().chain(danger, AT, third_party_location=third_party_location)]


def test_shipped_partners_and_their_order() -> None:
    """112 first for violence, 119 for injury and fire, and the lines that are there all night after them."""
    assert ids(Danger.SUICIDE) == ["police", "fire", "suicide-line", "mental-health"]
    assert ids(Danger.MEDICAL)[0] == ids(Danger.FIRE)[0] == "fire"
    assert ids(Danger.VIOLENCE)[0] == ids(Danger.MISSING)[0] == "police"
    assert ids(None) == ids(Danger.OTHER)
    partners = shipped_partners()
    assert {partner.target for partner in partners.all} == {"112", "119", "109", "1577-0199"}
    assert {partners.endpoint(partner) for partner in partners.all} == {
        "PJSIP/112@carrier", "PJSIP/119@carrier", "PJSIP/109@carrier", "PJSIP/15770199@carrier",
    }  # fmt: skip


@pytest.mark.parametrize("danger", [None, *Danger])
def test_whereabouts_of_somebody_else_are_asked_of_the_police(danger: Danger | None) -> None:
    """119 takes such a request only from the person, close family or a guardian (Location Act art. 29)."""
    chain = ids(danger, third_party_location=True)
    assert chain[0] == "police"
    assert sorted(chain) == sorted(ids(danger))
    first = shipped_partners().next(incident(danger, third_party=True), AT)
    assert first is not None
    assert first.id == "police"


def test_nobody_outside_the_file_is_called() -> None:
    """An unknown partner is a clear error, and the number behind a name is the file's."""
    with pytest.raises(UnknownPartner, match='no partner "friend"'):
        shipped_partners().next(incident(), AT, "friend")
    with pytest.raises(UnknownPartner):
        shipped_partners().next(incident(), AT, "01012345678")


def test_without_a_trunk_there_is_no_chain() -> None:
    """The supervisor calls by hand; a partner asked for by name says why not."""
    partners = shipped_partners(EscalationSettings())
    assert partners.next(incident(), AT) is None
    with pytest.raises(UnknownPartner, match="trunk"):
        partners.next(incident(), AT, "police")


@pytest.mark.parametrize(("target", "endpoint"), [("PJSIP/test", "PJSIP/test"), ("070-1234-5678", "PJSIP/07012345678@carrier")])
def test_in_test_mode_no_partner_is_called(target: str, endpoint: str) -> None:
    """Every call goes to the test endpoint, and says so."""
    partners = shipped_partners(EscalationSettings(trunk="carrier", test_target=target))
    assert partners.test_mode
    assert {partners.endpoint(partner) for partner in partners.all} == {endpoint}


def test_hours_over_midnight_and_over_the_week() -> None:
    """Korean time; an entry that ends before it begins lasts until the next morning."""
    text = (
        CONTROL + 'ring_s = 12\nhours = [{ days = ["mon"], from = "22:00", to = "06:00" }]\n'
        '[[partners]]\nid = "always"\nkind = "police"\nname_ko = "가"\nname_en = "a"\ntarget = "112"\n[order]\n'
        + ORDER.replace('"control"', '"control", "always"')
    )
    control = parse(text).get("control")
    monday = AT.replace(hour=0)  # 09:00 in Seoul
    hours = {hour for hour in range(48) if control.open_at(monday + timedelta(hours=hour))}
    assert hours == {13, 14, 15, 16, 17, 18, 19, 20}
    assert control.open_at(monday + timedelta(days=7, hours=13))
    assert [partner.id for partner in parse(text, EscalationSettings(trunk="t")).chain(None, AT)] == ["always"]


def test_every_problem_of_the_file_is_named_at_once() -> None:
    """Whoever writes the file does not find the mistakes one by one."""
    text = """
    hurry = 1
    [[partners]]
    id = "Police!"
    kind = "polizei"
    name_ko = "경찰"
    target = "060-700-1234"
    ring_s = 1
    needs = ["shoe_size"]
    hours = [{ days = ["someday"], from = "9", to = "18:00" }, 3]
    colour = "blue"
    [[partners]]
    id = "twice"
    kind = "fire"
    name_ko = "가"
    name_en = "a"
    target = "PJSIP/a b"
    briefing = ["Not a prompt"]
    [[partners]]
    id = "twice"
    kind = "fire"
    name_ko = "가"
    name_en = "a"
    target = "nobody"
    [order]
    suicide = ["twice", "twice"]
    violence = ["friend"]
    medical = []
    flood = ["twice"]
    """
    with pytest.raises(PartnersError) as caught:
        parse(text)
    told = "\n".join(caught.value.problems)
    for word in (
        "hurry", "Police!", "polizei", "name_en is missing", "060", "ring_s", "shoe_size", "someday", "colour", "endpoint", "Not a prompt",
        "only once", "not a telephone number", "named only once", "no partner 'friend'", "medical must be", "flood", "missing must be",
    ):  # fmt: skip
        assert word in told, word
    assert all(problem.startswith("partners.toml: ") for problem in caught.value.problems)


def test_a_danger_without_anybody_at_night_is_refused() -> None:
    """Never nobody: each danger needs one partner who is there at any hour."""
    text = CONTROL + 'hours = [{ days = ["mon"], from = "09:00", to = "18:00" }]\n[order]\n' + ORDER
    with pytest.raises(PartnersError) as caught:
        parse(text)
    assert len(caught.value.problems) == len(Danger)
    assert "at any hour" in caught.value.problems[0]


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    """A file that is nonsense is told so, never a stack trace."""
    with pytest.raises(PartnersError):
        parse(text)


def test_a_file_of_the_operators_own(tmp_path: Path) -> None:
    """It takes the place of the shipped one; one that is not there is an error with its name."""
    path = tmp_path / "mine.toml"
    with pytest.raises(PartnersError, match=r"mine\.toml: can't be read"):
        partners_file.load(EscalationSettings(partners_file=path))
    path.write_text(CONTROL + "[order]\n" + ORDER, "utf-8")
    partners = partners_file.load(EscalationSettings(partners_file=path))
    assert [partner.id for partner in partners.all] == ["control"]
    assert partners.endpoint(partners.get("control")) == "PJSIP/control-room"


@pytest.mark.parametrize("target", ["060-700-1234", "nobody", "PJSIP/a&b"])
def test_a_test_target_must_be_callable(target: str) -> None:
    """A typo is found at the start, not in a crisis."""
    with pytest.raises(ValueError, match=r"060|neither"):
        EscalationSettings(test_target=target)


def test_a_partner_on_the_phone_is_not_called_twice() -> None:
    """Asked for by name while ringing: an error; the chain goes on to the next."""
    import asyncio

    from core.testing import ManualClock
    from escalation.testing import MemoryBook

    async def pressed() -> None:
        book = MemoryBook(ManualClock())
        raised = await book.raise_(UUID(int=5), raised_by=RaisedBy.COUNSELLOR_KEY)
        first = await book.next_attempt(raised.incident_id)
        assert first is not None
        with pytest.raises(PartnerOnThePhone):
            await book.next_attempt(raised.incident_id, first.partner_id)
        second = await book.next_attempt(raised.incident_id)
        assert second is not None
        assert (first.partner_id, second.partner_id) == ("police", "fire")

    asyncio.run(pressed())

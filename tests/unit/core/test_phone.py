"""Telephone numbers: every spelling that trunks, phones and people use."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.phone import Kind, Number, mask, national, normalise

MOBILE = "+821012345678"
SEOUL = "+8229846777"

SPELLINGS = [
    # One mobile number, in every way it is written.
    *[
        (raw, MOBILE, Kind.MOBILE)
        for raw in (
            "01012345678", "010-1234-5678", "010 1234 5678", "010.1234.5678", "(010) 1234-5678", "010/1234/5678", "010–1234–5678",
            "０１０－１２３４－５６７８", "  010-1234-5678\t", "010\u00a01234\u00a05678", "010\u200b1234\u200b5678", "\u202a010-1234-5678\u202c",
            "+821012345678", "+82-10-1234-5678", "+82 10 1234 5678", "+82(0)10-1234-5678", "+82 010-1234-5678", "+82-010-1234-5678",
            "＋８２１０１２３４５６７８", "821012345678", "82 10 1234 5678", "82-10-1234-5678", "82 010 1234 5678", "8201012345678",
            "00821012345678", "0082 10 1234 5678", "00 82 (0)10 1234 5678", "001 82 10 1234 5678", "00700 82 10 1234 5678",
            "1012345678", "+01012345678", "tel:+82-10-1234-5678", "TEL:010-1234-5678", "tel:1012345678;phone-context=+82",
            "tel:01012345678;phone-context=+82", "sip:01012345678@10.0.0.1", "sip:+821012345678@carrier.example;user=phone",
            "sip:01012345678;npdi;rn=+82200@10.0.0.1:5060;transport=udp", "sips:%2B821012345678@x", "01012345678@10.0.0.1",
            '"홍길동" <sip:01012345678@10.0.0.1>;tag=1', "<sip:01012345678@10.0.0.1>", "01012345678;ext=1", "01012345678;user=phone",
            "sip:01012345678:secret@10.0.0.1",
        )
    ],
    *[
        (raw, SEOUL, Kind.LANDLINE)
        for raw in (
            "02-984-6777", "029846777", "(02)984-6777", "02)984-6777", "+8229846777", "+82 2 984 6777", "+82-(0)2-984-6777", "8229846777",
            "0082-2-984-6777", "tel:984-6777;phone-context=+822",
        )
    ],
    ("02-2133-5678", "+82221335678", Kind.LANDLINE),
    ("031-234-5678", "+82312345678", Kind.LANDLINE),
    ("031-8008-1234", "+823180081234", Kind.LANDLINE),
    ("044-211-1234", "+82442111234", Kind.LANDLINE),
    ("051-888-1234", "+82518881234", Kind.LANDLINE),
    ("064-710-1234", "+82647101234", Kind.LANDLINE),
    ("070-4123-5678", "+827041235678", Kind.INTERNET),
    ("+82 70 4123 5678", "+827041235678", Kind.INTERNET),
    ("011-234-5678", "+82112345678", Kind.MOBILE),
    ("016-9234-5678", "+821692345678", Kind.MOBILE),
    ("019-234-5678", "+82192345678", Kind.MOBILE),
    ("0505-123-4567", "+825051234567", Kind.VIRTUAL),
    ("0507-1234-5678", "+8250712345678", Kind.VIRTUAL),
    ("050-5123-4567", "+825051234567", Kind.VIRTUAL),
    ("+82 507-1234-5678", "+8250712345678", Kind.VIRTUAL),
    ("030-123-4567", "+82301234567", Kind.VIRTUAL),
    ("080-123-4567", "+82801234567", Kind.SERVICE),
    ("060-700-1234", "+82607001234", Kind.SERVICE),
    ("1577-0199", "+8215770199", Kind.REPRESENTATIVE),
    ("15770199", "+8215770199", Kind.REPRESENTATIVE),
    ("02-1577-0199", "+8215770199", Kind.REPRESENTATIVE),
    ("+82 1577 0199", "+8215770199", Kind.REPRESENTATIVE),
    ("1661-1234", "+8216611234", Kind.REPRESENTATIVE),
    ("1899-1234", "+8218991234", Kind.REPRESENTATIVE),
    ("120", "+82120", Kind.SHORT),
    ("+82 120", "+82120", Kind.SHORT),
    ("02-120", "+822120", Kind.SHORT),
    ("02120", "+822120", Kind.SHORT),
    ("+822120", "+822120", Kind.SHORT),
    ("031-120", "+8231120", Kind.SHORT),
    ("109", "+82109", Kind.SHORT),
    ("112", "+82112", Kind.SHORT),
    ("119", "+82119", Kind.SHORT),
    ("129", "+82129", Kind.SHORT),
    ("1366", "+821366", Kind.SHORT),
    ("1388", "+821388", Kind.SHORT),
    ("012-3456-7890", "+821234567890", Kind.OTHER),
    ("+82 90 1234 5678", "+829012345678", Kind.OTHER),
    ("+1 202 555 0123", "+12025550123", Kind.FOREIGN),
    ("+1-202-555-0123", "+12025550123", Kind.FOREIGN),
    ("001 1 202 555 0123", "+12025550123", Kind.FOREIGN),
    ("0012025550123", "+12025550123", Kind.FOREIGN),
    ("002 81 3 3224 9999", "+81332249999", Kind.FOREIGN),
    ("00700-81-3-3224-9999", "+81332249999", Kind.FOREIGN),
    ("0081332249999", "+81332249999", Kind.FOREIGN),
    ("+44 20 7946 0958", "+442079460958", Kind.FOREIGN),
    ("0044 20 7946 0958", "+442079460958", Kind.FOREIGN),
    ("8613812345678", "+8613812345678", Kind.FOREIGN),
    ("007 495 123 4567", "+74951234567", Kind.FOREIGN),
]  # fmt: skip

WITHHELD = [
    None, "", " ", "anonymous", "Anonymous", "ANONYMOUS", "unavailable", "Restricted", "private", "unknown", "withheld", '"Anonymous"',
    "sip:anonymous@anonymous.invalid", '"Anonymous" <sip:anonymous@anonymous.invalid>', "sip:01012345678@anonymous.invalid", "sip:@10.0.0.1",
    "발신번호표시제한", "발신번호 표시제한", "발신자 표시 제한", "비공개", "no number", "asserted-identity-unavailable", "Blocked", "ID", "-", "...", "tel:", "sip:", "<>", "<sip:>",
]  # fmt: skip

JUNK = [
    "홍길동", "Kim", "sip:alice@example.com", "+", "++82", "0", "00", "000", "0000000000", "+0", "+82", "+820", "82", "12", "5", "12345", "12345678",
    "1234567", "*23#01012345678", "#31#", "010-1234", "010-1234-56789012345678901234", "1" * 300, "+999123456789012", "+1", "+12",
    "010-12a4-5678", "%00", "\x00\x01", "999", "9" * 20, "٠١٠١٢٣٤٥٦٧٨x", "1;DROP TABLE contacts", "+82+1012345678",
]  # fmt: skip


@pytest.mark.parametrize(("raw", "e164", "kind"), SPELLINGS, ids=lambda value: repr(value)[:40])
def test_every_spelling_leads_to_one_number(raw: str, e164: str, kind: Kind) -> None:
    """E.164 is one; the ways to write a number are many."""
    assert normalise(raw) == Number(e164=e164, withheld=False, kind=kind)


@pytest.mark.parametrize("raw", WITHHELD, ids=lambda value: repr(value)[:40])
def test_withheld_numbers_have_no_number(raw: str | None) -> None:
    """Whatever the network's word for it is."""
    assert normalise(raw) == Number(e164=None, withheld=True, kind=Kind.WITHHELD)


@pytest.mark.parametrize("raw", JUNK, ids=lambda value: repr(value)[:40])
def test_what_is_no_number_is_nobodys_number(raw: str) -> None:
    """Junk is never matched to anything."""
    assert normalise(raw) == Number(e164=None, withheld=True, kind=Kind.UNKNOWN)


@pytest.mark.parametrize(("raw", "e164", "kind"), SPELLINGS, ids=lambda value: repr(value)[:40])
def test_what_is_shown_reads_back_as_the_same_number(raw: str, e164: str, kind: Kind) -> None:
    """What we print can be dialled, and its own form is stable."""
    number = normalise(raw)
    assert normalise(number.e164) == number
    assert normalise(number.display) == number


ALPHABET = string.digits + '+-() .;:@<>"%*#/ ０９＋·–' + "siptelcontxh=" + "가"


@given(st.one_of(st.text(), st.text(alphabet=ALPHABET), st.from_regex(r"\+?(00|0|82|1)?[0-9 ()-]{0,20}")))
@example("+82 (0) (0) 10")
@example("tel:" * 60)
@example("<" * 256)
@example("0" * 256)
@example("\ud800")
def test_any_text_gives_a_number_or_nobody(raw: str) -> None:
    """Never an exception; what comes out is E.164 and stays what it is."""
    number = normalise(raw)
    assert (number.e164 is None) == number.withheld
    assert number.masked
    if number.e164 is not None:
        assert re.fullmatch(r"\+[1-9][0-9]{3,14}", number.e164)
        assert normalise(number.e164) == number


@given(st.text(alphabet=ALPHABET + "0123456789"))
def test_masking_anything_never_fails(raw: str) -> None:
    """Also what is no number."""
    assert isinstance(mask(raw), str)
    assert isinstance(national(raw), str)


@pytest.mark.parametrize(
    ("e164", "masked", "shown"),
    [
        (MOBILE, "+82 10-****-5678", "010-1234-5678"),
        (SEOUL, "+82 2-***-6777", "02-984-6777"),
        ("+8250712345678", "+82 507-****-5678", "0507-1234-5678"),
        ("+8215770199", "+82 ****-0199", "1577-0199"),
        ("+82112", "+82 112", "112"),
        ("+822120", "+82 2-120", "02-120"),
        ("+829012345678", "+82 ******5678", "09012345678"),
        ("+12025550123", "+1 ******0123", "+1 202-555-0123"),
        ("+442079460958", "+44 ******0958", "+44 20 7946 0958"),
        ("nonsense", "****", "nonsense"),
    ],
)
def test_masked_and_shown_forms(e164: str, masked: str, shown: str) -> None:
    """The mask keeps what one recognises, and hides what one would dial."""
    assert mask(e164) == masked
    assert national(e164) == shown


def test_a_numbers_text_does_not_show_it() -> None:
    """A record in a log line gives nobody away."""
    assert "1234" not in repr(normalise("010-1234-5678"))
    assert "1234" not in str(normalise("010-1234-5678"))

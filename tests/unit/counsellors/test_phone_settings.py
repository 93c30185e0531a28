"""What is printed for phones: readable by the programs it is meant for, whatever the names are."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from ivr.phone_accounts import new_secret
from ivr.phone_settings import PhoneSettings

ODD = '김 "별" <a&b> \\ 상담'


def settings(host: str = "192.0.2.20", secret: str | None = "abcd-efgh-jkmn-pqrs") -> PhoneSettings:  # noqa: S107
    """A phone whose owner has a difficult name."""
    return PhoneSettings(host=host, port=5060, extension="101", display_name=ODD, secret=secret)


def test_a_grandstream_qr_code_is_well_formed_and_ascii() -> None:
    """Server, user and secret where the application looks for them."""
    text = settings().grandstream_wave()
    assert text.isascii()
    account = ET.fromstring(text)[0]  # noqa: S314 - our own text
    assert account.findtext("RegisterServer") == "192.0.2.20:5060"
    assert (account.findtext("UserID"), account.findtext("AuthPass")) == ("101", "abcd-efgh-jkmn-pqrs")


def test_a_qr_code_fits_an_ordinary_terminal() -> None:
    """80 columns."""
    lines = settings(host="telephone.loneliness-line.example.kr").qr().splitlines()
    assert max(len(line) for line in lines) <= 80


def test_a_linphone_file_survives_odd_names() -> None:
    """Escaped once, and the name quoted as SIP wants it."""
    root = ET.fromstring(settings().linphone_xml())  # noqa: S314 - our own text
    entries = {entry.get("name"): entry.text for section in root for entry in section}
    assert entries["reg_identity"] == '"김 별 <a&b>  상담" <sip:101@192.0.2.20:5060>'
    assert entries["reg_proxy"] == "<sip:192.0.2.20:5060;transport=udp>"


def test_an_ipv6_server_is_put_in_brackets() -> None:
    """Otherwise its port would be read as a part of it."""
    assert "sip:101@[2001:db8::1]:5060" in settings(host="2001:db8::1").baresip_line()


def test_a_name_cannot_break_out_of_its_quotes() -> None:
    """One account line stays one account line."""
    line = settings().baresip_line()
    assert re.fullmatch(r'"[^"\n]*" <sip:101@192\.0\.2\.20:5060;transport=udp>;.*auth_pass=abcd-efgh-jkmn-pqrs.*', line)


def test_without_the_secret_nothing_is_made_that_needs_it() -> None:
    """And the list says how to get a new one."""
    phone = settings(secret=None)
    for make in (phone.baresip_line, phone.grandstream_wave, phone.linphone_xml, phone.qr):
        with pytest.raises(ValueError, match="not stored"):
            make()
    assert any("--new-secret" in value for _, value in phone.rows())


def test_a_record_does_not_show_the_secret() -> None:
    """Whatever is logged by accident."""
    assert "abcd" not in repr(settings())


def test_secrets_are_typeable_and_never_repeat() -> None:
    """No letter or digit that is taken for another one."""
    made = {new_secret() for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(r"([a-hjkmnp-z2-9]{4}-){3}[a-hjkmnp-z2-9]{4}", secret) for secret in made)

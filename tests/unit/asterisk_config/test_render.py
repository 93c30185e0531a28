"""Asterisk's configuration as text: what must stand in it, what must never."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from core.errors import SettingsError
from core.settings import Settings
from ivr.asterisk_config import Database, Place, escape, identifier_order, known_sources, outbound_host, render, template_names, write

URL = "postgresql+psycopg://postgres@/annyeong120?host=/srv/a/postgres"


def place(root: str = "/srv/a") -> Place:
    """Somewhere."""
    at = Path(root)
    return Place(etc=at / "etc", modules=at / "modules", data=at / "data", state=at / "state", run=at / "run", music=at / "music")


def settings(**changes: object) -> Settings:
    """One trunk on an address of its own."""
    values: dict[str, object] = {"data_dir": "/srv/a", "trunks": [{"name": "carrier", "addresses": ["203.0.113.7"]}]}
    return Settings(**{**values, **changes})  # type: ignore[arg-type]


def rendered(**changes: object) -> dict[str, str]:
    """All files of these settings."""
    return render(settings(**changes), place=place(), database_url=URL, ari_password="secret")


def test_every_file_says_that_it_is_generated() -> None:
    """Whoever opens one learns where to change it."""
    files = rendered()
    assert len(files) == len(template_names()) > 15
    assert all("edit the settings instead" in text.splitlines()[0] for text in files.values())


def test_every_folder_asterisk_writes_to_is_ours() -> None:
    """Not one of its compiled-in folders is left to chance."""
    text = rendered()["asterisk.conf"]
    named = dict(re.findall(r"^(ast\w+dir) => (.+)$", text, re.MULTILINE))
    assert len(named) == 12
    assert all(path.startswith("/srv/a/") for path in named.values())


def test_there_is_no_endpoint_for_strangers() -> None:
    """Neither an anonymous endpoint nor the module that would serve one."""
    files = rendered()
    assert "[anonymous]" not in files["pjsip.conf"]
    assert "identifier_anonymous" not in files["modules.conf"]
    assert "manager" not in files["modules.conf"]


def test_a_trunk_is_known_by_its_address_only() -> None:
    """Its name in a From header makes nobody the carrier."""
    text = rendered()["pjsip.conf"]
    assert "identify_by = ip\n" in text
    assert "match = 203.0.113.7\n" in text


def test_a_trunk_that_only_receives_has_no_contact() -> None:
    """Nothing is sent anywhere that was not asked for."""
    assert "type = aor" not in rendered()["pjsip.conf"]
    sends = [{"name": "carrier", "addresses": ["203.0.113.7"], "outbound_uri": "sip:203.0.113.9:5060"}]
    text = rendered(trunks=sends)["pjsip.conf"]
    assert "contact = sip:203.0.113.9:5060\n" in text
    assert "permit = 203.0.113.9\n" in text


@pytest.mark.parametrize(
    ("trunk", "phones", "order"),
    [
        (["203.0.113.7"], ["10.0.0.0/8"], "ip,auth_username,username"),
        (["10.1.2.3"], ["10.0.0.0/8"], "ip,auth_username,username"),
        (["10.1.0.0/16"], ["10.0.0.0/8"], "auth_username,username,ip"),
        (["127.0.0.1"], ["127.0.0.0/8"], "auth_username,username,ip"),
        (["127.0.0.2"], ["127.0.0.1/32"], "ip,auth_username,username"),
        (["2001:db8::1"], ["10.0.0.0/8", "fc00::/7"], "ip,auth_username,username"),
    ],
)
def test_the_address_counts_first_unless_a_phone_may_share_it(trunk: list[str], phones: list[str], order: str) -> None:
    """A caller who is named like an extension must not be asked for a password, and a phone must not pass for the trunk."""
    made = settings(trunks=[{"name": "carrier", "addresses": trunk}], asterisk={"phones_networks": phones})
    assert identifier_order(made) == order


def test_known_sources_are_trunks_and_phones_once_each() -> None:
    """What the access list and the kernel's filter let through."""
    made = settings(
        trunks=[
            {"name": "one", "addresses": ["203.0.113.7"], "outbound_uri": "sip:120@203.0.113.7"},
            {"name": "two", "addresses": ["198.51.100.0/24"], "outbound_uri": "sip:sbc.carrier.example;transport=tcp"},
        ],
        asterisk={"phones_networks": ["10.0.0.0/8"]},
    )
    assert known_sources(made) == ["203.0.113.7", "198.51.100.0/24", "10.0.0.0/8"]
    assert [outbound_host(trunk) for trunk in made.trunks] == [None, "sbc.carrier.example"]


def test_each_number_enters_where_the_settings_say() -> None:
    """Menu and direct numbers, and every other number through the menu: nobody is refused."""
    text = rendered(entry={"menu_numbers": ["120"], "direct_numbers": ["15771234"]})["extensions.conf"]
    trunk = text[text.index("[from-trunk]") : text.index("[from-counsellor]")]
    entries = re.findall(r"exten => (\S+),1,Set\(.*\n.*\n.*call:(\w+):", trunk)
    assert entries == [("15771234", "direct"), ("120", "menu"), ("s", "menu"), ("_X!", "menu"), ("_[+*#]!", "menu"), ("_[a-zA-Z].", "menu")]


def test_what_comes_from_outside_is_filtered_before_it_is_an_argument() -> None:
    """A dialled "120,evil" or a caller's number with a bracket is data, never dialplan."""
    text = rendered()["extensions.conf"]
    for variable in ("${EXTEN}", "${CALLERID(num)}", "${CHANNEL(endpoint)}"):
        for line in text.splitlines():
            if variable in line and not line.startswith(";"):
                assert "FILTER(" in line, line


def test_behind_every_offer_stands_the_safety_net() -> None:
    """No path of a caller's ends with an unclaimed offer."""
    lines = rendered()["extensions.conf"].splitlines()
    offers = [index for index, line in enumerate(lines) if "StasisBroadcast" in line]
    assert len(offers) >= 8
    assert all("Goto(" in lines[index + 1] for index in offers)


def test_the_logs_hold_no_digits_and_no_numbers() -> None:
    """The levels that print them are off."""
    text = rendered()["logger.conf"]
    levels = ",".join(re.findall(r"=> (.+)$", text, re.MULTILINE)) + ",".join(re.findall(r"^\w+ = (.+)$", text, re.MULTILINE))
    assert not {"verbose", "dtmf", "debug"} & set(re.split(r"[,\s]+", levels))


def test_an_ipv6_address_is_bracketed_where_a_port_follows() -> None:
    """The transport's bind."""
    assert "bind = [fd00::1]:5060\n" in rendered(asterisk={"sip_bind": "fd00::1"})["pjsip.conf"]


def test_an_external_address_is_told_with_what_is_local() -> None:
    """Behind NAT, phones inside are not sent outside."""
    text = rendered(asterisk={"external_address": "198.51.100.1"})["pjsip.conf"]
    assert text.count("external_media_address = 198.51.100.1") == 2
    assert "local_net = 10.0.0.0/8" in text


@pytest.mark.parametrize("folder", ["/srv/my data", "/srv/a;b", "/srv/a,b", "/srv/a(b)"])
def test_a_path_that_a_configuration_file_can_not_carry_is_refused(folder: str) -> None:
    """It would be read as something else, silently."""
    with pytest.raises(SettingsError, match="folder"):
        render(settings(), place=place(folder), database_url=URL, ari_password="secret")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (URL, Database(name="annyeong120", user="postgres", host="/srv/a/postgres")),
        ("postgresql://u:p%40ss@db.internal:6432/x", Database(name="x", user="u", password="p@ss", host="db.internal", port=6432)),
    ],
)
def test_asterisk_reaches_the_database_the_program_reaches(url: str, expected: Database) -> None:
    """A socket's folder or a host, with the password as it is, not as the URL spells it."""
    assert Database.from_url(url) == expected


def test_a_database_url_without_a_database_is_refused() -> None:
    """Asterisk would guess one."""
    with pytest.raises(SettingsError, match="names no database"):
        Database.from_url("postgresql://user@host")


def test_signs_that_mean_something_are_escaped() -> None:
    """A semicolon in a password does not begin a comment; a line break is refused."""
    assert escape("a;b\\c") == "a\\;b\\\\c"
    assert "password = a\\;b\n" in render(settings(), place=place(), database_url=URL, ari_password="a;b")["ari.conf"]
    with pytest.raises(SettingsError):
        escape("a\nb")


def test_only_what_changed_is_written_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    """The second time nothing is written."""
    folder = tmp_path / "etc"
    files = rendered()
    assert set(write(files, folder)) == set(files)
    assert write(files, folder) == ()
    assert write({**files, "rtp.conf": "other"}, folder) == ("rtp.conf",)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("name", ["101", "5"])
def test_a_trunk_is_not_named_like_a_phone(name: str) -> None:
    """PJSIP/101 is a counsellor."""
    with pytest.raises(ValueError, match="letter"):
        settings(trunks=[{"name": name, "addresses": ["203.0.113.7"]}])

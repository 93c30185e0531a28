"""Passwords, codes, roles, sources, masking: what needs no database."""

from __future__ import annotations

import asyncio

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from desk import masking
from desk.access import throttle, totp
from desk.access.common import COMMON
from desk.access.line import Busy
from desk.access.model import MANAGES, PERMISSIONS, Permission, Role, sign_in_form
from desk.access.passwords import MAX_LENGTH, PasswordBook, Weakness, WeakPassword, check, make
from desk.source import Sources

#: RFC 6238 appendix B, SHA-1: Unix seconds and the last six of its eight digits.
RFC_6238 = {59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"}
RFC_SECRET = b"12345678901234567890"


@pytest.mark.parametrize(("at", "code"), RFC_6238.items())
def test_codes_are_those_of_the_standard(at: int, code: str) -> None:
    """RFC 6238's own table."""
    assert totp.code(RFC_SECRET, at // totp.PERIOD_S) == code
    assert totp.matching_step(RFC_SECRET, code, at) == at // totp.PERIOD_S


def test_a_code_is_taken_one_step_early_or_late_and_no_more() -> None:
    """Clocks differ; a minute ago is another time."""
    at = 1111111111
    step = at // totp.PERIOD_S
    for offset, accepted in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        assert (totp.matching_step(RFC_SECRET, totp.code(RFC_SECRET, step + offset), at) is not None) is accepted
    assert totp.matching_step(RFC_SECRET, "전화번호", at) is None
    assert totp.matching_step(RFC_SECRET, "", at) is None


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("아홉글자비밀번호요", Weakness.TOO_SHORT),
        ("x1y2z3w4v", Weakness.TOO_SHORT),
        ("Password1234", Weakness.COMMON),
        ("aaaaaaaaaaaa", Weakness.COMMON),
        ("qwertyuiopasdf", Weakness.COMMON),
        ("abcdefghijklmn", Weakness.COMMON),
        ("9876543210", Weakness.COMMON),
        ("외로움안녕120" * 2, None),
        ("KimHaneul123", Weakness.OWN_NAME),
        ("x" * 100 + "yzw" * 40, Weakness.TOO_LONG),
        ("열 글자가 넘는 비밀번호", None),
        ("correct horse", None),
    ],
)
def test_a_password_needs_length_and_nothing_else_but_not_to_be_the_first_one_tried(password: str, why: Weakness | None) -> None:
    """No rule about signs and digits."""
    if why is None:
        check(password, "kimhaneul")
        return
    with pytest.raises(WeakPassword) as caught:
        check(password, "kimhaneul")
    assert caught.value.why is why


def test_the_list_of_common_passwords_holds_what_length_alone_lets_through() -> None:
    """Each is lower case; most have ten signs or more, the others are their beginnings."""
    assert all(word == word.casefold() for word in COMMON)
    assert sum(len(word) >= 10 for word in COMMON) > 80


def test_passwords_that_we_make_are_accepted_and_differ() -> None:
    """A hundred of them."""
    made = {make() for _ in range(100)}
    assert len(made) == 100
    for password in made:
        check(password, "haneul")
        assert len(password) <= MAX_LENGTH


async def test_a_password_fits_its_own_hash_only() -> None:
    """argon2id, with a salt; a hash that can't be read fits nothing."""
    book = PasswordBook(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    stored = await book.hash("열 글자가 넘는 비밀번호")
    assert stored.startswith("$argon2id$")
    assert await book.hash("열 글자가 넘는 비밀번호") != stored
    assert await book.verify(stored, "열 글자가 넘는 비밀번호")
    assert not await book.verify(stored, "열 글자가 넘는 비밀번호 ")
    assert not await book.verify(None, "")
    assert not await book.verify("nonsense", "x")
    assert not book.outdated(stored)
    assert PasswordBook().outdated(stored)


async def test_a_flood_of_unknown_browsers_waits_beside_the_known_ones() -> None:
    """And no more than a line of them waits."""
    book = PasswordBook(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    stored = await book.hash("열 글자가 넘는 비밀번호")
    async with book._lines[False]:
        waiting = [asyncio.create_task(book.verify(stored, "x")) for _ in range(40)]
        await asyncio.sleep(0)
        assert await book.verify(stored, "열 글자가 넘는 비밀번호", known=True)
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert sum(isinstance(answer, Busy) for answer in answers) == 17
    assert answers.count(False) == 23


def test_every_role_has_permissions_and_only_two_manage_accounts() -> None:
    """Who reads the access log changes nothing."""
    assert set(PERMISSIONS) == set(Role)
    assert all(Permission.OWN in permissions for permissions in PERMISSIONS.values())
    assert {role for role, permissions in PERMISSIONS.items() if Permission.USER_EDIT in permissions} == set(MANAGES)
    assert {role for role, permissions in PERMISSIONS.items() if Permission.AUDIT_READ in permissions} == {Role.AUDITOR}
    assert not PERMISSIONS[Role.AUDITOR] & {Permission.ROSTER_EDIT, Permission.USER_EDIT}


def test_names_are_compared_in_one_form() -> None:
    """Case, spaces around, and how 한글 is composed make no other person."""
    import unicodedata

    assert sign_in_form(" Haneul ") == sign_in_form("haneul") == "haneul"
    assert sign_in_form(unicodedata.normalize("NFD", "하늘")) == "하늘"


def test_of_a_chain_of_proxies_only_ours_are_believed() -> None:
    """What anybody may have written into the header is not looked at."""
    sources = Sources(["10.0.0.0/8"])
    assert sources.behind("198.51.100.1", ["203.0.113.9"]) == "198.51.100.1"
    assert sources.behind("10.0.0.1", ["1.1.1.1, 203.0.113.9"]) == "203.0.113.9"
    assert sources.behind("10.0.0.1", ["1.1.1.1", "203.0.113.9, 10.0.0.2"]) == "203.0.113.9"
    assert sources.behind("10.0.0.1", []) == "10.0.0.1"
    assert sources.behind("10.0.0.1", ["nonsense"]) == "nonsense"
    assert sources.behind("", ["203.0.113.9"]) == ""


def test_whoever_may_choose_an_address_is_one_source() -> None:
    """An IPv6 network of a house; an address in its two forms."""
    assert throttle.network("2001:db8:1:2::5") == throttle.network("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert throttle.network("::ffff:203.0.113.9") == throttle.network("203.0.113.9") == "203.0.113.9"
    assert throttle.network("nonsense") == "?"


def test_what_is_counted_holds_no_name() -> None:
    """Somebody types the password into the field of the name."""
    keys = [count.key for count in throttle.counts(account="my password", source="203.0.113.9", device=None)]
    assert len(keys) == 3
    assert all("password" not in key for key in keys)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+821012345678", "010-****-5678"),
        ("+82111234567", "011-***-4567"),
        ("+8250212345678", "0502-****-5678"),
        ("+8221234567", "02-***-4567"),
        ("+82311234567", "031-***-4567"),
        ("+15551234567", "*********67"),
        ("120", "****"),
    ],
)
def test_numbers_are_shown_with_their_middle_covered(number: str, shown: str) -> None:
    """Enough to tell two callers apart."""
    assert masking.number(number) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [("김민수", "김*수"), ("김민", "김*"), ("남궁민수", "남**수"), ("John Smith", "J*** S****"), ("김", "김*"), ("", "*")],
)
def test_names_are_shown_with_their_middle_covered(name: str, shown: str) -> None:
    """The family name stays, which many share."""
    assert masking.name(name) == shown


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_no_number_is_shown_with_more_than_its_area_and_last_four_digits(number: str) -> None:
    """Whatever the country."""
    covered = masking.number(number)
    assert covered.count("*") >= 3
    assert sum(char.isdigit() for char in covered) <= 8

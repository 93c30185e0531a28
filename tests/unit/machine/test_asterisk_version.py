from __future__ import annotations

import pytest

from deploy.machine.asterisk_version import OLDEST, AsteriskVersionError, Version, parse, require, version_of
from tests.unit.machine.conftest import FakeCommand


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Asterisk 22.10.1~dfsg+~cs6.17.60671434", Version(22, 10, 1)),
        ("1:22.10.1+dfsg+~cs6.17.60671434-1", Version(22, 10, 1)),
        ("Asterisk 23.1.0", Version(23, 1, 0)),
        ("Asterisk 22.10.1-rc2", Version(22, 10, 1, final=False, candidate=2)),
        ("Asterisk certified/22.8-cert1", Version(22, 8)),
        ("22.10.1", Version(22, 10, 1)),
        ("Asterisk 20.19.0 built by x @ y on a x86_64 running Linux on 2026-01-02 10:11:12 UTC", Version(20, 19, 0)),
    ],
)
def test_version_is_read_from_what_programs_and_packages_say(text: str, version: Version) -> None:
    """Asterisk itself, Debian's package and certified builds each write it in their own way."""
    assert parse(text) == version


def test_ten_is_newer_than_nine() -> None:
    """Versions compare as numbers, not as text."""
    assert parse("22.9.9") < OLDEST < parse("22.10.2") < parse("23.0.0")


def test_release_candidate_is_older_than_its_release() -> None:
    """A candidate may lack the last security fix."""
    assert parse("22.10.1-rc2") < parse("22.10.1") < parse("22.10.2-rc1")


def test_text_without_a_version_is_a_clear_error() -> None:
    """A program that is no Asterisk is named by what it said."""
    with pytest.raises(AsteriskVersionError, match="no Asterisk version in 'hello'"):
        parse("hello")


def test_older_asterisk_is_refused_with_what_is_needed() -> None:
    """The sentence names the one found, the one needed and the setting."""
    with pytest.raises(AsteriskVersionError, match=r"mine is Asterisk 20\.9\.0; 22\.10\.1 or newer is needed") as refusal:
        require(parse("Asterisk 20.9.0"), "mine")
    assert "asterisk.binary" in refusal.value.remedy[0]


def test_version_of_asks_the_program(fake_command: FakeCommand) -> None:
    """`asterisk -V` is the truth about a user's own Asterisk."""
    calls = fake_command("asterisk", "echo Asterisk 22.11.0")
    assert version_of(["asterisk"]) == Version(22, 11, 0)
    assert calls.read_text() == "-V\n"


def test_program_that_does_not_start_is_a_version_error() -> None:
    """A wrong path in the settings must not become a traceback."""
    with pytest.raises(AsteriskVersionError, match="does not start"):
        version_of(["/nonexistent/asterisk"])
